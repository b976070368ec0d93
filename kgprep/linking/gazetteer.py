"""Finds every alias in many texts at once, with one Aho-Corasick automaton.

Notable here:
- texts are joined and searched as one string, so the cost of a call is not paid per text;
- all overlapping matches are found; which of them stand is decided later, when it is known which are names at all;
- Latin and other spaced scripts need a word boundary at each end, Chinese and its neighbours do not.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from ahocorasick_rs import AhoCorasick

from kgprep.linking.folding import Integers, code_points, fold, fold_with_origin

SEPARATOR = "\0"
_CHARACTERS_AT_ONCE = 4_000_000
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "BOPOMOFO")

MATCHES = pl.Schema({"text": pl.UInt32, "start": pl.Int32, "end": pl.Int32, "word": pl.String, "form": pl.String})


@dataclass(frozen=True)
class Gazetteer:
    """The forms to look for, folded and distinct, and the automaton that finds them."""

    forms: pl.Series
    automaton: AhoCorasick

    @classmethod
    def from_aliases(cls, aliases: pl.Series) -> Gazetteer:
        """Build the automaton from surface forms; forms of fewer than two characters are left out."""
        folded = pl.Series("form", [fold(alias) for alias in aliases.unique()], dtype=pl.String)
        forms = folded.filter(folded.str.len_chars() > 1).unique().sort()
        return cls(forms, AhoCorasick(forms.to_list()))

    def find(self, texts: Sequence[str] | pl.Series) -> pl.DataFrame:
        """Find all forms in `texts`.

        Args:
            texts: n texts; a missing one is read as empty.

        Returns:
            text u32 (row number), start i32, end i32, word, form (folded); overlaps included;
            sorted by text, start, end.
        """
        series = pl.Series("text", texts, dtype=pl.String).fill_null("")
        chunk = series.str.len_chars().cum_sum() // _CHARACTERS_AT_ONCE
        parts = [pl.DataFrame(schema=MATCHES)]
        for _, rows in (
            pl.DataFrame({"text": series, "chunk": chunk}).with_row_index("row").group_by("chunk", maintain_order=True)
        ):
            found = self._find_in_one(rows["text"])
            parts.append(found.with_columns(text=(pl.col("text") + rows["row"][0]).cast(pl.UInt32)))
        return pl.concat(parts).sort("text", "start", "end")

    def _find_in_one(self, texts: pl.Series) -> pl.DataFrame:
        joined = texts.str.join(SEPARATOR).item()
        folded = fold_with_origin(joined)
        matches = np.array(self.automaton.find_matches_as_indexes(folded.text, overlapping=True), dtype=np.int64)
        form, first, last = matches.reshape(-1, 3).T
        start, end = folded.origin[first], folded.origin[last - 1] + 1
        kept = self._is_whole(code_points(joined), folded.origin, first, last, start, end)
        start, end = start[kept], end[kept]
        offsets = np.concatenate([[0], (texts.str.len_chars().to_numpy().astype(np.int64) + 1).cumsum()[:-1]])
        text = np.searchsorted(offsets, start, side="right") - 1
        located = pl.DataFrame(
            {"text": text, "start": start - offsets[text], "end": end - offsets[text], "form": form[kept]},
            schema={"text": pl.UInt32, "start": pl.Int32, "end": pl.Int32, "form": pl.UInt32},
        )
        return located.with_columns(
            word=texts.gather(located["text"]).str.slice(located["start"], located["end"] - located["start"]),
            form=self.forms.gather(located["form"]),
        ).select(MATCHES.names())

    @staticmethod
    def _is_whole(
        points: Integers, origin: Integers, first: Integers, last: Integers, start: Integers, end: Integers
    ) -> npt.NDArray[np.bool_]:
        """Tell which matches begin and end where a word and an original character do."""
        in_word = np.concatenate([_per_character(points, _is_part_of_spaced_word), [False]])
        inside_start = (start > 0) & in_word[start - 1] & in_word[start]
        inside_end = in_word[end - 1] & in_word[end]
        half_start = (first > 0) & (origin[first - 1] == start)
        half_end = (last < len(origin)) & (origin[np.minimum(last, len(origin) - 1)] == end - 1)
        return np.asarray(~(inside_start | inside_end | half_start | half_end))


def _is_part_of_spaced_word(character: str) -> bool:
    """Tell whether the character belongs to a word of a script that puts spaces between words."""
    if unicodedata.category(character)[0] not in "LNM":
        return False
    return not unicodedata.name(character, "").startswith(_UNSPACED)


def _per_character(points: Integers, test: Callable[[str], bool]) -> npt.NDArray[np.bool_]:
    distinct, inverse = np.unique(points, return_inverse=True)
    return np.array([test(chr(point)) for point in distinct], dtype=bool)[inverse]
