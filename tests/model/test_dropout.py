"""Dropout: what is kept, how it is scaled, and what comes back through it."""

from __future__ import annotations

import pytest
import torch

from model.dropout import Dropout


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_the_share_is_dropped_wherever_an_element_stands_and_the_rest_keeps_the_mean(share: float) -> None:
    torch.manual_seed(0)
    dropped = Dropout(share)(torch.ones(400_000))
    assert dropped.mean().item() == pytest.approx(1, abs=0.02)
    for place in range(4):  # one draw decides four elements
        assert (dropped[place::4] == 0).float().mean().item() == pytest.approx(share, abs=0.005)


def test_neighbours_are_dropped_independently() -> None:
    torch.manual_seed(0)
    dropped = (Dropout(0.5)(torch.ones(400_000)) == 0).float() - 0.5
    for distance in range(1, 9):
        assert (dropped[:-distance] * dropped[distance:]).mean().item() == pytest.approx(0, abs=0.002)


def test_what_comes_back_is_what_went_through() -> None:
    torch.manual_seed(0)
    given = torch.randn(7, 5, 3, requires_grad=True)
    out = Dropout(0.3)(given)
    out.backward(torch.full_like(out, 2.0))
    assert given.grad is not None
    assert torch.allclose(given.grad * given, 2 * out)
    assert 0 < int((out == 0).sum()) < out.numel()


def test_a_seed_repeats_what_is_dropped() -> None:
    torch.manual_seed(3)
    first = Dropout(0.5)(torch.ones(101))
    torch.manual_seed(3)
    assert torch.equal(Dropout(0.5)(torch.ones(101)), first)


def test_nothing_is_dropped_but_while_learning() -> None:
    given = torch.randn(50)
    assert torch.equal(Dropout(0.5).eval()(given), given)
    assert torch.equal(Dropout(0)(given), given)
