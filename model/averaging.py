"""A running average of the weights, which wanders less than the weights themselves: it is what is judged and kept.

Notable here:
- the first steps count for more, so the average does not remember where the weights started;
- while it is looked at it stands in the weights' place, so whoever uses the model need not know of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

_FIRST_STEPS = 10


class RunningAverage:
    """The exponential moving average of some weights over the steps of a phase."""

    def __init__(self, weights: Sequence[nn.Parameter], share: float) -> None:
        """Start from the weights as they are.

        Args:
            weights: what is averaged.
            share: how much of the average stays in a step, below 1; 0 keeps none, and the weights stand for themselves.
        """
        self._weights, self._share = weights, share
        self.values: list[Tensor] = [weight.detach().clone() for weight in weights] if share else []
        self.steps = 0

    @torch.no_grad()
    def add_weights(self) -> None:
        """Take in the weights as they are after a step."""
        self.steps += 1
        share = min(self._share, self.steps / (_FIRST_STEPS + self.steps))
        for value, weight in zip(self.values, self._weights, strict=False):
            value.lerp_(weight, 1 - share)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Put the average in the weights' place while the block runs."""
        weights = [weight.detach().clone() for weight in self._weights] if self.values else []
        self._put(self.values)
        try:
            yield
        finally:
            self._put(weights)

    @torch.no_grad()
    def _put(self, values: Sequence[Tensor]) -> None:
        for weight, value in zip(self._weights, values, strict=False):
            weight.copy_(value)
