"""Made-up films: a graph that resolves them, and moods that only users and their reviews speak of."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from kgprep.artifacts import EDGES, ENTITIES, ITEMS, read_table
from kgprep.cli import main
from kgprep.kg.build import KgConfig, build_kg
from kgprep.simulate import SimulateConfig, load_films, simulate
from kgprep.simulate.films import Film
from kgprep.simulate.made_up import made_up_films

FILMS = 200
DIALOGUES = 300


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("made_up")
    arguments = ["simulate", "--out", str(out), "--made-up", str(FILMS), "--dialogues", str(DIALOGUES)]
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert f"films: {FILMS}" in result.output.splitlines()
    return out


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_every_film_is_found_in_the_graph_with_its_people_and_genres(folder: Path, tmp_path: Path) -> None:
    build_kg(tmp_path, KgConfig(dialogues=f"redial:{folder}", dumps=(folder / "dbpedia.nt",)))
    items = read_table(tmp_path, ITEMS)
    assert items["method"].cast(pl.String).unique().to_list() == ["imdb_id"]
    films = {row["movie_id"]: row for row in _rows(folder / "films.jsonl")}
    assert len(films) == FILMS
    labels = dict(read_table(tmp_path, ENTITIES).select("entity_id", "label").iter_rows())
    neighbours: dict[int, set[str]] = {}
    for head, tail in read_table(tmp_path, EDGES).select("head", "tail").iter_rows():
        neighbours.setdefault(head, set()).add(labels[tail])
    for item_id, entity_id in items.select("item_id", "entity_id").iter_rows():
        assert set(films[item_id]["people"]) <= neighbours[entity_id]
        assert not set(films[item_id]["moods"]) & neighbours[entity_id]


def test_a_mood_is_in_most_films_reviews_and_no_other_is(folder: Path) -> None:
    moods = {row["imdb_id"]: row["moods"] for row in _rows(folder / "films.jsonl")}
    every = {mood for some in moods.values() for mood in some}
    said: dict[str, set[str]] = {imdb_id: set() for imdb_id in moods}
    for review in _rows(folder / "reviews.jsonl"):
        said[review["imdb_id"]] |= {mood for mood in every if mood in review["review"]}
    assert all(found <= set(moods[imdb_id]) for imdb_id, found in said.items())
    assert sum(map(bool, said.values())) > 0.9 * FILMS


def test_who_asks_for_a_mood_hears_of_films_that_have_it(folder: Path) -> None:
    moods = {row["movie_id"]: set(row["moods"]) for row in _rows(folder / "films.jsonl")}
    every = {mood for some in moods.values() for mood in some}
    named = Counter[bool]()
    for record in _rows(folder / "train.jsonl"):
        text = " ".join(message["text"] for message in record["messages"])
        asked = {mood for mood in every if mood in text}
        for item in re.findall(r"@(\d+)", text) if asked else ():
            named[bool(moods[item] & asked)] += 1
    assert named.total() > 300
    assert named[True] > named[False]


def test_people_are_of_very_different_fame() -> None:
    films = made_up_films(1_000, seed=3)
    fame = Counter(person for film in films for person in film["people"]).most_common()
    assert all(len(set(film["people"])) == 4 for film in films)
    assert fame[0][1] > 10 * fame[len(fame) // 2][1]


@settings(max_examples=20, deadline=None)
@given(count=st.integers(1, 60), seed=st.integers(0, 1_000))
def test_one_seed_one_set_of_films_with_names_of_their_own(count: int, seed: int) -> None:
    films = made_up_films(count, seed)
    assert films == made_up_films(count, seed)
    for column in ("movie_id", "imdb_id", "title", "entity"):
        assert len({film[column] for film in films}) == count


def test_chinese_users_speak_of_moods_too(tmp_path: Path) -> None:
    table = tmp_path / "films.csv"
    table.write_text("title,people,genres,about,moods\n一,甲|乙,drama,一只猫,bleak\n二,甲|丙,drama,一条狗,playful\n")
    films = load_films(table, "zh")
    assert films[0] == Film("100001", "一", None, None, ("drama",), ("甲", "乙"), "", ("bleak",))
    simulated = simulate(films, SimulateConfig(dialogues=30, language="zh"))
    texts = "".join(message["content"] for record in simulated.dialogues["train"] for message in record["messages"])
    assert "阴郁" in texts
    assert "俏皮" in texts
