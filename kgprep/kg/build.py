"""The stage build-kg: dialogues or items, and a source of triples, to kg/ and dialogues/.

Notable here:
- an item that no source knows stays in the graph as an isolated entity ``urn:kgprep:<data set>:<item id>``;
- items that are one film share one entity, and the number merged is reported.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from kgprep.artifacts import (
    ALIASES,
    DESCRIPTIONS,
    EDGES,
    ENTITIES,
    FEEDBACK,
    ITEMS,
    MENTIONS,
    RELATIONS,
    RESOLUTION_METHODS,
    UTTERANCES,
)
from kgprep.counts import Count
from kgprep.dialogues import DialogueSet, load_dialogues, load_items
from kgprep.errors import KgprepError
from kgprep.kg.aliases import entity_aliases
from kgprep.kg.candidates import find_candidates
from kgprep.kg.descriptions import describe
from kgprep.kg.entities import describe_entities, number_edges, number_entities, number_relations
from kgprep.kg.escapes import encode_percent
from kgprep.kg.given import believed_iris
from kgprep.kg.remembered import RememberedSource
from kgprep.kg.resolve import resolve_items
from kgprep.kg.source import DumpSource, TripleSource
from kgprep.kg.subgraph import Direction, Subgraph, SubgraphOptions, expand
from kgprep.progress import progress
from kgprep.sources import licence_of
from kgprep.stage import Stage, StageSummary

_ANSWERS = ".endpoint.sqlite"
_RELATIONS_SHOWN = 5
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


class KgConfig(BaseModel):
    """What build-kg is asked to do."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dialogues: str | None = None
    """Dialogue set as FORM:PATH, such as ``redial:train.jsonl.gz``."""
    dialogues_test: Path | None = None
    """Its test part, where that is a file of its own."""
    split: Path | None = None
    """JSON with lists of dialogue ids under train, valid and, optionally, test."""
    films: Path | None = None
    """Side file with the items' names, IMDb ids and plots."""
    items: Path | None = None
    """Items without dialogues: CSV, TSV or JSON Lines with item_id and any of name, year, imdb_id, iri."""
    dumps: tuple[Path, ...] = ()
    """Dump files, in any order: N-Triples, plain or compressed, and small Turtle files."""
    strict: bool = False
    """Whether a line that is not N-Triples is an error instead of being counted and skipped."""
    endpoint: str | None = None
    """URL of a SPARQL endpoint to ask instead of dumps."""
    hops: int = Field(default=2, ge=0)
    """How many edges away from an item the graph reaches."""
    direction: Direction = "out"
    """Which way edges are followed: out (head to tail), in, or both; out keeps hubs from pulling in all their films."""
    relations: Path | None = None
    """File with the IRIs of the relations to keep, one a line; all are kept without it."""
    min_relation_count: int = Field(default=1, ge=1)
    """Relations with fewer kept edges are left out."""
    max_degree: int | None = Field(default=None, ge=0)
    """A hub that is no item keeps its edges to items and at most so many others."""
    inverse: bool = True
    """Whether each relation gets an inverse."""
    languages: tuple[str, ...] = Field(default=("en",), min_length=1)
    """Languages of labels and descriptions; the data set's own comes first in any case."""
    seed: int = 0
    """For the parts of the dialogues that are drawn."""


@dataclass(frozen=True)
class _Graph:
    """The tables of the graph before they are written, and the items with their entities."""

    entities: pl.DataFrame
    relations: pl.DataFrame
    edges: pl.DataFrame
    aliases: pl.DataFrame
    descriptions: pl.DataFrame
    items: pl.DataFrame


def build_kg(workspace: Path, config: KgConfig) -> StageSummary:
    """Build the graph around a data set's items and write kg/ and dialogues/.

    Args:
        workspace: folder of the bundle.
        config: what to build it from.

    Raises:
        KgprepError: an input is missing, damaged or of another form, or neither dialogues nor items are given.
    """
    _check(workspace, config)
    with Stage("build-kg", workspace, parameters=config.model_dump(mode="json")) as stage:
        dialogue_set = _load(config, stage)
        languages = _languages(dialogue_set, config)
        with _source(workspace, config, languages, stage) as given:
            source = RememberedSource(given)
            if config.dumps:
                _report(stage, *source.report())
            graph = _build(source, dialogue_set, config, languages, stage)
            if config.endpoint is not None:
                _report(stage, *source.report())
        _write_graph(stage, graph)
        if config.dialogues is not None:
            _write_dialogues(stage, dialogue_set, graph.items)
        else:
            # Their entity ids are those of the graph that was here before.
            stage.remove((UTTERANCES, MENTIONS, FEEDBACK))
    if config.endpoint is not None:
        from kgprep.kg.sparql import forget_answers

        # What an endpoint has answered is kept until here, so that a build that breaks off can go on.
        forget_answers(workspace / _ANSWERS)
    return stage.summary


