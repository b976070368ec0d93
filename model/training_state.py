"""What a training run needs to go on after it was stopped at any moment, as one file beside its checkpoint.

Notable here:
- the file is written beside its place and renamed, so a kill leaves the last whole one;
- it holds the states of weights, learner and each process's random numbers, so the run goes on as if nothing had
  happened;
- it is read without running code, and refused for another bundle, other settings or another number of processes.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from kgprep.artifacts import KgprepError, write_beside
from model import parallel
from model.config import TrainConfig, differences
from model.files import not_readable, write_tensors
from model.fingerprint import bundle_fingerprint
from model.learner import Learner
from model.system import System

FORM = 2
"""What a state holds; a change of it makes it another number."""

SETTINGS_NAMED = 3
"""How many settings that differ are named, where a run was begun with others."""


@dataclass(frozen=True)
class EpochFigures:
    """What one epoch gave."""

    phase: str
    epoch: int
    steps: int
    samples: int
    loss: float
    parts: dict[str, float]
    """The loss of each part by its name; their sum is `loss`."""
    valid: float | None
    """The validation figure; None where the validation split has nothing for the phase."""
    seconds: float


@dataclass
class Progress:
    """How far a run has come; it changes with every step."""

    phase: int = 0
    """The number of the phase that runs, from 0."""
    epochs: int = 0
    """Epochs of this phase that have ended."""
    steps: int = 0
    """Steps of the epoch that runs."""
    steps_of_phase: int = 0
    samples: int = 0
    """Samples of the epoch that were learnt from."""
    losses: dict[str, float] = field(default_factory=dict)
    """Of each part, summed over the steps of the epoch."""
    seconds: float = 0.0
    """Of the epoch, before it was last stopped."""
    best: float = math.inf
    """The lowest validation figure of this phase."""
    worse: int = 0
    """Epochs since then."""
    figures: list[EpochFigures] = field(default_factory=list)

    @property
    def parts(self) -> dict[str, float]:
        """The mean loss of each part over the steps of the epoch."""
        return {name: value / max(self.steps, 1) for name, value in self.losses.items()}

    @property
    def loss(self) -> float:
        """The mean loss over the steps of the epoch."""
        return sum(self.parts.values())

    @property
    def rate(self) -> float:
        """Samples of the epoch that were learnt from in a second."""
        return self.samples / max(self.seconds, 1e-9)

    def count_step(self, samples: int, losses: Mapping[str, float]) -> None:
        """Add a step to the epoch."""
        self.steps += 1
        self.steps_of_phase += 1
        self.samples += samples
        for name, value in losses.items():
            self.losses[name] = self.losses.get(name, 0.0) + value

    def end_epoch(self) -> None:
        """Begin the next epoch at its first step."""
        self.epochs += 1
        self.steps, self.samples, self.losses, self.seconds = 0, 0, {}, 0.0

    def end_phase(self) -> None:
        """Begin the next phase at its first epoch."""
        self.phase += 1
        self.epochs, self.steps_of_phase = 0, 0
        self.best, self.worse = math.inf, 0


@dataclass
class TrainingState:
    """A run that can be stopped and taken up again."""

    system: System
    progress: Progress
    order: torch.Generator
    """Deals the samples of an epoch out to batches."""
    order_at_epoch: Tensor
    """Its state when the epoch began."""
    best_weights: dict[str, Tensor]
    learner: Learner | None = None
    learner_state: dict[str, Any] | None = None
    """What the learner of the running phase starts from, where the run is taken up inside a phase."""

    def keep_best(self) -> None:
        """Remember the weights as they are."""
        self.best_weights = copy.deepcopy(self.system.state_dict())


def new_state(system: System, seed: int) -> TrainingState:
    """Return the state before the first step; random numbers start from `seed`."""
    order = torch.Generator().manual_seed(seed)
    return TrainingState(system, Progress(), order, order.get_state(), copy.deepcopy(system.state_dict()))


def state_path(folder: Path) -> Path:
    """Where an unfinished run in `folder` keeps its state."""
    return folder / "unfinished.pt"


def save_state(state: TrainingState, folder: Path, bundle: str, config: TrainConfig) -> None:
    """Write the state; all processes of a run call this after the same step, and the first one writes.

    Args:
        state: of the run.
        folder: of the run.
        bundle: fingerprint of what it learns from.
        config: how it learns.
    """
    if state.learner is None:
        raise ValueError("no phase runs")
    random, random_cuda = parallel.from_all(torch.get_rng_state()), _cuda_random(state.system.device)
    if not parallel.is_first():
        return
    record = {
        "form": FORM,
        "bundle": bundle,
        "config": config.model_dump_json(),
        "progress": asdict(state.progress),
        "order": state.order_at_epoch,
        "random": random,
        "random_cuda": random_cuda,
        "weights": state.system.state_dict(),
        "best_weights": state.best_weights,
        "learner": state.learner.state(),
    }
    with write_beside(state_path(folder)) as partial:
        write_tensors(record, partial)


def can_resume(folder: Path, workspace: Path, config: TrainConfig) -> bool:
    """Tell whether `folder` holds an unfinished run on this bundle with these settings."""
    if not state_path(folder).exists():
        return False
    try:
        read_state(folder, bundle_fingerprint(workspace), config, torch.device("cpu"))
    except KgprepError:
        return False
    return True


def read_state(folder: Path, bundle: str, config: TrainConfig, device: torch.device) -> dict[str, Any]:
    """Return what `save_state` wrote of an unfinished run, its tensors on `device`.

    Args:
        folder: of the run.
        bundle: fingerprint of what is learnt from.
        config: how it is learnt.
        device: where the run goes on.

    Raises:
        KgprepError: there is no unfinished run, it is damaged, or it is of another version, another bundle, other
            settings or another number of processes.
    """
    if not state_path(folder).exists():
        if (folder / "checkpoint.json").exists():
            raise KgprepError(f"{folder} holds a run that has been trained to its end: measure it with kgprep evaluate")
        raise KgprepError(f"{folder} holds no unfinished run: start one without --resume")
    record = _read(folder, device)
    _check_match(record, folder, bundle, config)
    return record


def restored(record: dict[str, Any], system: System) -> TrainingState:
    """Return the state that `read_state` has read, and put its weights into `system`."""
    system.load_state_dict(record["weights"])
    torch.set_rng_state(record["random"][parallel.number()].cpu())
    if record["random_cuda"] and system.device.type == "cuda":
        torch.cuda.set_rng_state(record["random_cuda"][parallel.number()].cpu(), system.device)
    stored = dict(record["progress"])
    figures = [EpochFigures(**epoch) for epoch in stored.pop("figures")]
    order = torch.Generator()
    order.set_state(record["order"].cpu())
    return TrainingState(
        system,
        Progress(**stored, figures=figures),
        order,
        record["order"].cpu(),
        record["best_weights"],
        learner_state=record["learner"],
    )


def _cuda_random(device: torch.device) -> list[Tensor]:
    """Return the state of the random numbers of each process's GPU; none where they learn on a CPU."""
    return parallel.from_all(torch.cuda.get_rng_state(device)) if device.type == "cuda" else []


