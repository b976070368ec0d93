"""A stage's run: `Stage` is the context that every stage works in.

Notable here:
- its tables appear in the workspace only when the whole stage succeeds, and with them its record;
- stages that write tables take turns, for they write them at the same places; those of a run (``train/NAME``) write
  nothing but their record, and only while they do nobody else writes.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import polars as pl

from kgprep import __version__
from kgprep.artifacts import SCHEMA_VERSION, Table, write_beside, write_parquet, write_parquet_parts
from kgprep.commit import beside, commit, end_commit, finish_commit, is_committing
from kgprep.counts import Count
from kgprep.errors import KgprepError, no_file
from kgprep.lock import only_writer
from kgprep.progress import console
from kgprep.provenance import stage_fingerprint
from kgprep.record import Source, file_sha256, provenance_path, read_record


@dataclass(frozen=True)
class StageSummary:
    """What a stage made: rows per table, counts of every filter, seconds of wall time, peak memory in bytes."""

    stage: str
    rows: dict[str, int]
    counts: tuple[Count, ...]
    seconds: float
    peak_memory: int


class Stage:
    """One run of a stage over a workspace.

    Use it as a context manager; `write` collects tables, which appear under their names only when the block ends well.

    Args:
        name: the stage's name, as on the command line.
        workspace: folder of the bundle; made if absent.
        parameters: what the stage was asked to do, JSON-compatible.
    """

    def __init__(self, name: str, workspace: Path, parameters: Mapping[str, Any]) -> None:
        self.name = name
        self.workspace = workspace
        self.parameters = dict(parameters)
        self.counts: list[Count] = []
        self._outputs: list[Path] = []
        self._sources: list[Future[Source]] = []
        self._sums = ThreadPoolExecutor(1)
        self._rows: dict[str, int] = {}
        self._partials: dict[Path, Path] = {}
        self._removed: list[Path] = []
        self._before: dict[str, Any] = {}
        self._held = ExitStack()
        self._is_new = False
        self._started = time.monotonic()
        self._summary: StageSummary | None = None

    def __enter__(self) -> Self:
        """Begin; what would make the work vain is refused before it.

        Raises:
            KgprepError: another stage writes to the workspace, or its folder or record cannot be used.
        """
        with ExitStack() as stack:
            self._is_new = not self.workspace.exists()
            _open_folder(self.workspace)
            if self._is_of_run:
                finish_commit(self.workspace)
            else:
                stack.enter_context(only_writer(self.workspace))
                end_commit(self.workspace)
            self._before = read_record(provenance_path(self.workspace))["stages"]
            self._held = stack.pop_all()
        console.print(f"[bold]{self.name}[/bold]")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._held:
            try:
                if kind is None:
                    self._commit()
            finally:
                self._sums.shutdown(cancel_futures=True)
                # A commit that began goes on when the workspace is opened next.
                if not is_committing(self.workspace):
                    for partial in self._partials:
                        partial.unlink(missing_ok=True)
                if self._is_new:
                    # It stays where anything is in it.
                    with suppress(OSError):
                        self.workspace.rmdir()

    @property
    def _is_of_run(self) -> bool:
        return "/" in self.name

    def source(self, path: Path, licence: str | None = None, citation: str | None = None) -> Path:
        """Record `path` as an input and return it.

        Raises:
            KgprepError: there is no such file.
        """
        if not path.is_file():
            raise no_file(path, f"check the path given to kgprep {self.name}")
        # Large inputs are read for their sums while the stage works.
        self._sources.append(self._sums.submit(_describe, path, licence, citation))
        return path

    def note(self, text: str) -> None:
        """Print a line that is not a count, such as the place of a skipped row."""
        console.print(f"  {text}", markup=False)

    def count(self, what: str, kept: int, total: int | None = None) -> None:
        """Print and record how many were kept of how many."""
        self.add_counts([Count(what, kept, total)])

    def add_counts(self, counts: Iterable[Count]) -> None:
        """Print and record counts that a reader returned with its rows."""
        for count in counts:
            self.counts.append(count)
            self.note(str(count))

    def write(self, table: Table, frame: pl.DataFrame) -> None:
        """Write `frame` beside its place; it is renamed into place when the stage ends well."""
        with self._place(table) as path:
            write_parquet(table, frame, path)
        self._rows[table.name] = frame.height

    def write_parts(self, table: Table, frames: Iterable[pl.DataFrame]) -> None:
        """Write frames as one table, as `write` does, in the memory of one frame."""
        with self._place(table) as path:
            self._rows[table.name] = write_parquet_parts(table, frames, path)

    @contextmanager
    def _place(self, table: Table) -> Iterator[Path]:
        path = table.path(self.workspace)
        partial = beside(path)
        self._partials[partial] = path
        with write_beside(partial) as unfinished:
            yield unfinished

    def remove(self, tables: Iterable[Table]) -> None:
        """Remove those of `tables` that an earlier run left, and say so; they go when the stage ends well."""
        left = [table for table in tables if table.path(self.workspace).exists()]
        self._removed += [table.path(self.workspace) for table in left]
        if left:
            names = ", ".join(table.name for table in left)
            self.note(f"removed {names} of an earlier run: this one makes none")

    def output(self, path: Path) -> None:
        """Record a file in the workspace, other than a table, that the stage has made."""
        self._outputs.append(path)

    @property
    def summary(self) -> StageSummary:
        """What the stage made; known once the block has ended."""
        if self._summary is None:
            raise RuntimeError(f"{self.name} has not ended")
        return self._summary

    def _commit(self) -> None:
        sources = [source.result() for source in self._sources]
        self._summary = StageSummary(
            self.name, self._rows, tuple(self.counts), time.monotonic() - self._started, peak_memory()
        )
        if self._is_of_run:
            self._held.enter_context(only_writer(self.workspace, waits=True))
            end_commit(self.workspace)
        bundle = provenance_path(self.workspace)
        record = json.dumps(self._record(self._summary, sources), indent=2, ensure_ascii=False) + "\n"
        with write_beside(beside(bundle)) as partial:
            partial.write_text(record, encoding="utf-8")
        self._partials[beside(bundle)] = bundle
        commit(self.workspace, self._partials.values(), self._removed)
        console.print(
            f"  {self.name} took {self._summary.seconds:.1f} s, peak memory {self._summary.peak_memory / 2**20:,.0f} MB"
        )

    def _record(self, summary: StageSummary, sources: Sequence[Source]) -> dict[str, Any]:
        """Return the bundle's record with this stage in it."""
        record = read_record(provenance_path(self.workspace))
        record["schema_version"] = SCHEMA_VERSION
        stages = record["stages"]
        outputs = [*self._partials.values(), *self._outputs]
        stages[self.name] = {
            "tool": f"kgprep {__version__}",
            # The stage before may have run anew since this one, of a run, began.
            "fingerprint": stage_fingerprint(self.name, self.parameters, [s.sha256 for s in sources], self._before),
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "parameters": self.parameters,
            "inputs": [asdict(source) for source in sources],
            "outputs": [path.relative_to(self.workspace).as_posix() for path in outputs],
            "counts": [asdict(count) for count in summary.counts],
            "tables": {
                name: {"rows": rows, "sha256": file_sha256(beside(self.workspace / f"{name}.parquet"))}
                for name, rows in summary.rows.items()
            },
            "seconds": round(summary.seconds, 2),
            "peak_memory_bytes": summary.peak_memory,
        }
        return record


def _open_folder(workspace: Path) -> None:
    """Make the folder of a bundle that is not there yet, and see that it can be written."""
    try:
        workspace.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise KgprepError(f"cannot make {workspace} ({error.strerror or error}): choose another workspace") from error
    if not os.access(workspace, os.W_OK):
        raise KgprepError(f"{workspace} cannot be written: choose another workspace, or copy it first")


def _describe(path: Path, licence: str | None, citation: str | None) -> Source:
    return Source(str(path), path.stat().st_size, file_sha256(path), licence, citation)


def peak_memory() -> int:
    """Return the peak resident memory in bytes of this process and of the largest one it has started."""
    peak = sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return peak if sys.platform == "darwin" else peak * 1024
