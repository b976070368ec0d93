"""The simulator: schemas, determinism, signal, and its sources of films."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kgprep.dialogues import load_dialogues
from kgprep.errors import KgprepError
from kgprep.kg.build import KgConfig, build_kg
from kgprep.simulate import (
    Film,
    SimulateConfig,
    SimulatedSet,
    films_from_workspace,
    load_films,
    simulate,
    write_simulation,
)
from kgprep.simulate.films import SAMPLE_FOLDER
from kgprep.simulate.grammar import Grammar

Record = dict[str, Any]


@pytest.fixture(scope="module")
def films() -> tuple[Film, ...]:
    return load_films(SAMPLE_FOLDER / "films.jsonl")


@pytest.fixture(scope="module")
def english(films: tuple[Film, ...]) -> SimulatedSet:
    return simulate(films, SimulateConfig(dialogues=1200, seed=5))


def test_every_mention_stands_in_a_message_and_in_both_forms(english: SimulatedSet) -> None:
    for record in (*english.dialogues["train"], *english.dialogues["test"]):
        text = " ".join(message["text"] for message in record["messages"])
        named = set(re.findall(r"@(\d+)", text))
        assert named == set(record["movieMentions"])
        assert set(record["initiatorQuestions"]) == set(record["respondentQuestions"]) == named
        for answers in record["initiatorQuestions"].values():
            assert answers.keys() == {"suggested", "seen", "liked"}
            assert set(answers.values()) <= {0, 1, 2}


def test_form_tells_who_named_a_film_first(english: SimulatedSet) -> None:
    for record in english.dialogues["train"]:
        first: dict[str, int] = {}
        for message in record["messages"]:
            for item in re.findall(r"@(\d+)", message["text"]):
                first.setdefault(item, int(message["senderWorkerId"] == record["respondentWorkerId"]))
        assert {item: answers["suggested"] for item, answers in record["initiatorQuestions"].items()} == first


def test_message_ids_are_unique_and_times_do_not_go_back(english: SimulatedSet) -> None:
    messages = [message for record in english.dialogues["train"] for message in record["messages"]]
    assert len({message["messageId"] for message in messages}) == len(messages)
    for record in english.dialogues["train"]:
        times = [message["timeOffset"] for message in record["messages"]]
        assert times[0] == 0
        assert times == sorted(times)
        assert {message["senderWorkerId"] for message in record["messages"]} == {
            record["initiatorWorkerId"],
            record["respondentWorkerId"],
        }


def _recommendations(record: Record) -> Iterator[tuple[str, list[str], str]]:
    """Yield what was said, what was named, and the next film that the recommender names."""
    said, named = "", list[str]()
    for message in record["messages"]:
        items = re.findall(r"@(\d+)", message["text"])
        if message["senderWorkerId"] == record["respondentWorkerId"]:
            yield from ((said, list(named), item) for item in items)
        named += items
        said += " " + message["text"]


def test_repeats_are_as_common_as_in_redial(english: SimulatedSet) -> None:
    samples = [sample for record in english.dialogues["train"] for sample in _recommendations(record)]
    repeats = sum(target in named for _, named, target in samples) / len(samples)
    assert 0.05 < repeats < 0.2


def test_taste_beats_popularity(films: tuple[Film, ...], english: SimulatedSet) -> None:
    by_id = {film.item_id: film for film in films}
    mentions = [list(record["movieMentions"]) for record in english.dialogues["train"]]
    popularity = Counter(item for items in mentions for item in items)
    together: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for items in mentions:
        for item in items:
            together[item].update(other for other in items if other != item)
    hits = Counter[str]()
    samples = [sample for record in english.dialogues["test"] for sample in _recommendations(record)]
    novel = [(said, named, target) for said, named, target in samples if target not in named]
    for said, named, target in novel:
        words = {word for film in films for word in (*film.genres, *film.people) if word in said}

        def score(item: str, named: list[str] = named, words: set[str] = words) -> float:
            film = by_id[item]
            neighbours = sum(together[other][item] / popularity[other] for other in named if popularity[other])
            return neighbours + len(words & {*film.genres, *film.people}) + popularity[item] / 10_000

        hits["taste"] += target in sorted(by_id, key=score, reverse=True)[:10]
        hits["popularity"] += target in [item for item, _ in popularity.most_common(10)]
    assert len(novel) > 300
    assert hits["taste"] > 2 * hits["popularity"]


def test_texts_vary(english: SimulatedSet) -> None:
    texts = [message["text"] for record in english.dialogues["train"] for message in record["messages"]]
    assert len({re.sub(r"@\d+", "@", text) for text in texts}) > len(texts) / 20
    assert not any("{" in text or "[" in text for text in texts)


def test_reviews_speak_of_their_film(films: tuple[Film, ...], english: SimulatedSet) -> None:
    by_imdb = {film.imdb_id: film for film in films}
    facts = [(by_imdb[review["imdb_id"]], review["review"]) for review in english.reviews]
    specific = [
        film.title in text or film.about in text or any(person in text for person in film.people)
        for film, text in facts
    ]
    assert sum(specific) > 0.9 * len(specific)
    assert {tuple(review) for review in english.reviews} == {
        ("src", "imdb_id", "title", "rating", "review"),
        ("src", "imdb_id", "title", "rating", "date", "review", "rank"),
    }
    assert all(1 <= review["rating"] <= 10 for review in english.reviews)


def test_chinese_records_follow_tgredial() -> None:
    films = load_films(SAMPLE_FOLDER / "films.jsonl", "zh")
    simulated = simulate(films, SimulateConfig(dialogues=60, language="zh"))
    assert [len(part) for part in simulated.dialogues.values()] == [45, 6, 9]
    for record in simulated.dialogues["train"]:
        turns = [message["local_id"] for message in record["messages"]]
        roles = [message["role"] for message in record["messages"]]
        assert turns == list(range(1, len(turns) + 1))
        assert all(role != after for role, after in pairwise(roles))
        for turn, (item, name) in record["mentionMovies"].items():
            title = name[: name.rindex("(")]
            assert f"《{title}》" in record["messages"][int(turn) - 1]["content"]
            assert item in {film.item_id for film in films}


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000), language=st.sampled_from(["en", "zh"]))
def test_one_seed_one_output(seed: int, language: Any) -> None:
    films = load_films(SAMPLE_FOLDER / "films.jsonl", language)
    config = SimulateConfig(dialogues=12, seed=seed, language=language)
    assert simulate(films, config) == simulate(films, config)


def test_seeds_differ(films: tuple[Film, ...]) -> None:
    first, second = (simulate(films, SimulateConfig(dialogues=20, seed=seed)).dialogues["train"] for seed in (1, 2))
    assert first != second


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.builds(
            Film,
            st.uuids().map(str),
            st.text(st.characters(categories=["Lu", "Ll"]), min_size=1, max_size=8),
            st.none() | st.integers(1900, 2030),
            st.none(),
            st.lists(st.sampled_from(["horror", "comedy", "action"]), max_size=2, unique=True).map(tuple),
            st.lists(st.sampled_from(["Ann Lee", "Bo Ray"]), max_size=2, unique=True).map(tuple),
            st.sampled_from(["", "a cat on a roof"]),
        ),
        min_size=1,
        max_size=6,
        unique_by=lambda film: film.item_id,
    )
)
@example(
    [
        Film("1", "A", 1900, None, ("horror", "comedy"), ("Ann Lee",), "a cat on a roof"),
        Film("2", "A", None, None, ("horror", "comedy"), (), ""),
        Film("3", "A", None, None, ("comedy",), ("Ann Lee",), "a cat on a roof"),
    ]
)
def test_any_table_of_films_will_do(films: list[Film]) -> None:
    simulated = simulate(films, SimulateConfig(dialogues=15))
    known = {film.item_id for film in films}
    records = [record for part in simulated.dialogues.values() for record in part]
    assert len(records) == 15
    assert all(set(record["movieMentions"]) <= known for record in records)
    assert all(len(record["messages"]) > 3 for record in records)


def test_written_dialogues_load(tmp_path: Path) -> None:
    summary = write_simulation(tmp_path / "en", SimulateConfig(dialogues=40))
    counts = {count.what: count.kept for count in summary.counts}
    assert (counts["train dialogues"], counts["test dialogues"], counts["movies"]) == (34, 6, 100)
    assert counts["reviews"] > 200
    loaded = load_dialogues("redial", tmp_path / "en")
    assert loaded.utterances["dialogue_id"].n_unique() == 40
    write_simulation(tmp_path / "zh", SimulateConfig(dialogues=40, language="zh"))
    loaded = load_dialogues("tgredial", tmp_path / "zh")
    assert loaded.utterances["dialogue_id"].n_unique() == 40
    assert loaded.item_mentions.height > 100


def test_films_come_from_csv_and_tsv(tmp_path: Path) -> None:
    csv = tmp_path / "films.csv"
    csv.write_text('Title,year,genres,people,imdb_id\n"Wait, What",2001,horror|comedy,Ann Lee,tt1\nUp (2009),,,,\n')
    tsv = tmp_path / "films.tsv"
    tsv.write_text('item_id\ttitle\n7\t"Up"\n')
    assert load_films(csv) == (
        Film("100001", "Wait, What", 2001, "tt0000001", ("horror", "comedy"), ("Ann Lee",)),
        Film("100002", "Up", 2009),
    )
    assert load_films(tsv) == (Film("7", "Up"),)


def test_films_come_from_a_graph(tmp_path: Path) -> None:
    items = tmp_path / "items.jsonl"
    rows = [{"item_id": str(number), "name": name, "year": year} for number, name, year in _ITEMS]
    items.write_text("".join(json.dumps(row) + "\n" for row in rows))
    build_kg(tmp_path / "ws", KgConfig(items=items, dumps=(SAMPLE_FOLDER / "dbpedia.nt",)))
    films = {film.title: film for film in films_from_workspace(tmp_path / "ws")}
    assert "Steven Spielberg" in films["Jaws"].people
    assert set(films["Jaws"].genres) == {"thriller", "adventure"}
    summary = write_simulation(tmp_path / "out", SimulateConfig(dialogues=30), workspace=tmp_path / "ws")
    assert summary.counts[0].kept == 26


_ITEMS = [(1, "Jaws", 1975), (2, "Scream", 1996), (3, "Saw", 2004), (4, "Alien", 1979)]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("films.xlsx", "", "neither .csv, .tsv nor .jsonl"),
        ("films.csv", "genres\nUp\n", r"no film with a title \(the film has no title\): give"),
        ("films.csv", "title\n", "no film with a title: give"),
        ("films.jsonl", "{broken", r"no film with a title \(the line is not JSON\): give"),
        (
            "films.jsonl",
            '{"title": "Up", "genres": [3]}',
            r"films\.jsonl:1: genres are no texts: write texts, in a list",
        ),
        ("films.jsonl", '{"title": ["Up"]}', r"films\.jsonl has no film with a title"),
    ],
)
def test_bad_tables_are_refused(tmp_path: Path, name: str, text: str, message: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(KgprepError, match=message):
        load_films(path)


def test_what_the_simulator_has_no_use_for_may_be_of_any_form(tmp_path: Path) -> None:
    path = tmp_path / "films.jsonl"
    path.write_text(
        '{"id": 7.0, "title": "Up", "description": ["An old man."], "plot": {"en": "A house flies."}, "genres": NaN}\n'
        '{"id": {"$oid": "8"}, "title": "Heat", "people": ["Al Pacino", NaN]}\n{"title": NaN}\n'
    )
    assert load_films(path) == (Film("7", "Up"), Film("100002", "Heat", people=("Al Pacino",)))


def test_films_without_a_title_are_left_out_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "films.jsonl"
    path.write_text(
        '{"title": "Up", "year": "soon"}\n{"title": " ", "genres": ["drama"]}\nno JSON\n{"title": "Heat"}\n'
    )
    counts = write_simulation(tmp_path / "out", SimulateConfig(dialogues=10), films=path).counts
    assert {count.what: count.kept for count in counts} | {
        "skipped: the film has no title": 1,
        "skipped: the line is not JSON": 1,
        "skipped: the year is no year": 1,
        "movies": 2,
    } == {count.what: count.kept for count in counts}


def test_absent_tables_and_two_sources_are_refused(tmp_path: Path) -> None:
    with pytest.raises(KgprepError, match="does not exist"):
        write_simulation(tmp_path, SimulateConfig(), films=tmp_path / "none.csv")
    with pytest.raises(KgprepError, match="choose one"):
        write_simulation(tmp_path, SimulateConfig(), films=tmp_path / "films.csv", workspace=tmp_path)
    with pytest.raises(KgprepError, match="no films"):
        simulate((), SimulateConfig())


def test_grammar_refuses_a_rule_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="no rule named place"):
        Grammar({"start": ("Go to [place]",)})


def test_review_of_a_film_without_imdb_id_names_title_and_year() -> None:
    simulated = simulate((Film("1", "Up", 2009),), SimulateConfig(dialogues=3))
    assert simulated.reviews
    assert all((review["movie"], review["year"]) == ("Up", 2009) for review in simulated.reviews)
