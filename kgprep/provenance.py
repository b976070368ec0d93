"""A stage's run: progress while it works, counts of what it kept, and the record it leaves in bundle.json.

Notable here:
- `Stage` is the context every stage works in; its tables appear in the workspace only when the whole stage succeeds;
- a count is printed where it arises and stored in the bundle, so nothing is dropped in silence;
- the record names each input with its sha256, licence and citation;
- its fingerprint covers parameters, inputs and the stages before, so a runner knows what is up to date.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import polars as pl
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from kgprep import __version__
from kgprep.artifacts import SCHEMA_VERSION, TABLES, Table, write_beside, write_parquet, write_parquet_parts
from kgprep.errors import KgprepError

STAGES_BEFORE = {"align-reviews": "build-kg", "train": "align-reviews", "evaluate": "train"}
_STAGE_KEYS = {
    "tool",
    "fingerprint",
    "finished",
    "parameters",
    "inputs",
    "outputs",
    "counts",
    "tables",
    "seconds",
    "peak_memory_bytes",
}

console = Console(stderr=True, highlight=False, soft_wrap=True)


@dataclass(frozen=True)
class Count:
    """How many of how many: `kept` of `total` `what`; `total` is None for a plain number."""

    what: str
    kept: int
    total: int | None = None

    def __str__(self) -> str:
        if self.total is None:
            return f"{self.what}: {self.kept:,}"
        share = f" ({100 * self.kept / self.total:.1f} %)" if self.total else ""
        return f"{self.what}: {self.kept:,} of {self.total:,}{share}"


def added_up(counts: Iterable[Count]) -> list[Count]:
    """Add up the counts of the same thing, in the order in which each came first."""
    sums: dict[str, Count] = {}
    for count in counts:
        before = sums.get(count.what, Count(count.what, 0, None if count.total is None else 0))
        total = None if count.total is None or before.total is None else before.total + count.total
        sums[count.what] = Count(count.what, before.kept + count.kept, total)
    return list(sums.values())


@dataclass(frozen=True)
class Source:
    """One input file with its size in bytes, and where its text may be used and how to cite it."""

    path: str
    bytes: int
    sha256: str
    licence: str | None = None
    citation: str | None = None


@dataclass(frozen=True)
class StageSummary:
    """What a stage made: rows per table, counts of every filter, seconds of wall time, peak memory in bytes."""

    stage: str
    rows: dict[str, int]
    counts: tuple[Count, ...]
    seconds: float
    peak_memory: int


def file_sha256(path: Path) -> str:
    """Return the hexadecimal sha256 of the file at `path`."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def provenance_path(workspace: Path) -> Path:
    """Where the bundle's provenance lies in `workspace`."""
    return workspace / "bundle.json"


def read_provenance(workspace: Path) -> dict[str, Any]:
    """Return bundle.json as a dict, with no stages where the workspace has none yet.

    Raises:
        KgprepError: the file is not JSON or no record of stages, or errors as in `finish_commit`.
    """
    finish_commit(workspace)
    return _read_record(provenance_path(workspace))


