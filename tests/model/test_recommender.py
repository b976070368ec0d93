"""The recommender's gate for repeated items, against a loop, and what a config adds to the user's vector."""

from __future__ import annotations

import copy
import math
from collections import defaultdict
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model.batches import Contexts, read_asked
from model.c2crs import C2CRS
from model.config import ModelConfig, RecommendConfig, TextConfig, load_config
from model.data import NONE, read_corpus
from model.graph import make_graph, read_graph
from model.recommender import Recommender
from model.repeat_tables import NAMED, TURNS, RepeatTables, fit
from model.repeats import RepeatGate
from model.system import make_system, recommendation_loss

ITEMS = 6
places_of_items = st.lists(
    st.lists(st.integers(NONE, ITEMS - 1), min_size=4, max_size=4), min_size=1, max_size=5
)  # fmt: skip


def with_some_odds(gate: RepeatGate) -> RepeatGate:
    for number, table in enumerate(gate.tables.parameters()):
        table.data = (torch.arange(table.numel()) + number).sin().view(table.shape)
    return gate


@settings(deadline=None, max_examples=40)
@given(places_of_items, st.integers(0, 100))
def test_the_gate_shares_the_chance_as_a_loop_does(rows: list[list[int]], seed: int) -> None:
    torch.manual_seed(seed)
    places = torch.tensor(rows)
    gate = with_some_odds(RepeatGate(3)).requires_grad_(False)
    user, mentioned, speaks = torch.randn(len(rows), 3), torch.randn(len(rows), 4, 3), torch.rand(len(rows)) < 0.5
    scores = torch.randn(len(rows), ITEMS)
    chances = torch.softmax(scores, dim=1)
    ago = torch.randint(1, 2 * TURNS, (len(rows), 4)).sort(descending=True).values
    found = gate(scores, user, mentioned, places, ago, speaks).exp().detach()
    assert torch.allclose(found.sum(dim=1), torch.ones(len(rows)), atol=1e-5)
    for row, named in enumerate(rows):
        slots = {place: [slot for slot in range(4) if named[slot] == place] for place in named if place != NONE}
        liking = {
            place: float(gate.query(user[row]) @ mentioned[row, slots[place][-1]]) / math.sqrt(3) for place in slots
        }
        when = {place: [int(ago[row, slot]) for slot in slots[place]] for place in slots}
        odds = loop_odds(gate.tables, when, bool(speaks[row]))
        other = odds.pop(NONE) * math.exp(float(gate.other(user[row])))
        again = {place: value * math.exp(liking[place]) for place, value in odds.items()}
        total = other + sum(again.values())
        expected = other / total * chances[row]
        for place, value in again.items():
            expected[place] += value / total
        assert torch.allclose(found[row], expected, atol=1e-5)


def loop_odds(tables: RepeatTables, when: dict[int, list[int]], speaks: bool) -> dict[int, float]:
    """The odds of items named so many turns ago, oldest first, and of anything else (NONE)."""
    role = int(speaks)
    odds = {NONE: math.exp(float(tables.other[min(len(when), NAMED - 1), role]))}
    for place, ago in when.items():
        first, last = (min(turns, TURNS - 1) for turns in (ago[0], ago[-1]))
        odds[place] = math.exp(float(tables.last[last, role] + tables.first[first, role]))
    return odds


