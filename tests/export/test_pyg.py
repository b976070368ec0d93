"""The pyg target, loaded by torch without trust and checked with PyTorch Geometric."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
from torch_geometric.data import Data, HeteroData
from torch_geometric.nn import HGTConv

from kgprep.artifacts import EDGES, ENTITIES, RELATIONS, read_table, write_parquet
from kgprep.export import export
from tests.small_bundle import DBO, ENTITY_ROWS, write_bundle


@pytest.fixture(scope="module")
def folder(sample_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(sample_workspace, "pyg", tmp_path_factory.mktemp("pyg") / "out").folder


@pytest.fixture(scope="module")
def graph(folder: Path) -> Any:
    return Data.from_dict(torch.load(folder / "graph.pt", weights_only=True))


@pytest.fixture(scope="module")
def typed(folder: Path) -> Any:
    return HeteroData.from_dict(torch.load(folder / "hetero.pt", weights_only=True))


def test_the_typed_graph_has_every_node_and_edge_of_the_bundle(sample_workspace: Path, typed: Any) -> None:
    assert typed.validate()
    entities = read_table(sample_workspace, ENTITIES)
    for kind, nodes in entities.with_columns(pl.col("kind").cast(pl.String)).group_by("kind"):
        store, here = typed[kind[0]], nodes.sort("entity_id")
        assert store.num_nodes == here.height
        assert store.entity_id.tolist() == here["entity_id"].to_list()
        assert store.is_item.tolist() == here["is_item"].to_list()
        assert store.node_iri == here["iri"].to_list()
        assert store.node_name == here["label"].to_list()
    assert set(typed.node_types) == set(entities["kind"].cast(pl.String))
    numbers = dict(read_table(sample_workspace, RELATIONS).select("name", "relation_id").iter_rows())
    rebuilt = {
        (typed[head].entity_id[one].item(), numbers[name], typed[tail].entity_id[other].item())
        for head, name, tail in typed.edge_types
        for one, other in typed[head, name, tail].edge_index.T.tolist()
    }
    edges = read_table(sample_workspace, EDGES)
    assert rebuilt == set(edges.iter_rows())
    assert typed.num_edges == edges.height


def test_no_held_out_edge_is_given_away(graph: Any) -> None:
    assert graph.split_names == ["train", "valid", "test"]
    ends = torch.stack([graph.edge_index.min(dim=0).values, graph.edge_index.max(dim=0).values])
    pairs = [set(map(tuple, ends[:, graph.edge_split == number].T.tolist())) for number in range(3)]
    assert all(pairs)
    assert not pairs[0] & pairs[1] | pairs[0] & pairs[2] | pairs[1] & pairs[2]
    trained = graph.edge_split == 0
    assert set(graph.edge_index.unique().tolist()) == set(graph.edge_index[:, trained].unique().tolist())
    assert set(graph.edge_type.unique().tolist()) == set(graph.edge_type[trained].unique().tolist())


def test_an_inverse_edge_lies_where_its_forward_edge_does(graph: Any) -> None:
    heads, tails = graph.edge_index.tolist()
    where = dict(zip(zip(heads, graph.edge_type.tolist(), tails, strict=True), graph.edge_split.tolist(), strict=True))
    checked = 0
    for (head, relation, tail), split in where.items():
        forward = int(graph.inverse_of[relation])
        if forward >= 0:
            assert where[tail, forward, head] == split
            checked += 1
    assert checked == len(where) // 2


def test_both_graphs_and_pykeen_have_the_same_splits(
    sample_workspace: Path, tmp_path: Path, graph: Any, typed: Any
) -> None:
    typed_splits = torch.cat([typed[edge_type].edge_split for edge_type in typed.edge_types])
    assert typed_splits.bincount().tolist() == graph.edge_split.bincount().tolist()
    pykeen = export(sample_workspace, "pykeen", tmp_path / "out").folder
    heads, tails = graph.edge_index.tolist()
    for number, split in enumerate(graph.split_names):
        lines = {tuple(line.split("\t")) for line in (pykeen / f"{split}.tsv").read_text("utf-8").splitlines()}
        chosen = {
            (graph.node_iri[head], graph.relation_iri[relation], graph.node_iri[tail])
            for head, relation, tail, where in zip(
                heads, graph.edge_type.tolist(), tails, graph.edge_split.tolist(), strict=True
            )
            if where == number and graph.inverse_of[relation] < 0
        }
        assert lines == chosen


def test_a_model_of_typed_graphs_takes_the_training_edges(typed: Any) -> None:
    model = HGTConv(dict.fromkeys(typed.node_types, 4), 8, typed.metadata())
    features = {kind: torch.randn(typed[kind].num_nodes, 4) for kind in typed.node_types}
    edges = {kind: typed[kind].edge_index[:, typed[kind].edge_split == 0] for kind in typed.edge_types}
    out = model(features, edges)
    assert out["film"].shape == (typed["film"].num_nodes, 8)
    assert all(torch.isfinite(value).all() for value in out.values())


@pytest.mark.filterwarnings("error")
def test_relations_of_one_name_stay_apart(tmp_path: Path) -> None:
    workspace = write_bundle(tmp_path / "ws")
    relations = [(0, f"{DBO}genre", "genre", None, 1), (1, "http://example.org/genre", "genre", None, 1)]
    write_parquet(RELATIONS, pl.DataFrame(relations, schema=RELATIONS.schema, orient="row"), RELATIONS.path(workspace))
    edges = pl.DataFrame([(2, 0, 1), (3, 1, 1)], schema=EDGES.schema, orient="row")
    write_parquet(EDGES, edges, EDGES.path(workspace))
    folder = export(workspace, "pyg", tmp_path / "out").folder
    typed = HeteroData.from_dict(torch.load(folder / "hetero.pt", weights_only=True))
    assert sorted(typed.edge_types) == [("film", "genre_0", "genre"), ("film", "genre_1", "genre")]
    films = [row[1] for row in ENTITY_ROWS if row[3] == "film"]
    assert [films[typed["film", f"genre_{n}", "genre"].edge_index[0, 0]] for n in (0, 1)] == films[:2]
