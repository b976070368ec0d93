"""A build that is killed at any moment leaves the workspace as it was, and the next one succeeds."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kgprep.kg.build import KgConfig, build_kg
from kgprep.validate import validate

FIRST_TABLE = "workspace/kg/entities.parquet"
_ATTEMPTS = 10
_MOMENTS = {
    "dumps are read": "spill/*",
    "the first table is written": f"{FIRST_TABLE}.partial*",
    "the edges are written": "workspace/kg/edges.parquet.partial",
    "the last table is written": "workspace/dialogues/items.parquet.partial*",
}


def contents(workspace: Path) -> dict[str, str]:
    """Digests of the files that count: what a killed build wrote beside its place does not."""
    return {
        path.relative_to(workspace).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(workspace.rglob("*"))
        if path.is_file() and ".partial" not in path.name
    }


def tables(workspace: Path) -> dict[str, str]:
    return {name: digest for name, digest in contents(workspace).items() if name.endswith(".parquet")}


def kill_when(moment: str, folder: Path, config: KgConfig) -> bool:
    """Start a build, kill it once a path of the pattern exists, and tell whether it died before its tables counted.

    The first table that is replaced is the first that was written; a replaced file is another one under its old name.
    """
    first_table = folder / FIRST_TABLE
    standing = first_table.stat().st_ino
    (folder / "spill").mkdir()
    command = [sys.executable, "-m", "kgprep", "build-kg", "-w", str(folder / "workspace"), "--items"]
    command += [str(config.items), *(part for dump in config.dumps for part in ("--dump", str(dump)))]
    environment = {**os.environ, "TMPDIR": str(folder / "spill"), "POLARS_MAX_THREADS": "1"}
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment)
    while process.poll() is None and not any(folder.glob(moment)):
        pass
    process.send_signal(signal.SIGKILL)
    was_killed = process.wait(timeout=60) == -signal.SIGKILL
    # Once the list of what is to be renamed stands, the build counts as done.
    listed = (folder / "workspace" / "commit.json").exists()
    return was_killed and not listed and first_table.stat().st_ino == standing


@pytest.mark.parametrize("moment", _MOMENTS.values(), ids=_MOMENTS.keys())
def test_a_killed_build_changes_nothing(moment: str, tmp_path: Path, dumps: tuple[Path, ...], items_file: Path) -> None:
    config = KgConfig(items=items_file, dumps=dumps)
    standing, expected = tmp_path / "standing", tmp_path / "expected"
    build_kg(standing, config.model_copy(update={"hops": 1, "inverse": False}))
    build_kg(expected, config)
    assert tables(standing) != tables(expected)
    for attempt in range(_ATTEMPTS):
        folder = tmp_path / str(attempt)
        workspace = folder / "workspace"
        shutil.copytree(standing, workspace)
        if kill_when(moment, folder, config):
            break
    else:
        pytest.fail(f"{_ATTEMPTS} builds were all done before the signal reached them")
    assert contents(workspace) == contents(standing)
    assert validate(workspace) == validate(standing)
    build_kg(workspace, config)
    assert tables(workspace) == tables(expected)
    assert not list(workspace.rglob("*.partial*"))
