"""The contrastive losses as pure functions of tensors.

Notable here:
- rows of one identity are positives of each other: the loss is the mean over them, and they are never negatives;
- a row that is not valid takes part in nothing, neither as anchor nor as negative;
- what is masked gets minus infinity before the softmax, so it takes no share of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import torch
from torch import Tensor
from torch.nn import functional


def info_nce(left: Tensor, right: Tensor, identity: Tensor, valid: Tensor, temperature: float) -> Tensor:
    """Return the InfoNCE loss between two views, in both directions (the contrastive loss of C2-CRS).

    Args:
        left: [n, d], one view.
        right: [n, d], the other view of the same things.
        identity: int64 [n]; equal numbers mean the same thing.
        valid: bool [n], whether both views exist.
        temperature: divides the cosine similarities.

    Returns:
        A scalar: for each valid row the mean over its positives p of -log(exp(s_p) / (exp(s_p) + sum of negatives)),
        averaged over rows and directions; zero where fewer than two distinct things are valid.
    """
    left, right, identity = left[valid], right[valid], identity[valid]
    same = identity[:, None] == identity[None, :]
    if bool(same.all()):
        return (left.sum() + right.sum()) * 0.0
    similarity = functional.normalize(left, dim=-1) @ functional.normalize(right, dim=-1).T / temperature
    row, column = same.nonzero(as_tuple=True)
    positive = similarity[row, column]
    negative = similarity.masked_fill(same, -torch.inf)
    rightwards = _mean_surprise(positive, row, negative.logsumexp(dim=1))
    leftwards = _mean_surprise(positive, column, negative.logsumexp(dim=0))
    return (rightwards + leftwards) / 2


def _mean_surprise(positive: Tensor, anchor: Tensor, negatives: Tensor) -> Tensor:
    """Return the loss of one direction.

    Args:
        positive: [p], the similarity of each pair of one identity.
        anchor: int64 [p], the row of each.
        negatives: [n], the log of the sum over the negatives of each row.
    """
    # -log(exp(s) / (exp(s) + N)) is softplus(log N - s), which neither overflows nor underflows.
    surprise = functional.softplus(negatives[anchor] - positive)
    of_row = torch.bincount(anchor, minlength=len(negatives))
    return (surprise / of_row[anchor]).sum() / len(negatives)


def pairwise(
    views: Mapping[str, Tensor], identity: Tensor, valid: Mapping[str, Tensor], temperature: float
) -> dict[str, Tensor]:
    """Return `info_nce` of every pair of views, by the pair's name, such as ``history-graph``.

    Args:
        views: [n, d] each, by name.
        identity: int64 [n].
        valid: bool [n] each, whether that view exists.
        temperature: divides the cosine similarities.
    """
    return {
        f"{one}-{other}": info_nce(views[one], views[other], identity, valid[one] & valid[other], temperature)
        for one, other in combinations(views, 2)
    }


def total(parts: Mapping[str, Tensor]) -> Tensor:
    """Return the sum of the parts of a loss; zero, with nothing to learn from, where there is none."""
    return torch.stack(list(parts.values())).sum() if parts else torch.zeros((), requires_grad=True)
