"""Files of lines in UTF-8, read in blocks; of one in another encoding the line is named that cannot be read."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

from kgprep.compression import read_blocks
from kgprep.errors import KgprepError

_START = 100


def utf8_blocks(path: Path, block_bytes: int) -> Iterator[tuple[int, bytes]]:
    """Stream a plain or compressed file, in blocks of whole lines, without a byte order mark.

    Args:
        path: of the file.
        block_bytes: decompressed bytes a block holds, give or take a line.

    Yields:
        The number of the block's first line, from 1, and the block.

    Raises:
        KgprepError: a line is not UTF-8, or as in `read_blocks`.
    """
    first = 1
    for block in read_blocks(path, block_bytes):
        # UTF-16 of Latin letters alone is UTF-8 too, with zero bytes between them.
        if first == 1 and b"\0" in block[:_START]:
            raise _refused(path, first, "UTF-16")
        _check(path, first, block)
        yield first, block.removeprefix(codecs.BOM_UTF8) if first == 1 else block
        first += block.count(b"\n")


def _check(path: Path, first: int, block: bytes) -> None:
    try:
        block.decode()
    except UnicodeDecodeError as error:
        line = block[block.rfind(b"\n", 0, error.start) + 1 :].partition(b"\n")[0]
        raise _refused(path, first + block.count(b"\n", 0, error.start), _likely_encoding(line)) from error


def _likely_encoding(line: bytes) -> str:
    try:
        # In the common part of GBK signs take two bytes beyond ASCII, while accents of Latin-1 stand alone.
        line.decode("gb2312")
    except UnicodeDecodeError:
        return "Latin-1"
    return "GBK"


def _refused(path: Path, line: int, encoding: str) -> KgprepError:
    return KgprepError(f"{path}:{line}: the line is not UTF-8 but perhaps {encoding}: convert the file to UTF-8")
