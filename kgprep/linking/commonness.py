"""How likely a name is to stand in a text as ordinary words: "get out" often, "the dark knight" hardly ever.

Notable here: a phrase's chance is the product of its words' chances, from wordfreq's lists; words of every talk about
films are far likelier in a dialogue than in the general texts that wordfreq has counted.
"""

from __future__ import annotations

import math
from functools import cache

import polars as pl

from kgprep.linking.folding import SEPARATOR

UNKNOWN = -8.0
"""Log10 of the chance of a word that no list has: one in a hundred million words."""

_SPELT_RIGHT = 652
"""The place among wordfreq's buckets, 100 to a power of ten, of the rarest words that are no misspellings (3 in ten
million words): its lists know the usual misspellings, too."""

_IN_TALK = 1.5
_MOST = -1.3
_TALK = """
action actors alright animated awesome bye chatting check classic classics comedies comedy creepy cute definitely
drama dramas enjoy enjoyed fan fantasy fav favorite favorites film films flick flicks funny genre genres good goodbye
great haha heard hello hey hi hilarious hmm horror humor interested interesting kind lately liked lol looking loved
mood movie movies musicals newer oh ok okay ones recommend recommendation recommendations remake rewatch romance
romantic saw scary seen sequel sequels sounds starring suggest suggestion suggestions superhero suspense thank thanks
theater theaters thriller thrillers watch watched welcome yea yep yes
"""
_TALK_ABOUT_FILMS = frozenset(_TALK.split())
"""Words that stand at least eight times as often in ReDial's training messages as in general texts, names left out.

Their chance is raised by `_IN_TALK` powers of ten, at most to that of "the".
"""


def phrase_chances(forms: pl.Series) -> pl.DataFrame:
    """Return how likely forms are as ordinary words: chance and rarest, float64, log10 and at most 0.

    Args:
        forms: folded forms (`kgprep.linking.folding.fold_form`).

    Returns:
        One row a form, in their order: `chance` of its words to stand side by side, `rarest` that of its rarest word.
    """
    rows = forms.alias("form").to_frame().with_row_index("row")
    words = rows.select("row", pl.col("form").str.strip_chars(SEPARATOR).str.split(SEPARATOR).alias("word")).explode(
        "word"
    )
    # Breaks that a form keeps, such as the mark in "help ! i m a fish", are no words.
    words = words.filter(pl.col("word").str.contains(r"[\p{L}\p{N}]"))
    distinct = words["word"].unique()
    chances = pl.DataFrame({"word": distinct, "one": [_chance(word) for word in distinct]})
    of_form = words.join(chances, on="word").group_by("row").agg(chance=pl.col("one").sum(), rarest=pl.col("one").min())
    return rows.join(of_form, on="row", how="left", maintain_order="left").select(
        pl.col("chance", "rarest").fill_null(UNKNOWN)
    )


def load_words() -> None:
    """Load the English words that are no misspellings; else the first link that needs them waits."""
    _ordinary_words()


def is_ordinary(words: pl.Series) -> pl.Series:
    """Tell which words English texts use, however rarely, so that they are no misspellings."""
    known = _ordinary_words()
    return pl.Series(words.name, [word in known for word in words.to_list()], dtype=pl.Boolean)


@cache
def _ordinary_words() -> frozenset[str]:
    from wordfreq import get_frequency_list

    # A dictionary of all frequencies would take twice as long, and most of its words are rarer.
    return frozenset().union(*get_frequency_list("en", "best")[: _SPELT_RIGHT + 1])


def _chance(word: str) -> float:
    if any("\u4e00" <= letter <= "\u9fff" for letter in word):
        return _chinese_chance(word)
    frequency = _frequencies("en").get(word)
    chance = UNKNOWN if frequency is None else math.log10(frequency)
    return min(chance + _IN_TALK, _MOST) if word in _TALK_ABOUT_FILMS else chance


def _chinese_chance(run: str) -> float:
    import logging

    import jieba

    jieba.setLogLevel(logging.WARNING)
    known = _frequencies("zh")
    return sum(math.log10(known[word]) if word in known else UNKNOWN for word in jieba.lcut(run))


def _frequencies(language: str) -> dict[str, float]:
    from wordfreq import get_frequency_dict

    # Remembered by wordfreq itself.
    frequencies: dict[str, float] = get_frequency_dict(language, wordlist="best")
    return frequencies
