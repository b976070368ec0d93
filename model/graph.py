"""The graph encoder: an R-GCN with basis decomposition (Schlichtkrull et al. 2018, equations 2 and 3).

Notable here:
- edges are sorted by relation once, so a layer is one matrix product a relation and nothing is copied per basis;
- the last layer is computed only for the nodes that are asked for, with their incoming edges.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
import torch
from torch import Tensor, nn

from kgprep.artifacts import EDGES, ENTITIES, RELATIONS, read_table, scan_table
from model.config import ModelConfig


@dataclass(frozen=True)
class Graph:
    """The edges of a bundle, sorted by relation; int64 [edges]."""

    entities: int
    relations: int
    source: Tensor
    relation: Tensor
    target: Tensor
    norm: Tensor  # float32 [edges], one over the number of edges of this relation that enter the target


def read_graph(workspace: Path) -> Graph:
    """Return the graph of the bundle in `workspace`: a message goes from tail to head.

    Raises:
        KgprepError: a table is missing or outdated.
    """
    edges = read_table(workspace, EDGES).sort("relation", "head", "tail")
    counted = edges.with_columns(norm=1 / pl.len().over("head", "relation").cast(pl.Float32))
    source, relation, target = (
        torch.from_numpy(edges[name].cast(pl.Int64).to_numpy().copy()) for name in ("tail", "relation", "head")
    )
    return Graph(
        entities=scan_table(workspace, ENTITIES).select(pl.len()).collect().item(),
        relations=scan_table(workspace, RELATIONS).select(pl.len()).collect().item(),
        source=source,
        relation=relation,
        target=target,
        norm=torch.from_numpy(counted["norm"].to_numpy().copy()),
    )


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
        row = torch.full((graph.entities,), -1, dtype=torch.int64, device=nodes.device)
        row[wanted] = torch.arange(len(wanted), device=nodes.device)
        incoming = (row[graph.target] >= 0).nonzero().squeeze(1)
        weights = torch.einsum("rb,bij->rij", self.coefficients, self.bases)
        sources, relations, norm = graph.source[incoming], graph.relation[incoming], graph.norm[incoming]
        sizes = torch.bincount(relations, minlength=graph.relations).tolist()
        parts = zip(torch.split(nodes.index_select(0, sources), sizes), weights, strict=True)
        messages = torch.cat([vectors @ weight for vectors, weight in parts]) * norm[:, None]
        received = torch.zeros(len(wanted), nodes.shape[1], device=nodes.device, dtype=messages.dtype)
        gathered: Tensor = self.root(nodes[wanted]) + received.index_add(0, row[graph.target[incoming]], messages)
        return gathered


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
        graph = self.graph
        self.graph = replace(
            graph,
            source=graph.source.to(device),
            relation=graph.relation.to(device),
            target=graph.target.to(device),
            norm=graph.norm.to(device),
        )
