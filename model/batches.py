"""Batches: slices of the packed tensors as padded ones, and the order in which samples are gone through.

Notable here:
- padding is index arithmetic over the whole batch, nothing loops over samples;
- a batch is cut to what its longest member needs;
- batches are made of samples of like length, and their order is shuffled by a seeded generator.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from model.config import TextConfig
from model.data import NONE, Corpus, Slices
from model.text import PAD

ENTITY_WORDS = 4
"""Words of a mention that may be copied; few names are longer."""


@dataclass(frozen=True)
class Contexts:
    """What n contexts hold, padded; L tokens and E mentions at most.

    A mention slot that is padding has `entity` NONE, `sentence` NONE and an empty token span.
    """

    history: Tensor  # int64 [n, L]
    copies: Tensor  # int64 [n, L], the history as a response would say it
    entity: Tensor  # int64 [n, E]
    sentence: Tensor  # int64 [n, E], NONE: no triple
    entity_words: Tensor  # int64 [n, E, W], the mention's first words as a response would say them, PAD after the last
    word_start: Tensor  # int64 [n, E], first token of the mention in `history`
    word_end: Tensor  # int64 [n, E], one past its last token; equal to the start where it lies outside the history

    def to(self, device: torch.device) -> Contexts:
        """Return the same on another device."""
        return Contexts(*(tensor.to(device) for tensor in vars(self).values()))


def pad_slices(flat: Tensor, slices: Slices, padding: int) -> Tensor:
    """Return the slices of `flat` as rows.

    Args:
        flat: int64 [m].
        slices: n slices of it.
        padding: what stands after the end of a shorter slice.

    Returns:
        int64 [n, longest], at least one column.
    """
    places, inside = _places(slices)
    if flat.numel() == 0:
        return torch.full_like(places, padding)
    return torch.where(inside, flat[places.clamp(max=flat.numel() - 1)], padding)


def _places(slices: Slices) -> tuple[Tensor, Tensor]:
    lengths = slices.end - slices.start
    longest = max(int(lengths.max()), 1) if lengths.numel() else 1
    column = torch.arange(longest)
    return slices.start[:, None] + column, column < lengths[:, None]


def read_contexts(corpus: Corpus, turns: Tensor, config: TextConfig) -> Contexts:
    """Return what stands before each of `turns` (int64 [n]), its most recent tokens and mentions."""
    history = corpus.turns.history.at(turns).last(config.history_tokens)
    mentions = corpus.turns.mentions.at(turns).last(config.context_mentions)
    known = corpus.mentions
    start = pad_slices(known.tokens.start, mentions, 0)
    end = pad_slices(known.tokens.end, mentions, 0)
    inside = (start >= history.start[:, None]) & (end > start)
    return Contexts(
        history=pad_slices(corpus.tokens, history, PAD),
        copies=pad_slices(corpus.copy_tokens, history, PAD),
        entity=pad_slices(known.entity, mentions, NONE),
        sentence=pad_slices(known.sentence, mentions, NONE),
        entity_words=_first_words(corpus, start, end),
        word_start=torch.where(inside, start - history.start[:, None], 0),
        word_end=torch.where(inside, end - history.start[:, None], 0),
    )


def _first_words(corpus: Corpus, start: Tensor, end: Tensor) -> Tensor:
    """Return what a response would say for the first tokens of each mention: int64 [n, E, W]."""
    places = start[..., None] + torch.arange(ENTITY_WORDS)
    if not len(corpus.copy_tokens):
        return torch.full_like(places, PAD)
    words = corpus.copy_tokens[places.clamp(max=len(corpus.copy_tokens) - 1)]
    return torch.where(places < end[..., None], words, PAD)


def batches(lengths: Tensor, size: int, generator: torch.Generator | None) -> Iterator[Tensor]:
    """Yield the numbers of the samples of each batch.

    Args:
        lengths: int64 [n], how long each sample is.
        size: most samples in a batch.
        generator: shuffles samples and batches; None goes through them by length.
    """
    if generator is None:
        yield from torch.split(torch.argsort(lengths, stable=True), size)
        return
    shuffled = torch.randperm(len(lengths), generator=generator)
    # Lengths are compared in steps of eight, so that which samples meet in a batch still varies from epoch to epoch.
    grouped = torch.split(shuffled[torch.argsort(lengths[shuffled] // 8, stable=True)], size)
    for number in torch.randperm(len(grouped), generator=generator).tolist():
        yield grouped[number]
