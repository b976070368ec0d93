"""C2-CRS: three encoders whose views of a user are drawn together, coarsely and finely (Zhou et al., WSDM 2022).

Notable here:
- history, graph and review encoders each have their own parameters; projections bring them to one space;
- an encoding knows which of its views exist, so what a sample lacks weighs nothing instead of being a zero vector;
- each distinct entity and sentence of a batch is encoded once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.batches import Contexts, pad_slices
from model.config import ModelConfig
from model.contrastive import pairwise
from model.data import NONE, Corpus, Slices
from model.encoders import SelfAttentivePooling, TextEncoder, mean_of_spans
from model.graph import Graph, GraphEncoder
from model.parallel import gathered, number, processes, scaled
from model.text import PAD

VIEW_OF = {"word": "history", "node": "graph", "sentence": "reviews"}
"""Which view of a user each part of a triple belongs to."""


@dataclass(frozen=True)
class Encoded:
    """What the encoders make of n contexts; E mentions, L tokens, text width t, graph width g."""

    history: Tensor  # [n, L, t], a state a token
    history_mask: Tensor  # bool [n, L]
    nodes: Tensor  # [n, E, g], a vector a mentioned entity
    node_mask: Tensor  # bool [n, E]
    sentences: Tensor  # [n, E, t], a vector a mention's sentence
    sentence_mask: Tensor  # bool [n, E]


class C2CRS(nn.Module):
    """The three encoders and their projections to one space."""

    def __init__(self, words: int, graph: Graph, sentences: tuple[Tensor, Tensor, Tensor], config: ModelConfig) -> None:
        """Make the encoders.

        Args:
            words: size of the vocabulary.
            graph: the graph of the bundle.
            sentences: all sentence tokens, and each sentence's start and end in them (int64); they are no weights, so
                others may be put in their place.
            config: sizes.
        """
        super().__init__()
        text, shared = config.text_dim, config.graph_dim
        self.history_encoder = TextEncoder(words, config)
        self.history_pooling = SelfAttentivePooling(text)
        self.graph_encoder = GraphEncoder(graph, config)
        self.entity_pooling = SelfAttentivePooling(shared)
        self.sentence_encoder = TextEncoder(words, config)
        self.sentence_pooling = SelfAttentivePooling(text)
        self.review_pooling = SelfAttentivePooling(text)
        self.project_history = nn.Linear(text, shared)
        self.project_entities = nn.Linear(shared, shared)
        self.project_reviews = nn.Linear(text, shared)
        self.project_word = nn.Linear(text, shared)
        self.project_node = nn.Linear(shared, shared)
        self.project_sentence = nn.Linear(text, shared)
        self.sentences = sentences
        self._views = frozenset[str](config.views)

    def encode_nodes(self, entity: Tensor) -> Tensor:
        """Return the node vectors of `entity` (int64 [n, E], NONE: none) as [n, E, g]."""
        distinct, inverse = torch.unique(entity.clamp(min=0), return_inverse=True)
        vectors: Tensor = functional.embedding(inverse, self.graph_encoder(distinct)) * (entity != NONE)[..., None]
        return vectors

    def encode_sentences(self, sentence: Tensor) -> Tensor:
        """Return the sentence vectors of `sentence` (int64 [n, E], NONE: none) as [n, E, t]."""
        distinct, inverse = torch.unique(sentence, return_inverse=True)
        vectors = torch.zeros(len(distinct), self.sentence_encoder.dim, device=sentence.device)
        known = distinct != NONE
        if bool(known.any()):
            pooled = self.sentence_encoder.pooled(self.sentence_tokens(distinct[known]), self.sentence_pooling)
            vectors = vectors.masked_scatter(known[:, None], pooled)
        return functional.embedding(inverse, vectors)

    def history_vectors(self, history: Tensor) -> Tensor:
        """Return one vector a history (int64 [n, L]) as [n, t], zeros where it is empty."""
        return self.history_encoder.pooled(history, self.history_pooling)

    def review_vectors(self, sentence: Tensor) -> Tensor:
        """Return one vector for the sentences (int64 [n, E], NONE: none) of each row: [n, t], zeros where none is."""
        vectors: Tensor = self.review_pooling(self.encode_sentences(sentence), sentence != NONE)
        return vectors

    def sentence_tokens(self, sentence: Tensor) -> Tensor:
        """Return the tokens of the sentences (int64 [k]) as int64 [k, longest]."""
        tokens, start, end = self.sentences
        return pad_slices(tokens, Slices(start[sentence], end[sentence]), PAD)

    def move_sentences(self, device: torch.device) -> None:
        """Put the sentences' tokens on `device`; they are no parameters, so `to` leaves them where they are."""
        tokens, start, end = (part.to(device) for part in self.sentences)
        self.sentences = (tokens, start, end)

    def encode(self, contexts: Contexts) -> Encoded:
        """Run the three encoders."""
        return Encoded(
            history=self.history_encoder(contexts.history),
            history_mask=contexts.history != PAD,
            nodes=self.encode_nodes(contexts.entity),
            node_mask=contexts.entity != NONE,
            sentences=self.encode_sentences(contexts.sentence),
            sentence_mask=contexts.sentence != NONE,
        )

    def coarse_loss(self, encoded: Encoded, temperature: float) -> dict[str, Tensor]:
        """Return the loss between each two of the user's views (the coarse stage)."""
        views = {
            "history": self.project_history(self.history_pooling(encoded.history, encoded.history_mask)),
            "graph": self.project_entities(self.entity_pooling(encoded.nodes, encoded.node_mask)),
            "reviews": self.project_reviews(self.review_pooling(encoded.sentences, encoded.sentence_mask)),
        }
        masks = {"history": encoded.history_mask, "graph": encoded.node_mask, "reviews": encoded.sentence_mask}
        # No two contexts are the same thing, wherever they are encoded.
        identity = torch.arange(len(encoded.history), device=encoded.history.device) * processes() + number()
        valid = {view: mask.any(dim=1) for view, mask in masks.items()}
        chosen = {view: vectors for view, vectors in views.items() if view in self._views}
        return _drawn_together(chosen, identity, valid, temperature)

    def fine_loss(self, encoded: Encoded, contexts: Contexts, temperature: float) -> dict[str, Tensor]:
        """Return the loss between each two of word, node and sentence of the triples (the fine stage)."""
        here = encoded.node_mask
        words = mean_of_spans(encoded.history, contexts.word_start, contexts.word_end)
        views = {
            "word": self.project_word(words[here]),
            "node": self.project_node(encoded.nodes[here]),
            "sentence": self.project_sentence(encoded.sentences[here]),
        }
        valid = {
            "word": (contexts.word_end > contexts.word_start)[here],
            "node": torch.ones(int(here.sum()), dtype=torch.bool, device=here.device),
            "sentence": encoded.sentence_mask[here],
        }
        chosen = {part: vectors for part, vectors in views.items() if VIEW_OF[part] in self._views}
        return _drawn_together(chosen, contexts.entity[here], valid, temperature)


def _drawn_together(
    views: Mapping[str, Tensor], identity: Tensor, valid: Mapping[str, Tensor], temperature: float
) -> dict[str, Tensor]:
    """Return the loss between each two views, with the things of all processes as negatives."""
    parts = pairwise(
        {view: gathered(vectors) for view, vectors in views.items()},
        gathered(identity),
        {view: gathered(valid[view]) for view in views},
        temperature,
    )
    return {pair: scaled(loss) for pair, loss in parts.items()}


def make_model(corpus: Corpus, graph: Graph, config: ModelConfig) -> C2CRS:
    """Make the encoders for a corpus and a graph."""
    sentences = (corpus.sentence_tokens, corpus.sentences.start, corpus.sentences.end)
    return C2CRS(len(corpus.vocabulary), graph, sentences, config)
