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
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

from model import co_mentions, repeat_tables
from model.batches import (
    Asked,
    Contexts,
    Responses,
    batches,
    history_lengths,
    read_asked,
    read_contexts,
    read_responses,
)
from model.config import PhaseConfig, SampledConfig, TextConfig, TrainConfig
from model.contrastive import total
from model.data import Corpus, Samples
from model.dials import set_best
from model.generator import token_weights
from model.known import Known, known_of
from model.metrics import RECALL_AT, Diverged
from model.perplexity import Surprise, surprise_of
from model.scores import ranks_of_targets
from model.system import System, coarse_loss, fine_loss, generation_loss, memory_of, recommendation_loss
from model.terminal import console

Batch = TypeVar("Batch")


@dataclass(frozen=True)
class Phase(Generic[Batch]):
    """One part of the training, which learns from batches of one kind."""

    name: str
    figure: str  # name of the validation figure; lower is better
    config: PhaseConfig
    module: nn.Module  # what is in training mode; all else keeps still
    learns: list[nn.Parameter]
    lengths: Tensor  # int64 [samples], for batches of like length
    read: Callable[[Tensor], Batch]  # from the numbers of a batch's samples
    loss: Callable[[Batch], dict[str, Tensor]]  # its parts by name; their sum is what is learnt from
    held_out: int  # samples of the validation split that judge it; where there is none the last epoch is kept
    validate: Callable[[], float]
    begin: Callable[[], None] = lambda: None  # before the first step
    finish: Callable[[], None] = lambda: None  # once the best weights are back

    def order(self, generator: torch.Generator) -> list[Tensor]:
        """Return the numbers of the samples of each batch of an epoch, shuffled by `generator`."""
        return list(batches(self.lengths, self.config.batch, self.config.places, generator))


def phases_of(system: System, corpus: Corpus, config: TrainConfig) -> Iterator[Phase[Any]]:
    """Yield the phases in order; a phase that can learn nothing is said to be left out."""
    every: tuple[Phase[Any], ...] = (
        _coarse(system, corpus, config),
        _fine(system, corpus, config),
        _recommend(system, corpus, config),
        _generate(system, corpus, config),
    )
    for phase in every:
        if not phase.config.epochs:
            continue
        if phase.name in ("coarse", "fine") and len(set(config.model.views)) < 2:
            console.print(f"  {phase.name}: left out, contrast takes two of model.views to be drawn together")
            continue
        if not len(phase.lengths):
            console.print(f"  {phase.name}: left out, the training split has nothing for it")
            continue
        yield phase


def _coarse(system: System, corpus: Corpus, config: TrainConfig) -> Phase[Contexts]:
    def loss(contexts: Contexts) -> dict[str, Tensor]:
        return coarse_loss(system, contexts.to(system.device), config.coarse.temperature)

    return _contrastive("coarse", system, corpus, config, config.coarse, loss)


def _fine(system: System, corpus: Corpus, config: TrainConfig) -> Phase[Contexts]:
    fine = config.fine

    def loss(contexts: Contexts) -> dict[str, Tensor]:
        return fine_loss(system, contexts.to(system.device), fine.temperature, fine.coarse_weight)

    return _contrastive("fine", system, corpus, config, fine, loss)


def _contrastive(
    name: str,
    system: System,
    corpus: Corpus,
    config: TrainConfig,
    phase: SampledConfig,
    loss: Callable[[Contexts], dict[str, Tensor]],
) -> Phase[Contexts]:
    turns = corpus.splits["train"].contexts
    held_out = _choice(corpus.splits["valid"].contexts, phase.valid_samples)

    def read(which: Tensor) -> Contexts:
        return read_contexts(corpus, which, config.text)

    return Phase(
        name,
        "loss",
        phase,
        system.encoders,
        list(system.encoders.parameters()),
        history_lengths(corpus, turns, config.text),
        lambda rows: read(turns[rows]),
        loss,
        len(held_out),
        lambda: _mean_loss(read, loss, held_out, history_lengths(corpus, held_out, config.text), phase),
    )


