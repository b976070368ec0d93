"""Several processes learn what one learns: the same figures and, to rounding, the same weights."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from kgprep.artifacts import KgprepError
from model import parallel
from model.checkpoint import pick_device
from tests.model.torchrun import SCRIPT, torchrun

SETTINGS = "device=cpu model.dropout=0 coarse.epochs=1 fine.epochs=1 recommend.epochs=1 generate.epochs=1 max_steps=3"
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
settings = ["device=cpu", "max_steps=1", "coarse.epochs=0", "fine.epochs=0"]
train(Path(sys.argv[1]), "cold", load_config("small", settings))
"""
ON_CPU = """
import sys
from pathlib import Path
import torch
from model.config import load_config
from model.train import train

torch.cuda.is_available = lambda: True
settings = ["device=cpu", "max_steps=1", "fine.epochs=0", "recommend.epochs=0", "generate.epochs=0"]
train(Path(sys.argv[1]), "on_cpu", load_config("small", settings))
"""


@pytest.mark.slow
def test_the_first_process_packs_and_the_others_read(sample_workspace: Path, tmp_path: Path) -> None:
    without_cache = shutil.ignore_patterns("cache")
    workspace = Path(shutil.copytree(sample_workspace, tmp_path / "ws", ignore=without_cache))
    ended = torchrun(2, [*SCRIPT, COLD, str(workspace)])
    assert ended.returncode == 0, ended.stderr
    assert len(list((workspace / "cache").iterdir())) == 1


@pytest.mark.slow
def test_several_processes_learn_on_the_cpu_of_a_machine_with_a_gpu(sample_workspace: Path, tmp_path: Path) -> None:
    workspace = Path(shutil.copytree(sample_workspace, tmp_path / "ws"))
    ended = torchrun(2, [*SCRIPT, ON_CPU, str(workspace)])
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("wanted", ["auto", "cuda"])
def test_more_processes_than_gpus_are_refused(monkeypatch: pytest.MonkeyPatch, wanted: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    for number in ("0", "1"):
        monkeypatch.setenv("LOCAL_RANK", number)
        with pytest.raises(
            KgprepError, match=r"2 processes on this machine, which offers 1 GPU: give --nproc-per-node"
        ):
            pick_device(wanted)
        assert pick_device("cpu") == torch.device("cpu")


def test_one_process_shares_with_nobody() -> None:
    rows = [torch.arange(5), torch.arange(1)]
    assert [part.tolist() for part in parallel.share(rows)] == [[0, 1, 2, 3, 4], [0]]
    vectors = torch.randn(3, 2, requires_grad=True)
    assert parallel.gathered(vectors) is vectors
    assert float(parallel.part_of_sum(torch.tensor(3))) == 1.0
    assert parallel.totals(torch.tensor([2.5, 1.0])) == [2.5, 1.0]
    assert parallel.highest(2.5) == parallel.from_first(2.5) == 2.5
