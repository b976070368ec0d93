"""Shingles of texts (runs of consecutive tokens) as numbers, for whole batches of texts at once.

Notable here:
- a token is a run of letters and digits, or one Chinese, Japanese or Korean character; ASCII case, punctuation,
  symbols and emoji do not count, so texts that differ in these alone have the same shingles;
- texts are taken as one array of UTF-8 bytes; a polynomial hash over prefix sums (modulo 2^64) gives every token's hash
  by two look-ups, without a loop over tokens or texts;
- a text of fewer tokens than a shingle has one shingle, all of it; a text without tokens has none.

Source of the prefix-sum hash: Karp & Rabin, Efficient randomized pattern-matching algorithms, 1987.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

WORDS = 5
"""Tokens of a shingle in languages that write spaces."""
CHARACTERS = 3
"""Tokens of a shingle in those that do not."""
SPACELESS = ("zh", "ja", "ko")

_SLICE_BYTES = 2**18
_BASE = np.uint64(0x9E3779B97F4A7C15 | 1)
_NEXT = np.uint64(0xD6E8FEB86659FD93)
_SEPARATOR, _WORD, _SINGLE = 0, 1, 2


@dataclass(frozen=True)
class Shingles:
    """Hashes u64 of the shingles of consecutive texts, in order, and how many each text has."""

    hashes: Hashes
    counts: NDArray[np.int64]


def shingle_slices(texts: pl.Series, width: int) -> Iterator[Shingles]:
    """Hash the shingles of texts, a slice of about 256 KB of text at a time.

    Args:
        texts: without nulls.
        width: tokens of a shingle.

    Yields:
        The shingles of consecutive slices, which together are all the texts.
    """
    ends = texts.str.len_bytes().cast(pl.Int64).cum_sum().to_numpy()
    start = 0
    while start < texts.len():
        before = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + _SLICE_BYTES, side="right")))
        yield _shingles(texts.slice(start, stop - start), width)
        start = stop


def mixed(hashes: Hashes) -> Hashes:
    """Spread every bit of a hash over all bits (the finaliser of splitmix64)."""
    hashes = (hashes ^ (hashes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    hashes = (hashes ^ (hashes >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return hashes ^ (hashes >> np.uint64(31))


def _shingles(texts: pl.Series, width: int) -> Shingles:
    tokens, counts = _tokens(texts)
    last = np.repeat(np.cumsum(counts), counts)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    here = np.arange(len(tokens))
    padded = np.concatenate([tokens, np.zeros(width, np.uint64)])
    hashes = tokens.copy()
    for ahead in range(1, width):
        hashes *= _NEXT
        hashes += np.where(here + ahead < last, padded[ahead : ahead + len(tokens)], 0)
    is_start = (here + width <= last) | ((here == first) & (last - first < width))
    return Shingles(mixed(hashes[is_start]), np.where(counts >= width, counts - width + 1, np.minimum(counts, 1)))


def _tokens(texts: pl.Series) -> tuple[Hashes, NDArray[np.int64]]:
    """Return the hashes of all tokens of the texts, in order, and how many each text has."""
    data = np.frombuffer((str(texts.str.join("\n").item()) + "\n").encode(), np.uint8)
    kinds, leads = _kinds(data)
    in_token = kinds != _SEPARATOR
    before = np.concatenate([np.zeros(1, np.uint8), kinds[:-1]])
    starts_here = in_token & np.where(kinds == _WORD, before != _WORD, leads)
    starts = np.flatnonzero(starts_here)
    ends = np.flatnonzero((before != _SEPARATOR) & (starts_here | ~in_token))
    powers, inverses = _powers(len(data) + 1)
    sums = np.zeros(len(data) + 1, np.uint64)
    np.cumsum(_LETTERS[data] * powers[: len(data)], out=sums[1:])
    hashes = mixed((sums[ends] - sums[starts]) * inverses[starts])
    text_ends = (texts.str.len_bytes().cast(pl.Int64) + 1).cum_sum().to_numpy()
    return hashes, np.diff(np.searchsorted(starts, text_ends), prepend=0)


def _kinds(data: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return what each byte belongs to (separator, word, single character), and whether it begins a character."""
    leads = (data & 0xC0) != 0x80
    kinds = _KINDS[data]
    wide = np.flatnonzero(data >= 0xC0)
    if not wide.size:
        return kinds, leads
    second = data[wide + 1]
    # CJK punctuation (E3 80), and private use and full-width forms (EE, EF) stand among what is otherwise letters.
    kinds[wide[(data[wide] == 0xE3) & (second == 0x80)]] = _SEPARATOR
    # A character is of what its first byte is of; it has three more bytes at most.
    others = np.flatnonzero(~leads)
    for _ in range(3):
        kinds[others] = kinds[others - 1]
    return kinds, leads


@cache
def _powers_of(length: int) -> tuple[Hashes, Hashes]:
    powers = np.full(length, _BASE)
    inverses = np.full(length, np.uint64(pow(int(_BASE), -1, 2**64)))
    powers[0] = inverses[0] = 1
    return np.cumprod(powers), np.cumprod(inverses)


def _powers(length: int) -> tuple[Hashes, Hashes]:
    """Return at least `length` powers of the base and of its inverse modulo 2^64."""
    return _powers_of(max(2 * _SLICE_BYTES, 1 << (length - 1).bit_length()))


def _byte_tables() -> tuple[NDArray[np.uint8], Hashes]:
    kinds = np.zeros(256, np.uint8)
    letters = np.arange(1, 257, dtype=np.uint64)
    for first, last in ((0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A), (0xC3, 0xE1)):
        kinds[first : last + 1] = _WORD
    kinds[0xE3 : 0xED + 1] = _SINGLE
    letters[0x41 : 0x5A + 1] += 32
    return kinds, letters


_KINDS, _LETTERS = _byte_tables()
