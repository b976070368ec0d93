"""The entity and relation tables: dense ids in the order of the IRIs, and what the source says of each entity.

Notable here: ids depend on the set of IRIs alone, so neither the order of the dumps nor that of their lines changes
them.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from kgprep.errors import KgprepError
from kgprep.kg.candidates import imdb_ids, release_years
from kgprep.kg.kinds import entity_kinds
from kgprep.kg.languages import RANKS_A_TAG, language_rank
from kgprep.kg.names import label_from_iri, parse_label
from kgprep.kg.source import TripleSource
from kgprep.kg.vocabulary import local_name

_MOST_RELATIONS = 2**15
"""Relation ids are 16-bit integers."""


def number_entities(edges: pl.DataFrame, items: pl.DataFrame, others: pl.Series | None = None) -> pl.DataFrame:
    """Give every entity its id.

    Args:
        edges: head, predicate, tail (IRIs).
        items: iri of each item.
        others: IRIs of entities that may have no edge and are no items.

    Returns:
        entity_id (i32), iri, is_item, degree (i32), sorted.
    """
    ends = pl.concat([edges["head"].alias("iri"), edges["tail"].alias("iri")])
    degrees = ends.value_counts(name="degree")
    return (
        pl.concat([ends, items["iri"], pl.Series([], dtype=pl.String) if others is None else others])
        .unique()
        .sort()
        .to_frame()
        .with_row_index("entity_id")
        .join(degrees, on="iri", how="left", maintain_order="left")
        .join(items.select("iri", is_item=True).unique(), on="iri", how="left", maintain_order="left")
        .with_columns(
            pl.col("entity_id").cast(pl.Int32),
            pl.col("is_item").fill_null(False),
            pl.col("degree").fill_null(0).cast(pl.Int32),
        )
        .select("entity_id", "iri", "is_item", "degree")
    )


def describe_entities(
    source: TripleSource, numbered: pl.DataFrame, edges: pl.DataFrame, items: pl.DataFrame, languages: Sequence[str]
) -> pl.DataFrame:
    """Add label, kind, types, year and IMDb id to numbered entities (`kgprep.artifacts.ENTITIES`).

    Args:
        source: where the triples are.
        numbered: what `number_entities` returned.
        edges: head, predicate, tail (IRIs).
        items: iri, name, year, imdb_id, score; what the data set says where the source is silent.
        languages: of labels, the preferred first.
    """
    iris = numbered["iri"]
    from_items = items.sort("iri", -pl.col("score"), "name", "year", "imdb_id").group_by("iri", maintain_order=True)
    said = from_items.agg(
        pl.col("name").first(), pl.col("year").drop_nulls().first(), pl.col("imdb_id").drop_nulls().first()
    )
    labels = (
        numbered.select("iri")
        .join(
            best_labels(source.facts("label", "subject", iris), languages), on="iri", how="left", maintain_order="left"
        )
        .join(said.select("iri", "name"), on="iri", how="left", maintain_order="left")
        .with_columns(from_iri=label_from_iri(iris))
    )
    isolated = pl.col("iri").str.starts_with("urn:kgprep:")
    labels = labels.select("iri", pl.coalesce("label", pl.when(isolated).then("name"), "from_iri").alias("label"))
    types = source.facts("type", "subject", iris).filter(pl.col("object").is_not_null())
    kinds = entity_kinds(labels, types, edges)
    listed = types.group_by(pl.col("subject").alias("iri")).agg(pl.col("object").unique().sort().alias("types"))
    facts = (
        numbered.join(labels, on="iri", how="left", maintain_order="left")
        .join(kinds, on="iri", how="left", maintain_order="left")
        .join(listed, on="iri", how="left", maintain_order="left")
        .join(release_years(source.facts("date", "subject", iris)), on="iri", how="left", maintain_order="left")
        .join(imdb_ids(source.facts("imdb_id", "subject", iris)), on="iri", how="left", maintain_order="left")
        .join(said.drop("name"), on="iri", how="left", maintain_order="left", suffix="_item")
    )
    is_work = pl.col("kind").cast(pl.String).is_in(["film", "series", "work"]) | pl.col("is_item")
    year = pl.coalesce(parse_label("label").struct.field("year"), "year", "year_item")
    # Nothing tells what these items are; the data sets that are read here recommend films.
    item_of_unknown_kind = pl.col("is_item") & (pl.col("kind").cast(pl.String) == "other")
    return facts.with_columns(
        pl.when(is_work).then(year).alias("year"),
        pl.coalesce("imdb_id", "imdb_id_item").alias("imdb_id"),
        pl.when(item_of_unknown_kind).then(pl.lit("film")).otherwise(pl.col("kind").cast(pl.String)).alias("kind"),
        pl.col("types").fill_null(pl.lit([], pl.List(pl.String))),
    ).drop("year_item", "imdb_id_item")


def best_labels(triples: pl.DataFrame, languages: Sequence[str]) -> pl.DataFrame:
    """Choose one label an entity: by language in the given order, then without one, then any; the smallest of equals.

    Args:
        triples: subject, object, lang.
        languages: tags, the preferred first.
    """
    unwanted = RANKS_A_TAG * len(languages)
    rank = pl.when(pl.col("lang").is_null()).then(unwanted).otherwise(language_rank(pl.col("lang"), languages))
    return (
        triples.select(iri="subject", label="object", rank=rank.fill_null(unwanted + 1), lang="lang")
        .filter(pl.col("label") != "")
        .sort("iri", "rank", "lang", "label")
        .unique("iri", keep="first", maintain_order=True)
        .select("iri", "label")
    )


def number_relations(edges: pl.DataFrame, inverse: bool) -> pl.DataFrame:
    """Make the table of relations (`kgprep.artifacts.RELATIONS`): by IRI, then their inverses in the same order.

    Args:
        edges: head, predicate, tail (IRIs).
        inverse: whether each relation gets an inverse.

    Raises:
        KgprepError: there are more relations than ids.
    """
    relations = edges["predicate"].n_unique() * (2 if inverse else 1)
    if relations > _MOST_RELATIONS:
        raise KgprepError(
            f"the graph has {relations:,} relations{' with their inverses' if inverse else ''}, and a bundle holds"
            f" {_MOST_RELATIONS:,}: keep fewer with --relations or --min-relation-count, or leave out inverses"
        )
    forward = (
        edges.group_by("predicate")
        .agg(pl.len().alias("edges"))
        .sort("predicate")
        .select(iri="predicate", name=local_name(pl.col("predicate")), edges="edges", inverse_of=pl.lit(None, pl.Int16))
        .with_row_index("relation_id")
    )
    if not inverse:
        return forward
    backward = forward.with_columns(
        pl.col("relation_id") + forward.height,
        pl.col("name") + "_inverse",
        pl.col("relation_id").cast(pl.Int16).alias("inverse_of"),
    )
    return pl.concat([forward, backward])


def with_ids_of_ends(edges: pl.DataFrame, entities: pl.DataFrame) -> pl.DataFrame:
    """Add head_id and tail_id to edges.

    Args:
        edges: head, predicate, tail (IRIs).
        entities: entity_id, iri.
    """
    ids = entities.select("iri", "entity_id")
    return edges.join(ids.rename({"iri": "head", "entity_id": "head_id"}), on="head").join(
        ids.rename({"iri": "tail", "entity_id": "tail_id"}), on="tail"
    )


def number_edges(edges: pl.DataFrame, entities: pl.DataFrame, relations: pl.DataFrame) -> pl.DataFrame:
    """Write edges with ids (`kgprep.artifacts.EDGES`), inverse ones included where the relations have them.

    Args:
        edges: head, predicate, tail (IRIs).
        entities: entity_id, iri.
        relations: what `number_relations` returned.
    """
    numbered = with_ids_of_ends(edges, entities).join(
        relations.select(predicate="iri", relation="relation_id", inverse_of="inverse_of"), on="predicate"
    )
    forward = pl.col("inverse_of").is_null()
    return numbered.select(
        pl.when(forward).then("head_id").otherwise("tail_id").alias("head"),
        "relation",
        pl.when(forward).then("tail_id").otherwise("head_id").alias("tail"),
    ).sort("head", "relation", "tail")
