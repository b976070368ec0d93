"""The next batch is prepared while one is worked on, in order, and its errors are not lost."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.ahead import ahead


@given(st.lists(st.integers()))
def test_everything_comes_once_and_in_order(tasks: list[int]) -> None:
    assert list(ahead(lambda task: task + 1, tasks)) == [task + 1 for task in tasks]


def test_the_next_is_begun_before_the_present_is_done_with() -> None:
    begun = [threading.Event() for _ in range(3)]

    def begin(task: int) -> int:
        begun[task].set()
        return task

    for task in ahead(begin, range(3)):
        if task < 2:
            assert begun[task + 1].wait(timeout=30)


def test_an_error_is_raised_when_its_turn_comes() -> None:
    results = ahead(lambda task: 1 // task, [1, 0])
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)
