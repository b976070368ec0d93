"""What is in play in a text, against a plain reading."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from kgprep.linking.disambiguate import PLAY, add_play

_TEXT, _ENTITY, _PLACE = st.integers(0, 1), st.integers(0, 4), st.integers(0, 3)
_WEIGHT = st.sampled_from([0.25, 0.5, 0.75, 1.0])
_Pair = tuple[int, int]


@given(
    st.lists(st.tuples(_TEXT, _PLACE, _ENTITY), max_size=8),
    st.lists(st.tuples(_TEXT, _ENTITY, _WEIGHT, _PLACE | st.just(-1)), max_size=10),
    st.sets(st.tuples(_ENTITY, _ENTITY), max_size=6),
)
def test_what_is_in_play_is_that_of_a_plain_reading(
    candidates: list[tuple[int, int, int]], play: list[tuple[int, int, float, int]], edges: set[_Pair]
) -> None:
    neighbours = edges | {(tail, head) for head, tail in edges}
    flagged = add_play(
        pl.DataFrame(candidates, {"text": pl.UInt32, "start": pl.Int32, "entity_id": pl.Int32}, orient="row"),
        pl.DataFrame(play, PLAY, orient="row"),
        pl.DataFrame(sorted(neighbours), {"head": pl.Int32, "tail": pl.Int32}, orient="row"),
    )
    expected = []
    for text, start, entity in candidates:
        elsewhere = [(known, weight) for of, known, weight, at in play if of == text and at != start]
        mentioned = max((weight for known, weight in elsewhere if known == entity), default=0.0)
        near = max((weight for known, weight in elsewhere if (entity, known) in neighbours), default=0.0)
        expected.append((text, start, entity, mentioned, near))
    assert flagged.rows() == expected
