"""Attaching reviews to entities: by id, by title and year, by a title that is unique, and not at all."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from kgprep.artifacts import ALIASES, ENTITIES, ITEMS
from kgprep.counts import Count
from kgprep.reviews.attach import attach_reviews
from kgprep.reviews.records import CLEAN

# entity_id, iri, label, kind, types, year, imdb_id, is_item, degree
ENTITY_ROWS: list[tuple[Any, ...]] = [
    (0, "a", "Heat (1995 film)", "film", [], 1995, "tt0113277", True, 3),
    (1, "b", "Heat (1986 film)", "film", [], 1986, None, False, 1),
    (2, "c", "Amélie", "film", [], 2001, None, True, 1),
    (3, "d", "Heat", "genre", [], None, None, False, 1),
    (4, "e", "Her (film)", "film", [], None, None, True, 1),
    (5, "f", "Spirited Away", "film", [], 2001, "tt0245429", False, 1),
    (6, "g", "Blade Runner 2049", "film", [], 2017, None, True, 1),
    (7, "h", "Birdman (or Ignorance)", "film", [], 2014, None, True, 1),
    (8, "i", "Selena", "person", [], None, None, False, 1),
]
ITEM_ROWS = [
    ("1", "Heat", 1995, "tt0113277", 0, "imdb_id", 1.0),
    ("2", "Amelie", 2001, "tt0211915", 2, "title_year", 1.0),
    ("3", "Spirited Away", 2001, "tt0245429", 5, "imdb_id", 1.0),
]
ALIAS_ROWS = [
    ("Amelie of Montmartre", 2, "redirect", 1.0),
    ("千与千寻", 5, "label", 1.0),
    ("Jean", 2, "short_name", 0.1),
]


def attach_all(*reviews: dict[str, Any]) -> tuple[pl.DataFrame, list[Count]]:
    rows = [{"source": "x", "lang": "en", "text": "A text.", **review} for review in reviews]
    return attach_reviews(
        pl.DataFrame([{name: row.get(name) for name in CLEAN} for row in rows], schema=CLEAN),
        pl.DataFrame(ENTITY_ROWS, schema=ENTITIES.schema, orient="row"),
        pl.DataFrame(ITEM_ROWS, schema=ITEMS.schema, orient="row"),
        pl.DataFrame(ALIAS_ROWS, schema=ALIASES.schema, orient="row"),
    )


def attach(review: dict[str, Any]) -> tuple[int, str] | None:
    attached, counts = attach_all(review)
    assert (counts[-1].kept, counts[-1].total) == (attached.height, 1)
    return attached.select("entity_id", "method").row(0) if attached.height else None


@pytest.mark.parametrize(
    ("review", "found"),
    [
        ({"imdb_id": "tt0113277"}, (0, "imdb_id")),
        ({"imdb_id": "tt0211915"}, (2, "imdb_id")),
        ({"imdb_id": "tt0113277", "film_title": "Heat", "film_year": 1986}, (0, "imdb_id")),
        ({"imdb_id": "tt9999999", "film_title": "Heat", "film_year": 1986}, (1, "title_year")),
        ({"imdb_id": "tt9999999", "film_title": "Heat", "film_year": 1995}, None),
        ({"imdb_id": "tt9999999", "film_title": "Heat (1995)"}, None),
        ({"imdb_id": "tt9999999", "film_title": "热浪", "film_title_other": "Spirited Away"}, None),
        ({"imdb_id": "tt9999999", "film_title": "Amelie"}, None),
        ({"imdb_id": "tt9999999", "film_title": "Spirited Away", "film_title_other": "Her"}, (4, "title")),
        ({"imdb_id": "tt9999999", "film_title": "Her"}, (4, "title")),
        ({"film_title": "heat", "film_year": 1995}, (0, "title_year")),
        ({"film_title": "Heat"}, None),
        ({"film_title": "Heat", "film_year": 1972}, None),
        ({"film_title": "AMÉLIE!"}, (2, "title")),
        ({"film_title": "Amelie of Montmartre"}, (2, "title")),
        ({"film_title": "Amelie", "film_year": 2011}, None),
        ({"film_title": "Her", "film_year": 2013}, (4, "title")),
        ({"film_title": "千与千寻"}, (5, "title")),
        ({"film_title": "Jean"}, None),
        ({"film_title": "Selena"}, None),
        ({"douban_id": "1291561"}, None),
        ({"film_title": "Heat (1986)"}, (1, "title_year")),
        ({"film_title": "Heat (1995 film)"}, (0, "title_year")),
        ({"film_title": "Heat (1972)"}, None),
        ({"film_title": "Heat (1995 soundtrack)"}, None),
        ({"film_title": "Heat (1995)", "film_year": 1986}, (1, "title_year")),
        ({"film_title": "Blade Runner (2049)"}, (6, "title")),
        ({"film_title": "Birdman (or Ignorance) (2014)"}, (7, "title_year")),
        ({"film_title": "热浪", "film_title_other": "Heat (1986)"}, (1, "title_year")),
    ],
)
def test_a_review_finds_its_entity(review: dict[str, Any], found: tuple[int, str] | None) -> None:
    assert attach(review) == found


def test_reviews_of_another_id_than_the_work_of_their_title_are_counted() -> None:
    _, counts = attach_all(
        {"imdb_id": "tt9999999", "film_title": "Spirited Away (2001)", "film_year": 2001},
        {"imdb_id": "tt9999999", "film_title": "Spirited Away", "film_title_other": "Her"},
        {"imdb_id": "tt9999999", "film_title": "Nothing of the kind"},
        {"imdb_id": "tt0245429", "film_title": "Spirited Away"},
    )
    assert [str(count) for count in counts[-2:]] == [
        "reviews left out, the work of their title has another IMDb id: 1",
        "reviews attached: 2 of 4 (50.0 %)",
    ]


def test_reviews_keep_their_order_and_are_counted_by_how_they_were_attached() -> None:
    reviews: list[dict[str, Any]] = [
        {"film_title": "Heat (1986)"},
        {"imdb_id": "tt0245429"},
        {"film_title": "Nowhere"},
        {"film_title": "Blade Runner 2049", "film_year": 2017},
        {"film_title": "Birdman (or Ignorance)"},
    ]
    attached, counts = attach_all(*reviews)
    assert attached["entity_id"].to_list() == [1, 5, 6, 7]
    assert [(count.what.removeprefix("reviews attached").strip(), count.kept) for count in counts] == [
        ("by imdb_id", 1),
        ("by title_year", 2),
        ("by title", 1),
        ("", 4),
    ]
