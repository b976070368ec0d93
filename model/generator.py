"""Response generation: a decoder that attends in turn to what it said, the history, the entities and the reviews.

Notable here:
- an encoder of its own may read the last tokens, since the shared one has learnt what tells of taste, not of farewells;
  it reads them in the words of responses, so that it does not learn titles by heart;
- a copy network mixes the vocabulary's distribution with the words and item slots of the history and with the words
  that named its entities;
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

from model.batches import Contexts, last_tokens
from model.c2crs import Encoded
from model.config import GenerateConfig, ModelConfig
from model.dropout import Dropout
from model.encoders import TextEncoder, open_first, positions
from model.text import END, NEVER_SAID, PAD, UNKNOWN


@dataclass(frozen=True)
class Seen:
    """One view of n contexts that the decoder attends to."""

    values: Tensor  # [n, k, t]
    mask: Tensor  # bool [n, k], where there is something

    def at(self, rows: Tensor) -> Seen:
        """Return that of some contexts."""
        return Seen(self.values[rows], self.mask[rows])


@dataclass(frozen=True)
class Memory:
    """What the decoder attends to; n contexts."""

    views: tuple[Seen, ...]  # in the order of the chain
    copies: Tensor  # int64 [n, C], response tokens that may be copied; PAD: none
    copy_states: Tensor  # [n, C, t], what speaks for copying each

    def __len__(self) -> int:
        """Return how many contexts there are."""
        return len(self.copies)

    def at(self, rows: Tensor) -> Memory:
        """Return the memory of some contexts."""
        return Memory(tuple(view.at(rows) for view in self.views), self.copies[rows], self.copy_states[rows])


_LEAST = 1e-10


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
    views: tuple[tuple[Remembered, ...], ...]  # a layer, a view

    @property
    def length(self) -> int:
        """How many tokens have been said."""
        return self.said[0].key.shape[2]

    def at(self, rows: Tensor) -> Saying:
        """Return some of the responses, each as often as it is named."""
        views = tuple(tuple(each.at(rows) for each in layer) for layer in self.views)
        return Saying(self.memory.at(rows), tuple(each.at(rows) for each in self.said), views)


class DecoderLayer(nn.Module):
    """Self-attention, then a chain of cross-attentions to the views, then a feed-forward part."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        dim, links = config.text_dim, config.generator.links
        self.own = Attention(dim, config.heads, config.dropout)
        self.chain = nn.ModuleList(Attention(dim, config.heads, config.dropout) for _ in range(links))
        self.feed_forward = nn.Sequential(
            nn.Linear(dim, config.feed_forward_dim), nn.ReLU(), nn.Linear(config.feed_forward_dim, dim)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(links + 2))
        self.dropout = Dropout(config.dropout)

    def remember(self, memory: Memory) -> tuple[Remembered, ...]:
        """Return the keys and values of each view."""
        attentions = (cast(Attention, attention) for attention in self.chain)
        return tuple(attention.remember(view.values) for attention, view in zip(attentions, memory.views, strict=True))

    def forward(self, new: Tensor, saying: Saying, layer: int) -> tuple[Tensor, Remembered]:
        """Return the states [n, T, t] of new tokens, and the keys and values of all that was said."""
        said = saying.said[layer].with_new(self.own.remember(new))
        future = torch.ones(new.shape[1], said.key.shape[2], dtype=torch.bool, device=new.device)
        attended = self.own(new, said, future.triu(1 + saying.length))
        first, *inner, last = self.norms
        state: Tensor = first(new + self.dropout(attended))
        for norm, attention, values, view in zip(
            inner, self.chain, saying.views[layer], saying.memory.views, strict=True
        ):
            attended = attention(state, values, ~open_first(view.mask)[:, None, None])
            # A row without any value learns nothing from this link of the chain.
            state = norm(state + self.dropout(attended) * view.mask.any(dim=1)[:, None, None])
        return last(state + self.dropout(self.feed_forward(state))), said


