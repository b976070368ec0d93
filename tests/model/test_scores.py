"""Scoring in batches: the scores of turns read one by one, and ranks that do not depend on the batch."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from model.config import load_config
from model.data import Corpus, read_corpus
from model.graph import read_graph
from model.metrics import Diverged, ranks
from model.scores import ranks_of_targets, scores_before
from model.system import System, make_system

SMALL = ["model.text_dim=16", "model.graph_dim=16", "model.feed_forward_dim=16", "text.history_tokens=48"]
CONFIG = load_config("c2crs_fused", [*SMALL, "recommend.batch=7"])


@pytest.fixture(scope="module")
def corpus(sample_workspace: Path) -> Corpus:
    return read_corpus(sample_workspace, CONFIG.text)


@pytest.fixture(scope="module")
def system(sample_workspace: Path, corpus: Corpus) -> System:
    torch.manual_seed(0)
    return make_system(corpus, read_graph(sample_workspace), CONFIG.model).eval()


def test_turns_of_any_order_get_the_scores_that_they_get_alone(system: System, corpus: Corpus) -> None:
    turns = torch.randperm(len(corpus.turns.dialogue), generator=torch.Generator().manual_seed(0))[:40]
    alone = torch.cat([scores_before(system, corpus, turn, CONFIG) for turn in torch.split(turns, 1)])
    assert torch.allclose(scores_before(system, corpus, turns, CONFIG), alone, atol=1e-5)
    assert alone.std(dim=0).min() > 0


def test_every_sample_is_ranked_by_the_scores_before_its_turn(system: System, corpus: Corpus) -> None:
    samples = corpus.splits["test"]
    assert len(torch.unique(samples.turn)) < len(samples.turn), "some turn asks for several items"
    expected = ranks(scores_before(system, corpus, samples.turn, CONFIG), samples.target)
    found = ranks_of_targets(system, corpus, samples, CONFIG)
    # Rounding may exchange items whose scores are next to equal.
    assert (found - expected).abs().max() <= 1


def test_scores_that_are_no_numbers_are_not_ranked(sample_workspace: Path, corpus: Corpus) -> None:
    diverged = make_system(corpus, read_graph(sample_workspace), CONFIG.model).eval()
    torch.nn.init.constant_(diverged.recommender.bias, torch.nan)
    with pytest.raises(Diverged):
        ranks_of_targets(diverged, corpus, corpus.splits["test"], CONFIG)
