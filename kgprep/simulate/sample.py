"""The embedded data set: films.jsonl and the hand-written cases in, everything else in pipelines/sample out."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from kgprep.counts import Count
from kgprep.simulate.conversation import SimulateConfig
from kgprep.simulate.dbpedia import film_triples
from kgprep.simulate.films import SAMPLE_FOLDER, Film, load_films
from kgprep.simulate.pages import douban_comments_page, douban_subject_page, imdb_card_page, imdb_list_page
from kgprep.simulate.reviews import Review, comment_rows, review_rows, simulate_reviews
from kgprep.simulate.write import (
    Record,
    SimulationSummary,
    simulate,
    write_dialogues,
    write_json_lines,
    write_text,
)

ENGLISH: Final = SimulateConfig(dialogues=480, seed=1, language="en", test_share=1 / 6, reviews_per_film=4)
CHINESE: Final = SimulateConfig(dialogues=80, seed=1, language="zh", reviews_per_film=2)
PAGES: Final = SimulateConfig(seed=2, language="en", reviews_per_film=5)
CHINESE_PAGES: Final = SimulateConfig(seed=2, language="zh", reviews_per_film=5)
NEVER_REVIEWED: Final = frozenset({"Hereditary", "Lethal Weapon", "遗传厄运", "致命武器"})
_NOTICE: Final = (
    "# In part from DBpedia (https://www.dbpedia.org/), CC BY-SA 3.0, in part added by hand: see README.md beside it."
)


def build_sample(folder: Path) -> SimulationSummary:
    """Write the embedded data set, all but films.jsonl, handwritten/ and README.md, to `folder`.

    Raises:
        KgprepError: `folder` cannot be written.
    """
    parts = (
        _write_graph(folder),
        *_write_redial(folder / "redial"),
        *_write_tgredial(folder / "tgredial"),
        *_write_reviews(folder / "reviews"),
        *_write_pages(folder / "reviews" / "pages"),
    )
    counts = tuple(Count(path.relative_to(folder).as_posix(), rows) for path, rows in parts)
    return SimulationSummary(tuple(path for path, _ in parts), counts)


def _write_graph(folder: Path) -> tuple[Path, int]:
    triples = film_triples(_records("films.jsonl"))
    extra = (SAMPLE_FOLDER / "handwritten" / "extra.nt").read_text(encoding="utf-8")
    lines = [_NOTICE, *triples, *extra.splitlines()]
    path = write_text(folder / "dbpedia.nt", "\n".join(lines) + "\n")
    return path, sum(not line.startswith("#") for line in lines)


def _write_redial(folder: Path) -> Iterable[tuple[Path, int]]:
    simulated = simulate(load_films(SAMPLE_FOLDER / "films.jsonl"), ENGLISH)
    for split, records in simulated.dialogues.items():
        merged = [*records, *_records(f"handwritten/redial_{split}.jsonl")]
        yield write_dialogues(folder, split, merged, "en"), len(merged)
    films = [*simulated.films, *_records("handwritten/movies.jsonl")]
    yield write_json_lines(folder / "movies.jsonl", films), len(films)


def _write_tgredial(folder: Path) -> Iterable[tuple[Path, int]]:
    simulated = simulate(load_films(SAMPLE_FOLDER / "films.jsonl", "zh"), CHINESE)
    for split, records in simulated.dialogues.items():
        merged = [*records, *(_records("handwritten/tgredial_train.jsonl") if split == "train" else ())]
        yield write_dialogues(folder, split, merged, "zh"), len(merged)


def _write_reviews(folder: Path) -> Iterable[tuple[Path, int]]:
    english = [*review_rows(_reviews("en", ENGLISH)), *_records("handwritten/reviews_imdb.jsonl")]
    yield write_json_lines(folder / "imdb.jsonl", english), len(english)
    chinese = [*comment_rows(_reviews("zh", CHINESE)), *_records("handwritten/reviews_douban.jsonl")]
    yield write_json_lines(folder / "douban_comments.jsonl", chinese), len(chinese)
    films = [
        {"movie_id": film.item_id, "name": film.title, "imdb_id": film.imdb_id, "year": str(film.year)}
        for film in load_films(SAMPLE_FOLDER / "films.jsonl", "zh")
    ]
    yield write_json_lines(folder / "douban_movies.jsonl", films), len(films)


def _write_pages(folder: Path) -> Iterable[tuple[Path, int]]:
    english, chinese = _reviews("en", PAGES), _reviews("zh", CHINESE_PAGES)
    pages = (
        ("imdb_lister_tt0133093.html", imdb_list_page, english, "tt0133093"),
        ("imdb_cards_tt1375666.html", imdb_card_page, english, "tt1375666"),
        ("imdb_cards_tt1396484.html", imdb_card_page, english, "tt1396484"),
        ("douban_subject_1291561.html", douban_subject_page, chinese, "tt0245429"),
        ("douban_comments_3541415.html", douban_comments_page, chinese, "tt1375666"),
    )
    for name, layout, reviews, imdb_id in pages:
        of_film = [review for review in reviews if review.film.imdb_id == imdb_id]
        yield write_text(folder / name, layout(of_film[0].film, of_film)), len(of_film)
    of_imdb = [imdb_id for name, _, _, imdb_id in pages if name.startswith("imdb_")]
    yield write_text(folder / "imdb_titles.txt", "".join(f"{imdb_id}\n" for imdb_id in of_imdb)), len(of_imdb)


def _reviews(language: str, config: SimulateConfig) -> list[Review]:
    films: tuple[Film, ...] = load_films(SAMPLE_FOLDER / "films.jsonl", language)
    return [review for review in simulate_reviews(films, config) if review.film.title not in NEVER_REVIEWED]


def _records(name: str) -> list[Record]:
    lines = (SAMPLE_FOLDER / name).read_text(encoding="utf-8").splitlines()
    records: list[dict[str, Any]] = [json.loads(line) for line in lines]
    return records
