"""Turtle documents, with pyoxigraph's parser as oracle."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pyoxigraph
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgprep.errors import KgprepError
from kgprep.kg import turtle
from kgprep.kg.ntriples import TRIPLE_SCHEMA
from kgprep.kg.turtle import looks_like_turtle, parse_turtle

PATH = Path("folder/ontology.ttl")
PREFIXES = "@prefix : <http://x.org/> .\n@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .\n"
XSD = "http://www.w3.org/2001/XMLSchema#"

FORMS = {
    "prefixed names": ":a :b :c . :a-b :p.q :0 . :c:d :%20 :caf\\~x . :é :日本 :b_ .",
    "empty prefix name": "@prefix e: <http://e.org/#> . e: e:p e:a.b .",
    "prefix taken again": ":a :b :c . @prefix : <http://y.org/> . :a :b :c .",
    "sparql prefix and base": "PREFIX p: <http://p.org>\nBASE <http://b.org/d/>\nbase <e/>\n<f> p:q <#g> , <../h>,<> .",
    "base": "@base <http://b.org/d/f> . <g> <#q> </h> .",
    "a, semicolons and commas": ":a a :C , :D ; :p :x ; ; :q :y , :z ; .",
    "lists": ":a :p ( ) , ( 1 ) , ( :b ( :c [ :d :e ] ) \"f\" ) . ( :g ) :q :h .",
    "nested blank nodes": "[] :p [ :q [ :r :s ; :t [] ] , :u ] . [ :v :w ] :x :y . [ :only :this ] .",
    "blank node labels": "_:a :p _:b . _:b :p _:a.c . _:0 :p [ :q _:a ] .",
    "quotes": ":a :p \"x\" , 'y' , '''z\n'z''\"\n''' , \"\"\"w\"\"w\n\r\"\"\" , \"\" , '' , \"\"\"\"\"\" .",
    "escapes": r""":a :p "\t\b\n\r\f\"\'\\" , "\u00e9\U0001F600" , 'é😀' . <http://x.org/\u00e9> :p :b .""",
    "language tags": ':a :p "x"@en , "y"@zh-Hans-CN , \'z\'@de-1996 .',
    "datatypes": ':a :p "x"^^:t , "01"^^xsd:integer , "1"^^xsd:boolean , "2000-1-1"^^xsd:date , "q"^^<http://t.org> .',
    "plain is xsd:string": ':a :p "x" , "x"^^xsd:string .',
    "numbers and truth": ":a :p 1 , -5 , 1.50 , -0.5 , 1e5 , 1.5E-3 , -.2e+4 , true , false .",
    "comments": "# one\n:a # two\n:b #three\n :c#four\n .#five\n<http://x.org/#six> :b \"#seven\" .",
    "no space": "<http://x.org/a><http://x.org/b><http://x.org/c>.:d a :e;:f[],\"g\"@en.",
    "crlf": ":a :b :c .\r\n:d\r\n:e\r\n:f\r\n.\r\n",
    "nothing": "",
}  # fmt: skip


def canonical(quads: list[pyoxigraph.Triple]) -> set[str]:
    """Write triples so that isomorphic graphs are equal; language tags have no case."""
    dataset = pyoxigraph.Dataset(pyoxigraph.Quad(*triple) for triple in quads)
    dataset.canonicalize(pyoxigraph.CanonicalizationAlgorithm.UNSTABLE)
    return {str(quad) for quad in dataset}


def expected(text: str) -> set[str]:
    parsed = pyoxigraph.parse(text, format=pyoxigraph.RdfFormat.TURTLE)
    return canonical([quad.triple for quad in parsed])


def read(text: str) -> set[str]:
    return as_graph(parse_turtle(text.encode(), PATH))


def as_graph(triples: pl.DataFrame) -> set[str]:
    rows = triples.rows(named=True)
    return canonical([pyoxigraph.Triple(_end(r["subject"]), _iri(r["predicate"]), _object(r)) for r in rows])


def _iri(value: str) -> pyoxigraph.NamedNode:
    return pyoxigraph.NamedNode(value)


def _end(value: str) -> pyoxigraph.NamedNode | pyoxigraph.BlankNode:
    return pyoxigraph.BlankNode(value.removeprefix("_:")) if value.startswith("_:") else _iri(value)


def _object(row: dict[str, str | None]) -> pyoxigraph.NamedNode | pyoxigraph.BlankNode | pyoxigraph.Literal:
    value, lang, datatype = row["object"] or "", row["lang"], row["datatype"]
    if row["is_iri"]:
        return _iri(value)
    if lang is not None:
        assert datatype is None
        return pyoxigraph.Literal(value, language=lang.lower())
    return _end(value) if datatype is None else pyoxigraph.Literal(value, datatype=_iri(datatype))


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_each_form_is_read_as_the_oracle_reads_it(form: str) -> None:
    assert read(PREFIXES + form) == expected(PREFIXES + form)


