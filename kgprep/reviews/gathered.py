"""Reviews of all corpora on disk: read in batches, checked for language, without duplicates, read again lazily.

Notable here:
- texts are never in memory together: cleaned batches go to Parquet in a temporary folder, and the hashes that find
  duplicates to files beside them;
- what stays is the same whatever the order of the corpora, and comes in the order they were given.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from kgprep.counts import Count
from kgprep.kg.spill import write_temporary
from kgprep.reviews.corpora import CorpusSpec, corpus_files, read_batches
from kgprep.reviews.duplicates import band_hashes, exact_duplicates, near_duplicates
from kgprep.reviews.records import CLEAN, Tally, film_key

LANGUAGES = ("en", "zh")
"""Languages that sentences can be cut and linked in."""

_BYTES_A_FILE = 16 * 2**20
_TELLING = ("rating", "title", "date", "helpful", "url", "imdb_id")


@dataclass(frozen=True)
class GatheredReviews:
    """Reviews on disk without duplicates, as long as the block of `gather_reviews` lasts."""

    height: int
    counts: tuple[Count, ...]
    notes: tuple[str, ...]
    files: tuple[Path, ...]
    """The files that were read, for provenance."""
    parts: tuple[Path, ...]
    dropped: pl.Series

    def numbered(self) -> pl.LazyFrame:
        """Return all reviews, lazily and in order: row u32, ascending, and the columns of `CLEAN`."""
        if not self.parts:
            return pl.LazyFrame(schema={"row": pl.UInt32, **CLEAN})
        every = pl.scan_parquet(list(self.parts), glob=False)
        return every.join(self.dropped.to_frame().lazy(), on="row", how="anti", maintain_order="left")

    def some(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return reviews of the wanted numbers (row u32, and other columns) in the columns of `CLEAN` and those."""
        found = [pl.DataFrame(schema={**CLEAN, **rows.schema})]
        for part in self.parts:
            here = pl.read_parquet(part, glob=False).join(rows, on="row").select(*CLEAN, *rows.columns)
            found.append(let_go(here))
        return pl.concat(found)


@contextmanager
def gather_reviews(
    specs: Sequence[CorpusSpec], languages: Sequence[str] = LANGUAGES, folder: Path | None = None
) -> Iterator[GatheredReviews]:
    """Read corpora of any size, leave out other languages and duplicates, and yield what stays.

    Args:
        specs: the corpora.
        languages: tags of the languages to keep.
        folder: where to keep texts meanwhile; the system's temporary folder by default.

    Raises:
        KgprepError: as in `read_batches`; or the disk is full.
    """
    with tempfile.TemporaryDirectory(prefix="kgprep-", dir=folder) as temporary:
        spill = _Spill(Path(temporary))
        counts: list[Count] = []
        notes: list[str] = []
        for spec in specs:
            tally = Tally()
            for batch in read_batches(spec, tally):
                spill.add(_in_languages(batch, languages, tally))
            counts += tally.counts(spec.path.name)
            notes += tally.notes
        spill.hand_over()
        dropped, of_duplicates = _duplicates(spill)
        files = tuple(file for spec in specs for file in corpus_files(spec.form, spec.path))
        yield GatheredReviews(
            spill.rows - dropped.len(), (*counts, *of_duplicates), tuple(notes), files, tuple(spill.texts), dropped
        )


def _in_languages(batch: pl.DataFrame, languages: Sequence[str], tally: Tally) -> pl.DataFrame:
    is_wanted = batch["lang"].is_in(languages)
    others = batch.filter(~is_wanted)
    if not others.height:
        return batch
    tally.kept -= others.height
    tally.other_languages.update(others["lang"].to_list())
    return batch.filter(is_wanted)


def _duplicates(spill: _Spill) -> tuple[pl.Series, list[Count]]:
    reviews = spill.reviews()
    exact = exact_duplicates(reviews)
    distinct = reviews.filter(~reviews["row"].is_in(exact.implode()))
    near = near_duplicates(distinct, spill.bands, spill.texts_of)
    counts = [
        Count("reviews that are no exact duplicates", distinct.height, reviews.height),
        Count("reviews that are no near duplicates", distinct.height - near.len(), distinct.height),
    ]
    return pl.concat([exact, near]).sort().alias("row"), counts


