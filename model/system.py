"""The whole system as one module: encoders, recommender and generator, and the loss of each phase."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.batches import Asked, Contexts, Responses, read_contexts
from model.c2crs import C2CRS, Encoded, make_model
from model.co_mentions import mentioned_in_training
from model.config import FineConfig, ModelConfig, RecommendConfig, TextConfig
from model.data import NONE, Corpus
from model.generator import Generator, Memory, is_asked, response_loss
from model.graph import Graph
from model.known import Known
from model.parallel import part_of_sum
from model.recommender import Recommender
from model.text import PAD


class System(nn.Module):
    """Encoders, recommender and generator."""

    def __init__(self, encoders: C2CRS, recommender: Recommender, generator: Generator) -> None:
        super().__init__()
        self.encoders = encoders
        self.recommender = recommender
        self.generator = generator

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.recommender.bias.device

    def move(self, device: torch.device) -> None:
        """Put weights, graph and sentences on `device`."""
        self.to(device)
        self.encoders.graph_encoder.move_graph(device)
        self.encoders.move_sentences(device)


def make_system(corpus: Corpus, graph: Graph, config: ModelConfig) -> System:
    """Make an untrained system for a corpus and a graph."""
    encoders = make_model(corpus, graph if "graph" in config.views else graph.without_edges(), config)
    asked = torch.bincount(corpus.splits["train"].target, minlength=len(corpus.items))
    recommender = Recommender(corpus.items, encoders.graph_encoder.graph, asked, mentioned_in_training(corpus), config)
    return System(encoders, recommender, Generator(corpus.vocabulary.response_size, config))


def contexts_of(system: System, corpus: Corpus, turns: Tensor, config: TextConfig) -> Contexts:
    """Return the contexts of `turns` on the system's device."""
    return read_contexts(corpus, turns, config).to(system.device)


def coarse_loss(system: System, contexts: Contexts, temperature: float) -> dict[str, Tensor]:
    """Return the parts of a batch's coarse loss."""
    return system.encoders.coarse_loss(system.encoders.encode(contexts), temperature)


def fine_loss(system: System, contexts: Contexts, temperature: float, coarse_weight: float) -> dict[str, Tensor]:
    """Return the parts of a batch's fine loss, and those of the coarse one by its weight (the fine stage of C2-CRS)."""
    encoded = system.encoders.encode(contexts)
    fine = system.encoders.fine_loss(encoded, contexts, temperature)
    return fine | _weighted(system.encoders.coarse_loss(encoded, temperature), coarse_weight)


def _weighted(parts: Mapping[str, Tensor], weight: float) -> dict[str, Tensor]:
    return {name: weight * part for name, part in parts.items()}


def recommendation_loss(
    system: System, asked: Asked, recommend: RecommendConfig, contrast: FineConfig
) -> dict[str, Tensor]:
    """Return the cross-entropy of the target items, and the parts of the fine stage's loss by their weight.

    Args:
        system: what learns.
        asked: the samples, on its device.
        recommend: how much the targets are smoothed (Szegedy et al., Rethinking the Inception Architecture, CVPR 2016,
            section 7), and how much the fine stage's loss weighs beside them.
        contrast: of the fine stage.
    """
    weight = recommend.contrastive_weight
    scores = system.recommender(system.encoders, asked.contexts, asked.by_recommender)
    chosen = functional.embedding(asked.context, scores)
    loss = functional.cross_entropy(chosen, asked.target, label_smoothing=recommend.smoothing)
    loss = loss * part_of_sum(torch.tensor(len(asked.target)))
    if not weight:
        return {"items": loss}
    fine = fine_loss(system, asked.contexts, contrast.temperature, contrast.coarse_weight)
    return {"items": loss} | _weighted(fine, weight)


def memory_of(system: System, contexts: Contexts, known: Known | None = None) -> Memory:
    """Return what the decoder attends to, from encoders that stay as they are.

    Args:
        system: encoders and decoder.
        contexts: of n turns.
        known: all nodes and sentences where they were computed before.
    """
    encoders = system.encoders
    with torch.no_grad():
        history = encoders.history_encoder(contexts.history)
        nodes = known.nodes_of(contexts) if known else encoders.encode_nodes(contexts.entity)
        sentences = known.sentences_of(contexts) if known else encoders.encode_sentences(contexts.sentence)
    encoded = Encoded(
        history=history,
        history_mask=contexts.history != PAD,
        nodes=nodes,
        node_mask=contexts.entity != NONE,
        sentences=sentences,
        sentence_mask=contexts.sentence != NONE,
    )
    return system.generator.remember(encoded, contexts)


def generation_loss(system: System, responses: Responses, known: Known) -> dict[str, Tensor]:
    """Return the cross-entropy of responses, weighted by token, from what is known of graph and sentences."""
    memory = memory_of(system, responses.contexts, known)
    chances = system.generator.chances_of(responses.wanted, responses.given, memory)
    loss = response_loss(chances, responses.wanted, system.generator.token_weights)
    return {"words": loss * part_of_sum(is_asked(responses.wanted).sum())}
