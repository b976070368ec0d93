"""N-Triples lines to a frame of triples: a pure function, vectorised over whole lines.

Notable here:
- a line in canonical form (one space between terms, as dumps are written) is checked by one regular expression without
  captures and cut at its spaces; only other forms pay for a capturing expression;
- a string literal without language keeps its datatype xsd:string, so a blank node (no datatype, no language, no IRI)
  is never taken for a literal.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from kgprep.kg.escapes import decode_backslashes

XSD_STRING = "http://www.w3.org/2001/XMLSchema#string"

TRIPLE_SCHEMA = pl.Schema(
    {
        "subject": pl.String,
        "predicate": pl.String,
        "object": pl.String,
        "is_iri": pl.Boolean,
        "lang": pl.String,
        "datatype": pl.String,
    }
)

_HEX_ESCAPE = r"\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8}"
_IRI = rf'<[A-Za-z][A-Za-z0-9+.-]*:(?:[^\x00-\x20<>"{{}}|^`\\]|{_HEX_ESCAPE})*>'
_BLANK = r"_:[\p{L}0-9_:](?:[\p{L}\p{M}0-9_:.·‿⁀-]*[\p{L}\p{M}0-9_:·‿⁀-])?"
_LITERAL = (
    rf'"(?:[^"\\\n\r]|\\[tbnrf"\x27\\]|{_HEX_ESCAPE})*"'
    rf"(?:@[a-zA-Z]+(?:-[a-zA-Z0-9]+)*|\^\^{_IRI})?"
)
_CANONICAL = rf"^(?:{_IRI}|{_BLANK}) {_IRI} (?:{_IRI}|{_BLANK}|{_LITERAL}) \.$"
_SPACED = rf"^[ \t]*({_IRI}|{_BLANK})[ \t]*({_IRI})[ \t]*({_IRI}|{_BLANK}|{_LITERAL})[ \t]*\.[ \t]*(?:#.*)?$"
_LITERAL_PARTS = r'(?s)^"(.*)"(?:@([a-zA-Z0-9-]+)|\^\^<(.*)>)?$'
_EMPTY = r"^[ \t]*(?:#.*)?$"


@dataclass(frozen=True)
class ParsedLines:
    """The triples of some lines (`TRIPLE_SCHEMA`), and the row numbers of the lines that are not N-Triples."""

    triples: pl.DataFrame
    malformed: pl.Series


def parse_lines(lines: pl.Series) -> ParsedLines:
    """Parse whole lines of N-Triples (W3C RDF 1.1 N-Triples grammar).

    Args:
        lines: one line a row without its end; null where the bytes were not UTF-8.
    """
    numbered = lines.alias("line").to_frame().with_row_index("row")
    canonical_form = pl.col("line").str.contains(_CANONICAL).fill_null(False)
    canonical = numbered.filter(canonical_form)
    other = numbered.filter(~canonical_form) if canonical.height < numbered.height else numbered.clear()
    spaced = _cut_spaced(other)
    is_triple = pl.col("object").is_not_null()
    terms = pl.concat([_cut_canonical(canonical), spaced.filter(is_triple).drop("line")])
    triples = _read_terms(terms if other.is_empty() else terms.sort("row"))
    sound = pl.all_horizontal(pl.col("subject", "predicate", "object").is_not_null())
    is_empty = pl.col("line").str.contains(_EMPTY).fill_null(False)
    malformed = pl.concat([spaced.filter(~is_triple & ~is_empty)["row"], triples.filter(~sound)["row"]]).sort()
    return ParsedLines(triples.filter(sound).select(TRIPLE_SCHEMA.names()), malformed)


def _cut_canonical(lines: pl.DataFrame) -> pl.DataFrame:
    parts = pl.col("line").str.strip_suffix(" .").str.splitn(" ", 3)
    return lines.select("row", parts.struct.rename_fields(["subject", "predicate", "object"]).alias("parts")).unnest(
        "parts"
    )


def _cut_spaced(lines: pl.DataFrame) -> pl.DataFrame:
    groups = pl.col("line").str.extract_groups(_SPACED)
    return lines.select(
        "row", "line", groups.struct.rename_fields(["subject", "predicate", "object"]).alias("parts")
    ).unnest("parts")


def _read_terms(terms: pl.DataFrame) -> pl.DataFrame:
    """Strip brackets, split literals and decode escapes of terms still in their N-Triples form."""
    literals = terms.select(
        "row", parts=pl.when(pl.col("object").str.starts_with('"')).then("object").str.extract_groups(_LITERAL_PARTS)
    )
    value, lang, datatype = (literals["parts"].struct.field(name) for name in ("1", "2", "3"))
    frame = terms.with_columns(value.alias("value"), lang.alias("lang"), datatype.alias("datatype"))
    frame = frame.select(
        "row",
        _without_brackets("subject"),
        _without_brackets("predicate"),
        pl.coalesce("value", _without_brackets("object")).alias("object"),
        pl.col("object").str.starts_with("<").alias("is_iri"),
        "lang",
        pl.when(pl.col("value").is_not_null() & pl.col("lang").is_null())
        .then(pl.coalesce("datatype", pl.lit(XSD_STRING)))
        .alias("datatype"),
    )
    return frame.with_columns(
        decode_backslashes(frame[name]) for name in ("subject", "predicate", "object", "datatype")
    )


def _without_brackets(column: str) -> pl.Expr:
    return (
        pl.when(pl.col(column).str.starts_with("<"))
        .then(pl.col(column).str.strip_prefix("<").str.strip_suffix(">"))
        .otherwise(pl.col(column))
        .alias(column)
    )
