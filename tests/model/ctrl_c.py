"""Ctrl-C, or a worse signal, at a chosen place of a training in this process, whatever the time that it takes."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from torch.optim.optimizer import register_optimizer_step_post_hook


@contextmanager
def signal_at_step(number: int, sent: signal.Signals = signal.SIGINT) -> Iterator[None]:
    """Send a signal once, during a step."""
    steps = count(1)

    def send(*_: Any) -> None:
        if next(steps) == number:
            signal.raise_signal(sent)

    hook = register_optimizer_step_post_hook(send)
    try:
        yield
    finally:
        hook.remove()
