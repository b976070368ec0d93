"""Every found form is the slice of its text, whatever Unicode is around it."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgprep.linking.folding import fold, fold_with_origin, spellings
from kgprep.linking.gazetteer import Gazetteer

AWKWARD = "İstanbul Straße ﬁlm Ａｂｃ é e\u0301 👩‍👧 黑客帝国 ǅ ŉ"
texts = st.lists(st.text(st.sampled_from(list(AWKWARD + "abcXYZ .@0")) | st.characters(codec="utf-8"), max_size=30))


@given(text=st.text(max_size=50))
def test_folding_knows_where_each_character_came_from(text: str) -> None:
    folded = fold_with_origin(text)
    assert folded.text == fold(text)
    assert len(folded.origin) == len(folded.text)
    for place, origin in enumerate(folded.origin.tolist()):
        assert folded.text[place] in fold(text[origin])
    assert sorted(set(folded.origin.tolist())) == list(range(len(text)))


@given(texts=texts)
def test_a_found_word_is_its_slice_and_folds_to_its_form(texts: list[str]) -> None:
    gazetteer = Gazetteer.from_aliases(
        pl.Series(["abc", "fi", "ss", "strasse", "黑客帝国", "ab", "xyz.", "e\u0301", "i̇s"])
    )
    for row, start, end, word, form in gazetteer.find(texts).rows():
        assert texts[row][start:end] == word
        assert fold(word) == form


@given(texts=texts)
def test_texts_found_together_are_found_as_alone(texts: list[str]) -> None:
    gazetteer = Gazetteer.from_aliases(pl.Series(["abc", "ab", "x", "film", "ss"]))
    together = gazetteer.find(texts).rows()
    alone = [(row, *found[1:]) for row, text in enumerate(texts) for found in gazetteer.find([text]).rows()]
    assert together == alone


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I love Straße!", ["Straße"]),
        ("STRASSE", ["STRASSE"]),
        ("Straßenbahn", []),
        ("ﬁlm", ["ﬁlm"]),
        ("ﬁlms", []),
        ("看黑客帝国吧", ["黑客帝国"]),
        ("ＦＩＬＭ", ["ＦＩＬＭ"]),
        ("film_2", ["film"]),
        ("👩‍👧film👩‍👧", ["film"]),
    ],
)
def test_words_end_where_words_end(text: str, words: list[str]) -> None:
    gazetteer = Gazetteer.from_aliases(pl.Series(["strasse", "film", "黑客帝国", "m"]))
    assert gazetteer.find([text])["word"].to_list() == words


def test_nothing_to_look_in_gives_an_empty_frame() -> None:
    gazetteer = Gazetteer.from_aliases(pl.Series(["film"]))
    assert gazetteer.find([]).height == 0
    assert gazetteer.find(["", ""]).height == 0


def test_a_missing_text_does_not_move_the_rows_after_it() -> None:
    gazetteer = Gazetteer.from_aliases(pl.Series(["film"]))
    texts = pl.Series(["a", None, "film", "x film"], dtype=pl.String)
    assert gazetteer.find(texts).select("text", "start", "end").rows() == [(2, 0, 4), (3, 2, 6)]


@pytest.mark.parametrize("typed", ["Amélie’s", "Ame\u0301lie's", "Amelie's", "AMÉLIE‘S"])
def test_a_name_is_found_as_people_type_it(typed: str) -> None:
    gazetteer = Gazetteer.from_aliases(pl.Series(spellings("Amélie's")))
    assert gazetteer.find([f"see {typed} now"])["word"].to_list() == [typed]


def test_accents_stay_where_they_make_another_letter() -> None:
    assert "тои" not in spellings("той")
    assert "か" not in spellings("が")
