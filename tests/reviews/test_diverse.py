"""Diverse sentences against the definition of maximal marginal relevance, written out for one entity."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgprep.reviews.diverse import RELEVANCE, most_diverse

SCHEMA = {"row": pl.UInt32, "entity_id": pl.Int32, "text": pl.String, "score": pl.Float32}
WORDS = ("heist", "diner", "pacino", "niro", "night", "city")

texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join)
sentences = st.lists(
    st.tuples(st.integers(0, 2), texts, st.integers(0, 8).map(lambda eighths: eighths / 8)), min_size=1, max_size=12
)


def frame(rows: list[tuple[int, str, float]]) -> pl.DataFrame:
    numbered = [(row, entity, text, score) for row, (entity, text, score) in enumerate(rows)]
    return pl.DataFrame(numbered, schema=SCHEMA, orient="row")


def by_definition(rows: list[tuple[int, str, float]], entity: int, number: int) -> list[int]:
    left = {row: (set(text.split()), score) for row, (of, text, score) in enumerate(rows) if of == entity}
    chosen: dict[int, set[str]] = {}
    while left and len(chosen) < number:

        def value(row: int) -> float:
            words, score = left[row]
            likeness = max((len(words & other) / len(words | other) for other in chosen.values()), default=0.0)
            return RELEVANCE * score - (1 - RELEVANCE) * likeness

        values = {row: value(row) for row in left}
        best = min(row for row in left if values[row] >= max(values.values()) - 1e-6)
        chosen[best] = left.pop(best)[0]
    return list(chosen)


def distinct(rows: list[tuple[int, str, float]]) -> list[tuple[int, str, float]]:
    """Leave no two sentences of an entity a value apart that rounding could turn round."""
    return [(entity, text, score + row / 1000) for row, (entity, text, score) in enumerate(rows)]


@settings(max_examples=80, deadline=None)
@given(sentences, st.integers(1, 5))
def test_every_entity_chooses_as_the_definition_says(rows: list[tuple[int, str, float]], number: int) -> None:
    rows = distinct(rows)
    kept = most_diverse(frame(rows), number)
    for entity in {of for of, _, _ in rows}:
        of_entity = kept.filter(pl.col("entity_id") == entity)
        assert of_entity["row"].to_list() == by_definition(rows, entity, number)
        assert of_entity["rank"].to_list() == list(range(of_entity.height))


def test_a_repetition_comes_after_a_weaker_sentence_that_says_something_else() -> None:
    rows = [
        (0, "pacino and niro in a diner", 0.9),
        (0, "niro and pacino in a diner", 0.8),
        (0, "the city at night", 0.7),
    ]
    assert most_diverse(frame(rows), 3)["row"].to_list() == [0, 2, 1]


def test_other_columns_stay_and_nothing_gives_nothing() -> None:
    kept = most_diverse(frame([(4, "heist", 0.5)]).with_columns(position=pl.lit(7)), 3)
    assert kept.row(0, named=True) == {
        "row": 0, "entity_id": 4, "text": "heist", "score": pytest.approx(0.5), "position": 7, "rank": 0,
    }  # fmt: skip
    assert most_diverse(frame([]), 3).is_empty()
