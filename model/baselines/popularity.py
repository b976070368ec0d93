"""Recommend what is recommended most, whatever was said."""

from __future__ import annotations

import torch
from torch import Tensor


def scores(train_targets: Tensor, item_count: int) -> Tensor:
    """Return one score an item, log(1 + number of times it is a target); it is the same for every sample.

    Args:
        train_targets: int64 [n], the targets of the training samples.
        item_count: number of items.

    Returns:
        float32 [item_count].
    """
    return torch.bincount(train_targets, minlength=item_count).double().log1p().float()
