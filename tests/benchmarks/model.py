"""Seconds of a training step beside plain PyTorch Geometric: ``python -m tests.benchmarks.model [--workspace WS]``.

The peer has the same sizes and the same data, put together as one would at first: RGCNConv over the whole graph in
every step, histories padded to 256 tokens and a review sentence for every mention padded to 40, torch's own
Transformers, Adam over everything. Both take the same batches of the published size, forward, backward and step. Prints
a table with ratios and a line of JSON; nothing is asserted. Without --workspace a bundle is made of ReDial in
KGPREP_DATA. Its graph is brought to the size of the one that C2-CRS was published with, by made-up entities that take
part in edges like those it has.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from kgprep.kg.build import KgConfig, build_kg
from kgprep.reviews.align import AlignConfig, align_reviews
from model.batches import pad_slices, read_contexts
from model.config import TrainConfig, load_config
from model.contrastive import pairwise, total
from model.data import NONE, Corpus, Slices, read_corpus
from model.encoders import EncoderLayer, SelfAttentivePooling
from model.graph import Graph, make_graph, read_graph
from model.phases import Phase, phases_of
from model.system import make_system
from model.text import PAD, START
from tests.benchmarks.peak_memory import peak_megabytes

STEPS = 4
PUBLISHED_ENTITIES, PUBLISHED_EDGES = 64_363, 316_884


class Plain(nn.Module):
    """The three encoders, a recommender and a decoder as one would write them at first."""

    def __init__(self, corpus: Corpus, graph: Graph, config: TrainConfig) -> None:
        # Imported here, so that the memory of ours is measured without it.
        from torch_geometric.nn import RGCNConv

        super().__init__()
        sizes, self.corpus, self.config = config.model, corpus, config
        head, self.kind, tail = _edges_of(graph)
        self.index = torch.stack([tail, head])
        text, shared = sizes.text_dim, sizes.graph_dim
        self.nodes = nn.Parameter(torch.randn(graph.entities, shared) / shared**0.5)
        self.graph = RGCNConv(shared, shared, graph.relations, num_bases=sizes.bases)
        self.words = nn.Embedding(len(corpus.vocabulary), text, padding_idx=PAD)
        self.history, self.reviews = self._transformer(), self._transformer()
        self.pools = nn.ModuleList(SelfAttentivePooling(dim) for dim in (text, shared, text, text))
        self.shared = nn.ModuleList(nn.Linear(dim, shared) for dim in (text, shared, text))
        layer = nn.TransformerDecoderLayer(text, sizes.heads, sizes.feed_forward_dim, sizes.dropout, batch_first=True)
        self.decoder = nn.TransformerDecoder(layer, 3 * sizes.layers)  # a chain of three attentions a layer
        self.say = nn.Linear(text, corpus.vocabulary.response_size)

    def _transformer(self) -> nn.TransformerEncoder:
        sizes = self.config.model
        layer = nn.TransformerEncoderLayer(
            sizes.text_dim, sizes.heads, sizes.feed_forward_dim, sizes.dropout, batch_first=True
        )
        return nn.TransformerEncoder(layer, sizes.layers, enable_nested_tensor=False)

    def read(self, turns: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return histories [n, 256], entities [n, E], sentences [n * E, 40] and where there is one [n, E]."""
        contexts = read_contexts(self.corpus, turns, self.config.text)
        history = functional.pad(
            contexts.history, (0, self.config.text.history_tokens - contexts.history.shape[1]), value=PAD
        )
        sentence = contexts.sentence.flatten().clamp(min=0)
        slices = Slices(self.corpus.sentences.start[sentence], self.corpus.sentences.end[sentence])
        tokens = pad_slices(self.corpus.sentence_tokens, slices, PAD)
        tokens = functional.pad(tokens, (0, self.config.text.sentence_tokens - tokens.shape[1]), value=PAD)
        return history, contexts.entity, tokens, contexts.sentence != NONE

    def encode(self, layers: nn.TransformerEncoder, tokens: Tensor) -> Tensor:
        """Return a state a token."""
        states: Tensor = layers(self.words(tokens), src_key_padding_mask=tokens == PAD)
        return states

    def views(self, turns: Tensor) -> tuple[list[Tensor], list[Tensor], Tensor]:
        """Return the three vectors of each user, whether they exist, and the states of the histories."""
        history, entity, sentences, told = self.read(turns)
        states = self.encode(self.history, history)
        nodes = self.graph(self.nodes, self.index, self.kind)[entity.clamp(min=0)]
        spoken = self.pools[2](self.encode(self.reviews, sentences), sentences != PAD).view(*entity.shape, -1)
        pooled = (
            self.pools[0](states, history != PAD),
            self.pools[1](nodes, entity != NONE),
            self.pools[3](spoken, told),
        )
        vectors = [shared(vector) for shared, vector in zip(self.shared, pooled, strict=True)]
        return vectors, [(history != PAD).any(1), (entity != NONE).any(1), told.any(1)], states

    def contrast(self, turns: Tensor) -> Tensor:
        """Return the coarse loss."""
        vectors, valid, _ = self.views(turns)
        names = ("history", "graph", "reviews")
        of_view = dict(zip(names, valid, strict=True))
        return total(pairwise(dict(zip(names, vectors, strict=True)), torch.arange(len(turns)), of_view, 0.07))

    def recommend(self, turns: Tensor, target: Tensor) -> Tensor:
        """Return the cross-entropy over all entities."""
        entity = read_contexts(self.corpus, turns, self.config.text).entity
        nodes = self.graph(self.nodes, self.index, self.kind)
        user = self.pools[1](nodes[entity.clamp(min=0)], entity != NONE)
        return functional.cross_entropy(user @ nodes.T, self.corpus.items[target])

    def generate(self, turns: Tensor) -> Tensor:
        """Return the cross-entropy of responses; everything learns."""
        _, _, states = self.views(turns)
        longest = self.config.text.response_tokens
        wanted = pad_slices(self.corpus.response_tokens, self.corpus.turns.response.at(turns), PAD)[:, :longest]
        given = torch.cat([torch.full((len(turns), 1), START), wanted[:, :-1]], dim=1)
        hidden = nn.Transformer.generate_square_subsequent_mask(given.shape[1])
        said = self.say(self.decoder(self.words(given), states, tgt_mask=hidden, tgt_is_causal=True))
        return functional.cross_entropy(said.flatten(0, 1), wanted.flatten(), ignore_index=PAD)


