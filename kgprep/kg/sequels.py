"""The numbers of sequels in Roman and Arabic figures and in words, as polars expressions.

Notable here:
- a number counts only at the end of a title, before its subtitle, or after Part, Volume, Episode or Chapter;
- without such a word I and X are no numbers ("Malcolm X"), and neither is one that follows another ("One Two Three").
"""

from __future__ import annotations

import polars as pl

_ROMAN = dict(enumerate(("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X"), 1))
_WORDS = dict(
    enumerate(
        ("One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve", "Thirteen"),
        1,
    )
)
_LARGEST = 10
_VALUES = {
    **{str(value): value for value in range(1, _LARGEST + 1)},
    **{roman.lower(): value for value, roman in _ROMAN.items()},
    **{word.lower(): value for value, word in _WORDS.items()},
}
_WORD_PATTERN = "|".join(_WORDS.values())
_NUMBER = rf"(?:X|IX|IV|V?I{{1,3}}|V|10|[1-9]|(?i:{_WORD_PATTERN}))"
_SEQUEL = (
    r"^(?P<head>.*?[^\s,:–—-])(?P<separator>[,:]?\s+(?:[–—-]\s+)?)(?:(?P<marker>(?i:part|volume|vol\.?|episode|chapter))\s+)?"
    rf"(?P<number>{_NUMBER})(?P<rest>(?:(?::|\s+[–—-])\s.+)?)$"
)
_ENDS_IN_NUMBER = rf"(?:\d|\b(?i:{_WORD_PATTERN}))$"


def is_sequel() -> pl.Expr:
    """Tell which titles (column ``label``) hold a number where that of a sequel stands."""
    return pl.col("label").str.contains(_SEQUEL)


def sequel_families() -> list[tuple[float, pl.Expr]]:
    """Return the families (factor, expression over ``label``) of a title's other numberings.

    "The Godfather Part II" gives "The Godfather Part 2", "The Godfather Part Two" and "The Godfather 2".
    """
    parts = pl.col("label").str.extract_groups(_SEQUEL)
    head, separator, marker, number, rest = (
        parts.struct.field(name) for name in ("head", "separator", "marker", "number", "rest")
    )
    value = number.str.to_lowercase().replace_strict(_VALUES, default=None, return_dtype=pl.Int8)
    is_spelt = number.str.contains(rf"^(?i:{_WORD_PATTERN})$")
    is_marked = marker.is_not_null()
    counts = is_marked | ((value > 1) & (number != "X") & ~head.str.contains(_ENDS_IN_NUMBER))
    volume = marker.str.to_lowercase().str.starts_with("vol")
    digits = value.cast(pl.String)
    roman = value.replace_strict(_ROMAN, default=None, return_dtype=pl.String)
    word = pl.when(value <= _LARGEST).then(value.replace_strict(_WORDS, default=None, return_dtype=pl.String))
    start = pl.concat_str(head, separator, pl.concat_str(marker, pl.lit(" ")).fill_null(""))
    other_volume = pl.when(marker.str.contains(r"^(?i:volume)$")).then(pl.lit("Vol.")).otherwise(pl.lit("Volume"))
    unmarked = pl.concat_str(head, pl.lit(" "))
    return [
        (0.7, pl.when(counts).then(pl.concat_str(start, digits, rest))),
        (0.6, pl.when(counts & (is_marked | ~is_spelt)).then(pl.concat_str(start, roman, rest))),
        (0.4, pl.when(counts).then(pl.concat_str(start, word, rest))),
        (0.6, pl.when(volume).then(pl.concat_str(head, separator, other_volume, pl.lit(" "), digits, rest))),
        (0.5, pl.when(is_marked).then(pl.concat_str(unmarked, digits, rest))),
        (0.4, pl.when(is_marked & (value > 1)).then(pl.concat_str(unmarked, roman, rest))),
    ]
