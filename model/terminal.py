"""What a training says in the terminal: a line for each epoch that has ended, a bar for the one that runs."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from model.training_state import EpochFigures, Progress

console = Console(stderr=True, highlight=False, soft_wrap=True)


def how_an_epoch_went(epoch: EpochFigures, epochs: int, figure: str, rate: float) -> str:
    """Return what is said of an epoch.

    Args:
        epoch: what it gave.
        epochs: how many the phase has.
        figure: name of the validation figure.
        rate: samples a second.
    """
    judged = "no validation samples" if epoch.valid is None else f"validation {figure} {epoch.valid:.4f}"
    return (
        f"{epoch.phase} {epoch.epoch}/{epochs}: {epoch.steps} steps, "
        f"loss {_with_parts(epoch.loss, epoch.parts)}, {judged}, {epoch.seconds:.1f} s, {rate:,.0f} samples/s"
    )


def how_an_epoch_goes(phase: str, epochs: int, progress: Progress) -> str:
    """Return what stands before the bar of an epoch that runs."""
    loss = _with_parts(progress.loss, progress.parts)
    return f"{phase} {progress.epochs + 1}/{epochs}: loss {loss}, {progress.rate:,.0f} samples/s"


def _with_parts(loss: float, parts: Mapping[str, float]) -> str:
    """Return a loss, and what it is the sum of where that is more than one thing."""
    if len(parts) < 2:
        return f"{loss:.4f}"
    return f"{loss:.4f} ({', '.join(f'{name} {part:.3f}' for name, part in parts.items())})"


def epoch_bar() -> Bar:
    """Return a bar for the steps of an epoch, which goes when they are done."""
    columns = (
        TextColumn("  {task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    return Bar(*columns, console=console, transient=True, disable=not console.is_terminal)
