"""Texts and names as sequences of folded words, with a way back to the characters they came from.

Notable here:
- case, the spelling of accents (NFKC), curly quotes, traditional Chinese, and the signs and spaces between words do not
  count: between any two words stands one separator;
- signs that no name crosses unless it has them itself (question marks, brackets, commas, the end of a sentence) are
  kept as words of their own;
- characters are folded one by one, so that offsets map back exactly even where folding changes the length ("ß", "ﬁ");
- many texts are folded as one, by tables of the characters that occur; nothing loops over the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

Integers = npt.NDArray[np.int64]

SEPARATOR = "\x01"
_BETWEEN_TEXTS = "\0"
_CODE_POINTS = 0x110000
_OTHER, _SPACED, _UNSPACED, _BREAK = range(4)
_UNSPACED_SCRIPTS = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "BOPOMOFO")
_BREAKS = frozenset('?!;,\n\r()[]{}"“”„«»《》〈〉「」『』。、' + _BETWEEN_TEXTS)
_LONG_WORD = 4
"""A full stop after a word of fewer letters ("Mr.", "vs.") does not end a sentence."""

_UNSPACED_CLASS = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Bopomofo}]"
_BREAK_CLASS = "[" + "".join(re.escape(sign) for sign in sorted(_BREAKS - {_BETWEEN_TEXTS})) + "]"
_APOSTROPHES = "['’‘ʼ′]"


@dataclass(frozen=True)
class FoldedTexts:
    """Texts that were folded as one.

    Args:
        text: the folded words with separators.
        origin: for each character of `text`, the position in the joined originals it came from; for a separator that of
            the character after it.
        starts: where each original starts in the joined originals.
    """

    text: str
    origin: Integers
    starts: Integers


def fold_words(texts: pl.Series) -> FoldedTexts:
    """Fold texts as one.

    Args:
        texts: n strings without nulls.
    """
    joined = texts.str.join(_BETWEEN_TEXTS).item() if len(texts) else ""
    lengths = texts.str.len_chars().to_numpy().astype(np.int64)
    starts = np.concatenate([[0], (lengths + 1).cumsum()[:-1]]).astype(np.int64)[: len(texts)]
    points = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    folded, origin = _fold_points(points)
    classes = _table(folded, _class_of, np.uint8)[folded]
    classes[_ends_sentence(points)[origin]] = _BREAK
    text, positions = _separate(folded, classes)
    return FoldedTexts(text, np.append(origin, len(points))[positions], starts)


def fold_form(name: str) -> str:
    """Fold one name as `fold_names` does."""
    return str(fold_names(pl.Series([name]))[0])


def fold_names(names: pl.Series) -> pl.Series:
    """Return the form of each name: its folded words, ready to be looked for in folded texts.

    A form begins and ends with the separator where its first and last word are of a script that puts spaces between
    words, so that it is found as whole words only. Signs at its ends are left out. A name without words is empty.
    """
    folded = pl.Series(
        "form", fold_words(names.str.replace_all(_BETWEEN_TEXTS, " ", literal=True)).text.split(_BETWEEN_TEXTS)
    )
    if names.is_empty():
        return folded.clear()
    signs = "".join(re.escape(sign) for sign in sorted(_BREAKS)) + r"." + SEPARATOR
    bare = folded.str.replace_all(f"^[{signs}]+|[{signs}]+$", "")
    spaced = pl.lit(SEPARATOR) + bare + pl.lit(SEPARATOR)
    ends = spaced.str.replace(f"^{SEPARATOR}({_UNSPACED_CLASS})", "$1").str.replace(
        f"({_UNSPACED_CLASS}){SEPARATOR}$", "$1"
    )
    form = pl.when(bare.str.len_chars() > 0).then(ends).otherwise(pl.lit(""))
    return pl.select(form.alias("form")).to_series()


def spellings(names: pl.Series) -> pl.DataFrame:
    """Return the forms under which names are typed: row u32 (of the name), form str; distinct, of two letters and more.

    Accents as marks of their own or left out (in Latin script alone: in others a mark makes another letter), without
    apostrophes, hyphens or the full stops of initials, without the signs that part a text, "and" for "&".
    """
    frame = names.cast(pl.String).alias("name").to_frame().with_row_index("row")
    name = pl.col("name")
    accented = frame.filter(name.str.contains(r"[^\x00-\x7F]"))
    bare = pl.Series("name", [_without_accents(each) for each in accented["name"]], dtype=pl.String)
    marked = pl.Series("name", [unicodedata.normalize("NFD", each) for each in accented["name"]], dtype=pl.String)
    composed = pl.Series("name", [unicodedata.normalize("NFC", each) for each in accented["name"]], dtype=pl.String)
    accents = pl.concat([frame, *(accented.with_columns(other) for other in (bare, marked, composed))])
    written = [
        accents,
        _rewritten(accents, name.str.replace_all(_APOSTROPHES, "")),
        _rewritten(accents, name.str.replace_all(r"(\p{L})[-‐‑](\p{L})", "$1$2")),
        _rewritten(accents, name.str.replace_all(r"(\b\p{L})\.", "$1")),
        _rewritten(accents, name.str.replace_all(_BREAK_CLASS, " ")),
        _rewritten(accents, name.str.replace_all("&", " and ", literal=True)),
    ]
    every = pl.concat(written).unique(maintain_order=True)
    folded = every.select("row", fold_names(every["name"]))
    letters = pl.col("form").str.count_matches(r"[\p{L}\p{N}]")
    return folded.filter(letters > 1).unique(maintain_order=True).sort("row", maintain_order=True)


def _rewritten(names: pl.DataFrame, expression: pl.Expr) -> pl.DataFrame:
    return (
        names.with_columns(expression.alias("_other"))
        .filter(pl.col("_other") != pl.col("name"))
        .select("row", name="_other")
    )


def _without_accents(name: str) -> str:
    is_latin = all(unicodedata.name(letter, "").startswith("LATIN") for letter in name if letter.isalpha())
    if not is_latin:
        return name
    return "".join(each for each in unicodedata.normalize("NFD", name) if not unicodedata.combining(each))


def _fold_points(points: npt.NDArray[np.uint32]) -> tuple[npt.NDArray[np.uint32], Integers]:
    """Fold code points; return the folded ones and the place each came from."""
    distinct = _distinct(points)
    folded = [_fold_character(chr(point)) for point in distinct]
    longest = max((len(each) for each in folded), default=1)
    number = np.zeros(_CODE_POINTS, dtype=np.int32)
    number[distinct] = np.arange(len(distinct))
    letters = np.zeros((max(len(distinct), 1), longest), dtype=np.uint32)
    for row, each in enumerate(folded):
        letters[row, : len(each)] = [ord(letter) for letter in each]
    rows = number[points]
    if longest == 1:
        return letters[rows, 0], np.arange(len(points))
    lengths = np.array([len(each) for each in folded])[rows]
    origin = np.repeat(np.arange(len(points)), lengths)
    place = np.arange(len(origin)) - np.repeat(lengths.cumsum() - lengths, lengths)
    return letters[rows[origin], place], origin


def _separate(folded: npt.NDArray[np.uint32], classes: npt.NDArray[np.uint8]) -> tuple[str, Integers]:
    """Drop what is no word, put a separator between words; return the text and for each character its place."""
    kept = np.flatnonzero(classes != _OTHER)
    of_kept = classes[kept]
    parted = np.ones(len(kept), dtype=bool)
    parted[1:] = (np.diff(kept) > 1) | (np.diff(of_kept.astype(np.int8)) != 0) | (of_kept[1:] == _BREAK)
    places = np.arange(len(kept)) + parted.cumsum()
    text = np.full(len(kept) + int(parted.sum()) + 1, ord(SEPARATOR), dtype=np.uint32)
    text[places] = folded[kept]
    origin = np.full(len(text), len(folded), dtype=np.int64)
    origin[places] = kept
    origin[places[parted] - 1] = kept[parted]
    return text.tobytes().decode("utf-32-le", "surrogatepass"), origin


def _ends_sentence(points: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
    """Tell which full stops end a sentence: a long word before, white space and a capital after."""
    ends = np.zeros(len(points), dtype=bool)
    stops = np.flatnonzero(points == ord("."))
    stops = stops[(stops >= _LONG_WORD) & (stops + 2 < len(points))]
    is_letter = _table(points, str.isalpha, np.bool_)
    long = np.all([is_letter[points[stops - back]] for back in range(1, _LONG_WORD + 1)], axis=0)
    space = _table(points, str.isspace, np.bool_)[points[stops + 1]]
    upper = _table(points, str.isupper, np.bool_)
    after_two = points[np.minimum(stops + 3, len(points) - 1)]
    capital = upper[points[stops + 2]] | ((points[stops + 2] == ord(" ")) & upper[after_two])
    ends[stops[long & space & capital]] = True
    return ends


def _distinct(points: npt.NDArray[np.uint32]) -> Integers:
    present = np.zeros(_CODE_POINTS, dtype=bool)
    present[points] = True
    return np.flatnonzero(present)


def _table(points: npt.NDArray[np.uint32], value: Callable[[str], int], dtype: type[np.generic]) -> npt.NDArray[Any]:
    """Return a table by code point of what `value` says of each character that occurs."""
    table = np.zeros(_CODE_POINTS, dtype=dtype)
    distinct = _distinct(points)
    table[distinct] = [value(chr(point)) for point in distinct]
    return table


@cache
def _fold_character(character: str) -> str:
    """Fold one character; one that would vanish stays as it is, so that nothing disappears from a text."""
    folded = unicodedata.normalize("NFKC", character).casefold() or character
    return _simplified(folded) if "\u3400" <= folded <= "\u9fff" else folded


@cache
def _class_of(character: str) -> int:
    if character in _BREAKS:
        return _BREAK
    if unicodedata.category(character)[0] not in "LNM":
        return _OTHER
    return _UNSPACED if unicodedata.name(character, "").startswith(_UNSPACED_SCRIPTS) else _SPACED


def _simplified(character: str) -> str:
    simplified = str(_converter().convert(character))
    return simplified if len(simplified) == len(character) else character


@cache
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("t2s")
