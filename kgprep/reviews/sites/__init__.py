"""Page parsers, one site a file: bytes in, records out, no sockets."""