def _check(workspace: Path, config: KgConfig) -> None:
    file = next((path for path in (workspace, *workspace.parents) if path.is_file()), None)
    if file is not None:
        raise KgprepError(f"{file} is a file, so there can be no folder {workspace}: give another workspace")
    if (config.dialogues is None) == (config.items is None):
        raise KgprepError("build-kg needs either dialogues or items: give --dialogues FORM:PATH or --items FILE")
    if not config.dumps and config.endpoint is None:
        raise KgprepError("build-kg needs triples: give --dump FILE, once for each dump, or --endpoint URL")
    if config.dumps and config.endpoint is not None:
        raise KgprepError("build-kg takes dumps or an endpoint, not both: leave out --dump or --endpoint")
    of_dialogues = {"films": config.films, "split": config.split, "dialogues-test": config.dialogues_test}
    useless = [option for option, path in of_dialogues.items() if path is not None]
    if config.items is not None and useless:
        raise KgprepError(f"--{useless[0]} belongs to dialogues, and --items goes without: leave it out")
    if config.strict and config.endpoint is not None:
        raise KgprepError("--strict is about the lines of dumps, and an endpoint has none: leave it out")
    wrong = next((tag for tag in config.languages if not _LANGUAGE_TAG.fullmatch(tag)), None)
    if wrong is not None:
        raise KgprepError(f"languages: {wrong!r} is no language tag: write tags such as en or zh, a comma between them")


def _load(config: KgConfig, stage: Stage) -> DialogueSet:
    with progress("reading dialogues", None):
        dialogue_set = _load_set(config)
    inputs = [*dialogue_set.sources, *(path for path in (config.split, config.relations) if path is not None)]
    for path in sorted(set(inputs)):
        stage.source(path, *licence_of(path))
    _report(stage, dialogue_set.counts, dialogue_set.notes)
    if dialogue_set.items.is_empty():
        raise KgprepError(f"{config.items or config.dialogues} names no item: check that it is the right file")
    return dialogue_set


def _load_set(config: KgConfig) -> DialogueSet:
    if config.items is not None:
        return load_items(config.items)
    form, colon, path = (config.dialogues or "").partition(":")
    if not colon or not path:
        raise KgprepError(f"--dialogues {config.dialogues} has no form: write it as FORM:PATH, such as redial:{form}")
    return load_dialogues(
        form, Path(path), test=config.dialogues_test, split=config.split, films=config.films, seed=config.seed
    )


def _report(stage: Stage, counts: tuple[Count, ...], notes: tuple[str, ...]) -> None:
    stage.add_counts(counts)
    for note in notes:
        stage.note(note)


def _languages(dialogue_set: DialogueSet, config: KgConfig) -> tuple[str, ...]:
    # Language tags have no case.
    given = [language.lower() for language in config.languages]
    wanted = [dialogue_set.language.lower(), *given] if config.dialogues else given
    return tuple(dict.fromkeys(wanted))


def _source(
    workspace: Path, config: KgConfig, languages: tuple[str, ...], stage: Stage
) -> AbstractContextManager[TripleSource]:
    if config.endpoint is not None:
        from kgprep.kg.endpoint import EndpointSource

        return EndpointSource(config.endpoint, languages, workspace / _ANSWERS)
    return DumpSource([stage.source(path, *licence_of(path)) for path in config.dumps], languages, config.strict)


def _build(
    source: TripleSource, dialogue_set: DialogueSet, config: KgConfig, languages: tuple[str, ...], stage: Stage
) -> _Graph:
    with progress("building the graph", 5) as bar:
        items = _resolve(source, dialogue_set, stage)
        bar.advance()
        options = _options(config)
        subgraph = expand(source, _known(items)["iri"], options)
        stage.add_counts(subgraph.counts)
        if config.relations is not None and options.relations is not None:
            stage.add_counts([_count_listed(config.relations, options.relations, subgraph)])
        bar.advance()
        relations = number_relations(subgraph.edges, config.inverse)
        numbered = number_entities(subgraph.edges, items)
        entities = describe_entities(source, numbered, subgraph.edges, items, languages)
        bar.advance()
        items = items.join(entities.select("iri", "entity_id"), on="iri", how="left", maintain_order="left")
        texts = source.facts("text", "subject", entities["iri"])
        plots = _plots(dialogue_set, items)
        # Describing asks nothing of the source, so it may go on beside what does.
        with ThreadPoolExecutor(1) as pool:
            describing = pool.submit(describe, texts, plots, entities, subgraph.edges, languages)
            aliases = entity_aliases(source, entities, items)
            bar.advance()
            descriptions, counts = describing.result()
        bar.advance()
    stage.add_counts(counts)
    edges = number_edges(subgraph.edges, entities, relations)
    _count_graph(stage, entities, relations, subgraph.edges, edges, aliases)
    return _Graph(entities, relations, edges, aliases, descriptions, items)