def test_columns_are_those_of_ntriples() -> None:
    text = PREFIXES + ':a :p "x"@en-GB , "1" , "01"^^xsd:integer , :b . _:n :p [] .'
    triples = parse_turtle(text.encode(), PATH)
    assert triples.schema == TRIPLE_SCHEMA
    a, p = "http://x.org/a", "http://x.org/p"
    assert triples.rows() == [
        (a, p, "x", False, "en-GB", None),
        (a, p, "1", False, None, f"{XSD}string"),
        (a, p, "01", False, None, f"{XSD}integer"),
        (a, p, "http://x.org/b", True, None, None),
        ("_:b0", p, "_:b1", False, None, None),
    ]


def test_numbers_without_quotes_come_in_their_plain_form() -> None:
    triples = parse_turtle(f"{PREFIXES}:a :p 007 , +5 , .5 ; :q '007'^^xsd:integer .".encode(), PATH)
    assert triples["object"].to_list() == ["7", "5", "0.5", "007"]


def test_a_byte_order_mark_is_no_character() -> None:
    assert parse_turtle(b"\xef\xbb\xbf<http://x.org/a> a <http://x.org/b> .", PATH).height == 1


def test_relative_iris_without_a_base_start_at_the_name_of_the_file() -> None:
    assert parse_turtle(b"<#a> a <b> .", PATH).row(0)[0::2][:2] == ("file:///ontology.ttl#a", "file:///b")


def test_labels_of_blank_nodes_are_the_same_in_every_run() -> None:
    text = PREFIXES + FORMS["nested blank nodes"] + FORMS["lists"] + FORMS["blank node labels"]
    program = (
        "import sys; from pathlib import Path; from kgprep.kg.turtle import parse_turtle; "
        "print(parse_turtle(sys.stdin.buffer.read(), Path('x')).write_csv())"
    )
    runs = [
        subprocess.run([sys.executable, "-c", program], input=text.encode(), capture_output=True, check=True)
        for _ in range(2)
    ]
    assert runs[0].stdout == runs[1].stdout
    assert b"_:b0" in runs[0].stdout


def test_rdflib_is_left_as_it_was(caplog: pytest.LogCaptureFixture) -> None:
    import rdflib

    with pytest.raises(KgprepError):
        parse_turtle(b'<a> <b> "2000-1-1"^^<http://www.w3.org/2001/XMLSchema#date>', PATH)
    assert rdflib.NORMALIZE_LITERALS
    assert not caplog.records


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_NODES = st.sampled_from(["http://x.org/a", "http://x.org/é", "http://x.org/c%20d#e"]).map(pyoxigraph.NamedNode)
_BLANKS = st.sampled_from(["b", "c"]).map(pyoxigraph.BlankNode)
_TYPES = st.sampled_from(["string", "integer", "gYear", "boolean"]).map(lambda name: pyoxigraph.NamedNode(XSD + name))
_LITERALS = st.one_of(
    st.builds(lambda text, lang: pyoxigraph.Literal(text, language=lang), _TEXT, st.sampled_from(["en", "zh-hans"])),
    st.builds(lambda text, datatype: pyoxigraph.Literal(text, datatype=datatype), _TEXT, _TYPES),
)
_TRIPLES = st.builds(pyoxigraph.Triple, _NODES | _BLANKS, _NODES, _NODES | _BLANKS | _LITERALS)


