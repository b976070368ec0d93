"""Which sentences an entity keeps: those of its own reviews, those of others that name it, or its description's first.

Notable here:
- sentences are ranked by their words before anything is linked, so that only the best of each entity are linked;
- what the links show, whom a sentence names, then decides the order;
- people may take a sentence from the review of a work they have a part in; every other entity without a review gets the
  first sentence of its description.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from kgprep.linking.disambiguate import both_ways
from kgprep.provenance import Count
from kgprep.reviews import select
from kgprep.reviews.records import is_chinese
from kgprep.reviews.sentences import first_sentence, split_sentences

# A sentence in another language than the dialogues' is a last resort.
_FOREIGN = 0.3
# One that gives the plot away should not be what a recommender says.
_SPOILER = 0.3
_ORDER = ["entity_id", "score", "review_id", "position"]
_DESCENDING = [False, True, False, False]


@dataclass(frozen=True)
class Graph:
    """The tables of the bundle that reviews are aligned with."""

    entities: pl.DataFrame
    edges: pl.DataFrame
    aliases: pl.DataFrame
    descriptions: pl.DataFrame
    items: pl.DataFrame

    @property
    def language(self) -> str:
        """The language that most items are named in: en or zh."""
        chinese = self.items.filter(is_chinese(pl.col("name"))).height
        return "zh" if chinese > self.items.height / 2 else "en"

    def neighbours(self) -> pl.DataFrame:
        """Return the pairs of entities that an edge joins, both ways round: head, tail."""
        return both_ways(self.edges).sort("head", "tail")


@dataclass(frozen=True)
class Limits:
    """How long sentences may be, and how many an entity keeps."""

    max_tokens: int
    min_words: int
    per_entity: int
    borrowing_kinds: tuple[str, ...]
    borrowed_per_entity: int


def rank_sentences(reviews: pl.DataFrame, graph: Graph, limits: Limits) -> tuple[pl.DataFrame, list[Count]]:
    """Cut reviews into sentences and keep the best of each entity by their words alone.

    Args:
        reviews: review_id, entity_id, text, lang, rating, helpful, spoiler.
        graph: of the bundle.
        limits: for length and number.

    Returns:
        row u32, review_id, entity_id, position, text, and the features of `select.score`; and counts.
    """
    numbered = reviews.sort("entity_id", "review_id").with_row_index("review")
    columns = ("review", "review_id", "entity_id", "text", "lang", "rating", "helpful", "spoiler")
    cut, counts = split_sentences(numbered.select(columns), limits.max_tokens, limits.min_words)
    distinct = cut.sort("review", "position").unique(("entity_id", "text"), keep="first", maintain_order=True)
    scored = distinct.with_columns(
        related=select.relatedness(distinct, _background(graph)),
        neighbours=pl.lit(0, pl.UInt32),
        subject=pl.when(select.speaks_of_work(pl.col("text"))).then(0.5).otherwise(0.0),
        said=select.opinion(pl.col("rating"), pl.col("helpful")),
        made=select.form(pl.col("text"), pl.col("tokens"), pl.col("is_part"))
        * pl.when(pl.col("lang") == graph.language).then(1.0).otherwise(_FOREIGN)
        * pl.when(pl.col("spoiler").fill_null(False)).then(_SPOILER).otherwise(1.0),
    )
    best = _best(scored.with_columns(score=_SCORE), limits.per_entity)
    what = f"sentences kept, at most {limits.per_entity} an entity"
    return best.with_row_index("row"), [*counts, Count(what, best.height, cut.height)]


_SCORE = select.score(*(pl.col(name) for name in ("related", "neighbours", "subject", "said", "made")))


def _best(sentences: pl.DataFrame, number: int) -> pl.DataFrame:
    return sentences.sort(_ORDER, descending=_DESCENDING).group_by("entity_id", maintain_order=True).head(number)


def _background(graph: Graph) -> pl.DataFrame:
    """Return what is known of each entity in words: its descriptions, its name and its neighbours' names."""
    labels = graph.entities.select(pl.col("entity_id").alias("tail"), pl.col("label").alias("text"))
    names = graph.neighbours().join(labels, on="tail").select(pl.col("head").alias("entity_id"), "text")
    own = graph.entities.select("entity_id", pl.col("label").alias("text"))
    return pl.concat([graph.descriptions.select("entity_id", "text"), names, own])


