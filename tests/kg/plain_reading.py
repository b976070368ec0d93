"""What build-kg must make of a graph, read off the triples one by one: rdflib, dicts and sets, slow and plain.

Shares no code with kgprep, so that a mistake in one of the two shows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import rdflib
from rdflib import Graph, URIRef

REDIRECTS = "http://dbpedia.org/ontology/wikiPageRedirects"
SAME_AS = "http://www.w3.org/2002/07/owl#sameAs"
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
WIKIDATA = "http://www.wikidata.org/entity/"

Edge = tuple[str, str, str]


@dataclass(frozen=True)
class Item:
    """An item of a data set: with the IRI that the data set gives, or with a title that is one page's label."""

    item_id: str
    title: str
    iri: str | None


@dataclass(frozen=True)
class Wanted:
    """The options of build-kg that shape the graph; `relations` are all that count as edges at all."""

    hops: int
    direction: Literal["out", "in", "both"]
    relations: frozenset[str]
    min_relation_count: int
    max_degree: int | None
    inverse: bool


@dataclass(frozen=True)
class PlainGraph:
    """What kg/entities, kg/relations and kg/edges must hold, ids written out as IRIs."""

    items: dict[str, str]
    """Item id to the IRI of its entity."""
    degrees: dict[str, int]
    """Every entity's IRI to its number of edges, inverse ones not counted."""
    relations: list[tuple[str, int, bool]]
    """IRI, number of edges and whether it is an inverse, in the order of their ids."""
    edges: set[tuple[str, str, bool, str]]
    """Head, IRI of the relation, whether it is an inverse, tail."""


def read_plainly(dumps: Iterable[Path], items: Iterable[Item], wanted: Wanted) -> PlainGraph:
    """Build the graph around the items."""
    graph = _parse(dumps)
    meaning = _Redirects(graph)
    found = {item.item_id: _entity_of(item, graph, meaning) for item in items}
    kept = _edges(graph, meaning, {iri for iri in found.values() if iri is not None}, wanted)
    placed = {item_id: iri or f"urn:kgprep:items:{item_id}" for item_id, iri in found.items()}
    degrees = Counter(end for edge in kept for end in (edge[0], edge[2]))
    return PlainGraph(
        items=placed,
        degrees={iri: degrees[iri] for iri in {*degrees, *placed.values()}},
        relations=_relations(kept, wanted.inverse),
        edges={(head, relation, False, tail) for head, relation, tail in kept}
        | {(tail, relation, True, head) for head, relation, tail in kept if wanted.inverse},
    )


def read_edges_plainly(dumps: Iterable[Path], items: Iterable[str], wanted: Wanted) -> set[Edge]:
    """Collect the edges around entities that are known by their IRIs."""
    graph = _parse(dumps)
    meaning = _Redirects(graph)
    return _edges(graph, meaning, {meaning.of(iri) for iri in items}, wanted)


def _parse(dumps: Iterable[Path]) -> Graph:
    graph = Graph()
    for dump in dumps:
        graph.parse(dump, format="nt")
    return graph


def _edges(graph: Graph, meaning: _Redirects, items: set[str], wanted: Wanted) -> set[Edge]:
    edges = [
        (meaning.of(str(head)), str(predicate), meaning.of(str(tail)))
        for head, predicate, tail in graph
        if isinstance(head, URIRef) and isinstance(tail, URIRef) and str(predicate) in wanted.relations
    ]
    return _filter(_walk(edges, items, wanted), items, wanted)


class _Redirects:
    """Where pages lead: of several targets the smallest, and round a cycle the smallest page on it."""

    def __init__(self, graph: Graph) -> None:
        self._targets: dict[str, set[str]] = defaultdict(set)
        for page, predicate, target in graph:
            if not isinstance(page, URIRef) or not isinstance(target, URIRef):
                continue
            if str(predicate) == REDIRECTS:
                self._targets[str(page)].add(str(target))
            if str(predicate) == SAME_AS and str(target).startswith(WIKIDATA):
                self._targets[str(target)].add(str(page))

    def of(self, iri: str) -> str:
        way = [iri]
        while others := self._targets.get(way[-1], set()) - {way[-1]}:
            following = min(others)
            if following in way:
                return min(way[way.index(following) :])
            way.append(following)
        return way[-1]


def _entity_of(item: Item, graph: Graph, meaning: _Redirects) -> str | None:
    if item.iri is not None:
        return meaning.of(item.iri)
    labelled = {
        str(page)
        for page, predicate, label in graph
        if str(predicate) == LABEL and isinstance(label, rdflib.Literal) and str(label) == item.title
    }
    return meaning.of(labelled.pop()) if labelled else None


def _walk(edges: list[Edge], items: set[str], wanted: Wanted) -> set[Edge]:
    collected: set[Edge] = set()
    visited, frontier = set(items), set(items)
    for _ in range(wanted.hops):
        touched = set()
        for head, relation, tail in edges:
            follows_out = wanted.direction in ("out", "both") and head in frontier
            follows_in = wanted.direction in ("in", "both") and tail in frontier
            if follows_out or follows_in:
                touched.add((head, relation, tail))
        collected |= touched
        frontier = {end for edge in touched for end in (edge[0], edge[2])} - visited
        visited |= frontier
    return collected


def _filter(collected: set[Edge], items: set[str], wanted: Wanted) -> set[Edge]:
    kept = {edge for edge in collected if edge[0] != edge[2]}
    if wanted.max_degree is not None:
        kept -= _beyond_cap(kept, items, wanted.max_degree)
    counts = Counter(relation for _, relation, _ in kept)
    return {edge for edge in kept if counts[edge[1]] >= wanted.min_relation_count}


def _beyond_cap(edges: set[Edge], items: set[str], cap: int) -> set[Edge]:
    """Return what hubs lose: of a hub's edges without an item, whichever end it is, all after the first `cap`.

    Those whose other end has most edges come first, then the smallest triple.
    """
    degrees = Counter(end for edge in edges for end in (edge[0], edge[2]))
    lost: set[Edge] = set()
    for hub in degrees.keys() - items:
        own = [
            (-degrees[tail if head == hub else head], (head, relation, tail))
            for head, relation, tail in edges
            if hub in (head, tail) and not {head, tail} & items
        ]
        lost |= {edge for _, edge in sorted(own)[cap:]}
    return lost


def _relations(edges: set[Edge], inverse: bool) -> list[tuple[str, int, bool]]:
    counts = sorted(Counter(relation for _, relation, _ in edges).items())
    backward = [(relation, count, True) for relation, count in counts] if inverse else []
    return [(relation, count, False) for relation, count in counts] + backward
