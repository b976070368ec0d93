"""How a stage's files come into a workspace: all of them or none, whenever the stage is killed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from kgprep.artifacts import write_beside
from kgprep.errors import KgprepError
from kgprep.lock import WorkspaceInUse, only_writer
from kgprep.record import file_sha256, provenance_path, read_record

_PAUSE_SECONDS = 0.01


def commit(workspace: Path, renamed: Iterable[Path], removed: Iterable[Path]) -> None:
    """Put a stage's files in place, all of them or none.

    Args:
        workspace: folder of the bundle; the caller is its `only_writer`.
        renamed: files that are written whole `beside` their places; the record is the last.
        removed: files that go.

    Raises:
        KgprepError: the disk is full.
    """
    lists = {"renamed": renamed, "removed": removed}
    names = {what: [path.relative_to(workspace).as_posix() for path in paths] for what, paths in lists.items()}
    with write_beside(_journal(workspace)) as partial:
        partial.write_text(json.dumps(names), encoding="utf-8")
    end_commit(workspace)


def is_committing(workspace: Path) -> bool:
    """Tell whether a commit has begun that `finish_commit` will end."""
    return _journal(workspace).exists()


def finish_commit(workspace: Path) -> None:
    """Wait for a commit that is going on to end, and take one to its end whose stage was killed.

    A stage lists its files in ``commit.json`` before it renames the first, so that whoever opens the workspace next
    finds either no list, and the files before, or a list, and goes on to the end of it.

    Raises:
        KgprepError: the list is damaged, and so is what it listed, or the workspace cannot be written.
    """
    while is_committing(workspace):
        try:
            with only_writer(workspace):
                end_commit(workspace)
        except WorkspaceInUse:
            # Who writes took earlier commits to their end before, so this one is its own, and short.
            time.sleep(_PAUSE_SECONDS)


def end_commit(workspace: Path) -> None:
    """Rename what ``commit.json`` lists into place and remove what it takes the place of.

    Args:
        workspace: folder of the bundle; the caller is its `only_writer`.

    Raises:
        KgprepError: as in `finish_commit`.
    """
    try:
        _rename(workspace)
    except OSError as error:
        raise KgprepError(
            f"{workspace} holds a stage that was stopped while it put its tables in place, and they cannot be"
            f" ({error.strerror or error}): see that the folder can be written"
        ) from error


def _rename(workspace: Path) -> None:
    # Where folders cannot be locked, another may go the same way at the same time: what is gone is in its place.
    try:
        renamed, removed = _listed(workspace)
    except FileNotFoundError:
        return
    for path in renamed:
        with suppress(FileNotFoundError):
            beside(path).replace(path)
    for path in removed:
        path.unlink(missing_ok=True)
    _journal(workspace).unlink(missing_ok=True)


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
    if not beside(bundle).exists():
        # It is renamed last, so the tables stand in their places.
        return []
    damaged = (
        f"{_journal(workspace)} is damaged, and so is what it listed:"
        " delete it and run the stages again, kgprep build-kg first"
    )
    try:
        stages = read_record(beside(bundle))["stages"]
    except KgprepError as error:
        raise KgprepError(damaged) from error
    before = read_record(bundle)["stages"]
    written = {
        workspace / f"{table}.parquet": wanted["sha256"]
        for name, record in stages.items()
        if record != before.get(name)
        for table, wanted in record["tables"].items()
    }
    whole = [path for path, wanted in written.items() if _has_sum(beside(path), wanted)]
    if not all(path in whole or _has_sum(path, wanted) for path, wanted in written.items()):
        raise KgprepError(damaged)
    return [*whole, bundle]


def _has_sum(path: Path, wanted: str) -> bool:
    return path.is_file() and file_sha256(path) == wanted


def _journal(workspace: Path) -> Path:
    return workspace / "commit.json"


def beside(path: Path) -> Path:
    """Return where a file is written before it is renamed to `path`."""
    return path.with_name(path.name + ".partial")
