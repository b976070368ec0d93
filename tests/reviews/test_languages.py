"""The language of a review, told from script and function words."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from kgprep.reviews.languages import language
from tests.reviews.conftest import read_reviews


def told(text: str, declared: str | None = None, usual: str = "en") -> str:
    return str(language(pl.Series([text]), pl.Series([declared], dtype=pl.String), usual).item())


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("This is the best film of the year, and I loved every minute of it.", "en"),
        ("Ce film est vraiment très bon et je le recommande à tous ceux qui aiment le cinéma.", "fr"),
        ("Der Film ist nicht so gut wie das Buch, aber ich habe ihn gern gesehen.", "de"),
        ("La película es muy buena y la música también lo es, pero el final no me gustó.", "es"),
        ("Het verhaal is niet nieuw, maar de acteurs zijn goed en het einde is een verrassing.", "nl"),
        ("澡堂里什么都有。", "zh"),
        ("これはとても面白い映画です。", "ja"),
        ("정말 재미있는 영화였어요.", "ko"),
        ("Очень хороший фильм.", "ru"),
    ],
)
def test_a_sentence_is_enough(text: str, tag: str) -> None:
    assert told(text) == tag


@pytest.mark.parametrize(
    ("text", "usual"),
    [
        ("480p", "zh"),
        ("Bien!", "en"),
        ("B-R-I-L-L-I-A-N-T", "en"),
        ("(*ﾉωﾉ)", "zh"),
        ("π_ππ", "zh"),
        ("https://example.org/de/la/et/le/que/qui", "zh"),
        ("Con Air, La La Land, El Cid, Das Boot, Le Mans, Amadeus, Vertigo, Psycho, Jaws, Alien, Heat, Fargo", "en"),
    ],
)
def test_what_tells_too_little_has_the_usual_language(text: str, usual: str) -> None:
    assert told(text, usual=usual) == usual


def test_an_english_comment_in_a_chinese_corpus_is_english() -> None:
    assert told("It was the best thing that I have seen with you this year.", usual="zh") == "en"


@pytest.mark.parametrize(
    ("text", "declared", "tag"),
    [
        ("Bien!", "fr", "fr"),
        ("Bien!", "fr-CA", "fr"),
        ("Bien!", "French", "fr"),
        ("Bien!", "unknown", "en"),
        ("好看", "English", "zh"),
    ],
)
def test_a_source_is_believed_in_the_latin_script_only(text: str, declared: str, tag: str) -> None:
    assert told(text, declared) == tag


def test_no_text_has_no_language() -> None:
    none = pl.Series([], dtype=pl.String)
    assert language(none, none, "en").to_list() == []


@pytest.mark.real_data
def test_the_real_corpora_are_in_their_language(real_data: Path) -> None:
    english = read_reviews("imdb", real_data / "reviews/imdb_reviews.jsonl.gz").frame["lang"]
    chinese = read_reviews("douban", real_data / "douban/short_comments.jsonl.gz").frame["lang"]
    assert (english == "en").all()
    assert (chinese == "zh").mean() == pytest.approx(0.989, abs=0.002)
