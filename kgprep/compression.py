"""Files as streams of decompressed bytes, whatever they are compressed with.

Notable here:
- the compression is recognised by the file's first bytes, not by its name;
- bzip2, which DBpedia ships and which is slow, is decompressed on every core;
- a file of several streams, as parallel compressors write them, is read to its end; one of zstd may begin with a frame
  without data (0x184D2A50 to 5F);
- of a plain file the end of a block is looked for first, so that its bytes are copied once.
"""

from __future__ import annotations

import gzip
import io
import os
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, cast

from kgprep.errors import KgprepError, no_file

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

COMPRESSIONS = (".gz", ".bz2", ".zst")
Compression = Literal["bzip2", "gzip", "zstd", "pzstd"]
"""The last is zstd that begins, as parallel compressors write it, with a frame without data."""

_DAMAGE = (EOFError, zlib.error, zstd.ZstdError, RuntimeError)
"""What decompressors raise for damaged data; the bzip2 library has no exception of its own."""


def bare_suffix(path: Path) -> str:
    """Return the suffix of a file's name in lower case, looking through that of a compression."""
    return (path.with_suffix("") if path.suffix.lower() in COMPRESSIONS else path).suffix.lower()


def read_blocks(path: Path, block_bytes: int) -> Iterator[bytes]:
    """Stream a file that is plain or compressed with gzip, bzip2 or zstd, in blocks of whole lines.

    Args:
        path: of the file.
        block_bytes: decompressed bytes a block holds, give or take a line.

    Raises:
        KgprepError: the file is absent, cannot be read, is cut short or damaged.
    """
    if not path.is_file():
        raise no_file(path, "check the path")
    try:
        if decompressed := _decompressed(path):
            with decompressed:
                yield from _whole_lines(decompressed, block_bytes)
        else:
            with path.open("rb") as file:
                yield from _whole_lines_of_plain(file, block_bytes)
    except OSError as error:
        # Decompressors report damaged data as an OSError without a system error number.
        if error.errno is not None:
            raise KgprepError(f"{path} cannot be read ({error.strerror}): check the path") from error
        raise _damaged(path, error) from error
    except _DAMAGE as error:
        raise _damaged(path, error) from error


def _whole_lines_of_plain(file: io.BufferedReader, block_bytes: int) -> Iterator[bytes]:
    start = 0
    while True:
        file.seek(start + block_bytes)
        end = start + block_bytes + len(file.readline())
        file.seek(start)
        block = file.read(end - start)
        if not block:
            return
        yield block
        start = end


def _whole_lines(file: io.BufferedIOBase, block_bytes: int) -> Iterator[bytes]:
    """Cut a stream behind the last line end that fits; what follows is moved to the front of the one buffer."""
    buffer, filled = bytearray(block_bytes), 0
    while count := file.readinto(memoryview(buffer)[filled:]):
        filled += count
        if end := buffer.rfind(b"\n", 0, filled) + 1:
            yield bytes(memoryview(buffer)[:end])
            buffer[: filled - end] = buffer[end:filled]
            filled -= end
        elif filled == len(buffer):
            buffer.extend(bytes(len(buffer)))
    if filled:
        yield bytes(memoryview(buffer)[:filled])


def _damaged(path: Path, error: Exception) -> KgprepError:
    reason = "unexpected end of data" if str(error) == "std::exception" else str(error)
    return KgprepError(f"{path} is cut short or damaged ({reason}): download it again")


def compression_of(path: Path) -> Compression | None:
    """Tell by a file's first bytes what it is compressed with; None where it is a plain one."""
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith(b"BZh"):
        return "bzip2"
    if start.startswith(b"\x1f\x8b"):
        return "gzip"
    if start == b"\x28\xb5\x2f\xfd":
        return "zstd"
    return "pzstd" if start[1:] == b"\x2a\x4d\x18" and start[0] >> 4 == 5 else None


def _decompressed(path: Path) -> io.BufferedIOBase | None:
    """Open a compressed file; None where it is a plain one."""
    compression = compression_of(path)
    if compression is None:
        return None
    if compression == "bzip2":
        import indexed_bzip2

        return cast(io.BufferedIOBase, indexed_bzip2.open(str(path), parallelization=os.cpu_count() or 1))
    if compression == "gzip":
        return gzip.GzipFile(path)
    return cast(io.BufferedIOBase, zstd.ZstdFile(path))
