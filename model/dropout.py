"""Dropout with a quarter of the draws of torch's own on a CPU, that keeps a byte an element where that keeps four.

Notable here: torch draws a number an element, in one thread. Here every draw of 64 bits decides four elements.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

_STEPS = 2**15
_LEAST = -(2**15)


class Dropout(nn.Dropout):
    """Dropout with its share in steps of 1/32768 on a CPU; torch's own kernel elsewhere."""

    def forward(self, input: Tensor) -> Tensor:
        """Return `input` with each element zero with probability p, and the others scaled, while learning."""
        if not self.training or not self.p:
            return input
        if input.device.type == "cpu":
            parts = min(round(self.p * _STEPS), _STEPS - 1)
            # torch gives this call no types.
            dropped: Tensor = _Dropped.apply(input, parts)  # type: ignore[no-untyped-call]
            return dropped
        kept: Tensor = torch.native_dropout(input, self.p, True)[0]
        return kept


class _Dropped(torch.autograd.Function):
    """Dropout of so many of `_STEPS` parts."""

    @staticmethod
    def forward(ctx: Any, input: Tensor, parts: int) -> Tensor:
        kept = _drawn(input.numel(), parts).view(input.shape)
        ctx.save_for_backward(kept)
        ctx.scale = _STEPS / (_STEPS - parts)
        return (input * kept).mul_(ctx.scale)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (kept,) = ctx.saved_tensors
        return (gradient * kept).mul_(ctx.scale), None


def _drawn(elements: int, parts: int) -> Tensor:
    """Return one, or, with a chance of `parts` of `_STEPS`, zero for each element: uint8 [elements]."""
    drawn = torch.empty((elements + 3) // 4, dtype=torch.int64).random_()
    # 63 of its bits are random; moved up, each quarter has at least 15 random ones, and the rest decides nothing.
    quarters = drawn.bitwise_left_shift_(1).view(torch.int16)[:elements]
    # Booleans would be several times as slow to multiply by.
    return (quarters >= _LEAST + 2 * parts).view(torch.uint8)
