"""Responses of a trained system as words: said by the decoder, their item slots filled by the recommender.

Notable here:
- a slot gets the best-ranked item that the dialogue has not named and the response has not yet got; where these have
  run out it gets a plain word, never an item a second time;
- the words of the test set's own responses are read back the same way, so both can be compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from model.config import TrainConfig
from model.data import Corpus
from model.decode import respond
from model.generator import Memory
from model.scores import without_named
from model.system import System
from model.text import ITEM, PAD


@dataclass(frozen=True)
class Slot:
    """Where an item stands in a text: character offsets, and its place among the items."""

    start: int
    end: int
    item: int


@dataclass(frozen=True)
class Filled:
    """A response as text, and its filled slots."""

    text: str
    slots: tuple[Slot, ...]


def new_items(corpus: Corpus, turns: Tensor, scores: Tensor, most: int) -> list[list[int]]:
    """Return the best items, `most` at most, that the dialogue has not named before each of `turns` (int64 [n])."""
    best = without_named(corpus, turns, scores).topk(min(most, scores.shape[1]), dim=1)
    return [items[values.isfinite()].tolist() for values, items in zip(*best, strict=True)]


def first_draws(system: System, config: TrainConfig) -> torch.Generator:
    """Return the random numbers that responses are drawn with, from the run's seed on."""
    return torch.Generator(device=system.device).manual_seed(config.seed)


def said_words(
    system: System, corpus: Corpus, memory: Memory, config: TrainConfig, draws: torch.Generator
) -> list[list[str]]:
    """Return the words that the decoder says, slots as ``<item>``; `draws` goes on from batch to batch."""
    ids = respond(system.generator, memory, config.text.response_tokens, config.generate, draws)
    return words_of(corpus, ids)


def words_of(corpus: Corpus, ids: Tensor) -> list[list[str]]:
    """Return the words of responses (int64 [n, T]), padding left out."""
    words = corpus.vocabulary.words
    return [[words[token] for token in row if token != PAD] for row in ids.tolist()]


def fill_slots(corpus: Corpus, words: Sequence[str], items: Sequence[int]) -> Filled:
    """Return a response as text, its slots filled with `items` (places among the items), the best first."""
    slot, left = corpus.vocabulary.words[ITEM], list(reversed(items))
    space, unnamed = ("", "别的") if corpus.vocabulary.chinese else (" ", "something")
    text, filled = "", []
    for word in words:
        text += space if text else ""
        if word == slot and left:
            item = left.pop()
            label = corpus.item_labels[item]
            filled.append(Slot(len(text), len(text) + len(label), item))
            text += label
        else:
            text += unnamed if word == slot else word
    return Filled(text, tuple(filled))
