"""Ctrl-C, or something worse, at a chosen place of a training in this process, whatever the time that it takes."""

from __future__ import annotations

import io
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from typing import Any

import torch
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.optim.optimizer import register_optimizer_step_post_hook


def signal_at_step(number: int, sent: signal.Signals = signal.SIGINT) -> AbstractContextManager[None]:
    """Send a signal once, during a step."""
    return at_step(number, lambda: signal.raise_signal(sent))


@contextmanager
def at_step(number: int, act: Callable[[], object]) -> Iterator[None]:
    """Do something once, during a step."""
    steps = count(1)

    def wait(*_: Any) -> None:
        if next(steps) == number:
            act()

    hook = register_optimizer_step_post_hook(wait)
    try:
        yield
    finally:
        hook.remove()


@contextmanager
def ctrl_c_in_validation() -> Iterator[None]:
    """Press Ctrl-C once, as soon as something is computed without a gradient."""
    times = count(1)

    def press(*_: Any) -> None:
        if not torch.is_grad_enabled() and next(times) == 1:
            signal.raise_signal(signal.SIGINT)

    hook = register_module_forward_pre_hook(press)
    try:
        yield
    finally:
        hook.remove()


class CtrlCWhenSaid(io.StringIO):
    """Standard error where somebody presses Ctrl-C once on reading some words."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self._words, self._times = words, count(1)

    def write(self, text: str) -> int:
        """Take the text."""
        if self._words in text and next(self._times) == 1:
            signal.raise_signal(signal.SIGINT)
        return super().write(text)