def test_tables_of_repeats_are_fitted_to_the_training_split(sample_workspace: Path) -> None:
    corpus = read_corpus(sample_workspace, TextConfig())
    train, turns, mentions = corpus.splits["train"], corpus.turns, corpus.mentions
    asked = []
    for turn, target in zip(train.turn.tolist(), train.target.tolist(), strict=True):
        when = defaultdict[int, list[int]](list)
        for mention in range(int(turns.mentions.start[turn]), int(turns.mentions.end[turn])):
            when[int(mentions.place[mention])].append(turn - int(mentions.turn[mention]))
        when.pop(NONE, None)
        asked.append((when, bool(turns.is_recommender[turn]), target if target in when else NONE))
    assert sum(answer != NONE for *_, answer in asked) > 10
    unfitted, tables = RepeatTables().requires_grad_(False), RepeatTables().requires_grad_(False)
    fit(tables, corpus, 64)

    def loss(changed: RepeatTables) -> float:
        surprise = 0.0
        for when, speaks, answer in asked:
            odds = loop_odds(changed, when, speaks)
            surprise -= math.log(odds[answer] / sum(odds.values()))
        weights = zip(changed.parameters(), unfitted.parameters(), strict=True)
        return surprise + sum(float((weight - held).square().sum()) for weight, held in weights)

    least = loss(tables)
    assert least < loss(unfitted) - 1
    for name, ago in (("last", 1), ("last", 2), ("first", 1), ("other", 0), ("other", 3)):
        for step in (-0.3, 0.3):
            changed = copy.deepcopy(tables)
            getattr(changed, name).data[ago, 1] += step
            assert loss(changed) > least


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
    made = Recommender(torch.tensor([0, 2, 4]), graph, asked, torch.tensor([0, 1]), config).eval()
    if made.repeats is not None:
        with_some_odds(made.repeats)
    if made.co_mentions is not None:
        made.co_mentions.weight.copy_(torch.tensor([[0.0, 0.1, 0.0], [0.3, 0.0, 0.2]]))
        made.co_mentions.item.copy_(torch.tensor([[0, 1, 2], [0, 1, 2]]))
    return encoders, made


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


def test_smoothed_targets_leave_a_share_of_the_weight_to_all_items(sample_workspace: Path) -> None:
    config = load_config("small", ["model.recommender.repeats=true"])
    corpus = read_corpus(sample_workspace, config.text)
    system = make_system(corpus, read_graph(sample_workspace), config.model).eval()
    samples = corpus.splits["train"]
    asked = read_asked(corpus, samples.turn[:20], samples.target[:20], config.text)
    scores = system.recommender(system.encoders, asked.contexts, asked.by_recommender).detach().double()
    surprise = -torch.log_softmax(scores, dim=1)
    for share in (0.0, 0.2):
        expected = 0.0
        for context, target in zip(asked.context.tolist(), asked.target.tolist(), strict=True):
            others = sum(surprise[context].tolist()) / len(corpus.items)
            expected += (1 - share) * float(surprise[context, target]) + share * others
        found = recommendation_loss(system, asked, RecommendConfig(smoothing=share), config.fine)
        assert float(found["items"].detach()) == pytest.approx(expected / 20, rel=1e-5)


def test_what_the_paths_are_worth_is_added_to_the_scores() -> None:
    plain, (encoders, recommender) = a_model({}), a_model({"paths": True})
    assert recommender.paths is not None
    with torch.no_grad():
        recommender.paths.by_kind[1] = 0.1
    given_contexts = contexts(entity=1)
    added = recommender.paths(given_contexts.entity, given_contexts.ago, torch.tensor([True])).detach()
    assert added[0, 1] > 0
    assert torch.allclose(scores((encoders, recommender), given_contexts), scores(plain, given_contexts) + added)


def test_what_is_set_once_learnt_changes_the_ranking_and_not_what_is_learnt_from() -> None:
    set_later: dict[str, object] = {"co_mentions": True, "novelty": 0.7}
    plain, changed = a_model({}), a_model(set_later)
    given_contexts = contexts(entity=0)
    assert changed[1].co_mentions is not None
    changed[1].co_mentions.share.fill_(0.25)
    together = changed[1].co_mentions(given_contexts.entity, given_contexts.ago)
    expected = 0.75 * scores(plain, given_contexts) + 0.25 * together
    assert torch.allclose(scores(changed, given_contexts, by_recommender=False), expected)
    # Entity 0 is the first item: the dialogue has named it.
    assert torch.allclose(scores(changed, given_contexts), expected - torch.tensor([0.7, 0, 0]))
    for model in (plain, changed):
        model[1].train()
    assert torch.equal(scores(changed, given_contexts), scores(plain, given_contexts))
