"""The graph encoder: an R-GCN with basis decomposition (Schlichtkrull et al. 2018, equations 2 and 3).

Notable here:
- edges are stored by head and relation, so those that enter the wanted nodes are found without looking at others;
- tails are averaged per head and relation before they are transformed: one product a pair instead of one an edge;
- a layer is computed only for the nodes that are asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import torch
from torch import Tensor, nn
from torch.nn import functional

from kgprep.artifacts import EDGES, ENTITIES, RELATIONS, Table, read_table, scan_table
from model.config import ModelConfig


@dataclass(frozen=True)
class Graph:
    """The edges of a bundle by head, then relation; a pair is a head with a relation that it has; int64."""

    entities: int
    relations: int
    pairs: Tensor  # [entities + 1], where the pairs of each head begin, and their number
    relation: Tensor  # [pairs]
    edges: Tensor  # [pairs + 1], where the edges of each pair begin, and their number
    tail: Tensor  # [edges]

    def to(self, device: torch.device) -> Graph:
        """Return the same on another device."""
        tensors = (self.pairs, self.relation, self.edges, self.tail)
        return Graph(self.entities, self.relations, *(tensor.to(device) for tensor in tensors))

    def without_edges(self) -> Graph:
        """Return the nodes alone, as if the bundle's graph were not there."""
        none = self.tail[:0]
        return Graph(self.entities, self.relations, torch.zeros_like(self.pairs), none, self.edges[:1], none)


def read_graph(workspace: Path) -> Graph:
    """Return the graph of the bundle in `workspace`: a message goes from tail to head.

    Raises:
        KgprepError: a table is missing or outdated.
    """
    edges = read_table(workspace, EDGES)
    head, relation, tail = (edges[name].cast(pl.Int64).to_torch() for name in ("head", "relation", "tail"))
    return make_graph(_rows(workspace, ENTITIES), _rows(workspace, RELATIONS), head, relation, tail)


