"""The bundle's tables of an archive: the same functions make them as in build-kg, with nothing but IRIs to go by."""

from __future__ import annotations

import polars as pl

from kgprep.artifacts import (
    ALIASES,
    DESCRIPTIONS,
    EDGES,
    ENTITIES,
    FEEDBACK,
    ITEMS,
    MENTIONS,
    RELATIONS,
    UTTERANCES,
    conform,
)
from kgprep.importing.archive import SPAN_SCHEMA, Archive
from kgprep.kg.aliases import entity_aliases
from kgprep.kg.entities import describe_entities, number_edges, number_entities, number_relations
from kgprep.kg.source import FACT_SCHEMA, End
from kgprep.provenance import Count, Stage

LANGUAGE = "en"


class _SilentSource:
    """A source that states nothing: labels come from IRIs, kinds from labels and edges."""

    def facts(self, fact: str, end: End, terms: pl.Series) -> pl.DataFrame:
        """Return nothing."""
        return pl.DataFrame(schema=FACT_SCHEMA)

    def titled(self, fact: str, items: pl.DataFrame) -> pl.DataFrame:
        """Return nothing."""
        return pl.DataFrame(schema=FACT_SCHEMA)

    def report(self) -> tuple[tuple[Count, ...], tuple[str, ...]]:
        """Return nothing."""
        return (), ()


def write_tables(stage: Stage, archive: Archive) -> None:
    """Write kg/ and dialogues/ of an archive, and count what was kept."""
    stage.add_counts(archive.counts)
    items = _items(archive)
    numbered = number_entities(archive.edges, items, archive.iris)
    entities = describe_entities(_SilentSource(), numbered, archive.edges, items, (LANGUAGE,))
    aliases = entity_aliases(_SilentSource(), entities, items)
    relations = number_relations(archive.edges, inverse=True)
    edges = number_edges(archive.edges, entities, relations)
    ids = entities.select("iri", "entity_id")
    found = _found_by_alias(archive, aliases.join(ids, on="entity_id"))
    stage.count("entities named somewhere in an utterance whose place was found", found.height, archive.named.height)
    mentions = _without_overlaps(pl.concat([archive.mentions, found]))
    stage.count("mentions that do not overlap", mentions.height, archive.mentions.height + found.height)
    stage.count("items with an entity of the graph", items.filter(pl.col("method") == "gold").height, items.height)
    stage.write(ENTITIES, entities)
    stage.write(RELATIONS, relations)
    stage.write(EDGES, edges)
    stage.write(ALIASES, aliases)
    stage.write(DESCRIPTIONS, pl.DataFrame(schema=DESCRIPTIONS.schema))
    stage.write(ITEMS, items.join(ids, on="iri", how="left", maintain_order="left"))
    stage.write(UTTERANCES, conform(UTTERANCES, archive.utterances.sort("dialogue_id", "turn")))
    stage.write(MENTIONS, mentions.join(ids, on="iri", maintain_order="left").with_columns(score=pl.lit(1.0)))
    stage.write(FEEDBACK, pl.DataFrame(schema=FEEDBACK.schema))


def _items(archive: Archive) -> pl.DataFrame:
    isolated = pl.col("iri").str.starts_with("urn:kgprep:")
    return archive.items.sort("item_id").with_columns(
        imdb_id=pl.lit(None, pl.String),
        method=pl.when(isolated).then(pl.lit("isolated")).otherwise(pl.lit("gold")),
        score=pl.when(isolated).then(0.0).otherwise(1.0),
    )


def _found_by_alias(archive: Archive, aliases: pl.DataFrame) -> pl.DataFrame:
    """Return where the entities that utterances name stand in them, by the longest alias that the text holds."""
    place = ["dialogue_id", "turn", "iri"]
    folded = pl.col("text").str.to_lowercase()
    alias = pl.col("alias").str.to_lowercase()
    named = archive.named.unique(maintain_order=True)
    texts = named.join(archive.utterances.select("dialogue_id", "turn", "text"), on=["dialogue_id", "turn"])
    held = (
        texts.join(aliases.select("iri", "alias"), on="iri")
        .with_columns(folded=folded, alias=alias)
        # A text whose lower case has another length has no places to tell.
        .filter(folded.str.len_chars() == pl.col("text").str.len_chars())
        .filter(pl.col("folded").str.contains(pl.col("alias"), literal=True))
        .sort(*place, pl.col("alias").str.len_chars(), "alias", descending=[False, False, False, True, False])
        .unique(place, keep="first", maintain_order=True)
    )
    start = pl.col("folded").str.split(pl.col("alias")).list.first().str.len_chars().cast(pl.Int32)
    end = start + pl.col("alias").str.len_chars().cast(pl.Int32)
    is_word = ~pl.col("around").str.contains(r"^[\p{L}\p{N}]{2}|[\p{L}\p{N}]{2}$")
    return (
        held.with_columns(start=start, end=end)
        .with_columns(
            word=pl.col("text").str.slice(pl.col("start"), pl.col("end") - pl.col("start")),
            around=_edge("start") + pl.lit(" ") + _edge("end"),
            method=pl.lit("link"),
        )
        .filter(is_word)
        .select(SPAN_SCHEMA.names())
    )


def _edge(column: str) -> pl.Expr:
    """Return the two characters around a place, fewer at the ends of the text."""
    before = (pl.col(column) - 1).clip(0)
    return pl.col("text").str.slice(before, pl.col(column) + 1 - before)


def _without_overlaps(spans: pl.DataFrame) -> pl.DataFrame:
    """Keep, of spans over each other, the archive's items first, then what begins first and is longest."""
    utterance = ["dialogue_id", "turn"]
    ordered = spans.sort(*utterance, "method", "start", "end", descending=[False, False, False, False, True])
    items = ordered.filter(pl.col("method") == "gold")
    others = ordered.filter(pl.col("method") != "gold")
    covered = (
        others.join(items.select(*utterance, item_start="start", item_end="end"), on=utterance)
        .filter((pl.col("start") < pl.col("item_end")) & (pl.col("item_start") < pl.col("end")))
        .select(others.columns)
    )
    free = others.join(covered, on=others.columns, how="anti", maintain_order="left")
    return pl.concat([_first_of_overlaps(items), _first_of_overlaps(free)]).sort(*utterance, "start")


def _first_of_overlaps(spans: pl.DataFrame) -> pl.DataFrame:
    before = pl.col("end").cum_max().shift(1).over("dialogue_id", "turn").fill_null(0)
    return spans.sort("dialogue_id", "turn", "start", "end", descending=[False, False, False, True]).filter(
        pl.col("start") >= before
    )
