"""What is computed once and looked up is what would be computed in every step."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from model.config import load_config
from model.contrastive import total
from model.data import read_corpus
from model.graph import read_graph
from model.known import known_of
from model.phases import phases_of
from model.system import contexts_of, make_system, memory_of
from model.text import PAD, UNKNOWN

SMALL = load_config("small")


def test_the_decoder_sees_the_same_whether_nodes_and_sentences_were_known(sample_workspace: Path) -> None:
    corpus = read_corpus(sample_workspace, SMALL.text)
    system = make_system(corpus, read_graph(sample_workspace), SMALL.model).eval()
    contexts = contexts_of(system, corpus, corpus.splits["train"].responses[:32], SMALL.text)
    one, other = (memory_of(system, contexts, known) for known in (None, known_of(system.encoders)))
    for view, same in zip(one.views, other.views, strict=True):
        assert torch.allclose(view.values, same.values, atol=1e-5)
        assert torch.equal(view.mask, same.mask)
    assert torch.equal(one.copies, other.copies)
    assert torch.allclose(one.copy_states, other.copy_states, atol=1e-5)


def test_an_encoder_of_the_decoder_s_own_learns_with_it_and_leaves_the_shared_ones_alone(
    sample_workspace: Path,
) -> None:
    config = load_config("small", ["model.generator.own_tokens=8", "coarse.epochs=0", "fine.epochs=0"])
    corpus = read_corpus(sample_workspace, config.text)
    system = make_system(corpus, read_graph(sample_workspace), config.model)
    *_, phase = phases_of(system, corpus, config)
    phase.begin()
    assert system.generator.own_encoder is not None
    torch.autograd.backward(total(phase.loss(phase.read(torch.arange(8)))))
    assert all(weight.grad is None for weight in system.encoders.parameters())
    assert {id(weight) for weight in system.generator.own_encoder.parameters()} <= {id(w) for w in phase.learns}
    assert all(weight.grad is not None for weight in system.generator.own_encoder.parameters())


def test_an_encoder_of_the_decoder_s_own_reads_the_last_tokens_before_the_views(sample_workspace: Path) -> None:
    config = load_config("small", ["model.generator.own_tokens=8"])
    corpus = read_corpus(sample_workspace, config.text)
    system = make_system(corpus, read_graph(sample_workspace), config.model).eval()
    contexts = contexts_of(system, corpus, corpus.splits["train"].responses[-32:], config.text)
    lengths = (contexts.history != PAD).sum(dim=1, keepdim=True)
    place = torch.arange(contexts.history.shape[1])
    changed = torch.where(place < lengths - 8, UNKNOWN, contexts.history)
    assert not torch.equal(changed, contexts.history)
    one, other = (memory_of(system, replace(contexts, history=tokens)) for tokens in (contexts.history, changed))
    assert [view.mask.shape[1] for view in one.views[:2]] == [8, contexts.history.shape[1]]
    assert torch.equal(one.views[0].mask.sum(dim=1), lengths[:, 0].clamp(max=8))
    assert torch.allclose(one.views[0].values, other.views[0].values, atol=1e-6)
    assert not torch.allclose(one.views[1].values, other.views[1].values, atol=1e-6)
