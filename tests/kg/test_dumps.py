"""Dump files of every form, whole and damaged."""

from __future__ import annotations

import bz2
import gzip
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from kgprep.errors import KgprepError
from kgprep.kg.dumps import LineReport, read_dump
from kgprep.kg.ntriples import CutBlock, read_terms

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_LINES = [f'<http://x.org/{number}> <http://x.org/p> "número {number}"@es .' for number in range(500)]
_TEXT = "\n".join(_LINES) + "\n"


def _zstd(data: bytes) -> bytes:
    return zstd.compress(data)


def _plain(data: bytes) -> bytes:
    return data


def read(path: Path, block_bytes: int = 1000) -> tuple[pl.DataFrame, LineReport]:
    report = LineReport()
    return pl.concat(read_dump(path, _triples, report, block_bytes=block_bytes)), report


def _triples(block: CutBlock) -> pl.DataFrame:
    return read_terms(block.terms)


@pytest.mark.parametrize(
    ("suffix", "compress"), [("nt", _plain), ("ttl.gz", gzip.compress), ("ttl.bz2", bz2.compress), ("nt.zst", _zstd)]
)
def test_every_compression_gives_the_same_triples(
    tmp_path: Path, suffix: str, compress: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / f"labels.{suffix}"
    path.write_bytes(compress(_TEXT.encode()))
    triples, report = read(path)
    assert triples["object"].to_list() == [f"número {number}" for number in range(500)]
    assert (report.lines, report.triples, report.malformed) == (500, 500, 0)


def test_a_byte_order_mark_belongs_to_no_line(tmp_path: Path) -> None:
    path = tmp_path / "labels.nt"
    path.write_bytes(("\ufeff" + _TEXT).encode())
    _, report = read(path)
    assert (report.triples, report.malformed) == (500, 0)


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, _zstd])
def test_several_streams_in_one_file_are_read_to_the_end(tmp_path: Path, compress: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "dump"
    path.write_bytes(b"".join(compress((line + "\n").encode()) for line in _LINES[:20]))
    assert read(path)[0].height == 20


@pytest.mark.parametrize("block_bytes", [1, 7, 64, 10_000_000])
def test_the_block_does_not_change_what_is_read(tmp_path: Path, block_bytes: int) -> None:
    path = tmp_path / "dump.nt"
    path.write_text("\n".join(_LINES[:30]), encoding="utf-8")
    assert read(path, block_bytes)[0].equals(read(path, 500)[0])


def test_carriage_returns_comments_and_a_missing_last_line_end(tmp_path: Path) -> None:
    path = tmp_path / "dump.nt"
    path.write_bytes(b"# made by hand\r\n\r\n<a:s> <a:p> <a:o> .\r\n<a:s> <a:p> <a:q> .")
    triples, report = read(path)
    assert triples["object"].to_list() == ["a:o", "a:q"]
    assert report.malformed == 0


def test_malformed_lines_are_counted_and_the_first_few_placed(tmp_path: Path) -> None:
    path = tmp_path / "dump.nt"
    bad = {10: "nonsense", 400: "<a:s> <a:p> 5 ."}
    path.write_text("\n".join(bad.get(number, line) for number, line in enumerate(_LINES, 1)), encoding="utf-8")
    triples, report = read(path)
    assert triples.height == 498
    assert report.malformed == 2
    assert report.places == [f"{path}:10: not N-Triples: nonsense", f"{path}:400: not N-Triples: <a:s> <a:p> 5 ."]


def test_bytes_that_are_not_utf_8_spoil_their_line_only(tmp_path: Path) -> None:
    path = tmp_path / "dump.nt"
    path.write_bytes(b'<a:s> <a:p> "one" .\n<a:s> <a:p> "\xff" .\n<a:s> <a:p> "three" .\n')
    triples, report = read(path)
    assert triples["object"].to_list() == ["one", "three"]
    assert report.places == [f"{path}:2: not UTF-8"]


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, _zstd])
def test_a_file_cut_short_says_so(tmp_path: Path, compress: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "dump.ttl.x"
    path.write_bytes(compress(_TEXT.encode())[:-40])
    with pytest.raises(KgprepError, match=r"dump\.ttl\.x is cut short or damaged .*: download it again"):
        list(read_dump(path, _triples))


def test_a_damaged_bzip2_file_says_so(tmp_path: Path) -> None:
    data = bytearray(bz2.compress(_TEXT.encode()))
    data[len(data) // 2] ^= 0xFF
    path = tmp_path / "dump.bz2"
    path.write_bytes(data)
    with pytest.raises(KgprepError, match="download it again"):
        list(read_dump(path, _triples))


def test_a_file_of_another_form_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "films.csv"
    path.write_text("id,name\n1,Heat\n")
    with pytest.raises(KgprepError, match=r"films\.csv holds no line of N-Triples .*films\.csv:1"):
        list(read_dump(path, _triples))


@pytest.mark.parametrize("text", ["", "\n\n", "# DBpedia, labels\n", "@prefix a: <http://x.org/> .\n"])
def test_a_file_without_a_triple_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "labels.ttl.bz2"
    path.write_bytes(bz2.compress(text.encode()))
    with pytest.raises(KgprepError, match=r"labels\.ttl\.bz2 holds no triple: download it again or leave it out"):
        list(read_dump(path, _triples))
    (tmp_path / "labels.nt").write_text(text)
    with pytest.raises(KgprepError, match=r"labels\.nt holds no triple"):
        list(read_dump(tmp_path / "labels.nt", _triples))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(KgprepError, match=r"absent\.nt does not exist"):
        list(read_dump(tmp_path / "absent.nt", _triples))


def test_a_strict_reader_stops_at_the_first_line_of_another_form(tmp_path: Path) -> None:
    path = tmp_path / "dump.nt"
    path.write_text("<a:s> <a:p> <a:o> .\n<a:s> <a:p> 5 .\n", encoding="utf-8")
    with pytest.raises(KgprepError, match=r"dump\.nt:2: not N-Triples: <a:s> <a:p> 5 \.: mend the line"):
        list(read_dump(path, _triples, strict=True))


def test_turtle_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "ontology.ttl"
    path.write_bytes(bz2.compress(b"@prefix a: <http://x.org/> .\na:Film a a:Class ; a:label 'film'@en, 'Film'@de ."))
    triples, report = read(path)
    assert triples.select("subject", "object", "lang").rows() == [
        ("http://x.org/Film", "http://x.org/Class", None),
        ("http://x.org/Film", "film", "en"),
        ("http://x.org/Film", "Film", "de"),
    ]
    assert report.triples == 3


@pytest.mark.parametrize("mark", [0x50, 0x5F])
def test_zstd_may_begin_with_a_frame_without_data(tmp_path: Path, mark: int) -> None:
    path = tmp_path / "dump.zst"
    path.write_bytes(bytes([mark, 0x2A, 0x4D, 0x18, 4, 0, 0, 0]) + b"size" + _zstd(_TEXT.encode()))
    assert read(path)[0].height == 500
