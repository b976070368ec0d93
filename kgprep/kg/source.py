"""Where triples come from: the questions that building a graph asks, and their answer from dump files.

Notable here:
- `TripleSource` is all that the stage knows of a source; a dump and an endpoint answer the same questions with the same
  frames;
- a dump is parsed once; the facts of use are spilled to Parquet files in a temporary folder, one set a kind of fact,
  and each question is a semi-join over them, never a dictionary of the dump.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self

import polars as pl

from kgprep.errors import KgprepError
from kgprep.kg.dumps import LineReport, read_triples
from kgprep.kg.names import label_from_iri, loose_key, parse_label
from kgprep.kg.vocabulary import FACTS, fact_of_triple
from kgprep.provenance import Count, progress

FACT_SCHEMA = pl.Schema({"subject": pl.String, "predicate": pl.String, "object": pl.String, "lang": pl.String})
End = Literal["subject", "object"]
_ROWS_A_PART = 1_000_000


class TripleSource(Protocol):
    """The questions asked of a source; every answer is a frame of `FACT_SCHEMA`, in no given order."""

    def facts(self, fact: str, end: End, terms: pl.Series) -> pl.DataFrame:
        """Return the triples that state `fact` (one of `FACTS`) and whose `end` is one of `terms`."""
        ...

    def titled(self, fact: str, items: pl.DataFrame) -> pl.DataFrame:
        """Return the triples of `fact` (label or redirect) whose subject may be called as one of the items is.

        Args:
            fact: ``label`` asks for the label, ``redirect`` for the redirect's own name.
            items: name, year.
        """
        ...

    def report(self) -> tuple[tuple[Count, ...], tuple[str, ...]]:
        """Return what was read and skipped, and the places of the first few skipped lines."""
        ...


@dataclass
class DumpSource:
    """Dump files, parsed once into a temporary folder; a context manager that removes the folder.

    Args:
        paths: dump files, in any order.
        languages: texts (abstracts, comments) in other languages are left out.
        folder: where to spill; the system's temporary folder by default.
    """

    paths: Sequence[Path]
    languages: Sequence[str]
    folder: Path | None = None
    _reports: dict[Path, LineReport] = field(default_factory=dict)
    _rows: dict[str, int] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self._spill = tempfile.TemporaryDirectory(prefix="kgprep-", dir=self.folder)
        try:
            self._read()
        except BaseException:
            self._spill.cleanup()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._spill.cleanup()

    def facts(self, fact: str, end: End, terms: pl.Series) -> pl.DataFrame:
        """Return the triples that state `fact` and whose `end` is one of `terms`."""
        wanted = terms.alias(end).unique().to_frame().lazy()
        return self._scan(fact).join(wanted, on=end, how="semi").collect(engine="streaming")

    def titled(self, fact: str, items: pl.DataFrame) -> pl.DataFrame:
        """Return the labels or redirects whose title is, read loosely, that of one of the items."""
        wanted = items.lazy().select(key=loose_key(pl.col("name"))).unique()
        name = "object"
        triples = self._scan(fact)
        if fact == "redirect":
            name = "name"
            triples = triples.with_columns(pl.col("subject").map_batches(label_from_iri, pl.String).alias("name"))
        key = loose_key(parse_label(name).struct.field("title"))
        return (
            triples.with_columns(key=key)
            .join(wanted, on="key", how="semi")
            .select(FACT_SCHEMA.names())
            .collect(engine="streaming")
        )

    def report(self) -> tuple[tuple[Count, ...], tuple[str, ...]]:
        """Return how many lines were triples and how many triples are of use, by kind of fact."""
        reports = list(self._reports.values())
        triples = sum(report.triples for report in reports)
        counts = [Count("lines of the dumps that are triples", triples, triples + sum(r.malformed for r in reports))]
        counts += [Count(f"triples read as {fact}", self._rows.get(fact, 0), triples) for fact in FACTS]
        return tuple(counts), tuple(place for report in reports for place in report.places)

    def _scan(self, fact: str) -> pl.LazyFrame:
        folder = self._folder(fact)
        if not folder.exists():
            return pl.LazyFrame(schema=FACT_SCHEMA)
        return pl.scan_parquet(folder / "*.parquet", glob=True)

    def _folder(self, fact: str) -> Path:
        return Path(self._spill.name) / fact

    def _read(self) -> None:
        with progress("reading dumps", len(self.paths)) as bar:
            for path in self.paths:
                self._read_file(path)
                bar.advance()

    def _read_file(self, path: Path) -> None:
        report = self._reports.setdefault(path, LineReport())
        waiting: list[pl.DataFrame] = []
        for batch in read_triples(path, report):
            waiting.append(self._of_use(batch))
            if sum(frame.height for frame in waiting) >= _ROWS_A_PART:
                self._write(waiting)
                waiting = []
        self._write(waiting)

    def _of_use(self, batch: pl.DataFrame) -> pl.DataFrame:
        in_language = pl.col("lang").is_null() | pl.col("lang").str.head(2).is_in([tag[:2] for tag in self.languages])
        return (
            batch.with_columns(fact_of_triple())
            .filter(pl.col("fact").is_not_null() & ((pl.col("fact") != "text") | in_language))
            .select(*FACT_SCHEMA, "fact")
        )

    def _write(self, frames: Sequence[pl.DataFrame]) -> None:
        if not frames:
            return
        for (fact,), rows in pl.concat(frames).partition_by("fact", as_dict=True, include_key=False).items():
            folder = self._folder(str(fact))
            folder.mkdir(exist_ok=True)
            path = folder / f"{len(list(folder.iterdir())):06}.parquet"
            try:
                rows.write_parquet(path, compression="zstd", compression_level=1)
            except (OSError, pl.exceptions.ComputeError) as error:
                raise KgprepError(
                    f"cannot write to {self._spill.name} ({error}): free some space or set TMPDIR to another folder"
                ) from error
            self._rows[str(fact)] = self._rows.get(str(fact), 0) + rows.height
