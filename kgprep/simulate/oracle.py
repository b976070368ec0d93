"""The best that can be recommended to a simulated user by one who knows the planted taste.

Notable here:
- the knowing oracle has the whole taste, also what the user has not said; the listening one has the parts told so far;
- both know how popular each film is and which films were named, and rank the others by what makes a user think of them;
- their recall is what a model's is compared with: nothing that reads the dialogues can know more than the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kgprep.simulate.catalogue import Catalogue, Taste
from kgprep.simulate.conversation import Conversation, SimulateConfig, simulate_conversations
from kgprep.simulate.films import Film


@dataclass(frozen=True)
class OracleFigures:
    """Recall of novel targets in the test part, by whoever names them."""

    samples: int
    knowing: float
    listening: float


def oracle_recall(films: Sequence[Film], config: SimulateConfig, cut_off: int = 10) -> OracleFigures:
    """Return the share of novel targets among the oracles' first `cut_off` films, on the dialogues of `simulate`.

    A target is a film that a message after the first one names for the first time in its dialogue.

    Args:
        films: what users know.
        config: number of dialogues, seed, language, shares; the last `test_share` of the dialogues is the test part.
        cut_off: how many films are looked at.
    """
    catalogue = Catalogue(films, config.seed)
    places = {film.item_id: place for place, film in enumerate(catalogue.films)}
    first_of_test = config.dialogues - round(config.dialogues * config.test_share)
    found = [
        _found(catalogue, places, conversation, cut_off)
        for number, conversation in enumerate(simulate_conversations(films, config, lambda film: f"@{film.item_id}"))
        if number >= first_of_test
    ]
    every = np.concatenate([np.zeros((0, 2), dtype=bool), *found])
    knowing, listening = every.mean(axis=0) if len(every) else (0.0, 0.0)
    return OracleFigures(len(every), float(knowing), float(listening))


def _found(catalogue: Catalogue, places: dict[str, int], conversation: Conversation, cut_off: int) -> NDArray[np.bool_]:
    """Return for each novel target whether the knowing and the listening oracle have it: [targets, 2]."""
    named: set[int] = set()
    rows = []
    for number, message in enumerate(conversation.messages):
        new = [place for film in message.films if (place := places[film.item_id]) not in named]
        if number:
            firsts = [_first(catalogue, taste, named, cut_off) for taste in (conversation.taste, message.told)]
            rows += [[target in first for first in firsts] for target in dict.fromkeys(new)]
        named.update(new)
    return np.array(rows, dtype=bool).reshape(-1, 2)


def _first(catalogue: Catalogue, taste: Taste, named: set[int], cut_off: int) -> set[int]:
    scores = catalogue.appeal(taste)
    scores[list(named)] = -np.inf
    return set(np.argsort(-scores, kind="stable")[:cut_off].tolist())