def _read_record(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {"schema_version": SCHEMA_VERSION, "stages": {}}
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise KgprepError(f"{path} is not JSON ({error}): delete it and run the stages again") from error
    stages = record.get("stages") if isinstance(record, dict) else None
    if not isinstance(stages, dict) or not all(map(_is_stage_record, stages.values())):
        raise KgprepError(f"{path} is no record of stages: delete it and run the stages again")
    return dict(record)


def _is_stage_record(value: object) -> bool:
    return isinstance(value, dict) and value.keys() >= _STAGE_KEYS


def stage_before(name: str) -> str | None:
    """Return the stage that the stage `name` builds on; stages of a run carry its name: ``train/RUN``."""
    stage, slash, run = name.partition("/")
    before = STAGES_BEFORE.get(stage)
    return f"{before}{slash}{run}" if before == "train" else before


def stage_fingerprint(
    name: str,
    parameters: Mapping[str, Any],
    input_sums: Iterable[str],
    stages: Mapping[str, Any],
    version: str = __version__,
) -> str:
    """Return a hash of all that decides what the stage makes.

    Args:
        name: the stage.
        parameters: what it is asked to do, JSON-compatible.
        input_sums: sha256 of each input file, in order.
        stages: the records of bundle.json, for the fingerprint of the stage before.
        version: of the kgprep that runs the stage.
    """
    before = stages.get(stage_before(name) or "", {}).get("fingerprint")
    decisive = [version, SCHEMA_VERSION, name, dict(parameters), list(input_sums), before]
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


def is_current(workspace: Path, name: str, parameters: Mapping[str, Any]) -> bool:
    """Tell whether the stage's outputs stand in `workspace` and nothing that decides them has changed since."""
    stages = read_provenance(workspace)["stages"]
    record = stages.get(name)
    if record is None or record["parameters"] != parameters:
        return False
    paths = [Path(source["path"]) for source in record["inputs"]]
    outputs = [workspace / output for output in record["outputs"]]
    if not all(path.is_file() for path in [*paths, *outputs]):
        return False
    last_writer = {table: stage for stage, other in stages.items() for table in other["tables"]}
    for table, written in record["tables"].items():
        if last_writer[table] == name and file_sha256(workspace / f"{table}.parquet") != written["sha256"]:
            return False
    sums = [file_sha256(path) for path in paths]
    return bool(stage_fingerprint(name, parameters, sums, stages) == record["fingerprint"])


def outdated_stages(workspace: Path) -> list[str]:
    """Return the stages that were run on an earlier result of the stage before them."""
    stages = read_provenance(workspace)["stages"]
    return [name for name, record in stages.items() if record["fingerprint"] != _fingerprint_of(name, record, stages)]


def _fingerprint_of(name: str, record: Mapping[str, Any], stages: Mapping[str, Any]) -> str:
    """Return the fingerprint that the stage would have if the kgprep that ran it ran it again."""
    sums = (source["sha256"] for source in record["inputs"])
    return stage_fingerprint(name, record["parameters"], sums, stages, record["tool"].removeprefix("kgprep "))


def unrecorded_tables(workspace: Path) -> list[Table]:
    """Return the tables in `workspace` that no stage in bundle.json has written."""
    stages = read_provenance(workspace)["stages"]
    recorded = {name for record in stages.values() for name in record["tables"]}
    return [table for name, table in TABLES.items() if name not in recorded and table.path(workspace).exists()]


def refuse_outdated(workspace: Path, run: str | None = None) -> None:
    """Refuse a bundle, and a run if named, that holds results of an earlier state of it.

    A bundle without any record, such as one put together by hand, is taken as it is.

    Args:
        workspace: folder of the bundle.
        run: name of a run that is read too.

    Raises:
        KgprepError: a stage was run on an earlier result of the stage before it, or a table is of no recorded stage.
    """
    read = ("align-reviews", f"train/{run}", f"evaluate/{run}")
    for name in (name for name in outdated_stages(workspace) if name in read):
        raise _older(workspace, name)
    unrecorded = unrecorded_tables(workspace)
    if unrecorded and read_provenance(workspace)["stages"]:
        names = ", ".join(table.name for table in unrecorded)
        raise KgprepError(
            f"{workspace} holds tables that no stage in bundle.json records ({names}):"
            " run the stages again or delete the tables"
        )


def refuse_outdated_table(workspace: Path, table: Table) -> None:
    """Refuse a table that was written on an earlier result of the stage before its own.

    Raises:
        KgprepError: it is such a table.
    """
    stages = read_provenance(workspace)["stages"]
    writers = [name for name, record in stages.items() if table.name in record["tables"]]
    if writers and writers[-1] in outdated_stages(workspace):
        raise _older(workspace, writers[-1])


def _older(workspace: Path, stage: str) -> KgprepError:
    return KgprepError(
        f"{workspace} holds results of {stage} that are older than {stage_before(stage)}:"
        f" run kgprep {stage.partition('/')[0]} again"
    )


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
        self._started = time.monotonic()
        self._summary: StageSummary | None = None

    def __enter__(self) -> Self:
        # Read before the work, so that a damaged record does not make it vain.
        read_provenance(self.workspace)
        console.print(f"[bold]{self.name}[/bold]")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._commit()
        finally:
            self._sums.shutdown(cancel_futures=True)
            # A commit that began goes on when the workspace is opened next.
            if not _journal(self.workspace).exists():
                for partial in self._partials:
                    partial.unlink(missing_ok=True)

    def source(self, path: Path, licence: str | None = None, citation: str | None = None) -> Path:
        """Record `path` as an input and return it.

        Raises:
            KgprepError: there is no such file.
        """
        if not path.is_file():
            raise KgprepError(f"{path} does not exist: check the path given to kgprep {self.name}")
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
        with self._place(table) as beside:
            write_parquet(table, frame, beside)
        self._rows[table.name] = frame.height

    def write_parts(self, table: Table, frames: Iterable[pl.DataFrame]) -> None:
        """Write frames as one table, as `write` does, in the memory of one frame."""
        with self._place(table) as beside:
            self._rows[table.name] = write_parquet_parts(table, frames, beside)

    @contextmanager
    def _place(self, table: Table) -> Iterator[Path]:
        path = table.path(self.workspace)
        partial = _beside(path)
        self._partials[partial] = path
        with write_beside(partial) as beside:
            yield beside

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
        bundle = provenance_path(self.workspace)
        record = json.dumps(self._record(self._summary, sources), indent=2, ensure_ascii=False) + "\n"
        with write_beside(_beside(bundle)) as partial:
            partial.write_text(record, encoding="utf-8")
        self._partials[_beside(bundle)] = bundle
        lists = {"renamed": self._partials.values(), "removed": self._removed}
        names = {what: [path.relative_to(self.workspace).as_posix() for path in paths] for what, paths in lists.items()}
        with write_beside(_journal(self.workspace)) as partial:
            partial.write_text(json.dumps(names), encoding="utf-8")
        finish_commit(self.workspace)
        console.print(
            f"  {self.name} took {self._summary.seconds:.1f} s, peak memory {self._summary.peak_memory / 2**20:,.0f} MB"
        )

    def _record(self, summary: StageSummary, sources: Sequence[Source]) -> dict[str, Any]:
        """Return the bundle's record with this stage in it."""
        record = read_provenance(self.workspace)
        record["schema_version"] = SCHEMA_VERSION
        stages = record["stages"]
        outputs = [*self._partials.values(), *self._outputs]
        stages[self.name] = {
            "tool": f"kgprep {__version__}",
            "fingerprint": stage_fingerprint(self.name, self.parameters, (source.sha256 for source in sources), stages),
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "parameters": self.parameters,
            "inputs": [asdict(source) for source in sources],
            "outputs": [path.relative_to(self.workspace).as_posix() for path in outputs],
            "counts": [asdict(count) for count in summary.counts],
            "tables": {
                name: {"rows": rows, "sha256": file_sha256(_beside(self.workspace / f"{name}.parquet"))}
                for name, rows in summary.rows.items()
            },
            "seconds": round(summary.seconds, 2),
            "peak_memory_bytes": summary.peak_memory,
        }
        return record


def finish_commit(workspace: Path) -> None:
    """Rename what a stage has written whole into place and remove what it takes the place of; also where it was killed
    while it did so.

    A stage lists its files in ``commit.json`` before it renames the first, so that whoever opens the workspace next
    finds either no list, and the files before, or a list, and goes on to the end of it.

    Raises:
        KgprepError: the list is damaged, and so is what it listed.
    """
    journal = _journal(workspace)
    if not journal.exists():
        return
    renamed, removed = _listed(workspace)
    for path in renamed:
        if _beside(path).exists():
            _beside(path).replace(path)
    for path in removed:
        path.unlink(missing_ok=True)
    journal.unlink()


def _listed(workspace: Path) -> tuple[list[Path], list[Path]]:
    """Return what commit.json says is to be renamed and to be removed."""
    try:
        names = json.loads(_journal(workspace).read_text(encoding="utf-8"))
        return [workspace / name for name in names["renamed"]], [workspace / name for name in names["removed"]]
    except (ValueError, KeyError, TypeError):
        return _written_whole(workspace), []


def _written_whole(workspace: Path) -> list[Path]:
    """Return what is to be renamed where commit.json is damaged: what has the checksum in the new bundle.json."""
    bundle = provenance_path(workspace)
    if not _beside(bundle).exists():
        # It is renamed last, so the tables stand in their places.
        return []
    damaged = (
        f"{_journal(workspace)} is damaged, and so is what it listed:"
        " delete it and run the stages again, kgprep build-kg first"
    )
    try:
        stages = _read_record(_beside(bundle))["stages"]
    except KgprepError as error:
        raise KgprepError(damaged) from error
    before = _read_record(bundle)["stages"]
    written = {
        workspace / f"{table}.parquet": wanted["sha256"]
        for name, record in stages.items()
        if record != before.get(name)
        for table, wanted in record["tables"].items()
    }
    whole = [path for path, wanted in written.items() if _has_sum(_beside(path), wanted)]
    if not all(path in whole or _has_sum(path, wanted) for path, wanted in written.items()):
        raise KgprepError(damaged)
    return [*whole, bundle]


def _has_sum(path: Path, wanted: str) -> bool:
    return path.is_file() and file_sha256(path) == wanted


def _journal(workspace: Path) -> Path:
    return workspace / "commit.json"


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".partial")


def _describe(path: Path, licence: str | None, citation: str | None) -> Source:
    return Source(str(path), path.stat().st_size, file_sha256(path), licence, citation)


def peak_memory() -> int:
    """Return the peak resident memory in bytes of this process and of the largest one it has started."""
    peak = sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return peak if sys.platform == "darwin" else peak * 1024


@contextmanager
def progress(label: str, total: float | None) -> Iterator[ProgressBar]:
    """Show a progress bar for a piece of work of `total` steps (unknown: None) on a terminal."""
    with Progress(
        SpinnerColumn(),
        TextColumn("  {task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal or bool(os.environ.get("KGPREP_NO_PROGRESS")),
    ) as bars:
        yield ProgressBar(bars, bars.add_task(label, total=total))


@dataclass(frozen=True)
class ProgressBar:
    """A running progress bar."""

    _bars: Progress
    _task: Any

    def advance(self, steps: float = 1) -> None:
        """Move the bar on by `steps`."""
        self._bars.advance(self._task, steps)
