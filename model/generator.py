"""Response generation: a decoder that attends in turn to what it said, the history, the entities and the reviews.

Notable here:
- a copy network mixes the vocabulary's distribution with the words and item slots of the history;
- frequent tokens weigh less in the loss, down to a floor;
- items are said as slots, which the recommender fills;
- keys and values are kept while a response grows, so that each token is looked at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.c2crs import Encoded
from model.config import GenerateConfig, ModelConfig
from model.encoders import open_first, positions
from model.text import END, NEVER_SAID, PAD


@dataclass(frozen=True)
class Memory:
    """What the decoder attends to; n contexts."""

    history: Tensor  # [n, L, t]
    history_mask: Tensor  # bool [n, L]
    entities: Tensor  # [n, E, t]
    entity_mask: Tensor  # bool [n, E]
    reviews: Tensor  # [n, E, t]
    review_mask: Tensor  # bool [n, E]
    copies: Tensor  # int64 [n, C], response tokens that may be copied; PAD: none
    copy_states: Tensor  # [n, C, t], what speaks for copying each

    def at(self, rows: Tensor) -> Memory:
        """Return the memory of some contexts."""
        return Memory(*(tensor[rows] for tensor in vars(self).values()))


class Attention(nn.Module):
    """Attention with several heads, whose keys and values may be kept from call to call."""

    def __init__(self, dim: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.query = nn.Linear(dim, dim)
        self.key_and_value = nn.Linear(dim, 2 * dim)
        self.merge = nn.Linear(dim, dim)

    def remember(self, values: Tensor) -> Remembered:
        """Return the keys and values of `values` [n, S, t]."""
        key, value = self.key_and_value(values).chunk(2, dim=-1)
        return Remembered(self._by_head(key), self._by_head(value))

    def forward(self, state: Tensor, remembered: Remembered, hidden: Tensor) -> Tensor:
        """Return what [n, T, t] attends to; `hidden` (bool, [n, 1, 1, S] or [T, S]) is true where it must not look."""
        attended = functional.scaled_dot_product_attention(
            self._by_head(self.query(state)),
            remembered.key,
            remembered.value,
            attn_mask=~hidden,
            dropout_p=self.dropout if self.training else 0.0,
        )
        merged: Tensor = self.merge(attended.transpose(1, 2).reshape(state.shape))
        return merged

    def _by_head(self, vectors: Tensor) -> Tensor:
        rows, length, dim = vectors.shape
        return vectors.view(rows, length, self.heads, dim // self.heads).transpose(1, 2)


@dataclass(frozen=True)
class Remembered:
    """Keys and values of one attention, [n, heads, S, t / heads] each."""

    key: Tensor
    value: Tensor

    def with_new(self, other: Remembered) -> Remembered:
        """Return these followed by others."""
        return Remembered(torch.cat([self.key, other.key], dim=2), torch.cat([self.value, other.value], dim=2))

    def at(self, rows: Tensor) -> Remembered:
        """Return those of some rows."""
        return Remembered(self.key[rows], self.value[rows])


@dataclass(frozen=True)
class Saying:
    """Responses on their way: what has been said so far, and what is attended to, as keys and values."""

    memory: Memory
    said: tuple[Remembered, ...]  # a layer
    history: tuple[Remembered, ...]
    entities: tuple[Remembered, ...]
    reviews: tuple[Remembered, ...]

    @property
    def length(self) -> int:
        """How many tokens have been said."""
        return self.said[0].key.shape[2]

    def at(self, rows: Tensor) -> Saying:
        """Return some of the responses, each as often as it is named."""
        parts = (self.said, self.history, self.entities, self.reviews)
        return Saying(self.memory.at(rows), *(tuple(each.at(rows) for each in part) for part in parts))


class DecoderLayer(nn.Module):
    """Self-attention, then cross-attention to history, entities and reviews, then a feed-forward part."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        dim = config.text_dim
        attention = [Attention(dim, config.heads, config.dropout) for _ in range(4)]
        self.own, self.history, self.entities, self.reviews = attention
        self.feed_forward = nn.Sequential(
            nn.Linear(dim, config.feed_forward_dim), nn.GELU(), nn.Linear(config.feed_forward_dim, dim)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(5))
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, new: Tensor, saying: Saying, layer: int) -> tuple[Tensor, Remembered]:
        """Return the states [n, T, t] of new tokens, and the keys and values of all that was said."""
        said = saying.said[layer].with_new(self.own.remember(new))
        future = torch.ones(new.shape[1], said.key.shape[2], dtype=torch.bool, device=new.device)
        attended = self.own(new, said, future.triu(1 + saying.length))
        state: Tensor = self.norms[0](new + self.dropout(attended))
        memory = saying.memory
        chain = (
            (self.history, saying.history[layer], memory.history_mask),
            (self.entities, saying.entities[layer], memory.entity_mask),
            (self.reviews, saying.reviews[layer], memory.review_mask),
        )
        for norm, (attention, values, mask) in zip(list(self.norms)[1:4], chain, strict=True):
            attended = attention(state, values, ~open_first(mask)[:, None, None])
            # A row without any value learns nothing from this link of the chain.
            state = norm(state + self.dropout(attended) * mask.any(dim=1)[:, None, None])
        last: Tensor = self.norms[4](state + self.dropout(self.feed_forward(state)))
        return last, said


