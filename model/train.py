"""Training: coarse contrast, fine contrast, recommendation, generation, one after the other.

Notable here:
- each phase ends with its best weights, or the best running average of them, by the validation split;
- a run is saved after every epoch and every few minutes; one that was killed goes on to the very same weights;
- Ctrl-C finishes the step or the validation, saves, and says how to go on;
- a loss that is no number ends the run at once.
"""

from __future__ import annotations

import json
import math
import shutil
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import IntEnum
from pathlib import Path
from types import FrameType
from typing import Any

import torch

from kgprep.artifacts import KgprepError, write_beside
from model import parallel
from model.ahead import ahead
from model.checkpoint import pick_device, save
from model.config import TrainConfig
from model.contrastive import total
from model.curves import Watcher, draw_curves, scalars
from model.data import Corpus
from model.fingerprint import bundle_fingerprint, refuse_change
from model.graph import read_graph
from model.learner import Learner
from model.packed import packed_corpus
from model.phases import Phase, phases_of
from model.runs import run_folder
from model.system import System, make_system
from model.terminal import console, epoch_bar, how_an_epoch_goes, how_an_epoch_went
from model.training_state import EpochFigures, TrainingState, new_state, read_state, restored, save_state, state_path

SECONDS_BETWEEN_SAVES = 300


class _Wish(IntEnum):
    """What is to be done after a step; the highest of all processes is done by all."""

    GO_ON = 0
    SAVE = 1
    STOP = 2


@dataclass(frozen=True)
class RunSummary:
    """Where a run lies and how each epoch went."""

    folder: Path
    epochs: tuple[EpochFigures, ...]
    seconds: float


def train(
    workspace: Path, run: str, config: TrainConfig, *, overwrite: bool = False, resume: bool = False
) -> RunSummary:
    """Train one run on the bundle in `workspace`; its files go to ``runs/<run>``.

    Args:
        workspace: folder of a bundle that align-reviews has completed.
        run: name of the run.
        config: what is learnt how.
        overwrite: replace a run of that name, finished or not.
        resume: go on with an unfinished run of that name.

    Raises:
        KgprepError: a table is missing, the run exists, there is none to go on with, the device is not there, the loss
            is no longer a number, the bundle has changed meanwhile, or Ctrl-C was pressed.
    """
    folder = run_folder(workspace, run)
    _check_free(folder, overwrite=overwrite, resume=resume)
    device = pick_device(config.device)
    parallel.start(device)
    parallel.wait()  # until all have looked whether the folder is free
    console.quiet = not parallel.is_first()
    started = time.monotonic()
    torch.manual_seed(config.seed)
    # Some sums on CUDA have no fixed order: there the same seed gives nearly the same run, on a CPU the very same.
    torch.use_deterministic_algorithms(True, warn_only=True)
    # Fresh memory is always written before it is read; filling it as well would cost some percent of a step. The switch
    # is no plain attribute of its module, so the type checker does not know it.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    # Taken before anything is read, so that what is saved names what was learnt from, whatever lies there by then.
    bundle = bundle_fingerprint(workspace)
    unfinished = read_state(folder, bundle, config, device) if resume else {}
    corpus = packed_corpus(workspace, config.text)
    system = make_system(corpus, read_graph(workspace), config.model)
    system.move(device)
    _say_what_is_learnt_from(corpus, system)
    state = restored(unfinished, system) if resume else new_state(system, config.seed)
    unfinished.clear()  # it holds all weights a second time
    if not resume:
        _begin(folder, config.seed)
    with _interrupted() as interrupted, scalars(folder if parallel.is_first() else None) as watcher:
        training = _Training(state, config, folder, workspace, bundle, interrupted, watcher)
        if parallel.is_first():
            _write_log(state.progress.figures, folder)
        for number, phase in enumerate(phases_of(system, corpus, config)):
            if number >= state.progress.phase:
                training.run_phase(phase)
    figures = state.progress.figures
    parallel.end()
    summary = RunSummary(folder, tuple(figures), time.monotonic() - started)
    if not parallel.is_first():
        return summary
    refuse_change(workspace, bundle)
    save(folder, bundle, system, config, corpus, [asdict(epoch) for epoch in figures])
    draw_curves(figures, folder / "curves.png")
    state_path(folder).unlink(missing_ok=True)
    return summary


