"""Finds every form in many texts at once, with one Aho-Corasick automaton.

Notable here:
- texts are folded and searched as one string, so the cost of a call is not paid per text;
- forms bring their word boundaries with them (`kgprep.linking.folding.fold_names`);
- all overlapping matches are found; which of them stand is decided later, when it is known which are names at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt
import polars as pl
from daachorse import CharwiseDoubleArrayAhoCorasick

from kgprep.linking.folding import SEPARATOR, Integers, fold_words

Booleans = npt.NDArray[np.bool_]

MATCHES = pl.Schema({"text": pl.UInt32, "start": pl.Int32, "end": pl.Int32, "form": pl.UInt32})
_CHARACTERS_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class Gazetteer:
    """The forms to look for and the automaton that finds them; a form's number is its row."""

    forms: pl.Series
    automaton: CharwiseDoubleArrayAhoCorasick

    @classmethod
    def from_forms(cls, forms: pl.Series) -> Gazetteer:
        """Build the automaton.

        Args:
            forms: distinct forms (`kgprep.linking.folding.fold_names`), not empty.
        """
        return cls(forms, CharwiseDoubleArrayAhoCorasick(forms.to_list()))

    def find(self, texts: Sequence[str] | pl.Series) -> pl.DataFrame:
        """Find all forms in `texts`.

        Args:
            texts: n texts; a missing one is read as empty.

        Returns:
            text u32 (row number), start i32, end i32 (character offsets), form u32; overlaps included; sorted.
        """
        series = pl.Series("text", texts, dtype=pl.String).fill_null("")
        chunk = series.str.len_chars().cum_sum() // _CHARACTERS_AT_ONCE
        numbered = pl.DataFrame({"text": series, "chunk": chunk}).with_row_index("row")
        parts = [pl.DataFrame(schema=MATCHES)]
        for _, rows in numbered.group_by("chunk", maintain_order=True):
            found = self._find_in_one(rows["text"])
            parts.append(found.with_columns(pl.col("text") + rows["row"][0]))
        return pl.concat(parts).sort("text", "start", "end", "form")

    def _find_in_one(self, texts: pl.Series) -> pl.DataFrame:
        folded = fold_words(texts)
        found = self.automaton.find_overlapping(folded.text)
        matches = np.fromiter(chain.from_iterable(found), np.int64, 3 * len(found)).reshape(-1, 3)
        points = np.frombuffer(folded.text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        is_separator = points == ord(SEPARATOR)
        first = matches[:, 0] + is_separator[matches[:, 0]]
        last = matches[:, 1] - 1 - is_separator[matches[:, 1] - 1]
        whole = _is_whole(folded.origin, is_separator, first, last)
        first, last, form = first[whole], last[whole], matches[whole, 2]
        start, end = folded.origin[first], folded.origin[last] + 1
        text = np.searchsorted(folded.starts, start, side="right") - 1
        offset = folded.starts[text]
        return pl.DataFrame({"text": text, "start": start - offset, "end": end - offset, "form": form}, schema=MATCHES)


def _is_whole(origin: Integers, is_separator: Booleans, first: Integers, last: Integers) -> Booleans:
    """Tell which matches begin and end where an original character does: half a ligature is no letter."""
    before, after = first - 1, np.minimum(last + 1, len(origin) - 1)
    half_start = (first > 0) & ~is_separator[before] & (origin[before] == origin[first])
    half_end = ~is_separator[after] & (after != last) & (origin[after] == origin[last])
    return np.asarray(~(half_start | half_end))
