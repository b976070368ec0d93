"""Recommendation: the softmax over items of the product of a user vector and the item nodes (as in C2-CRS).

Notable here:
- the user vector pools the nodes of the entities that the dialogue has mentioned so far;
- a user who has mentioned nothing has a zero vector, and the items' biases decide.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from model.c2crs import C2CRS
from model.data import NONE


class Recommender(nn.Module):
    """Scores all items for a user."""

    def __init__(self, items: Tensor) -> None:
        """Make a recommender of `items` (int64 [items], entity ids)."""
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(len(items)))
        self.register_buffer("items", items, persistent=False)
        self.items: Tensor

    def forward(self, encoders: C2CRS, entity: Tensor) -> Tensor:
        """Return the scores [n, items] after mentions of `entity` (int64 [n, E], NONE: none)."""
        wanted = torch.cat([self.items, entity.clamp(min=0).flatten()])
        distinct, rows = torch.unique(wanted, return_inverse=True)
        return self._score(encoders, entity, encoders.graph_encoder(distinct), rows)

    def score_with(self, encoders: C2CRS, entity: Tensor, nodes: Tensor) -> Tensor:
        """Return the scores as `forward` does, from the vectors of all nodes [entities, g], computed once."""
        return self._score(encoders, entity, nodes, torch.cat([self.items, entity.clamp(min=0).flatten()]))

    def _score(self, encoders: C2CRS, entity: Tensor, vectors: Tensor, rows: Tensor) -> Tensor:
        item_rows, mention_rows = torch.split(rows, [len(self.items), entity.numel()])
        mentioned = vectors[mention_rows].view(*entity.shape, -1)
        user = encoders.entity_pooling(mentioned, entity != NONE)
        scores: Tensor = user @ vectors[item_rows].T + self.bias
        return scores
