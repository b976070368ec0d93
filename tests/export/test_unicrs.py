"""UniCRS's data set, read back as its processing, its masking and its graph do."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from kgprep.artifacts import EDGES, ENTITIES, MENTIONS, UTTERANCES, read_table, write_parquet
from kgprep.export import export
from tests.small_bundle import DBR, write_bundle

FILM = f"<{DBR}It_(2017_film)>"


def load(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text(encoding="utf-8"))


def dialogues(folder: Path, split: str) -> list[list[dict[str, Any]]]:
    return [
        json.loads(line) for line in (folder / f"{split}_data_dbpedia.jsonl").read_text(encoding="utf-8").splitlines()
    ]


def masked(turn: dict[str, Any]) -> tuple[str, int]:
    """Return a turn's text with its movies masked, and how many of their names were found, as UniCRS does it."""
    text, found = turn["text"], 0
    for name in turn["movie_name"]:
        start = text.lower().find(name.lower())
        if start >= 0:
            text, found = f"{text[:start]}<movie>{text[start + len(name) :]}", found + 1
    return text, found


def graph(folder: Path) -> tuple[set[tuple[int, int, int]], int]:
    """Return the edges both ways and the number of nodes, as UniCRS does it."""
    pairs, ids = load(folder, "dbpedia_subkg.json"), load(folder, "entity2id.json")
    edges = set()
    for entity in ids.values():
        for relation, tail in pairs.get(str(entity), []):
            edges |= {(entity, tail, relation), (tail, entity, relation)}
    return edges, max(ids.values()) + 2


def test_titles_stand_where_redial_has_tokens(tmp_path: Path) -> None:
    folder = export(write_bundle(tmp_path / "ws"), "unicrs", tmp_path / "out").folder
    ((first, second),) = dialogues(folder, "train")
    assert first == {
        "text": "I haven't seen It (2017), it's scary",
        "role": "SEEKER",
        "movie": ["It (2017)"],
        "entity_link": [],
        "entity_name": [],
        "movie_link": [FILM],
        "movie_name": ["It (2017)"],
    }
    assert second["entity_name"] == ["Andy Muschietti", "Us"]
    ((third, fourth),) = dialogues(folder, "test")
    assert third["text"] == "A film nobody knows or It (2017)"
    assert third["movie_link"] == ["<urn:kgprep:redial:a b>", FILM]
    assert fourth["text"] == "你好，看过《它》吗"


def test_titles_of_the_data_set_stay(tmp_path: Path) -> None:
    workspace = write_bundle(tmp_path / "ws")
    mentions = [("9", 1, 6, 7, "它", 2, "gold", 1.0)]
    write_parquet(MENTIONS, pl.DataFrame(mentions, schema=MENTIONS.schema, orient="row"), MENTIONS.path(workspace))
    folder = export(workspace, "unicrs", tmp_path / "out").folder
    ((_, turn),) = dialogues(folder, "test")
    assert (turn["text"], turn["movie"], turn["movie_name"]) == ("你好，看过《它》吗", ["It (2017)"], ["它"])
    assert masked(turn) == ("你好，看过《<movie>》吗", 1)


def test_every_movie_is_masked(sample_workspace: Path, tmp_path: Path) -> None:
    folder = export(sample_workspace, "unicrs", tmp_path / "out").folder
    ids = load(folder, "entity2id.json")
    items = set(load(folder, "item_ids.json"))
    named = 0
    for split in ("train", "valid", "test"):
        for dialogue in dialogues(folder, split):
            for turn in dialogue:
                text, found = masked(turn)
                assert found == len(turn["movie_name"]) == text.count("<movie>")
                assert {ids[name] for name in turn["movie_link"]} <= items
                assert all(name in ids for name in turn["entity_link"])
                named += found
    assert named > 100
    utterances = read_table(sample_workspace, UTTERANCES)
    assert utterances.height == sum(
        len(lines) for split in ("train", "valid", "test") for lines in dialogues(folder, split)
    )


def test_the_graph_reaches_every_item(sample_workspace: Path, tmp_path: Path) -> None:
    folder = export(sample_workspace, "unicrs", tmp_path / "out").folder
    edges, nodes = graph(folder)
    loop = load(folder, "relation2id.json")["self_loop"]
    assert set(load(folder, "item_ids.json")) <= {head for head, tail, relation in edges if relation == loop}
    assert all(0 <= end < nodes - 1 for head, tail, _ in edges for end in (head, tail))
    forward = sum(relation != loop for _, _, relation in edges)
    assert forward == read_table(sample_workspace, EDGES).height


def test_a_bundle_without_edges_has_a_graph_all_the_same(tmp_path: Path) -> None:
    """UniCRS cuts its list of edges in columns, which an empty one has not."""
    workspace = write_bundle(tmp_path / "ws")
    write_parquet(EDGES, pl.DataFrame(schema=EDGES.schema), EDGES.path(workspace))
    edges, _ = graph(export(workspace, "unicrs", tmp_path / "out").folder)
    items = read_table(workspace, ENTITIES).filter("is_item")["entity_id"].to_list()
    assert {(head, tail) for head, tail, _ in edges} == {(item, item) for item in items}


@pytest.mark.real_data
def test_real_files_need_no_key_for_every_entity_either(real_data: Path) -> None:
    """What the exporter leaves open is open in UniCRS's own files: heads alone have keys, each with its self-loop."""
    real = {
        name: json.loads(gzip.decompress((real_data / "unicrs" / f"{name}.json.gz").read_bytes()))
        for name in ("entity2id", "relation2id", "dbpedia_subkg", "item_ids")
    }
    loop = real["relation2id"]["self_loop"]
    assert len(real["dbpedia_subkg"]) < len(real["entity2id"])
    assert all([loop, int(head)] in pairs for head, pairs in real["dbpedia_subkg"].items())
    assert any(str(item) not in real["dbpedia_subkg"] for item in real["item_ids"])
