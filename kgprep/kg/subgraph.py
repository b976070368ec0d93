"""The subgraph around the items: frontier expansion hop by hop, then the filters, each of which says what it kept.

Notable here:
- a hop asks the source for the edges at the frontier, so it costs a semi-join, whatever the size of the dump;
- filters run on the collected edges in a fixed order: relations, self-loops, duplicates, rare relations, hubs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from kgprep.kg.source import End, TripleSource
from kgprep.provenance import Count

Direction = Literal["out", "in", "both"]

_ENDS: dict[Direction, tuple[End, ...]] = {"out": ("subject",), "in": ("object",), "both": ("subject", "object")}
_EDGE_SCHEMA = pl.Schema({"head": pl.String, "predicate": pl.String, "tail": pl.String})


@dataclass(frozen=True)
class SubgraphOptions:
    """What to collect around the items.

    Args:
        hops: how many edges away from an item the graph reaches.
        direction: ``out`` follows edges from head to tail, ``in`` the other way, ``both`` either.
        relations: IRIs of the predicates to keep; none given keeps all.
        min_relation_count: relations with fewer kept edges are left out.
        max_degree: a hub (an entity that is no item) keeps its edges to items and at most so many others.
    """

    hops: int = 2
    direction: Direction = "out"
    relations: frozenset[str] | None = None
    min_relation_count: int = 1
    max_degree: int | None = None


@dataclass(frozen=True)
class Subgraph:
    """Edges (head, predicate, tail: IRIs), sorted, and what every filter kept."""

    edges: pl.DataFrame
    counts: tuple[Count, ...]


def expand(source: TripleSource, items: pl.Series, options: SubgraphOptions) -> Subgraph:
    """Collect the edges at most `options.hops` hops from the items.

    Args:
        source: where the triples are.
        items: IRIs of the items.
        options: what to collect.
    """
    reached, counts = _reach(source, items, options)
    filters = (_drop_self_loops, _drop_duplicates, _drop_rare_relations, _cap_hubs)
    for keep in filters:
        kept, what = keep(reached, items, options)
        counts.append(Count(what, kept.height, reached.height))
        reached = kept
    return Subgraph(reached.sort("head", "predicate", "tail"), tuple(counts))


def _reach(source: TripleSource, items: pl.Series, options: SubgraphOptions) -> tuple[pl.DataFrame, list[Count]]:
    visited = items.unique().sort().alias("iri").to_frame()
    frontier = visited
    collected = [pl.DataFrame(schema=_EDGE_SCHEMA)]
    counts = []
    for hop in range(1, options.hops + 1):
        edges = _edges_at(source, frontier["iri"], options)
        collected.append(edges)
        ends = pl.concat([edges["head"], edges["tail"]]).unique().alias("iri").to_frame()
        frontier = ends.join(visited, on="iri", how="anti").sort("iri")
        visited = pl.concat([visited, frontier])
        counts.append(Count(f"edges read in hop {hop}", edges.height))
        counts.append(Count(f"entities first reached in hop {hop}", frontier.height))
    return pl.concat(collected), counts


def _edges_at(source: TripleSource, frontier: pl.Series, options: SubgraphOptions) -> pl.DataFrame:
    found = [source.facts("edge", end, frontier) for end in _ENDS[options.direction]]
    edges = pl.concat(found).select(head="subject", predicate="predicate", tail="object")
    if options.relations is None:
        return edges
    return edges.filter(pl.col("predicate").is_in(sorted(options.relations)))


def _drop_self_loops(edges: pl.DataFrame, items: pl.Series, options: SubgraphOptions) -> tuple[pl.DataFrame, str]:
    return edges.filter(pl.col("head") != pl.col("tail")), "edges that are no self-loops"


def _drop_duplicates(edges: pl.DataFrame, items: pl.Series, options: SubgraphOptions) -> tuple[pl.DataFrame, str]:
    return edges.unique(), "edges that are no duplicates"


def _drop_rare_relations(edges: pl.DataFrame, items: pl.Series, options: SubgraphOptions) -> tuple[pl.DataFrame, str]:
    return (
        edges.filter(pl.len().over("predicate") >= options.min_relation_count),
        f"edges of relations with at least {options.min_relation_count}",
    )


def _cap_hubs(edges: pl.DataFrame, items: pl.Series, options: SubgraphOptions) -> tuple[pl.DataFrame, str]:
    """Keep of each hub the edges to items and those to the entities with most edges; IRIs break ties."""
    if options.max_degree is None:
        return edges, "edges within the cap for hubs (no cap)"
    degrees = pl.concat([edges["head"].alias("iri"), edges["tail"].alias("iri")]).value_counts(name="degree")
    known = items.implode()
    ranked = edges.sort("head", "predicate", "tail").with_row_index("edge")
    kept = ranked.select("edge")
    for hub, other in (("head", "tail"), ("tail", "head")):
        capped = (
            ranked.filter(~pl.col(hub).is_in(known) & ~pl.col(other).is_in(known))
            .join(degrees, left_on=other, right_on="iri", how="left")
            .sort(hub, -pl.col("degree").cast(pl.Int64), "edge")
            .filter(pl.int_range(pl.len()).over(hub) >= options.max_degree)
        )
        kept = kept.join(capped, on="edge", how="anti")
    return (
        ranked.join(kept, on="edge", how="semi").drop("edge"),
        f"edges within the cap of {options.max_degree} for hubs",
    )
