"""Targets that libraries read, read back by readers written from the public forms."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Literal

import polars as pl
import pytest
import yaml

from kgprep.artifacts import EDGES, ENTITIES, MENTIONS, RELATIONS, TABLES, UTTERANCES, read_table
from kgprep.export import export
from tests.small_bundle import write_bundle


def rows(path: Path, quoting: Literal[0, 3] = csv.QUOTE_NONE) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter="\t", quoting=quoting))


def forward_triples(workspace: Path) -> set[tuple[str, str, str]]:
    entities = dict(read_table(workspace, ENTITIES).select("entity_id", "iri").iter_rows())
    relations = read_table(workspace, RELATIONS).filter(pl.col("inverse_of").is_null())
    names = dict(relations.select("relation_id", "iri").iter_rows())
    edges = read_table(workspace, EDGES).select("head", "relation", "tail").iter_rows()
    return {(entities[head], names[relation], entities[tail]) for head, relation, tail in edges if relation in names}


def test_pykeen_splits_hold_every_forward_edge_once(sample_workspace: Path, tmp_path: Path) -> None:
    folder = export(sample_workspace, "pykeen", tmp_path / "out").folder
    splits = {split: [tuple(row) for row in rows(folder / f"{split}.tsv")] for split in ("train", "valid", "test")}
    every = [triple for triples in splits.values() for triple in triples]
    assert len(every) == len(set(every))
    assert set(every) == forward_triples(sample_workspace)
    assert len(splits["valid"]) > 50
    assert len(splits["test"]) > 50


def test_pykeen_held_out_edges_are_not_given_away(sample_workspace: Path, tmp_path: Path) -> None:
    folder = export(sample_workspace, "pykeen", tmp_path / "out").folder
    train, valid, test = (rows(folder / f"{split}.tsv") for split in ("train", "valid", "test"))
    pairs = [{frozenset((head, tail)) for head, _, tail in part} for part in (train, valid, test)]
    assert not pairs[0] & pairs[1] | pairs[0] & pairs[2] | pairs[1] & pairs[2]
    known = {end for head, _, tail in train for end in (head, tail)}
    assert {end for head, _, tail in [*valid, *test] for end in (head, tail)} <= known
    assert {relation for _, relation, _ in [*valid, *test]} <= {relation for _, relation, _ in train}


def test_recbole_fields_are_typed_and_agree_with_the_bundle(sample_workspace: Path, tmp_path: Path) -> None:
    folder = export(sample_workspace, "recbole", tmp_path / "out").folder / "kgprep"
    header, *interactions = rows(folder / "kgprep.inter", csv.QUOTE_MINIMAL)
    assert header == ["user_id:token", "item_id:token", "liked:float", "timestamp:float"]
    entities = read_table(sample_workspace, ENTITIES)
    items = set(entities.filter("is_item")["entity_id"])
    gold = read_table(sample_workspace, MENTIONS).filter(pl.col("method").cast(pl.String) == "gold")
    named = {
        (dialogue, entity)
        for dialogue, entity in gold.select("dialogue_id", "entity_id").iter_rows()
        if entity in items
    }
    assert {(row[0], int(row[1])) for row in interactions} == named
    assert {row[2] for row in interactions} <= {"", "0", "1"}
    header, *films = rows(folder / "kgprep.item", csv.QUOTE_MINIMAL)
    assert header == ["item_id:token", "title:token_seq", "year:float"]
    assert {int(row[0]) for row in films} == items
    graph = {tuple(row) for row in rows(folder / "kgprep.kg", csv.QUOTE_MINIMAL)[1:]}
    loops = {triple for triple in graph if triple[1] == "urn:kgprep:self_loop"}
    assert graph - loops == forward_triples(sample_workspace)
    assert {head for head, _, _ in loops} == set(entities.filter(pl.col("is_item") & (pl.col("degree") == 0))["iri"])
    assert all(head == tail for head, _, tail in loops)
    splits = dict(read_table(sample_workspace, UTTERANCES).select("dialogue_id", "split").unique().iter_rows())
    for split in ("train", "valid", "test"):
        here = [row for row in interactions if splits[row[0]] == split]
        assert rows(folder / f"kgprep.{split}.inter", csv.QUOTE_MINIMAL)[1:] == here
    links = {int(item): iri for item, iri in rows(folder / "kgprep.link", csv.QUOTE_MINIMAL)[1:]}
    assert links == dict(entities.filter("is_item").select("entity_id", "iri").iter_rows())


def test_huggingface_configurations_hold_every_row(sample_workspace: Path, tmp_path: Path) -> None:
    folder = export(sample_workspace, "huggingface", tmp_path / "out").folder
    card = (folder / "README.md").read_text(encoding="utf-8")
    _, front, _ = card.split("---\n", 2)
    configs = {config["config_name"]: config["data_files"] for config in yaml.safe_load(front)["configs"]}
    present = {name for name, table in TABLES.items() if table.path(sample_workspace).exists()}
    assert set(configs) == {_called(name) for name in present}
    for config, files in configs.items():
        frames = [pl.read_parquet(folder / file["path"]) for file in files]
        name = next(name for name in present if _called(name) == config)
        assert sum(frame.height for frame in frames) == read_table(sample_workspace, TABLES[name]).height
        assert {file["split"] for file in files} <= {"train", "validation", "test"}
        assert not any(isinstance(kind, pl.Enum) for frame in frames for kind in frame.dtypes)


def test_a_dataset_card_has_licences_citations_and_splits_by_dialogue(tmp_path: Path) -> None:
    workspace = write_bundle(tmp_path / "ws")
    exported = export(workspace, "huggingface", tmp_path / "out")
    card = (exported.folder / "README.md").read_text(encoding="utf-8")
    front = yaml.safe_load(card.split("---\n", 2)[1])
    assert front["license"] == ["cc-by-sa-3.0"]
    assert front["language"] == ["en"]
    assert [config["config_name"] for config in front["configs"] if config.get("default")] == ["triples"]
    assert "- dump <1>.nt, licence: CC BY-SA 3.0, sha256 e3b0c44298fc1c14" in card
    assert "## Citation\n\n- Lehmann & al. 2015\n" in card
    assert str(workspace) not in card
    mentions = exported.folder / "data" / "dialogues_mentions"
    assert set(pl.read_parquet(mentions / "train.parquet")["dialogue_id"]) == {"7"}
    assert set(pl.read_parquet(mentions / "test.parquet")["dialogue_id"]) == {"9"}
    # The library refuses a split or a table without rows.
    assert not (mentions / "valid.parquet").exists()
    assert "dialogues_feedback" not in {config["config_name"] for config in front["configs"]}
    assert "the table dialogues/feedback, which has no rows" in exported.lost


@pytest.mark.parametrize(
    ("licence", "expected"),
    [(None, "unknown"), ("CC0 1.0", "cc0-1.0"), ("CC BY-NC-SA 4.0", "cc-by-nc-sa-4.0"), ("research use only", "other")],
)
def test_a_dataset_card_names_licences_as_the_site_does(tmp_path: Path, licence: str | None, expected: str) -> None:
    workspace = write_bundle(tmp_path / "ws")
    record = json.loads((workspace / "bundle.json").read_text(encoding="utf-8"))
    for stage in record["stages"].values():
        for source in stage["inputs"]:
            source["licence"] = licence
    (workspace / "bundle.json").write_text(json.dumps(record), encoding="utf-8")
    card = (export(workspace, "huggingface", tmp_path / "out").folder / "README.md").read_text(encoding="utf-8")
    assert yaml.safe_load(card.split("---\n", 2)[1])["license"] == [expected]


def _called(table: str) -> str:
    folder, name = table.split("/")
    return folder if folder == name else f"{folder}_{name}"


def test_unicrs_dialogues_and_graph_agree_with_the_bundle(sample_workspace: Path, tmp_path: Path) -> None:
    folder = export(sample_workspace, "unicrs", tmp_path / "out").folder
    entities = read_table(sample_workspace, ENTITIES)
    ids = json.loads((folder / "entity2id.json").read_text(encoding="utf-8"))
    assert ids == {f"<{iri}>": entity for entity, iri in entities.select("entity_id", "iri").iter_rows()}
    names = {number: name for name, number in json.loads((folder / "relation2id.json").read_text()).items()}
    graph = json.loads((folder / "dbpedia_subkg.json").read_text())
    iri = dict(entities.select("entity_id", "iri").iter_rows())
    found = [(int(head), relation, tail) for head, pairs in graph.items() for relation, tail in pairs]
    loops = [(head, tail) for head, relation, tail in found if names[relation] == "self_loop"]
    edges = [
        (iri[head], names[relation].strip("<>"), iri[tail])
        for head, relation, tail in found
        if names[relation] != "self_loop"
    ]
    assert len(edges) == len(set(edges))
    assert set(edges) == forward_triples(sample_workspace)
    assert all(head == tail for head, tail in loops)
    items = set(entities.filter("is_item")["entity_id"])
    assert {head for head, _ in loops} == {end for head, _, tail in found for end in (head, tail)} | items
    assert json.loads((folder / "item_ids.json").read_text()) == entities.filter("is_item")["entity_id"].to_list()
    utterances = read_table(sample_workspace, UTTERANCES).sort("dialogue_id", "turn")
    mentions = read_table(sample_workspace, MENTIONS)
    linked = 0
    for split in ("train", "valid", "test"):
        lines = (folder / f"{split}_data_dbpedia.jsonl").read_text(encoding="utf-8").splitlines()
        turns = [turn for line in lines for turn in json.loads(line)]
        here = utterances.filter(pl.col("split").cast(pl.String) == split)
        assert [turn["text"] for turn in turns if not turn["movie"] and "@" not in turn["text"]] == [
            text for text in here["text"] if "@" not in text
        ]
        assert [turn["role"].lower() for turn in turns] == here["role"].cast(pl.String).to_list()
        assert all(len(turn["movie"]) == len(turn["movie_link"]) == len(turn["movie_name"]) for turn in turns)
        linked += sum(len(turn["movie_link"]) + len(turn["entity_link"]) for turn in turns)
    assert linked == mentions.height


@pytest.mark.real_data
def test_unicrs_files_have_the_shape_of_real_ones(sample_workspace: Path, tmp_path: Path, real_data: Path) -> None:
    import gzip

    folder = export(sample_workspace, "unicrs", tmp_path / "out").folder
    for name in ("entity2id", "relation2id", "dbpedia_subkg", "item_ids"):
        real = json.loads(gzip.decompress((real_data / "unicrs" / f"{name}.json.gz").read_bytes()))
        ours = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        assert type(ours) is type(real)
        if isinstance(real, dict):
            (key, value), (own_key, own_value) = next(iter(real.items())), next(iter(ours.items()))
            assert type(own_value) is type(value)
            assert own_key.startswith("<") == key.startswith("<")
            assert own_key.isdigit() == key.isdigit()
        else:
            assert {type(item) for item in ours} == {type(item) for item in real}
    with gzip.open(real_data / "inspired" / "train_data_dbpedia.jsonl.gz", "rt", encoding="utf-8") as file:
        real_turn = json.loads(next(file))[0]
    with (folder / "train_data_dbpedia.jsonl").open(encoding="utf-8") as lines:
        own_turn = json.loads(next(lines))[0]
    assert set(own_turn) == set(real_turn)
    assert {name: type(value) for name, value in own_turn.items()} == {
        name: type(value) for name, value in real_turn.items()
    }
    assert own_turn["role"] in {"SEEKER", "RECOMMENDER"}