def _read(folder: Path, device: torch.device) -> dict[str, Any]:
    path = state_path(folder)
    try:
        record: dict[str, Any] = torch.load(path, map_location=device, weights_only=True, mmap=True)
    except OSError as error:
        raise not_readable(path, error) from error
    except (RuntimeError, EOFError, UnpicklingError) as error:
        raise KgprepError(f"{path} is damaged: start the run again with --overwrite") from error
    return record


def _check_match(record: dict[str, Any], folder: Path, bundle: str, config: TrainConfig) -> None:
    if record.get("form") != FORM:
        raise KgprepError(f"{folder} was begun by another version of kgprep: start it with --overwrite")
    if record["bundle"] != bundle:
        raise KgprepError(
            f"{folder} was begun on another bundle than its workspace holds now: start it with --overwrite"
        )
    differ = differences(TrainConfig.model_validate_json(record["config"]), config)
    if differ:
        first = f"{'; '.join(differ[:SETTINGS_NAMED])}{'; and more' if len(differ) > SETTINGS_NAMED else ''}"
        raise KgprepError(
            f"{folder} was begun with other settings ({first}): give the same ones, or start it with --overwrite"
        )
    begun, here = len(record["random"]), parallel.processes()
    if begun != here:
        raise KgprepError(
            f"{folder} was begun by another number of processes ({begun}, not {here}): start {begun} with torchrun, or "
            "start it with --overwrite"
        )
