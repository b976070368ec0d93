"""Names and texts as folded words: what counts and what does not."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgprep.linking.folding import SEPARATOR, fold_form, fold_words, spellings

AWKWARD = "İstanbul Straße ﬁlm Ａｂｃ é e\u0301 👩‍👧 黑客帝国 無間道 ǅ ŉ \x00\x01.?!, it's Mr. A"
TEXTS = st.lists(st.text(st.sampled_from(AWKWARD) | st.characters(codec="utf-8"), max_size=30))


def spelt(name: str) -> list[str]:
    """Return the forms of one name with their separators as spaces."""
    return [form.strip(SEPARATOR).replace(SEPARATOR, " ") for form in spellings(pl.Series([name]))["form"]]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ocean's Eleven", "ocean’s ELEVEN"),
        ("Spider-Man", "spider man"),
        ("Star Wars: Episode I", "Star Wars - episode i"),
        ("ＦＩＬＭ", "film"),
        ("Straße", "STRASSE"),
        ("無間道", "无间道"),
        ("《喜剧之王》", "喜剧之王"),
        ("Airplane!", "airplane"),
        ("玩具总动员3", "玩具总动员 3"),
    ],
)
def test_signs_case_and_script_do_not_part_names(one: str, other: str) -> None:
    assert fold_form(one) == fold_form(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [("Se7en", "Seven"), ("Mamma Mia! Here We Go", "Mamma Mia Here We Go"), ("той", "тои"), ("が", "か")],
)
def test_other_letters_and_breaks_part_names(one: str, other: str) -> None:
    assert fold_form(one) != fold_form(other)


def test_a_sentence_ends_after_a_long_word_only() -> None:
    assert "." in fold_form("I saw Frozen. Alien too")
    assert "." not in fold_form("Mr. Bean")


@pytest.mark.parametrize("name", ["", "!!!", "👩‍👧", " . "])
def test_a_name_without_words_has_no_form(name: str) -> None:
    assert fold_form(name) == ""
    assert spelt(name) == []


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("Ocean's Eleven", "oceans eleven"),
        ("Spider-Man", "spiderman"),
        ("L.A. Confidential", "la confidential"),
        ("Mr. & Mrs. Smith", "mr and mrs smith"),
        ("Mamma Mia! Here We Go", "mamma mia here we go"),
        ("Amélie", "amelie"),
        ("Amélie", "ame\u0301lie"),
    ],
)
def test_names_have_the_forms_that_people_type(name: str, typed: str) -> None:
    assert fold_form(name).strip(SEPARATOR).replace(SEPARATOR, " ") == spelt(name)[0]
    assert typed in spelt(name)


def test_accents_stay_where_they_make_another_letter() -> None:
    assert "тои" not in spelt("той")
    assert "か" not in spelt("がん")


def test_one_letter_is_no_form() -> None:
    assert spelt("X") == []


@given(texts=TEXTS)
def test_folding_knows_where_each_character_came_from(texts: list[str]) -> None:
    folded = fold_words(pl.Series(texts, dtype=pl.String))
    joined = "\0".join(texts)
    assert len(folded.origin) == len(folded.text)
    assert (folded.origin[:-1] <= folded.origin[1:]).all()
    for character, origin in zip(folded.text, folded.origin.tolist(), strict=True):
        assert character == SEPARATOR or character == "\0" or character in fold_form(joined[origin]) + joined[origin]
    words = [place for place, character in enumerate(joined) if fold_form(character)]
    assert set(words) <= set(folded.origin.tolist())
    for text, start in zip(texts, folded.starts.tolist(), strict=True):
        assert joined[start : start + len(text)] == text
