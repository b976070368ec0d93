"""How likely an item is asked for again, by what can be counted: tables of log odds, fitted to the training split.

Notable here:
- an item's odds follow how many turns ago it was named last, and first: who takes up what has just been named differs
  from who comes back to it;
- the odds of anything else follow how many items were named, since one is asked for, however many there are;
- every table has a column for each role that may speak next;
- the likelihood is convex in these few numbers, so they are fitted at once, and learn on with the other weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.batches import pad_slices
from model.data import NONE, Corpus

TURNS = 16
"""Distances in turns that are told apart; what lies further back counts as the last of them."""

NAMED = 16
"""Numbers of named items that are told apart; more count as the last of them."""

_UNSEEN = math.log(1 / 20)
_PULL = 1.0
_STEPS = 100
_ROWS = 1024


@dataclass(frozen=True)
class Named:
    """What was named before n turns; E mentions, oldest first."""

    latest: Tensor  # bool [n, E], whether the mention is of an item, and of none that is mentioned later again
    last: Tensor  # int64 [n, E], how many turns ago the mention was made, at most TURNS - 1
    first: Tensor  # int64 [n, E], the same of the first mention of its item; of what is no item it means nothing


def named_before(places: Tensor, ago: Tensor) -> Named:
    """Tell which items were named, and when.

    Args:
        places: int64 [n, E], of the mentions among the items, oldest first; NONE: no item.
        ago: int64 [n, E], how many turns ago they were made.
    """
    last = ago.clamp(max=TURNS - 1)
    same = places[:, :, None] == places[:, None, :]
    latest = (places != NONE) & ~same.triu(diagonal=1).any(dim=2)
    first = torch.where(same, last[:, None, :], 0).amax(dim=2)
    return Named(latest, last, first)


class RepeatTables(nn.Module):
    """Log odds of named items against each other and against anything else."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Parameter(torch.full((TURNS, 2), _UNSEEN))
        self.first = nn.Parameter(torch.zeros(TURNS, 2))
        self.other = nn.Parameter(torch.zeros(NAMED, 2))

    def forward(self, named: Named, by_recommender: Tensor) -> Tensor:
        """Return the log odds: [n, 1 + E], first of anything else, then of each mention.

        Args:
            named: before n turns; what is not the latest mention of an item has no chance.
            by_recommender: bool [n], who speaks next.
        """
        role = by_recommender.long()
        again = self.last[named.last, role[:, None]] + self.first[named.first, role[:, None]]
        other = self.other[named.latest.sum(dim=1).clamp(max=NAMED - 1), role]
        return torch.cat([other[:, None], again.masked_fill(~named.latest, -torch.inf)], dim=1)


def fit(tables: RepeatTables, corpus: Corpus, mentions_read: int) -> None:
    """Set the tables to what makes the targets of the training split likeliest.

    Each number is held to where it starts by a small force, so that what was hardly seen stays near one in twenty.

    Args:
        tables: changed in place.
        corpus: its training split is looked at.
        mentions_read: the most recent mentions of a dialogue that are read, as while learning.
    """
    named, by_recommender, answer = _asked(corpus, mentions_read)
    fitted = RepeatTables()
    start = [weight.detach().clone() for weight in fitted.parameters()]
    search = torch.optim.LBFGS(fitted.parameters(), max_iter=_STEPS, line_search_fn="strong_wolfe")

    def loss() -> float:
        search.zero_grad()
        surprise = functional.cross_entropy(fitted(named, by_recommender), answer, reduction="sum")
        pulls = [(weight - held).square().sum() for weight, held in zip(fitted.parameters(), start, strict=True)]
        whole = surprise + _PULL * torch.stack(pulls).sum()
        torch.autograd.backward(whole)
        return float(whole.detach())

    if len(answer):
        # Said here, since torch leaves its types out.
        step: Callable[[Callable[[], float]], object] = search.step
        step(loss)
    tables.load_state_dict(fitted.state_dict())


def _asked(corpus: Corpus, mentions_read: int) -> tuple[Named, Tensor, Tensor]:
    """Return what was named before each training sample, who speaks, and which of `RepeatTables`' odds is asked for."""
    samples, mentions = corpus.splits["train"], corpus.mentions
    before = corpus.turns.mentions.at(samples.turn).last(mentions_read)
    places = pad_slices(mentions.place, before, NONE)
    ago = samples.turn[:, None] - pad_slices(mentions.turn, before, 0)
    parts = [named_before(*rows) for rows in zip(torch.split(places, _ROWS), torch.split(ago, _ROWS), strict=True)]
    named = Named(*(torch.cat(same) for same in zip(*(vars(part).values() for part in parts), strict=True)))
    asked = named.latest & (places == samples.target[:, None])
    answer = torch.where(asked.any(dim=1), asked.long().argmax(dim=1) + 1, 0)
    return named, corpus.turns.is_recommender[samples.turn], answer
