"""The keys under which the labels of a whole dump are compared with titles.

Notable here:
- most labels can be told apart by how they begin, and are never brought to their key;
- most of the others are plain English words, for which the key is the same letters in lower case; only the rest goes
  the long way through `parse_label` and `loose_key`.
"""

from __future__ import annotations

import string
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
CHARACTERS_READ = 10
"""How many characters of a label `Beginnings` reads."""

_SHORT = 6


def _safe_ends(unsafe: set[str]) -> str:
    """Return a pattern of what may end a word so that it has none of the `unsafe` ends, nor stops within one."""
    starts = {end[0] for end in unsafe if end}
    free = "".join(sorted(set(string.ascii_lowercase) - starts))
    longer = (letter + _safe_ends({end[1:] for end in unsafe if end.startswith(letter)}) for letter in sorted(starts))
    return f"(?:{'|'.join([f'[{free}][a-z]*', *longer])})"


_SAFE_WORD = _safe_ends({*_WORDS, "the", "a", "an"})
_ALL_SAFE = rf"^{_SAFE_WORD}(?: {_SAFE_WORD})*$"


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
    """How labels with certain keys may begin: the first four to ten letters of the keys."""

    letters: pl.Series

    @classmethod
    def of(cls, keys: pl.Series) -> Beginnings:
        """Return the beginnings of labels that have one of the keys."""
        return cls(pl.concat([keys.str.slice(0, length) for length in range(4, CHARACTERS_READ + 1)]).unique())

    def may_begin(self, labels: pl.Series) -> pl.Series:
        """Tell which labels may have one of the keys; for the others it is certain that they have none.

        Words in letters without accents are how a label's key begins, too, unless one of them may be spelt otherwise.

        Args:
            labels: strings, of which only the first `CHARACTERS_READ` characters are read.
        """
        read = _without_accents(labels.str.slice(0, CHARACTERS_READ))
        may_begin = self._begun(read, CHARACTERS_READ)
        unsure = may_begin.is_null().arg_true()
        # A short word may stand before one that cannot be told.
        shorter = self._begun(read.gather(unsure), _SHORT)
        return may_begin.scatter(unsure, shorter).fill_null(True)

    def _begun(self, labels: pl.Series, length: int) -> pl.Series:
        """Tell which labels begin, in so many letters, as a key does; null where these may be spelt otherwise."""
        start = labels.str.slice(0, length).str.to_lowercase()
        is_safe = start.str.contains(_ALL_SAFE) & (start.str.len_bytes() == length)
        found = start.str.replace_all(" ", "", literal=True).is_in(self.letters.implode())
        return found.set(~is_safe, None)


def _without_accents(labels: pl.Series) -> pl.Series:
    """Leave out accents, as keys do."""
    accented = (labels.str.len_bytes() != labels.str.len_chars()).arg_true()
    if accented.is_empty():
        return labels
    plain = labels.gather(accented).str.normalize("NFKD").str.replace_all(r"\p{Mn}", "")
    return labels.scatter(accented, plain)