@settings(max_examples=100, deadline=None)
@given(st.lists(_TRIPLES, max_size=8))
def test_what_another_library_writes_is_read_back(triples: list[pyoxigraph.Triple]) -> None:
    written = pyoxigraph.serialize(
        triples, format=pyoxigraph.RdfFormat.TURTLE, prefixes={"x": "http://x.org/", "xsd": XSD}
    )
    assert written is not None
    assert as_graph(parse_turtle(written, PATH)) == canonical(triples)
    if triples:
        assert looks_like_turtle(written.decode())


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([*FORMS.values()]), st.data())
def test_a_damaged_document_is_read_or_explained(form: str, data: st.DataObject) -> None:
    text = PREFIXES + form
    start = data.draw(st.integers(len(PREFIXES) - 5, len(text)))
    end = data.draw(st.integers(start, len(text)))
    damaged = (
        text[:start]
        + data.draw(st.sampled_from(["", '"', "]", "(", ".", ";", "\\", "<", "@", "^^", "'''"]))
        + text[end:]
    )
    try:
        triples = parse_turtle(damaged.encode(), PATH)
    except KgprepError as error:
        message = str(error)
    else:
        message = f"{PATH} gives {triples.height} triples"
    assert message.startswith(str(PATH))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{PREFIXES}:a :b :c\n:d :e .", r"ontology\.ttl:\d: not Turtle \(expected .* mend this statement"),
        (f"{PREFIXES}:a :b :c .\n\n:a u:b :c .", r'ontology\.ttl:5: not Turtle \(Prefix "u:" not bound\)'),
        (f'{PREFIXES}:a :b "x\n" .', r"ontology\.ttl:3: not Turtle \(newline found in string literal\)"),
        (f'{PREFIXES}:a :b "x"@1 .', r"ontology\.ttl: not Turtle \(.*language tag"),
        (f"{PREFIXES}:a :b :c", "ontology.ttl ends in the middle of a statement: see whether the file is cut short"),
        (f"{PREFIXES}<a b> :b :c .", r"ontology\.ttl: not Turtle \(<file:///a b> is no IRI\)"),
        (f'{PREFIXES}:a :b "\\uD800" .', r"ontology\.ttl has an escape that is half a character"),
        (f"{PREFIXES}:a :b {'[ :c ' * 3000}{']' * 3000} .", r"ontology\.ttl nests brackets too deeply: convert it"),
        (f"{PREFIXES}:a :b {{ :c :d :e }} .", r"ontology\.ttl:3: not Turtle"),
    ],
)
def test_mistakes_are_explained_with_their_place(text: str, message: str) -> None:
    with pytest.raises(KgprepError, match=message):
        parse_turtle(text.encode(), PATH)


def test_other_encodings_are_named_with_their_line() -> None:
    with pytest.raises(KgprepError, match=r"ontology\.ttl:3: not UTF-8 .*: convert the file to UTF-8"):
        parse_turtle(PREFIXES.encode() + ':a :b "é" .'.encode("latin-1"), PATH)


def test_large_documents_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turtle, "MOST_BYTES", 2**20)
    with pytest.raises(KgprepError, match=r"ontology\.ttl is Turtle of 2 MiB and only 1 MiB .* N-Triples first.*riot"):
        parse_turtle(b" " * 2**21, PATH)


@pytest.mark.parametrize(
    "start",
    [
        "@prefix : <http://x.org/> .\n",
        "\ufeff# a comment\n\n@base <http://x.org/> .",
        "PREFIX x: <http://x.org/>",
        "prefix : <http://x.org/>",
        "Base <http://x.org/>",
        "dbr:Heat a dbo:Film .",
        ":a <http://x.org/b> 1 .",
        "<http://x.org/a> a <http://x.org/b> .",
        "<http://x.org/a> <http://x.org/b> <http://x.org/c> ;\n",
        '<http://x.org/a> <http://x.org/b> "c"@en , "d" .',
        '<http://x.org/a> <http://x.org/b> """c',
        "<http://x.org/a> <http://x.org/b> 'c' .",
        '<http://x.org/a> <http://x.org/b> "1"^^xsd:integer .',
        "<http://x.org/a> <http://x.org/b> true .",
        "<a>\n  <b>\n  <c> .\n",
        "[] <http://x.org/b> <http://x.org/c> .",
        "<http://x.org/a> <http://x.org/b> <http://x.org/c> .\n@prefix : <http://x.org/> .",
    ],
)
def test_turtle_is_recognised(start: str) -> None:
    assert looks_like_turtle(start)


@pytest.mark.parametrize(
    "start",
    [
        "",
        "# only a comment\n",
        "this is no triple\n",
        "http://x.org/a <http://x.org/b> <http://x.org/c> .",
        "<http://x.org/a> <http://x.org/b> <http://x.org/c> .\n" * 3,
        '_:a <http://x.org/b> "c"@en .\n<http://x.org/a> <http://x.org/b> "1"^^<http://x.org/t> .\n',
        "<http://x.org/a> <http://x.org/b>\n<http://x.org/a> <http://x.org/b> <http://x.org/c> .\n",
        '<http://x.org/a> <http://x.org/b> "cut off\n<http://x.org/a> <http://x.org/b> "c" .\n',
        "<http://x.org/a> <http://x.org/b> <http://x.org/c> .\n<http://x.org/a> ; .\n",
        '{"head": 1}',
        "<html><body>",
        "item_id,name,year\n",
        "\x00\x01",
    ],
)
def test_other_files_are_not_taken_for_turtle(start: str) -> None:
    assert not looks_like_turtle(start)
