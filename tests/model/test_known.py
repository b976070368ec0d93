"""What is computed once and looked up is what would be computed in every step."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from model.batches import read_contexts
from model.config import load_config
from model.contrastive import total
from model.data import read_corpus
from model.graph import read_graph
from model.known import known_of
from model.phases import phases_of
from model.system import contexts_of, make_system, memory_of
from model.text import ITEM, PAD, RECOMMENDER, SEEKER, UNKNOWN

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


@pytest.mark.parametrize("own_words", [False, True])
def test_an_encoder_of_the_decoder_s_own_learns_and_leaves_the_shared_ones_alone(
    sample_workspace: Path, own_words: bool
) -> None:
    settings = ["model.generator.own_tokens=8", f"model.generator.own_words={own_words}"]
    config = load_config("small", [*settings, "coarse.epochs=0", "fine.epochs=0"])
    corpus = read_corpus(sample_workspace, config.text)
    system = make_system(corpus, read_graph(sample_workspace), config.model)
    *_, phase = phases_of(system, corpus, config)
    phase.begin()
    own = system.generator.own_encoder
    assert own is not None
    words, shared = own.embedding.weight, system.encoders.history_encoder.embedding.weight
    assert torch.equal(words, shared[: corpus.vocabulary.response_size]) != own_words
    torch.autograd.backward(total(phase.loss(phase.read(torch.arange(8)))))
    assert all(weight.grad is None for weight in system.encoders.parameters())
    learnt = {id(weight) for weight in phase.learns}
    assert {id(weight) for weight in own.layers.parameters()} <= learnt
    assert all(weight.grad is not None for weight in own.layers.parameters())
    assert (id(words) in learnt) == (words.grad is not None) == own_words


def test_an_encoder_of_the_decoder_s_own_reads_the_last_tokens_before_the_views(sample_workspace: Path) -> None:
    config = load_config("small", ["model.generator.own_tokens=8"])
    corpus = read_corpus(sample_workspace, config.text)
    system = make_system(corpus, read_graph(sample_workspace), config.model).eval()
    contexts = contexts_of(system, corpus, corpus.splits["train"].responses[-32:], config.text)
    lengths = (contexts.history != PAD).sum(dim=1)
    is_old = torch.arange(contexts.history.shape[1]) < lengths[:, None] - 8
    changed = replace(
        contexts,
        history=torch.where(is_old, UNKNOWN, contexts.history),
        copies=torch.where(is_old, PAD, contexts.copies),
    )
    assert not torch.equal(contexts.as_said(), changed.as_said())
    (own, shared, *_), (same, other, *_) = (memory_of(system, each).views for each in (contexts, changed))
    assert torch.equal(own.mask.sum(dim=1), lengths.clamp(max=8))
    assert torch.allclose(own.values, same.values, atol=1e-6)
    assert not torch.allclose(shared.values, other.values, atol=1e-6)


def test_a_history_as_it_would_be_said_has_slots_for_items_and_no_word_that_responses_lack(
    sample_workspace: Path,
) -> None:
    corpus = read_corpus(sample_workspace, SMALL.text)
    turns = corpus.splits["train"].responses[-32:]
    contexts = read_contexts(corpus, turns, SMALL.text)
    said = contexts.as_said()
    assert int(said.max()) < corpus.vocabulary.response_size < len(corpus.vocabulary)
    roles = (contexts.history == SEEKER) | (contexts.history == RECOMMENDER)
    assert torch.equal(said[roles], contexts.history[roles])
    assert torch.equal(said == PAD, contexts.history == PAD)
    assert torch.equal(said == ITEM, contexts.copies == ITEM)
    assert bool((said == ITEM).any())
