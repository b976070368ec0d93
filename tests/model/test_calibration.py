"""Calibration finds the temperature that makes held-out targets likeliest, and training leaves it in the gate."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from model.calibration import HIGHEST, STEP, calibrate
from model.checkpoint import load
from model.config import load_config
from model.evaluate import scores_of
from model.train import train


@pytest.mark.parametrize("sure", [0.5, 1.0, 1.7, 2.4])
def test_who_is_too_sure_is_taken_back_to_what_the_targets_bear_out(sure: float) -> None:
    generator = torch.Generator().manual_seed(0)
    truth = torch.randn(4000, 20, generator=generator)
    target = torch.multinomial(torch.softmax(truth, dim=1), 1, generator=generator)
    temperature = torch.ones(())
    calibrate(temperature, lambda: float(torch.log_softmax(truth * sure / temperature, 1).gather(1, target).mean()))
    assert float(temperature) == pytest.approx(max(sure, 1.0), abs=1.5 * STEP)


def test_a_temperature_that_would_rise_for_ever_is_bounded() -> None:
    temperature = torch.ones(())
    calibrate(temperature, lambda: float(temperature))
    assert HIGHEST <= float(temperature) < HIGHEST + 2 * STEP


def test_training_leaves_in_the_gate_the_likeliest_temperature(sample_workspace: Path, tmp_path: Path) -> None:
    workspace = Path(shutil.copytree(sample_workspace, tmp_path / "ws"))
    settings = ["coarse.epochs=0", "fine.epochs=0", "generate.epochs=0", "recommend.epochs=9", "recommend.patience=9"]
    train(workspace, "gated", load_config("small", [*settings, "model.recommender.repeats=true"]))
    loaded = load(workspace, "gated")
    gate, samples = loaded.system.recommender.repeats, loaded.corpus.splits["valid"]
    assert gate is not None
    loaded.system.eval()
    likelihoods = {}
    left = float(gate.temperature)
    for step in (-STEP, 0, STEP):
        gate.temperature.fill_(left + step)
        scores = scores_of(loaded.system, loaded.corpus, samples, loaded.config)
        likelihoods[step] = float(scores.gather(1, samples.target[:, None]).mean())
    assert likelihoods[0] >= likelihoods[STEP]
    assert left == pytest.approx(1.0) or likelihoods[0] >= likelihoods[-STEP]
