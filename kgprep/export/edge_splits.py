"""Edges dealt out for link prediction: a seeded part of the pairs of entities for validation and for test.

Notable here:
- an edge, its inverse and all other edges of the same two entities go to one part, so none gives another away;
- training is given at least one edge of every entity and relation, because models of links know no others;
- the deal depends on the pairs alone: with inverse edges or without, a pair lies in the same part.
"""

from __future__ import annotations

import polars as pl

HELD_OUT = 10
"""One pair in so many is held out for each of validation and test."""


def with_splits(edges: pl.DataFrame) -> pl.DataFrame:
    """Return the edges, sorted, with the column `split`: train, valid or test."""
    pair = pl.struct(one=pl.min_horizontal("head", "tail"), other=pl.max_horizontal("head", "tail"))
    # Knuth's multiplicative hash of the pair's place: polars' own may change from version to version.
    drawn = (pair.rank("dense").cast(pl.UInt64) * 2_654_435_761 % 2**32) // 2**16 % HELD_OUT
    dealt = edges.sort("head", "relation", "tail").with_columns(
        pair=pair,
        split=pl.when(drawn == 0)
        .then(pl.lit("valid"))
        .when(drawn == 1)
        .then(pl.lit("test"))
        .otherwise(pl.lit("train")),
    )
    trained = dealt.filter(split="train")
    known = pl.concat([trained["head"], trained["tail"]]).unique()
    is_new = ~pl.col("head").is_in(known.implode()) | ~pl.col("tail").is_in(known.implode())
    new_relation = ~pl.col("relation").is_in(trained["relation"].unique().implode())
    needed = dealt.filter((pl.col("split") != "train") & (is_new | new_relation)).select("pair").unique()
    moved = dealt.join(needed.with_columns(is_needed=pl.lit(True)), on="pair", how="left", maintain_order="left")
    return moved.with_columns(
        split=pl.when(pl.col("is_needed").fill_null(False)).then(pl.lit("train")).otherwise("split")
    ).drop("pair", "is_needed")
