"""The N-Triples parser against the grammar's cases and against pyoxigraph."""

from __future__ import annotations

import polars as pl
import pyoxigraph
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kgprep.kg.ntriples import TERM_SCHEMA, XSD_STRING, CutBlock, cut_block, read_terms, write_terms

_RDF_LANGSTRING = "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"
_Row = tuple[str, str, str, bool, str | None, str | None]


def cut(*lines: bytes | str) -> CutBlock:
    return cut_block(b"\n".join(line.encode() if isinstance(line, str) else line for line in lines))


def parse(*lines: str) -> list[_Row]:
    rows: list[_Row] = read_terms(cut(*lines).terms).rows()
    return rows


def oracle(document: str) -> list[_Row]:
    return [_row(triple) for triple in pyoxigraph.parse(document, format=pyoxigraph.RdfFormat.N_TRIPLES)]


def _row(quad: pyoxigraph.Quad) -> _Row:
    subject, predicate, term = quad.subject, quad.predicate, quad.object
    assert isinstance(subject, pyoxigraph.NamedNode | pyoxigraph.BlankNode)
    name = str(subject) if isinstance(subject, pyoxigraph.BlankNode) else subject.value
    if isinstance(term, pyoxigraph.Literal):
        datatype = None if term.datatype.value == _RDF_LANGSTRING else term.datatype.value
        return name, predicate.value, term.value, False, term.language, datatype
    if isinstance(term, pyoxigraph.NamedNode):
        return name, predicate.value, term.value, True, None, None
    return name, predicate.value, str(term), False, None, None


@pytest.mark.parametrize(
    ("line", "row"),
    [
        ("<a:s> <a:p> <a:o> .", ("a:s", "a:p", "a:o", True, None, None)),
        ("<a:s><a:p><a:o>.", ("a:s", "a:p", "a:o", True, None, None)),
        ("  <a:s>\t<a:p>   <a:o>\t.  # a comment", ("a:s", "a:p", "a:o", True, None, None)),
        ("_:b0 <a:p> _:b1.x .", ("_:b0", "a:p", "_:b1.x", False, None, None)),
        ('<a:s> <a:p> "" .', ("a:s", "a:p", "", False, None, XSD_STRING)),
        ('<a:s> <a:p> "a . # b" .', ("a:s", "a:p", "a . # b", False, None, XSD_STRING)),
        ('<a:s> <a:p> "say \\"it\\"@en ."@en-GB .', ("a:s", "a:p", 'say "it"@en .', False, "en-GB", None)),
        ('<a:s> <a:p> "1"^^<x:int> .', ("a:s", "a:p", "1", False, None, "x:int")),
        ('<a:s> <a:p> "\\u00e9\\U0001F3AC\\t\\\\n" .', ("a:s", "a:p", "é🎬\t\\n", False, None, XSD_STRING)),
        ("<a:\\u00E9> <a:p> <a:%C3%A9_(film)> .", ("a:é", "a:p", "a:%C3%A9_(film)", True, None, None)),
        ('<a:s> <a:p> "\\uD83C\\uDFAC" .', ("a:s", "a:p", "🎬", False, None, XSD_STRING)),
    ],
)  # fmt: skip
def test_a_line_is_read_by_the_grammar(line: str, row: _Row) -> None:
    assert parse(line) == [row]


@pytest.mark.parametrize(
    "line",
    [
        "subject,predicate,object",
        "<a:s> <a:p> <a:o>",
        '<a:s> "p" <a:o> .',
        '"s" <a:p> <a:o> .',
        "<a:s> <a:p> <a:o> <a:g> .",
        '<a:s> <a:p> "open .',
        '<a:s> <a:p> "bad \\x escape" .',
        '<a:s> <a:p> "\\uD800" .',
        '<a:s> <a:p> "too high \\U00110000" .',
        "<relative> <a:p> <a:o> .",
        "<a:s s> <a:p> <a:o> .",
        "@prefix a: <a:> .",
        "<http://x/s> <http://x/p> <http://x/o> <http://x/g> .",
        "<http://x/s> <http://x/p> <http://x/a<b> .",
        "<http://x/s> <http://x/p> <http://x/a{b}> .",
        "<http://x/s> <http://x/p> <http://x/o\x0b> .",
        "<http://x/s> <http://x/p> <http://x/o>",
        "<http://x/s> <http://x/p> <http://x/o> ,",
        "<http://x/s> <http://x/p> <http://x/o>x .",
        "<http://x/s> <http://x/p>x <http://x/o> .",
        "<http://x/s>x <http://x/p> <http://x/o> .",
        "x<http://x/s> <http://x/p> <http://x/o> .",
        b'<a:s> <a:p> "\xff" .',
        b"<http://x/s> <http://x/p> <http://x/\xff> .",
    ],
)
@pytest.mark.parametrize("before", ["<a:s> <a:p> <a:o> .", "<http://x/s> <http://x/p> <http://x/o> ."])
def test_another_line_is_malformed(before: str, line: bytes | str) -> None:
    block = cut(before, line)
    assert block.terms.height == 1
    assert block.malformed["row"].to_list() == [1]


