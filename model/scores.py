"""The recommender's scores of all items before turns, and the ranks they give to what a split asks for.

Notable here: turns are scored in batches of like length, and ranked before the next batch is read, so memory follows
the batch and never the split.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from model.batches import batches, history_lengths, pad_slices
from model.config import TrainConfig
from model.data import NONE, Corpus, Samples
from model.metrics import ranks
from model.system import System, contexts_of


@torch.no_grad()
def score_batches(
    system: System, corpus: Corpus, turns: Tensor, config: TrainConfig
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the recommender's scores of all items before turns, batch by batch.

    Node vectors are computed once for all turns.

    Args:
        system: encoders and recommender, in evaluation mode.
        corpus: of the same bundle.
        turns: int64 [n].
        config: how long contexts are and how large a batch is.

    Yields:
        int64 [b], places in `turns`, each of which comes once; and float32 [b, items], on the CPU.
    """
    everything = torch.arange(system.encoders.graph_encoder.graph.entities, device=system.device)
    nodes = system.encoders.graph_encoder(everything)
    lengths = history_lengths(corpus, turns, config.text)
    for rows in batches(lengths, config.recommend.batch, config.recommend.places, None):
        some = turns[rows]
        speaks = corpus.turns.is_recommender[some].to(system.device)
        contexts = contexts_of(system, corpus, some, config.text)
        yield rows, system.recommender.score_with(system.encoders, contexts, speaks, nodes).cpu()


def scores_before(system: System, corpus: Corpus, turns: Tensor, config: TrainConfig) -> Tensor:
    """Return the scores of all items before each of `turns` (int64 [n], few): float32 [n, items], on the CPU."""
    scores = torch.zeros(len(turns), len(corpus.items))
    for rows, some in score_batches(system, corpus, turns, config):
        scores[rows] = some
    return scores


def score_samples(
    system: System, corpus: Corpus, samples: Samples, config: TrainConfig
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the scores for what a split asks for, batch by batch; the samples of one turn share theirs.

    Args:
        system: encoders and recommender, in evaluation mode.
        corpus: of the same bundle.
        samples: of one split.
        config: how long contexts are and how large a batch is.

    Yields:
        int64 [b], numbers of samples, each of which comes once; and float32 [b, items], on the CPU.
    """
    turns, turn_of_sample = torch.unique(samples.turn, return_inverse=True)
    for turn, scores in score_batches(system, corpus, turns, config):
        row = torch.full_like(turns, NONE)
        row[turn] = torch.arange(len(turn))
        numbers = (row[turn_of_sample] != NONE).nonzero().squeeze(1)
        yield numbers, scores[row[turn_of_sample[numbers]]]


def ranks_of_targets(system: System, corpus: Corpus, samples: Samples, config: TrainConfig) -> Tensor:
    """Return the rank of what each sample asks for (`model.metrics.ranks`): float64 [samples].

    Raises:
        Diverged: a score is not a number.
    """
    found = torch.zeros(len(samples.target), dtype=torch.float64)
    for numbers, scores in score_samples(system, corpus, samples, config):
        found[numbers] = ranks(scores, samples.target[numbers])
    return found


def without_named(corpus: Corpus, turns: Tensor, scores: Tensor) -> Tensor:
    """Return `scores` (float [n, items]), minus infinity where the dialogue has named the item before the turn."""
    named = pad_slices(corpus.mentions.item, corpus.turns.mentions.at(turns), NONE)
    places = torch.where(named == NONE, scores.shape[1], named)
    return torch.nn.functional.pad(scores, (0, 1)).scatter(1, places, -torch.inf)[:, :-1]
