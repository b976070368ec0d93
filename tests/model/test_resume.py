"""Taking up a run that was killed, stopped or belongs elsewhere: the same weights to the byte, or a clear sentence."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
import torch
from click.testing import CliRunner

from kgprep.artifacts import TRIPLES, KgprepError, read_table, write_parquet
from kgprep.cli import main
from model.config import TrainConfig, load_config
from model.train import train
from model.training_state import can_resume, state_path
from tests.model.ctrl_c import CtrlCWhenSaid, at_step, ctrl_c_in_validation, signal_at_step
from tests.model.torchrun import SCRIPT, torchrun

SETTINGS = [
    "device=cpu", "coarse.epochs=2", "fine.epochs=1", "recommend.epochs=2", "generate.epochs=1", "max_steps=45",
    "coarse.averaging=0.9", "recommend.averaging=0.9", "text.history_tokens=32", "text.sentence_tokens=8",
    "model.recommender.co_mentions=true", "model.text_dim=16", "model.graph_dim=16", "model.feed_forward_dim=16",
]  # fmt: skip
CONFIG = load_config("small", SETTINGS)


@pytest.fixture(scope="module")
def with_unbroken(sample_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample with a run that nothing broke."""
    workspace = Path(shutil.copytree(sample_workspace, tmp_path_factory.mktemp("unbroken") / "ws"))
    train(workspace, "unbroken", CONFIG)
    return workspace


@pytest.fixture
def copied(with_unbroken: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(with_unbroken, tmp_path / "ws"))


def weights(workspace: Path, run: str) -> bytes:
    return (workspace / "runs" / run / "model.safetensors").read_bytes()


def begin(workspace: Path, run: str) -> subprocess.Popen[str]:
    """Train in a process of its own, and come back once the run has saved its state."""
    script = (
        "from pathlib import Path; from model.config import load_config; from model.train import train;"
        f"train(Path({str(workspace)!r}), {run!r}, load_config('small', {SETTINGS!r}))"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE, text=True)
    while not state_path(workspace / "runs" / run).exists():
        assert process.poll() is None, "the run ended before it saved anything"
        time.sleep(0.01)
    return process


@pytest.mark.parametrize("further", [0.0, pytest.param(0.7, marks=pytest.mark.slow)])
def test_a_killed_run_goes_on_to_the_weights_of_an_unbroken_one(copied: Path, further: float) -> None:
    process = begin(copied, "killed")
    time.sleep(further)
    process.kill()
    process.communicate()
    folder = copied / "runs" / "killed"
    assert not (folder / "checkpoint.json").exists()
    with pytest.raises(KgprepError, match="holds an unfinished run: go on with --resume"):
        train(copied, "killed", CONFIG)
    assert can_resume(folder, copied, CONFIG)
    summary = train(copied, "killed", CONFIG, resume=True)
    assert weights(copied, "killed") == weights(copied, "unbroken")
    assert [(epoch.phase, epoch.epoch) for epoch in summary.epochs] == [
        ("coarse", 1), ("coarse", 2), ("fine", 1), ("recommend", 1), ("recommend", 2), ("generate", 1),
    ]  # fmt: skip
    assert not state_path(folder).exists()


def test_ctrl_c_finishes_the_step_and_says_how_to_go_on(copied: Path) -> None:
    process = begin(copied, "stopped")
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert "the step or the validation is finished first" in said
    assert "go on with --resume and the same settings" in said
    train(copied, "stopped", CONFIG, resume=True)
    assert weights(copied, "stopped") == weights(copied, "unbroken")


def press_twice() -> None:
    """Press Ctrl-C, and once more before the step is finished."""
    for _ in range(2):
        signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize(
    ("step", "advice"),
    [(1, "nothing was saved, so give the same command again"), (3, "go on with --resume and the same settings")],
)
def test_ctrl_c_twice_says_what_can_be_done(copied: Path, step: int, advice: str) -> None:
    command = ["train", "-w", str(copied), "--run", "twice", "--config", "small", "--max-steps", "2"]
    with at_step(step, press_twice):
        result = CliRunner().invoke(main, command)
    assert result.exit_code == 1
    assert result.output.splitlines()[-1] == f"Error: stopped by Ctrl-C while training: {advice}"


def only(phase: str, *settings: str) -> TrainConfig:
    """Return settings by which one phase alone is learnt."""
    others = {"coarse", "fine", "recommend", "generate"} - {phase}
    return load_config("small", [*SETTINGS, *(f"{other}.epochs=0" for other in others), *settings])


@pytest.mark.parametrize("epochs", [1, 2])
def test_ctrl_c_in_a_validation_stops_after_it(copied: Path, epochs: int) -> None:
    config = only("coarse", f"coarse.epochs={epochs}")
    train(copied, "whole", config)
    with ctrl_c_in_validation(), pytest.raises(KgprepError, match="stopped in phase coarse after epoch 1: go on with"):
        train(copied, "stopped", config)
    assert len((copied / "runs" / "stopped" / "log.jsonl").read_text().splitlines()) == 1
    train(copied, "stopped", config, resume=True)
    assert weights(copied, "stopped") == weights(copied, "whole")


