from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from model.baselines import copy_history, popularity
from model.metrics import ranks


def test_popularity_orders_items_by_their_count() -> None:
    found = popularity.scores(torch.tensor([2, 0, 2, 2, 0]), 4)
    assert found.shape == (4,)
    assert found.argsort(descending=True, stable=True).tolist() == [2, 0, 1, 3]
    assert torch.allclose(found, torch.tensor([2.0, 0.0, 3.0, 0.0]).add(1).log())


def test_popularity_broadcasts_over_samples() -> None:
    found = popularity.scores(torch.tensor([1, 1, 0]), 3)
    assert ranks(found.expand(3, -1), torch.tensor([0, 1, 2])).tolist() == [2, 1, 3]


def loop_order(history: list[int], liked: list[float]) -> list[int]:
    order: list[int] = []
    for item in reversed(history):
        if item not in order:
            order.append(item)
    rest = sorted(set(range(len(liked))) - set(order), key=lambda item: -liked[item])
    return order + rest


@given(st.data())
def test_copy_history_agrees_with_a_plain_loop(data: st.DataObject) -> None:
    items = data.draw(st.integers(1, 9))
    histories = data.draw(st.lists(st.lists(st.integers(0, items - 1), max_size=12), max_size=5))
    liked = data.draw(st.permutations([float(i) for i in range(items)]))
    offsets = [0]
    for history in histories:
        offsets.append(offsets[-1] + len(history))
    found = copy_history.scores(
        torch.tensor(offsets),
        torch.tensor([item for history in histories for item in history], dtype=torch.int64),
        torch.tensor(liked),
    )
    assert found.shape == (len(histories), items)
    for row, history in zip(found, histories, strict=True):
        assert row.argsort(descending=True).tolist() == loop_order(history, liked)


def test_copy_history_leaves_the_popularity_it_was_given() -> None:
    liked = torch.tensor([3.0, 1.0])
    copy_history.scores(torch.tensor([0, 1]), torch.tensor([1]), liked)
    assert liked.tolist() == [3.0, 1.0]
