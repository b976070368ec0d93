"""Texts cut into units, a character and its combining marks, and what each unit folds to.

Notable here:
- a unit is folded as a whole (NFKC, case folding, simplified Chinese), so that e + U+0301 and é are the same;
- each folded character has a class: of a word in a script with spaces, of one without, a sign that parts a text, or
  none of these;
- nothing loops over a text but over the units that occur in it; only units of several characters are cut out singly.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
CodePoints = npt.NDArray[np.uint32]
Classes = npt.NDArray[np.uint8]

BETWEEN_TEXTS = "\0"
OTHER, SPACED, UNSPACED, BREAK = range(4)
BREAKS = frozenset('?!;,\n\r()[]{}"《》〈〉「」『』。、' + BETWEEN_TEXTS)
"""The folded signs that no name crosses unless it has them itself."""

_UNSPACED_SCRIPTS = ("BOPOMOFO", "CJK", "HIRAGANA", "IDEOGRAPHIC", "KATAKANA", "KHMER", "LAO", "MYANMAR", "THAI")
_TYPED_AS = str.maketrans({**dict.fromkeys("ʹʻʼˈ‘’‛′´", "'"), **dict.fromkeys("“”„‟«»", '"'), "™": " ", "℠": " "})
_INVISIBLE = "\u00ad\u200c\u200d\u2060\ufeff\ufe0e\ufe0f"
"""Soft hyphens, joiners and variation selectors: they change how a letter looks, and are part of its unit."""

_JOINING = frozenset(_INVISIBLE + "\uff9e\uff9f" + "".join(map(chr, range(0x1160, 0x1200))))
"""What joins the character before though Unicode calls it no mark: the above, half-width voicing, vowels of Hangul."""

_UNITS_REMEMBERED = 1 << 16

_MOST_MARKS = 30
"""Unicode's own limit for text that is to be normalised in pieces (UAX 15, stream-safe text)."""


@dataclass(frozen=True)
class Alphabet:
    """What units fold to: the folded characters of all units one after another.

    Args:
        letters, classes: code point and class of each folded character.
        offsets, lengths: where a unit's folded characters stand, and how many they are, by number of the unit.
        capitals: whether a unit is a capital letter.
    """

    letters: CodePoints
    classes: Classes
    offsets: Integers
    lengths: Integers
    capitals: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, units: list[str]) -> Alphabet:
        """Fold each of the distinct `units`."""
        folded = [_fold_unit(unit) for unit in units]
        lengths = np.array([len(letters) for letters, _ in folded], dtype=np.int64)
        return cls(
            code_points("".join(letters for letters, _ in folded)),
            np.frombuffer(b"".join(classes for _, classes in folded), dtype=np.uint8),
            lengths.cumsum() - lengths,
            lengths,
            np.array([unit[0].isupper() or unit[0].istitle() for unit in units], dtype=bool),
        )


@dataclass(frozen=True)
class Units:
    """A text cut into units: a character and the marks that join it.

    Args:
        begins: where each unit begins.
        numbers: the number of each unit in the alphabet.
    """

    begins: Integers
    numbers: Integers
    alphabet: Alphabet

    @classmethod
    def of(cls, text: str) -> Units:
        """Cut `text`, in which NUL stands between texts."""
        points = code_points(text)
        occurs = np.zeros(int(points.max(initial=0)) + 1, dtype=bool)
        occurs[points] = True
        distinct = np.flatnonzero(occurs)
        units = [chr(point) for point in distinct]
        number, joining = np.zeros(len(occurs), dtype=np.int64), np.zeros(len(occurs), dtype=bool)
        number[distinct] = np.arange(len(distinct))
        joining[distinct] = [_is_joining(unit) for unit in units]
        if not joining.any():
            return cls(np.arange(len(points)), number[points], Alphabet.of(units))
        # A mark at the beginning of a text has nothing to join.
        begins = np.flatnonzero(~joining[points] | (np.concatenate([[0], points[:-1]]) == ord(BETWEEN_TEXTS)))
        ends = np.append(begins[1:], len(points))
        numbers = number[points[begins]]
        several = np.flatnonzero(ends - begins > 1)
        written = [text[begin:end] for begin, end in zip(begins[several], ends[several], strict=True)]
        of_several = {unit: len(units) + place for place, unit in enumerate(dict.fromkeys(written))}
        numbers[several] = [of_several[unit] for unit in written]
        return cls(begins, numbers, Alphabet.of([*units, *of_several]))

    def spread(self) -> tuple[Integers, Integers]:
        """Return, for each folded character, its unit and its place in the alphabet."""
        if self.alphabet.lengths.max(initial=1) == 1:
            return np.arange(len(self.numbers), dtype=np.int64), self.numbers
        lengths = self.alphabet.lengths[self.numbers]
        unit = np.repeat(np.arange(len(lengths), dtype=np.int64), lengths)
        shift = self.alphabet.offsets[self.numbers] - (lengths.cumsum() - lengths)
        return unit, np.asarray(shift[unit] + np.arange(len(unit)))


def code_points(text: str) -> CodePoints:
    """Return the code points of `text`, uint32, one a character."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


@lru_cache(_UNITS_REMEMBERED)
def _fold_unit(unit: str) -> tuple[str, bytes]:
    """Fold a character with its marks; return what it becomes and the classes of that.

    Signs that are no part of a word are one space, so that "…" does not become longer.
    """
    seen = "".join(letter for letter in unit[: _MOST_MARKS + 1] if letter not in _INVISIBLE).translate(_TYPED_AS)
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", seen).casefold())
    letters, classes = "", bytearray()
    for letter in map(_simplified, folded.translate(_TYPED_AS)):
        before = classes[-1] if classes else OTHER
        # A mark belongs to the letter before it; on a sign it is nothing.
        of_mark = before if before in (SPACED, UNSPACED) else OTHER
        of_letter = of_mark if _is_joining(letter) else class_of(letter)
        if of_letter != OTHER or before != OTHER or not classes:
            letters += " " if of_letter == OTHER and len(folded) > 1 else letter
            classes.append(of_letter)
    return letters or " ", bytes(classes) or bytes([OTHER])


@cache
def _is_joining(letter: str) -> bool:
    return letter in _JOINING or unicodedata.category(letter)[0] == "M"


@cache
def class_of(letter: str) -> int:
    """Return the class of a folded character that is no combining mark."""
    if letter in BREAKS:
        return BREAK
    if unicodedata.category(letter)[0] not in "LN":
        return OTHER
    return UNSPACED if unicodedata.name(letter, "").startswith(_UNSPACED_SCRIPTS) else SPACED


@cache
def _simplified(letter: str) -> str:
    """Return the simplified form of a Chinese character; others stay."""
    if letter < "\u3400" or "\ua000" <= letter < "\U00020000":
        return letter
    simplified = str(_converter().convert(letter))
    return simplified if len(simplified) == 1 else letter


@cache
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("t2s")