def test_ctrl_c_while_a_phase_is_finished_stops_after_it(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = only("recommend", "recommend.epochs=1")
    train(copied, "whole", config)
    with monkeypatch.context() as read_by_somebody:
        read_by_somebody.setattr(sys, "stderr", CtrlCWhenSaid("the best by the validation split"))
        with pytest.raises(KgprepError, match="stopped in phase recommend after epoch 1: go on with"):
            train(copied, "stopped", config)
    train(copied, "stopped", config, resume=True)
    assert weights(copied, "stopped") == weights(copied, "whole")


def only_of_the_first_gpu(state: torch.Tensor, number: int) -> None:
    """Do what torch does on a machine with one GPU."""
    if number:
        raise IndexError("tuple index out of range")


def test_a_run_goes_on_where_fewer_gpus_are_seen(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as eight_gpus:
        eight_gpus.setattr(torch.cuda, "is_available", lambda: True)
        eight_gpus.setattr(torch.cuda, "get_rng_state_all", lambda: [torch.zeros(16, dtype=torch.uint8)] * 8)
        with signal_at_step(1), pytest.raises(KgprepError, match="go on with --resume and the same settings"):
            train(copied, "moved", CONFIG)
    monkeypatch.setattr("torch.cuda.random.set_rng_state", only_of_the_first_gpu)
    train(copied, "moved", CONFIG, resume=True)
    assert weights(copied, "moved") == weights(copied, "unbroken")


TOGETHER = f"""
import os
import sys
from contextlib import nullcontext
from pathlib import Path
from signal import Signals
import model.train
from model.config import load_config
from tests.model.ctrl_c import signal_at_step

workspace, run, sent, resume = sys.argv[1:]
is_second = os.environ["RANK"] == "1"
if is_second:
    model.train.SECONDS_BETWEEN_SAVES = 0
config = load_config("small", {SETTINGS!r})
with signal_at_step(3, Signals[sent]) if sent and is_second else nullcontext():
    model.train.train(Path(workspace), run, config, resume=bool(resume))
"""


def together(workspace: Path, run: str, sent: str = "", resume: str = "") -> subprocess.CompletedProcess[str]:
    """Train in two processes, the second of which wants to save at every step; `sent` is sent to it at the third."""
    return torchrun(2, [*SCRIPT, TOGETHER, str(workspace), run, sent, resume])


@pytest.mark.slow
def test_two_processes_go_on_to_the_weights_of_two_that_nothing_broke(copied: Path) -> None:
    assert together(copied, "both").returncode == 0
    assert "go on with --resume and the same settings" in together(copied, "stopped", sent="SIGINT").stderr
    assert together(copied, "killed", sent="SIGKILL").returncode != 0
    with pytest.raises(KgprepError, match=r"by another number of processes \(2, not 1\): start 2 with torchrun"):
        train(copied, "stopped", CONFIG, resume=True)
    for run in ("stopped", "killed"):
        went_on = together(copied, run, resume="yes")
        assert went_on.returncode == 0, went_on.stderr
        assert weights(copied, run) == weights(copied, "both")
    assert weights(copied, "both") != weights(copied, "unbroken")


def test_what_cannot_be_gone_on_with_is_named(copied: Path) -> None:
    with pytest.raises(KgprepError, match="holds no unfinished run: start one without --resume"):
        train(copied, "never", CONFIG, resume=True)
    with pytest.raises(KgprepError, match="trained to its end: measure it with kgprep evaluate"):
        train(copied, "c2crs", CONFIG, resume=True)
    process = begin(copied, "killed")
    process.kill()
    process.communicate()
    other = load_config("small", [*SETTINGS, "seed=1"])
    assert not can_resume(copied / "runs" / "killed", copied, other)
    shutil.rmtree(copied / "cache")
    with pytest.raises(KgprepError, match=r"begun with other settings \(seed 0, not 1\): give the same ones"):
        train(copied, "killed", other, resume=True)
    many = load_config("c2crs", [*SETTINGS, "seed=1"])
    with pytest.raises(KgprepError, match=r"settings \(seed 0, not 1; text.min_count 1, not 2; .*; and more\): give"):
        train(copied, "killed", many, resume=True)
    assert not (copied / "cache").exists(), "it is refused before anything is packed"
    state = state_path(copied / "runs" / "killed")
    whole = state.read_bytes()
    state.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(KgprepError, match=r"unfinished\.pt is damaged"):
        train(copied, "killed", CONFIG, resume=True)
    torch.save({}, state)
    with pytest.raises(KgprepError, match="begun by another version of kgprep: start it with --overwrite"):
        train(copied, "killed", CONFIG, resume=True)
    state.write_bytes(whole)
    write_parquet(TRIPLES, read_table(copied, TRIPLES).filter(pl.int_range(pl.len()) > 0), TRIPLES.path(copied))
    with pytest.raises(KgprepError, match="begun on another bundle"):
        train(copied, "killed", CONFIG, resume=True)