def make_graph(entities: int, relations: int, head: Tensor, relation: Tensor, tail: Tensor) -> Graph:
    """Return the graph of some edges (int64 [edges] each, in any order)."""
    order = torch.argsort(tail, stable=True)
    order = order[torch.argsort((head * relations + relation)[order], stable=True)]
    pair, edges_of_pair = torch.unique_consecutive((head * relations + relation)[order], return_counts=True)
    return Graph(
        entities=entities,
        relations=relations,
        pairs=_starts(torch.bincount(pair // max(relations, 1), minlength=entities)),
        relation=pair % max(relations, 1),
        edges=_starts(edges_of_pair),
        tail=tail[order],
    )


def _rows(workspace: Path, table: Table) -> int:
    return int(scan_table(workspace, table).select(pl.len()).collect().item())


def _starts(counts: Tensor) -> Tensor:
    """Return where groups of such sizes begin, and the end of the last: int64 [groups + 1]."""
    return functional.pad(counts.cumsum(0), (1, 0))


def places_of(starts: Tensor, groups: Tensor) -> tuple[Tensor, Tensor]:
    """Return the places that some groups hold.

    Args:
        starts: int64 [all groups + 1], where each begins.
        groups: int64 [k], those that are wanted.

    Returns:
        The places int64 [m], group after group, and where each of the k begins in them, int64 [k + 1].
    """
    sizes = starts[groups + 1] - starts[groups]
    begins = _starts(sizes)
    shift = (starts[groups] - begins[:-1]).repeat_interleave(sizes)
    return torch.arange(len(shift), device=starts.device) + shift, begins


class GraphLayer(nn.Module):
    """One R-GCN layer whose relations share `bases` matrices."""

    def __init__(self, relations: int, dim: int, bases: int) -> None:
        super().__init__()
        self.bases = nn.Parameter(torch.empty(bases, dim, dim))
        self.coefficients = nn.Parameter(torch.empty(relations, bases))
        self.root = nn.Linear(dim, dim)
        nn.init.xavier_uniform_(self.bases)
        nn.init.xavier_uniform_(self.coefficients)

    def forward(self, nodes: Tensor, graph: Graph, wanted: Tensor) -> Tensor:
        """Return the new vectors of `wanted` (int64 [k], distinct) from `nodes` [entities, d]: [k, d]."""
        pairs, begins = places_of(graph.pairs, wanted)
        if not len(pairs):
            alone: Tensor = self.root(functional.embedding(wanted, nodes))
            return alone
        receiver = torch.arange(len(wanted), device=nodes.device).repeat_interleave(begins.diff())
        by_relation = torch.argsort(graph.relation[pairs], stable=True)
        pairs, receiver = pairs[by_relation], receiver[by_relation]
        edges, edge_begins = places_of(graph.edges, pairs)
        # torch gives this call no types.
        own, means = _Read.apply(nodes, wanted, graph.tail[edges], edge_begins)  # type: ignore[no-untyped-call]
        weights = torch.einsum("rb,bij->rij", self.coefficients, self.bases)
        sizes = torch.bincount(graph.relation[pairs], minlength=graph.relations).tolist()
        parts = zip(torch.split(means, sizes), weights, strict=True)
        messages = torch.cat([vectors @ weight for vectors, weight in parts if len(vectors)])
        sums: Tensor = self.root(own).index_add(0, receiver, messages)
        return sums


class _Read(torch.autograd.Function):
    """Rows of a table and means of groups of its rows.

    On the way back each row of the table gathers what the groups it stands in send it: a bag again, several times as
    fast on a CPU as torch's own way back, which adds row by row.
    """

    @staticmethod
    def forward(ctx: Any, table: Tensor, rows: Tensor, grouped: Tensor, begins: Tensor) -> tuple[Tensor, Tensor]:
        """Return `table`[`rows`], and the mean of each group of `grouped` rows; no group is empty.

        Args:
            ctx: keeps what the way back needs.
            table: [n, d].
            rows: int64 [k], distinct.
            grouped: int64 [m], rows group after group.
            begins: int64 [groups + 1], where each begins in `grouped`, and their end.
        """
        ctx.save_for_backward(rows, grouped, begins)
        ctx.length = len(table)
        return table.index_select(0, rows), functional.embedding_bag(grouped, table, begins[:-1], mode="mean")

    @staticmethod
    def backward(ctx: Any, own: Tensor, means: Tensor) -> tuple[Tensor, None, None, None]:
        rows, grouped, begins = ctx.saved_tensors
        sizes = begins.diff()
        group = torch.arange(len(sizes), device=begins.device).repeat_interleave(sizes)
        group = group[torch.argsort(grouped, stable=True)]
        of_row = _starts(torch.bincount(grouped, minlength=ctx.length))
        table = functional.embedding_bag(group, means / sizes[:, None], of_row[:-1], mode="sum")
        return table.index_add_(0, rows, own), None, None, None


class GraphEncoder(nn.Module):
    """Node vectors of a graph that is fixed."""

    def __init__(self, graph: Graph, config: ModelConfig) -> None:
        super().__init__()
        self.graph = graph
        self.embedding = nn.Parameter(torch.empty(graph.entities, config.graph_dim))
        nn.init.normal_(self.embedding, std=config.graph_dim**-0.5)
        self.layers = nn.ModuleList(
            GraphLayer(graph.relations, config.graph_dim, config.bases) for _ in range(config.graph_layers)
        )

    def forward(self, wanted: Tensor) -> Tensor:
        """Return the vectors [k, d] of the entities `wanted` (int64 [k], distinct)."""
        nodes: Tensor = self.embedding
        everything = torch.arange(self.graph.entities, device=nodes.device)
        *inner, last = self.layers
        for layer in inner:
            nodes = torch.relu(layer(nodes, self.graph, everything))
        vectors: Tensor = last(nodes, self.graph, wanted)
        return vectors

    def move_graph(self, device: torch.device) -> None:
        """Put the edges on `device`; they are no parameters, so `to` leaves them where they are."""
        self.graph = self.graph.to(device)
