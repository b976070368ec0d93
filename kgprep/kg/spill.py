"""Terms of use on disk while a graph is built: Parquet files in a temporary folder, one set a kind of fact.

Notable here:
- a thread of its own writes while the next terms are read; it is one batch behind at most;
- subjects and objects lose the beginning that nearly all IRIs of DBpedia share, which saves more than compressing them
  would, and every later comparison works on short strings.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import polars as pl

from kgprep.errors import KgprepError
from kgprep.kg.vocabulary import RESOURCE

_BYTES_IN_MEMORY = 32 * 2**20
_SHARED_BEGINNING = f"<{RESOURCE}"


def short_terms(terms: pl.Expr) -> pl.Expr:
    """Write terms as the spill keeps them: ``<http://dbpedia.org/resource/Alien>`` as ``Alien>``, others unchanged."""
    return terms.str.strip_prefix(_SHARED_BEGINNING)


def full_terms(terms: pl.Expr) -> pl.Expr:
    """Write out what `short_terms` shortened; only there does a closing bracket follow neither its like nor a quote."""
    is_short = terms.str.ends_with(">") & ~terms.str.starts_with("<") & ~terms.str.starts_with('"')
    return pl.when(~is_short).then(terms).otherwise(pl.lit(_SHARED_BEGINNING) + terms)


@dataclass
class Spill:
    """Frames of terms by kind of fact; a context manager that removes what it wrote.

    Args:
        folder: where to write; the system's temporary folder by default.
    """

    folder: Path | None = None
    rows: dict[str, int] = field(default_factory=dict)
    _waiting: dict[str, list[pl.DataFrame]] = field(default_factory=dict)
    _waiting_bytes: float = 0
    _written: Future[None] = field(default_factory=lambda: _done())
    _files: dict[str, list[Path]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self._temporary = tempfile.TemporaryDirectory(prefix="kgprep-", dir=self.folder)
        self._writer = ThreadPoolExecutor(1)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.shutdown()
        self._temporary.cleanup()

    def add(self, parts: Mapping[str, pl.DataFrame]) -> None:
        """Take over frames of `TERM_SCHEMA` with `short_terms`, by kind of fact.

        Raises:
            KgprepError: the disk is full.
        """
        for fact, terms in parts.items():
            self._waiting.setdefault(fact, []).append(terms)
            self.rows[fact] = self.rows.get(fact, 0) + terms.height
            self._waiting_bytes += terms.estimated_size()
        if self._waiting_bytes >= _BYTES_IN_MEMORY:
            self._hand_over()

    def files(self, fact: str) -> list[Path]:
        """Return the Parquet files with the terms of a kind of fact, shortened as they were added."""
        if self._waiting:
            self._hand_over()
        self._written.result()
        return self._files.get(fact, [])

    def _hand_over(self) -> None:
        """Have the waiting terms written once those before them are."""
        self._written.result()
        self._written = self._writer.submit(self._write, self._waiting)
        self._waiting, self._waiting_bytes = {}, 0

    def _write(self, waiting: Mapping[str, list[pl.DataFrame]]) -> None:
        for fact, frames in waiting.items():
            files = self._files.setdefault(fact, [])
            path = Path(self._temporary.name) / f"{fact}-{len(files):06}.parquet"
            write_temporary(pl.concat(frames), path)
            files.append(path)


def write_temporary(frame: pl.DataFrame, path: Path) -> None:
    """Write a frame that is read a few times and then removed.

    Raises:
        KgprepError: the disk is full.
    """
    try:
        # Compression would cost more time than it saves.
        frame.write_parquet(path, compression="uncompressed", statistics=False)
    except (OSError, pl.exceptions.ComputeError) as error:
        raise KgprepError(
            f"cannot write to {path.parent} ({error}): free some space or set TMPDIR to another folder"
        ) from error


def _done() -> Future[None]:
    future: Future[None] = Future()
    future.set_result(None)
    return future
