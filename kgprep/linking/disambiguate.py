"""Which of the entities of one name is meant, from priors, kinds, years and what is already in play.

Notable here:
- every candidate gets a weight, the product of independent hints; its share of all weights of its name is its chance;
- a neighbour in the graph of something already mentioned weighs more, the thing itself more still.
"""

from __future__ import annotations

import polars as pl

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
GENRE_FORM = 4.0
"""A form listed for a genre names that node, not a second node of the graph with this very label."""
SAME_YEAR = 8.0
OTHER_YEAR = 0.1
IN_PLAY = 6.0
NEIGHBOUR_IN_PLAY = 3.0
LEAST_PRIOR = 1e-6
"""A prior of zero would leave a name whose candidates all have it without any share to give."""


def add_play(candidates: pl.DataFrame, context: pl.DataFrame, edges: pl.DataFrame) -> pl.DataFrame:
    """Add whether a candidate, or a neighbour of it in the graph, is already in play in its text.

    Args:
        candidates: text u32, entity_id i32 and others.
        context: text u32, entity_id i32: what is known to be spoken of in each text.
        edges: head i32, tail i32.

    Returns:
        The candidates with is_mentioned bool and in_play bool (it or a neighbour), in their order.
    """
    numbered = candidates.with_row_index("candidate")
    pairs = numbered.select("candidate", "text", "entity_id").join(
        context.select("text", pl.col("entity_id").alias("known")), on="text"
    )
    itself = pairs.filter(pl.col("entity_id") == pl.col("known"))["candidate"].unique()
    linked = pl.concat(
        [
            pairs.join(edges, left_on=["entity_id", "known"], right_on=["head", "tail"], how="semi")["candidate"],
            pairs.join(edges, left_on=["known", "entity_id"], right_on=["head", "tail"], how="semi")["candidate"],
        ]
    ).unique()
    flagged = numbered.with_columns(
        is_mentioned=pl.col("candidate").is_in(itself.implode()),
        in_play=pl.col("candidate").is_in(pl.concat([itself, linked]).implode()),
    )
    return flagged.drop("candidate")


def weight() -> pl.Expr:
    """Return the weight of a candidate; reads prior, kind, genre_form, year, entity_year, is_mentioned, in_play."""
    kind = pl.col("kind").replace_strict(KIND_WEIGHTS, return_dtype=pl.Float64)
    differs = (pl.col("year") - pl.col("entity_year")).abs()
    year = pl.when(differs.is_null()).then(1.0).when(differs <= 1).then(SAME_YEAR).otherwise(OTHER_YEAR)
    play = pl.when("is_mentioned").then(IN_PLAY).when("in_play").then(NEIGHBOUR_IN_PLAY).otherwise(1.0)
    genre = pl.when("genre_form").then(GENRE_FORM).otherwise(1.0)
    return pl.col("prior").cast(pl.Float64).clip(lower_bound=LEAST_PRIOR) * kind * genre * year * play
