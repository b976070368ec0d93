"""A gate for items that were named before: every fourth item that a seeker names is one of them.

Notable here:
- one softmax shares the chance between the items named so far, each by its latest mention, and anything else;
- how many turns ago an item was named, and who speaks next, decides most: people answer what the other has just named;
- these weights start from the counts of the training split, since they are few and would have far to go;
- a temperature, set once all is learnt, keeps the items that were not named from standing too high or too low.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from model.batches import pad_slices
from model.data import NONE, Corpus

TURNS = 16
"""Distances in turns that are told apart; what lies further back counts as the last of them."""

_LEAST = 1e-12
_ROWS = 4096


class RepeatGate(nn.Module):
    """Shares the chance between the items that were named before and all items."""

    def __init__(self, dim: int, rates: Tensor) -> None:
        """Make a gate.

        Args:
            dim: width of a user's vector and of a node.
            rates: float [TURNS, 2], as `repeat_rates` returns them.
        """
        super().__init__()
        self.query = nn.Linear(dim, dim)
        self.ago = nn.Parameter(rates.log())
        self.other = nn.Linear(dim, 1)
        # Of the softmax over all items; stays 1 while the gate learns, and is set by `model.calibration` then.
        self.register_buffer("temperature", torch.ones(()))
        self.temperature: Tensor

    def forward(
        self, items: Tensor, user: Tensor, mentioned: Tensor, places: Tensor, ago: Tensor, by_recommender: Tensor
    ) -> Tensor:
        """Return the log chances of items.

        Args:
            items: [n, items], scores of all items.
            user: [n, d].
            mentioned: [n, E, d], nodes of what was mentioned, oldest first.
            places: int64 [n, E], their places among the items; NONE: no item.
            ago: int64 [n, E], how many turns ago they were mentioned.
            by_recommender: bool [n], who speaks next.
        """
        scores = (self.query(user)[:, None] * mentioned).sum(-1) / math.sqrt(user.shape[-1])
        scores = scores + self.ago[ago.clamp(max=TURNS - 1), by_recommender.long()[:, None]]
        scores = scores.masked_fill(~_latest(places), -torch.inf)
        shares = torch.softmax(torch.cat([self.other(user), scores], dim=1), dim=1)
        chances = torch.softmax(items / self.temperature, dim=1)
        mixed = (shares[:, :1] * chances).scatter_add(1, places.clamp(min=0), shares[:, 1:])
        return mixed.clamp(min=_LEAST).log()


def _latest(places: Tensor) -> Tensor:
    """Return which of `places` (int64 [n, E]) hold an item that is not mentioned later again: bool [n, E]."""
    same = places[:, :, None] == places[:, None, :]
    return (places != NONE) & ~same.triu(diagonal=1).any(dim=2)


def repeat_rates(corpus: Corpus) -> Tensor:
    """Return how often training asks for an item again, by how many turns ago it was named and who speaks next.

    Args:
        corpus: its training split is counted.

    Returns:
        float32 [TURNS, 2], between 0 and 1; the second index is 1 where the recommender speaks. What was never seen
        gets one in twenty.
    """
    samples, mentions = corpus.splits["train"], corpus.mentions
    named, again = torch.zeros(2, TURNS * 2)
    for turn, target in zip(torch.split(samples.turn, _ROWS), torch.split(samples.target, _ROWS), strict=True):
        before = corpus.turns.mentions.at(turn)
        places = pad_slices(mentions.place, before, NONE)
        ago = (turn[:, None] - pad_slices(mentions.turn, before, 0)).clamp(max=TURNS - 1)
        cells = ago * 2 + corpus.turns.is_recommender[turn].long()[:, None]
        latest = _latest(places)
        named += torch.bincount(cells[latest], minlength=TURNS * 2)
        again += torch.bincount(cells[latest & (places == target[:, None])], minlength=TURNS * 2)
    rates: Tensor = (again + 1) / (named + 20)
    return rates.view(TURNS, 2)
