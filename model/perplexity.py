"""Perplexity: how surprised the decoder is, a token, by what was really said.

Notable here: tokens weigh alike, whatever they weigh in learning; unknown words are not asked for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from model.batches import Responses
from model.generator import Generator, Memory, is_asked


@dataclass(frozen=True)
class Surprise:
    """Minus the log chances of some tokens, summed up."""

    nats: float = 0.0
    tokens: int = 0

    def __add__(self, other: Surprise) -> Surprise:
        return Surprise(self.nats + other.nats, self.tokens + other.tokens)

    @property
    def perplexity(self) -> float:
        """Return exp of the mean; not a number where no token is asked for, infinity above what a float holds."""
        if not self.tokens:
            return math.nan
        try:
            return math.exp(self.nats / self.tokens)
        except OverflowError:
            return math.inf


@torch.no_grad()
def surprise_of(generator: Generator, responses: Responses, memory: Memory) -> Surprise:
    """Return how surprised a decoder is by what n responses want, given their memory."""
    chances = generator.chances_of(responses.wanted, responses.given, memory)
    return Surprise(-float(chances.sum()), int(is_asked(responses.wanted).sum()))
