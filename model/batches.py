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
from model.text import PAD, RECOMMENDER, SEEKER, START, UNKNOWN

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
    ago: Tensor  # int64 [n, E], how many turns ago the mention was made
    entity_words: Tensor  # int64 [n, E, W], the mention's first words as a response would say them, PAD after the last
    word_start: Tensor  # int64 [n, E], first token of the mention in `history`
    word_end: Tensor  # int64 [n, E], one past its last token; equal to the start where it lies outside the history

    def to(self, device: torch.device) -> Contexts:
        """Return the same on another device."""
        return Contexts(*(tensor.to(device) for tensor in vars(self).values()))

    def as_said(self) -> Tensor:
        """Return the history in the words of responses, int64 [n, L]: a title's first word is its item's slot, and what
        responses lack, the rest of a title too, is unknown.
        """
        is_role = (self.history == SEEKER) | (self.history == RECOMMENDER)
        said = torch.where(self.copies == PAD, UNKNOWN, self.copies)
        return torch.where(is_role | (self.history == PAD), self.history, said)


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


def last_tokens(tokens: Tensor, most: int) -> Tensor:
    """Return the last tokens of texts (int64 [n, L], PAD after the end), `most` of each: int64 [n, `most` or L]."""
    width = min(most, tokens.shape[1])
    first = ((tokens != PAD).sum(dim=1, keepdim=True) - width).clamp(min=0)
    return tokens.gather(1, first + torch.arange(width, device=tokens.device))


def _places(slices: Slices) -> tuple[Tensor, Tensor]:
    lengths = slices.end - slices.start
    longest = max(int(lengths.max()), 1) if lengths.numel() else 1
    column = torch.arange(longest, device=lengths.device)
    return slices.start[:, None] + column, column < lengths[:, None]


def read_contexts(corpus: Corpus, turns: Tensor, config: TextConfig) -> Contexts:
    """Return what stands before each of `turns` (int64 [n]), its most recent tokens and mentions."""
    history = corpus.turns.history.at(turns).last(config.history_tokens)
    mentions = corpus.turns.mentions.at(turns).last(config.context_mentions)
    known = corpus.mentions
    start = pad_slices(known.tokens.start, mentions, 0)
    end = pad_slices(known.tokens.end, mentions, 0)
    ago = turns[:, None] - pad_slices(known.turn, mentions, 0)
    inside = (start >= history.start[:, None]) & (end > start)
    return Contexts(
        history=pad_slices(corpus.tokens, history, PAD),
        copies=pad_slices(corpus.copy_tokens, history, PAD),
        entity=pad_slices(known.entity, mentions, NONE),
        sentence=pad_slices(known.sentence, mentions, NONE),
        ago=ago,
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


@dataclass(frozen=True)
class Asked:
    """What n samples ask for after k distinct contexts."""

    contexts: Contexts  # of the k turns
    by_recommender: Tensor  # bool [k], who speaks in the turn
    context: Tensor  # int64 [n], the context of each sample
    target: Tensor  # int64 [n], place among the items

    def to(self, device: torch.device) -> Asked:
        """Return the same on another device."""
        return Asked(
            self.contexts.to(device), self.by_recommender.to(device), self.context.to(device), self.target.to(device)
        )


def read_asked(corpus: Corpus, turns: Tensor, target: Tensor, config: TextConfig) -> Asked:
    """Return the samples of `turns` that ask for `target` (int64 [n] each); each context is read once."""
    distinct, context = torch.unique(turns, return_inverse=True)
    speaks = corpus.turns.is_recommender[distinct]
    return Asked(read_contexts(corpus, distinct, config), speaks, context, target)


@dataclass(frozen=True)
class Responses:
    """What is said after n contexts; T tokens at most."""

    contexts: Contexts
    given: Tensor  # int64 [n, T], what the decoder is given: START and all but the last of what it shall say
    wanted: Tensor  # int64 [n, T], what it shall say, PAD after the end

    def to(self, device: torch.device) -> Responses:
        """Return the same on another device."""
        return Responses(self.contexts.to(device), self.given.to(device), self.wanted.to(device))


def read_responses(corpus: Corpus, turns: Tensor, config: TextConfig) -> Responses:
    """Return what stands before each of `turns` (int64 [n]) and what is said in it."""
    slices = corpus.turns.response.at(turns)
    wanted = pad_slices(corpus.response_tokens, slices, PAD)[:, : config.response_tokens]
    given = torch.cat([torch.full((len(turns), 1), START), wanted[:, :-1]], dim=1)
    return Responses(read_contexts(corpus, turns, config), given, wanted)


def history_lengths(corpus: Corpus, turns: Tensor, config: TextConfig) -> Tensor:
    """Return how many tokens are read before each of `turns` (int64 [n] each)."""
    history = corpus.turns.history.at(turns)
    return (history.end - history.start).clamp(max=config.history_tokens)


def batches(lengths: Tensor, size: int, places: int, generator: torch.Generator | None) -> Iterator[Tensor]:
    """Yield the numbers of the samples of each batch.

    Args:
        lengths: int64 [n], how long each sample is.
        size: most samples in a batch.
        places: most places in a batch, padding counted; a longer sample is a batch of its own.
        generator: shuffles samples and batches; None goes through them by length.
    """
    if generator is None:
        order = torch.argsort(lengths, stable=True)
        yield from torch.split(order, group_sizes(lengths[order], size, places))
        return
    shuffled = torch.randperm(len(lengths), generator=generator)
    # Lengths are compared in steps of eight, so that which samples meet in a batch still varies from epoch to epoch.
    step = (lengths[shuffled] + 7) // 8 * 8
    order = torch.argsort(step, stable=True)
    grouped = torch.split(shuffled[order], group_sizes(step[order], size, places))
    for number in torch.randperm(len(grouped), generator=generator).tolist():
        yield grouped[number]


def group_sizes(lengths: Tensor, size: int, places: int) -> list[int]:
    """Return how many of the texts, whose `lengths` rise, go into each group.

    Args:
        lengths: int64 [n].
        size: most texts in a group.
        places: most places in a group, its texts padded to the longest; a longer text is a group of its own.
    """
    sizes = []
    start = 0
    while start < len(lengths):
        # The padded size of a group that ends at a place grows with the place, so the last place that fits is searched.
        rest = lengths[start : start + min(size, places)].clamp(min=1)
        padded = rest * torch.arange(1, len(rest) + 1)
        sizes.append(max(int(torch.searchsorted(padded, places, right=True)), 1))
        start += sizes[-1]
    return sizes
