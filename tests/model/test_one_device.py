"""Training, measuring and talking keep all tensors of an operation on one device, shown without a second one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from model.config import TrainConfig, load_config
from model.contrastive import total
from model.data import Corpus, Samples, read_corpus
from model.graph import read_graph
from model.phases import phases_of
from model.responses import said_words
from model.scores import scores_before
from model.system import System, contexts_of, make_system, memory_of
from tests.model.elsewhere import ELSEWHERE, OneDevice

FEW = [
    *("model.text_dim=16", "model.graph_dim=16", "model.feed_forward_dim=16", "text.history_tokens=48"),
    *("coarse.batch=32", "fine.batch=32", "recommend.batch=32", "generate.batch=32"),
    *("coarse.valid_samples=50", "fine.valid_samples=50", "generate.valid_samples=50"),
]


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Iterator[torch.device]:
    """A device that is not there."""
    autocast = torch.autocast

    def lenient_autocast(kind: str, *args: Any, **kwargs: Any) -> Any:
        # Of a device without data torch has no reduced precision, not even one that is switched off.
        return autocast("cpu" if kind == ELSEWHERE.type else kind, *args, **kwargs)

    monkeypatch.setattr(torch, "autocast", lenient_autocast)
    with OneDevice():
        yield ELSEWHERE


@pytest.fixture(scope="module")
def corpus(sample_workspace: Path) -> Corpus:
    whole = read_corpus(sample_workspace, load_config("c2crs_fused", FEW).text)
    return replace(whole, splits={split: first_few(samples) for split, samples in whole.splits.items()})


def first_few(samples: Samples) -> Samples:
    """The first samples, contexts and responses of a split."""
    return Samples(*(rows[:64] for rows in vars(samples).values()))


def two_systems(workspace: Path, corpus: Corpus, config: TrainConfig) -> list[System]:
    """Return two systems with the same weights."""
    made = []
    for _ in range(2):
        torch.manual_seed(0)
        made.append(make_system(corpus, read_graph(workspace), config.model))
    return made


def losses(system: System, corpus: Corpus, config: TrainConfig, *, learning: bool) -> dict[str, float]:
    """Return each part of the loss of each phase's first batch, after a step backwards through it."""
    found: dict[str, float] = {}
    for phase in phases_of(system, corpus, config):
        phase.begin()
        system.eval()
        phase.module.train(learning)
        rows = phase.order(torch.Generator().manual_seed(0))[0]
        parts = phase.loss(phase.read(rows))
        torch.autograd.backward(total(parts))
        found |= {f"{phase.name} {name}": float(part.detach()) for name, part in parts.items()}
        system.eval()
        with torch.no_grad():
            assert phase.validate() > 0
            phase.finish()
    return found


# torch takes a device without data at its word, and copies all the same.
@pytest.mark.filterwarnings("ignore:.*copying from a non-meta parameter")
def test_a_step_of_every_phase_is_the_same_elsewhere(
    sample_workspace: Path, corpus: Corpus, device: torch.device
) -> None:
    config = load_config("c2crs_fused", FEW)
    here, there = two_systems(sample_workspace, corpus, config)
    there.move(device)
    assert {part.device for part in there.encoders.sentences} == {device}
    expected = losses(here, corpus, config, learning=False)
    assert losses(there, corpus, config, learning=False) == pytest.approx(expected, rel=1e-4)
    assert len(expected) == 3 + 6 + 1 + 1
    # Dropout and forgetting draw otherwise there; they only have to work.
    assert len(losses(there, corpus, config, learning=True)) == len(expected)


def test_what_is_recommended_and_said_is_the_same_elsewhere(
    sample_workspace: Path, corpus: Corpus, device: torch.device
) -> None:
    config = load_config("c2crs_fused", FEW)
    here, there = (system.eval() for system in two_systems(sample_workspace, corpus, config))
    there.move(device)
    samples, turns = corpus.splits["test"], corpus.splits["test"].responses[:6]
    with torch.no_grad():
        scores = [scores_before(system, corpus, samples.turn, config) for system in (here, there)]
        memories = [memory_of(system, contexts_of(system, corpus, turns, config.text)) for system in (here, there)]
    assert torch.allclose(scores[0], scores[1], atol=1e-4)
    for decoding in ("greedy", "beam", "nucleus"):
        chosen = load_config("c2crs_fused", [*FEW, f"generate.decoding={decoding}"])
        draws = [torch.Generator().manual_seed(0) for _ in range(2)]
        said = [
            said_words(system, corpus, memory, chosen, drawn)
            for system, memory, drawn in zip((here, there), memories, draws, strict=True)
        ]
        assert said[0] == said[1]
        assert any(said[0])


def test_what_is_left_behind_is_noticed() -> None:
    with OneDevice():
        there, here = torch.arange(3.0).to(ELSEWHERE), torch.arange(3.0)
        assert there.device == ELSEWHERE
        assert (there[torch.tensor([2, 0])] + torch.tensor(1.0)).tolist() == [3, 1]
        assert (there.cpu() + here).tolist() == [0, 2, 4]
        mixtures: list[Callable[[], torch.Tensor]] = [
            lambda: there + here,
            lambda: here.index_add(0, there.long(), here),
            lambda: torch.cat([there, here]),
        ]
        for mixed in mixtures:
            with pytest.raises(RuntimeError, match="tensors on two devices"):
                mixed()
        with pytest.raises(TypeError, match="before numpy reads it"):
            there.numpy()
