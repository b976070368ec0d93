"""Recommendation: the softmax over items of the product of a user vector and the item nodes (as in C2-CRS).

Notable here:
- as in the paper, the user vector pools the nodes of the entities that the dialogue has mentioned so far;
- by config, history, reviews and the role that speaks are added to it, paths through the graph to the scores, and a
  gate for repeated items stands behind;
- what is mentioned together and a liking for new items change what was learnt, never how it is learnt;
- a user who has mentioned nothing has a zero vector, and the items' biases decide.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from model.batches import Contexts
from model.c2crs import C2CRS
from model.co_mentions import SHARES, CoMentions
from model.config import ModelConfig
from model.data import NONE
from model.dials import Dial
from model.dropout import Dropout
from model.graph import Graph
from model.paths import PathScores
from model.repeats import RepeatGate


class Recommender(nn.Module):
    """Scores all items for a user."""

    def __init__(self, items: Tensor, graph: Graph, asked: Tensor, mentioned: Tensor, config: ModelConfig) -> None:
        """Make a recommender.

        Args:
            items: int64 [items], entity ids.
            graph: of the encoders.
            asked: int64 [items], how often training asks for each.
            mentioned: int64 [k], the entities that training dialogues mention, in order.
            config: sizes, and what a user's vector is made of.
        """
        super().__init__()
        chosen, text, shared = config.recommender, config.text_dim, config.graph_dim
        self.views = config.recommender_views
        start = torch.log1p(asked.float()) if chosen.frequency else torch.zeros(len(items))
        self.bias = nn.Parameter(start)
        self.from_history = nn.Linear(text, shared) if "history" in self.views else None
        self.from_reviews = nn.Linear(text, shared) if "reviews" in self.views else None
        self.role = nn.Embedding(2, shared) if chosen.roles else None
        self.paths = PathScores(graph, items) if chosen.paths else None
        self.co_mentions = CoMentions(graph.entities, len(items), mentioned) if chosen.co_mentions else None
        self.repeats = RepeatGate(shared) if chosen.repeats else None
        self.dropout, self.forget, self.most_novelty = Dropout(chosen.dropout), chosen.forget, chosen.novelty
        self.register_buffer("items", items, persistent=False)
        places = torch.full((graph.entities,), NONE, dtype=torch.int64)
        places[items] = torch.arange(len(items))
        self.register_buffer("places", places, persistent=False)
        self.register_buffer("novelty", torch.tensor(chosen.novelty, dtype=torch.float32))
        self.items: Tensor
        self.places: Tensor
        self.novelty: Tensor

    @property
    def dials(self) -> tuple[Dial, ...]:
        """What is set once the rest has learnt."""
        shares = () if self.co_mentions is None else (Dial("co-mentions", self.co_mentions.share, SHARES),)
        return (*shares, Dial("novelty", self.novelty, (0.0, self.most_novelty))) if self.most_novelty else shares

    def learns(self, encoders: C2CRS) -> list[nn.Parameter]:
        """Return the weights that recommendation learns: its own, and those of the encoders that it reads."""
        parts: list[nn.Module] = [self, encoders.graph_encoder, encoders.entity_pooling]
        if self.from_history is not None:
            parts += [encoders.history_encoder, encoders.history_pooling]
        if self.from_reviews is not None:
            parts += [encoders.sentence_encoder, encoders.sentence_pooling, encoders.review_pooling]
        return [weight for part in parts for weight in part.parameters()]

    def forward(self, encoders: C2CRS, contexts: Contexts, by_recommender: Tensor) -> Tensor:
        """Return the scores [n, items] after `contexts`, when the recommender (bool [n]) or the seeker speaks next."""
        wanted = torch.cat([self.items, contexts.entity.clamp(min=0).flatten()])
        distinct, rows = torch.unique(wanted, return_inverse=True)
        return self._score(encoders, contexts, by_recommender, encoders.graph_encoder(distinct), rows)

    def score_with(self, encoders: C2CRS, contexts: Contexts, by_recommender: Tensor, nodes: Tensor) -> Tensor:
        """Return the scores as `forward` does, from the vectors of all nodes [entities, g], computed once."""
        rows = torch.cat([self.items, contexts.entity.clamp(min=0).flatten()])
        return self._score(encoders, contexts, by_recommender, nodes, rows)

    def _score(
        self, encoders: C2CRS, contexts: Contexts, by_recommender: Tensor, vectors: Tensor, rows: Tensor
    ) -> Tensor:
        entity = contexts.entity
        item_rows, mention_rows = torch.split(rows, [len(self.items), entity.numel()])
        known = (entity != NONE)[..., None]
        mentioned = self.dropout(nn.functional.embedding(mention_rows.view(entity.shape), vectors) * known)
        user = self._user(encoders, contexts, by_recommender, mentioned)
        scores: Tensor = user @ nn.functional.embedding(item_rows, vectors).T + self.bias
        if self.paths is not None:
            scores = scores + self.paths(entity, contexts.ago, by_recommender)
        if self.co_mentions is not None and not self.training:
            scores = self.co_mentions.mixed_into(scores, entity, contexts.ago)
        places = torch.where(entity != NONE, self.places[entity.clamp(min=0)], NONE)
        if self.repeats is not None:
            scores = self.repeats(scores, user, mentioned, places, contexts.ago, by_recommender)
        if self.most_novelty and not self.training:
            is_item = (places != NONE).to(scores.dtype)
            named = torch.zeros_like(scores).scatter_reduce(1, places.clamp(min=0), is_item, "amax")
            scores = scores - self.novelty * named * by_recommender[:, None]
        return scores

    def _user(self, encoders: C2CRS, contexts: Contexts, by_recommender: Tensor, mentioned: Tensor) -> Tensor:
        user: Tensor = mentioned.new_zeros(len(mentioned), mentioned.shape[-1])
        if "graph" in self.views:
            user = user + encoders.entity_pooling(mentioned, self._looked_at(contexts.entity != NONE))
        if self.from_history is not None:
            user = user + self.from_history(encoders.history_vectors(contexts.history))
        if self.from_reviews is not None:
            user = user + self.from_reviews(encoders.review_vectors(contexts.sentence))
        if self.role is not None:
            user = user + self.role(by_recommender.long())
        dropped: Tensor = self.dropout(user)
        return dropped

    def _looked_at(self, known: Tensor) -> Tensor:
        """Leave out some of the known mentions while learning, so that no single one decides."""
        if not self.training or not self.forget:
            return known
        return known & (torch.rand(known.shape, device=known.device) >= self.forget)
