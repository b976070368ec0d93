"""The subgraph around the items: frontier expansion hop by hop, then the filters, each of which says what it kept.

Notable here:
- a hop asks the source for the edges at the frontier, so it costs a semi-join, whatever the size of the dump;
- both ends of an edge are led to where their redirects end, so an entity has its edges under whatever name they stand;
- filters run on the collected edges in a fixed order: self-loops, duplicates, hubs, rare relations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from kgprep.counts import Count
from kgprep.kg.redirects import follow_redirects, pages_leading_to, to_canonical
from kgprep.kg.source import End, TripleSource

Direction = Literal["out", "in", "both"]

_ENDS: dict[Direction, tuple[End, ...]] = {"out": ("subject",), "in": ("object",), "both": ("subject", "object")}
_Filtered = tuple[pl.DataFrame, list[Count]]
_EDGE_SCHEMA = pl.Schema({"head": pl.String, "predicate": pl.String, "tail": pl.String})


@dataclass(frozen=True)
class SubgraphOptions:
    """What to collect around the items.

    Args:
        hops: how many edges away from an item the graph reaches.
        direction: ``out`` follows edges from head to tail, ``in`` the other way, ``both`` either.
        relations: IRIs of the predicates to keep; none given keeps all.
        min_relation_count: relations with fewer kept edges are left out.
        max_degree: a hub (an entity that is no item) keeps its edges to items and at most so many others,
            whether it is their head or tail.
    """

    hops: int = 2
    direction: Direction = "out"
    relations: frozenset[str] | None = None
    min_relation_count: int = 1
    max_degree: int | None = None


@dataclass(frozen=True)
class Subgraph:
    """Edges (head, predicate, tail: IRIs), sorted, what every filter kept, and the relations that edges had before.

    Args:
        edges: those that are left.
        counts: of every filter.
        relations: IRIs of the relations met on the way, the commonest first.
    """

    edges: pl.DataFrame
    counts: tuple[Count, ...]
    relations: tuple[str, ...]


def expand(source: TripleSource, items: pl.Series, options: SubgraphOptions) -> Subgraph:
    """Collect the edges at most `options.hops` hops from the items.

    Args:
        source: where the triples are.
        items: IRIs of the items.
        options: what to collect.
    """
    reached, relations, counts = _reach(source, items, options)
    filters = (_drop_self_loops, _drop_duplicates, _cap_hubs, _drop_rare_relations)
    for keep in filters:
        reached, told = keep(reached, items, options)
        counts += told
    return Subgraph(reached.sort("head", "predicate", "tail"), tuple(counts), tuple(relations))


def _reach(
    source: TripleSource, items: pl.Series, options: SubgraphOptions
) -> tuple[pl.DataFrame, pl.Series, list[Count]]:
    """Return the edges of the relations wanted, all relations met from the commonest on, and what each hop reached."""
    visited = items.unique().sort().alias("iri").to_frame()
    frontier = visited
    collected = [pl.DataFrame(schema=_EDGE_SCHEMA)]
    met = [collected[0]["predicate"].value_counts()]
    counts = []
    for hop in range(1, options.hops + 1):
        found = _edges_at(source, frontier["iri"], options)
        met.append(found["predicate"].value_counts())
        edges = _canonical(source, _listed(found, options))
        collected.append(edges)
        ends = pl.concat([edges["head"], edges["tail"]]).unique().alias("iri").to_frame()
        frontier = ends.join(visited, on="iri", how="anti").sort("iri")
        visited = pl.concat([visited, frontier])
        counts.append(Count(f"edges read in hop {hop}", edges.height))
        counts.append(Count(f"entities first reached in hop {hop}", frontier.height))
    relations = pl.concat(met).group_by("predicate").agg(pl.col("count").sum())
    by_number = relations.sort("count", "predicate", descending=[True, False])
    return pl.concat(collected), by_number["predicate"], counts


def _edges_at(source: TripleSource, frontier: pl.Series, options: SubgraphOptions) -> pl.DataFrame:
    names = pl.concat([frontier, pages_leading_to(source, frontier)["page"].alias(frontier.name)])
    found = [source.facts("edge", end, names) for end in _ENDS[options.direction]]
    return pl.concat(found).select(head="subject", predicate="predicate", tail="object")


def _listed(edges: pl.DataFrame, options: SubgraphOptions) -> pl.DataFrame:
    return edges if options.relations is None else edges.filter(pl.col("predicate").is_in(sorted(options.relations)))


def _canonical(source: TripleSource, edges: pl.DataFrame) -> pl.DataFrame:
    redirects = follow_redirects(source, pl.concat([edges["head"], edges["tail"]]))
    return to_canonical(to_canonical(edges, "head", redirects), "tail", redirects)


def _drop_self_loops(edges: pl.DataFrame, items: pl.Series, options: SubgraphOptions) -> _Filtered:
    kept = edges.filter(pl.col("head") != pl.col("tail"))
    return kept, [Count("edges that are no self-loops", kept.height, edges.height)]


def _drop_duplicates(edges: pl.DataFrame, items: pl.Series, options: SubgraphOptions) -> _Filtered:
    kept = edges.unique()
    return kept, [Count("edges that are no duplicates", kept.height, edges.height)]


def _cap_hubs(edges: pl.DataFrame, items: pl.Series, options: SubgraphOptions) -> _Filtered:
    """Keep of each hub the edges to items and those to the entities with most edges; IRIs break ties."""
    if options.max_degree is None:
        return edges, [Count("edges within the cap for hubs (no cap)", edges.height, edges.height)]
    degrees = pl.concat([edges["head"].alias("iri"), edges["tail"].alias("iri")]).value_counts(name="degree")
    known = items.implode()
    ranked = edges.sort("head", "predicate", "tail").with_row_index("edge")
    between_hubs = ranked.filter(~pl.col("head").is_in(known) & ~pl.col("tail").is_in(known))
    at_hubs = pl.concat(
        between_hubs.select("edge", hub=hub, other=other) for hub, other in (("head", "tail"), ("tail", "head"))
    )
    capped = (
        at_hubs.join(degrees, left_on="other", right_on="iri", how="left")
        .sort("hub", -pl.col("degree").cast(pl.Int64), "edge")
        .filter(pl.int_range(pl.len()).over("hub") >= options.max_degree)
    )
    kept = ranked.join(capped, on="edge", how="anti").drop("edge")
    return kept, [
        Count(f"edges within the cap of {options.max_degree} for hubs", kept.height, edges.height),
        Count("hubs that lost edges to the cap", capped["hub"].n_unique(), degrees.height),
    ]


def _drop_rare_relations(edges: pl.DataFrame, items: pl.Series, options: SubgraphOptions) -> _Filtered:
    kept = edges.filter(pl.len().over("predicate") >= options.min_relation_count)
    return kept, [
        Count(f"edges of relations with at least {options.min_relation_count}", kept.height, edges.height),
        Count("relations kept", kept["predicate"].n_unique(), edges["predicate"].n_unique()),
    ]