class Generator(nn.Module):
    """The decoder with its copy network."""

    def __init__(self, response_size: int, config: ModelConfig) -> None:
        """Make a decoder whose responses use the first `response_size` words of the vocabulary."""
        super().__init__()
        self.dim = config.text_dim
        self.embedding = nn.Embedding(response_size, config.text_dim, padding_idx=PAD)
        nn.init.normal_(self.embedding.weight, std=config.text_dim**-0.5)
        self.from_graph = nn.Linear(config.graph_dim, config.text_dim)
        self.layers = nn.ModuleList(DecoderLayer(config) for _ in range(config.layers))
        self.copy_query = nn.Linear(config.text_dim, config.text_dim)
        self.copy_gate = nn.Linear(config.text_dim, 1)
        self.bias = nn.Parameter(torch.zeros(response_size))
        never = torch.zeros(response_size, dtype=torch.bool)
        never[list(NEVER_SAID)] = True
        self.register_buffer("never", never, persistent=False)
        self.never: Tensor

    def remember(self, encoded: Encoded, copies: Tensor) -> Memory:
        """Return what the decoder attends to; `copies` int64 [n, L] is the history as a response would say it."""
        return Memory(
            history=encoded.history,
            history_mask=encoded.history_mask,
            entities=self.from_graph(encoded.nodes),
            entity_mask=encoded.node_mask,
            reviews=encoded.sentences,
            review_mask=encoded.sentence_mask,
            copies=copies,
            copy_states=encoded.history,
        )

    def begin(self, memory: Memory) -> Saying:
        """Return responses to n contexts of which nothing has been said."""
        layers = [cast(DecoderLayer, layer) for layer in self.layers]
        nothing = memory.history.new_zeros(len(memory.history), 0, self.dim)
        return Saying(
            memory,
            said=tuple(layer.own.remember(nothing) for layer in layers),
            history=tuple(layer.history.remember(memory.history) for layer in layers),
            entities=tuple(layer.entities.remember(memory.entities) for layer in layers),
            reviews=tuple(layer.reviews.remember(memory.reviews) for layer in layers),
        )

    def forward(self, said: Tensor, memory: Memory) -> Tensor:
        """Return log probabilities of the next token after each prefix.

        Args:
            said: int64 [n, T], beginning with START.
            memory: of n contexts.

        Returns:
            [n, T, response_size].
        """
        return self.say(said, self.begin(memory))[0]

    def say(self, new: Tensor, saying: Saying) -> tuple[Tensor, Saying]:
        """Return log probabilities [n, T, response_size] after each of the new tokens, and the responses with them.

        Args:
            new: int64 [n, T], tokens that follow what has been said.
            saying: the responses so far; they stay as they are.
        """
        places = positions(saying.length + new.shape[1], self.dim, new.device)[saying.length :]
        state = self.embedding(new) * math.sqrt(self.dim) + places
        said = []
        for number, layer in enumerate(self.layers):
            state, kept = layer(state, saying, number)
            said.append(kept)
        words = (state @ self.embedding.weight.T + self.bias).masked_fill(self.never, -torch.inf)
        chances = self._with_copies(state, torch.log_softmax(words, dim=-1), saying.memory)
        return chances, replace(saying, said=tuple(said))

    def _with_copies(self, state: Tensor, words: Tensor, memory: Memory) -> Tensor:
        """Mix the vocabulary's log distribution [n, T, V] with the distribution over what may be copied."""
        able = memory.copies != PAD
        scores = self.copy_query(state) @ memory.copy_states.transpose(1, 2) / math.sqrt(self.dim)
        weights = torch.softmax(scores.masked_fill(~open_first(able)[:, None], -torch.inf), dim=-1) * able[:, None]
        index = memory.copies[:, None].expand(-1, state.shape[1], -1)
        copied = torch.zeros_like(words).scatter_add(2, index, weights)
        gate = torch.sigmoid(self.copy_gate(state)) * able.any(dim=1)[:, None, None]
        return torch.log((1 - gate) * words.exp() + gate * copied + 1e-10)


def token_weights(counts: Tensor, config: GenerateConfig) -> Tensor:
    """Return the weight of each token: max(gamma, beta / f) where f >= beta, else 1 (frequency weights of C2-CRS).

    The end of a response weighs 1: it is frequent since every response has one, and weighing it less teaches to go on.

    Args:
        counts: int64 [words], how often each token is said in the training responses.
        config: beta is `frequency_threshold`, gamma `weight_floor`.
    """
    beta = config.frequency_threshold
    rare = torch.clamp(beta / counts.clamp(min=1).double(), min=config.weight_floor)
    weights = torch.where(counts >= beta, rare, 1.0).float()
    weights[END] = 1.0
    return weights


def response_loss(log_probabilities: Tensor, wanted: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted cross-entropy of responses, a mean over tokens.

    Args:
        log_probabilities: [n, T, words].
        wanted: int64 [n, T], PAD after the end.
        weights: [words].
    """
    here = wanted != PAD
    picked = log_probabilities.gather(2, wanted[..., None]).squeeze(2)
    return -(picked * weights[wanted] * here).sum() / here.sum().clamp(min=1)
