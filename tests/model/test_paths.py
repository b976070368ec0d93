"""Paths from mentions to items: held against going along the edges one by one, and what they add to the scores."""

from __future__ import annotations

import math
from collections import defaultdict

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model.data import NONE
from model.graph import Graph, make_graph
from model.paths import HUB, TURNS, PathScores, paths_of

ENTITIES, RELATIONS = 8, 3
Edge = tuple[int, int, int]


def graph_of(edges: list[Edge], entities: int = ENTITIES) -> Graph:
    columns = torch.tensor(edges, dtype=torch.int64).view(-1, 3).unbind(dim=1)
    return make_graph(entities, RELATIONS, *columns)


def one_by_one(edges: list[Edge], items: list[int]) -> dict[tuple[int, int, int], float]:
    """Return the strength of the paths from an entity to an item, by kind."""
    leads = {
        entity: {tail for head, _, tail in edges if head == entity and tail in items} for entity in range(ENTITIES)
    }
    found: defaultdict[tuple[int, int, int], float] = defaultdict(float)
    for head, relation, tail in edges:
        if tail in items:
            found[head, items.index(tail), relation] += 1 / math.log(1 + len(leads[head]))
        elif head in items and len(leads[tail]) > 1:
            for item in leads[tail] - {head}:
                found[head, items.index(item), RELATIONS + relation] += 1 / math.log(1 + len(leads[tail]))
    return found


edges_of_a_graph = st.lists(
    st.tuples(st.integers(0, ENTITIES - 1), st.integers(0, RELATIONS - 1), st.integers(0, ENTITIES - 1)),
    max_size=30,
    unique=True,
)


@settings(deadline=None)
@given(edges=edges_of_a_graph, items=st.lists(st.integers(0, ENTITIES - 1), min_size=1, max_size=6, unique=True))
def test_paths_are_those_found_by_going_along_the_edges(edges: list[Edge], items: list[int]) -> None:
    rows = paths_of(graph_of(edges), torch.tensor(items)).rows()
    assert {row[:3]: pytest.approx(row[3]) for row in rows} == one_by_one(edges, items)
    assert len(rows) == len({row[:3] for row in rows})


@pytest.mark.parametrize(("films", "are_linked"), [(HUB, True), (HUB + 1, False)])
def test_no_path_leads_through_a_hub(films: int, are_linked: bool) -> None:
    hub = films
    edges = [(film, 0, hub) for film in range(films)] + [(hub, 1, film) for film in range(films)]
    paths = paths_of(graph_of(edges, films + 1), torch.arange(films))
    assert (paths["entity"] != hub).any() == are_linked
    assert (paths["entity"] == hub).sum() == films


def sums_of(entity: list[list[int]], ago: list[list[int]], by_recommender: bool = True) -> torch.Tensor:
    """Return what the paths add up to for the items 0, 1, 2; person 4 is in the films 0 and 1, person 5 in film 2."""
    edges = [(4, 0, 0), (4, 0, 1), (5, 0, 2), (0, 1, 4), (1, 1, 4), (2, 1, 5)]
    scores = PathScores(graph_of(edges), torch.tensor([0, 1, 2]))
    with torch.no_grad():
        scores.by_kind[:2] = torch.tensor([1 / 30, 0.0])
        scores.by_kind[RELATIONS + 1] = 1 / 60
        scores.by_turn[1, 1] = -0.05
    speaks = torch.tensor([by_recommender] * len(entity))
    found: torch.Tensor = scores(torch.tensor(entity), torch.tensor(ago), speaks).detach()
    return found.sinh()


def test_who_is_named_lends_weight_to_their_films_and_a_film_to_those_of_its_people() -> None:
    person, film = sums_of([[4], [0]], [[0], [0]])
    assert person[0] == person[1] == pytest.approx(2 / math.log(3))
    assert film.tolist() == pytest.approx([0, 1 / math.log(3), 0])
    assert person[2] == 0


def test_mentions_add_up_and_older_ones_count_as_they_have_learnt_to() -> None:
    both, older = sums_of([[4, 5], [4, NONE]], [[0, 0], [1, 0]])
    assert both.tolist() == pytest.approx([2 / math.log(3), 2 / math.log(3), 2 / math.log(2)])
    assert older.tolist() == pytest.approx([2 / math.log(3) / math.e, 2 / math.log(3) / math.e, 0])
    (of_seeker,) = sums_of([[4]], [[1]], by_recommender=False)
    assert of_seeker.tolist() == pytest.approx([2 / math.log(3), 2 / math.log(3), 0])
    long_ago, longer_ago = sums_of([[4], [4]], [[TURNS - 1], [TURNS + 30]])
    assert torch.equal(long_ago, longer_ago)


def test_no_mention_and_no_edge_add_nothing_and_still_learn() -> None:
    assert not sums_of([[NONE, NONE]], [[0, 0]]).any()
    bare = PathScores(graph_of([]), torch.tensor([0, 1]))
    scores = bare(torch.tensor([[3, 0]]), torch.tensor([[0, 2]]), torch.tensor([True]))
    scores.sum().backward()
    assert not scores.any()
    assert bare.by_kind.grad is not None
    assert not bare.by_kind.grad.any()


def test_gradients_are_those_of_differences() -> None:
    torch.manual_seed(0)
    edges = [(4, 0, 0), (4, 1, 1), (0, 1, 4), (5, 2, 2), (2, 0, 5)]
    scores = PathScores(graph_of(edges), torch.tensor([0, 1, 2])).double()
    entity, ago = torch.tensor([[4, 0], [5, NONE]]), torch.tensor([[0, 3], [9, 0]])

    def of(by_kind: torch.Tensor, by_turn: torch.Tensor) -> torch.Tensor:
        weights = {"by_kind": by_kind, "by_turn": by_turn}
        found: torch.Tensor = torch.func.functional_call(scores, weights, (entity, ago, torch.tensor([True, False])))
        return found

    some = [(torch.randn_like(weight) / 20).requires_grad_() for weight in (scores.by_kind, scores.by_turn)]
    assert torch.autograd.gradcheck(of, tuple(some))
