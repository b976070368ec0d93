"""Reviews from all corpora together: what is a duplicate, which of two stays, and what does not change it."""

from __future__ import annotations

import json
import re
import tempfile
from itertools import combinations
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgprep.errors import KgprepError
from kgprep.reviews.corpora import CorpusSpec
from kgprep.reviews.gathered import gather_reviews
from kgprep.reviews.records import CLEAN
from tests.reviews.conftest import read_reviews

LONG = (
    "The opening hour takes its time over the harbour, the two brothers and the debt that neither of them dares to "
    "name, and only when the storm comes does the camera leave the house and follow the younger one out to the boats."
)
VOCABULARY = (
    "the",
    "storm",
    "boats",
    "harbour",
    "brothers",
    "debt",
    "house",
    "camera",
    "night",
    "quiet",
    "slow",
    "plain",
)


def write_corpus(path: Path, rows: list[dict[str, Any]]) -> CorpusSpec:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return CorpusSpec("imdb", path)


def gathered(*specs: CorpusSpec) -> tuple[pl.DataFrame, dict[str, tuple[int, int | None]]]:
    with gather_reviews(specs) as reviews:
        counts = {count.what: (count.kept, count.total) for count in reviews.counts}
        return reviews.numbered().select(*CLEAN).collect(), counts


def review(text: str, film: str = "tt0113277", **more: Any) -> dict[str, Any]:
    return {"imdb_id": film, "review": text, **more}


def test_equal_texts_of_one_film_are_one_review_and_the_one_that_tells_more_stays(tmp_path: Path) -> None:
    rows = [review(LONG), review(LONG, rating=8, title="Two brothers"), review(LONG, rating=8)]
    frame, counts = gathered(write_corpus(tmp_path / "a.jsonl", rows))
    assert frame["title"].to_list() == ["Two brothers"]
    assert counts["reviews that are no exact duplicates"] == (1, 3)


def test_the_same_text_in_two_corpora_is_one_review(tmp_path: Path) -> None:
    first = write_corpus(tmp_path / "a.jsonl", [review(LONG, src="one")])
    second = write_corpus(tmp_path / "b.jsonl", [review(LONG, src="two", rating=3)])
    frame, _ = gathered(first, second)
    assert frame["source"].to_list() == ["two"]


def test_a_text_under_another_film_stays(tmp_path: Path) -> None:
    frame, _ = gathered(write_corpus(tmp_path / "a.jsonl", [review(LONG), review(LONG, "tt0000009")]))
    assert frame.height == 2


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (LONG, LONG + " Recommended."),
        (LONG, LONG.upper().replace(",", " -")),
        (LONG, LONG.replace("the boats.", "the boat!")),
        ("好看！", "好看。。。😀"),
        ("澡堂里什么都有，连河神也来洗澡，真好看", "澡堂里什么都有，连河神也来洗澡，真好看啊"),
    ],
)
def test_nearly_equal_texts_of_one_film_are_one_review(tmp_path: Path, first: str, second: str) -> None:
    frame, counts = gathered(write_corpus(tmp_path / "a.jsonl", [review(first), review(second)]))
    assert frame.height == 1
    assert counts["reviews that are no near duplicates"] == (1, 2)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (LONG, " ".join(reversed(LONG.split()))),
        (LONG, LONG + " " + " ".join(f"{word} and" for word in LONG.split())),
        ("好看", "不好看"),
        ("！！！", "……"),
        ("Fine.", "Bad."),
    ],
)
def test_other_texts_stay(tmp_path: Path, first: str, second: str) -> None:
    frame, _ = gathered(write_corpus(tmp_path / "a.jsonl", [review(first), review(second)]))
    assert frame.height == 2


def shingles(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"[a-z]+", text.lower())
    return {tuple(words[start : start + 5]) for start in range(max(1, len(words) - 4))}


@st.composite
def edited_texts(draw: st.DrawFn) -> list[str]:
    """A few texts, and copies of them with words changed or added."""
    words = st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=60)
    texts = draw(st.lists(words, min_size=1, max_size=4))
    for _ in range(draw(st.integers(0, 6))):
        copy = list(draw(st.sampled_from(texts)))
        place = draw(st.integers(0, len(copy) - 1))
        copy[place : place + draw(st.integers(0, 2))] = draw(st.lists(st.sampled_from(VOCABULARY), max_size=2))
        texts.append(copy or ["plain"])
    return [" ".join(text) for text in texts]


