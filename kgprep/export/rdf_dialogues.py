"""Dialogues as statements: conversations and messages of schema.org, whose texts and mentions are in NIF.

Notable here:
- a message is a context of NIF, a mention a phrase in it; places are counted in characters from 0, as in the bundle;
- who annotated a mention is `itsrdf:taAnnotatorsRef`: the data set (gold) or the linker (link);
- a speaker is a role and no more, since the bundle knows no people.

Source: NIF 2.0 core ontology; ITS 2.0 / RDF; RFC 5147 for ``#char=``.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from kgprep.artifacts import ENTITIES, MENTIONS, ROLES, SPLITS, UTTERANCES, Table, read_table
from kgprep.counts import Count
from kgprep.export.ntriples import StatementsFile, iri, literal, own_name, term

FILE_NAME = "dialogues.nt"
WHOLE = pl.lit("char=0,")
"""The fragment of a whole text: from its first character to its end, wherever that is."""
SPAN = pl.lit("char=") + pl.col("start").cast(pl.String) + pl.lit(",") + pl.col("end").cast(pl.String)


def write_dialogues(workspace: Path, folder: Path) -> tuple[Count, ...]:
    """Write each dialogue, each message with its place, role and text, and each mention with its entity."""
    utterances, mentions = read_table(workspace, UTTERANCES), read_table(workspace, MENTIONS)
    file = StatementsFile(folder / FILE_NAME)
    _write_names(file)
    dialogues = file.add(
        utterances.select("split", "dialogue_id").unique(maintain_order=True),
        own_name("dialogue", "dialogue_id"),
        [
            ("rdf:type", term("schema:Conversation")),
            ("schema:identifier", literal("dialogue_id")),
            ("schema:isPartOf", own_name("split", "split")),
        ],
    )
    messages = file.add(
        utterances,
        message_name(),
        [
            ("rdf:type", term("schema:Message")),
            ("schema:isPartOf", own_name("dialogue", "dialogue_id")),
            ("schema:position", literal("turn", "xsd:integer")),
            ("schema:sender", own_name("role", "role")),
            *context_of("text"),
        ],
    )
    written = file.add(
        with_entities(workspace, mentions),
        mention_name(),
        [
            *phrase_in(message_name()),
            ("itsrdf:taAnnotatorsRef", own_name("annotator", "method")),
        ],
    )
    return (
        Count("dialogues", dialogues),
        Count("messages", messages),
        Count("mentions in messages", written),
        Count(f"statements of {FILE_NAME}", file.written),
    )


def _write_names(file: StatementsFile) -> None:
    """Say what the splits and roles are that the messages point at."""
    splits = pl.DataFrame({"name": SPLITS})
    file.add(
        splits, own_name("split", "name"), [("rdf:type", term("schema:Dataset")), ("schema:name", literal("name"))]
    )
    roles = pl.DataFrame({"name": ROLES})
    file.add(
        roles,
        own_name("role", "name"),
        [("rdf:type", term("schema:Audience")), ("schema:audienceType", literal("name"))],
    )


def message_name() -> pl.Expr:
    """Return the IRI of the message of a row, by its dialogue and turn."""
    return own_name("message", "dialogue_id", "turn", fragment=WHOLE)


def mention_name() -> pl.Expr:
    """Return the IRI of the mention of a row: the characters `start` to `end` of its message."""
    return own_name("message", "dialogue_id", "turn", fragment=SPAN)


def context_of(column: str) -> list[tuple[str, pl.Expr]]:
    """Return what NIF says of a text that stands for itself."""
    return [
        ("rdf:type", term("nif:Context")),
        ("rdf:type", term("nif:RFC5147String")),
        ("nif:isString", literal(column)),
        ("nif:beginIndex", _index(pl.lit(0))),
        ("nif:endIndex", _index(pl.col(column).str.len_chars())),
    ]


def phrase_in(context: pl.Expr) -> list[tuple[str, pl.Expr]]:
    """Return what NIF and ITS say of a mention: `start`, `end`, `word`, `score`, and the `iri` of its entity."""
    return [
        ("rdf:type", term("nif:Phrase")),
        ("rdf:type", term("nif:RFC5147String")),
        ("nif:referenceContext", context),
        ("nif:beginIndex", _index(pl.col("start"))),
        ("nif:endIndex", _index(pl.col("end"))),
        ("nif:anchorOf", literal("word")),
        ("itsrdf:taIdentRef", iri("iri")),
        ("itsrdf:taConfidence", literal("score", "xsd:double")),
    ]


def with_entities(workspace: Path, frame: pl.DataFrame) -> pl.DataFrame:
    """Return `frame` with the `iri` of each row's entity."""
    entities = read_table(workspace, ENTITIES).select("entity_id", "iri")
    return frame.join(entities, on="entity_id", how="left", maintain_order="left")


def table_or_nothing(workspace: Path, table: Table) -> pl.DataFrame:
    """Return a table that a bundle may be without, with no rows where it is."""
    return read_table(workspace, table) if table.path(workspace).exists() else table.schema.to_frame()


def _index(number: pl.Expr) -> pl.Expr:
    datatype = "http://www.w3.org/2001/XMLSchema#nonNegativeInteger"
    return pl.lit('"') + number.cast(pl.String) + pl.lit(f'"^^<{datatype}>')
