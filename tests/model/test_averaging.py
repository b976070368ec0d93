"""The running average of weights: against a plain reading of its definition, and while it stands in their place."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from torch import nn

from model.averaging import RunningAverage
from model.checkpoint import load
from model.config import load_config
from model.scores import ranks_of_targets
from model.train import train


@pytest.mark.parametrize("share", [0.5, 0.9, 0.999])
def test_the_average_is_the_one_of_the_definition(share: float) -> None:
    generator = torch.Generator().manual_seed(0)
    weight = nn.Parameter(torch.randn(3, 2, generator=generator))
    average = RunningAverage([weight], share)
    wanted = weight.detach().double()
    for step in range(1, 200):
        with torch.no_grad():
            weight.copy_(torch.randn(3, 2, generator=generator))
        average.add_weights()
        kept = min(share, step / (10 + step))
        wanted = kept * wanted + (1 - kept) * weight.detach().double()
    with average.in_place():
        assert torch.allclose(weight.double(), wanted, atol=1e-6)


def test_the_weights_come_back_even_after_an_error() -> None:
    weight = nn.Parameter(torch.zeros(2))
    average = RunningAverage([weight], 0.9)
    with torch.no_grad():
        weight.copy_(torch.ones(2))
    with pytest.raises(ValueError, match="on the way"), average.in_place():
        assert torch.equal(weight, torch.zeros(2))
        raise ValueError("on the way")
    assert torch.equal(weight, torch.ones(2))


def test_without_a_share_the_weights_stand_for_themselves() -> None:
    weight = nn.Parameter(torch.ones(2))
    average = RunningAverage([weight], 0)
    average.add_weights()
    with average.in_place():
        assert torch.equal(weight, torch.ones(2))
    assert average.values == []


def test_training_keeps_the_average_and_judges_it(sample_workspace: Path, tmp_path: Path) -> None:
    workspace = Path(shutil.copytree(sample_workspace, tmp_path / "ws"))
    settings = ["coarse.epochs=0", "fine.epochs=0", "generate.epochs=0", "recommend.epochs=2", "recommend.patience=5"]
    biases = []
    for share in (0, 0.9):
        run = f"share-{share}"
        train(workspace, run, load_config("small", [*settings, f"recommend.averaging={share}"]))
        loaded = load(workspace, run)
        loaded.system.eval()
        samples = loaded.corpus.splits["valid"]
        found = ranks_of_targets(loaded.system, loaded.corpus, samples, loaded.config)
        judged = [epoch["valid"] for epoch in loaded.record["training"]]
        recall = sum(float((found <= rank).double().mean()) for rank in (1, 10, 50)) / 3
        assert 1 - recall == pytest.approx(min(judged), abs=1e-6)
        biases.append(loaded.system.recommender.bias)
    assert not torch.equal(*biases)
