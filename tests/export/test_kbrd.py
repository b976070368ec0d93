"""KBRD's data set, read back as its loader does."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from kgprep.artifacts import EDGES, ENTITIES, FEEDBACK, MENTIONS, UTTERANCES, KgprepError, read_table, write_parquet
from kgprep.export import export
from tests.export.redial_reader import dialogues, pickles, turns
from tests.small_bundle import DBO, DBR, write_bundle

SPLITS = ("train", "valid", "test")
FILM = f"<{DBR}It_(2017_film)>"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    workspace = write_bundle(tmp_path / "ws")
    feedback = pl.DataFrame([("7", "1", 0, None, 1)], schema=FEEDBACK.schema, orient="row")
    write_parquet(FEEDBACK, feedback, FEEDBACK.path(workspace))
    return workspace


def test_dialogues_have_redials_form(workspace: Path, tmp_path: Path) -> None:
    folder = export(workspace, "kbrd", tmp_path / "out").folder
    assert dialogues(folder, "train") == [
        {
            "conversationId": "7",
            "movieMentions": {"1": "It (2017)"},
            "initiatorQuestions": {"1": {"suggested": 0, "liked": 1}},
            "respondentQuestions": {},
            "initiatorWorkerId": 0,
            "respondentWorkerId": 1,
            "messages": [
                {"timeOffset": 0, "text": "I haven't seen @1, it's scary", "senderWorkerId": 0, "messageId": 0},
                {"timeOffset": 0, "text": "Andy Muschietti made @1. Us too", "senderWorkerId": 1, "messageId": 1},
            ],
        }
    ]
    assert dialogues(folder, "valid") == []
    (test,) = dialogues(folder, "test")
    assert test["movieMentions"] == {"1": "It (2017)", "2": "A film\nnobody knows"}
    assert (folder / ".built").exists()


def test_pickles_lead_from_texts_and_items_to_ids(workspace: Path, tmp_path: Path) -> None:
    data = pickles(export(workspace, "kbrd", tmp_path / "out").folder)
    assert data["entity2entityId"] == {
        "__pad__": 0,
        f"<{DBR}Andy_Muschietti>": 1,
        f"<{DBR}Horror_film>": 2,
        FILM: 3,
        f"<{DBR}Us_(2019_film)>": 4,
        "<urn:kgprep:redial:a b>": 5,
    }
    assert data["id2entity"] == {1: FILM, 2: "<urn:kgprep:redial:a b>", 6: f"<{DBR}Us_(2019_film)>"}
    assert data["movie_ids"] == [3, 4, 5]
    assert data["subkg"] == {3: [(0, 1), (1, 2), (185, 3)], 4: [(1, 2), (185, 4)], 5: [(185, 5)]}
    assert data["relation2relationId"] == {f"{DBO}director": 0, f"{DBO}genre": 1, "self_loop": 185}
    assert data["text_dict"] == {
        "I haven't seen @1, it's scary": [],
        "Andy Muschietti made @1. Us too": [f"<{DBR}Andy_Muschietti>", f"<{DBR}Us_(2019_film)>"],
        "@2 or @1": [],
        "你好，看过《它》吗": [],
    }


def test_the_loader_finds_every_mention_of_the_bundle(sample_workspace: Path, tmp_path: Path) -> None:
    folder = export(sample_workspace, "kbrd", tmp_path / "out").folder
    data = pickles(folder)
    entities = read_table(sample_workspace, ENTITIES)
    utterances = read_table(sample_workspace, UTTERANCES)
    mentions = read_table(sample_workspace, MENTIONS)
    items = set(entities.filter("is_item")["entity_id"])
    rows = mentions.join(utterances, on=["dialogue_id", "turn"]).sort("dialogue_id", "turn", "start")
    expected_items: dict[str, list[int]] = {}
    expected: dict[str, set[int]] = {}
    for dialogue, entity, method in rows.select("dialogue_id", "entity_id", "method").iter_rows():
        if method == "gold" and entity in items:
            expected_items.setdefault(dialogue, []).append(entity + 1)
        expected.setdefault(dialogue, set()).add(entity + 1)
    seen: Counter[str] = Counter()
    for split in SPLITS:
        in_split = utterances.filter(pl.col("split") == split)["dialogue_id"].unique().sort().to_list()
        found = dialogues(folder, split)
        assert [dialogue["conversationId"] for dialogue in found] == in_split
        for dialogue in found:
            said = turns(dialogue, data)
            name = dialogue["conversationId"]
            named: list[int] = [item for turn in said for item in turn["items"]]
            assert named == expected_items.get(name, [])
            # Equal texts share their entities, so a dialogue may have more than its own mentions, never fewer.
            assert expected.get(name, set()) <= set(named) | {entity for turn in said for entity in turn["entities"]}
            seen["items"] += len(named)
    assert seen["items"] > 100
    assert set(data["movie_ids"]) == {item + 1 for item in items}


def test_the_graph_is_what_kbrd_walks(sample_workspace: Path, tmp_path: Path) -> None:
    """KBRD needs a self-loop with a number above 0, and ids below the number of entities."""
    data = pickles(export(sample_workspace, "kbrd", tmp_path / "out").folder)
    loops = {relation for head, pairs in data["subkg"].items() for relation, tail in pairs if head == tail}
    assert loops == {185}
    ends: Any = {end for head, pairs in data["subkg"].items() for _, tail in pairs for end in (head, tail)}
    assert max(ends) < len(data["entity2entityId"])
    edges = read_table(sample_workspace, EDGES)
    assert sum(relation != 185 for pairs in data["subkg"].values() for relation, _ in pairs) * 2 == edges.height


def test_a_workspace_without_feedback_is_sent_to_build_kg(workspace: Path, tmp_path: Path) -> None:
    FEEDBACK.path(workspace).unlink()
    with pytest.raises(KgprepError, match=r"feedback\.parquet does not exist: run kgprep build-kg"):
        export(workspace, "kbrd", tmp_path / "out")


@pytest.mark.real_data
def test_dialogues_have_the_fields_of_real_ones(sample_workspace: Path, tmp_path: Path, real_data: Path) -> None:
    with gzip.open(real_data / "redial" / "test.jsonl.gz", "rt", encoding="utf-8") as file:
        real = next(record for record in map(json.loads, file) if record["initiatorQuestions"])
    folder = export(sample_workspace, "kbrd", tmp_path / "out").folder
    own = next(dialogue for dialogue in dialogues(folder, "train") if dialogue["initiatorQuestions"])
    fields = set(own)
    assert fields == {name for name in real if not name.startswith("_")}
    assert {name: type(own[name]) for name in fields - {"respondentQuestions"}} == {
        name: type(real[name]) for name in fields - {"respondentQuestions"}
    }
    assert set(own["messages"][0]) == set(real["messages"][0])
    assert {type(key) for key in own["movieMentions"]} == {type(key) for key in real["movieMentions"]}
    answers = [next(iter(record["initiatorQuestions"].values())) for record in (own, real)]
    assert set(answers[0]) == set(answers[1])
