"""The stage align-reviews: review corpora and a bundle's graph to reviews/, triples/ and the links in dialogues.

Notable here:
- it only reads, calls and writes: attaching, choosing, linking and fusing are functions of frames in other files;
- running it again gives the same tables: links of an earlier run are dropped first.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from kgprep.artifacts import (
    ALIASES,
    DESCRIPTIONS,
    EDGES,
    ENTITIES,
    ITEMS,
    MENTIONS,
    REVIEWS,
    SENTENCE_MENTIONS,
    SENTENCES,
    TRIPLES,
    UTTERANCES,
    KgprepError,
    read_table,
)
from kgprep.linking.linker import THRESHOLD, EntityLinker
from kgprep.provenance import Stage, StageSummary, progress
from kgprep.reviews.attach import attach_reviews
from kgprep.reviews.choose import Graph, Limits, choose_sentences, rank_sentences
from kgprep.reviews.corpora import CorpusSpec, corpus_spec, split_form
from kgprep.reviews.gathered import gather_reviews
from kgprep.reviews.mentions import link_dialogues, link_sentences
from kgprep.reviews.select import best_sentences
from kgprep.sources import licence_of
from kgprep.triples import count_fused, fuse


class AlignConfig(BaseModel):
    """What align-reviews is asked to do."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reviews: tuple[str, ...] = ()
    """Corpora as FORM:PATH or PATH, such as ``imdb:reviews.jsonl.gz``; without any, descriptions are all there is."""
    maps: tuple[str, ...] = ()
    """Which columns a table holds, such as ``text=review,imdb_id=tt,rating=stars/10``: one for all, or one for each."""
    max_sentence_tokens: int = Field(default=40, ge=4)
    """The most words a sentence may have."""
    min_sentence_words: int = Field(default=4, ge=1)
    """The fewest words a sentence must have."""
    max_sentences_per_entity: int = Field(default=50, ge=1)
    """The best sentences of an entity that are kept."""
    link_threshold: float = Field(default=THRESHOLD, ge=0, le=1)
    """Links of a lower score are left out."""
    borrowing_kinds: tuple[str, ...] = ("person",)
    """Kinds of entities that may take sentences of reviews that name them."""
    borrowed_per_entity: int = Field(default=3, ge=1)
    """The best of those that are kept."""

    @property
    def limits(self) -> Limits:
        """How long sentences may be, and how many an entity keeps."""
        return Limits(
            self.max_sentence_tokens,
            self.min_sentence_words,
            self.max_sentences_per_entity,
            self.borrowing_kinds,
            self.borrowed_per_entity,
        )


def align_reviews(workspace: Path, config: AlignConfig) -> StageSummary:
    """Attach reviews to entities, choose each entity's sentences, link dialogues, and write the triples.

    Args:
        workspace: folder of a bundle that build-kg has made.
        config: the corpora, and how sentences are chosen.

    Raises:
        KgprepError: build-kg has not run, or a corpus is missing or unusable.
    """
    with Stage("align-reviews", workspace, parameters=config.model_dump(mode="json")) as stage:
        tables = (ENTITIES, EDGES, ALIASES, DESCRIPTIONS, ITEMS)
        graph = Graph(*(read_table(workspace, table) for table in tables))
        reviews = _read_corpora(stage, config)
        attached = _attach(stage, reviews, graph)
        linker = EntityLinker.from_bundle(workspace, config.link_threshold)
        sentences, mentions = _choose(stage, attached, graph, linker, config)
        stage.write(REVIEWS, attached.sort("review_id"))
        stage.write(SENTENCES, sentences)
        stage.write(SENTENCE_MENTIONS, mentions)
        _fuse_dialogues(stage, sentences, linker, config)
    return stage.summary


def _read_corpora(stage: Stage, config: AlignConfig) -> pl.DataFrame:
    """Return the reviews of all corpora in the columns of `CLEAN`, without duplicates."""
    if not config.reviews:
        stage.note("no --reviews were given: descriptions are the only sentences")
    with progress("reading reviews", None), gather_reviews(_corpora(config)) as gathered:
        for file in dict.fromkeys(gathered.files):
            stage.source(file, *licence_of(file))
        stage.add_counts(gathered.counts)
        for note in gathered.notes:
            stage.note(note)
        return gathered.scan().collect()


def _corpora(config: AlignConfig) -> list[CorpusSpec]:
    """Give each table its column map: the only one there is, or its own."""
    tables = [spec for spec in config.reviews if split_form(spec)[0] == "table"]
    if len(config.maps) not in ({0, 1, len(tables)} if tables else {0}):
        raise KgprepError(
            f"--map is given {len(config.maps)} times for {len(tables)} tables: give it once, or once for each table"
            " (write --reviews table:FILE where a file is to be read as one)"
        )
    maps = iter(config.maps * len(tables) if len(config.maps) == 1 else config.maps)
    return [corpus_spec(spec, next(maps, None) if spec in tables else None) for spec in config.reviews]


def _attach(stage: Stage, reviews: pl.DataFrame, graph: Graph) -> pl.DataFrame:
    attached, counts = attach_reviews(reviews, graph.entities, graph.items, graph.aliases)
    stage.add_counts(counts)
    # One corpus may know a film by its id and another by its title.
    distinct = attached.unique(("entity_id", "text"), keep="first", maintain_order=True)
    stage.count("attached reviews that are no exact duplicates", distinct.height, attached.height)
    return distinct.unique("review_id", keep="first", maintain_order=True)


def _choose(
    stage: Stage, reviews: pl.DataFrame, graph: Graph, linker: EntityLinker, config: AlignConfig
) -> tuple[pl.DataFrame, pl.DataFrame]:
    with progress("ranking sentences", None):
        ranked, counts = rank_sentences(reviews, graph, config.limits)
    stage.add_counts(counts)
    with progress("linking sentences", None):
        links = link_sentences(linker, ranked)
    stage.count("links in review sentences", links.height)
    sentences, mentions, coverage = choose_sentences(ranked, links, graph, config.limits)
    stage.add_counts(coverage)
    return sentences, mentions


def _fuse_dialogues(stage: Stage, sentences: pl.DataFrame, linker: EntityLinker, config: AlignConfig) -> None:
    if not UTTERANCES.path(stage.workspace).exists():
        stage.note("the bundle has no dialogues: there are no triples to make")
        stage.write(TRIPLES, pl.DataFrame(schema=TRIPLES.schema))
        return
    utterances = read_table(stage.workspace, UTTERANCES)
    gold = read_table(stage.workspace, MENTIONS).filter(pl.col("method").cast(pl.String) == "gold")
    with progress("linking dialogues", None):
        mentions, counts = link_dialogues(linker, utterances, gold)
    stage.add_counts(counts)
    stage.write(MENTIONS, mentions)
    triples = fuse(mentions, utterances, best_sentences(sentences))
    stage.add_counts(count_fused(mentions, triples))
    stage.write(TRIPLES, triples)
