"""Several processes learn what one learns: the same figures and, to rounding, the same weights."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from model import parallel
from tests.model.torchrun import SCRIPT, torchrun

SETTINGS = "model.dropout=0 coarse.epochs=1 fine.epochs=1 recommend.epochs=1 generate.epochs=1 max_steps=3"
RECOMMENDER = "model.recommender.repeats=true model.recommender.views=[graph,reviews]"


def train(workspace: Path, run: str, processes: int) -> None:
    """Run ``kgprep train`` under torchrun, as the documentation says."""
    command = ["-m", "--", "kgprep", "train", "-w", str(workspace), "--run", run, "--config", "small"]
    for setting in f"{SETTINGS} {RECOMMENDER} generate.test_responses=4".split():
        command += ["--set", setting]
    ended = torchrun(processes, command)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.slow
def test_two_processes_learn_the_weights_of_one(sample_workspace: Path, tmp_path: Path) -> None:
    workspace = Path(shutil.copytree(sample_workspace, tmp_path / "ws"))
    train(workspace, "one", 1)
    train(workspace, "two", 2)
    one, two = (load_file(workspace / "runs" / run / "model.safetensors") for run in ("one", "two"))
    # Adam makes whole steps of gradients that are nothing but rounding, so single weights may differ.
    for name, weights in one.items():
        assert float((weights - two[name]).norm()) <= 0.003 * float(weights.norm()) + 1e-4, name
    logs = [(workspace / "runs" / run / "log.jsonl").read_text().splitlines() for run in ("one", "two")]
    for alone, together in zip(*(map(json.loads, log) for log in logs), strict=True):
        assert together["loss"] == pytest.approx(alone["loss"], rel=1e-4)
        assert together["steps"] == alone["steps"]


COLD = """
import sys
from pathlib import Path
import torch
from model import parallel
from model.config import load_config
from model.train import train

def refuse(*_):
    raise AssertionError("another than the first process writes")

if not parallel.is_first():
    torch.save = refuse
train(Path(sys.argv[1]), "cold", load_config("small", ["max_steps=1", "coarse.epochs=0", "fine.epochs=0"]))
"""


@pytest.mark.slow
def test_the_first_process_packs_and_the_others_read(sample_workspace: Path, tmp_path: Path) -> None:
    without_cache = shutil.ignore_patterns("cache")
    workspace = Path(shutil.copytree(sample_workspace, tmp_path / "ws", ignore=without_cache))
    ended = torchrun(2, [*SCRIPT, COLD, str(workspace)])
    assert ended.returncode == 0, ended.stderr
    assert len(list((workspace / "cache").iterdir())) == 1


def test_one_process_shares_with_nobody() -> None:
    rows = [torch.arange(5), torch.arange(1)]
    assert [part.tolist() for part in parallel.share(rows)] == [[0, 1, 2, 3, 4], [0]]
    vectors = torch.randn(3, 2, requires_grad=True)
    assert parallel.gathered(vectors) is vectors
    assert float(parallel.part_of_sum(torch.tensor(3))) == 1.0
    assert parallel.totals(torch.tensor([2.5, 1.0])) == [2.5, 1.0]
    assert parallel.highest(2.5) == parallel.from_first(2.5) == 2.5
