"""The graph for PyTorch Geometric, with one type of nodes and with a type a kind, and with splits of its edges.

Notable here:
- the files hold dicts of `Data` and `HeteroData`, tensors and builtin types only (texts, of which torch has no tensor,
  as lists), so torch loads them with ``weights_only=True`` and no code of ours or of PyTorch Geometric runs while it
  does;
- ``graph.pt`` has one type of nodes and numbers for relations, as R-GCN reads it;
- ``hetero.pt`` has a type of nodes for each kind of entity, because models of typed graphs (HGT, HAN, `to_hetero`) tell
  films from people by it, and with one type it would say no more than ``graph.pt``;
- `edge_split` is 0 for training, 1 for validation, 2 for test; an inverse edge lies where its forward edge does.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import polars as pl

from kgprep.artifacts import EDGES, ENTITIES, ENTITY_KINDS, RELATIONS, SPLITS, read_table
from kgprep.counts import Count
from kgprep.export.edge_splits import with_splits
from kgprep.export.exported import Exported, ExportOptions

FILE_NAME = "graph.pt"
HETERO_FILE_NAME = "hetero.pt"
USAGE = """import torch
from torch_geometric.data import Data, HeteroData

graph = Data.from_dict(torch.load("graph.pt", weights_only=True))
typed = HeteroData.from_dict(torch.load("hetero.pt", weights_only=True))
train_edges = graph.edge_index[:, graph.edge_split == 0]"""


def write(workspace: Path, folder: Path, _options: ExportOptions) -> Exported:
    """Write ``graph.pt`` and ``hetero.pt``: edges by type with their splits, and what nodes and relations are.

    Nodes are entities in the order of their ids; edges keep the bundle's order, inverse relations included.

    Raises:
        KgprepError: the workspace has no graph.
    """
    import torch

    entities, relations, edges = (read_table(workspace, table) for table in (ENTITIES, RELATIONS, EDGES))
    dealt = edges.join(with_splits(edges), on=edges.columns, how="left", maintain_order="left").with_columns(
        split=pl.col("split").replace_strict({split: number for number, split in enumerate(SPLITS)})
    )
    torch.save(_one_type(entities, relations, dealt), folder / FILE_NAME)
    hetero, edge_types = _a_type_a_kind(entities, relations, dealt)
    torch.save(hetero, folder / HETERO_FILE_NAME)
    counts = (
        Count("nodes", entities.height),
        Count("nodes that are items", int(entities["is_item"].sum()), entities.height),
        Count("edges, inverse ones included", edges.height),
        *(
            Count(f"edges of the split {split}", int((dealt["split"] == number).sum()), edges.height)
            for number, split in enumerate(SPLITS)
        ),
        Count("relations, inverse ones included", relations.height),
        Count("types of nodes in hetero.pt", entities["kind"].n_unique()),
        Count("types of edges in hetero.pt", edge_types),
    )
    lost = (
        "dialogues, mentions, reviews and triples; read them from the bundle's Parquet tables",
        "aliases, descriptions, types, years and IMDb ids of entities",
    )
    return Exported(counts, lost, USAGE)


def _one_type(entities: pl.DataFrame, relations: pl.DataFrame, edges: pl.DataFrame) -> dict[str, Any]:
    from torch_geometric.data import Data

    graph = Data(
        edge_index=_edge_index(edges),
        edge_type=edges["relation"].cast(int).to_torch(),
        edge_split=edges["split"].cast(int).to_torch(),
        split_names=list(SPLITS),
        num_nodes=entities.height,
        is_item=entities["is_item"].to_torch(),
        node_kind=entities["kind"].to_physical().cast(int).to_torch(),
        kind_names=list(ENTITY_KINDS),
        node_iri=entities["iri"].to_list(),
        node_name=entities["label"].to_list(),
        relation_name=relations["name"].to_list(),
        relation_iri=relations["iri"].to_list(),
        # -1 marks a forward relation, since a tensor has no null.
        inverse_of=relations["inverse_of"].fill_null(-1).cast(int).to_torch(),
    )
    graph.validate()
    written: dict[str, Any] = graph.to_dict()
    return written


def _a_type_a_kind(entities: pl.DataFrame, relations: pl.DataFrame, edges: pl.DataFrame) -> tuple[dict[Any, Any], int]:
    """Return the dict of a `HeteroData` and its number of edge types.

    An edge type is the kind of the head, the relation's name and the kind of the tail; relations of one name have their
    number after it. Nodes have numbers of their own in each type, and their number in the bundle as `entity_id`.
    """
    from torch_geometric.data import HeteroData

    graph = HeteroData(split_names=list(SPLITS))
    numbered = entities.with_columns(
        pl.col("kind").cast(pl.String), node=pl.int_range(pl.len(), dtype=pl.Int64).over("kind")
    )
    for (kind,), nodes in numbered.partition_by("kind", as_dict=True, maintain_order=True).items():
        graph[kind].num_nodes = nodes.height
        graph[kind].entity_id = nodes["entity_id"].cast(int).to_torch()
        graph[kind].is_item = nodes["is_item"].to_torch()
        graph[kind].node_iri = nodes["iri"].to_list()
        graph[kind].node_name = nodes["label"].to_list()
    name = pl.when(pl.col("name").is_duplicated()).then(pl.col("name") + "_" + pl.col("relation_id").cast(pl.String))
    named = relations.select(relation="relation_id", name=name.otherwise("name"))
    ends = numbered.select("entity_id", "kind", "node")
    typed = (
        edges.join(named, on="relation", how="left", maintain_order="left")
        .join(ends, left_on="head", right_on="entity_id", how="left", maintain_order="left")
        .join(ends, left_on="tail", right_on="entity_id", how="left", maintain_order="left", suffix="_of_tail")
        .select("kind", "name", "kind_of_tail", "split", head="node", tail="node_of_tail")
    )
    parts = typed.partition_by("kind", "name", "kind_of_tail", as_dict=True, maintain_order=True)
    for edge_type, part in parts.items():
        graph[edge_type].edge_index = _edge_index(part)
        graph[edge_type].edge_split = part["split"].cast(int).to_torch()
    with warnings.catch_warnings():
        # A kind whose entities have no edge is no mistake.
        warnings.filterwarnings("ignore", message=".*node types .* isolated")
        graph.validate()
    return graph.to_dict(), len(parts)


def _edge_index(edges: pl.DataFrame) -> Any:
    import torch

    return torch.stack([edges["head"].cast(int).to_torch(), edges["tail"].cast(int).to_torch()])