@dataclass
class _Spill:
    """Batches on disk: texts and bands in files, a few numbers a review in memory."""

    folder: Path
    rows: int = 0
    texts: list[Path] = field(default_factory=list)
    _starts: list[int] = field(default_factory=list)
    _hashes: list[Path] = field(default_factory=list)
    _reviews: list[pl.DataFrame] = field(default_factory=list)
    _waiting: list[pl.DataFrame] = field(default_factory=list)
    _waiting_bytes: float = 0

    def add(self, batch: pl.DataFrame) -> None:
        """Take over reviews in the columns of `CLEAN`."""
        if not batch.height:
            return
        row = pl.int_range(self.rows, self.rows + batch.height, dtype=pl.UInt32, eager=True).alias("row")
        self.rows += batch.height
        self._waiting.append(batch.insert_column(0, row))
        self._waiting_bytes += batch.estimated_size()
        if self._waiting_bytes >= _BYTES_A_FILE:
            self.hand_over()

    def hand_over(self) -> None:
        """Write what waits."""
        if not self._waiting:
            return
        frame = pl.concat(self._waiting)
        self._waiting, self._waiting_bytes = [], 0
        number = len(self.texts)
        self.texts.append(self.folder / f"reviews-{number:06}.parquet")
        self._starts.append(frame["row"][0])
        self._hashes.append(self.folder / f"bands-{number:06}.parquet")
        write_temporary(frame, self.texts[-1])
        write_temporary(frame.select("row").hstack(band_hashes(frame)), self._hashes[-1])
        self._reviews.append(_numbers(frame))

    def reviews(self) -> pl.DataFrame:
        """Return row u32 · digest u64 · film u64 · rank u32 · length u32 of all reviews."""
        schema = {"row": pl.UInt32, "digest": pl.UInt64, "film": pl.UInt64, "length": pl.UInt32}
        ranked = {"told": pl.UInt8, "tie": pl.UInt64}
        reviews = pl.concat([pl.DataFrame(schema={**schema, **ranked}), *self._reviews])
        best_first = ("told", "length", "digest", "tie", "row")
        ordered = reviews.sort(*best_first, descending=[True, True, False, False, False])
        return ordered.with_row_index("rank").select(*schema, pl.col("rank").cast(pl.UInt32))

    def bands(self, name: str) -> pl.DataFrame:
        """Return row u32 · hash u64? of one band of all reviews."""
        if not self._hashes:
            return pl.DataFrame(schema={"row": pl.UInt32, "hash": pl.UInt64})
        return pl.scan_parquet(self._hashes, glob=False).select("row", pl.col(name).alias("hash")).collect()

    def texts_of(self, rows: pl.Series) -> pl.DataFrame:
        """Return row u32 · lang str · text str of some rows."""
        found = [pl.DataFrame(schema={"row": pl.UInt32, "lang": pl.String, "text": pl.String})]
        ends = [*self._starts[1:], self.rows]
        for path, start, end in zip(self.texts, self._starts, ends, strict=True):
            here = rows.filter((rows >= start) & (rows < end))
            if here.len():
                part = pl.read_parquet(path, glob=False, columns=["row", "lang", "text"])
                found.append(let_go(part[(here - start).cast(pl.UInt32)]))
        return pl.concat(found)


def let_go(found: pl.DataFrame) -> pl.DataFrame:
    """Return a copy of some rows: strings that are found hold on to all that were read with them."""
    copied = found.write_ipc(None)
    copied.seek(0)
    return pl.read_ipc(copied)


def _numbers(frame: pl.DataFrame) -> pl.DataFrame:
    """Return what is kept in memory of reviews: row, digest, film, length, told (how much is known of it), tie."""
    rest = frame.select(pl.concat_str([pl.col(CLEAN).exclude("text", "lang").cast(pl.String)], ignore_nulls=True))
    # A batch passes here at a time; polars' own hash may change from version to version.
    ties = [
        int.from_bytes(hashlib.blake2b(values.encode(), digest_size=8).digest(), "big")
        for values in rest.to_series().to_list()
    ]
    return frame.select(
        "row",
        digest=pl.col("review_id").str.slice(-16).str.to_integer(base=16, dtype=pl.UInt64),
        film=film_key().hash(),
        length=pl.col("text").str.len_bytes().cast(pl.UInt32),
        told=pl.sum_horizontal(pl.col(_TELLING).is_not_null()).cast(pl.UInt8),
        tie=pl.Series(ties, dtype=pl.UInt64),
    )