def _check_free(folder: Path, *, overwrite: bool, resume: bool) -> None:
    if overwrite or resume:
        return
    if state_path(folder).exists():
        raise KgprepError(f"{folder} holds an unfinished run: go on with --resume, or replace it with --overwrite")
    if (folder / "checkpoint.json").exists():
        raise KgprepError(
            f"{folder} holds a trained run: measure it with kgprep evaluate, choose another --run, or replace it with "
            "--overwrite"
        )


def _begin(folder: Path, seed: int) -> None:
    """Remove what an earlier run of that name left; of several processes each draws its own numbers from now on."""
    if parallel.is_first():
        # What makes it a trained run goes first, lest a kill leave one without its weights.
        for left in ("checkpoint.json", "model.safetensors", "metrics.json", "curves.png"):
            (folder / left).unlink(missing_ok=True)
        state_path(folder).unlink(missing_ok=True)
        shutil.rmtree(folder / "tensorboard", ignore_errors=True)
    else:
        # The weights begin alike; what is dropped out differs.
        torch.manual_seed(seed + parallel.number())


def _say_what_is_learnt_from(corpus: Corpus, system: System) -> None:
    train_split = corpus.splits["train"]
    weights = sum(parameter.numel() for parameter in system.parameters())
    console.print(
        f"  {len(train_split.target):,} samples, {len(train_split.contexts):,} contexts, "
        f"{len(train_split.responses):,} responses, {len(corpus.vocabulary):,} words, "
        f"{weights:,} weights on {system.device}"
    )


@contextmanager
def _interrupted() -> Iterator[threading.Event]:
    """Yield what Ctrl-C sets while the block runs; a second Ctrl-C ends it at once."""
    pressed = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield pressed
        return

    def press(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)
        console.print("  the step or the validation is finished first; Ctrl-C again stops at once")
        pressed.set()

    before = signal.signal(signal.SIGINT, press)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


