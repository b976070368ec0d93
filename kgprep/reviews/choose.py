"""Which sentences reviews offer to entities: those of an entity's own reviews, and those of others that name it.

Notable here:
- sentences are ranked by their words before anything is linked, so that only the best of each entity are linked;
- what the links show, whom a sentence names, then decides the score;
- people and works without reviews may take a sentence from the review of a work beside them in the graph;
- reviews come in parts, and all reviews of an entity lie in one, so memory follows the part.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from kgprep.counts import Count
from kgprep.linking.disambiguate import both_ways
from kgprep.linking.linker import EntityLinker
from kgprep.reviews import select
from kgprep.reviews.diverse import most_diverse
from kgprep.reviews.english import LineCutter
from kgprep.reviews.gathered import let_go
from kgprep.reviews.mentions import link_sentences
from kgprep.reviews.records import is_chinese
from kgprep.reviews.sentences import split_sentences

# A sentence in another language than the dialogues' is a last resort.
_FOREIGN = 0.3
# One that gives the plot away should not be what a recommender says.
_SPOILER = 0.3
# A borrowed sentence speaks of something else too: below this it is no better than a description.
_BORROWED_AT_LEAST = 0.3
# So many sentences are linked for each that is kept.
_LINKED_PER_KEPT = 4


@dataclass(frozen=True)
class Graph:
    """The tables of the bundle that reviews are aligned with, and what follows from them once."""

    entities: pl.DataFrame
    edges: pl.DataFrame
    aliases: pl.DataFrame
    descriptions: pl.DataFrame
    items: pl.DataFrame

    @cached_property
    def language(self) -> str:
        """The language that most items are named in: en or zh."""
        chinese = self.items.filter(is_chinese(pl.col("name"))).height
        return "zh" if chinese > self.items.height / 2 else "en"

    @cached_property
    def neighbours(self) -> pl.DataFrame:
        """The pairs of entities that an edge joins, both ways round: head, tail."""
        return both_ways(self.edges).sort("head", "tail")

    @cached_property
    def known_words(self) -> pl.DataFrame:
        """What each entity is known by: entity_id · word, of its descriptions, its name and its neighbours' names."""
        labels = self.entities.select(pl.col("entity_id").alias("tail"), pl.col("label").alias("text"))
        names = self.neighbours.join(labels, on="tail").select(pl.col("head").alias("entity_id"), "text")
        own = self.entities.select("entity_id", pl.col("label").alias("text"))
        return select.neighbourhood_words(pl.concat([self.descriptions.select("entity_id", "text"), names, own]))


@dataclass(frozen=True)
class Limits:
    """How long sentences may be, how many an entity keeps, and who may borrow how many."""

    max_tokens: int
    min_words: int
    per_entity: int
    borrowing_kinds: tuple[str, ...]
    borrowed_per_entity: int


@dataclass(frozen=True)
class Offer:
    """What a part of the reviews offers, and the counts of how it came about.

    Both frames of sentences hold row u32 · review_id · entity_id · position · text · score f32 · rank u32; a row is a
    sentence as it stands in a review, and `links` hold row · start · end · word · entity_id · score.
    """

    own: pl.DataFrame
    borrowed: pl.DataFrame
    links: pl.DataFrame
    counts: tuple[Count, ...]


_COLUMNS = ("row", "review_id", "entity_id", "position", "text", "score", "rank")
_FEATURES = ("related", "neighbours", "subject", "said", "made")
_SCORE = select.score(*(pl.col(name) for name in _FEATURES))


def offer_sentences(
    reviews: pl.DataFrame,
    graph: Graph,
    linker: EntityLinker,
    borrowers: pl.DataFrame,
    limits: Limits,
    cut: LineCutter | None = None,
) -> Offer:
    """Choose the sentences that some reviews offer to the entities they speak of.

    Args:
        reviews: review_id, entity_id, text, lang, rating, helpful, spoiler; all those of their entities.
        graph: of the bundle.
        linker: of its entities.
        borrowers: entity_id of the entities that have no review and may borrow.
        limits: for length and number.
        cut: cuts English lines into sentences; by default this process does.
    """
    ranked, counts = _rank_sentences(reviews, graph, limits, cut)
    links = link_sentences(linker, ranked)
    scored = _score_with_links(ranked, links, graph)
    own = most_diverse(scored, limits.per_entity)
    lent = _lend(scored, links, borrowers, graph)
    borrowed = most_diverse(lent, min(limits.borrowed_per_entity, limits.per_entity))
    kept = pl.concat([own.select("row"), borrowed.select("row")]).unique()
    return Offer(
        own=let_go(own.select(*_COLUMNS)),
        borrowed=let_go(borrowed.select(*_COLUMNS)),
        links=let_go(links.join(kept, on="row", how="semi")),
        counts=(*counts, Count("links in those sentences", links.height)),
    )


