"""Case folding with a way back: every folded character knows the character it came from.

Notable here:
- characters are folded one by one (NFKC, then case folding), so that offsets map back exactly even where folding
  changes the length: "ß" becomes "ss", "ﬁ" becomes "fi";
- many texts are folded as one, by a table of the characters that occur; nothing loops over the text.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class FoldedText:
    """A folded text; `origin[i]` is the position in the original of the folded character i (shape: len(text))."""

    text: str
    origin: Integers


_TYPED_AS = {**dict.fromkeys("’‘ʼ′", "'"), **dict.fromkeys("‐‑‒–—", "-")}


def fold_character(character: str) -> str:
    """Fold one character; one that would vanish stays as it is, so nothing disappears from a text.

    Apostrophes and hyphens become the ones on a keyboard: phones and word processors type others.
    """
    if character in _TYPED_AS:
        return _TYPED_AS[character]
    return unicodedata.normalize("NFKC", character).casefold() or character


def fold(text: str) -> str:
    """Fold `text` character by character."""
    return text.translate({ord(character): fold_character(character) for character in set(text)})


def spellings(name: str) -> tuple[str, ...]:
    """Return the folded forms under which `name` is typed: as it is, with its accents as marks, without them."""
    folded = fold(name)
    if folded.isascii():
        return (folded,)
    marked = unicodedata.normalize("NFD", folded)
    # Only Latin loses its accents in use; in other scripts a mark makes another letter.
    is_latin = all(unicodedata.name(letter, "").startswith("LATIN") for letter in folded if letter.isalpha())
    bare = "".join(each for each in marked if not unicodedata.combining(each)) if is_latin else folded
    return tuple(dict.fromkeys((folded, unicodedata.normalize("NFC", folded), fold(marked), fold(bare))))


def fold_with_origin(text: str) -> FoldedText:
    """Fold `text` and remember where each folded character came from."""
    points = code_points(text)
    distinct, inverse = np.unique(points, return_inverse=True)
    folded = [fold_character(chr(point)) for point in distinct]
    lengths = np.array([len(each) for each in folded], dtype=np.int64)[inverse]
    table = dict(zip(distinct.tolist(), folded, strict=True))
    return FoldedText(text.translate(table), np.repeat(np.arange(len(points)), lengths))


def code_points(text: str) -> Integers:
    """Return the code points of `text`, one a character."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.int64)
