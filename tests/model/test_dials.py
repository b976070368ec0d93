"""What is set after learning: all combinations are judged, and the first of the best stays."""

from __future__ import annotations

import pytest
import torch

from model.dials import Dial, set_best


@pytest.mark.parametrize(
    ("figures", "chosen"),
    [
        ((0.5, 0.4, 0.3, 0.6), (0.5, 0.0)),
        ((0.4, 0.4, 0.4, 0.4), (0.0, 0.0)),
        ((0.9, 0.8, 0.8, 0.7), (0.5, 1.5)),
        ((0.9, 0.1, 0.8, 0.7), (0.0, 1.5)),
    ],
)
def test_dials_are_set_to_the_first_of_the_best(figures: tuple[float, ...], chosen: tuple[float, float]) -> None:
    share, novelty = torch.tensor(0.7), torch.tensor(0.7)
    dials = (Dial("share", share, (0.0, 0.5)), Dial("novelty", novelty, (0.0, 1.5)))
    given, tried = iter(figures), []

    def judge() -> float:
        tried.append((float(share), float(novelty)))
        return next(given)

    set_best(dials, judge)
    assert tried == [(0.0, 0.0), (0.0, 1.5), (0.5, 0.0), (0.5, 1.5)]
    assert (float(share), float(novelty)) == chosen
    assert [str(dial) for dial in dials] == [f"share {chosen[0]:g}", f"novelty {chosen[1]:g}"]
