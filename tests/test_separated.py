"""Tables of separated cells: when quotation marks are text and when they quote, and which line is at fault."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kgprep.errors import KgprepError
from kgprep.separated import TAB, column_names, open_separated

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_EMPTY_FRAME = b"\x50\x2a\x4d\x18\0\0\0\0"
HEADER = ("id", "text")
Rows = list[tuple[str, str]]
in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def rows_of(characters: str) -> st.SearchStrategy[Rows]:
    return st.lists(st.tuples(st.sampled_from("12"), st.text(st.sampled_from(characters), min_size=1)), min_size=1)


def is_quoted(cell: str) -> bool:
    return re.fullmatch(r'"(?:[^"]|"")*"', cell) is not None


def unquoted(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if is_quoted(cell) else cell


def read(path: Path, separator: str = TAB) -> list[tuple[str, str]]:
    frame = open_separated(path, separator).scan().collect()
    assert tuple(frame.columns) == column_names(path, separator)
    return [(first, second or "") for first, second in frame.rows()]


def in_tabs(rows: Rows, end: str = "\n") -> bytes:
    return "".join(f"{TAB.join(row)}{end}" for row in (HEADER, *rows)).encode()


@in_one_folder
@given(rows=rows_of('"ab, é'), end=st.sampled_from(["\n", "\r\n"]), packed=st.booleans())
def test_quotation_marks_between_tabs_are_text(tmp_path: Path, rows: Rows, end: str, packed: bool) -> None:
    path = tmp_path / "a.tsv"
    path.write_bytes(gzip.compress(in_tabs(rows, end)) if packed else in_tabs(rows, end))
    assert read(path) == [(first, unquoted(second)) for first, second in rows]


@in_one_folder
@given(rows=rows_of('"ab,\t') | rows_of('"ab,\n'), separator=st.sampled_from([",", TAB]))
def test_what_a_writer_has_quoted_is_read_as_it_was(tmp_path: Path, rows: Rows, separator: str) -> None:
    written = io.StringIO()
    csv.writer(written, delimiter=separator, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([HEADER, *rows])
    path = tmp_path / "a.tsv"
    path.write_text(written.getvalue(), encoding="utf-8")
    assert read(path, separator) == rows


def test_names_that_are_the_same_without_their_quotation_marks_keep_them(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text('"id"\tid\n1\t2\n')
    assert column_names(path, TAB) == ('"id"', "id")


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("a.csv", 'id,text\n1,"Two\nlines."\n2,"Best film" of Ridley Scott.\n3,"Fine.\n', 4),
        ("a.csv", 'id,text\n\n1,"never closed\n2,Fine.\n', 3),
        ("a.tsv", 'id\ttext\n1\t"Two\nlines."\n2\t"Best film" of Ridley Scott.\n', 4),
    ],
)
def test_the_first_row_whose_quotation_marks_do_not_fit_is_named(
    tmp_path: Path, name: str, text: str, line: int
) -> None:
    path = tmp_path / name
    path.write_text(text)
    table = open_separated(path, TAB if name == "a.tsv" else ",")
    with pytest.raises(Exception, match="could not parse") as caught:
        table.scan().collect()
    assert str(table.refused(caught.value)) == (
        f"{path}:{line}: the row has a quotation mark too many or too few: "
        "quote the whole cell, and double the quotation marks inside it"
    )


def test_an_empty_file_has_no_header(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\n")
    with pytest.raises(KgprepError, match=r"a\.csv is empty: give it a header and one row a line"):
        column_names(path, ",")


@pytest.mark.parametrize("compress", [bz2.compress, gzip.compress, lambda data: _EMPTY_FRAME + zstd.compress(data)])
def test_what_a_table_is_packed_with_is_told_by_its_bytes(tmp_path: Path, compress: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(compress(b"id,text\n1,one\n"))
    assert read(path, ",") == [("1", "one")]


def test_a_table_with_commas_in_another_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for encoding in ("utf-16", "utf-16-le"):
        path.write_bytes("id,text\n1,one\n".encode(encoding))
        with pytest.raises(KgprepError, match=r"a\.csv:1: the line is not UTF-8 but perhaps "):
            open_separated(path, ",")
