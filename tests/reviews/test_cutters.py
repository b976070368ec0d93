"""Cutting lines in several processes: the same sentences as in one, and a clear end when one of them dies."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from kgprep.errors import KgprepError
from kgprep.reviews.cutters import Cutters
from kgprep.reviews.english import cut_english, cut_lines

TEXT = 'Mr. Smith met J. J. Abrams. "Go!" she cried... Then it ended (really). wow. '
LARGE = 9 * 2**20


@pytest.fixture
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


@pytest.mark.usefixtures("two_cores")
@pytest.mark.parametrize("count", [0, 1, 2, 999])
def test_several_processes_cut_as_one_does(count: int) -> None:
    lines = pl.Series("line", [TEXT * (1 + number % 3) for number in range(count)], dtype=pl.String)
    with Cutters(LARGE) as cutters:
        assert cutters.cut(lines).to_list() == cut_lines(lines).to_list()
        assert cut_english(lines, cutters.cut).to_list() == cut_english(lines).to_list()


def test_little_text_gets_one_process() -> None:
    with Cutters(1000) as cutters:
        assert cutters.cut(pl.Series(["A film. A good one."])).to_list() == [["A film.", "A good one."]]
        assert len(cutters.processes) == 1


@pytest.mark.usefixtures("two_cores")
def test_a_process_that_dies_is_told_of() -> None:
    with Cutters(LARGE) as cutters:
        assert len(cutters.processes) == 2
        for process in cutters.processes:
            process.kill()
        with pytest.raises(KgprepError, match="ended with status -9: free some memory"):
            cutters.cut(pl.Series([TEXT] * 10))


def test_a_script_needs_no_guard(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import os\nos.cpu_count = lambda: 2\nimport polars as pl\nfrom kgprep.reviews.cutters import Cutters\n"
        f"with Cutters({LARGE}) as cutters:\n"
        "    print(cutters.cut(pl.Series(['One. Two.', 'Three.'])).to_list())\n",
        encoding="utf-8",
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout == "[['One.', 'Two.'], ['Three.']]\n"
