"""Where the runs of a workspace lie; nothing heavy is imported, so a name is checked before anything is made."""

from __future__ import annotations

from pathlib import Path

from kgprep.artifacts import KgprepError


def run_folder(workspace: Path, run: str) -> Path:
    """Return the folder of a run.

    Raises:
        KgprepError: `run` is no plain name.
    """
    if not run or Path(run).name != run or run.startswith("."):
        raise KgprepError(f"{run!r} cannot name a run: use letters, digits, - and _")
    return workspace / "runs" / run
