from __future__ import annotations

import collections
import io
import json
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from kgprep.dialogues import load_dialogues
from kgprep.errors import KgprepError

WriteLines = Callable[[str, Sequence[object]], Path]


def dialogue(conv_id: int, *contents: str, films: dict[Any, Any] | None = None) -> dict[str, Any]:
    """A row in TG-ReDial's schema; the recommender begins."""
    return {
        "conv_id": conv_id,
        "messages": [
            {"local_id": index, "role": ("Seeker", "Recommender")[index % 2], "content": content}
            for index, content in enumerate(contents, start=1)
        ],
        "goal_path": {2: ["Seeker", "谈论", "奋斗"]},
        "mentionMovies": films or {},
        "user_id": "77",
    }


EXAMPLE = dialogue(
    5,
    "看看《 精灵鼠小弟 》吧，很好看",
    "好",
    "还有《机智的山羊》和《我知道》",
    "谢谢",
    films={1: ("1295242", "精灵鼠小弟(1999)"), 3: [["2123620", "机智的山羊(0)"], ["2252726", "我知道(1956)"]]},
)


def write_pickle(path: Path, value: object, protocol: int = 4) -> Path:
    path.write_bytes(pickle.dumps(value, protocol))
    return path


def test_titles_in_brackets_are_the_spans(tmp_path: Path) -> None:
    loaded = load_dialogues("tgredial", write_pickle(tmp_path / "all.pkl", [EXAMPLE]))
    assert (loaded.name, loaded.language) == ("tgredial", "zh")
    assert loaded.utterances.select("turn", "role").rows() == [
        (0, "recommender"),
        (1, "seeker"),
        (2, "recommender"),
        (3, "seeker"),
    ]
    assert loaded.item_mentions.rows() == [
        ("5", 0, 4, 9, "精灵鼠小弟", "1295242"),
        ("5", 2, 3, 8, "机智的山羊", "2123620"),
        ("5", 2, 11, 14, "我知道", "2252726"),
    ]
    assert loaded.items.select("item_id", "name", "year").rows() == [
        ("1295242", "精灵鼠小弟", 1999),
        ("2123620", "机智的山羊", None),
        ("2252726", "我知道", 1956),
    ]


def test_turns_count_usable_messages_only(tmp_path: Path) -> None:
    row = dialogue(5, "你好", "？", "看看《我知道》", films={3: ("2252726", "我知道(1956)")})
    for message in row["messages"]:
        del message["local_id"]
    row["messages"][1]["role"] = "System"
    loaded = load_dialogues("tgredial", write_pickle(tmp_path / "all.pkl", [row]))
    assert loaded.utterances.select("turn", "text").rows() == [(0, "你好"), (1, "看看《我知道》")]
    assert loaded.item_mentions.select("turn", "word").rows() == [(1, "我知道")]


def test_a_number_that_is_no_year_is_part_of_the_title(tmp_path: Path) -> None:
    row = dialogue(5, "看《机器人(7)》和《我知道》", films={1: [("7", "机器人(7)"), ("2252726", "我知道 (1956)")]})
    loaded = load_dialogues("tgredial", write_pickle(tmp_path / "all.pkl", [row]))
    assert loaded.item_mentions.select("word", "item_id").rows() == [("机器人(7)", "7"), ("我知道", "2252726")]
    assert loaded.items["name"].to_list() == ["我知道", "机器人(7)"]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickles_of_every_protocol_load(tmp_path: Path, protocol: int) -> None:
    row = EXAMPLE | {"topics": {"回忆", "童年"}}
    loaded = load_dialogues("tgredial", write_pickle(tmp_path / "all.pkl", [row], protocol))
    assert loaded.item_mentions.height == 3


def test_json_array_json_lines_and_pickle_give_the_same(tmp_path: Path, write_lines: WriteLines) -> None:
    as_json = json.loads(json.dumps(EXAMPLE))  # keys become strings, tuples lists
    of_pickle = load_dialogues("tgredial", write_pickle(tmp_path / "all.pkl", [EXAMPLE]))
    array = tmp_path / "all.json"
    array.write_text(json.dumps([as_json], indent=1, ensure_ascii=False), encoding="utf-8")
    lone = tmp_path / "one.json"
    lone.write_text(json.dumps(as_json, indent=1), encoding="utf-8")
    for path in (array, lone, write_lines("all.jsonl", [as_json]), write_lines("all.jsonl.gz", [as_json])):
        loaded = load_dialogues("tgredial", path)
        assert loaded.item_mentions.equals(of_pickle.item_mentions)
        assert loaded.utterances.equals(of_pickle.utterances)
        assert loaded.items.equals(of_pickle.items)


