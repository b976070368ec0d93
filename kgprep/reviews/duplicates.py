"""Which reviews say again what another review of the same film says: equal texts, and texts nearly equal.

The method: a text is the set of its shingles, five words or three Chinese characters long (see `shingles`). Two reviews
of one film are near duplicates when the Jaccard index of their sets is at least 0.8. Candidates are found by MinHash:
48 minima in 12 bands of 4, so a pair at 0.8 shares a band with a probability of 99.8 %, one at 0.3 with 9 %. The
reviews that share a band are ordered by worth, and each is compared with the best and the two before it; the Jaccard
index of a candidate pair is then counted exactly, from the texts. Of a pair the better review stays.

Notable here:
- a review is worth more the more it tells (rating, title, date, votes ...), then the longer it is, then by its hash, so
  what stays does not depend on the order of the corpora;
- a text under another film is no duplicate: it may be all that film has;
- in memory are some 40 bytes a review, two bands and the texts of a batch of candidates; bands and texts are on disk.

Source: Broder, On the resemblance and containment of documents, 1997; banding: Leskovec, Rajaraman & Ullman, Mining of
Massive Datasets, chapter 3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kgprep.reviews.shingles import CHARACTERS, SPACELESS, WORDS, Hashes, Shingles, mixed, shingle_slices

NEAR = 0.8
"""The least Jaccard index of near duplicates."""
BANDS = 12
MINIMA_A_BAND = 4
BAND_NAMES = tuple(f"band_{band}" for band in range(BANDS))

_COMPARED_BEFORE = 2
_BANDS_AT_A_TIME = 2
_BYTES_COMPARED = 16 * 2**20
_random = np.random.default_rng(1997)
_MASKS = _random.integers(0, 2**32, BANDS * MINIMA_A_BAND, dtype=np.uint32)
_FACTORS = _random.integers(0, 2**31, BANDS * MINIMA_A_BAND, dtype=np.uint32) * np.uint32(2) + np.uint32(1)

Texts = Callable[[pl.Series], pl.DataFrame]


def band_hashes(reviews: pl.DataFrame) -> pl.DataFrame:
    """Return the hashes of the bands of each review: `BAND_NAMES` u64?, null where its text has no letter.

    Args:
        reviews: text str, lang str.
    """
    spaceless = reviews["lang"].is_in(SPACELESS).to_numpy()
    bands = np.zeros((reviews.height, BANDS), np.uint64)
    for rows, width in ((~spaceless, WORDS), (spaceless, CHARACTERS)):
        texts = reviews["text"].filter(pl.Series(rows))
        if texts.len():
            bands[rows] = np.concatenate([_bands(shingles) for shingles in shingle_slices(texts, width)])
    frame = pl.DataFrame({name: bands[:, band] for band, name in enumerate(BAND_NAMES)})
    return frame.with_columns(pl.when(pl.col(name) != 0).then(name).alias(name) for name in BAND_NAMES)


def _bands(shingles: Shingles) -> Hashes:
    """Return a row a text; zeros for a text without shingles."""
    bands = np.zeros((len(shingles.counts), BANDS), np.uint64)
    filled = np.flatnonzero(shingles.counts)
    if not filled.size:
        return bands
    starts = (np.cumsum(shingles.counts) - shingles.counts)[filled]
    halves = (shingles.hashes >> np.uint64(32)).astype(np.uint32)
    for band in range(BANDS):
        hashes = np.full(len(filled), band + 1, np.uint64)
        for minimum in range(band * MINIMA_A_BAND, (band + 1) * MINIMA_A_BAND):
            minima = np.minimum.reduceat((halves ^ _MASKS[minimum]) * _FACTORS[minimum], starts)
            hashes = mixed(hashes + minima)
        bands[filled, band] = hashes | np.uint64(1)
    return bands


def exact_duplicates(reviews: pl.DataFrame) -> pl.Series:
    """Return the rows u32 of reviews whose text a better review of the same film has.

    Args:
        reviews: row u32, digest u64 (of film and text), rank u32 (the better the lower).
    """
    ordered = reviews.select("row", "digest", "rank").sort("digest", "rank")
    return ordered.filter(pl.col("digest") == pl.col("digest").shift(1))["row"].sort()


def near_duplicates(reviews: pl.DataFrame, bands: Callable[[str], pl.DataFrame], texts: Texts) -> pl.Series:
    """Return the rows u32 of reviews that a better review of the same film nearly equals.

    Args:
        reviews: row u32, film u64, rank u32 (the better the lower), length u32 of the text; no exact duplicates.
        bands: gives row u32 and hash u64? of all reviews for the name of a band.
        texts: gives row u32, lang str and text str for some rows.
    """
    pairs = _candidates(reviews, bands)
    worse = [_confirmed(part, texts) for part in _parts(pairs, reviews)]
    return pl.concat([pl.Series("row", [], dtype=pl.UInt32), *worse]).unique().sort()


def _candidates(reviews: pl.DataFrame, bands: Callable[[str], pl.DataFrame]) -> pl.DataFrame:
    """Return pairs of reviews that share a band: better u32, worse u32, each pair once."""
    alike = reviews.select("row", "film", "rank")

    def pairs_in(name: str) -> pl.DataFrame:
        band = bands(name)
        repeated = band.filter(band["hash"].is_not_null() & band["hash"].is_duplicated())
        of_films = repeated.join(alike, on="row")
        grouped = of_films.filter(pl.struct("film", "hash").is_duplicated()).sort("film", "hash", "rank")
        return pl.concat(_pairs_of(grouped)).unique()

    pairs = pl.DataFrame(schema={"better": pl.UInt32, "worse": pl.UInt32})
    with ThreadPoolExecutor(_BANDS_AT_A_TIME) as pool:
        for found in pool.map(pairs_in, BAND_NAMES):
            pairs = pl.concat([pairs, found]).unique()
    return pairs.sort("better", "worse")


def _pairs_of(grouped: pl.DataFrame) -> Iterator[pl.DataFrame]:
    row, group = pl.col("row"), ("film", "hash")
    yield _ordered(grouped.select(better=row.first().over(group), worse=row))
    for before in range(1, _COMPARED_BEFORE + 1):
        yield _ordered(grouped.select(better=row.shift(before).over(group), worse=row))


def _ordered(pairs: pl.DataFrame) -> pl.DataFrame:
    return pairs.filter(pl.col("better").is_not_null() & (pl.col("better") != pl.col("worse")))


def _parts(pairs: pl.DataFrame, reviews: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Cut pairs into parts whose texts fit in memory, film by film."""
    lengths = reviews.lazy().select("row", "film", pl.col("length").cast(pl.Int64))
    sized = (
        pairs.lazy()
        .join(lengths, left_on="better", right_on="row")
        .join(lengths.drop("film"), left_on="worse", right_on="row", suffix="_worse")
        .sort("film", "better", "worse")
        .with_columns(part=pl.sum_horizontal("length", "length_worse").cum_sum() // _BYTES_COMPARED)
        .select("better", "worse", "part")
        .collect()
    )
    return iter(sized.drop("part").filter(sized["part"] == part) for part in sized["part"].unique(maintain_order=True))


def _confirmed(pairs: pl.DataFrame, texts: Texts) -> pl.Series:
    """Return the worse of each pair whose Jaccard index, counted exactly, is that of near duplicates."""
    rows = pl.concat([pairs["better"], pairs["worse"]]).unique().sort()
    shingles = _shingle_sets(texts(rows))
    sizes = shingles.group_by("row").len("size")
    common = (
        pairs.lazy()
        .join(shingles.lazy(), left_on="better", right_on="row")
        .join(shingles.lazy(), left_on=("worse", "shingle"), right_on=("row", "shingle"))
        .group_by("better", "worse")
        .len("common")
        .join(sizes.lazy(), left_on="better", right_on="row")
        .join(sizes.lazy(), left_on="worse", right_on="row", suffix="_worse")
        .filter(pl.col("common") >= NEAR * (pl.col("size") + pl.col("size_worse") - pl.col("common").cast(pl.Int64)))
        .select(row="worse")
        .collect()
    )
    return common["row"]


def _shingle_sets(texts: pl.DataFrame) -> pl.DataFrame:
    """Return the shingles of each text: row u32 · shingle u64, none twice."""
    found = [pl.DataFrame(schema={"row": pl.UInt32, "shingle": pl.UInt64})]
    for is_spaceless, width in ((False, WORDS), (True, CHARACTERS)):
        part = texts.filter(pl.col("lang").is_in(SPACELESS) == is_spaceless)
        hashes, counts = _all_shingles(part["text"], width)
        found.append(pl.DataFrame({"row": np.repeat(part["row"].to_numpy(), counts), "shingle": hashes}))
    return pl.concat(found).unique()


def _all_shingles(texts: pl.Series, width: int) -> tuple[Hashes, NDArray[np.int64]]:
    slices = list(shingle_slices(texts, width))
    if not slices:
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    return np.concatenate([one.hashes for one in slices]), np.concatenate([one.counts for one in slices])
