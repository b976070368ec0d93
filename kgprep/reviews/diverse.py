"""Several sentences of one entity that do not all say the same: maximal marginal relevance.

Carbonell and Goldstein, SIGIR 1998. Notable here:
- all entities choose at the same time, one sentence each a round;
- how alike two sentences are is the Jaccard index of their words.
"""

from __future__ import annotations

import polars as pl

from kgprep.reviews.select import sentence_words

RELEVANCE = 0.7
"""Weight of the score; the rest is that of being unlike what is chosen already."""


def most_diverse(sentences: pl.DataFrame, number: int) -> pl.DataFrame:
    """Keep the sentences of each entity that score high and are unlike one another.

    The first is the best one. Each next one has the highest RELEVANCE * score - (1 - RELEVANCE) * likeness, where
    likeness is that to the chosen sentence it is most like; of equals the one with the lower row.

    Args:
        sentences: row u32 (distinct), entity_id i32, text str, score f32, and any other columns.
        number: the most that an entity keeps.

    Returns:
        The rows that are kept with rank u32, the order they were chosen in, from 0; sorted by entity and rank.
    """
    words = (
        sentence_words(sentences)
        .join(sentences.select("entity_id", sentence="row").with_row_index("row"), on="row")
        .select(pl.col("sentence").alias("row"), word=pl.struct("entity_id", "word").hash())
    )
    sizes = words.group_by("row").agg(pl.len().alias("size"))
    left = (
        sentences.select("row", "entity_id", "score")
        .join(sizes, on="row", how="left", maintain_order="left")
        .with_columns(pl.col("size").fill_null(0), likeness=pl.lit(0.0))
    )
    chosen = []
    for rank in range(number):
        picked = (
            left.with_columns(value=RELEVANCE * pl.col("score") - (1 - RELEVANCE) * pl.col("likeness"))
            .sort("entity_id", -pl.col("value"), "row")
            .unique("entity_id", keep="first", maintain_order=True)
        )
        if picked.is_empty():
            break
        chosen.append(picked.select("row", rank=pl.lit(rank, pl.UInt32)))
        left = left.join(picked, on="row", how="anti", maintain_order="left")
        left = _with_likeness(left, picked, words)
    ranks = pl.concat(chosen) if chosen else pl.DataFrame(schema={"row": pl.UInt32, "rank": pl.UInt32})
    return sentences.join(ranks, on="row").sort("entity_id", "rank")


def _with_likeness(left: pl.DataFrame, picked: pl.DataFrame, words: pl.DataFrame) -> pl.DataFrame:
    """Raise each sentence's likeness to that with the one its entity has just picked."""
    said = words.join(picked, on="row", how="semi").select("word")
    shared = words.join(said, on="word", how="semi").group_by("row").agg(pl.len().alias("shared"))
    sizes = picked.select("entity_id", picked_size="size")
    both = left.join(shared, on="row", how="left", maintain_order="left").join(
        sizes, on="entity_id", how="left", maintain_order="left"
    )
    either = pl.col("size") + pl.col("picked_size") - pl.col("shared")
    alike = (pl.col("shared") / either).fill_null(0.0)
    return both.with_columns(likeness=pl.max_horizontal("likeness", alike)).select(left.columns)
