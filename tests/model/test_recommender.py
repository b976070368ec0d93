"""The recommender's gate for repeated items, against a loop, and what a config adds to the user's vector."""

from __future__ import annotations

import math
from collections import defaultdict
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model.batches import Contexts
from model.c2crs import C2CRS
from model.config import ModelConfig, TextConfig
from model.data import NONE, read_corpus
from model.graph import make_graph
from model.recommender import Recommender
from model.repeats import TURNS, RepeatGate, repeat_rates

ITEMS = 6
places_of_items = st.lists(
    st.lists(st.integers(NONE, ITEMS - 1), min_size=4, max_size=4), min_size=1, max_size=5
)  # fmt: skip


def some_rates() -> torch.Tensor:
    return torch.linspace(0.01, 0.3, TURNS * 2).view(TURNS, 2)


@settings(deadline=None, max_examples=40)
@given(places_of_items, st.integers(0, 100))
def test_the_gate_shares_the_chance_as_a_loop_does(rows: list[list[int]], seed: int) -> None:
    torch.manual_seed(seed)
    rates, places = some_rates(), torch.tensor(rows)
    gate = RepeatGate(3, rates).requires_grad_(False)
    user, mentioned, speaks = torch.randn(len(rows), 3), torch.randn(len(rows), 4, 3), torch.rand(len(rows)) < 0.5
    scores, temperature = torch.randn(len(rows), ITEMS), 1 + seed / 100
    gate.temperature.fill_(temperature)
    chances = torch.softmax(scores / temperature, dim=1)
    ago = torch.randint(1, 2 * TURNS, (len(rows), 4)).sort(descending=True).values
    found = gate(scores, user, mentioned, places, ago, speaks).exp().detach()
    assert torch.allclose(found.sum(dim=1), torch.ones(len(rows)), atol=1e-5)
    for row, named in enumerate(rows):
        latest = {place: slot for slot, place in enumerate(named) if place != NONE}
        odds = {NONE: math.exp(float(gate.other(user[row])))}
        for place, slot in latest.items():
            liking = float(gate.query(user[row]) @ mentioned[row, slot]) / math.sqrt(3)
            odds[place] = math.exp(liking) * float(rates[min(int(ago[row, slot]), TURNS - 1), int(speaks[row])])
        total = sum(odds.values())
        expected = odds.pop(NONE) / total * chances[row]
        for place, value in odds.items():
            expected[place] += value / total
        assert torch.allclose(found[row], expected, atol=1e-5)


def test_rates_of_repeats_count_the_training_split_by_distance_and_speaker(sample_workspace: Path) -> None:
    corpus = read_corpus(sample_workspace, TextConfig())
    named, again = defaultdict[tuple[int, int], int](int), defaultdict[tuple[int, int], int](int)
    train, turns, mentions = corpus.splits["train"], corpus.turns, corpus.mentions
    for turn, target in zip(train.turn.tolist(), train.target.tolist(), strict=True):
        latest = {}
        for mention in range(int(turns.mentions.start[turn]), int(turns.mentions.end[turn])):
            latest[int(mentions.place[mention])] = min(turn - int(mentions.turn[mention]), TURNS - 1)
        latest.pop(NONE, None)
        for place, ago in latest.items():
            named[ago, int(turns.is_recommender[turn])] += 1
            again[ago, int(turns.is_recommender[turn])] += place == target
    assert sum(again.values()) > 10
    found = repeat_rates(corpus)
    for ago in range(TURNS):
        for speaks in (0, 1):
            expected = (again[ago, speaks] + 1) / (named[ago, speaks] + 20)
            assert float(found[ago, speaks]) == pytest.approx(expected)


def a_model(recommender: dict[str, object]) -> tuple[C2CRS, Recommender]:
    torch.manual_seed(0)
    config = ModelConfig.model_validate(
        {"text_dim": 8, "graph_dim": 6, "layers": 1, "heads": 2, "feed_forward_dim": 8, "bases": 2}
        | {"recommender": recommender}
    )
    graph = make_graph(5, 2, torch.tensor([0, 1, 2]), torch.tensor([0, 1, 1]), torch.tensor([1, 2, 3]))
    sentences = (torch.tensor([7, 8, 9, 7]), torch.tensor([0, 2]), torch.tensor([2, 4]))
    asked = torch.tensor([5, 0, 1])
    encoders = C2CRS(12, graph, sentences, config).eval()
    return encoders, Recommender(torch.tensor([0, 2, 4]), 5, asked, some_rates(), config).eval()


def contexts(history: int = 7, entity: int = 0, sentence: int = 0, ago: int = 1) -> Contexts:
    zeros = torch.zeros(1, 1, dtype=torch.int64)
    one = [torch.tensor([[value]]) for value in (history, entity, sentence)]
    return Contexts(one[0], one[0], one[1], one[2], zeros + ago, zeros[..., None], zeros, zeros)


def scores(model: tuple[C2CRS, Recommender], given: Contexts, by_recommender: bool = True) -> torch.Tensor:
    encoders, recommender = model
    found: torch.Tensor = recommender(encoders, given, torch.tensor([by_recommender]))
    return found.detach()


@pytest.mark.parametrize(
    ("recommender", "heard"),
    [
        ({}, {"entity"}),
        ({"views": ["graph", "history"]}, {"entity", "history"}),
        ({"views": ["reviews"]}, {"sentence"}),
        ({"views": ["graph"], "roles": True}, {"entity", "role"}),
        ({"views": ["graph"], "repeats": True}, {"entity", "ago", "role"}),
    ],
)
def test_scores_follow_what_the_config_names_and_nothing_else(recommender: dict[str, object], heard: set[str]) -> None:
    model = a_model(recommender)
    base = scores(model, contexts())
    changed = {
        "history": scores(model, contexts(history=8)),
        "entity": scores(model, contexts(entity=1)),
        "sentence": scores(model, contexts(sentence=1)),
        "ago": scores(model, contexts(ago=2)),
        "role": scores(model, contexts(), by_recommender=False),
    }
    assert {name for name, other in changed.items() if not torch.allclose(base, other)} == heard
    nodes = model[0].graph_encoder(torch.arange(5))
    again = model[1].score_with(model[0], contexts(), torch.tensor([True]), nodes).detach()
    assert torch.allclose(base, again, atol=1e-6)


def test_biases_start_from_how_often_items_are_asked_for() -> None:
    _, recommender = a_model({"frequency": True})
    assert recommender.bias.tolist() == pytest.approx([math.log(6), 0.0, math.log(2)])
