"""Dump files in N-Triples syntax, streamed as frames of triples.

Notable here:
- a file is read in blocks and cut at line ends, so memory follows the block and never the file;
- the compression is recognised by the file's first bytes, not by its name;
- a line that is not N-Triples is counted and the first few are remembered with their place.
"""

from __future__ import annotations

import bz2
import gzip
import importlib
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

import polars as pl

from kgprep.errors import KgprepError
from kgprep.kg.ntriples import parse_lines

BLOCK_BYTES = 16 * 2**20
PLACES_SHOWN = 5
_SHOWN_CHARACTERS = 80


@dataclass
class LineReport:
    """What a reader met: lines, triples, lines that are not N-Triples and the places of the first few."""

    lines: int = 0
    triples: int = 0
    malformed: int = 0
    places: list[str] = field(default_factory=list)


def read_triples(
    path: Path, report: LineReport | None = None, block_bytes: int = BLOCK_BYTES
) -> Iterator[pl.DataFrame]:
    """Stream the triples of a dump as frames of `kgprep.kg.ntriples.TRIPLE_SCHEMA`.

    Args:
        path: N-Triples file (.nt, DBpedia's .ttl), plain or compressed with gzip, bzip2 or zstd.
        report: is told of lines, triples and malformed lines as they are read.
        block_bytes: decompressed bytes parsed at a time; bounds the memory.

    Raises:
        KgprepError: the file is absent, cut short or damaged, or holds not one line of N-Triples.
    """
    report = report if report is not None else LineReport()
    found, placed = report.triples, len(report.places)
    for block in _blocks(path, block_bytes):
        lines = _lines(block)
        parsed = parse_lines(lines)
        _tell(report, path, lines, parsed.malformed)
        report.lines += lines.len()
        report.triples += parsed.triples.height
        if parsed.triples.height:
            yield parsed.triples
    if report.malformed and report.triples == found:
        first = f" (first: {report.places[placed]})" if len(report.places) > placed else ""
        raise KgprepError(f"{path} holds no line of N-Triples{first}: give a dump in N-Triples syntax")


def _tell(report: LineReport, path: Path, lines: pl.Series, malformed: pl.Series) -> None:
    report.malformed += malformed.len()
    for row in malformed.head(max(0, PLACES_SHOWN - len(report.places))).to_list():
        text = lines[row]
        shown = "not UTF-8" if text is None else f"not N-Triples: {text[:_SHOWN_CHARACTERS]}"
        report.places.append(f"{path}:{report.lines + row + 1}: {shown}")


def _lines(block: bytes) -> pl.Series:
    """Cut a block that ends at a line end into lines; bytes that are not UTF-8 become null."""
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    lines = block.removesuffix(b"\n").split(b"\n")
    try:
        return pl.Series("line", lines, dtype=pl.Binary).cast(pl.String)
    except pl.exceptions.ComputeError:
        return pl.Series("line", [_text(line) for line in lines], dtype=pl.String)


def _text(line: bytes) -> str | None:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _blocks(path: Path, block_bytes: int) -> Iterator[bytes]:
    rest = b""
    try:
        with _open(path) as file:
            while block := file.read(block_bytes):
                end = block.rfind(b"\n") + 1
                if end:
                    yield rest + block[:end]
                    rest = block[end:]
                else:
                    rest += block
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise _damaged(path, error) from error
    except OSError as error:
        # bz2 reports damaged data as an OSError without a system error number.
        raise _damaged(path, error) if error.errno is None else _unreadable(path, error) from error
    if rest:
        yield rest


def _damaged(path: Path, error: Exception) -> KgprepError:
    return KgprepError(f"{path} is cut short or damaged ({error}): download it again")


def _unreadable(path: Path, error: OSError) -> KgprepError:
    return KgprepError(f"{path} cannot be read ({error.strerror}): check the path")


def _open(path: Path) -> IO[bytes]:
    if not path.is_file():
        raise KgprepError(f"{path} does not exist: check the path of the dump")
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith(b"BZh"):
        return cast(IO[bytes], bz2.open(path, "rb"))
    if start.startswith(b"\x1f\x8b"):
        return cast(IO[bytes], gzip.open(path, "rb"))
    if start == b"\x28\xb5\x2f\xfd":
        return _zstd_opener(path)(path, "rb")
    return path.open("rb")


def _zstd_opener(path: Path) -> Callable[[Path, str], IO[bytes]]:
    for name in ("compression.zstd", "backports.zstd", "zstandard"):
        try:
            return cast(Callable[[Path, str], IO[bytes]], importlib.import_module(name).open)
        except ImportError:
            continue
    raise KgprepError(f"{path} is compressed with zstd, which this Python cannot read: unpack it with `zstd -d` first")
