"""Every form that stands in a text is found, and nothing else, whatever Unicode is around it."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kgprep.linking.gazetteer
from kgprep.linking.folding import as_texts, fold_form, fold_names, spellings
from kgprep.linking.gazetteer import MATCHES, Gazetteer

NAMES = (
    *("ab", "a b", "ss", "strasse", "film", "黑客", "客帝国", "x战警", "ab! c", "mr b", "é", "无间道", "3", "b 3"),
    *("1 2", "1", "i̇", "ガ", "ハリー", "กี", "กี่", "abcd. B", "abcd b", "straße 3", "한", '"ab" 3', "a\u0303"),
)
PIECES = (
    *("ab", "a", "b", " ", "-", "!", "Straße", "ﬁlm", "黑客帝国", "X战警", "無間道", "Mr. ", "\u0301", "\u0303", "e"),
    *("é", "3", "\x00", "\x01", "👩‍👧", "½", "İ", "ｶﾞ", "ハリーか", "\u3099", "กี", "\u0e48", "abcd", ". B", "\n"),
    *("“ab” ", "한", "\u1112\u1161", "\u11ab", "\u00ad", "\ufe0f", "\ud800", "…", "ＡＢ", "™"),
)
TEXTS = st.lists(st.lists(st.sampled_from(PIECES), max_size=8).map("".join), max_size=4)

JOINING = "\u00ad\u200d\ufe0f\uff9e\u1161\u11ab"


@cache
def gazetteer(*names: str) -> Gazetteer:
    return Gazetteer.from_forms(pl.Series(sorted({fold_form(name) for name in names})))


def joins(character: str) -> bool:
    return character in JOINING or unicodedata.category(character)[0] == "M"


def cut_into_units(text: str) -> list[tuple[int, int]]:
    """Cut a text into characters with their marks."""
    begins = [place for place, letter in enumerate(text) if not joins(letter) or not place or text[place - 1] == "\0"]
    return list(pairwise([*begins, len(text)]))


def is_word(unit: str) -> bool:
    first = unicodedata.normalize("NFKC", unit[0])[0]
    return all(unicodedata.category(letter)[0] in "LN" and not joins(letter) for letter in (unit[0], first))


def is_spaced(unit: str) -> bool:
    return is_word(unit) and not re.match("[\u3400-\u9fff\u3041-\u30ff\uff66-\uff9f\u0e01-\u0e5b]", unit[0])


def may_be_found(text: str) -> list[tuple[int, int]]:
    """Return every part of a text that begins and ends where words do and crosses no NUL."""
    units = cut_into_units(text)
    seen = [text[begin:end] for begin, end in units]
    beginnings, endings = (
        [
            place
            for place, unit in enumerate(seen)
            if is_word(unit)
            and not (0 <= place + beside < len(seen) and is_spaced(unit) and is_spaced(seen[place + beside]))
        ]
        for beside in (-1, 1)
    )
    parts = [(units[first][0], units[last][1]) for first in beginnings for last in endings if first <= last]
    return [(start, end) for start, end in parts if "\0" not in text[start:end]]


def found_slowly(text: str, forms: list[str]) -> set[tuple[int, int, str]]:
    parts = may_be_found(text)
    folded = fold_names(as_texts([text[start:end] for start, end in parts]))
    return {(start, end, form) for (start, end), form in zip(parts, folded, strict=True) if form in forms}


@settings(max_examples=150)
@given(texts=TEXTS)
def test_all_forms_are_found_and_nothing_else(texts: list[str]) -> None:
    made = gazetteer(*NAMES)
    forms = made.forms.to_list()
    found = {(row, start, end, forms[form]) for row, start, end, form in made.find(texts).rows()}
    expected = {(row, *match) for row, text in enumerate(texts) for match in found_slowly(text, forms)}
    assert found == expected


@given(texts=TEXTS, characters=st.integers(1, 20))
def test_texts_found_together_are_found_as_alone(texts: list[str], characters: int) -> None:
    made = gazetteer(*NAMES)
    alone = [(row, *found[1:]) for row, text in enumerate(texts) for found in made.find([text]).rows()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kgprep.linking.gazetteer, "_CHARACTERS_AT_ONCE", characters)
        in_chunks = made.find(texts)
    assert made.find(texts).rows() == in_chunks.rows() == alone
    assert in_chunks.schema == MATCHES
    assert in_chunks.rows() == sorted(in_chunks.rows())


@given(texts=st.lists(st.text(max_size=20)))
def test_a_found_part_folds_to_its_form(texts: list[str]) -> None:
    letters = sorted({character for text in texts for character in text})
    made = gazetteer(*letters, "ab", "黑客")
    for row, start, end, form in made.find(texts).rows():
        assert 0 <= start < end <= len(texts[row])
        assert fold_form(texts[row][start:end]) == made.forms[form]


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
        ("❤\ufe0ffilm", ["film"]),
        ("film\u0301", []),
        ("fi\u00adlm", ["fi\u00adlm"]),
        ("ＦＩＬＭ", ["ＦＩＬＭ"]),
        ("fi\x01lm film", ["film"]),
        ("fi\x00lm film", ["film"]),
        ("\x00\x01film\x01", ["film"]),
        ("\ud800film\udfff", ["film"]),
        ("ハリーが", ["ハリー"]),
        ("か\u3099", []),
        ("看 か 吧", ["か"]),
    ],
)
def test_words_end_where_words_end(text: str, words: list[str]) -> None:
    found = gazetteer("strasse", "film", "黑客帝国", "ハリー", "か").find([text])
    assert [text[start:end] for start, end in found.select("start", "end").rows()] == words


@pytest.mark.parametrize(
    ("text", "is_there"),
    [
        ("mamma mia! here we go", True),
        ("Mamma Mia - here we go", False),
        ("I saw Mamma. Mia! Here we go", False),
        ("star, wars", False),
        ("star-wars", True),
        ("a star. Wars", False),
        ("(star) wars", False),
        ("star\nwars", False),
        ("star  wars?", True),
    ],
)
def test_a_sign_that_parts_a_text_is_crossed_only_by_names_that_have_it(text: str, is_there: bool) -> None:
    assert (gazetteer("Mamma Mia! Here We Go", "Star Wars").find([text]).height > 0) == is_there


def test_nothing_to_look_in_gives_an_empty_frame() -> None:
    assert gazetteer("film").find([]).height == 0
    assert gazetteer("film").find(["", ""]).height == 0
    assert gazetteer().find(["film"]).height == 0


def test_empty_and_repeated_forms_are_left_out() -> None:
    made = Gazetteer.from_forms(pl.Series(["\x01b\x01", "", None, "\x01a\x01", "\x01b\x01"]))
    assert made.forms.to_list() == ["\x01a\x01", "\x01b\x01"]
    assert made.find(["b a"]).rows() == [(0, 0, 1, 1), (0, 2, 3, 0)]


def test_a_missing_text_does_not_move_the_rows_after_it() -> None:
    texts = pl.Series(["a", None, "film", "x film"], dtype=pl.String)
    assert gazetteer("film").find(texts).select("text", "start", "end").rows() == [(2, 0, 4), (3, 2, 6)]


@pytest.mark.parametrize("name", ["Amélie's", "Ame\u0301lie’s"])
@pytest.mark.parametrize("typed", ["Amélie’s", "Ame\u0301lie's", "Amelie's", "AMÉLIE‘S", "Amelies", "Amélies"])
def test_a_name_is_found_as_people_type_it(name: str, typed: str) -> None:
    made = Gazetteer.from_forms(spellings(pl.Series([name]))["form"])
    text = f"see {typed} now"
    assert [text[start:end] for start, end in made.find([text]).select("start", "end").rows()] == [typed]