def test_a_folder_of_three_parts_keeps_them(tmp_path: Path) -> None:
    for number, part in enumerate(("train", "valid", "test")):
        write_pickle(tmp_path / f"{part}_data.pkl", [dialogue(number, "你好")])
    loaded = load_dialogues("tgredial", tmp_path)
    assert loaded.utterances.select(pl.col("split").cast(pl.String), "dialogue_id").rows() == [
        ("train", "0"),
        ("valid", "1"),
        ("test", "2"),
    ]


def test_one_file_is_divided_eight_one_one(tmp_path: Path) -> None:
    rows = [dialogue(number, f"你好 {number}") for number in range(40)]
    first = load_dialogues("tgredial", write_pickle(tmp_path / "all.pkl", rows), seed=1).utterances
    again = load_dialogues("tgredial", write_pickle(tmp_path / "back.pkl", rows[::-1]), seed=1).utterances
    assert dict(first["split"].value_counts().iter_rows()) == {"train": 32, "valid": 4, "test": 4}
    assert again.equals(first)


def test_spans_without_equal_brackets(tmp_path: Path) -> None:
    rows = [
        dialogue(1, "《哈利波特》不错", films={1: ["9", "哈利·波特与魔法石(2001)"]}),
        dialogue(2, "我喜欢教父", films={1: ["8", "教父(1972)"]}),
        dialogue(3, "没有片名", films={1: ["7", "大鱼(2003)"], 9: ["6", "无"]}),
    ]
    loaded = load_dialogues("tgredial", write_pickle(tmp_path / "all.pkl", rows))
    assert loaded.item_mentions.select("dialogue_id", "start", "end", "word", "item_id").rows() == [
        ("1", 1, 5, "哈利波特", "9"),
        ("2", 3, 5, "教父", "8"),
    ]
    counts = {count.what: count.kept for count in loaded.counts}
    assert counts["skipped: the title of mentionMovies does not stand in the message"] == 1
    assert counts["skipped: mentionMovies names a message that is not there"] == 1
    assert "7" in loaded.items["item_id"]


class Attack:
    """What a hostile pickle does: it calls something when it is loaded."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.marker,))


def test_a_pickle_of_anything_else_is_refused_and_not_run(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    path = write_pickle(tmp_path / "all.pkl", [EXAMPLE, Attack(marker)])
    with pytest.raises(KgprepError, match="refused"):
        load_dialogues("tgredial", path)
    assert not marker.exists()
    for value in (collections.OrderedDict(a=1), io.BytesIO, eval, type):
        with pytest.raises(KgprepError, match="refused"):
            load_dialogues("tgredial", write_pickle(path, [value]))


@pytest.mark.parametrize("content", [b"", b"\x80\x04]", b"nonsense", b"(lp0\nS'a'\n", b"\x80\x04K\x01."])
def test_a_broken_pickle_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "all.pkl"
    path.write_bytes(content)
    with pytest.raises(KgprepError, match=r"all\.pkl"):
        load_dialogues("tgredial", path)


def test_a_cut_json_array_is_an_error_and_odd_records_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "all.json"
    path.write_text(json.dumps([EXAMPLE])[:-40], encoding="utf-8")
    with pytest.raises(KgprepError, match="not a whole JSON array"):
        load_dialogues("tgredial", path)
    path.write_text(json.dumps([3, {"conv_id": 1}, {"messages": []}, EXAMPLE]), encoding="utf-8")
    loaded = load_dialogues("tgredial", path)
    assert loaded.counts[0].kept == 1
    assert loaded.counts[0].total == 4
    assert f"{path}, record 1: the record is not a dict" in loaded.notes


@pytest.mark.real_data
def test_the_real_example_dialogue(real_data: Path) -> None:
    loaded = load_dialogues("tgredial", real_data / "tgredial" / "example_dialogue.json")
    assert loaded.utterances.height == 16
    assert loaded.item_mentions.select("turn", "word", "item_id").rows() == [
        (6, "精灵鼠小弟", "1295242"),
        (10, "机智的山羊", "2123620"),
        (14, "我知道", "2252726"),
    ]