class Generator(nn.Module):
    """The decoder with its copy network."""

    def __init__(self, response_size: int, config: ModelConfig) -> None:
        """Make a decoder whose responses use the first `response_size` words of the vocabulary."""
        super().__init__()
        self.dim = config.text_dim
        self.views = config.generator.views
        self.copies = config.generator.copies
        self.own_tokens = config.generator.own_tokens
        self.own_encoder = TextEncoder(response_size, config) if self.own_tokens else None
        if self.own_encoder is not None:
            self.own_encoder.embedding.weight.requires_grad_(config.generator.own_words)
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
        # What tokens weigh in the loss that it learns from; decoding can divide it out again.
        self.register_buffer("token_weights", torch.ones(response_size))
        self.token_weights: Tensor

    def remember(self, encoded: Encoded, contexts: Contexts) -> Memory:
        """Return what the decoder attends to and may copy: the history's words and slots, and the entities' words."""
        nodes = self.from_graph(encoded.nodes)
        seen = {
            "history": Seen(encoded.history, encoded.history_mask),
            "graph": Seen(nodes, encoded.node_mask),
            "reviews": Seen(encoded.sentences, encoded.sentence_mask),
        }
        views = [seen[view] for view in self.views]
        if self.own_encoder is not None:
            tokens = last_tokens(contexts.as_said(), self.own_tokens)
            views.insert(0, Seen(self.own_encoder(tokens), tokens != PAD))
        words = contexts.entity_words
        return Memory(
            views=tuple(views),
            copies=torch.cat([contexts.copies, words.flatten(1)], dim=1),
            copy_states=torch.cat([encoded.history, nodes.repeat_interleave(words.shape[2], dim=1)], dim=1),
        )

    def begin(self, memory: Memory) -> Saying:
        """Return responses to n contexts of which nothing has been said."""
        layers = [cast(DecoderLayer, layer) for layer in self.layers]
        nothing = memory.copy_states.new_zeros(len(memory), 0, self.dim)
        return Saying(
            memory,
            said=tuple(layer.own.remember(nothing) for layer in layers),
            views=tuple(layer.remember(memory) for layer in layers),
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
        state, saying = self._follow(new, saying)
        chances = torch.log_softmax(self._words(state), dim=-1)
        if not self.copies:
            return chances, saying
        memory = saying.memory
        weights, gate = self._copying(state, memory)
        index = memory.copies[:, None].expand(-1, state.shape[1], -1)
        copied = torch.zeros_like(chances).scatter_add(2, index, weights)
        return torch.log((1 - gate) * chances.exp() + gate * copied + _LEAST), saying

    def chances_of(self, wanted: Tensor, given: Tensor, memory: Memory) -> Tensor:
        """Return the log probability of each wanted token after what was given before it, as `forward` has it.

        The whole distribution is never made, so learning takes a part of the time and memory.

        Args:
            wanted: int64 [n, T], PAD after the end.
            given: int64 [n, T], beginning with START.
            memory: of n contexts.

        Returns:
            [n, T], zero for what is not asked for.
        """
        state, _ = self._follow(given, self.begin(memory))
        asked = is_asked(wanted)
        chances = -functional.cross_entropy(self._words(state[asked]), wanted[asked], reduction="none")
        if self.copies:
            weights, gate = self._copying(state, memory)
            copied = (weights * (memory.copies[:, None] == wanted[..., None])).sum(dim=-1)[asked]
            gate = gate.squeeze(-1)[asked]
            chances = torch.log((1 - gate) * chances.exp() + gate * copied + _LEAST)
        return torch.zeros_like(wanted, dtype=chances.dtype).masked_scatter(asked, chances)

    def _follow(self, new: Tensor, saying: Saying) -> tuple[Tensor, Saying]:
        """Return the states [n, T, t] of new tokens, and the responses with them."""
        places = positions(saying.length + new.shape[1], self.dim, new.device)[saying.length :]
        state = self.embedding(new) * math.sqrt(self.dim) + places
        said = []
        for number, layer in enumerate(self.layers):
            state, kept = layer(state, saying, number)
            said.append(kept)
        return state, replace(saying, said=tuple(said))

    def _words(self, state: Tensor) -> Tensor:
        """Return how much speaks for each word after states [..., t]: [..., response_size]."""
        return (state @ self.embedding.weight.T + self.bias).masked_fill(self.never, -torch.inf)

    def _copying(self, state: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        """Return the chances of the places that may be copied [n, T, C], and that of copying at all [n, T, 1]."""
        able = memory.copies != PAD
        scores = self.copy_query(state) @ memory.copy_states.transpose(1, 2) / math.sqrt(self.dim)
        weights = torch.softmax(scores.masked_fill(~open_first(able)[:, None], -torch.inf), dim=-1) * able[:, None]
        return weights, torch.sigmoid(self.copy_gate(state)) * able.any(dim=1)[:, None, None]


def token_weights(counts: Tensor, config: GenerateConfig) -> Tensor:
    """Return the weight of each token: max(gamma, beta / f) where f >= beta, else 1 (frequency weights of C2-CRS).

    The end of a response weighs what a word weighs on average: more teaches to stop early, less to go on.

    Args:
        counts: int64 [words], how often each token is said in the training responses.
        config: beta is `frequency_threshold`, gamma `weight_floor`.
    """
    beta = config.frequency_threshold
    rare = torch.clamp(beta / counts.clamp(min=1).double(), min=config.weight_floor)
    weights = torch.where(counts >= beta, rare, 1.0).float()
    words = counts.double().index_fill(0, torch.tensor([PAD, UNKNOWN, END], device=counts.device), 0)
    if words.sum() > 0:
        weights[END] = (words * weights).sum() / words.sum()
    return weights


def is_asked(wanted: Tensor) -> Tensor:
    """Tell which tokens of responses are learnt and measured: all but padding and unknown words; bool [n, T]."""
    return (wanted != PAD) & (wanted != UNKNOWN)


def response_loss(chances: Tensor, wanted: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted cross-entropy of responses, a mean over the tokens that are asked for.

    Args:
        chances: [n, T], log probabilities of the wanted tokens.
        wanted: int64 [n, T], PAD after the end; a word that is not known cannot be said and is not asked for.
        weights: [words].
    """
    asked = is_asked(wanted)
    return -(chances * weights[wanted] * asked).sum() / asked.sum().clamp(min=1)
