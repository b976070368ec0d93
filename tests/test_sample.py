"""The embedded sample: its size, its schemas, its awkward cases, and that the builder makes it to the byte."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pyoxigraph
import pytest

from kgprep.dialogues import load_dialogues
from kgprep.simulate import build_sample
from kgprep.simulate.films import SAMPLE_FOLDER
from tests.reviews.conftest import read_reviews

DBR = "http://dbpedia.org/resource/"
DBO = "http://dbpedia.org/ontology/"
FILM = f"<{DBO}Film>"


def _lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (SAMPLE_FOLDER / name).read_text(encoding="utf-8").splitlines()]


def _list(name: str) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = json.loads((SAMPLE_FOLDER / name).read_text(encoding="utf-8"))
    return records


@pytest.fixture(scope="module")
def triples() -> list[tuple[str, str, str]]:
    dump = pyoxigraph.parse(path=SAMPLE_FOLDER / "dbpedia.nt", format=pyoxigraph.RdfFormat.N_TRIPLES)
    return [(str(quad.subject), str(quad.predicate), str(quad.object)) for quad in dump]


def test_builder_makes_the_checked_in_files_to_the_byte(tmp_path: Path) -> None:
    summary = build_sample(tmp_path)
    for path in summary.files:
        checked_in = SAMPLE_FOLDER / path.relative_to(tmp_path)
        assert path.read_bytes() == checked_in.read_bytes(), checked_in.name
    built = {path.relative_to(tmp_path) for path in summary.files}
    by_hand = {"films.jsonl", "README.md", "linking_gold.jsonl", "__init__.py"}
    for path in SAMPLE_FOLDER.rglob("*"):
        place = path.relative_to(SAMPLE_FOLDER)
        if path.is_file() and place.parts[0] not in {"handwritten", "__pycache__"} and place.name not in by_hand:
            assert place in built


def test_readme_gives_the_true_counts(tmp_path: Path) -> None:
    readme = (SAMPLE_FOLDER / "README.md").read_text(encoding="utf-8")
    for count in build_sample(tmp_path).counts:
        if "pages/" not in count.what:
            assert re.search(rf"\b{count.kept:,}\b", readme), count


def test_graph_holds_the_films(triples: list[tuple[str, str, str]]) -> None:
    subjects = {s for s, p, o in triples if p.endswith("#type>") and o == FILM}
    assert len(triples) >= 1500
    assert len(subjects) >= 60
    predicates = {p.strip("<>").rsplit("/", 1)[1] for _, p, _ in triples}
    assert predicates >= {
        "rdf-schema#label",
        "imdbId",
        "releaseDate",
        "director",
        "starring",
        "genre",
        "wikiPageRedirects",
        "wikiPageDisambiguates",
        "abstract",
        "name",
    }


def test_graph_holds_the_awkward_cases(triples: list[tuple[str, str, str]]) -> None:
    found = set(triples)
    for film in ("It_(2017_film)", "Her_(film)", "Up_(2009_film)", "Halloween_(1978_film)", "Halloween_(2018_film)"):
        assert any(s == f"<{DBR}{film}>" for s, _, _ in found)
    assert not any("Black_Panther" in s for s, _, _ in found)
    assert (f"<{DBR}WALL·E>", f"<{DBO}wikiPageRedirects>", f"<{DBR}WALL-E>") in found
    text = (SAMPLE_FOLDER / "dbpedia.nt").read_text(encoding="utf-8")
    assert text.startswith("#")
    assert r"Pen\u00E9lope" in text
    assert r"\"operating system\"" in text


def test_redirects_lead_to_entities(triples: list[tuple[str, str, str]]) -> None:
    typed = {s for s, p, _ in triples if p.endswith("#type>")}
    targets = {o for _, p, o in triples if p == f"<{DBO}wikiPageRedirects>"}
    assert targets <= typed


def test_english_dialogues_load_and_hold_the_hand_written_cases() -> None:
    loaded = load_dialogues("redial", SAMPLE_FOLDER / "redial", films=SAMPLE_FOLDER / "redial" / "movies.jsonl")
    records = [*_lines("redial/train.jsonl"), *_lines("redial/test.jsonl")]
    assert loaded.utterances["dialogue_id"].n_unique() == len(records) - 1 >= 120
    assert len({record["conversationId"] for record in records}) == len(records)
    assert any(record["initiatorQuestions"] == [] and record["messages"] for record in records)
    assert any(not record["messages"] for record in records)
    assert any(isinstance(record["movieMentions"], list) for record in records)
    messages = [message["messageId"] for record in records for message in record["messages"]]
    assert len(messages) == len(set(messages))
    for record in records:
        assert record.keys() == {
            "movieMentions",
            "respondentQuestions",
            "messages",
            "conversationId",
            "respondentWorkerId",
            "initiatorWorkerId",
            "initiatorQuestions",
        }


def test_splits_share_no_dialogue() -> None:
    train, test = (
        {tuple(message["text"] for message in record["messages"]) for record in _lines(f"redial/{split}.jsonl")}
        for split in ("train", "test")
    )
    assert not train & test


def test_chinese_dialogues_load() -> None:
    loaded = load_dialogues("tgredial", SAMPLE_FOLDER / "tgredial")
    records = [record for split in ("train", "valid", "test") for record in _list(f"tgredial/{split}_data.json")]
    assert loaded.utterances["dialogue_id"].n_unique() == len(records) - 1 >= 30
    assert len({record["conv_id"] for record in records}) == len(records)


def test_reviews_cover_most_films_and_hold_the_awkward_ones() -> None:
    reviews = _lines("reviews/imdb.jsonl")
    films = {film["imdb_id"]: film["title"] for film in _lines("films.jsonl")}
    ids = [review["imdb_id"] for review in reviews]
    assert len(reviews) >= 250
    assert sum(ids.count(imdb_id) >= 3 for imdb_id in films) > 0.7 * len(films)
    assert {title for imdb_id, title in films.items() if imdb_id not in ids} == {"Hereditary", "Lethal Weapon"}
    texts = [review["review"] for review in reviews]
    assert any(texts.count(text) == 2 for text in texts if text)
    assert any((review["rating"] or 0) > 10 for review in reviews)
    assert set(ids) - set(films) == {None, "tt9999999"}
    assert any("<br /><br />" in text for text in texts)


@pytest.mark.parametrize(
    ("form", "path", "least"),
    [("imdb", "imdb.jsonl", 390), ("douban", "douban_comments.jsonl", 180), ("pages", "pages", 20)],
)
def test_review_readers_take_the_sample(form: str, path: str, least: int) -> None:
    frame = read_reviews(form, SAMPLE_FOLDER / "reviews" / path).frame
    assert frame.height >= least
    assert frame["text"].str.len_chars().min() is not None


def test_every_page_is_of_a_known_layout() -> None:
    corpus = read_reviews("pages", SAMPLE_FOLDER / "reviews" / "pages")
    assert corpus.counts[0].kept == corpus.counts[0].total == 5
    assert set(corpus.frame["imdb_id"].drop_nulls()) == {"tt0133093", "tt1375666", "tt1396484", "tt0245429"}
    assert set(corpus.frame["douban_id"].drop_nulls()) == {"1291561", "3541415"}


def test_linking_gold_spans_are_exact_and_known(triples: list[tuple[str, str, str]]) -> None:
    known = {s.strip("<>") for s, _, _ in triples}
    for message in _lines("linking_gold.jsonl"):
        for mention in message["mentions"]:
            assert message["text"][mention["start"] : mention["end"]] == mention["surface"]
            assert set(mention["iris"]) & known, mention


def test_nobody_is_named() -> None:
    for page in (SAMPLE_FOLDER / "reviews" / "pages").glob("*.html"):
        text = page.read_text(encoding="utf-8")
        authors = re.findall(r'href="(?:/user/ur|https://www.douban.com/people/)\d+/"[^>]*>([^<]*)<', text)
        assert authors
        assert all(re.fullmatch(r"(viewer |观众)\d+", author.strip()) for author in authors)
    for name in ("redial/train.jsonl", "redial/test.jsonl"):
        for record in _lines(name):
            workers = {message["senderWorkerId"] for message in record["messages"]}
            assert workers <= {record["initiatorWorkerId"], record["respondentWorkerId"]}
            assert all(isinstance(worker, int) and worker < 1000 for worker in workers)


def test_sample_is_small_enough_to_ship() -> None:
    assert sum(path.stat().st_size for path in SAMPLE_FOLDER.rglob("*") if path.is_file()) < 3_000_000
