"""Fixtures shared by all rooms' tests."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from click.testing import CliRunner
from filelock import FileLock
from hypothesis import settings

from kgprep.cli import main

# Tests run in the background inherit that Ctrl-C is ignored, and so would the commands that they stop with it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Nothing here judges speed, and a shared machine may be slow for a moment.
settings.register_profile("untimed", settings.get_profile(settings.get_current_profile_name()), deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the outside data, from KGPREP_DATA."""
    folder = os.environ.get("KGPREP_DATA")
    if not folder:
        pytest.skip("KGPREP_DATA is not set: the outside data is not on this machine")
    return Path(folder).resolve()


@pytest.fixture(scope="session")
def sample_workspace(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A bundle of the embedded sample with a run of two steps a phase, made by the command line.

    One for all workers: the first to ask for it makes it. Tests that write to it copy it first.
    """
    session = tmp_path_factory.getbasetemp()
    shared = session if worker_id == "master" else session.parent
    workspace, made = shared / "sample", shared / "sample-made"
    with FileLock(shared / "sample.lock"):
        if not made.exists():
            result = CliRunner().invoke(main, ["run", "sample", "-w", str(workspace), "--set", "train.max_steps=2"])
            assert result.exit_code == 0, result.output
            made.touch()
    return workspace
