"""What is mentioned together: a linear model that scores items by what else their dialogues mention (EASE).

Notable here:
- every pair of an entity and an item has a weight of its own, which vectors of a hundred numbers cannot give it; all of
  them together have a closed form (Steck, Embarrassingly Shallow Autoencoders for Sparse Data, WWW 2019, section 3.1);
- all that is mentioned tells of items, people and genres too;
- an entity keeps its largest weights alone, and none below zero: the rest is noise and would fill a table;
- it is mixed into the scores once they are learnt, by a share that the validation split chooses: what learns beside it
  leaves to it what both know, and is the worse for it on new dialogues.
"""

from __future__ import annotations

import polars as pl
import torch
from torch import Tensor, nn

from model.data import NONE, Corpus

KEPT = 50
"""Items that an entity has a weight for, at most."""

MOST = 8192
"""Entities that are counted, at most: memory grows with their square, and each matrix of so many takes 256 MB."""

# As unsure of all weights as if so many more dialogues had mentioned each entity, and nothing with it.
_PULL = 10.0

# A mention of one turn earlier counts so much of a later one.
_RECENT = 0.85

# Weights add up to some hundredths; what tells them apart shall lie where the logarithm bends.
_SPREAD = 30.0
_HEIGHT = 2.0

SHARES = (0.0, 0.25, 0.5, 0.75)
"""What they may make of the score."""


class CoMentions(nn.Module):
    """Adds up what the mentions of a dialogue tell of each item."""

    def __init__(self, entities: int, items: int, mentioned: Tensor) -> None:
        """Make a model that tells of nothing before `fit`.

        Args:
            entities: of the bundle.
            items: that can be recommended.
            mentioned: int64 [k], the entities that tell of items and are told of, in order.
        """
        super().__init__()
        self.items = items
        rows = torch.full((entities,), NONE, dtype=torch.int64)
        rows[mentioned] = torch.arange(len(mentioned))
        self.register_buffer("rows", rows, persistent=False)
        shape = (len(mentioned), min(KEPT, items))
        self.register_buffer("item", torch.zeros(shape, dtype=torch.int32))
        self.register_buffer("weight", torch.zeros(shape))
        self.register_buffer("share", torch.tensor(0.5))
        self.rows: Tensor
        self.item: Tensor
        self.weight: Tensor
        self.share: Tensor

    def forward(self, entity: Tensor, ago: Tensor) -> Tensor:
        """Return the scores: twice the logarithm of one and what the mentions tell of each item.

        Args:
            entity: int64 [n, E], what was mentioned; NONE: nothing.
            ago: int64 [n, E], how many turns ago, from 1.

        Returns:
            float32 [n, items]; zeros where nothing is told.
        """
        row = torch.where(entity != NONE, self.rows[entity.clamp(min=0)], NONE)
        context, place = (row != NONE).nonzero(as_tuple=True)
        told = row[context, place]
        recent = _RECENT ** (ago[context, place] - 1)
        cells = context[:, None] * self.items + self.item[told]
        sums = self.weight.new_zeros(len(entity) * self.items)
        sums = sums.index_add(0, cells.flatten(), (self.weight[told] * recent[:, None]).flatten())
        return _HEIGHT * torch.log1p(_SPREAD * sums).view(len(entity), self.items)

    def mixed_into(self, scores: Tensor, entity: Tensor, ago: Tensor) -> Tensor:
        """Return other scores [n, items] of the same contexts with these mixed in by their share."""
        mixed: Tensor = torch.lerp(scores, self(entity, ago), self.share)
        return mixed

    def who_tells_most(self, entity: Tensor, item: Tensor) -> Tensor:
        """Return which of some entities tells most of each item; NONE where none tells of it or nothing is mixed in.

        Args:
            entity: int64 [E], what was mentioned.
            item: int64 [k], places of items.

        Returns:
            int64 [k], places in `entity`.
        """
        row = self.rows[entity]
        known = row != NONE
        # One who tells nothing stands before the entities, so that it is what is left.
        told = self.weight.new_zeros(1 + len(entity), self.items)
        places = self.item[row[known]].long()
        told[1:][known] = told[1:][known].scatter_add(1, places, self.weight[row[known]] * (self.share > 0))
        return told[:, item].argmax(dim=0) - 1


def mentioned_in_training(corpus: Corpus, most: int = MOST) -> Tensor:
    """Return the entities that the dialogues of the training split mention: int64 [k], in order.

    Args:
        corpus: its training split is looked at.
        most: where there are more, those that are mentioned most often.
    """
    distinct, times = torch.unique(corpus.mentions.entity[_is_training(corpus)], return_counts=True)
    kept: Tensor = distinct[times.argsort(descending=True, stable=True)[:most].sort().values]
    return kept


def fit(co_mentions: CoMentions, corpus: Corpus) -> None:
    """Find the weights of the training split.

    Args:
        co_mentions: changed in place.
        corpus: of the same bundle.
    """
    rows = co_mentions.rows.cpu()
    if not len(co_mentions.item):
        return
    column = rows[corpus.items]
    place = (column != NONE).nonzero().squeeze(1)
    told = _weights(_dialogues_with_both(corpus, rows))[:, column[place]]
    best = told.topk(min(co_mentions.item.shape[1], len(place)), dim=1)
    co_mentions.weight[:, : best.values.shape[1]] = best.values.clamp(min=0)
    co_mentions.item[:, : best.values.shape[1]] = place[best.indices].int()


def _is_training(corpus: Corpus) -> Tensor:
    """Tell which mentions are made in dialogues of the training split: bool [mentions]."""
    turns, samples = corpus.turns.dialogue, corpus.splits["train"]
    dialogues = turns[torch.cat([samples.turn, samples.contexts, samples.responses])]
    return torch.isin(turns[corpus.mentions.turn], dialogues)


def _dialogues_with_both(corpus: Corpus, rows: Tensor) -> Tensor:
    """Return how many training dialogues mention both of two entities: float32 [k, k], by `rows` of entities."""
    column = torch.where(_is_training(corpus), rows[corpus.mentions.entity], NONE)
    dialogue = corpus.turns.dialogue[corpus.mentions.turn]
    mentions = pl.DataFrame({"dialogue": dialogue.numpy(), "one": column.numpy()})
    said = mentions.filter(pl.col("one") != NONE).unique()
    both = said.join(said.rename({"one": "other"}), on="dialogue").group_by("one", "other").len()
    counted = int(rows.max()) + 1
    counts = torch.zeros(counted, counted)
    counts[both["one"].to_torch(), both["other"].to_torch()] = both["len"].cast(pl.Float32).to_torch()
    return counts


def _weights(together: Tensor) -> Tensor:
    """Return what each row's entity tells of each column's, from how many dialogues mention both: float32 [k, k]."""
    pulled = together + _PULL * torch.eye(len(together))
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(pulled))
    return (-inverse / inverse.diagonal()).fill_diagonal_(0)
