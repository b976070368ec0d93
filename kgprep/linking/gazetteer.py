"""Finds every form in many texts at once, with one Aho-Corasick automaton.

Notable here:
- texts are folded and searched as one string, so the cost of a call is not paid per text;
- forms bring their word boundaries with them (`kgprep.linking.folding.fold_names`), so none is tested afterwards;
- all overlapping matches are found; which of them stand is decided later, when it is known which are names at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np
import numpy.typing as npt
import polars as pl
from daachorse import CharwiseDoubleArrayAhoCorasick

from kgprep.linking.folding import SEPARATOR, FoldedTexts, as_texts, fold_words
from kgprep.linking.units import Integers

MATCHES = pl.Schema({"text": pl.UInt32, "start": pl.Int32, "end": pl.Int32, "form": pl.UInt32})
_CHARACTERS_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class Gazetteer:
    """The forms to look for, sorted and distinct, and the automaton that finds them; a form's number is its row."""

    forms: pl.Series
    automaton: CharwiseDoubleArrayAhoCorasick

    @classmethod
    def from_forms(cls, forms: pl.Series) -> Gazetteer:
        """Build the automaton.

        Args:
            forms: forms (`kgprep.linking.folding.fold_names`); empty ones, nulls and repetitions are left out.
        """
        distinct = forms.cast(pl.String).drop_nulls().unique().sort()
        distinct = distinct.filter(distinct != "")
        return cls(distinct, CharwiseDoubleArrayAhoCorasick(distinct.to_list()))

    def find(self, texts: Sequence[str] | pl.Series) -> pl.DataFrame:
        """Find all forms in `texts`.

        Args:
            texts: n texts; a missing one is read as empty.

        Returns:
            text u32 (row number), start i32, end i32 (character offsets), form u32; overlaps included; sorted.
        """
        series = as_texts(texts)
        parts = [pl.DataFrame(schema=MATCHES)]
        for first, last in _chunks(series):
            found = self._find_at_once(series[first:last])
            parts.append(found.with_columns(pl.col("text") + pl.lit(first, pl.UInt32)))
        return pl.concat(parts)

    def _find_at_once(self, texts: pl.Series) -> pl.DataFrame:
        folded = fold_words(texts)
        found = self.automaton.find_overlapping(folded.text)
        matches = np.fromiter(chain.from_iterable(found), np.int64, 3 * len(found)).reshape(-1, 3)
        is_separator = folded.points == ord(SEPARATOR)
        first = matches[:, 0] + is_separator[matches[:, 0]]
        last = matches[:, 1] - 1 - is_separator[matches[:, 1] - 1]
        whole = _has_whole_units(folded, is_separator, first, last)
        first, last, form = first[whole], last[whole], matches[whole, 2]
        start, end = folded.origin[first], folded.ends[last]
        text = np.searchsorted(folded.starts, start, side="right") - 1
        offset = folded.starts[text]
        located = {"text": text, "start": start - offset, "end": end - offset, "form": form}
        return pl.DataFrame(located, schema=MATCHES).sort("text", "start", "end", "form")


def _chunks(texts: pl.Series) -> Iterator[tuple[int, int]]:
    """Yield the first row and the one after the last of stretches of about `_CHARACTERS_AT_ONCE`."""
    if texts.is_empty():
        return
    chunk = texts.str.len_chars().cast(pl.UInt64).cum_sum().to_numpy() // _CHARACTERS_AT_ONCE
    yield from pairwise([0, *(np.flatnonzero(np.diff(chunk)) + 1).tolist(), len(texts)])


def _has_whole_units(
    folded: FoldedTexts, is_separator: npt.NDArray[np.bool_], first: Integers, last: Integers
) -> npt.NDArray[np.bool_]:
    """Tell which matches begin and end where a unit of the original does: half a ligature is no letter."""
    # The text begins and ends with a separator, and no two stand side by side.
    before = first - 1 - is_separator[first - 1]
    after = last + 1 + is_separator[last + 1]
    after = np.minimum(after, len(is_separator) - 1)
    half_start = (before >= 0) & (folded.origin[before] == folded.origin[first])
    half_end = folded.origin[after] == folded.origin[last]
    return np.asarray(~(half_start | half_end))
