"""Sentence splitting: the cases that rules get wrong, and what must hold for any text."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgprep.reviews.records import clean_text
from kgprep.reviews.sentences import first_sentences, split_sentences


def sentences(text: str, lang: str = "en", max_tokens: int = 40, min_words: int = 1) -> list[str]:
    frame = pl.DataFrame({"text": [text], "lang": [lang]})
    return split_sentences(frame, max_tokens, min_words)[0]["text"].to_list()


@pytest.mark.parametrize(
    "expected",
    [
        ["Mr. Smith met Dr. J. J. Abrams in the U.S.", "The film cost $3.5 million.", "It shows."],
        ["He waits... and waits...", "Then it ends."],
        ["Made for George W. Bush Jr. by Sgt. Pepper.", "They laughed."],
        ["See e.g. The Matrix vs. Alien, i.e. the best of them.", "All of it."],
        ['"Go!" she cries.', "He goes!", "Why?!", "Nobody knows."],
        ["I liked Kill Bill: Vol. 2 too.", "Not No. 3."],
        ["It starts at 9 p.m. on a Monday.", "We were late."],
        ["She is a star (as ever.)", "“Never again,” he said.", "But did he mean it?"],
        ["Rated 9.5 by me.", "7 by him."],
        ["Vitamin C.", "The film is about that."],
        ["It was he and I.", "Nobody else."],
        ["Set in L.A. and New York.", "I came."],
        ["J.R.R. Tolkien wrote it.", "Peter Jackson made it."],
        ["no capital, no stop"],
    ],
)
def test_english_sentences_end_where_they_end(expected: list[str]) -> None:
    assert sentences(" ".join(expected)) == expected


def test_forgotten_spaces_and_new_lines_end_sentences() -> None:
    assert sentences("It was great.The end\nI wept.I really did at Amazon.com") == [
        "It was great.",
        "The end",
        "I wept.",
        "I really did at Amazon.com",
    ]


def test_chinese_sentences_end_at_their_marks() -> None:
    text = "澡堂里什么都有。“就是没有坏人！”真的吗？……看过两遍\n还想看～～"
    assert sentences(text, "zh") == ["澡堂里什么都有。", "“就是没有坏人！”", "真的吗？", "看过两遍", "还想看～～"]


@pytest.mark.parametrize(
    "expected",
    [
        ["他说。", '"好看"我也觉得。', '"真的吗？"', '"是的！"'],
        ["很好看.", " 推荐大家"],
        ["很好看．", "推荐大家．", '"值得"看'],
        ["得了9.5分。", "3.5星"],
        ['他说"好看。', "对吗？", "对"],
    ],
)
def test_chinese_sentences_end_at_stops_and_begin_with_the_quotes_that_open(expected: list[str]) -> None:
    assert sentences("".join(expected), "zh") == [part.strip() for part in expected]


@pytest.mark.parametrize(("text", "lang"), [("word " * 33_000, "en"), ("好" * 70_000, "zh")])
def test_a_text_without_end_is_one_sentence_of_the_first_words(text: str, lang: str) -> None:
    kept, _ = split_sentences(pl.DataFrame({"text": [text], "lang": [lang]}))
    assert kept.select("tokens", "is_part").rows() == [(40, True)]


def test_short_sentences_are_left_out_and_counted_but_keep_their_place() -> None:
    frame = pl.DataFrame({"text": ["Wow. This is a whole sentence. No. And here comes another one."], "lang": ["en"]})
    kept, counts = split_sentences(frame, 40, 4)
    assert kept["position"].to_list() == [1, 3]
    assert (counts[0].kept, counts[0].total) == (2, 4)


def test_a_long_sentence_is_cut_at_its_clauses() -> None:
    text = "The first clause has seven words here, and the second one has as many words; the third is short."
    parts = sentences(text, max_tokens=10)
    assert parts == [
        "The first clause has seven words here",
        "and the second one has as many words",
        "the third is short.",
    ]


def test_a_clause_that_is_still_too_long_keeps_its_first_words() -> None:
    frame = pl.DataFrame({"text": [" ".join(f"word{n}" for n in range(100))], "lang": ["en"]})
    kept, _ = split_sentences(frame, 40, 4)
    assert kept["text"].item().split() == [f"word{n}" for n in range(40)]
    assert kept.select("tokens", "is_part").row(0) == (40, True)


def test_a_long_chinese_clause_keeps_two_characters_a_word() -> None:
    frame = pl.DataFrame({"text": ["好" * 300], "lang": ["zh"]})
    assert len(split_sentences(frame, 40, 4)[0]["text"].item()) == 80


TEXTS = st.lists(
    st.text(st.sampled_from("aB. !?\"'…\nI,;1。！中文mrDr"), max_size=60).map(lambda text: f"x {text}"),
    min_size=1,
    max_size=6,
)


@settings(max_examples=120, deadline=None)
@given(TEXTS, st.sampled_from(["en", "zh"]))
def test_sentences_hold_the_letters_of_the_text_in_order(texts: list[str], lang: str) -> None:
    cleaned = pl.DataFrame({"text": texts, "lang": lang}).with_columns(clean_text(pl.col("text")))
    cut, _ = split_sentences(cleaned.with_row_index("review"), 10_000, 0)
    for review, text in enumerate(cleaned["text"]):
        parts = cut.filter(pl.col("review") == review)
        assert parts["position"].to_list() == list(range(parts.height))
        assert _letters("".join(parts["text"])) == _letters(text)
        assert all(part in text for part in parts["text"])


@settings(max_examples=80, deadline=None)
@given(TEXTS, st.integers(4, 12))
def test_no_sentence_is_longer_than_allowed(texts: list[str], max_tokens: int) -> None:
    cut, _ = split_sentences(pl.DataFrame({"text": texts, "lang": "en"}), max_tokens, 1)
    assert cut.filter(pl.col("tokens") > max_tokens).is_empty()
    assert cut.filter(pl.col("text").str.split(" ").list.len() > 3 * max_tokens).is_empty()


def _letters(text: str) -> str:
    return "".join(character for character in text if not character.isspace())


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Heat is a 1995 film. It stars Al Pacino.", "Heat is a 1995 film."),
        ("Heat", "Heat"),
        ("No. The second is longer.", "The second is longer."),
        ("千与千寻是一部电影。宫崎骏导演。", "千与千寻是一部电影。"),
        ("\n A plot.", "A plot."),
    ],
)
def test_the_first_sentence_of_a_description(text: str, first: str) -> None:
    lang = "zh" if "电影" in text else "en"
    assert first_sentences(pl.DataFrame({"lang": [lang], "text": [text]})).to_list() == [first]
