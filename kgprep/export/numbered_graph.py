"""The graph with the numbers that CRSLab and its relatives expect.

Notable here:
- entity ids are ours plus one, since 0 pads;
- their loaders add inverse edges themselves and give self-loops the relation 185, so only forward edges are kept and
  no relation of ours gets that number;
- each item has a self-loop, so that an item without edges is a node too.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from kgprep.counts import Count

SELF_LOOP = 185


@dataclass(frozen=True)
class NumberedGraph:
    """Ids by name, `pairs` of relation and tail by head, the items' ids, and what was counted on the way."""

    entity_ids: dict[str, int]
    relation_ids: dict[str, int]
    pairs: dict[int, list[list[int]]]
    item_ids: list[int]
    inverse_edges: int
    counts: tuple[Count, ...]


def bracketed_iri() -> pl.Expr:
    """Return the name of an entity in these forms: its IRI in angle brackets."""
    return pl.lit("<") + pl.col("iri") + pl.lit(">")


def numbered_graph(entities: pl.DataFrame, relations: pl.DataFrame, edges: pl.DataFrame) -> NumberedGraph:
    """Return the graph of the bundle's tables in numbers."""
    forward = _forward(relations)
    items = entities.filter("is_item").select(head=pl.col("entity_id") + 1)
    loops = items.select("head", number=pl.lit(SELF_LOOP, dtype=pl.Int64), tail="head")
    kept = edges.join(forward, on="relation", how="inner").select(pl.col("head") + 1, "number", pl.col("tail") + 1)
    grouped = (
        pl.concat([kept, loops])
        .sort("head", "number", "tail")
        .group_by("head", maintain_order=True)
        .agg(pairs=pl.concat_list("number", "tail"))
    )
    names = entities.select(bracketed_iri()).to_series()
    return NumberedGraph(
        entity_ids=dict(zip(names, entities["entity_id"] + 1, strict=True)),
        relation_ids=dict(zip(forward["iri"], forward["number"], strict=True)),
        pairs=dict(zip(grouped["head"], grouped["pairs"].to_list(), strict=True)),
        item_ids=items["head"].to_list(),
        inverse_edges=edges.height - kept.height,
        counts=(
            Count("entities", entities.height),
            Count("items", items.height, entities.height),
            Count("forward edges", kept.height, edges.height),
            Count("self-loops of items", loops.height),
        ),
    )


def _forward(relations: pl.DataFrame) -> pl.DataFrame:
    """Return the forward relations with their number, which steps over that of self-loops."""
    index = pl.int_range(pl.len())
    return relations.filter(pl.col("inverse_of").is_null()).select(
        "iri",
        relation="relation_id",
        number=pl.when(index < SELF_LOOP).then(index).otherwise(index + 1),
    )
