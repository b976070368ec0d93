"""The phases of training as data: what is learnt, from which samples, by which loss, judged by which figure.

Notable here:
- coarse and fine contrast read each context once an epoch, however many items its turn names;
- the validation split judges each phase; the test split is never looked at;
- during generation the encoders stay as they are, so what they make of nodes and sentences is computed once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import torch
from rich.console import Console
from torch import Tensor, nn

from model.batches import batches
from model.config import PhaseConfig, TrainConfig
from model.data import Corpus, Samples
from model.evaluate import scores_of
from model.generator import token_weights
from model.known import known_of
from model.metrics import ranks
from model.system import System, coarse_loss, contexts_of, fine_loss, generation_loss, recommendation_loss

console = Console(stderr=True, highlight=False, soft_wrap=True)


@dataclass(frozen=True)
class Phase:
    """One part of the training."""

    name: str
    figure: str  # name of the validation figure; lower is better
    config: PhaseConfig
    module: nn.Module  # what is in training mode; all else keeps still
    learns: list[nn.Parameter]
    lengths: Tensor  # int64 [samples], for batches of like length
    loss: Callable[[Tensor], Tensor]  # from the numbers of a batch's samples
    validate: Callable[[], float]
    begin: Callable[[], None] = lambda: None  # before the first step


def phases_of(system: System, corpus: Corpus, config: TrainConfig) -> Iterator[Phase]:
    """Yield the phases in order; a phase with nothing to learn from is said to be left out."""
    for phase in (
        _coarse(system, corpus, config),
        _fine(system, corpus, config),
        _recommend(system, corpus, config),
        _generate(system, corpus, config),
    ):
        if not phase.config.epochs:
            continue
        if not len(phase.lengths):
            console.print(f"  {phase.name}: left out, the training split has nothing for it")
            continue
        yield phase


def _coarse(system: System, corpus: Corpus, config: TrainConfig) -> Phase:
    def loss(turns: Tensor) -> Tensor:
        return coarse_loss(system, contexts_of(system, corpus, turns, config.text), config.coarse.temperature)

    return _contrastive("coarse", system, corpus, config.coarse, loss)


def _fine(system: System, corpus: Corpus, config: TrainConfig) -> Phase:
    fine = config.fine

    def loss(turns: Tensor) -> Tensor:
        contexts = contexts_of(system, corpus, turns, config.text)
        return fine_loss(system, contexts, fine.temperature, fine.coarse_weight)

    return _contrastive("fine", system, corpus, fine, loss)


def _contrastive(
    name: str, system: System, corpus: Corpus, config: PhaseConfig, loss: Callable[[Tensor], Tensor]
) -> Phase:
    turns = corpus.splits["train"].contexts
    held_out = _choice(corpus.splits["valid"].contexts, config.valid_samples)
    lengths = corpus.turns.history.end - corpus.turns.history.start
    return Phase(
        name,
        "loss",
        config,
        system.encoders,
        list(system.encoders.parameters()),
        lengths[turns],
        lambda rows: loss(turns[rows]),
        lambda: _mean_loss(loss, held_out, lengths[held_out], config.batch),
    )


def _recommend(system: System, corpus: Corpus, config: TrainConfig) -> Phase:
    samples, held_out = corpus.splits["train"], corpus.splits["valid"]
    weight = config.recommend.contrastive_weight
    # What is computed most of decides which samples meet in a batch.
    read = corpus.turns.history if "history" in config.model.recommender.views or weight else corpus.turns.mentions

    def loss(rows: Tensor) -> Tensor:
        turns, target = samples.turn[rows], samples.target[rows]
        return recommendation_loss(system, corpus, turns, target, config.text, config.fine, weight)

    learns = list(system.encoders.parameters()) if weight else []
    return Phase(
        "recommend",
        "1 - mean reciprocal rank",
        config.recommend,
        system,
        list(dict.fromkeys([*learns, *system.recommender.learns(system.encoders)])),
        (read.end - read.start)[samples.turn],
        loss,
        lambda: 1 - _reciprocal_rank(system, corpus, held_out, config),
    )


def _generate(system: System, corpus: Corpus, config: TrainConfig) -> Phase:
    turns = corpus.splits["train"].responses
    held_out = _choice(corpus.splits["valid"].responses, config.generate.valid_samples)
    lengths = corpus.turns.history.end - corpus.turns.history.start
    weights = token_weights(_said_counts(corpus, turns), config.generate).to(system.device)

    known = cache(lambda: known_of(system.encoders))

    def loss(which: Tensor) -> Tensor:
        return generation_loss(system, corpus, which, config.text, weights, known())

    def begin() -> None:
        if system.generator.history_encoder is not None:
            system.generator.history_encoder.load_state_dict(system.encoders.history_encoder.state_dict())

    return Phase(
        "generate",
        "loss",
        config.generate,
        system.generator,
        list(system.generator.parameters()),
        lengths[turns],
        lambda rows: loss(turns[rows]),
        lambda: _mean_loss(loss, held_out, lengths[held_out], config.generate.batch),
        begin,
    )


def _choice(turns: Tensor, most: int) -> Tensor:
    """Return at most `most` of `turns`, always the same ones whatever the run's seed: runs stay comparable."""
    chosen = torch.randperm(len(turns), generator=torch.Generator().manual_seed(0))[:most]
    return turns[chosen.sort().values]


def _said_counts(corpus: Corpus, turns: Tensor) -> Tensor:
    """Return how often each response token is said in `turns`: int64 [response_size]."""
    size = corpus.vocabulary.response_size
    response = corpus.turns.response.at(turns)
    running = torch.zeros(len(corpus.response_tokens) + 1, dtype=torch.int64)
    running.index_add_(0, response.start, torch.ones_like(response.start))
    running.index_add_(0, response.end, -torch.ones_like(response.end))
    said = corpus.response_tokens[running.cumsum(0)[:-1] > 0]
    return torch.bincount(said, minlength=size)


def _mean_loss(loss: Callable[[Tensor], Tensor], turns: Tensor, lengths: Tensor, batch: int) -> float:
    """Return the mean loss over `turns`; not a number where there is none."""
    if not len(turns):
        return math.nan
    parts = [(loss(turns[rows]).item(), len(rows)) for rows in batches(lengths, batch, None)]
    return sum(value * weight for value, weight in parts) / len(turns)


def _reciprocal_rank(system: System, corpus: Corpus, samples: Samples, config: TrainConfig) -> float:
    """Return the mean reciprocal rank of the targets; not a number where there is none."""
    if not len(samples.target):
        return math.nan
    scores = scores_of(system, corpus, samples, config)
    return float(ranks(scores, samples.target).reciprocal().mean())
