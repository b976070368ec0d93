"""The stage align-reviews: review corpora and a bundle's graph to reviews/, triples/ and the links in dialogues.

Notable here:
- it only reads, calls and writes: attaching, choosing, linking and fusing are functions of frames in other files;
- running it again gives the same tables: links of an earlier run are dropped first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
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
from kgprep.counts import added_up
from kgprep.linking.linker import THRESHOLD, EntityLinker
from kgprep.linking.misspelt import load_spelling
from kgprep.progress import progress
from kgprep.reviews.choose import Graph, Limits, offer_sentences
from kgprep.reviews.corpora import CorpusSpec, collected_corpus, corpus_size, corpus_spec, corpus_specs
from kgprep.reviews.cutters import Cutters
from kgprep.reviews.descriptions import read_descriptions, with_descriptions
from kgprep.reviews.gathered import GatheredReviews, gather_reviews
from kgprep.reviews.languages import load_function_words
from kgprep.reviews.mentions import link_dialogues
from kgprep.reviews.parts import AttachedReviews, attach
from kgprep.reviews.select import best_sentences
from kgprep.reviews.sentence_table import sentence_table
from kgprep.sources import licence_of
from kgprep.stage import Stage, StageSummary
from kgprep.triples import count_fused, fuse


class AlignConfig(BaseModel):
    """What align-reviews is asked to do."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reviews: tuple[str, ...] = ()
    """Corpora as FORM:PATH or PATH, such as ``imdb:reviews.jsonl.gz``; without any, descriptions are all there is."""
    collected: tuple[str, ...] = ()
    """Sites whose reviews a recipe has collected into the workspace; no paths, so a bundle may be moved."""
    maps: tuple[str, ...] = ()
    """Which columns a table holds, such as ``text=review,imdb_id=tt,rating=stars/10``: one for all, or one for each."""
    descriptions: tuple[Path, ...] = ()
    """Tables of item descriptions, such as plots; the first that has one for an item wins over the graph's."""
    max_sentence_tokens: int = Field(default=40, ge=4)
    """The most words a sentence may have."""
    min_sentence_words: int = Field(default=4, ge=1)
    """The fewest words a sentence must have."""
    sentences_per_entity: int = Field(default=10, ge=1)
    """The sentences of an entity that are kept: the best, and others that are unlike it."""
    link_threshold: float = Field(default=THRESHOLD, ge=0, le=1)
    """Links of a lower score are left out."""
    borrowing_kinds: tuple[str, ...] = ("person", "film", "series", "work")
    """Kinds of entities that may take sentences of reviews that name them."""
    borrowed_per_entity: int = Field(default=3, ge=1)
    """The best of those that are kept."""

    @property
    def limits(self) -> Limits:
        """How long sentences may be, and how many an entity keeps."""
        return Limits(
            self.max_sentence_tokens,
            self.min_sentence_words,
            self.sentences_per_entity,
            self.borrowing_kinds,
            self.borrowed_per_entity,
        )


def align_reviews(workspace: Path, config: AlignConfig) -> StageSummary:
    """Attach reviews to entities, choose each entity's sentences, link dialogues, and write the triples.

    Args:
        workspace: folder of a bundle that build-kg has made.
        config: the corpora, and how sentences are chosen.

    Raises:
        KgprepError: build-kg has not run, or a corpus or a table of descriptions is missing or unusable.
    """
    parameters = config.model_dump(mode="json")
    with Stage("align-reviews", workspace, parameters) as stage, ThreadPoolExecutor(1) as meanwhile:
        graph = _read_graph(stage, config)
        corpora = [
            *corpus_specs(config.reviews, config.maps),
            *(corpus_spec(str(collected_corpus(workspace, site))) for site in config.collected),
        ]
        # The lists of words, the linker and the processes that cut take a second or two, and the corpora to read.
        coming = meanwhile.submit(EntityLinker.from_bundle, workspace, config.link_threshold)
        meanwhile.submit(load_function_words)
        meanwhile.submit(load_spelling)
        with Cutters(sum(map(corpus_size, corpora))) as cutters, _reading_corpora(stage, corpora) as gathered:
            attached = attach(gathered, graph)
            stage.add_counts(attached.counts)
            if gathered.height and attached.rows.is_empty():
                raise _none_attached(gathered)
            linker = coming.result()
            writing = meanwhile.submit(stage.write_parts, REVIEWS, attached.parts())
            sentences = _choose(stage, attached, graph, linker, cutters, config.limits)
            writing.result()
        _fuse_dialogues(stage, sentences, graph, linker)
    return stage.summary


