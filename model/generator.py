"""Response generation: a decoder that attends in turn to what it said, the history, the entities and the reviews.

Notable here:
- a copy network mixes the vocabulary's distribution with the words of history and reviews that may be copied;
- frequent tokens weigh less in the loss, down to a floor;
- items are said as slots, which the recommender fills.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from model.c2crs import Encoded
from model.config import GenerateConfig, ModelConfig
from model.encoders import open_first, positions
from model.text import END, NEVER_SAID, PAD, START


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


class DecoderLayer(nn.Module):
    """Self-attention, then cross-attention to history, entities and reviews, then a feed-forward part."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        dim, heads = config.text_dim, config.heads
        attention = [nn.MultiheadAttention(dim, heads, config.dropout, batch_first=True) for _ in range(4)]
        self.own, self.history, self.entities, self.reviews = attention
        self.feed_forward = nn.Sequential(
            nn.Linear(dim, config.feed_forward_dim), nn.GELU(), nn.Linear(config.feed_forward_dim, dim)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(5))
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, said: Tensor, memory: Memory, future: Tensor) -> Tensor:
        """Return the new states [n, T, t] of what was said; `future` bool [T, T] hides what comes later."""
        attended = self.own(said, said, said, attn_mask=future, need_weights=False)[0]
        state: Tensor = self.norms[0](said + self.dropout(attended))
        chain = (
            (self.history, memory.history, memory.history_mask),
            (self.entities, memory.entities, memory.entity_mask),
            (self.reviews, memory.reviews, memory.review_mask),
        )
        for norm, (attention, values, mask) in zip(list(self.norms)[1:4], chain, strict=True):
            attended = attention(state, values, values, key_padding_mask=~open_first(mask), need_weights=False)[0]
            # A row without any value learns nothing from this link of the chain.
            state = norm(state + self.dropout(attended) * mask.any(dim=1)[:, None, None])
        last: Tensor = self.norms[4](state + self.dropout(self.feed_forward(state)))
        return last


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

    def forward(self, said: Tensor, memory: Memory) -> Tensor:
        """Return log probabilities of the next token after each prefix.

        Args:
            said: int64 [n, T], beginning with START.
            memory: of n contexts.

        Returns:
            [n, T, response_size].
        """
        length = said.shape[1]
        state = self.embedding(said) * math.sqrt(self.dim) + positions(length, self.dim, said.device)
        future = torch.ones(length, length, dtype=torch.bool, device=said.device).triu(1)
        for layer in self.layers:
            state = layer(state, memory, future)
        words = (state @ self.embedding.weight.T + self.bias).masked_fill(self.never, -torch.inf)
        return self._with_copies(state, torch.log_softmax(words, dim=-1), memory)

    def _with_copies(self, state: Tensor, words: Tensor, memory: Memory) -> Tensor:
        """Mix the vocabulary's log distribution [n, T, V] with the distribution over what may be copied."""
        able = memory.copies != PAD
        scores = self.copy_query(state) @ memory.copy_states.transpose(1, 2) / math.sqrt(self.dim)
        weights = torch.softmax(scores.masked_fill(~open_first(able)[:, None], -torch.inf), dim=-1) * able[:, None]
        index = memory.copies[:, None].expand(-1, state.shape[1], -1)
        copied = torch.zeros_like(words).scatter_add(2, index, weights)
        gate = torch.sigmoid(self.copy_gate(state)) * able.any(dim=1)[:, None, None]
        return torch.log((1 - gate) * words.exp() + gate * copied + 1e-10)

    @torch.no_grad()
    def generate(self, memory: Memory, longest: int) -> Tensor:
        """Say the likeliest token again and again.

        Args:
            memory: of n contexts.
            longest: most tokens of a response.

        Returns:
            int64 [n, T], PAD after the end.
        """
        contexts = len(memory.history)
        said = torch.full((contexts, 1), START, device=memory.history.device)
        ended = torch.zeros(contexts, dtype=torch.bool, device=said.device)
        for _ in range(longest):
            following = self(said, memory)[:, -1].argmax(dim=-1)
            following = torch.where(ended, PAD, following)
            said = torch.cat([said, following[:, None]], dim=1)
            ended |= following == END
            if bool(ended.all()):
                break
        response = said[:, 1:]
        return torch.where(response == END, PAD, response)


def token_weights(counts: Tensor, config: GenerateConfig) -> Tensor:
    """Return the weight of each token: max(gamma, beta / f) where f >= beta, else 1 (the frequency weights of C2-CRS).

    Args:
        counts: int64 [words], how often each token is said in the training responses.
        config: beta is `frequency_threshold`, gamma `weight_floor`.
    """
    beta = config.frequency_threshold
    rare = torch.clamp(beta / counts.clamp(min=1).double(), min=config.weight_floor)
    return torch.where(counts >= beta, rare, 1.0).float()


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