@dataclass
class _Training:
    """A run on its way."""

    state: TrainingState
    config: TrainConfig
    folder: Path
    workspace: Path
    bundle: str
    interrupted: threading.Event
    watcher: Watcher

    def run_phase(self, phase: Phase[Any]) -> None:
        """Learn until epochs or steps are used up or the validation figure stops falling; keep the best weights."""
        state, progress = self.state, self.state.progress
        if state.learner_state is None:
            state.order.manual_seed(self.config.seed)
            state.order_at_epoch = state.order.get_state()
            phase.begin()
            state.keep_best()
        learner = state.learner = Learner(phase.learns, phase.config)
        if state.learner_state is not None:
            learner.load(state.learner_state)
            state.learner_state = None
        while not self._has_ended(phase):
            self._run_epoch(phase, learner)
        state.system.load_state_dict(state.best_weights)
        state.system.eval()
        with torch.no_grad():
            phase.finish()
        self._stop_if_asked(phase)
        progress.end_phase()

    def _has_ended(self, phase: Phase[Any]) -> bool:
        progress = self.state.progress
        used_up = self.config.max_steps is not None and progress.steps_of_phase >= self.config.max_steps
        return progress.epochs >= phase.config.epochs or progress.worse >= phase.config.patience or used_up

    def _run_epoch(self, phase: Phase[Any], learner: Learner) -> None:
        """Go through the samples once, or on from where it was stopped, and look at the validation split."""
        system, progress = self.state.system, self.state.progress
        started = time.monotonic() - progress.seconds
        self._run_steps(phase, learner, started)
        self._stop_if_asked(phase)
        system.eval()
        with learner.average.in_place():
            valid = self._judged(phase)
            is_best = valid is None or valid < progress.best
            if is_best:
                self.state.keep_best()
        figures = EpochFigures(
            phase=phase.name,
            epoch=progress.epochs + 1,
            steps=progress.steps,
            samples=progress.samples,
            loss=progress.loss,
            parts=progress.parts,
            valid=valid,
            seconds=round(time.monotonic() - started, 2),
        )
        progress.figures.append(figures)
        went = how_an_epoch_went(figures, phase.config.epochs, phase.figure, progress.rate)
        console.print(f"  {went}", markup=False)
        self.watcher(figures)
        if parallel.is_first():
            _write_log(progress.figures, self.folder)
        if is_best:
            progress.best, progress.worse = math.inf if valid is None else valid, 0
        else:
            progress.worse += 1
        progress.end_epoch()
        self.state.order_at_epoch = self.state.order.get_state()
        self._stop_if_asked(phase)
        self._save()

    def _judged(self, phase: Phase[Any]) -> float | None:
        """Return the validation figure; None where the validation split has nothing for the phase."""
        if not phase.held_out:
            return None
        with torch.no_grad():
            valid = parallel.from_first(phase.validate() if parallel.is_first() else 0.0)
        self._check(phase, f"validation {phase.figure}", valid)
        return valid

    def _run_steps(self, phase: Phase[Any], learner: Learner, started: float) -> None:
        state, progress = self.state, self.state.progress
        state.system.eval()
        phase.module.train()
        every = parallel.share(phase.order(state.order))
        most = len(every)
        if self.config.max_steps is not None:
            most = min(most, progress.steps + self.config.max_steps - progress.steps_of_phase)
        saved = time.monotonic()
        with epoch_bar() as bar:
            task = bar.add_task(phase.name, total=most, completed=progress.steps)
            rows = every[progress.steps : most]
            for here, batch in zip(rows, ahead(phase.read, rows), strict=True):
                parts = phase.loss(batch)
                loss = total(parts)
                # Reading numbers waits for the device, so the whole step is queued before.
                learner.step(loss)
                value, *values = parallel.totals(torch.stack([loss, *parts.values()]))
                self._check(phase, "loss", value)
                progress.count_step(len(here) * parallel.processes(), dict(zip(parts, values, strict=True)))
                progress.seconds = time.monotonic() - started
                bar.update(task, advance=1, description=how_an_epoch_goes(phase.name, phase.config.epochs, progress))
                wish = self._agreed(saved)
                if wish == _Wish.STOP:
                    self._stop(phase)
                if wish == _Wish.SAVE:
                    self._save()
                    saved = time.monotonic()

    def _check(self, phase: Phase[Any], what: str, value: float) -> None:
        if not math.isfinite(value):
            raise KgprepError(
                f"the {what} of phase {phase.name} is {value} after step {self.state.progress.steps}: "
                f"lower {phase.name}.learning_rate (now {phase.config.learning_rate})"
            )

    def _agreed(self, saved: float) -> float:
        """Return what any of the processes wants after a step; `saved` is when the state was saved."""
        if self.interrupted.is_set():
            return parallel.highest(_Wish.STOP)
        is_late = time.monotonic() - saved > SECONDS_BETWEEN_SAVES
        return parallel.highest(_Wish.SAVE if is_late else _Wish.GO_ON)

    def _stop_if_asked(self, phase: Phase[Any]) -> None:
        if parallel.highest(self.interrupted.is_set()):
            self._stop(phase)

    def _stop(self, phase: Phase[Any]) -> None:
        self._save()
        parallel.wait()  # whichever process ends first, torchrun ends the others
        progress = self.state.progress
        within = f", epoch {progress.epochs + 1}, after step {progress.steps}"
        where = within if progress.steps else f" after epoch {progress.epochs}"
        raise KgprepError(f"stopped in phase {phase.name}{where}: go on with --resume and the same settings")

    def _save(self) -> None:
        if parallel.is_first():
            refuse_change(self.workspace, self.bundle)
        save_state(self.state, self.folder, self.bundle, self.config)


def _write_log(figures: Sequence[EpochFigures], folder: Path) -> None:
    with write_beside(folder / "log.jsonl") as partial:
        partial.write_text("".join(json.dumps(asdict(epoch)) + "\n" for epoch in figures), encoding="utf-8")
