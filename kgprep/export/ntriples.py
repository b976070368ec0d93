"""Lines of N-Triples made by polars, a column at a time.

Notable here:
- lines hold to the grammar of N-Triples 1.1, which is Turtle too; no text breaks a line, for any reader of lines;
- a null subject, predicate or object is no statement;
- names of our own are escaped so that they can be read back; IRIs from outside keep the escapes they have.

Source: RDF 1.1 N-Triples, section 7 (grammar).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

NAMESPACES: Mapping[str, str] = {
    "dcterms": "http://purl.org/dc/terms/",
    "dqv": "http://www.w3.org/ns/dqv#",
    "itsrdf": "http://www.w3.org/2005/11/its/rdf#",
    "kgprep": "urn:kgprep:",
    "nif": "http://persistence.uni-leipzig.org/nlp2rdf/ontologies/nif-core#",
    "oa": "http://www.w3.org/ns/oa#",
    "prov": "http://www.w3.org/ns/prov#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "schema": "https://schema.org/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

# Characters that an IRIREF of N-Triples may not hold, with their percent-encoding.
FORBIDDEN_IN_IRI = {chr(code): f"%{code:02X}" for code in (*range(0x21), *map(ord, '<>"{}|^`\\'))}
# Those and what has a meaning of its own in our names, so that each name has one reading.
RESERVED_IN_NAME = FORBIDDEN_IN_IRI | {char: f"%{ord(char):02X}" for char in "%:#?"}
# The grammar asks for the first four; the rest end a line for some readers of lines.
LITERAL_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"} | {
    chr(code): f"\\u{code:04X}" for code in (0, 0x0B, 0x0C, 0x1C, 0x1D, 0x1E, 0x85, 0x2028, 0x2029)
}
_ROWS_AT_ONCE = 50_000


def term(name: str) -> pl.Expr:
    """Return the IRI of a prefixed name: ``term("nif:Context")``."""
    prefix, _, local = name.partition(":")
    return pl.lit(f"<{NAMESPACES[prefix]}{local}>")


def iri(column: str) -> pl.Expr:
    """Return the IRIs in `column`, in angle brackets."""
    return pl.lit("<") + pl.col(column).str.replace_many(FORBIDDEN_IN_IRI) + pl.lit(">")


def own_name(kind: str, *columns: str, fragment: pl.Expr | None = None) -> pl.Expr:
    """Return IRIs of our own, ``<urn:kgprep:KIND:VALUE:VALUE>``, made of the values of `columns`."""
    values = (pl.col(column).cast(pl.String).str.replace_many(RESERVED_IN_NAME) for column in columns)
    name = pl.lit(f"<{NAMESPACES['kgprep']}{kind}")
    for value in values:
        name = name + pl.lit(":") + value
    return name + pl.lit(">") if fragment is None else name + pl.lit("#") + fragment + pl.lit(">")


def literal(column: str, datatype: str | None = None) -> pl.Expr:
    """Return the values of `column` as literals; `datatype` is a prefixed name, plain text without."""
    text = pl.col(column).cast(pl.String).str.replace_many(LITERAL_ESCAPES)
    prefix, _, local = (datatype or "").partition(":")
    return pl.lit('"') + text + pl.lit(f'"^^<{NAMESPACES[prefix]}{local}>' if datatype else '"')


def tagged(column: str, language: str) -> pl.Expr:
    """Return the values of `column` as literals in the language of the column `language`."""
    return literal(column) + pl.lit("@") + pl.col(language)


def line(subject: pl.Expr, predicate: pl.Expr | str, thing: pl.Expr) -> pl.Expr:
    """Return one statement; null where a part of it is."""
    predicate = term(predicate) if isinstance(predicate, str) else predicate
    return subject + pl.lit(" ") + predicate + pl.lit(" ") + thing + pl.lit(" .")


def statements(frame: pl.DataFrame, subject: pl.Expr, said: list[tuple[str, pl.Expr]]) -> pl.DataFrame:
    """Return the statements about the rows of `frame`, those of a row together, in the column `line`."""
    lines = [line(pl.col("subject"), predicate, thing).alias(str(n)) for n, (predicate, thing) in enumerate(said)]
    wide = frame.with_columns(subject=subject).select(lines)
    return wide.select(line=pl.concat_list(pl.all())).explode("line").drop_nulls()


class StatementsFile:
    """A file that statements are added to; `written` counts them."""

    def __init__(self, path: Path) -> None:
        """Start the file at `path`."""
        self.path = path
        self.written = 0
        path.write_bytes(b"")

    def add(self, frame: pl.DataFrame, subject: pl.Expr, said: list[tuple[str, pl.Expr]]) -> int:
        """Add what is said of the rows of `frame`, a part of them at a time, and return the number of rows."""
        for part in frame.iter_slices(_ROWS_AT_ONCE):
            self.add_lines(statements(part, subject, said))
        return frame.height

    def add_lines(self, lines: pl.DataFrame) -> None:
        """Add a frame of one column of lines."""
        with self.path.open("ab") as file:
            lines.write_csv(file, include_header=False, quote_style="never")
        self.written += lines.height