def choose_sentences(
    ranked: pl.DataFrame, links: pl.DataFrame, graph: Graph, limits: Limits
) -> tuple[pl.DataFrame, pl.DataFrame, list[Count]]:
    """Score ranked sentences by whom they name, lend some to people, and describe the entities that have none.

    Args:
        ranked: of `rank_sentences`.
        links: row (of `ranked`), start, end, word, entity_id, score.
        graph: of the bundle.
        limits: for the number of borrowed sentences.

    Returns:
        The tables reviews/sentences (an entity's best sentence first) and reviews/mentions, and the coverage.
    """
    own = _score_with_links(ranked, links, graph)
    borrowed = _borrow(own, links, graph, limits)
    described = _describe(pl.concat([own["entity_id"], borrowed["entity_id"]]).unique(), graph, limits.max_tokens)
    columns = ("review_id", "entity_id", "position", "text", "score", "row")
    chosen = pl.concat(frame.select(columns) for frame in (own, borrowed, described))
    sentences = chosen.sort(_ORDER, descending=_DESCENDING).with_row_index("sentence_id")
    rows = sentences.filter(pl.col("row").is_not_null()).select("sentence_id", "row")
    mentions = rows.join(links, on="row").sort("sentence_id", "start", "end")
    return sentences.drop("row"), mentions, _coverage(own, borrowed, described, graph)


def _score_with_links(ranked: pl.DataFrame, links: pl.DataFrame, graph: Graph) -> pl.DataFrame:
    """Score sentences again, now that it is known whom they name."""
    named = links.select("row", pl.col("entity_id").alias("named")).unique()
    pairs = ranked.select("row", "entity_id").join(named, on="row")
    neighbours = (
        pairs.join(graph.neighbours(), left_on=("entity_id", "named"), right_on=("head", "tail"), how="semi")
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


def _borrow(own: pl.DataFrame, links: pl.DataFrame, graph: Graph, limits: Limits) -> pl.DataFrame:
    """Give entities without a review sentences of other reviews that name them, lowered by the link's score."""
    kind = pl.col("kind").cast(pl.String)
    borrowers = graph.entities.filter(kind.is_in(limits.borrowing_kinds)).join(own, on="entity_id", how="anti")
    named = (
        links.join(borrowers, on="entity_id", how="semi").group_by("row", "entity_id").agg(link=pl.col("score").max())
    )
    offered = own.rename({"entity_id": "reviewed"}).join(named, on="row")
    # Only from the review of a work that the person has a part in, never from a passing comparison.
    related = offered.join(graph.neighbours(), left_on=("reviewed", "entity_id"), right_on=("head", "tail"), how="semi")
    scored = related.with_columns(score=(pl.col("score") * pl.col("link")).cast(pl.Float32))
    return _best(scored.filter(pl.col("score") > select.DESCRIPTION_SCORE), limits.borrowed_per_entity)


def _describe(having: pl.Series, graph: Graph, max_tokens: int) -> pl.DataFrame:
    """Return the first sentence of a description, in the items' language where there is one, for all but `having`."""
    lacking = graph.descriptions.filter(~pl.col("entity_id").is_in(having.implode()))
    described = (
        lacking.with_columns(foreign=pl.col("lang") != graph.language)
        .sort("entity_id", "foreign", "lang")
        .unique("entity_id", keep="first", maintain_order=True)
    )
    return described.select(
        pl.lit(None, pl.String).alias("review_id"),
        "entity_id",
        pl.lit(0, pl.Int16).alias("position"),
        first_sentence(pl.col("text"), max_tokens).alias("text"),
        pl.lit(select.DESCRIPTION_SCORE, pl.Float32).alias("score"),
        pl.lit(None, pl.UInt32).alias("row"),
    )


def _coverage(own: pl.DataFrame, borrowed: pl.DataFrame, described: pl.DataFrame, graph: Graph) -> list[Count]:
    total = graph.entities.height
    having = pl.concat([own["entity_id"], borrowed["entity_id"], described["entity_id"]]).unique()
    items = graph.entities.filter("is_item")
    items_having = items.filter(pl.col("entity_id").is_in(having.implode())).height
    return [
        Count("entities with a sentence of their own reviews", own["entity_id"].n_unique(), total),
        Count("entities with a sentence of a review that names them", borrowed["entity_id"].n_unique(), total),
        Count("entities with a description's sentence", described.height, total),
        Count("entities with a sentence", having.len(), total),
        Count("items with a sentence", items_having, items.height),
    ]
