"""Frontier expansion against a plain reading of the same edges, for every option."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgprep.counts import Count
from kgprep.errors import KgprepError
from kgprep.kg.entities import number_relations
from kgprep.kg.source import FACT_SCHEMA, End
from kgprep.kg.subgraph import Direction, SubgraphOptions, expand

_Edge = tuple[str, str, str]


class Edges:
    """A source that holds edges and redirects in memory."""

    def __init__(self, edges: Iterable[_Edge], redirects: Iterable[tuple[str, str]] = ()) -> None:
        self._triples = {
            "edge": pl.DataFrame([(*edge, None) for edge in edges], schema=FACT_SCHEMA, orient="row"),
            "redirect": pl.DataFrame(
                [(page, "redirect", target, None) for page, target in redirects], schema=FACT_SCHEMA, orient="row"
            ),
        }

    def facts(self, fact: str, end: End, terms: pl.Series) -> pl.DataFrame:
        triples = self._triples.get(fact, pl.DataFrame(schema=FACT_SCHEMA))
        return triples.filter(pl.col(end).is_in(terms.implode()))

    def titled(self, fact: str, items: pl.DataFrame) -> pl.DataFrame:
        return pl.DataFrame(schema=FACT_SCHEMA)

    def report(self) -> tuple[tuple[Count, ...], tuple[str, ...]]:
        return (), ()


def collect(
    edges: Iterable[_Edge],
    items: Iterable[str],
    options: SubgraphOptions,
    redirects: Iterable[tuple[str, str]] = (),
) -> list[_Edge]:
    return expand(Edges(edges, redirects), pl.Series("iri", list(items), dtype=pl.String), options).edges.rows()


def meaning(iri: str, redirects: list[tuple[str, str]]) -> str:
    """Follow redirects one by one, the smallest target of several; a cycle means its smallest page."""
    way = [iri]
    while targets := [target for page, target in redirects if page == way[-1] and target != page]:
        if min(targets) in way:
            return min(way[way.index(min(targets)) :])
        way.append(min(targets))
    return way[-1]


def read_plainly(edges: list[_Edge], items: set[str], options: SubgraphOptions) -> list[_Edge]:
    kept: set[_Edge] = set()
    frontier, visited = set(items), set(items)
    for _ in range(options.hops):
        touched = {
            edge
            for edge in edges
            if (options.direction in ("out", "both") and edge[0] in frontier)
            or (options.direction in ("in", "both") and edge[2] in frontier)
        }
        if options.relations is not None:
            touched = {edge for edge in touched if edge[1] in options.relations}
        kept |= touched
        frontier = {end for edge in touched for end in (edge[0], edge[2])} - visited
        visited |= frontier
    kept = {edge for edge in kept if edge[0] != edge[2]}
    relations = Counter(edge[1] for edge in kept)
    return sorted(edge for edge in kept if relations[edge[1]] >= options.min_relation_count)


_EDGES = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("pqr"), st.sampled_from("abcdefgh")), max_size=25
)
_OPTIONS = st.builds(
    SubgraphOptions,
    hops=st.integers(0, 3),
    direction=st.sampled_from(["out", "in", "both"]),
    relations=st.none() | st.frozensets(st.sampled_from("pqr")),
    min_relation_count=st.integers(1, 4),
)


@given(_EDGES, st.sets(st.sampled_from("abc")), _OPTIONS)
def test_expansion_equals_a_plain_reading(edges: list[_Edge], items: set[str], options: SubgraphOptions) -> None:
    assert collect(edges, sorted(items), options) == read_plainly(edges, items, options)


@given(
    _EDGES,
    st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("abcdefgh")), max_size=8),
    st.sets(st.sampled_from("abc")),
    _OPTIONS,
)
def test_redirects_are_followed_before_edges(
    edges: list[_Edge], redirects: list[tuple[str, str]], items: set[str], options: SubgraphOptions
) -> None:
    led = [(meaning(head, redirects), predicate, meaning(tail, redirects)) for head, predicate, tail in edges]
    canonical = {meaning(item, redirects) for item in items}
    assert collect(edges, sorted(canonical), options, redirects) == read_plainly(led, canonical, options)


@given(_EDGES, st.sets(st.sampled_from("abc")), st.integers(0, 3), st.randoms())
def test_a_capped_hub_keeps_its_edges_to_items(
    edges: list[_Edge], items: set[str], cap: int, shuffle: random.Random
) -> None:
    everything = collect(edges, sorted(items), SubgraphOptions(direction="both"))
    capped = collect(edges, sorted(items), SubgraphOptions(direction="both", max_degree=cap))
    assert set(capped) <= set(everything)
    assert {edge for edge in everything if {edge[0], edge[2]} & items} <= set(capped)
    others = [edge for edge in capped if not {edge[0], edge[2]} & items]
    assert all(count <= cap for count in Counter(end for edge in others for end in (edge[0], edge[2])).values())
    shuffle.shuffle(edges)
    assert collect(edges, sorted(items), SubgraphOptions(direction="both", max_degree=cap)) == capped


def test_every_filter_says_what_it_kept() -> None:
    edges = [("a", "p", "b"), ("a", "p", "b"), ("a", "p", "a"), ("b", "q", "c"), ("a", "r", "c")]
    direction: Direction = "out"
    graph = expand(Edges(edges), pl.Series("iri", ["a"]), SubgraphOptions(direction=direction, min_relation_count=1))
    kept = {count.what: (count.kept, count.total) for count in graph.counts}
    assert kept["edges read in hop 1"] == (4, None)
    assert kept["entities first reached in hop 1"] == (2, None)
    assert kept["edges read in hop 2"] == (1, None)
    assert kept["edges that are no self-loops"] == (4, 5)
    assert kept["edges that are no duplicates"] == (3, 4)


def test_more_relations_than_ids_are_refused() -> None:
    most = 2**14
    predicates = pl.Series([f"http://x.org/{number}" for number in range(most + 1)])
    edges = pl.DataFrame({"head": "a", "predicate": predicates, "tail": "b"})
    assert number_relations(edges.head(most), inverse=True)["relation_id"].max() == 2 * most - 1
    assert number_relations(edges, inverse=False).height == most + 1
    with pytest.raises(
        KgprepError, match="the graph has 32,770 relations with their inverses, and a bundle holds 32,768"
    ):
        number_relations(edges, inverse=True)


def test_a_cap_counts_both_ends_and_may_be_nothing() -> None:
    edges = [("item", "p", "hub"), ("hub", "p", "a"), ("hub", "p", "b"), ("c", "p", "hub"), ("b", "q", "d")]
    options = {cap: SubgraphOptions(hops=3, direction="both", max_degree=cap) for cap in (0, 1, 2)}
    assert collect(edges, ["item"], options[0]) == [("item", "p", "hub")]
    assert collect(edges, ["item"], options[1]) == [("hub", "p", "b"), ("item", "p", "hub")]
    assert collect(edges, ["item"], options[2]) == [
        ("b", "q", "d"), ("c", "p", "hub"), ("hub", "p", "b"), ("item", "p", "hub"),
    ]  # fmt: skip