def main() -> None:
    """Time both in turn and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workspace", type=Path, help="a bundle; by default one is made of ReDial in KGPREP_DATA")
    parser.add_argument("--compiled", action="store_true", help="compile the layers of our text encoders")
    given = parser.parse_args()
    if given.workspace is not None:
        compare(given.workspace, compiled=given.compiled)
        return
    with tempfile.TemporaryDirectory() as folder:
        compare(_redial(Path(folder) / "redial", Path(os.environ["KGPREP_DATA"])), compiled=given.compiled)


def compare(workspace: Path, *, compiled: bool = False) -> None:
    """Time the phases of both on the bundle in `workspace`."""
    config = load_config("c2crs")
    torch.manual_seed(0)
    corpus, graph = read_corpus(workspace, config.text), grown(read_graph(workspace))
    ours = make_system(corpus, graph, config.model)
    if compiled:
        for layer in ours.modules():
            if isinstance(layer, EncoderLayer):
                layer.compile(dynamic=True)
    phases = list(phases_of(ours, corpus, config))
    print(f"{graph.entities:,} entities, {len(graph.tail):,} edges, {graph.relations} relations, batches of 256")
    own = {phase.name: _chosen(phase) for phase in phases}
    seconds = {phase.name: _seconds(_step(phase.learns, _loss(phase), fused=True), own[phase.name]) for phase in phases}
    ours_peak = peak_megabytes()
    theirs = Plain(corpus, graph, config)
    plain = {
        phase.name: _seconds(_step(list(theirs.parameters()), _plain_loss(theirs, phase.name)), own[phase.name])
        for phase in phases
        if phase.name != "fine"
    }
    peak = peak_megabytes()
    print(f"{'phase':10} {'ours s':>7} {'optimiser s':>11} {'plain s':>8} {'ratio':>6}")
    for phase in phases:
        mine, optimiser = (statistics.mean(column) for column in zip(*seconds[phase.name], strict=True))
        other = statistics.mean(step for step, _ in plain[phase.name]) if phase.name in plain else float("nan")
        print(f"{phase.name:10} {mine:>7.2f} {optimiser:>11.3f} {other:>8.2f} {other / mine:>6.1f}")
    print(f"peak memory: ours {ours_peak:,.0f} MB, both {peak:,.0f} MB")
    print(json.dumps({"ours": seconds, "plain": plain, "ours_peak_mb": ours_peak, "peak_mb": peak}))


def grown(graph: Graph) -> Graph:
    """Return a graph of the published size: each edge more is one of the graph with a made-up entity at one end."""
    entities, edges = max(0, PUBLISHED_ENTITIES - graph.entities), max(0, PUBLISHED_EDGES - len(graph.tail))
    if not entities or not edges:
        return graph
    head, relation, tail = _edges_of(graph)
    drawn = torch.randint(len(tail), (edges,))
    made_up = torch.arange(edges) % entities + graph.entities
    is_head = torch.rand(edges) < 0.5
    more_heads, more_tails = torch.where(is_head, made_up, head[drawn]), torch.where(is_head, tail[drawn], made_up)
    return make_graph(
        graph.entities + entities,
        graph.relations,
        torch.cat([head, more_heads]),
        torch.cat([relation, relation[drawn]]),
        torch.cat([tail, more_tails]),
    )


def _edges_of(graph: Graph) -> tuple[Tensor, Tensor, Tensor]:
    """Return head, relation and tail of each edge, int64 [edges]."""
    of_pair = graph.edges.diff()
    heads = torch.arange(graph.entities).repeat_interleave(graph.pairs.diff())
    return heads.repeat_interleave(of_pair), graph.relation.repeat_interleave(of_pair), graph.tail


def _chosen(phase: Phase[Any]) -> list[Tensor]:
    """Return the rows of a few batches, the same for both."""
    return phase.order(torch.Generator().manual_seed(0))[:STEPS]


def _step(
    learns: list[nn.Parameter], loss: Callable[[Tensor], Tensor], *, fused: bool = False
) -> Callable[[Tensor], float]:
    """Return a function that takes one step on a batch and returns the seconds that the optimiser took of it."""
    optimiser = torch.optim.Adam(learns, fused=fused)

    def step(rows: Tensor) -> float:
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss(rows))
        nn.utils.clip_grad_norm_(learns, 0.1)
        started = time.perf_counter()
        optimiser.step()
        return time.perf_counter() - started

    return step


def _loss(phase: Phase[Any]) -> Callable[[Tensor], Tensor]:
    return lambda rows: total(phase.loss(phase.read(rows)))


def _plain_loss(plain: Plain, phase: str) -> Callable[[Tensor], Tensor]:
    samples = plain.corpus.splits["train"]
    if phase == "recommend":
        return lambda rows: plain.recommend(samples.turn[rows], samples.target[rows])
    if phase == "generate":
        return lambda rows: plain.generate(samples.responses[rows])
    return lambda rows: plain.contrast(samples.contexts[rows])


def _seconds(step: Callable[[Tensor], float], every: list[Tensor]) -> list[tuple[float, float]]:
    """Return the seconds of each step and of its optimiser; the first step, which makes the state, is left out."""
    seconds = []
    for rows in every:
        started = time.perf_counter()
        of_optimiser = step(rows)
        seconds.append((time.perf_counter() - started, of_optimiser))
    return seconds[1:]


def _redial(workspace: Path, data: Path) -> Path:
    dumps = tuple(sorted((data / "dbpedia").glob("*_lang=en.ttl.bz2")))
    build_kg(workspace, KgConfig(dialogues=f"redial:{data / 'redial'}", dumps=dumps))
    align_reviews(workspace, AlignConfig(reviews=(str(data / "reviews/imdb_reviews.jsonl.gz"),)))
    return workspace


if __name__ == "__main__":
    main()
