"""The table reviews/sentences: what reviews offer, and what stands in where they say too little.

Notable here:
- a description stands in where no sentence of a review reaches DESCRIPTION_SCORE, words made of the entity's edges
  where none reaches EDGES_SCORE; the sentences they go before stay, after them;
- which of the three an entity's best sentence is, is counted.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from kgprep.artifacts import SentenceSourceEnum
from kgprep.counts import Count
from kgprep.reviews.choose import Graph, Limits, Offer
from kgprep.reviews.english import LineCutter
from kgprep.reviews.sentences import first_sentences, shorten

DESCRIPTION_SCORE = 0.3
"""A description says what the entity is, but holds no opinion of it: below what a good review sentence reaches."""
EDGES_SCORE = 0.15
"""Words put together from edges say less than a description, and still more than chatter."""


def sentence_table(
    offers: Sequence[Offer], graph: Graph, limits: Limits, cut: LineCutter | None = None
) -> tuple[pl.DataFrame, pl.DataFrame, list[Count]]:
    """Put the sentences of all parts together, let descriptions stand in, and number them.

    Args:
        offers: of the parts, in order; an entity has sentences of its own in one of them only.
        graph: of the bundle.
        limits: for the number of borrowed sentences.
        cut: cuts English lines into sentences; by default this process does.

    Returns:
        The tables reviews/sentences and reviews/mentions, and the coverage.
    """
    own, borrowed, links = (
        _of_all(frames) for frames in zip(*((offer.own, offer.borrowed, offer.links) for offer in offers), strict=True)
    )
    most = min(limits.borrowed_per_entity, limits.per_entity)
    lent = (
        borrowed.sort("entity_id", -pl.col("score"), "row")
        .group_by("entity_id", maintain_order=True)
        .head(most)
        .select(own.columns)
    )
    reviewed = pl.concat([own, lent]).with_columns(source=pl.lit("review", SentenceSourceEnum))
    standing_in = _standing_in(reviewed, graph, limits.max_tokens, cut)
    every = pl.concat([reviewed.with_columns(pl.col("rank").cast(pl.Int64)), standing_in], how="diagonal")
    numbered = every.sort("entity_id", "rank", -pl.col("score"), "row").with_row_index("sentence_id")
    rows = numbered.filter(pl.col("row").is_not_null()).select("sentence_id", "row")
    mentions = rows.join(links.unique(), on="row").sort("sentence_id", "start", "end")
    return numbered, mentions, _coverage(numbered, own, lent, graph)


def _of_all(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return the frames of all parts as one, with rows that no two parts share."""
    return pl.concat(
        frame.with_columns(row=pl.col("row").cast(pl.Int64) + (number << 32)) for number, frame in enumerate(frames)
    )


def _standing_in(reviewed: pl.DataFrame, graph: Graph, max_tokens: int, cut: LineCutter | None) -> pl.DataFrame:
    """Return the sentence that goes before those of reviews, or stands alone, for each entity that needs one."""
    is_made = pl.col("source").cast(pl.String) == "edges"
    best = reviewed.group_by("entity_id").agg(pl.col("score").max().alias("best"))
    lacking = (
        graph.descriptions.with_columns(
            score=pl.when(is_made).then(EDGES_SCORE).otherwise(DESCRIPTION_SCORE).cast(pl.Float32),
            foreign=pl.col("lang") != graph.language,
        )
        .join(best, on="entity_id", how="left")
        .filter(pl.col("best").is_null() | (pl.col("best") < pl.col("score")))
        .sort("entity_id", "foreign", is_made, "lang")
        .unique("entity_id", keep="first", maintain_order=True)
    )
    told, made = lacking.filter(~is_made), lacking.filter(is_made)
    first = told.with_columns(
        text=first_sentences(told, max_tokens, cut), source=pl.lit("description", SentenceSourceEnum)
    )
    short = made.with_columns(text=shorten(pl.col("text"), max_tokens), source=pl.lit("edges", SentenceSourceEnum))
    columns = ("entity_id", "text", "score", "source")
    return pl.concat([first.select(columns), short.select(columns)]).with_columns(
        position=pl.lit(0, pl.Int16), rank=pl.lit(-1, pl.Int64)
    )


def _coverage(sentences: pl.DataFrame, own: pl.DataFrame, borrowed: pl.DataFrame, graph: Graph) -> list[Count]:
    total = graph.entities.height
    best = sentences.unique("entity_id", keep="first", maintain_order=True)
    sources = best["source"].cast(pl.String)
    items = graph.entities.filter("is_item")
    return [
        Count("entities with a sentence of their own reviews", own["entity_id"].n_unique(), total),
        Count("entities with a sentence of a review that names them", borrowed["entity_id"].n_unique(), total),
        Count("entities whose best sentence is a review's", int((sources == "review").sum()), total),
        Count("entities whose best sentence is a description's", int((sources == "description").sum()), total),
        Count("entities whose best sentence is made of edges", int((sources == "edges").sum()), total),
        Count("entities with a sentence", best.height, total),
        Count("items with a sentence", items.join(best, on="entity_id", how="semi").height, items.height),
    ]
