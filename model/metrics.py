"""How high the targets rank: recall, reciprocal rank and gain, each with the uncertainty that the test set leaves.

Notable here:
- a tie costs half: a model that gives every item the same score gets the middle rank, not the first;
- every figure is printed four times, {all roles, recommender} x {all targets, novel targets}, because published
  figures differ in which targets they count, and repeated targets are easy;
- intervals come from a bootstrap over dialogues, since the samples of one dialogue are not independent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

RECALL_AT = (1, 10, 50)
"""The ranks up to which recall is counted, as published figures have it."""

INTERVAL = (2.5, 97.5)


class Diverged(ValueError):
    """Scores are not numbers."""


def ranks(scores: Tensor, targets: Tensor) -> Tensor:
    """Return the 1-based rank of each sample's target; tied items share the mean of the ranks they take up.

    Args:
        scores: float [n, items], higher is better; minus infinity marks an item that must not be recommended.
        targets: int64 [n], the column of each sample's target.

    Returns:
        float64 [n]; half ranks occur where an even number of items tie.

    Raises:
        Diverged: a score is not a number, so no order exists.
    """
    if torch.isnan(scores).any():
        raise Diverged("a score is NaN: the model has diverged")
    of_target = scores.gather(1, targets.unsqueeze(1))
    better = (scores > of_target).sum(dim=1)
    tied_others = (scores == of_target).sum(dim=1) - 1
    return 1.0 + better.double() + tied_others.double() / 2.0


def recall_table(
    ranks: Tensor,
    roles: Tensor,
    novel: Tensor,
    dialogue_ids: Sequence[str] | Tensor,
    ks: Sequence[int] = RECALL_AT,
    resamples: int = 1000,
    seed: int = 0,
) -> dict[str, dict[str, Any]]:
    """Return recall@k, MRR@k and NDCG@k of every subset of samples, with 95 % bootstrap intervals.

    Args:
        ranks: [n], 1-based rank of each sample's target, as `ranks` returns them.
        roles: bool [n], whether the recommender names the target.
        novel: bool [n], whether the target is not mentioned earlier in its dialogue.
        dialogue_ids: the dialogue of each sample, n strings or integers.
        ks: cut-offs.
        resamples: number of bootstrap resamples.
        seed: of the bootstrap; each subset draws from the same seed.

    Returns:
        A dict from subset ("all_roles/all_targets", "all_roles/novel_targets", "recommender/all_targets",
        "recommender/novel_targets") to {"samples": count, metric: {"value", "low", "high"}}; the values of an empty
        subset are None.

    Raises:
        ValueError: the arguments differ in length.

    Source: percentile interval of the cluster bootstrap (Davison and Hinkley 1997, section 3.8, strategy 1).
    """
    of_target = ranks.detach().cpu().double().numpy()
    is_recommender = roles.detach().cpu().bool().numpy()
    is_novel = novel.detach().cpu().bool().numpy()
    ids = dialogue_ids.detach().cpu().numpy() if isinstance(dialogue_ids, Tensor) else np.asarray(dialogue_ids)
    if not len(of_target) == len(is_recommender) == len(is_novel) == len(ids):
        raise ValueError("ranks, roles, novel and dialogue_ids must have one value a sample")
    everything = np.ones(len(of_target), dtype=bool)
    subsets = {
        "all_roles/all_targets": everything,
        "all_roles/novel_targets": is_novel,
        "recommender/all_targets": is_recommender,
        "recommender/novel_targets": is_recommender & is_novel,
    }
    names, gains = _gains(of_target, ks)
    return {
        name: {"samples": int(chosen.sum()), **_estimates(names, gains[chosen], ids[chosen], resamples, seed)}
        for name, chosen in subsets.items()
    }


def _gains(of_target: NDArray[np.float64], ks: Sequence[int]) -> tuple[list[str], NDArray[np.float64]]:
    """Return the metrics' names and each sample's contribution to their means, [n, metrics]."""
    columns = {f"recall@{k}": (of_target <= k).astype(np.float64) for k in ks}
    columns |= {f"mrr@{k}": (of_target <= k) / of_target for k in ks}
    columns |= {f"ndcg@{k}": (of_target <= k) / np.log2(of_target + 1.0) for k in ks}
    return list(columns), np.stack(list(columns.values()), axis=1)


def _estimates(
    names: list[str], gains: NDArray[np.float64], ids: NDArray[Any], resamples: int, seed: int
) -> dict[str, dict[str, float | None]]:
    """Return the mean of each column of `gains` with its interval over resampled dialogues."""
    if not len(gains):
        return {name: {"value": None, "low": None, "high": None} for name in names}
    dialogues, of_sample = np.unique(ids, return_inverse=True)
    samples = np.bincount(of_sample)
    sums = np.stack([np.bincount(of_sample, weights=column) for column in gains.T], axis=1)
    times = _draw(len(dialogues), resamples, seed)
    # einsum adds in one fixed order, a BLAS product in an order that depends on the threads.
    means = np.einsum("rd,dm->rm", times, sums) / np.einsum("rd,d->r", times, samples)[:, None]
    low, high = np.percentile(means, INTERVAL, axis=0)
    values = gains.mean(axis=0)
    return {
        name: {"value": float(values[i]), "low": float(low[i]), "high": float(high[i])} for i, name in enumerate(names)
    }


def _draw(dialogues: int, resamples: int, seed: int) -> NDArray[np.float64]:
    """Return how often each resample holds each dialogue, [resamples, dialogues]; every row sums to `dialogues`."""
    generator = np.random.default_rng(seed)
    even = np.full(dialogues, 1.0 / dialogues)
    return generator.multinomial(dialogues, even, size=resamples).astype(np.float64)
