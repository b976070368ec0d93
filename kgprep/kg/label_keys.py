"""The keys under which the labels of a whole dump are compared with titles.

Notable here:
- most labels can be told apart by how they begin, and are never brought to their key;
- most of the others are plain English words, for which the key is the same letters in lower case; only the rest goes
  the long way through `parse_label` and `loose_key`.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from kgprep.kg.names import SPELT_OTHERWISE, loose_key, parse_label

_WORDS = [word.strip() for word in SPELT_OTHERWISE]
_SIGNS = " ,.:!'-"
_PLAIN = r"^[A-Za-z0-9][A-Za-z0-9 ,.:!'-]*(?:\([^()]*\))?$"
_BRACKET = r"\([^()]*\)$"
_ARTICLE = r"^(?:the|an?)'*[ ,.:!-][ ,.:!'-]*([a-z0-9])"
# These words have several spellings, numbers may stand beside each other, and an article may stand at the end.
_NOT_PLAIN = rf"(?i)(?-u:\b)(?:{'|'.join(_WORDS)})(?-u:\b)|[0-9][ ,.:!'-]+[0-9]|[ ,.:!'-](?:the|an?)[ ,.:!'-]*(?:\(|$)"
_LONG_WORD = "^[a-z]{5}"
_TWO_WORDS = "^[a-z]{4} [a-z]{3}"
_LONG_BUT_SPELT_OTHERWISE = [word[:5] for word in _WORDS if len(word) >= 5]
_FOUR_BUT_SPELT_OTHERWISE = [word for word in _WORDS if len(word) == 4]
_THREE_BUT_SPELT_OTHERWISE = ["the", *(word[:3] for word in _WORDS if len(word) >= 3)]


def label_keys(labels: pl.Series) -> pl.Series:
    """Return the `loose_key` of each label's title.

    Args:
        labels: strings, qualifiers included.
    """
    frame = labels.to_frame("label")
    is_plain = pl.col("label").str.contains(_PLAIN) & ~pl.col("label").str.contains(_NOT_PLAIN)
    mask = frame.select(is_plain.fill_null(False)).to_series()
    plain = frame.filter(mask).select(_plain_key()).to_series()
    long_way = loose_key(parse_label("label").struct.field("title"))
    other = frame.filter(~mask).lazy().select(long_way).collect().to_series()
    places = pl.concat([mask.arg_true(), (~mask).arg_true()])
    return pl.concat([plain, other]).gather(places.arg_sort()).alias(labels.name)


def _plain_key() -> pl.Expr:
    lowered = pl.col("label").str.replace(_BRACKET, "").str.to_lowercase()
    return lowered.str.replace(_ARTICLE, "$1").str.replace_many(list(_SIGNS), [""] * len(_SIGNS))


@dataclass(frozen=True)
class Beginnings:
    """How labels with certain keys may begin: the keys' first five letters, and their first seven."""

    five: pl.Series
    seven: pl.Series

    @classmethod
    def of(cls, keys: pl.Series) -> Beginnings:
        """Return the beginnings of labels that have one of the keys."""
        return cls(keys.str.slice(0, 5).unique(), keys.str.slice(0, 7).unique())

    def may_begin(self, labels: pl.Series) -> pl.Series:
        """Tell which labels may have one of the keys; for the others it is certain that they have none.

        Args:
            labels: strings, of which only the first eight characters are read.
        """
        head = pl.col("head")
        four, three = head.str.slice(0, 4), head.str.slice(5, 3)
        long_word = head.str.contains(_LONG_WORD) & ~head.str.slice(0, 5).is_in(_LONG_BUT_SPELT_OTHERWISE)
        two_words = (
            head.str.contains(_TWO_WORDS)
            & ~four.is_in(_FOUR_BUT_SPELT_OTHERWISE)
            & ~three.is_in(_THREE_BUT_SPELT_OTHERWISE)
        )
        fits = (
            pl.when(long_word)
            .then(head.str.slice(0, 5).is_in(self.five.implode()))
            .when(two_words)
            .then((four + three).is_in(self.seven.implode()))
            .otherwise(True)
        )
        return labels.str.slice(0, 8).str.to_lowercase().to_frame("head").select(fits.fill_null(True)).to_series()
