"""A gate for items that were named before: every fourth item that a seeker names is one of them.

Notable here:
- one softmax shares the chance between the items named so far, each by its latest mention, and anything else;
- when an item was named, and who speaks next, decides most (`model.repeat_tables`); the user's vector adds to it.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from model.repeat_tables import RepeatTables, named_before

_LEAST = 1e-12


class RepeatGate(nn.Module):
    """Shares the chance between the items that were named before and all items."""

    def __init__(self, dim: int) -> None:
        """Make a gate.

        Args:
            dim: width of a user's vector and of a node.
        """
        super().__init__()
        self.query = nn.Linear(dim, dim)
        self.other = nn.Linear(dim, 1)
        self.tables = RepeatTables()

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
        liking = (self.query(user)[:, None] * mentioned).sum(-1) / math.sqrt(user.shape[-1])
        odds = self.tables(named_before(places, ago), by_recommender)
        shares = torch.softmax(odds + torch.cat([self.other(user), liking], dim=1), dim=1)
        chances = torch.softmax(items, dim=1)
        mixed = (shares[:, :1] * chances).scatter_add(1, places.clamp(min=0), shares[:, 1:])
        return mixed.clamp(min=_LEAST).log()
