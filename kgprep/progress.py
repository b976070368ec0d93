"""What a stage shows while it works: lines on standard error, and progress bars on a terminal."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

console = Console(stderr=True, highlight=False, soft_wrap=True)


@contextmanager
def progress(label: str, total: float | None) -> Iterator[ProgressBar]:
    """Show a progress bar for a piece of work of `total` steps (unknown: None) on a terminal."""
    with Progress(
        SpinnerColumn(),
        TextColumn("  {task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal or bool(os.environ.get("KGPREP_NO_PROGRESS")),
    ) as bars:
        yield ProgressBar(bars, bars.add_task(label, total=total))


@dataclass(frozen=True)
class ProgressBar:
    """A running progress bar."""

    _bars: Progress
    _task: Any

    def advance(self, steps: float = 1) -> None:
        """Move the bar on by `steps`."""
        self._bars.advance(self._task, steps)
