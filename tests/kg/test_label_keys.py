"""The fast ways to a label's key beside the long one."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from kgprep.kg.label_keys import Beginnings, label_keys
from kgprep.kg.names import loose_key, parse_label

_PIECES = st.sampled_from(
    [
        "The", "the", "A", "An", "Part", "part", "Vol.", "No", "II", "ii", "iv", "2", "13", "Two", "six", "Three",
        "Four", "Dr.", "Heat", "Matrix", "John", "Café", "It's", "O'Brien", "&", "and", ",", ":", "-", "!", ".", "(",
        ")", "(film)", "(2003 film)", "(band)", "  ", "é", "The,", "Volumes", "Doctor", "partly", "ones", "Sm", "i",
    ]
)  # fmt: skip
_LABELS = st.lists(
    st.lists(_PIECES, min_size=1, max_size=5).flatmap(
        lambda pieces: st.sampled_from(["", " "]).map(lambda joint: joint.join(pieces))
    )
    | st.text(st.sampled_from("abzTheIV12 ,.:'!-()é\t"), max_size=10),
    min_size=1,
    max_size=8,
)


def long_way(labels: list[str]) -> pl.Series:
    frame = pl.DataFrame({"label": labels}, schema={"label": pl.String})
    return frame.select(loose_key(parse_label("label").struct.field("title"))).to_series()


@given(_LABELS)
def test_every_label_gets_the_key_of_its_title(labels: list[str]) -> None:
    assert label_keys(pl.Series(labels, dtype=pl.String)).to_list() == long_way(labels).to_list()


@given(_LABELS, _LABELS)
def test_no_label_with_a_wanted_key_is_told_apart_by_its_beginning(labels: list[str], wanted: list[str]) -> None:
    keys = long_way([*wanted, labels[0]])
    may = Beginnings.of(keys).may_begin(pl.Series(labels, dtype=pl.String))
    has_one = label_keys(pl.Series(labels, dtype=pl.String)).is_in(keys.implode())
    assert not (has_one & ~may).any()


def test_most_labels_are_told_apart_by_their_beginning() -> None:
    beginnings = Beginnings.of(long_way(["Heat", "The Matrix", "John Wick"]))
    labels = pl.Series(["Matrix mechanics", "Elephant", "John Wickham", "John Major", "Heat", "Part One", "Été"])
    assert beginnings.may_begin(labels).to_list() == [False, False, False, False, True, True, True]
