from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from kgprep.dialogues import load_dialogues
from kgprep.errors import KgprepError


def chat(sender: str, message: str) -> dict[str, Any]:
    return {"type": "chat", "sender": sender, "message": message}


def path_choice(sender: str, *triples: tuple[str, str, str]) -> dict[str, Any]:
    path = [0.0, [list(triple) for triple in triples], "a sentence"]
    return {"type": "action", "sender": sender, "action_id": "kgwalk/choose_path", "metadata": {"path": path}}


def write_table(path: Path, *cells: object) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Messages", "User Rating", "Assistant Rating"])
        writer.writerows([cell if isinstance(cell, str) else json.dumps(cell, indent=1), "4", "5"] for cell in cells)
    return path


TALK = [
    chat("user", "Do you like Iron Man"),
    path_choice("assistant", ("Iron Man", "starred_actors", "Robert Downey Jr.")),
    chat("assistant", "Sure! Robert Downey Jr., yes."),
    {"type": "action", "sender": "user", "action_id": "meta_thread/send_meta_message", "metadata": {}},
    path_choice("user", ("Robert Downey Jr.", "~starred_actors", "Zodiac (Crime Fiction Film)")),
    path_choice("user", ("Iron Man", "release_year", "2008"), ("Iron Man", "has_genre", "Action Film")),
    chat("user", "He is in Zodiac too, and it is dark."),
]


def test_films_of_the_paths_are_items_and_their_titles_mentions(tmp_path: Path) -> None:
    loaded = load_dialogues("opendialkg", write_table(tmp_path / "opendialkg.csv", TALK))
    assert loaded.items.select("item_id", "name", "year").rows() == [
        ("Iron_Man", "Iron Man", 2008),
        ("Zodiac_(Crime_Fiction_Film)", "Zodiac", None),
    ]
    assert loaded.utterances.select("turn", "role").rows() == [(0, "seeker"), (1, "recommender"), (2, "seeker")]
    assert loaded.item_mentions.rows() == [
        ("1", 0, 12, 20, "Iron Man", "Iron_Man"),
        ("1", 2, 9, 15, "Zodiac", "Zodiac_(Crime_Fiction_Film)"),
    ]


def test_books_and_people_are_no_items_and_one_word_titles_need_their_case(tmp_path: Path) -> None:
    talk = [
        path_choice("user", ("Emma", "written_by", "Jane Austen"), ("It", "directed_by", "Andy Muschietti")),
        chat("user", "it was Emma by Jane Austen"),
        chat("assistant", "No, It was a film"),
    ]
    loaded = load_dialogues("opendialkg", write_table(tmp_path / "opendialkg.csv", talk))
    assert loaded.items["name"].to_list() == ["It"]
    assert loaded.item_mentions.select("turn", "start", "word").rows() == [(1, 4, "It")]


def test_a_table_is_divided_and_bad_rows_are_counted(tmp_path: Path) -> None:
    cells: list[object] = [[chat("user", f"hello {number}")] for number in range(20)]
    path = write_table(tmp_path / "opendialkg.csv", *cells, "not json", [], [chat("stranger", "x")])
    loaded = load_dialogues("opendialkg", tmp_path)
    assert dict(loaded.utterances["split"].value_counts().iter_rows()) == {"train": 16, "valid": 2, "test": 2}
    assert (loaded.counts[0].kept, loaded.counts[0].total) == (20, 23)
    assert f"{path}, row 21: Messages is not JSON" in loaded.notes


def test_another_table_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "opendialkg.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(KgprepError, match="column Messages"):
        load_dialogues("opendialkg", path)
    path.write_text("", encoding="utf-8")
    with pytest.raises(KgprepError, match="column Messages"):
        load_dialogues("opendialkg", path)
