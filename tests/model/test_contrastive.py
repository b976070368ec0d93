"""The contrastive losses against loops written from the formula, in float64."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.contrastive import info_nce, pairwise, total

TEMPERATURE = 0.07


def by_the_formula(left: torch.Tensor, right: torch.Tensor, identity: list[int], valid: list[bool]) -> float:
    rows = [row for row, is_valid in enumerate(valid) if is_valid]

    def similarity(one: torch.Tensor, other: torch.Tensor) -> float:
        return float(one @ other / one.norm() / other.norm()) / TEMPERATURE

    def direction(anchors: torch.Tensor, others: torch.Tensor) -> float:
        losses = []
        for row in rows:
            negatives = [other for other in rows if identity[other] != identity[row]]
            noise = sum(math.exp(similarity(anchors[row], others[other])) for other in negatives)
            positives = [other for other in rows if identity[other] == identity[row]]
            terms = [math.exp(similarity(anchors[row], others[positive])) for positive in positives]
            losses.append(sum(-math.log(term / (term + noise)) for term in terms) / len(terms))
        return sum(losses) / len(losses)

    if len({identity[row] for row in rows}) < 2:
        return 0.0
    return (direction(left, right) + direction(right, left)) / 2


batches_of_rows = st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=1, max_size=8)


@given(rows=batches_of_rows, seed=st.integers(0, 2**16))
def test_info_nce_equals_the_formula(rows: list[tuple[int, bool]], seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    left, right = torch.randn(2, len(rows), 6, dtype=torch.float64, generator=generator)
    identity, valid = [row[0] for row in rows], [row[1] for row in rows]
    loss = info_nce(left, right, torch.tensor(identity), torch.tensor(valid), TEMPERATURE)
    assert float(loss) == pytest.approx(by_the_formula(left, right, identity, valid), rel=1e-9, abs=1e-12)


def test_gradients_are_those_of_finite_differences() -> None:
    left, right = torch.randn(2, 5, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    identity, valid = torch.tensor([0, 1, 1, 2, 3]), torch.tensor([True, True, True, False, True])
    inputs = (left.requires_grad_(), right.requires_grad_())
    assert torch.autograd.gradcheck(lambda a, b: info_nce(a, b, identity, valid, 0.5), inputs)


@pytest.mark.parametrize(
    ("identity", "valid"),
    [([3, 3, 3], [True] * 3), ([0, 1, 2], [False] * 3), ([0, 1, 2], [True, False, False])],
    ids=["only positives", "nothing valid", "one valid"],
)
def test_a_batch_without_negatives_gives_zero_and_a_gradient_of_zeros(identity: list[int], valid: list[bool]) -> None:
    left = torch.randn(3, 4, requires_grad=True)
    loss = info_nce(left, torch.randn(3, 4), torch.tensor(identity), torch.tensor(valid), TEMPERATURE)
    torch.autograd.backward(loss)
    assert loss.item() == 0.0
    assert left.grad is not None
    assert torch.equal(left.grad, torch.zeros_like(left))


def test_far_apart_vectors_do_not_overflow() -> None:
    left = torch.tensor([[1.0, 0.0], [0.0, 1.0]], requires_grad=True)
    loss = info_nce(left, -left.detach(), torch.tensor([0, 1]), torch.tensor([True, True]), 1e-4)
    torch.autograd.backward(loss)
    assert math.isfinite(loss.item())
    assert left.grad is not None
    assert bool(left.grad.isfinite().all())


def test_three_views_give_the_losses_of_three_pairs() -> None:
    views = dict(zip("abc", torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(2)), strict=True))
    every = torch.ones(4, dtype=torch.bool)
    identity, valid = torch.arange(4), {"a": torch.tensor([True, True, True, False]), "b": every, "c": every}
    losses = {
        f"{one}-{other}": info_nce(views[one], views[other], identity, valid[one] & valid[other], TEMPERATURE)
        for one, other in ("ab", "ac", "bc")
    }
    expected = {pair: float(loss) for pair, loss in losses.items()}
    found = pairwise(views, identity, valid, TEMPERATURE)
    assert {pair: float(loss) for pair, loss in found.items()} == pytest.approx(expected, rel=1e-6)
    assert float(total(found)) == pytest.approx(sum(expected.values()), rel=1e-6)


def test_no_pair_teaches_nothing() -> None:
    loss = total(
        pairwise({"a": torch.randn(3, 4)}, torch.arange(3), {"a": torch.ones(3, dtype=torch.bool)}, TEMPERATURE)
    )
    torch.autograd.backward(loss)
    assert loss.item() == 0.0
