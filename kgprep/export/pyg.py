"""The graph for PyTorch Geometric.

Notable here: the file holds the dict of a `Data` object, tensors and builtin types only, so torch loads it with
``weights_only=True`` and no code of ours or of PyTorch Geometric runs while it does.
"""

from __future__ import annotations

from pathlib import Path

from kgprep.artifacts import EDGES, ENTITIES, ENTITY_KINDS, RELATIONS, read_table
from kgprep.export.exported import Exported, ExportOptions
from kgprep.provenance import Count

FILE_NAME = "graph.pt"
USAGE = """import torch
from torch_geometric.data import Data

graph = Data.from_dict(torch.load("graph.pt", weights_only=True))"""


def write(workspace: Path, folder: Path, _options: ExportOptions) -> Exported:
    """Write ``graph.pt``: edge_index int64 [2, edges], edge_type int64 [edges], and what nodes and relations are.

    Nodes are entities in the order of their ids; edges keep the bundle's order, inverse relations included.

    Raises:
        KgprepError: the workspace has no graph.
    """
    import torch
    from torch_geometric.data import Data

    entities, relations, edges = (read_table(workspace, table) for table in (ENTITIES, RELATIONS, EDGES))
    graph = Data(
        edge_index=torch.stack([edges["head"].cast(int).to_torch(), edges["tail"].cast(int).to_torch()]),
        edge_type=edges["relation"].cast(int).to_torch(),
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
    torch.save(graph.to_dict(), folder / FILE_NAME)
    counts = (
        Count("nodes", entities.height),
        Count("nodes that are items", int(entities["is_item"].sum()), entities.height),
        Count("edges, inverse ones included", edges.height),
        Count("relations, inverse ones included", relations.height),
    )
    lost = (
        "dialogues, mentions, reviews and triples; read them from the bundle's Parquet tables",
        "aliases, descriptions, types, years and IMDb ids of entities",
    )
    return Exported(counts, lost, USAGE)
