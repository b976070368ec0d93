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
from kgprep.counts import Count
from kgprep.importing.archive import SPAN_SCHEMA, Archive, has_places, whole_words, without_marks
from kgprep.kg.aliases import entity_aliases
from kgprep.kg.entities import describe_entities, number_edges, number_entities, number_relations
from kgprep.kg.source import FACT_SCHEMA, End
from kgprep.stage import Stage

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
    for method, what in (("gold", "items"), ("link", "entities")):
        found_of, named_of = (frame.filter(pl.col("method") == method) for frame in (found, archive.named))
        stage.count(f"{what} named in an utterance and found there by a name", found_of.height, named_of.height)
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
    """Return where the entities that utterances name stand in them, by the longest alias that the text holds.

    An entity that an utterance names twice is looked for at two places.
    """
    place = ["dialogue_id", "turn", "iri", "method", "nth"]
    named = archive.named.with_columns(nth=pl.int_range(pl.len()).over("dialogue_id", "turn", "iri", "method"))
    texts = named.join(archive.utterances.select("dialogue_id", "turn", "text"), on=["dialogue_id", "turn"])
    length = pl.col("alias").str.len_chars().cast(pl.Int32)
    held = (
        texts.join(_as_cut(aliases.select("iri", "alias")), on="iri")
        .filter(has_places("text"))
        .with_columns(pieces=whole_words(pl.col("text")).str.split(whole_words(pl.col("alias"))))
        .filter(pl.col("pieces").list.len() > pl.col("nth") + 1)
        .sort(*place, length, "alias", descending=[*(False,) * len(place), True, False])
        .unique(place, keep="first", maintain_order=True)
    )
    before = without_marks(pl.col("pieces").list.head(pl.col("nth") + 1).list.join("")).str.len_chars()
    return (
        held.with_columns(start=(before + pl.col("nth") * length).cast(pl.Int32))
        .with_columns(end=pl.col("start") + length)
        .with_columns(word=pl.col("text").str.slice("start", pl.col("end") - pl.col("start")))
        .select(SPAN_SCHEMA.names())
    )


def _as_cut(aliases: pl.DataFrame) -> pl.DataFrame:
    """Add each alias as texts have it that were cut to tokens: "Tiger , Hidden", "Ocean 's", "Spider - Man"."""
    sentence_marks = pl.col("alias").str.replace_all(r"\s*([,:;!?()&/\"])\s*", " $1 ")
    clitics = sentence_marks.str.replace_all(r"(\w)('(?:s|re|ve|ll|d|m)|n't)\b", "$1 $2")
    all_marks = pl.col("alias").str.replace_all(r"\s*([^\w\s])\s*", " $1 ")
    cut = [form.str.replace_all(r"\s+", " ").str.strip_chars() for form in (sentence_marks, clitics, all_marks)]
    return pl.concat([aliases, *(aliases.with_columns(alias=form) for form in cut)]).unique()


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