def _recommend(system: System, corpus: Corpus, config: TrainConfig) -> Phase[Asked]:
    samples, held_out = corpus.splits["train"], corpus.splits["valid"]
    weight = config.recommend.contrastive_weight
    # What is computed most of decides which samples meet in a batch.
    reads_history = "history" in config.model.recommender_views or weight > 0
    lengths = history_lengths if reads_history else _mention_lengths

    def loss(asked: Asked) -> dict[str, Tensor]:
        return recommendation_loss(system, asked.to(system.device), config.recommend, config.fine)

    recommender = system.recommender

    def begin() -> None:
        if recommender.repeats is not None:
            repeat_tables.fit(recommender.repeats.tables, corpus, config.text.context_mentions)
        if recommender.co_mentions is not None:
            co_mentions.fit(recommender.co_mentions, corpus)

    def validate() -> float:
        return 1 - _mean_recall(system, corpus, held_out, config)

    def finish() -> None:
        dials = recommender.dials
        if dials and len(held_out.target):
            set_best(dials, validate)
            console.print(f"  recommend: {', '.join(map(str, dials))}, the best by the validation split")

    learns = list(system.encoders.parameters()) if weight else []
    return Phase(
        "recommend",
        f"1 - mean recall at {', '.join(map(str, RECALL_AT))}",
        config.recommend,
        system,
        list(dict.fromkeys([*learns, *system.recommender.learns(system.encoders)])),
        lengths(corpus, samples.turn, config.text),
        lambda rows: read_asked(corpus, samples.turn[rows], samples.target[rows], config.text),
        loss,
        len(held_out.target),
        validate,
        begin,
        finish,
    )


def _generate(system: System, corpus: Corpus, config: TrainConfig) -> Phase[Responses]:
    turns = corpus.splits["train"].responses
    held_out = _choice(corpus.splits["valid"].responses, config.generate.valid_samples)
    lengths = history_lengths(corpus, held_out, config.text)
    known = cache(lambda: known_of(system.encoders))

    def read(which: Tensor) -> Responses:
        return read_responses(corpus, which, config.text)

    def loss(responses: Responses) -> dict[str, Tensor]:
        return generation_loss(system, responses.to(system.device), known())

    def begin() -> None:
        generator = system.generator
        generator.token_weights.copy_(token_weights(_said_counts(corpus, turns), config.generate))
        if generator.own_encoder is not None and not config.model.generator.own_words:
            own = generator.own_encoder.embedding.weight
            # The words of responses are the first of the vocabulary.
            own.copy_(system.encoders.history_encoder.embedding.weight.detach()[: len(own)])

    return Phase(
        "generate",
        "perplexity",
        config.generate,
        system.generator,
        [weight for weight in system.generator.parameters() if weight.requires_grad],
        history_lengths(corpus, turns, config.text),
        lambda rows: read(turns[rows]),
        loss,
        len(held_out),
        lambda: _perplexity(system, known(), read, held_out, lengths, config.generate),
        begin,
    )


def _mention_lengths(corpus: Corpus, turns: Tensor, config: TextConfig) -> Tensor:
    """Return how many mentions are read before each of `turns`."""
    mentions = corpus.turns.mentions.at(turns)
    return (mentions.end - mentions.start).clamp(max=config.context_mentions)


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


def _mean_loss(
    read: Callable[[Tensor], Batch],
    loss: Callable[[Batch], dict[str, Tensor]],
    turns: Tensor,
    lengths: Tensor,
    config: PhaseConfig,
) -> float:
    """Return the mean loss over `turns`."""
    every = batches(lengths, config.batch, config.places, None)
    parts = [(total(loss(read(turns[rows]))).item(), len(rows)) for rows in every]
    return sum(value * weight for value, weight in parts) / len(turns)


def _perplexity(
    system: System,
    known: Known,
    read: Callable[[Tensor], Responses],
    turns: Tensor,
    lengths: Tensor,
    config: PhaseConfig,
) -> float:
    """Return the perplexity of what is said at `turns`."""
    surprise = Surprise()
    for rows in batches(lengths, config.batch, config.places, None):
        responses = read(turns[rows]).to(system.device)
        surprise += surprise_of(system.generator, responses, memory_of(system, responses.contexts, known))
    return surprise.perplexity


def _mean_recall(system: System, corpus: Corpus, samples: Samples, config: TrainConfig) -> float:
    """Return the mean over `RECALL_AT` of the share of targets that rank so high; nan if the weights have diverged."""
    try:
        found = ranks_of_targets(system, corpus, samples, config)
    except Diverged:
        return math.nan
    return float((found[:, None] <= torch.tensor(RECALL_AT)).double().mean())
