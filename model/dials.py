"""Numbers that are set once a model has learnt, to what the validation split likes best."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Dial:
    """One such number."""

    name: str
    value: Tensor  # of one element, changed in place
    choices: tuple[float, ...]  # what it may be set to, the preferred first

    def __str__(self) -> str:
        """Return what it is set to, for people."""
        return f"{self.name} {float(self.value):g}"


def set_best(dials: Sequence[Dial], judge: Callable[[], float]) -> None:
    """Set dials to what is judged best together; of equals to the first.

    Args:
        dials: changed in place.
        judge: returns a figure of the validation split; lower is better.
    """
    every = list(itertools.product(*(dial.choices for dial in dials)))
    judged = [_judged(dials, choices, judge) for choices in every]
    _set(dials, every[judged.index(min(judged))])


def _judged(dials: Sequence[Dial], choices: Sequence[float], judge: Callable[[], float]) -> float:
    _set(dials, choices)
    return judge()


def _set(dials: Sequence[Dial], choices: Sequence[float]) -> None:
    for dial, choice in zip(dials, choices, strict=True):
        dial.value.fill_(choice)