def _rank_sentences(
    reviews: pl.DataFrame, graph: Graph, limits: Limits, cut: LineCutter | None
) -> tuple[pl.DataFrame, list[Count]]:
    """Cut reviews into sentences and keep the best of each entity by their words alone.

    Returns:
        row u32, review_id, entity_id, position, text, the features and score; and counts.
    """
    numbered = reviews.sort("entity_id", "review_id").with_row_index("review")
    columns = ("review", "review_id", "entity_id", "text", "lang", "rating", "helpful", "spoiler")
    sentences, counts = split_sentences(numbered.select(columns), limits.max_tokens, limits.min_words, cut)
    distinct = sentences.sort("review", "position").unique(("entity_id", "text"), keep="first", maintain_order=True)
    scored = distinct.with_columns(
        related=select.relatedness(distinct, graph.known_words),
        neighbours=pl.lit(0, pl.UInt32),
        subject=pl.when(select.speaks_of_work(pl.col("text"))).then(0.5).otherwise(0.0),
        said=select.opinion(pl.col("rating"), pl.col("helpful")),
        made=select.form(pl.col("text"), pl.col("tokens"), pl.col("is_part"))
        * pl.when(pl.col("lang") == graph.language).then(1.0).otherwise(_FOREIGN)
        * pl.when(pl.col("spoiler").fill_null(False)).then(_SPOILER).otherwise(1.0),
    )
    number = _LINKED_PER_KEPT * limits.per_entity
    best = (
        scored.with_columns(score=_SCORE)
        .sort("entity_id", -pl.col("score"), "review_id", "position")
        .group_by("entity_id", maintain_order=True)
        .head(number)
    )
    what = f"sentences that are looked at closely, at most {number} an entity"
    return best.with_row_index("row"), [*counts, Count(what, best.height, sentences.height)]


def _score_with_links(ranked: pl.DataFrame, links: pl.DataFrame, graph: Graph) -> pl.DataFrame:
    """Score sentences again, now that it is known whom they name."""
    named = links.select("row", pl.col("entity_id").alias("named")).unique()
    pairs = ranked.select("row", "entity_id").join(named, on="row")
    neighbours = (
        pairs.join(graph.neighbours, left_on=("entity_id", "named"), right_on=("head", "tail"), how="semi")
        .group_by("row")
        .agg(pl.len().alias("neighbours"))
    )
    itself = pairs.filter(pl.col("entity_id") == pl.col("named")).select("row", names_itself=True)
    joined = (
        ranked.drop("neighbours")
        .join(neighbours, on="row", how="left", maintain_order="left")
        .join(itself, on="row", how="left", maintain_order="left")
    )
    known = joined.with_columns(
        pl.col("neighbours").fill_null(0), subject=pl.when("names_itself").then(1.0).otherwise(pl.col("subject"))
    )
    return known.with_columns(score=_SCORE)


def _lend(own: pl.DataFrame, links: pl.DataFrame, borrowers: pl.DataFrame, graph: Graph) -> pl.DataFrame:
    """Return the sentences that name a borrower, as the borrower's, lowered by the link's score."""
    named = (
        links.join(borrowers, on="entity_id", how="semi").group_by("row", "entity_id").agg(link=pl.col("score").max())
    )
    offered = own.rename({"entity_id": "reviewed"}).join(named, on="row")
    # Only from the review of a work beside the borrower in the graph, never from a passing comparison.
    related = offered.join(graph.neighbours, left_on=("reviewed", "entity_id"), right_on=("head", "tail"), how="semi")
    scored = related.with_columns(score=(pl.col("score") * pl.col("link")).cast(pl.Float32))
    return scored.filter(pl.col("score") > _BORROWED_AT_LEAST)
