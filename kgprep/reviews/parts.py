"""Attached reviews in parts: which review is of which entity, and the texts of some entities at a time.

Notable here: all reviews of an entity lie in one part, entities in the order of their ids, so the parts are the same
whatever the order of the corpora, and what is made of them in turn is sorted by entity.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from kgprep.counts import Count
from kgprep.reviews.attach import attach_reviews
from kgprep.reviews.choose import Graph
from kgprep.reviews.gathered import GatheredReviews

BYTES_A_PART = 48 * 2**20
"""Text that is cut, ranked and linked at a time; the rarity of words is counted over one part."""
_KEYS = ("review_id", "imdb_id", "film_title", "film_title_other", "film_year")


@dataclass(frozen=True)
class AttachedReviews:
    """The reviews whose entity is known; their texts stay on disk."""

    gathered: GatheredReviews
    rows: pl.DataFrame
    """row u32 · entity_id i32 · part u32, sorted by row."""
    counts: tuple[Count, ...]

    @property
    def number(self) -> int:
        """How many parts there are; without any review one, which is empty."""
        return max(self.rows["part"].n_unique(), 1)

    @property
    def reviewed(self) -> pl.DataFrame:
        """The entities that have a review: entity_id, sorted."""
        return self.rows.select("entity_id").unique().sort("entity_id")

    def parts(self) -> Iterator[pl.DataFrame]:
        """Yield the reviews in the columns of `CLEAN` and entity_id, sorted by entity and review."""
        for part in range(self.number):
            rows = self.rows.filter(pl.col("part") == part).select("row", "entity_id")
            yield self.gathered.some(rows).drop("row").sort("entity_id", "review_id")


def attach(gathered: GatheredReviews, graph: Graph, bytes_a_part: int = BYTES_A_PART) -> AttachedReviews:
    """Find the entity of each review, and deal entities out to parts.

    Args:
        gathered: the reviews.
        graph: of the bundle.
        bytes_a_part: most text in a part, unless one entity has more.
    """
    text = pl.col("text")
    keys = gathered.numbered().select("row", *_KEYS, digest=text.hash(), bytes=text.str.len_bytes().cast(pl.Int64))
    attached, counts = attach_reviews(keys.collect(), graph.entities, graph.items, graph.aliases)
    # One corpus may know a film by its id and another by its title.
    once = attached.sort("review_id").unique(("entity_id", "digest"), keep="first", maintain_order=True)
    distinct = once.unique("review_id", keep="first", maintain_order=True)
    of_duplicates = Count("attached reviews that are no exact duplicates", distinct.height, attached.height)
    parts = (
        distinct.group_by("entity_id")
        .agg(pl.col("bytes").sum())
        .sort("entity_id")
        .select("entity_id", part=((pl.col("bytes").cum_sum() - 1) // bytes_a_part).rle_id())
    )
    rows = distinct.join(parts, on="entity_id").select("row", "entity_id", "part").sort("row")
    return AttachedReviews(gathered, rows, (*counts, of_duplicates))