@settings(max_examples=25, deadline=None)
@given(edited_texts())
def test_what_is_dropped_is_a_near_duplicate_and_what_stays_is_none(texts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        spec = write_corpus(Path(folder) / "a.jsonl", [review(text) for text in texts])
        kept = gathered(spec)[0]["text"].to_list()

    def alike(one: str, other: str) -> float:
        return len(shingles(one) & shingles(other)) / len(shingles(one) | shingles(other))

    assert len(set(kept)) == len(kept)
    for text in set(texts) - set(kept):
        assert any(alike(text, other) >= 0.8 for other in texts if other != text)
    # At 0.95 a pair shares no band in one of 10^9 cases.
    close = [pair for pair in combinations(sorted(set(texts)), 2) if alike(*pair) >= 0.95]
    assert not [pair for pair in close if set(pair) <= set(kept)]


@settings(max_examples=15, deadline=None)
@given(edited_texts(), st.randoms(use_true_random=False))
def test_what_stays_does_not_depend_on_the_order(texts: list[str], random: Any) -> None:
    rows = [review(text, f"tt000000{place % 2 + 1}", rating=place % 10 + 1) for place, text in enumerate(texts)]
    with tempfile.TemporaryDirectory() as folder:
        ordered = gathered(write_corpus(Path(folder) / "a.jsonl", rows))[0]
        random.shuffle(rows)
        halves = (rows[: len(rows) // 2], rows[len(rows) // 2 :])
        names = ("b.jsonl", "c.jsonl")
        specs = [write_corpus(Path(folder) / name, half) for name, half in zip(names, halves, strict=True) if half]
        shuffled = gathered(*specs)[0]
    assert shuffled.sort("review_id").equals(ordered.sort("review_id"))


def test_an_id_is_the_same_for_the_same_source_film_and_text(tmp_path: Path) -> None:
    rows = [review(LONG), review("Fine.", "tt0000009", rating=3, title="A title")]
    ids = read_reviews("imdb", write_corpus(tmp_path / "a.jsonl", rows).path).frame["review_id"].to_list()
    again = read_reviews("imdb", write_corpus(tmp_path / "b.jsonl", rows[::-1]).path).frame["review_id"].to_list()
    assert ids == again[::-1]
    # Written down: an id must outlive versions of kgprep and of its libraries.
    assert ids == ["imdb:7e0946bd84983155", "imdb:18f5bfc1c79a1686"]


def test_other_languages_are_left_out_and_counted_together(tmp_path: Path) -> None:
    french = "Ce film est vraiment très bon et je le recommande à tous ceux qui aiment le cinéma."
    spec = write_corpus(tmp_path / "a.jsonl", [review(LONG), review(french), review("これはとても面白い映画です。")])
    frame, counts = gathered(spec)
    assert frame["lang"].to_list() == ["en"]
    assert counts["reviews of a.jsonl skipped, in another language (fr 1, ja 1)"] == (2, None)
    assert counts["reviews read from a.jsonl"] == (1, 3)
    with gather_reviews([spec], languages=("fr",)) as reviews:
        assert reviews.numbered().select(*CLEAN).collect()["text"].to_list() == [french]


def test_reviews_keep_their_order_and_go_with_the_block(tmp_path: Path) -> None:
    rows = [review(f"{number} {LONG} {'word ' * 10_000}", f"tt{number:07}") for number in range(500)]
    folder = tmp_path / "spill"
    folder.mkdir()
    with gather_reviews([write_corpus(tmp_path / "a.jsonl", rows)], folder=folder) as reviews:
        read = reviews.numbered().collect()
        assert len(reviews.parts) > 1
        assert read["imdb_id"].to_list() == [row["imdb_id"] for row in rows]
        assert reviews.height == 500
        assert dict(read.schema) == {"row": pl.UInt32, **CLEAN}
    assert list(folder.iterdir()) == []


def test_without_corpora_there_are_no_reviews() -> None:
    frame, counts = gathered()
    assert dict(frame.schema) == CLEAN
    assert counts["reviews that are no exact duplicates"] == (0, 0)


def test_what_is_wrong_with_a_corpus_leaves_nothing_behind(tmp_path: Path) -> None:
    with (
        pytest.raises(KgprepError, match="does not exist"),
        gather_reviews([CorpusSpec("imdb", tmp_path / "absent.jsonl")], folder=tmp_path),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.real_data
def test_the_real_corpora_lose_their_duplicates(real_data: Path) -> None:
    imdb = CorpusSpec("imdb", real_data / "reviews/imdb_reviews.jsonl.gz")
    douban = CorpusSpec("douban", real_data / "douban/short_comments.jsonl.gz")
    with gather_reviews([imdb, imdb, douban]) as reviews:
        counts = {count.what: count.kept for count in reviews.counts}
        assert counts["reviews that are no exact duplicates"] == 28_948 + 26_656
        assert reviews.height == 28_864 + 26_505
        assert reviews.files == (imdb.path, imdb.path, douban.path)
        ids = reviews.numbered().select("review_id").collect()["review_id"]
        assert ids.n_unique() == reviews.height
