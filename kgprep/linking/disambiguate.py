"""Which of the entities of one name is meant, from priors, kinds, years and what is already in play.

Notable here:
- every candidate gets a weight, the product of independent hints; its share of all weights of its name is its chance;
- what people spoke of in the training dialogues is what they speak of;
- a neighbour in the graph of something already spoken of weighs more, the thing itself more still; what was said long
  ago weighs less.
"""

from __future__ import annotations

import polars as pl

from kgprep.linking.evidence import IS_WORK

KIND_WEIGHTS = {
    "genre": 1.5,
    "film": 1.0,
    "person": 1.0,
    "organisation": 0.8,
    "series": 0.6,
    "place": 0.6,
    "other": 0.3,
    "work": 0.1,
}
LISTED_FORM = 4.0
"""A word listed for a genre or a country names that node, not a second node of the graph with this very label."""
SAME_YEAR = 8.0
OTHER_YEAR = 0.1
IN_PLAY = 6.0
NEIGHBOUR_IN_PLAY = 3.0
PART_IN_PLAY = 0.5
"""The prior of a surname or first name of somebody in play."""

SAID_OF_OTHERS = 10.0
"""How often people speak of what data sets do not mark, people and genres, beside the films that they do."""

LEAST_PRIOR = 1e-6
"""A prior of zero would leave a name whose candidates all have it without any share to give."""

PLAY = pl.Schema({"text": pl.UInt32, "entity_id": pl.Int32, "weight": pl.Float32, "start": pl.Int32})
"""What is spoken of in a text: how much it weighs, in (0, 1], and where it stands in the text, -1 if before it."""


def both_ways(edges: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs of entities that an edge joins, in both directions: head, tail."""
    pairs = edges.select("head", "tail")
    return pl.concat([pairs, pairs.select(head="tail", tail="head")]).unique()


def add_play(candidates: pl.DataFrame, play: pl.DataFrame, neighbours: pl.DataFrame) -> pl.DataFrame:
    """Add how much a candidate, or a neighbour of it in the graph, is already in play in its text.

    Args:
        candidates: text u32, start i32, entity_id i32 and others.
        play: `PLAY`.
        neighbours: head i32, tail i32, each pair in both directions.

    Returns:
        The candidates with mentioned f32 and near f32, in [0, 1], in their order.
    """
    numbered = candidates.with_row_index("candidate")
    # A hub in play has neighbours by the thousand, of which a few are candidates.
    pairs = neighbours.join(candidates, left_on="tail", right_on="entity_id", how="semi")
    beside = play.join(pairs, left_on="entity_id", right_on="head").drop("entity_id").rename({"tail": "entity_id"})
    mentioned = _strongest(numbered, play).rename({"weight": "mentioned"})
    near = _strongest(numbered, beside).rename({"weight": "near"})
    flagged = numbered.join(mentioned, on="candidate", how="left", maintain_order="left").join(
        near, on="candidate", how="left", maintain_order="left"
    )
    return flagged.with_columns(pl.col("mentioned", "near").fill_null(0.0)).drop("candidate")


def _strongest(candidates: pl.DataFrame, play: pl.DataFrame) -> pl.DataFrame:
    """Return candidate, weight: how strongly its entity is in play elsewhere, for a mention is no evidence for itself.

    Two mentions of an entity are enough to look at, since one of them stands elsewhere; so a long text costs no more
    than it has names.
    """
    places = play.group_by("text", "entity_id", known_start="start").agg(pl.col("weight").max())
    two = places.sort("weight", descending=True).group_by("text", "entity_id").head(2)
    pairs = candidates.select("candidate", "text", "entity_id", "start").join(two, on=["text", "entity_id"])
    elsewhere = pairs.filter(pl.col("start") != pl.col("known_start"))
    return elsewhere.group_by("candidate").agg(pl.col("weight").max())


def weight() -> pl.Expr:
    """Return the weight of a candidate; reads prior, said, kind, sort, year, entity_year, mentioned, near."""
    kind = pl.col("kind").replace_strict(KIND_WEIGHTS, return_dtype=pl.Float64)
    differs = (pl.col("year") - pl.col("entity_year")).abs()
    year = pl.when(differs.is_null()).then(1.0).when(differs <= 1).then(SAME_YEAR).otherwise(OTHER_YEAR)
    play = pl.max_horizontal(1 + (IN_PLAY - 1) * pl.col("mentioned"), 1 + (NEIGHBOUR_IN_PLAY - 1) * pl.col("near"))
    listed = pl.when(pl.col("sort").is_in(["genre", "nationality"])).then(LISTED_FORM).otherwise(1.0)
    known_part = (pl.col("sort") == "partial") & ((pl.col("mentioned") > 0) | (pl.col("near") > 0))
    prior = pl.when(known_part).then(PART_IN_PLAY).otherwise(pl.col("prior").cast(pl.Float64).clip(LEAST_PRIOR))
    said = (
        pl.when(IS_WORK).then(pl.col("said").cast(pl.Float64) + 1).otherwise(SAID_OF_OTHERS).fill_null(SAID_OF_OTHERS)
    )
    return prior * said * kind * listed * year * play
