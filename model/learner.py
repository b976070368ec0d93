"""What makes weights of losses: Adam over clipped gradients, and a running average of the weights beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from model import parallel
from model.averaging import RunningAverage
from model.config import PhaseConfig


class Learner:
    """Learns some weights, in one phase of the training."""

    def __init__(self, weights: Sequence[nn.Parameter], config: PhaseConfig) -> None:
        """Begin with the weights as they are.

        Args:
            weights: what is learnt.
            config: how fast.
        """
        self._weights, self._clip = weights, config.clip
        self._adam = torch.optim.Adam(weights, lr=config.learning_rate, fused=True)
        self.average = RunningAverage(weights, config.averaging)

    def step(self, loss: Tensor) -> None:
        """Change the weights by the gradient of a loss; of several processes, by the sum of theirs."""
        self._adam.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        parallel.add_gradients(self._weights)
        nn.utils.clip_grad_norm_(self._weights, self._clip)
        self._adam.step()
        self.average.add_weights()

    def state(self) -> dict[str, Any]:
        """Return what `load` needs to go on, beside the weights."""
        return {"adam": self._adam.state_dict(), "average": self.average.values, "steps": self.average.steps}

    def load(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self._adam.load_state_dict(state["adam"])
        self.average.values, self.average.steps = [value.clone() for value in state["average"]], state["steps"]