def _options(config: KgConfig) -> SubgraphOptions:
    return SubgraphOptions(
        hops=config.hops,
        direction=config.direction,
        relations=None if config.relations is None else _read_relations(config.relations),
        min_relation_count=config.min_relation_count,
        max_degree=config.max_degree,
    )


def _read_relations(path: Path) -> frozenset[str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise KgprepError(f"{path} is not UTF-8 text ({error.reason}): write one IRI a line") from error
    lines = [line.strip().strip("<>") for line in text.splitlines()]
    relations = frozenset(line for line in lines if line and not line.startswith("#"))
    if not relations:
        raise KgprepError(f"{path} names no relation: write one IRI a line")
    return relations


def _count_listed(path: Path, listed: frozenset[str], subgraph: Subgraph) -> Count:
    if subgraph.relations and listed.isdisjoint(subgraph.relations):
        there = ", ".join(subgraph.relations[:_RELATIONS_SHOWN])
        raise KgprepError(f"{path} lists no relation that an edge at the items has: write IRIs such as {there}")
    return Count("listed relations that the graph has", len(listed & set(subgraph.edges["predicate"])), len(listed))


def _resolve(source: TripleSource, dialogue_set: DialogueSet, stage: Stage) -> pl.DataFrame:
    """Return the items with iri, method and score; isolated ones have an IRI of their own."""
    items, counts = believed_iris(source, dialogue_set.items)
    stage.add_counts(counts)
    resolved = items.drop("iri").join(
        resolve_items(items, find_candidates(source, items)), on="item_id", how="left", maintain_order="left"
    )
    own = pl.lit(f"urn:kgprep:{dialogue_set.name}:") + encode_percent(resolved["item_id"])
    isolated = resolved["iri"].is_null()
    total = resolved.height
    for method in RESOLUTION_METHODS:
        count = resolved.filter(pl.col("method") == method).height
        stage.count(f"items {'isolated' if method == 'isolated' else f'resolved by {method}'}", count, total)
    known = total - int(isolated.sum())
    stage.count("items resolved", known, total)
    stage.count("items merged into another item's entity", known - resolved["iri"].drop_nulls().n_unique(), total)
    return resolved.with_columns(pl.coalesce("iri", own).alias("iri"))


def _known(items: pl.DataFrame) -> pl.DataFrame:
    return items.filter(pl.col("method") != "isolated")


def _plots(dialogue_set: DialogueSet, items: pl.DataFrame) -> pl.DataFrame:
    """Return entity_id, lang, text of the data set's plots, that of the surest item first."""
    return (
        dialogue_set.descriptions.join(items.select("item_id", "entity_id", "score"), on="item_id")
        .sort("entity_id", "lang", -pl.col("score"), "item_id")
        .select("entity_id", "lang", "text")
    )


def _count_graph(
    stage: Stage,
    entities: pl.DataFrame,
    relations: pl.DataFrame,
    kept: pl.DataFrame,
    edges: pl.DataFrame,
    aliases: pl.DataFrame,
) -> None:
    stage.count("kept edges", kept.height)
    stage.count("edges written, inverse ones included", edges.height)
    stage.count("relations, inverse ones included", relations.height)
    stage.count("entities that are items", entities.filter("is_item").height, entities.height)
    stage.count(
        "item entities with edges",
        entities.filter("is_item", pl.col("degree") > 0).height,
        entities.filter("is_item").height,
    )
    stage.count("entities of a known kind", entities.filter(pl.col("kind") != "other").height, entities.height)
    stage.count("aliases", aliases.height)
    shared = aliases.filter(pl.col("alias").is_duplicated())["alias"].n_unique()
    stage.count("aliases shared by several entities", shared, aliases["alias"].n_unique())


def _write_graph(stage: Stage, graph: _Graph) -> None:
    stage.write(ENTITIES, graph.entities)
    stage.write(RELATIONS, graph.relations)
    stage.write(EDGES, graph.edges)
    stage.write(ALIASES, graph.aliases)
    stage.write(DESCRIPTIONS, graph.descriptions)
    stage.write(ITEMS, graph.items)


def _write_dialogues(stage: Stage, dialogue_set: DialogueSet, items: pl.DataFrame) -> None:
    stage.write(UTTERANCES, dialogue_set.utterances)
    stage.write(MENTIONS, _gold_mentions(dialogue_set.item_mentions, items))
    stage.write(FEEDBACK, dialogue_set.feedback)


def _gold_mentions(item_mentions: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    gold: dict[str, Any] = {"method": pl.lit("gold"), "score": pl.lit(1.0)}
    return (
        item_mentions.join(items.select("item_id", "entity_id"), on="item_id")
        .with_columns(**gold)
        .sort("dialogue_id", "turn", "start", "end")
    )
