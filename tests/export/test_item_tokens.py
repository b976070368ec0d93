"""Items as tokens in the texts of data sets that write titles, through the targets that need them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from kgprep.artifacts import ENTITIES, ITEMS, MENTIONS, UTTERANCES, read_table, write_parquet
from kgprep.export import export
from tests.small_bundle import write_bundle

UTTERANCE_ROWS = [
    ("train", "7", 0, "seeker", "Have you seen It or Us?"),
    ("train", "7", 1, "recommender", "看过《小丑回魂》，还有@12吗"),
    ("train", "7", 2, "recommender", "Andy Muschietti made It It"),
]
MENTION_ROWS = [
    ("7", 0, 14, 16, "It", 2, "gold", 1.0),
    ("7", 0, 14, 22, "It or Us", 4, "gold", 1.0),
    ("7", 0, 20, 22, "Us", 3, "gold", 1.0),
    ("7", 1, 3, 7, "小丑回魂", 2, "gold", 1.0),
    ("7", 1, 11, 14, "@12", 2, "gold", 1.0),
    ("7", 2, 0, 15, "Andy Muschietti", 0, "gold", 1.0),
    ("7", 2, 21, 23, "It", 2, "gold", 1.0),
    ("7", 2, 24, 26, "It", 2, "link", 0.9),
]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    workspace = write_bundle(tmp_path / "ws")
    for table, rows in ((UTTERANCES, UTTERANCE_ROWS), (MENTIONS, MENTION_ROWS)):
        write_parquet(table, pl.DataFrame(rows, schema=table.schema, orient="row"), table.path(workspace))
    return workspace


def texts(folder: Path) -> list[list[str]]:
    (dialogue,) = json.loads((folder / "train_data.json").read_text(encoding="utf-8"))
    return [said["text"] for said in dialogue["dialog"]]


def write_items(workspace: Path, *rows: Any) -> None:
    write_parquet(ITEMS, pl.DataFrame(rows, schema=ITEMS.schema, orient="row"), ITEMS.path(workspace))


def test_titles_of_gold_items_become_tokens(workspace: Path, tmp_path: Path) -> None:
    write_items(
        workspace,
        ("12", "It", 2017, None, 2, "title", 1.0),
        ("9", "It", 2017, None, 2, "title", 1.0),
        ("50", "Us", 2019, None, 3, "title", 1.0),
    )
    exported = export(workspace, "c2crs", tmp_path / "out")
    assert texts(exported.folder) == [
        # The longest title counts where several lie over each other; this one's item has no number of its own.
        ["Have", "you", "seen", "@55", "?"],
        ["看过", "《", "@9", "》", "，", "还有", "@12", "吗"],
        ["Andy", "Muschietti", "made", "@9", "It"],
    ]
    tokens = json.loads((exported.folder / "redial_context_movie_id2crslab_entityId.json").read_text())
    assert tokens == {"9": 3, "12": 3, "50": 4, "55": 5}
    assert "titles replaced by item tokens: 3 of 5 (60.0 %)" in [str(count) for count in exported.counts]


def test_items_whose_ids_are_no_numbers_get_numbers(workspace: Path, tmp_path: Path) -> None:
    write_items(workspace, ("It (2017)", "It", 2017, None, 2, "title", 1.0))
    mentions = [row for row in MENTION_ROWS if row[4] not in ("@12", "It or Us")]
    write_parquet(MENTIONS, pl.DataFrame(mentions, schema=MENTIONS.schema, orient="row"), MENTIONS.path(workspace))
    folder = export(workspace, "c2crs", tmp_path / "out").folder
    assert texts(folder)[0] == ["Have", "you", "seen", "@3", "or", "@4", "?"]
    tokens = json.loads((folder / "redial_context_movie_id2crslab_entityId.json").read_text())
    assert tokens == {"3": 3, "4": 4, "5": 5}


def test_items_bear_the_name_that_the_data_set_gives_them(workspace: Path, tmp_path: Path) -> None:
    write_items(
        workspace, ("It (2017)", "It", None, None, 2, "title", 1.0), ("us", "U.S.", 2018, None, 3, "title", 1.0)
    )
    labels = ["Andy Muschietti", "Horror film", "It (2017 film)", "Us (film)", "Up (2009 film)"]
    entities = read_table(workspace, ENTITIES).with_columns(label=pl.Series(labels))
    write_parquet(ENTITIES, entities, ENTITIES.path(workspace))
    expected = {"It (2017)", "U.S. (2018)", "Up"}
    (dialogue,) = (export(workspace, "kbrd", tmp_path / "kbrd").folder / "train_data.jsonl").read_text().splitlines()
    assert set(json.loads(dialogue)["movieMentions"].values()) == expected
    turns = (export(workspace, "unicrs", tmp_path / "unicrs").folder / "train_data_dbpedia.jsonl").read_text()
    assert {title for turn in json.loads(turns) for title in turn["movie"]} == expected
    recbole = export(workspace, "recbole", tmp_path / "recbole").folder / "kgprep" / "kgprep.item"
    rows = [line.split("\t") for line in recbole.read_text().splitlines()[1:]]
    assert rows == [["2", "It", "2017"], ["3", "U.S.", "2018"], ["4", "Up", ""]]
    tgredial = export(workspace, "crslab-tgredial", tmp_path / "tgredial").folder
    names = json.loads((tgredial / "entity2id.json").read_text())
    assert list(names) == ["Andy Muschietti", "Horror film", "It", "U.S.", "Up"]


def test_items_whose_ids_are_one_number_stay_two(workspace: Path, tmp_path: Path) -> None:
    write_items(workspace, ("007", "It", 2017, None, 2, "title", 1.0), ("7", "Us", 2019, None, 3, "title", 1.0))
    mentions = [("7", 0, 14, 16, "It", 2, "gold", 1.0), ("7", 0, 20, 22, "Us", 3, "gold", 1.0)]
    write_parquet(MENTIONS, pl.DataFrame(mentions, schema=MENTIONS.schema, orient="row"), MENTIONS.path(workspace))
    folder = export(workspace, "c2crs", tmp_path / "c2crs").folder
    assert texts(folder)[0] == ["Have", "you", "seen", "@10", "or", "@7", "?"]
    tokens = json.loads((folder / "redial_context_movie_id2crslab_entityId.json").read_text())
    assert tokens == {"7": 4, "10": 3, "12": 5}
    kbrd = (export(workspace, "kbrd", tmp_path / "kbrd").folder / "train_data.jsonl").read_text(encoding="utf-8")
    (dialogue,) = map(json.loads, kbrd.splitlines())
    assert dialogue["messages"][0]["text"].split() == ["Have", "you", "seen", "@10", "or", "@7", "?"]
    assert dialogue["movieMentions"] == {"7": "Us (2019)", "10": "It (2017)"}


def test_digits_of_other_scripts_are_no_number(workspace: Path, tmp_path: Path) -> None:
    write_items(workspace, ("７", "It", 2017, None, 2, "title", 1.0), ("8", "Us", 2019, None, 3, "title", 1.0))
    mentions = [("7", 0, 14, 16, "@１", 2, "gold", 1.0), ("7", 0, 20, 22, "Us", 3, "gold", 1.0)]
    write_parquet(MENTIONS, pl.DataFrame(mentions, schema=MENTIONS.schema, orient="row"), MENTIONS.path(workspace))
    for target in ("c2crs", "kbrd", "kgsf"):
        export(workspace, target, tmp_path / target)
    assert texts(tmp_path / "c2crs")[0] == ["Have", "you", "seen", "@11", "or", "@8", "?"]


def test_a_token_that_is_another_items_number_becomes_its_own(workspace: Path, tmp_path: Path) -> None:
    write_items(workspace, ("012", "It", 2017, None, 2, "title", 1.0), ("12", "Us", 2019, None, 3, "title", 1.0))
    assert texts(export(workspace, "c2crs", tmp_path / "out").folder)[1][-2:] == ["@15", "吗"]