@pytest.mark.parametrize(
    "line", ["<http://x/s> <http://x/p> <http://x/{o}> .", "<http://x/s> <http://x/p> <http://x/<> ."]
)
@pytest.mark.parametrize("row", [0, 2500, 4999])
def test_a_malformed_line_is_found_wherever_it_stands_in_a_long_block(row: int, line: str) -> None:
    lines = [f"<http://x/s{number}> <http://x/p> <http://x/o> ." for number in range(5000)]
    block = cut(*lines[:row], line, *lines[row + 1 :])
    assert block.malformed["row"].to_list() == [row]
    assert block.terms.height == 4999


def test_comments_and_blank_lines_are_neither() -> None:
    block = cut("", "   ", "# <a:s> <a:p> <a:o> .", "\t# x")
    assert block.terms.schema == TERM_SCHEMA
    assert block.terms.height == 0
    assert block.malformed.height == 0
    assert block.lines == 4


def test_order_is_kept_whatever_the_form_of_a_line() -> None:
    rows = parse("<a:1> <a:p> <a:o> .", "<a:2><a:p><a:o>.", "<a:3> <a:p> <a:o> .")
    assert [row[0] for row in rows] == ["a:1", "a:2", "a:3"]


_LOCAL_NAMES = st.text(st.sampled_from("abzé漢🎬%20/_(),.'!e\u0301-"), max_size=8)
_IRIS = _LOCAL_NAMES.map(lambda local: "http://x.org/" + local.replace("%", "%25"))
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


@st.composite
def _literals(draw: st.DrawFn) -> str:
    escaped = []
    for character in draw(_TEXT):
        form = draw(st.sampled_from(["plain", "short", "long"]))
        if character in '"\\\n\r' or (form == "short" and character in _SHORT):
            escaped.append(_SHORT[character])
        elif form == "long":
            escaped.append(f"\\U{ord(character):08X}")
        else:
            escaped.append(character)
    return '"' + "".join(escaped) + '"' + draw(st.sampled_from(["", "@en", "@zh-Hans", "^^<http://x.org/type>"]))


@st.composite
def _lines(draw: st.DrawFn) -> str:
    space = draw(st.sampled_from([" ", "\t", "  ", ""]))
    subject = draw(_IRIS.map(lambda iri: f"<{iri}>") | st.just("_:b1"))
    predicate = draw(_IRIS)
    term = draw(_IRIS.map(lambda iri: f"<{iri}>") | st.just("_:b2 ") | _literals())
    return f"{subject}{space or ' '}<{predicate}>{space}{term}{space}.{draw(st.sampled_from(['', ' # note', ' ']))}"


@given(st.lists(_lines(), max_size=6))
@example(
    ["<http://x.org/> <http://x.org/> <http://x.org/> . # note", "<http://x.org/> <http://x.org/><http://x.org/>."]
)
def test_what_terms_mean_can_be_written_as_terms(lines: list[str]) -> None:
    triples = read_terms(cut(*lines).terms)
    assert read_terms(write_terms(triples)).equals(triples)


@given(st.lists(st.tuples(_IRIS, _IRIS, _IRIS), min_size=1, max_size=6), st.booleans())
def test_a_block_of_plain_iris_is_read_as_its_lines_are(triples: list[tuple[str, str, str]], ends: bool) -> None:
    lines = [f"<{subject}> <{predicate}> <{end}> ." for subject, predicate, end in triples]
    block = cut_block(("\n".join(lines) + "\n" * ends).encode())
    assert block.is_plain
    assert block.terms.equals(pl.concat([cut(line, "# not plain").terms for line in lines]))


@given(st.lists(st.sampled_from(["<http://x/a>", "<http://x/b>", ".", " ", "\n", "<", ">", "a"]), max_size=14))
def test_no_disorder_of_brackets_and_spaces_passes_as_plain(parts: list[str]) -> None:
    text = "".join(parts)
    assert cut_block(text.encode()).terms.height == sum(cut(line, "#").terms.height for line in text.split("\n"))


@given(st.lists(_lines(), max_size=6))
def test_parser_agrees_with_pyoxigraph(lines: list[str]) -> None:
    # pyoxigraph lower-cases language tags, which have no case; ours stay as written.
    rows = [(*row[:4], row[4].lower() if row[4] else None, row[5]) for row in parse(*lines)]
    assert rows == oracle("\n".join(lines))
