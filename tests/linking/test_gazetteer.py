"""Every form that stands in a text is found, and nothing else, whatever Unicode is around it."""

from __future__ import annotations

import unicodedata

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgprep.linking.folding import fold_form, spellings
from kgprep.linking.gazetteer import Gazetteer

NAMES = ("ab", "a b", "ss", "strasse", "film", "黑客", "客帝国", "x战警", "ab! c", "mr b", "é", "无间道", "3", "b 3")
PIECES = (
    "ab",
    "a",
    "b",
    " ",
    "-",
    "!",
    "Straße",
    "ﬁlm",
    "黑客帝国",
    "X战警",
    "無間道",
    "Mr. ",
    "\u0301",
    "e",
    "é",
    "3",
    "\x01",
    "👩‍👧",
)
TEXTS = st.lists(st.lists(st.sampled_from(PIECES), max_size=8).map("".join), max_size=4)


def gazetteer(*names: str) -> Gazetteer:
    return Gazetteer.from_forms(pl.Series(sorted({fold_form(name) for name in names})))


def is_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNM"


def is_spaced(character: str) -> bool:
    return is_word(character) and not unicodedata.name(character, "").startswith("CJK")


def found_slowly(text: str, forms: list[str]) -> set[tuple[int, int, str]]:
    """Try every part of a text that begins and ends where words do."""
    parts = ((start, end) for start in range(len(text)) for end in range(start + 1, len(text) + 1))
    return {
        (start, end, form)
        for start, end in parts
        if is_word(text[start]) and is_word(text[end - 1])
        and not (start and is_spaced(text[start - 1]) and is_spaced(text[start]))
        and not (end < len(text) and is_spaced(text[end - 1]) and is_spaced(text[end]))
        and (form := fold_form(text[start:end])) in forms
    }  # fmt: skip


@settings(max_examples=150)
@given(texts=TEXTS)
def test_all_forms_are_found_and_nothing_else(texts: list[str]) -> None:
    made = gazetteer(*NAMES)
    forms = made.forms.to_list()
    found = {(row, start, end, forms[form]) for row, start, end, form in made.find(texts).rows()}
    expected = {(row, *match) for row, text in enumerate(texts) for match in found_slowly(text, forms)}
    assert found == expected


@given(texts=TEXTS)
def test_texts_found_together_are_found_as_alone(texts: list[str]) -> None:
    made = gazetteer(*NAMES)
    alone = [(row, *found[1:]) for row, text in enumerate(texts) for found in made.find([text]).rows()]
    assert made.find(texts).rows() == alone


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I love Straße!", ["Straße"]),
        ("Straßenbahn", []),
        ("ﬁlm", ["ﬁlm"]),
        ("ﬁlms", []),
        ("看黑客帝国吧", ["黑客帝国"]),
        ("《黑客帝国》", ["黑客帝国"]),
        ("看film吧", ["film"]),
        ("film_2", ["film"]),
        ("👩‍👧film👩‍👧", ["film"]),
        ("film\u0301", []),
    ],
)
def test_words_end_where_words_end(text: str, words: list[str]) -> None:
    found = gazetteer("strasse", "film", "黑客帝国").find([text])
    assert [text[start:end] for start, end in found.select("start", "end").rows()] == words


def test_nothing_to_look_in_gives_an_empty_frame() -> None:
    assert gazetteer("film").find([]).height == 0
    assert gazetteer("film").find(["", ""]).height == 0


def test_a_missing_text_does_not_move_the_rows_after_it() -> None:
    texts = pl.Series(["a", None, "film", "x film"], dtype=pl.String)
    assert gazetteer("film").find(texts).select("text", "start", "end").rows() == [(2, 0, 4), (3, 2, 6)]


@pytest.mark.parametrize("typed", ["Amélie’s", "Ame\u0301lie's", "Amelie's", "AMÉLIE‘S", "Amelies"])
def test_a_name_is_found_as_people_type_it(typed: str) -> None:
    made = Gazetteer.from_forms(spellings(pl.Series(["Amélie's"]))["form"].unique().sort())
    text = f"see {typed} now"
    assert typed in [text[start:end] for start, end in made.find([text]).select("start", "end").rows()]
