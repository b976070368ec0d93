"""Terms of use on disk while a graph is built: Parquet files in a temporary folder, one set a kind of fact."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import polars as pl

from kgprep.errors import KgprepError
from kgprep.kg.ntriples import TERM_SCHEMA

_ROWS_A_FILE = 1_000_000


@dataclass
class Spill:
    """Frames of terms by kind of fact; a context manager that removes what it wrote.

    Args:
        folder: where to write; the system's temporary folder by default.
    """

    folder: Path | None = None
    rows: dict[str, int] = field(default_factory=dict)
    _waiting: dict[str, list[pl.DataFrame]] = field(default_factory=dict)
    _files: dict[str, list[Path]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self._temporary = tempfile.TemporaryDirectory(prefix="kgprep-", dir=self.folder)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._temporary.cleanup()

    def add(self, parts: Mapping[str, pl.DataFrame]) -> None:
        """Take over frames of `TERM_SCHEMA`, by kind of fact.

        Raises:
            KgprepError: the disk is full.
        """
        for fact, terms in parts.items():
            waiting = self._waiting.setdefault(fact, [])
            waiting.append(terms)
            self.rows[fact] = self.rows.get(fact, 0) + terms.height
            if sum(frame.height for frame in waiting) >= _ROWS_A_FILE:
                self._write(fact)

    def scan(self, fact: str) -> pl.LazyFrame:
        """Return all terms of a kind of fact, lazily."""
        self._write(fact)
        files = self._files.get(fact)
        return pl.scan_parquet(files) if files else pl.LazyFrame(schema=TERM_SCHEMA)

    def _write(self, fact: str) -> None:
        frames = self._waiting.pop(fact, [])
        if not frames:
            return
        files = self._files.setdefault(fact, [])
        path = Path(self._temporary.name) / f"{fact}-{len(files):06}.parquet"
        try:
            # Written and read once or twice: a fast compression without statistics.
            pl.concat(frames).write_parquet(path, compression="lz4", statistics=False)
        except (OSError, pl.exceptions.ComputeError) as error:
            raise KgprepError(
                f"cannot write to {self._temporary.name} ({error}): free some space or set TMPDIR to another folder"
            ) from error
        files.append(path)
