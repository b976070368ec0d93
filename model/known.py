"""Nodes and sentences of encoders that learn no more: computed once, looked up in every step after."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from model.batches import Contexts
from model.c2crs import C2CRS
from model.data import NONE

CHUNK = 4096


@dataclass(frozen=True)
class Known:
    """The vectors of all entities and of all sentences."""

    nodes: Tensor  # [entities, g]
    sentences: Tensor  # [sentences, t]

    def nodes_of(self, contexts: Contexts) -> Tensor:
        """Return the vectors of the entities mentioned in n contexts: [n, E, g], zeros where there is none."""
        return _looked_up(self.nodes, contexts.entity)

    def sentences_of(self, contexts: Contexts) -> Tensor:
        """Return the vectors of the mentions' sentences in n contexts: [n, E, t], zeros where there is none."""
        return _looked_up(self.sentences, contexts.sentence)


@torch.no_grad()
def known_of(encoders: C2CRS) -> Known:
    """Return what the encoders, which must be in evaluation mode, make of every entity and sentence."""
    device = encoders.graph_encoder.embedding.device
    nodes = encoders.graph_encoder(torch.arange(encoders.graph_encoder.graph.entities, device=device))
    every = torch.arange(len(encoders.sentences[1]), device=device)
    parts = [encoders.encode_sentences(some) for some in torch.split(every, CHUNK)]
    return Known(nodes, torch.cat([torch.zeros(0, encoders.sentence_encoder.dim, device=device), *parts]))


def _looked_up(vectors: Tensor, place: Tensor) -> Tensor:
    if not len(vectors):
        return vectors.new_zeros(*place.shape, vectors.shape[1])
    return functional.embedding(place.clamp(min=0), vectors) * (place != NONE)[..., None]
