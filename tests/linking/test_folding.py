"""Names and texts as folded words: what counts and what does not."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgprep.linking.folding import SEPARATOR, as_texts, fold_form, fold_names, fold_words, spellings

AWKWARD = "İstanbul Straße ﬁlm Ａｂｃ é e\u0301 👩‍👧 黑客帝国 無間道 ǅ ŉ ½ ｶﾞ ที่ \x00\x01\u00ad\ufe0f.?!, it's Mr. A"
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
        ("Amélie", "AME\u0301LIE"),
        ("ガメラ", "カ\u3099メラ"),
        ("ガメラ", "ｶﾞﾒﾗ"),
        ("한글", "\u1112\u1161\u11ab\u1100\u1173\u11af"),
        ("İstanbul", "I\u0307stanbul"),
        ('The "Burbs" Two', "the “burbs” two"),
        ("Say “Yes” Two", "Say «Yes» Two"),
        ("Ocean´s", "Oceanʼs"),
        ("Inception", "Incep\u00adtion"),
        ("I ❤\ufe0f Huckabees", "I ❤ Huckabees"),
        ("Borat™", "Borat"),
        ("Wait… What", "Wait ... What"),
    ],
)
def test_signs_case_and_script_do_not_part_names(one: str, other: str) -> None:
    assert fold_form(one) == fold_form(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Se7en", "Seven"),
        ("Mamma Mia! Here We Go", "Mamma Mia Here We Go"),
        ("той", "тои"),
        ("が", "か"),
        ("e\u0301", "e"),
    ],
)
def test_other_letters_and_breaks_part_names(one: str, other: str) -> None:
    assert fold_form(one) != fold_form(other)


def test_a_sentence_ends_after_a_long_word_only() -> None:
    assert "." in fold_form("I saw Frozen. Alien too")
    assert "." in fold_form("I saw Frozen.  Alien too")
    assert "." in fold_form("Watch Amélie. Élite")
    for no_end in ("Mr. Bean", "I saw it. Alien too", "Frozen. alien", "Frozen.Alien", "frozen... Alien", "Frozen."):
        assert "." not in fold_form(no_end)


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("Film", "\x01film\x01"),
        ("黑客帝国", "黑客帝国"),
        ("黑客帝国2", "黑客帝国\x012\x01"),
        ("X战警", "\x01x\x01战警"),
        ("ハリー・ポッター", "ハリー\x01ポッター"),
        ("佐々", "佐々"),
        ("กี่", "กี่"),
        ("q\u0303", "\x01q\u0303\x01"),
        ("  a\x00b\x01c ", "\x01a\x01b\x01c\x01"),
        ("a\ud800b", "\x01a\x01b\x01"),
    ],
)
def test_words_of_spaced_scripts_bring_their_boundaries(name: str, form: str) -> None:
    assert fold_form(name) == form


@pytest.mark.parametrize("name", ["", "!!!", "👩‍👧", " . ", "\x00\x01", "\u0301", "❤\ufe0f", "\ud800"])
def test_a_name_without_words_has_no_form(name: str) -> None:
    assert fold_form(name) == ""
    assert spellings(as_texts([name])).height == 0


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("Ocean's Eleven", "oceans eleven"),
        ("Spider-Man", "spiderman"),
        ("L.A. Confidential", "la confidential"),
        ("Mr. & Mrs. Smith", "mr and mrs smith"),
        ("Mamma Mia! Here We Go", "mamma mia here we go"),
        ("Amélie", "amelie"),
        ("Ame\u0301lie", "amelie"),
        ("Søren Łódź", "soren lodz"),
        ("J. R. R. Tolkien", "jrr tolkien"),
        ("S.H.I.E.L.D.", "shield"),
        ("Ocean's 11 & Amélie's Spider-Man", "oceans 11 and amelies spiderman"),
        ("Monsters, Inc.", "monsters inc"),
        ("Frozen. Alien", "frozen alien"),
        ("哈利·波特", "哈利波特"),
        ("Catch-22", "catch22"),
    ],
)
def test_names_have_the_forms_that_people_type(name: str, typed: str) -> None:
    assert fold_form(name).strip(SEPARATOR).replace(SEPARATOR, " ") == spelt(name)[0]
    assert typed in spelt(name)


def test_accents_stay_where_they_make_another_letter() -> None:
    assert "тои" not in spelt("той")
    assert "か" not in spelt("がん")


@pytest.mark.parametrize("name", ["Inception", "Toy Story 3", "玩具总动员", "Mr. Bean"])
def test_a_plain_name_has_one_form(name: str) -> None:
    assert spellings(pl.Series([name]))["form"].to_list() == [fold_form(name)]


def test_one_letter_is_no_form() -> None:
    assert spelt("X") == []


def test_forms_know_their_names() -> None:
    found = spellings(pl.Series(["X", "Up", None, "Spider-Man", "Up"]))
    assert [(row, form.strip(SEPARATOR)) for row, form in found.rows()] == [
        (1, "up"),
        (3, "spider\x01man"),
        (3, "spiderman"),
        (4, "up"),
    ]


@given(names=st.lists(st.text(st.sampled_from(AWKWARD) | st.characters(codec="utf-8"), max_size=12)))
def test_names_folded_together_are_folded_as_alone(names: list[str]) -> None:
    assert fold_names(pl.Series(names, dtype=pl.String)).to_list() == [fold_form(name) for name in names]


@given(name=st.text(st.sampled_from(AWKWARD + "abc-.&' ") | st.characters(codec="utf-8"), max_size=12))
def test_spellings_are_distinct_and_the_first_is_the_name_itself(name: str) -> None:
    forms = spellings(pl.Series([name]))["form"]
    assert forms.n_unique() == len(forms)
    letters = sum(character.isalnum() for character in fold_form(name))
    if letters > 1:
        assert forms[0] == fold_form(name)


@given(texts=TEXTS)
def test_folding_knows_where_each_character_came_from(texts: list[str]) -> None:
    folded = fold_words(pl.Series(texts, dtype=pl.String))
    joined = "\0".join(texts)
    assert "".join(map(chr, folded.points.tolist())) == folded.text
    assert len(folded.origin) == len(folded.ends) == len(folded.text)
    assert (folded.origin[:-1] <= folded.origin[1:]).all()
    for place, (character, origin, end) in enumerate(
        zip(folded.text, folded.origin.tolist(), folded.ends.tolist(), strict=True)
    ):
        if character == SEPARATOR:
            assert origin == (folded.origin[place + 1] if place + 1 < len(folded.text) else len(joined))
        elif character not in "\0.":
            unit = fold_words(pl.Series([joined[origin:end]])).text
            assert character in unit
    for text, start in zip(texts, folded.starts.tolist(), strict=True):
        assert joined[start : start + len(text)] == text
