"""What an archive holds, whatever its form: a graph in IRIs, items, utterances, and what these name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from kgprep.counts import Count

WORD_EDGE = "\x00"

ITEM_SCHEMA = pl.Schema({"item_id": pl.String, "iri": pl.String, "name": pl.String, "year": pl.Int16})
EDGE_SCHEMA = pl.Schema({"head": pl.String, "predicate": pl.String, "tail": pl.String})
SPAN_SCHEMA = pl.Schema(
    {
        "dialogue_id": pl.String,
        "turn": pl.Int16,
        "start": pl.Int32,
        "end": pl.Int32,
        "word": pl.String,
        "iri": pl.String,
        "method": pl.String,
    }
)
NAMED_SCHEMA = pl.Schema({"dialogue_id": pl.String, "turn": pl.Int16, "iri": pl.String, "method": pl.String})


@dataclass(frozen=True)
class Archive:
    """An archive in our own terms.

    Args:
        name: of the form, part of an isolated item's IRI.
        iris: of all entities, without brackets.
        edges: `EDGE_SCHEMA`, distinct, without self-loops.
        items: `ITEM_SCHEMA`; one that no graph knows has an IRI of its own, ``urn:kgprep:...``.
        utterances: as `artifacts.UTTERANCES`.
        mentions: `SPAN_SCHEMA`, those whose place in the text is known; method gold for the archive's items, else link.
        named: `NAMED_SCHEMA`, entities that an utterance names somewhere, each as often as it does; their aliases are
            looked for in its text.
        counts: of what was read and skipped.
        lacks: one sentence for each thing of a bundle that the archive cannot give.
        sources: the files that were read.
    """

    name: str
    iris: pl.Series
    edges: pl.DataFrame
    items: pl.DataFrame
    utterances: pl.DataFrame
    mentions: pl.DataFrame
    named: pl.DataFrame
    counts: tuple[Count, ...]
    lacks: tuple[str, ...]
    sources: tuple[Path, ...]


def entity_iri(form: str, name: str) -> str:
    """Return the IRI of an entity by its name in an archive: without brackets; a number is an item of no graph."""
    return f"urn:kgprep:{form}:{name}" if name.isdecimal() else name.removeprefix("<").removesuffix(">")


def whole_words(text: pl.Expr) -> pl.Expr:
    """Return texts in lower case with a mark at each edge of a word: one is in another only as whole words."""
    return text.str.to_lowercase().str.replace_all(r"\b", WORD_EDGE)


def without_marks(text: pl.Expr) -> pl.Expr:
    """Return texts without the marks of `whole_words`."""
    return text.str.replace_all(WORD_EDGE, "", literal=True)


def has_places(column: str) -> pl.Expr:
    """Tell which texts are as long in lower case, so that a place there is the place in the text."""
    return pl.col(column).str.to_lowercase().str.len_chars() == pl.col(column).str.len_chars()
