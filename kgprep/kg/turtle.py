"""Turtle documents (small ontology files) to a frame of triples, parsed by rdflib.

Notable here:
- rdflib's parser hands each triple to a collector that appends to columns, so no graph is built;
- literals keep the lexical form that the document has, as N-Triples lines do; only numbers without quotes come as
  rdflib writes them (``007`` as ``7``, ``.5`` as ``0.5``);
- blank nodes are numbered in the order of the document, so their labels are the same in every run;
- `looks_like_turtle` tells Turtle from N-Triples with a broken line by the first token that only Turtle has.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl

from kgprep.errors import KgprepError
from kgprep.kg.ntriples import TRIPLE_SCHEMA, XSD_STRING

MOST_BYTES = 64 * 2**20
"""The largest document, decompressed, that is read; rdflib takes minutes and gigabytes for more."""

_TOKEN = re.compile(
    r"""
    (?P<space>[ \t]+|\#[^\r\n]*)
  | (?P<line>[\r\n]+)
  | (?P<iri><(?:[^\x00-\x20<>"{}|^`\\]|\\[uU][0-9A-Fa-f]{4,8})*>)
  | (?P<long>\"{3}|'{3})
  | (?P<single>'(?:[^'\\\r\n]|\\.)*')
  | (?P<literal>"(?:[^"\\\r\n]|\\.)*"(?:@[A-Za-z]+(?:-[A-Za-z0-9]+)*)?)
  | (?P<directive>(?:@prefix|@base|(?i:prefix|base))(?=[\s<]))
  | (?P<blank>_:[^\W_][\w.:-]*(?<!\.))
  | (?P<name>(?:[^\W\d_][\w.-]*)?:(?:[\w:.%\\-]*[\w:%-])?(?=[\s;,.\])\[(#<"]))
  | (?P<type>\^\^)
  | (?P<word>a(?=[\s<\[])|(?:true|false)(?=[\s;,.\])]))
  | (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?=[\s;,.\])]))
  | (?P<end>\.)
  | (?P<bracket>[;,\[\]()])
    """,
    re.VERBOSE,
)
_IRI_OR_BLANK = r'^(?:_:b\d+|[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>"{}|^`\\]*)$'
_ONLY_TURTLE = frozenset({"long", "single", "name", "word", "number", "bracket"})


def parse_turtle(data: bytes, path: Path) -> pl.DataFrame:
    """Parse a Turtle document (W3C RDF 1.1 Turtle) to a frame of `kgprep.kg.ntriples.TRIPLE_SCHEMA`.

    Args:
        data: the whole document, decompressed.
        path: where it came from, for messages; relative IRIs of a document without base start at its name.

    Raises:
        KgprepError: the document is not Turtle, not UTF-8, or larger than `MOST_BYTES`.
    """
    if len(data) > MOST_BYTES:
        raise KgprepError(
            f"{path} is Turtle of {len(data) / 2**20:.0f} MiB and only {MOST_BYTES // 2**20} MiB of Turtle are read: "
            f"convert it to N-Triples first, with `rapper -i turtle -o ntriples` or `riot --output=ntriples`"
        )
    return _checked(_parse(_decode(data, path), path), path)


def looks_like_turtle(start: str) -> bool:
    """Tell whether a file that is not N-Triples is Turtle.

    It is if a statement begins with a directive (``@prefix``, ``BASE``), or if the first statement has what N-Triples
    lacks: prefixed names, ``a``, ``;``, lists, brackets, numbers, other quotes, or several lines.

    Args:
        start: the file's first kilobytes.
    """
    terms = newlines = 0
    is_first = True
    for kind in _kinds(start.removeprefix("\ufeff")):
        if kind == "directive":
            return terms == 0
        if kind in _ONLY_TURTLE and is_first:
            return True
        if kind == "line":
            newlines += terms > 0
        elif kind == "end":
            if terms == 3 and newlines:
                return True
            is_first, terms, newlines = False, 0, 0
        elif kind != "type":
            terms += 1
    return False


def _kinds(text: str) -> Iterator[str]:
    """Name the kinds of tokens up to the first that neither syntax has."""
    at = 0
    while token := _TOKEN.match(text, at):
        at = token.end()
        kind = token.lastgroup or ""
        if kind == "type":
            datatype = _TOKEN.match(text, at)
            if datatype is None or datatype.lastgroup not in ("iri", "name"):
                return
            # A datatype is part of its literal; only a prefixed one tells Turtle.
            at = datatype.end() if datatype.lastgroup == "iri" else at
        if kind != "space":
            yield kind


def _decode(data: bytes, path: Path) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise KgprepError(f"{path}:{line}: not UTF-8 ({error.reason}): convert the file to UTF-8") from error


def _parse(text: str, path: Path) -> _Columns:
    from rdflib import Graph
    from rdflib.exceptions import ParserError

    columns = _Columns()

    class Collector(Graph):
        def add(self, triple: tuple[Any, Any, Any]) -> Collector:
            columns.add(*triple)
            return self

    base = f"file:///{quote(path.name)}"
    try:
        with _terms_as_written():
            Collector(bind_namespaces="none").parse(data=text, format="turtle", publicID=base)
    except RecursionError as error:
        raise KgprepError(f"{path} nests brackets too deeply: convert it to N-Triples first") from error
    except (IndexError, AssertionError) as error:
        # rdflib's parser runs over the end of the text where the last string or statement has none.
        raise KgprepError(f"{path} ends in the middle of a statement: see whether the file is cut short") from error
    except (SyntaxError, ParserError, ValueError) as error:
        raise KgprepError(f"{_place(path, error)}: not Turtle ({_reason(error)}): mend this statement") from error
    return columns


class _Columns:
    """The triples so far as columns, with blank nodes numbered in the order in which they are met."""

    def __init__(self) -> None:
        from rdflib import BNode, Literal

        self._blank, self._literal = BNode, Literal
        self._labels: dict[Any, str] = {}
        self._rows: dict[str, list[Any]] = {name: [] for name in TRIPLE_SCHEMA}

    def add(self, subject: Any, predicate: Any, end: Any) -> None:
        rows = self._rows
        is_literal = isinstance(end, self._literal)
        lang = end.language if is_literal else None
        rows["subject"].append(self._name(subject))
        rows["predicate"].append(str(predicate))
        rows["object"].append(self._name(end))
        rows["is_iri"].append(not is_literal and not isinstance(end, self._blank))
        rows["lang"].append(lang)
        rows["datatype"].append(str(end.datatype or XSD_STRING) if is_literal and lang is None else None)

    def frame(self) -> pl.DataFrame:
        return pl.DataFrame(self._rows, schema=TRIPLE_SCHEMA)

    def _name(self, term: Any) -> str:
        if isinstance(term, self._blank):
            return self._labels.setdefault(term, f"_:b{len(self._labels)}")
        return str(term)


def _checked(columns: _Columns, path: Path) -> pl.DataFrame:
    """Return the columns as a frame, if its IRIs are ones and its characters all exist; rdflib lets others pass."""
    try:
        triples = columns.frame()
    except UnicodeEncodeError as error:
        raise KgprepError(f"{path} has an escape that is half a character ({error.reason}): mend it") from error
    named = [triples["subject"], triples["predicate"], triples.filter("is_iri")["object"], triples["datatype"]]
    iris = pl.concat([names.alias("iri") for names in named]).drop_nulls()
    wrong = iris.filter(~iris.str.contains(_IRI_OR_BLANK))
    if wrong.len():
        raise KgprepError(f"{path}: not Turtle (<{wrong[0]}> is no IRI): mend it, or add the @base it is relative to")
    return triples


@contextmanager
def _terms_as_written() -> Iterator[None]:
    """Keep rdflib from rewriting literals, a setting of the whole module, and from logging what it doubts."""
    import rdflib

    logger = logging.getLogger("rdflib.term")
    before = rdflib.NORMALIZE_LITERALS, logger.disabled
    rdflib.NORMALIZE_LITERALS, logger.disabled = False, True
    try:
        yield
    finally:
        rdflib.NORMALIZE_LITERALS, logger.disabled = before


def _place(path: Path, error: Exception) -> str:
    lines = getattr(error, "lines", None)
    return str(path) if lines is None else f"{path}:{int(lines) + 1}"


def _reason(error: Exception) -> str:
    reason = str(getattr(error, "_why", None) or error)
    return " ".join(reason.split())[:200]
