"""The text encoder and self-attentive pooling, of which each view of the model has its own.

Notable here:
- an empty row pools to zero and is said to be invalid, so that a loss can leave it out instead of learning from zeros;
- attention never sees a row of padding alone: its first place is opened, and the result is masked again.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from model.config import ModelConfig
from model.text import PAD


class SelfAttentivePooling(nn.Module):
    """One vector of several: alpha = softmax(b^T tanh(W F)), e = F alpha (self-attentive pooling of C2-CRS)."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.project = nn.Linear(dim, dim, bias=False)
        self.score = nn.Linear(dim, 1, bias=False)

    def forward(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """Pool `vectors` [n, k, d] where `mask` [n, k] is true; a row without any gives zeros [d]."""
        scores = self.score(torch.tanh(self.project(vectors))).squeeze(-1)
        weights = torch.softmax(scores.masked_fill(~mask, torch.finfo(scores.dtype).min), dim=-1)
        return torch.einsum("nk,nkd->nd", weights * mask, vectors)


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
        layer = nn.TransformerEncoderLayer(
            config.text_dim, config.heads, config.feed_forward_dim, config.dropout, "gelu", batch_first=True
        )
        self.layers = nn.TransformerEncoder(layer, config.layers, enable_nested_tensor=False)

    def forward(self, tokens: Tensor) -> Tensor:
        """Encode `tokens` int64 [n, L]; returns [n, L, d], zeros at padding."""
        inside = tokens != PAD
        embedded = self.embedding(tokens) * math.sqrt(self.dim) + positions(tokens.shape[1], self.dim, tokens.device)
        with torch.autocast(tokens.device.type, torch.bfloat16, enabled=self.is_half):
            states: Tensor = self.layers(embedded, src_key_padding_mask=~open_first(inside))
        return states.float() * inside[..., None]


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
    dim = states.shape[-1]
    sums = torch.nn.functional.pad(states.cumsum(dim=1), (0, 0, 1, 0))
    at_start = sums.gather(1, start[..., None].expand(-1, -1, dim))
    at_end = sums.gather(1, end[..., None].expand(-1, -1, dim))
    return (at_end - at_start) / (end - start).clamp(min=1)[..., None]
