"""N-Triples: a block of text to a frame of terms, and terms to what they mean. Pure functions, vectorised over lines.

Notable here:
- a block that holds IRIs alone, the bulk of a dump, is checked in bulk and cut at its spaces by polars' CSV reader;
- other lines are cut at their spaces and their terms checked by expressions without captures, each distinct predicate
  once; only lines in another than the canonical form (one space between terms) pay for a capturing expression;
- cutting leaves terms in their written form, so that only terms that somebody asks for are decoded; IRIs are freed of
  escapes at once, because they are compared.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from kgprep.kg.escapes import decode_backslashes

XSD_STRING = "http://www.w3.org/2001/XMLSchema#string"

TERM_SCHEMA = pl.Schema({"subject": pl.String, "predicate": pl.String, "object": pl.String})
"""Terms in their written form: ``<iri>``, ``_:label`` or ``"text"`` with its language or datatype."""

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
"""What terms mean; blank nodes keep their label, a string literal without language its datatype xsd:string."""

_HEX_ESCAPE = r"\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8}"
_IRI = rf'<[A-Za-z][A-Za-z0-9+.-]*:(?:[^\x00-\x20<>"{{}}|^`\\]|{_HEX_ESCAPE})*>'
_BLANK = r"_:[\p{L}0-9_:](?:[\p{L}\p{M}0-9_:.·‿⁀-]*[\p{L}\p{M}0-9_:·‿⁀-])?"
_LITERAL = (
    rf'"(?:[^"\\\n\r]|\\[tbnrf"\x27\\]|{_HEX_ESCAPE})*"'
    rf"(?:@[a-zA-Z]+(?:-[a-zA-Z0-9]+)*|\^\^{_IRI})?"
)
_PLAIN_IRI = r'<[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>"{}|^`\\]*>'
_PLAIN_LITERAL = rf'"(?:[^"\\\n\r]|\\[tbnrf"\x27\\])*"(?:@[a-zA-Z]+(?:-[a-zA-Z0-9]+)*|\^\^{_PLAIN_IRI})?'
_SPACED = rf"^[ \t]*({_IRI}|{_BLANK})[ \t]*({_IRI})[ \t]*({_IRI}|{_BLANK}|{_LITERAL})[ \t]*\.[ \t]*(?:#.*)?$"
_LITERAL_PARTS = r'(?s)^"(.*)"(?:@([a-zA-Z0-9-]+)|\^\^<(.*)>)?$'
_EMPTY = r"^[ \t]*(?:#.*)?$"
_NEVER_IN_PLAIN_IRIS = (b'"', b"\\", b"{", b"}", b"|", b"^", b"`")
# What the processor's cache holds, with intermediate results: a block is looked at twice as fast in slices of it.
_SLICE_BYTES = 2**17
_PARTS = ("subject", "predicate", "object", "stop")
_NONE_MALFORMED = pl.DataFrame(schema={"row": pl.get_index_type(), "line": pl.String})


@dataclass(frozen=True)
class CutBlock:
    """The lines of a block.

    Args:
        terms: `TERM_SCHEMA`, one row a triple, in the order of the lines.
        predicates: the distinct ones of `terms`, in any order.
        lines: how many there were.
        malformed: row (from 0), line; the lines that are not N-Triples, a line that is not UTF-8 as null.
        is_plain: whether every term is an IRI.
    """

    terms: pl.DataFrame
    predicates: pl.Series
    lines: int
    malformed: pl.DataFrame = field(default_factory=lambda: _NONE_MALFORMED)
    is_plain: bool = False


def cut_block(block: bytes) -> CutBlock:
    """Cut whole lines of N-Triples (W3C RDF 1.1 N-Triples grammar) into terms.

    Args:
        block: of whole lines; the last may lack its end.
    """
    return _cut_plain(block) or _cut_lines(_split_lines(block))


def read_terms(terms: pl.DataFrame) -> pl.DataFrame:
    """Tell what terms mean (`TRIPLE_SCHEMA`): brackets and quotes stripped, escapes decoded.

    Args:
        terms: `TERM_SCHEMA`.
    """
    value, lang, datatype = _parts_of_literals(terms["object"])
    frame = terms.select(
        _without_brackets("subject"),
        _without_brackets("predicate"),
        pl.coalesce(value, _without_brackets("object")).alias("object"),
        pl.col("object").str.starts_with("<").alias("is_iri"),
        lang.alias("lang"),
        pl.when(value.is_not_null() & lang.is_null()).then(pl.coalesce(datatype, pl.lit(XSD_STRING))).alias("datatype"),
    )
    return frame.with_columns(decode_backslashes(frame[name]) for name in ("object", "datatype"))


def _parts_of_literals(objects: pl.Series) -> tuple[pl.Series, pl.Series, pl.Series]:
    """Return text, language and datatype as they are written, null where there is none; only literals have a text."""
    term, frame = pl.col("object"), objects.alias("object").to_frame()
    # The commonest, English texts, are freed without a pattern; nothing else ends so.
    is_english = term.str.ends_with('"@en')
    other = pl.when(term.str.starts_with('"') & ~is_english).then(term)
    groups = frame.select(other.str.extract_groups(_LITERAL_PARTS)).to_series().struct
    english = term.str.strip_prefix('"').str.strip_suffix('"@en')
    parts = frame.select(
        pl.when(is_english).then(english).otherwise(groups.field("1")).alias("text"),
        pl.when(is_english).then(pl.lit("en")).otherwise(groups.field("2")).alias("lang"),
    )
    return parts["text"], parts["lang"], groups.field("3")


def write_terms(triples: pl.DataFrame) -> pl.DataFrame:
    """Write triples as terms (`TERM_SCHEMA`): the reverse of `read_terms`.

    Args:
        triples: `TRIPLE_SCHEMA`.
    """
    escaped = pl.col("object")
    for character, escape in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r")):
        escaped = escaped.str.replace_all(character, escape, literal=True)
    datatype = pl.when(pl.col("datatype") != XSD_STRING).then(pl.lit("^^<") + pl.col("datatype") + pl.lit(">"))
    tag = pl.coalesce(pl.lit("@") + pl.col("lang"), datatype, pl.lit(""))
    is_literal = pl.col("lang").is_not_null() | pl.col("datatype").is_not_null()
    return triples.select(
        _with_brackets("subject"),
        _with_brackets("predicate"),
        pl.when(is_literal)
        .then(pl.lit('"') + escaped + pl.lit('"') + tag)
        .otherwise(_with_brackets("object"))
        .alias("object"),
    )


def _with_brackets(column: str) -> pl.Expr:
    is_blank = pl.col(column).str.starts_with("_:")
    return pl.when(is_blank).then(pl.col(column)).otherwise(pl.lit("<") + pl.col(column) + pl.lit(">")).alias(column)


def _without_brackets(column: str) -> pl.Expr:
    is_iri = pl.col(column).str.starts_with("<")
    bare = pl.col(column).str.strip_prefix("<").str.strip_suffix(">")
    return pl.when(is_iri).then(bare).otherwise(pl.col(column)).alias(column)


def _cut_plain(block: bytes) -> CutBlock | None:
    """Cut a block of which every line is three http IRIs in canonical form; None where one is not.

    Six brackets a line, together with one at each end of each part, leave no room for another form, as long as no
    character stands there that an IRI may not hold.
    """
    if not _may_be_plain(block):
        return None
    try:
        # Lazily, because on many small blocks the eager reader takes a twentieth longer.
        parts = pl.scan_csv(
            block, glob=False, has_header=False, separator=" ", quote_char=None, schema=dict.fromkeys(_PARTS, pl.String)
        ).collect()
    except (pl.exceptions.ComputeError, pl.exceptions.SchemaError):
        return None
    lines = parts.height
    line_ends = lines - (not block.endswith(b"\n"))
    predicates = parts["predicate"].unique()
    is_plain = (
        _count_controls_and_brackets(block) == (line_ends, 6 * lines)
        and all(_is_framed(part) for part in (parts["subject"], predicates, parts["object"]))
        and (parts["stop"] == ".").all(ignore_nulls=False)
    )
    return CutBlock(parts.drop("stop"), predicates, lines, is_plain=True) if is_plain else None


def _may_be_plain(block: bytes) -> bool:
    """Tell whether a block is free of what IRIs without escapes never hold."""
    slices = range(0, len(block), _SLICE_BYTES)
    return not any(
        block.find(character, start, start + _SLICE_BYTES) >= 0
        for start in slices
        for character in _NEVER_IN_PLAIN_IRIS
    )


def _count_controls_and_brackets(block: bytes) -> tuple[int, int]:
    """Count the bytes below a space, and the angle brackets of either kind."""
    controls = brackets = 0
    for start in range(0, len(block), _SLICE_BYTES):
        characters = np.frombuffer(block, np.uint8, min(_SLICE_BYTES, len(block) - start), start)
        controls += int(np.count_nonzero(characters < ord(" ")))
        # The two differ in one bit, which this clears.
        brackets += int(np.count_nonzero(characters & 0xFD == ord("<")))
    return controls, brackets


def _is_framed(parts: pl.Series) -> bool:
    """Tell whether every part is an http IRI between brackets."""
    starts = parts.str.starts_with("<http:")
    if not starts.all():
        starts |= parts.str.starts_with("<https:")
    return bool(starts.all(ignore_nulls=False) and parts.str.ends_with(">").all())


def _split_lines(block: bytes) -> pl.Series:
    """Cut a block into lines; bytes that are not UTF-8 become null."""
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        return pl.read_lines(block, glob=False)["line"]
    except pl.exceptions.ComputeError:
        lines = block.removesuffix(b"\n").split(b"\n")
        return pl.Series("line", [_text(line) for line in lines], dtype=pl.String)


def _text(line: bytes) -> str | None:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _cut_lines(lines: pl.Series) -> CutBlock:
    numbered = lines.to_frame("line").with_row_index("row")
    cut = _cut_at_spaces(numbered)
    predicates = cut["predicate"].drop_nulls().unique()
    is_canonical = cut.select(_is_canonical(predicates)).to_series()
    cut = cut.with_columns(pl.col("object").str.strip_suffix(" ."))
    if is_canonical.all():
        return CutBlock(cut.drop("row"), predicates, lines.len())
    spaced = _cut_spaced(numbered.filter(~is_canonical))
    is_triple = pl.col("object").is_not_null()
    is_empty = pl.col("line").str.contains(_EMPTY).fill_null(False)
    other = spaced.filter(~is_triple & ~is_empty).select("row", "line")
    decoded, undecodable = _decode_iris(spaced.filter(is_triple).select(cut.columns))
    terms = pl.concat([cut.filter(is_canonical), decoded]).sort("row").drop("row")
    malformed = pl.concat([other, numbered.join(undecodable, on="row", how="semi")]).sort("row")
    return CutBlock(terms, terms["predicate"].unique(), lines.len(), malformed)


def _cut_at_spaces(numbered: pl.DataFrame) -> pl.DataFrame:
    """Cut lines at their first two spaces; the stop stays with the object."""
    parts = pl.col("line").str.splitn(" ", 3).struct.rename_fields(TERM_SCHEMA.names()).alias("parts")
    return numbered.select("row", parts).unnest("parts")


def _is_canonical(predicates: pl.Series) -> pl.Expr:
    """Tell which cut lines were in canonical form, without escapes that need decoding before terms are compared.

    Args:
        predicates: the distinct ones of the lines.
    """
    sound = predicates.filter(predicates.str.contains(f"^{_PLAIN_IRI}$"))
    subject = pl.col("subject").str.contains(f"^(?:{_PLAIN_IRI}|{_BLANK})$")
    end = pl.col("object").str.contains(rf"^(?:{_PLAIN_IRI}|{_BLANK}|{_PLAIN_LITERAL}) \.$")
    return (subject & pl.col("predicate").is_in(sound.implode()) & end).fill_null(False)


def _cut_spaced(numbered: pl.DataFrame) -> pl.DataFrame:
    groups = pl.col("line").str.extract_groups(_SPACED).struct.rename_fields(TERM_SCHEMA.names()).alias("parts")
    return numbered.select("row", "line", groups).unnest("parts")


def _decode_iris(terms: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Free IRIs of escapes; return the terms, and the row of those whose escapes are no characters."""
    decoded = terms.with_columns(decode_backslashes(terms[name]) for name in TERM_SCHEMA)
    sound = pl.all_horizontal(pl.col(TERM_SCHEMA.names()).is_not_null())
    is_literal = terms["object"].str.starts_with('"')
    written = decoded.with_columns(terms["object"].zip_with(is_literal, decoded["object"]))
    is_sound = decoded.select(sound.alias("sound"))["sound"]
    return written.filter(is_sound), decoded.filter(~is_sound).select("row")