def _read_graph(stage: Stage, config: AlignConfig) -> Graph:
    """Return the tables of the graph, with the descriptions of the user's own tables."""
    tables = (ENTITIES, EDGES, ALIASES, DESCRIPTIONS, ITEMS)
    graph = Graph(*(read_table(stage.workspace, table) for table in tables))
    added = [_read_descriptions(stage, path, graph) for path in config.descriptions]
    if not added:
        return graph
    return replace(graph, descriptions=with_descriptions(graph.descriptions, pl.concat(added)))


def _read_descriptions(stage: Stage, path: Path, graph: Graph) -> pl.DataFrame:
    descriptions, counts, notes = read_descriptions(
        stage.source(path, *licence_of(path)), graph.entities, graph.items, graph.aliases
    )
    stage.add_counts(counts)
    for note in notes:
        stage.note(note)
    return descriptions


@contextmanager
def _reading_corpora(stage: Stage, corpora: Sequence[CorpusSpec]) -> Iterator[GatheredReviews]:
    """Yield the reviews of all corpora, without duplicates."""
    if not corpora:
        stage.note("no --reviews were given: descriptions are the only sentences")
    with gather_reviews(corpora) as gathered:
        for file in dict.fromkeys(gathered.files):
            stage.source(file, *licence_of(file))
        stage.add_counts(gathered.counts)
        for note in gathered.notes:
            stage.note(note)
        yield gathered


def _none_attached(gathered: GatheredReviews) -> KgprepError:
    return KgprepError(
        f"none of the {gathered.height:,} reviews is of a film of the bundle: films are found by IMDb id, else by "
        "title and year; give reviews of these films, or leave out --reviews"
    )


def _choose(
    stage: Stage, attached: AttachedReviews, graph: Graph, linker: EntityLinker, cutters: Cutters, limits: Limits
) -> pl.DataFrame:
    """Write reviews/sentences and reviews/mentions, and return the sentences."""
    kind = pl.col("kind").cast(pl.String)
    borrowers = graph.entities.filter(kind.is_in(limits.borrowing_kinds)).join(
        attached.reviewed, on="entity_id", how="anti"
    )
    offers = []
    with progress("choosing sentences", attached.number) as bar:
        for reviews in attached.parts():
            offers.append(offer_sentences(reviews, graph, linker, borrowers.select("entity_id"), limits, cutters.cut))
            bar.advance()
    stage.add_counts(added_up(count for offer in offers for count in offer.counts))
    sentences, mentions, coverage = sentence_table(offers, graph, limits, cutters.cut)
    having = attached.reviewed.join(sentences.filter(pl.col("review_id").is_not_null()), on="entity_id", how="semi")
    stage.count("entities with a review that have a sentence of it", having.height, attached.reviewed.height)
    stage.add_counts(coverage)
    stage.write(SENTENCES, sentences)
    stage.write(SENTENCE_MENTIONS, mentions)
    return sentences


def _fuse_dialogues(stage: Stage, sentences: pl.DataFrame, graph: Graph, linker: EntityLinker) -> None:
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
    named = graph.entities.filter("is_item").join(mentions, on="entity_id", how="semi")
    described = named.join(sentences, on="entity_id", how="semi")
    stage.count("items named in dialogues that have a sentence", described.height, named.height)
    triples = fuse(mentions, utterances, best_sentences(sentences))
    stage.add_counts(count_fused(mentions, triples))
    stage.write(TRIPLES, triples)
