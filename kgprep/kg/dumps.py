"""Dump files, streamed as frames of terms: N-Triples block by block, small Turtle files whole.

Notable here:
- a file is read in blocks and cut at line ends, so memory follows the block and never the file;
- blocks are cut into terms, and worked on, by several threads while the next ones are read; results keep their order;
- a line that is not N-Triples is counted and the first few are remembered with their place.
"""

from __future__ import annotations

import codecs
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TypeVar

from kgprep.compression import read_blocks
from kgprep.errors import KgprepError
from kgprep.kg.ntriples import CutBlock, cut_block, write_terms
from kgprep.kg.turtle import MOST_BYTES, looks_like_turtle, parse_turtle

BLOCK_BYTES = 5 * 2**20
PLACES_SHOWN = 5
_SHOWN_CHARACTERS = 80
_START_BYTES = 8192
# One more than cores, because a thread now and then waits for polars' own.
_WORKERS = min(8, 1 + (os.cpu_count() or 1))

Result = TypeVar("Result")


@dataclass
class LineReport:
    """What a reader met: lines, triples, lines that are not N-Triples and the places of the first few."""

    lines: int = 0
    triples: int = 0
    malformed: int = 0
    places: list[str] = field(default_factory=list)


def read_dump(
    path: Path,
    work: Callable[[CutBlock], Result],
    report: LineReport | None = None,
    *,
    strict: bool = False,
    block_bytes: int = BLOCK_BYTES,
) -> Iterator[Result]:
    """Stream a dump through `work`, which is given the terms of one block after another and called from threads.

    Args:
        path: N-Triples (.nt, DBpedia's .ttl), plain or compressed with gzip, bzip2 or zstd; or a small Turtle file.
        work: makes of a block what is wanted of it.
        report: is told of lines, triples and malformed lines as they are read.
        strict: whether the first line that is not N-Triples ends the reading.
        block_bytes: decompressed bytes parsed at a time; bounds the memory.

    Returns:
        The results in the order of the file.

    Raises:
        KgprepError: the file is absent, cut short or damaged, or holds not one triple; or, if `strict`, a line is
            not N-Triples.
    """
    report = report if report is not None else LineReport()
    found, placed = report.triples, len(report.places)
    for cut, result in _in_threads(_blocks(path, block_bytes), work):
        _tell(report, path, cut)
        if strict and report.malformed:
            raise KgprepError(f"{report.places[placed]}: mend the line, or leave out --strict to skip it")
        if cut.terms.height:
            yield result
    if report.triples > found:
        return
    if report.malformed:
        first = f" (first: {report.places[placed]})" if len(report.places) > placed else ""
        raise KgprepError(f"{path} holds no line of N-Triples{first}: give a dump in N-Triples syntax")
    raise KgprepError(f"{path} holds no triple: download it again or leave it out")


def _in_threads(
    blocks: Iterator[bytes | CutBlock], work: Callable[[CutBlock], Result]
) -> Iterator[tuple[CutBlock, Result]]:
    """Cut and work on blocks, a few at a time, in their order."""

    def both(block: bytes | CutBlock) -> tuple[CutBlock, Result]:
        cut = cut_block(block) if isinstance(block, bytes) else block
        return cut, work(cut)

    waiting: deque[Future[tuple[CutBlock, Result]]] = deque()
    with ThreadPoolExecutor(_WORKERS) as pool:
        for block in blocks:
            waiting.append(pool.submit(both, block))
            if len(waiting) > _WORKERS + 1:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _tell(report: LineReport, path: Path, cut: CutBlock) -> None:
    if not cut.malformed.is_empty():
        for row, line in cut.malformed.head(max(0, PLACES_SHOWN - len(report.places))).rows():
            shown = "not UTF-8" if line is None else f"not N-Triples: {line[:_SHOWN_CHARACTERS]}"
            report.places.append(f"{path}:{report.lines + row + 1}: {shown}")
    report.lines += cut.lines
    report.triples += cut.terms.height
    report.malformed += cut.malformed.height


def _blocks(path: Path, block_bytes: int) -> Iterator[bytes | CutBlock]:
    """Read a file in blocks of whole lines, a Turtle file whole."""
    blocks = read_blocks(path, block_bytes)
    start = next(blocks, b"").removeprefix(codecs.BOM_UTF8)
    blocks = chain([start], blocks)
    if looks_like_turtle(start[:_START_BYTES].decode("utf-8", errors="ignore")):
        yield _read_turtle(path, blocks)
    else:
        yield from blocks


def _read_turtle(path: Path, blocks: Iterator[bytes]) -> CutBlock:
    data = b""
    while len(data) <= MOST_BYTES and (block := next(blocks, b"")):
        data += block
    terms = write_terms(parse_turtle(data, path))
    return CutBlock(terms, terms["predicate"].unique(), data.count(b"\n"))
