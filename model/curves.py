"""How a run went, for the eye: scalars for TensorBoard while it trains, and its curves as a picture.

Notable here: scalars go to ``runs/NAME/tensorboard``, one point an epoch; a run that goes on adds to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from math import nan
from pathlib import Path
from typing import Protocol

from kgprep.artifacts import not_written, write_beside
from model.training_state import EpochFigures


class Watcher(Protocol):
    """Takes the figures of an epoch."""

    def __call__(self, epoch: EpochFigures) -> None:
        """Show the figures."""


@contextmanager
def scalars(folder: Path | None) -> Iterator[Watcher]:
    """Yield what writes the figures of epochs for TensorBoard to the run in `folder`; None writes nothing.

    Raises:
        KgprepError: the disk is full.
    """
    if folder is None:
        yield lambda epoch: None
        return
    from torch.utils.tensorboard.writer import SummaryWriter

    with _refused(folder / "tensorboard"), SummaryWriter(str(folder / "tensorboard")) as writer:

        def write(epoch: EpochFigures) -> None:
            for name, value in (("loss", epoch.loss), ("valid", epoch.valid), ("seconds", epoch.seconds)):
                if value is not None:
                    writer.add_scalar(f"{epoch.phase}/{name}", value, epoch.epoch)
            for name, part in epoch.parts.items():
                writer.add_scalar(f"{epoch.phase}/loss of {name}", part, epoch.epoch)
            writer.flush()

        yield write


@contextmanager
def _refused(folder: Path) -> Iterator[None]:
    """Say which folder takes no more; what else training writes says it by itself."""
    try:
        yield
    except OSError as error:
        raise not_written(folder, error) from error


def draw_curves(epochs: Sequence[EpochFigures], path: Path) -> None:
    """Draw the training loss and the validation figure of each phase over its epochs, as PNG."""
    from matplotlib.figure import Figure

    phases = list(dict.fromkeys(epoch.phase for epoch in epochs))
    figure = Figure(figsize=(4 * max(len(phases), 1), 3), layout="constrained")
    for place, phase in enumerate(phases, start=1):
        axes = figure.add_subplot(1, len(phases), place, title=phase, xlabel="epoch")
        here = [epoch for epoch in epochs if epoch.phase == phase]
        numbers = [epoch.epoch for epoch in here]
        axes.plot(numbers, [epoch.loss for epoch in here], marker="o", color="tab:blue", label="loss, training")
        beside = axes.twinx()
        valid = [nan if epoch.valid is None else epoch.valid for epoch in here]
        beside.plot(numbers, valid, marker="s", color="tab:orange", label="figure, validation")
        axes.legend(handles=[*axes.lines, *beside.lines], fontsize="small")
    drawn = BytesIO()
    figure.savefig(drawn, format="png", dpi=120)
    with write_beside(path) as partial:
        partial.write_bytes(drawn.getvalue())
