"""The text encoder and self-attentive pooling, of which each view of the model has its own.

Notable here:
- rows are gone through in chunks of like length, so little padding is computed, products fit the cache, and memory
  follows the tokens;
- an empty row pools to zero and is said to be invalid, so that a loss can leave it out instead of learning from zeros;
- attention never sees a row of padding alone: its first place is opened, and the result is masked again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.batches import group_sizes
from model.config import ModelConfig
from model.dropout import Dropout
from model.text import PAD

CHUNK_TOKENS = 8192
# Below this length a CPU multiplies whole score matrices faster than its tiled kernel goes through them.
SHORT = 48


class SelfAttentivePooling(nn.Module):
    """One vector of several: alpha = softmax(b^T tanh(W F)), e = F alpha (self-attentive pooling of C2-CRS)."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.project = nn.Linear(dim, dim, bias=False)
        self.score = nn.Linear(dim, 1, bias=False)

    def forward(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """Pool `vectors` [n, k, d] where `mask` [n, k] is true; a row without any gives zeros [d]."""
        # In parts, as texts are encoded: a CPU takes twice as long for products whose results leave its cache.
        rows = len(vectors) if vectors.device.type != "cpu" else max(CHUNK_TOKENS // max(mask.shape[1], 1), 1)
        parts = [self._pool(*part) for part in zip(torch.split(vectors, rows), torch.split(mask, rows), strict=True)]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _pool(self, vectors: Tensor, mask: Tensor) -> Tensor:
        scores = self.score(torch.tanh(self.project(vectors))).squeeze(-1)
        weights = torch.softmax(scores.masked_fill(~mask, torch.finfo(scores.dtype).min), dim=-1)
        return torch.bmm((weights * mask)[:, None], vectors).squeeze(1)


class EncoderLayer(nn.Module):
    """Self-attention and a feed-forward part, each with a residual and a norm after it (Vaswani et al. 2017)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        dim = config.text_dim
        self.heads = config.heads
        self.project = nn.Linear(dim, 3 * dim)  # to queries, keys and values
        self.merge = nn.Linear(dim, dim)
        self.widen = nn.Linear(dim, config.feed_forward_dim)
        self.narrow = nn.Linear(config.feed_forward_dim, dim)
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(2))
        self.dropout = Dropout(config.dropout)
        nn.init.xavier_uniform_(self.project.weight)
        nn.init.zeros_(self.project.bias)

    def forward(self, states: Tensor, hidden: Tensor) -> Tensor:
        """Return new states [n, L, d]; `hidden` [n, 1, 1, L] is minus infinity at padding, else zero."""
        attended = self.merge(self._attend(self.project(states), hidden))
        states = self.norms[0](states + self.dropout(attended))
        # ReLU: on a chunk of texts, a CPU takes several times as long for GELU. After dropout and in place, no more
        # than its own result is kept for the way back.
        inner = functional.relu_(self.dropout(self.widen(states)))
        new: Tensor = self.norms[1](states + self.dropout(self.narrow(inner)))
        return new

    def _attend(self, projected: Tensor, hidden: Tensor) -> Tensor:
        rows, length, triple = projected.shape
        query, key, value = (
            part.view(rows, length, self.heads, -1).transpose(1, 2) for part in projected.chunk(3, dim=-1)
        )
        hidden = hidden.to(query.dtype)
        if length > SHORT or query.device.type != "cpu":
            attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=hidden)
        else:
            scores = query @ key.transpose(2, 3) / math.sqrt(query.shape[-1]) + hidden
            attended = torch.softmax(scores, dim=-1) @ value
        return attended.transpose(1, 2).reshape(rows, length, triple // 3)


class TextEncoder(nn.Module):
    """A Transformer encoder over token ids."""

    def __init__(self, words: int, config: ModelConfig) -> None:
        super().__init__()
        self.dim = config.text_dim
        self.is_half = config.precision == "bfloat16"
        self.embedding = nn.Embedding(words, config.text_dim, padding_idx=PAD)
        nn.init.normal_(self.embedding.weight, std=config.text_dim**-0.5)
        with torch.no_grad():
            self.embedding.weight[PAD].zero_()
        self.layers = nn.ModuleList(EncoderLayer(config) for _ in range(config.layers))
        self.dropout = Dropout(config.dropout)

    def forward(self, tokens: Tensor) -> Tensor:
        """Encode `tokens` int64 [n, L]; returns [n, L, d], zeros at padding."""
        rows, length = tokens.shape
        parts = [(chunk, inside, self._encode(part, inside)) for chunk, part, inside in chunks(tokens)]
        if len(parts) == 1:
            ((_, inside, states),) = parts
            return functional.pad(states * inside[..., None], (0, 0, 0, length - states.shape[1]))
        places = [
            (chunk[:, None] * length + torch.arange(inside.shape[1], device=tokens.device))[inside]
            for chunk, inside, _ in parts
        ]
        flat = torch.cat([states[inside] for _, inside, states in parts])
        empty = flat.new_zeros(rows * length, self.dim)
        return empty.index_copy(0, torch.cat(places), flat).view(rows, length, self.dim)

    def pooled(self, tokens: Tensor, pooling: SelfAttentivePooling) -> Tensor:
        """Encode `tokens` int64 [n, L] and pool each row: [n, d]; the states of its tokens are not kept."""
        parts = [(chunk, pooling(self._encode(part, inside), inside)) for chunk, part, inside in chunks(tokens)]
        order = torch.cat([chunk for chunk, _ in parts])
        return torch.cat([vectors for _, vectors in parts])[order.argsort()]

    def _encode(self, tokens: Tensor, inside: Tensor) -> Tensor:
        states = self.embedding(tokens) * math.sqrt(self.dim) + positions(tokens.shape[1], self.dim, tokens.device)
        opened = open_first(inside)[:, None, None]
        hidden = torch.zeros_like(opened, dtype=torch.float32).masked_fill(~opened, -torch.inf)
        with torch.autocast(tokens.device.type, torch.bfloat16, enabled=self.is_half):
            states = self.dropout(states)
            for layer in self.layers:
                states = layer(states, hidden)
        encoded: Tensor = states.float()
        return encoded


def chunks(tokens: Tensor) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Cut texts into chunks of like length, of `CHUNK_TOKENS` places at most where they hold more than one text.

    Args:
        tokens: int64 [n, L].

    Yields:
        The rows of a chunk int64 [k], their tokens [k, longest of them] and where these are no padding, bool.
    """
    inside = tokens != PAD
    lengths = inside.sum(dim=1)
    if tokens.numel() <= CHUNK_TOKENS or tokens.device.type != "cpu":
        yield torch.arange(len(tokens), device=tokens.device), tokens, inside
        return
    order = torch.argsort(lengths, stable=True)
    for chunk in torch.split(order, group_sizes(lengths[order], len(lengths), CHUNK_TOKENS)):
        longest = max(int(lengths[chunk[-1]]), 1)
        yield chunk, tokens[chunk, :longest], inside[chunk, :longest]


def open_first(mask: Tensor) -> Tensor:
    """Return `mask` [n, k] with the first place of rows that are false throughout made true."""
    opened = mask.clone()
    opened[:, 0] |= ~mask.any(dim=-1)
    return opened


def positions(length: int, dim: int, device: torch.device) -> Tensor:
    """Return sinusoidal positions [length, dim] (Vaswani et al. 2017, section 3.5)."""
    place = torch.arange(length, device=device, dtype=torch.float32)[:, None]
    channel = torch.arange(dim, device=device)
    angle = place * torch.exp(-math.log(10_000.0) * (channel // 2 * 2) / dim)
    return torch.where(channel % 2 == 0, angle.sin(), angle.cos())


def mean_of_spans(states: Tensor, start: Tensor, end: Tensor) -> Tensor:
    """Return the mean state of each span.

    Args:
        states: [n, L, d].
        start: int64 [n, k], first place of each span.
        end: int64 [n, k], one past its last place; an empty span gives zeros.

    Returns:
        [n, k, d].
    """
    rows, length, dim = states.shape
    lengths = (end - start).flatten()
    first = (torch.arange(rows, device=states.device)[:, None] * length + start).flatten()
    span = torch.arange(len(lengths), device=states.device).repeat_interleave(lengths)
    within = torch.arange(len(span), device=states.device) - (lengths.cumsum(0) - lengths)[span]
    sums = states.new_zeros(len(lengths), dim).index_add(0, span, states.reshape(-1, dim)[first[span] + within])
    return (sums / lengths.clamp(min=1)[:, None]).view(*start.shape, dim)
