"""Texts and names as sequences of folded words, with a way back to the characters they came from.

Notable here:
- case, the spelling of accents, curly quotes, traditional Chinese, and the signs and spaces between words do not count:
  between any two words stands one separator;
- signs that no name crosses unless it has them itself (question marks, brackets, commas, the end of a sentence) are
  kept as words of their own;
- a letter and its combining marks are folded as one unit, and units one by one, so that offsets map back exactly even
  where folding changes the length ("ß", "ﬁ", e + U+0301);
- many texts are folded as one, by tables of the units that occur; only units of several characters are cut out one by
  one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from kgprep.linking.units import (
    BETWEEN_TEXTS,
    BREAK,
    BREAKS,
    OTHER,
    SPACED,
    Classes,
    CodePoints,
    Integers,
    Units,
    class_of,
)

SEPARATOR = "\x01"
_SENTENCE_END = "."
_LONG_WORD = 4
"""A full stop after a word of fewer letters ("Mr.", "vs.") does not end a sentence."""

_WHITE = [ord(letter) for letter in " \t\v\f\x85\u2028\u2029"]
"""White space after folding; line breaks part texts anyway."""

_APOSTROPHES = "['’‘‛ʼʻʹ′´`]"
_BREAK_SIGNS = "[" + "".join(re.escape(sign) for sign in sorted(BREAKS | set("“”„‟«»？！；，（）"))) + "]"
_UNSPACED_LETTER = r"[\p{Han}\p{Hiragana}\p{Katakana}ー]"
_PLAIN = r"^[A-Za-z0-9]+(?: [A-Za-z0-9]+)*$"
_REWRITINGS = (
    pl.col("name").str.replace_all(_APOSTROPHES, ""),
    # Twice, since what is found once does not overlap: "day-by-day" with short words between.
    pl.col("name")
    .str.replace_all(r"(\p{L})[-‐‑](\p{L}|\p{N})", "$1$2")
    .str.replace_all(r"(\p{L})[-‐‑](\p{L}|\p{N})", "$1$2"),
    pl.col("name")
    .str.replace_all(r"\b(\p{Lu})\. (\p{Lu}\.)", "$1.$2")
    .str.replace_all(r"\b(\p{Lu})\. (\p{Lu}\.)", "$1.$2")
    .str.replace_all(r"\b(\p{L})\.", "$1"),
    pl.col("name").str.replace_all("[&＆]", " and "),
    pl.col("name").str.replace_all(_BREAK_SIGNS, " ").str.replace_all(rf"(\w{{{_LONG_WORD}}})\.(\s)", "$1$2"),
)
"""What people change when they type a name, but for accents."""

_UNMARKED = {
    "ø": "o",
    "Ø": "O",
    "ł": "l",
    "Ł": "L",
    "đ": "d",
    "Đ": "D",
    "ı": "i",
    "æ": "ae",
    "Æ": "Ae",
    "œ": "oe",
    "Œ": "Oe",
}
"""Latin letters whose accent is no mark of its own to Unicode."""

_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class FoldedTexts:
    """Texts that were folded as one.

    Args:
        text: the folded words with separators, m characters.
        points: the code points of `text`, uint32 of shape (m,).
        origin: for each character of `text`, where in the joined originals the unit begins that it came from; for a
            separator that of the character after it, for the last the originals' length.
        ends: for each character of `text`, where in the joined originals its unit ends.
        starts: where each original starts in the joined originals, between which stands one character.
    """

    text: str
    points: CodePoints
    origin: Integers
    ends: Integers
    starts: Integers


def as_texts(texts: Sequence[str | None] | pl.Series) -> pl.Series:
    """Return `texts` as a series without nulls; a lone surrogate, which polars cannot hold, becomes U+FFFD.

    Args:
        texts: n texts; a missing one is read as empty.
    """
    try:
        series = pl.Series("text", texts, dtype=pl.String)
    except UnicodeEncodeError:
        series = pl.Series("text", [_SURROGATES.sub("\ufffd", text or "") for text in texts], dtype=pl.String)
    return series.fill_null("")


def fold_words(texts: pl.Series) -> FoldedTexts:
    """Fold texts as one.

    Args:
        texts: n strings; a null is read as empty.
    """
    texts = texts.fill_null("")
    joined = str(texts.str.join(BETWEEN_TEXTS).item()) if len(texts) else ""
    lengths = texts.str.len_chars().to_numpy().astype(np.int64)
    starts = (lengths + 1).cumsum() - (lengths + 1)
    units = Units.of(joined)
    unit, place = units.spread()
    letters, classes = units.alphabet.letters[place], units.alphabet.classes[place]
    capitals = units.alphabet.capitals
    classes[_sentence_ends(letters, classes, lambda places: capitals[units.numbers[unit[places]]])] = BREAK
    points, source = _separate(letters, classes)
    begins = np.append(units.begins, len(joined))
    of_unit = np.append(unit, len(units.numbers))[source]
    text = points.tobytes().decode("utf-32-le")
    return FoldedTexts(text, points, begins[of_unit], np.append(begins[1:], len(joined))[of_unit], starts)


def fold_form(name: str) -> str:
    """Fold one name as `fold_names` does."""
    return str(fold_names(as_texts([name])).item())


def fold_names(names: pl.Series) -> pl.Series:
    """Return the form of each name: its folded words, ready to be looked for in folded texts.

    A form begins and ends with the separator where its first and last word are of a script that puts spaces between
    words, so that it is found as whole words only. Signs at its ends are left out. A name without words is empty.

    Args:
        names: n strings; a null is read as empty.
    """
    one_line = names.str.replace_all(BETWEEN_TEXTS, " ", literal=True)
    folded = pl.Series("form", fold_words(one_line).text.split(BETWEEN_TEXTS)[: len(names)], dtype=pl.String)
    bare = folded.str.strip_chars("".join(BREAKS) + _SENTENCE_END + SEPARATOR)
    last = bare.str.replace(r"\p{M}+$", "").str.tail(1)
    ends = pl.DataFrame({"bare": bare, "first": bare.str.head(1), "last": last})
    spaced = [letter for letter in {*ends["first"], *ends["last"]} - {""} if class_of(letter) == SPACED]
    begin, end = (
        pl.when(pl.col(column).is_in(spaced)).then(pl.lit(SEPARATOR)).otherwise(pl.lit(""))
        for column in ("first", "last")
    )
    return ends.with_columns(begin=begin, end=end).select(form=pl.col("begin") + pl.col("bare") + pl.col("end"))["form"]


def spellings(names: pl.Series) -> pl.DataFrame:
    """Return the forms under which names are typed.

    As it is; in Latin script without accents; without apostrophes ("oceans eleven"); hyphenated words as one
    ("spiderman"); initials as one ("la confidential"); "and" for "&"; without the signs that no name crosses; and
    Chinese words without what stands between them. Several of these together where a name has several.

    Args:
        names: n names; a null has no form.

    Returns:
        row u32 (of the name), form str; a name's forms are distinct, of two letters and more, the most usual first.
    """
    typed = names.cast(pl.String).alias("name").to_frame().with_row_index("row").drop_nulls()
    simple = typed.filter(pl.col("name").str.contains(_PLAIN))
    rewritten = typed.filter(~pl.col("name").str.contains(_PLAIN))
    for rewriting in (*_REWRITINGS, _without_accents()):
        other = rewritten.with_columns(_other=rewriting).filter(pl.col("_other") != pl.col("name"))
        rewritten = pl.concat([rewritten, other.select("row", name="_other")])
    folded = rewritten.select("row", fold_names(rewritten["name"]))
    joined = folded.with_columns(form=_without_gaps(_without_gaps(pl.col("form"))))
    plain = simple.select(
        "row",
        form=SEPARATOR + pl.col("name").str.to_lowercase().str.replace_all(" ", SEPARATOR, literal=True) + SEPARATOR,
    )
    several = pl.col("form").str.count_matches(r"[\p{L}\p{N}]") > 1
    every = pl.concat([plain, folded, joined]).filter(several).unique(maintain_order=True)
    return every.sort("row", maintain_order=True)


def _without_accents() -> pl.Expr:
    name = pl.col("name")
    bare = name.str.normalize("NFD").str.replace_all(r"\p{M}", "")
    for letters, plain in _UNMARKED.items():
        bare = bare.str.replace_all(letters, plain)
    # In other scripts a mark makes another letter.
    is_latin = ~name.str.contains(r"[\p{L}--\p{Latin}]")
    return pl.when(is_latin & name.str.contains(r"[^\x00-\x7F]")).then(bare).otherwise(name)


def _without_gaps(form: pl.Expr) -> pl.Expr:
    return form.str.replace_all(f"({_UNSPACED_LETTER}){SEPARATOR}({_UNSPACED_LETTER})", "$1$2")


def _separate(letters: CodePoints, classes: Classes) -> tuple[CodePoints, Integers]:
    """Drop what is no word and put a separator between words; return them, and for each character where it was."""
    kept = np.flatnonzero(classes != OTHER)
    of_kept = classes[kept]
    parted = np.ones(len(kept), dtype=bool)
    parted[1:] = (np.diff(kept) > 1) | (of_kept[1:] != of_kept[:-1]) | (of_kept[1:] == BREAK)
    places = np.arange(len(kept)) + parted.cumsum()
    points = np.full(len(kept) + int(parted.sum()) + 1, ord(SEPARATOR), dtype=np.uint32)
    points[places] = letters[kept]
    source = np.full(len(points), len(letters), dtype=np.int64)
    source[places] = kept
    source[places[parted] - 1] = kept[parted]
    return points, source


def _sentence_ends(
    letters: CodePoints, classes: Classes, capitals: Callable[[Integers], npt.NDArray[np.bool_]]
) -> Integers:
    """Return the places of full stops with a long word before them, white space and a capital after them."""
    stops = np.flatnonzero(letters == ord(_SENTENCE_END))
    stops = stops[(stops >= _LONG_WORD) & (stops + 1 < len(letters))]
    for back in range(1, _LONG_WORD + 1):
        stops = stops[classes[stops - back] == SPACED]
    stops = stops[np.isin(letters[stops + 1], _WHITE)]
    kept = np.flatnonzero(classes != OTHER)
    following = np.searchsorted(kept, stops)
    stops, following = stops[following < len(kept)], following[following < len(kept)]
    return stops[capitals(kept[following])]
