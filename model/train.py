"""Training: coarse contrast, fine contrast, recommendation, generation, one after the other.

Notable here:
- the four phases are data: what is learnt, from which samples, by which loss, judged by which validation figure;
- each phase ends with its best weights by the validation split; the test split is never looked at;
- a loss that is no number ends the run at once.
"""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from torch import Tensor, nn

from kgprep.artifacts import KgprepError, write_beside
from model.batches import batches
from model.checkpoint import pick_device, run_folder, save
from model.config import PhaseConfig, TrainConfig
from model.data import Corpus, Samples, read_corpus
from model.evaluate import scores_of
from model.generator import token_weights
from model.graph import read_graph
from model.metrics import ranks
from model.system import (
    System,
    coarse_loss,
    contexts_of,
    fine_loss,
    generation_loss,
    make_system,
    recommendation_loss,
)

console = Console(stderr=True, highlight=False, soft_wrap=True)


@dataclass(frozen=True)
class Phase:
    """One part of the training."""

    name: str
    figure: str  # name of the validation figure; lower is better
    config: PhaseConfig
    learns: list[nn.Parameter]
    lengths: Tensor  # int64 [samples], for batches of like length
    loss: Callable[[Tensor], Tensor]  # from the numbers of a batch's samples
    validate: Callable[[], float]


@dataclass(frozen=True)
class EpochFigures:
    """What one epoch gave."""

    phase: str
    epoch: int
    steps: int
    loss: float
    valid: float
    seconds: float


@dataclass(frozen=True)
class RunSummary:
    """Where a run lies and how each epoch went."""

    folder: Path
    epochs: tuple[EpochFigures, ...]
    seconds: float


def train(workspace: Path, run: str, config: TrainConfig, *, overwrite: bool = False) -> RunSummary:
    """Train one run on the bundle in `workspace`; its files go to ``runs/<run>``.

    Args:
        workspace: folder of a bundle that align-reviews has completed.
        run: name of the run.
        config: what is learnt how.
        overwrite: replace a run of that name.

    Raises:
        KgprepError: a table is missing, the run exists, or the loss is no longer a number.
    """
    folder = run_folder(workspace, run)
    if (folder / "checkpoint.json").exists() and not overwrite:
        raise KgprepError(f"{folder} exists: choose another --run, or replace it with --overwrite")
    started = time.monotonic()
    torch.manual_seed(config.seed)
    # Some sums on CUDA have no fixed order: there the same seed gives nearly the same run, on a CPU the very same.
    torch.use_deterministic_algorithms(True, warn_only=True)
    corpus = read_corpus(workspace, config.text)
    system = make_system(corpus, read_graph(workspace), config.model)
    system.move(pick_device(config.device))
    _say_what_is_learnt_from(corpus, system)
    figures: list[EpochFigures] = []
    for phase in _phases(system, corpus, config):
        figures += _run_phase(phase, system, config)
    save(folder, workspace, system, config, corpus, [asdict(epoch) for epoch in figures])
    with write_beside(folder / "log.jsonl") as partial:
        partial.write_text("".join(json.dumps(asdict(epoch)) + "\n" for epoch in figures), encoding="utf-8")
    return RunSummary(folder, tuple(figures), time.monotonic() - started)


def _say_what_is_learnt_from(corpus: Corpus, system: System) -> None:
    train_split = corpus.splits["train"]
    weights = sum(parameter.numel() for parameter in system.parameters())
    console.print(
        f"  {len(train_split.target):,} samples, {len(train_split.contexts):,} contexts, "
        f"{len(train_split.responses):,} responses, {len(corpus.vocabulary):,} words, "
        f"{weights:,} weights on {system.device}"
    )


def _phases(system: System, corpus: Corpus, config: TrainConfig) -> Iterator[Phase]:
    """Yield the phases in order; a phase with nothing to learn from is said to be left out."""
    for phase in (
        _coarse(system, corpus, config),
        _fine(system, corpus, config),
        _recommend(system, corpus, config),
        _generate(system, corpus, config),
    ):
        if not phase.config.epochs:
            continue
        if not len(phase.lengths):
            console.print(f"  {phase.name}: left out, the training split has nothing for it")
            continue
        yield phase


def _coarse(system: System, corpus: Corpus, config: TrainConfig) -> Phase:
    def loss(turns: Tensor) -> Tensor:
        return coarse_loss(system, contexts_of(system, corpus, turns, config.text), config.coarse.temperature)

    return _contrastive("coarse", system, corpus, config.coarse, loss)


def _fine(system: System, corpus: Corpus, config: TrainConfig) -> Phase:
    fine = config.fine

    def loss(turns: Tensor) -> Tensor:
        contexts = contexts_of(system, corpus, turns, config.text)
        return fine_loss(system, contexts, fine.temperature, fine.coarse_weight)

    return _contrastive("fine", system, corpus, fine, loss)


def _contrastive(
    name: str, system: System, corpus: Corpus, config: PhaseConfig, loss: Callable[[Tensor], Tensor]
) -> Phase:
    turns = corpus.splits["train"].contexts
    held_out = _choice(corpus.splits["valid"].contexts, config.valid_samples)
    lengths = corpus.turns.history.end - corpus.turns.history.start
    return Phase(
        name,
        "loss",
        config,
        list(system.encoders.parameters()),
        lengths[turns],
        lambda rows: loss(turns[rows]),
        lambda: _mean_loss(loss, held_out, lengths[held_out], config.batch),
    )


def _recommend(system: System, corpus: Corpus, config: TrainConfig) -> Phase:
    samples, held_out = corpus.splits["train"], corpus.splits["valid"]
    mentioned = corpus.turns.mentions.end - corpus.turns.mentions.start

    def loss(rows: Tensor) -> Tensor:
        contexts = contexts_of(system, corpus, samples.turn[rows], config.text)
        return recommendation_loss(system, contexts, samples.target[rows])

    learns = [*system.recommender.parameters(), *system.encoders.graph_encoder.parameters()]
    return Phase(
        "recommend",
        "1 - mean reciprocal rank",
        config.recommend,
        [*learns, *system.encoders.entity_pooling.parameters()],
        mentioned[samples.turn],
        loss,
        lambda: 1 - _reciprocal_rank(system, corpus, held_out, config),
    )


def _generate(system: System, corpus: Corpus, config: TrainConfig) -> Phase:
    turns = corpus.splits["train"].responses
    held_out = _choice(corpus.splits["valid"].responses, config.generate.valid_samples)
    lengths = corpus.turns.history.end - corpus.turns.history.start
    weights = token_weights(_said_counts(corpus, turns), config.generate).to(system.device)

    def loss(which: Tensor) -> Tensor:
        return generation_loss(system, corpus, which, config.text, weights)

    return Phase(
        "generate",
        "loss",
        config.generate,
        list(system.generator.parameters()),
        lengths[turns],
        lambda rows: loss(turns[rows]),
        lambda: _mean_loss(loss, held_out, lengths[held_out], config.generate.batch),
    )


def _choice(turns: Tensor, most: int) -> Tensor:
    """Return at most `most` of `turns`, always the same ones whatever the run's seed: runs stay comparable."""
    chosen = torch.randperm(len(turns), generator=torch.Generator().manual_seed(0))[:most]
    return turns[chosen.sort().values]


def _said_counts(corpus: Corpus, turns: Tensor) -> Tensor:
    """Return how often each response token is said in `turns`: int64 [response_size]."""
    size = corpus.vocabulary.response_size
    response = corpus.turns.response.at(turns)
    running = torch.zeros(len(corpus.response_tokens) + 1, dtype=torch.int64)
    running.index_add_(0, response.start, torch.ones_like(response.start))
    running.index_add_(0, response.end, -torch.ones_like(response.end))
    said = corpus.response_tokens[running.cumsum(0)[:-1] > 0]
    return torch.bincount(said, minlength=size)


def _run_phase(phase: Phase, system: System, config: TrainConfig) -> list[EpochFigures]:
    """Learn until the epochs or steps are used up or the validation figure stops falling; keep the best weights."""
    optimiser = torch.optim.Adam(phase.learns, lr=phase.config.learning_rate)
    order = torch.Generator().manual_seed(config.seed)
    steps_left = config.max_steps or math.inf
    best, best_state, worse = math.inf, copy.deepcopy(system.state_dict()), 0
    figures: list[EpochFigures] = []
    for epoch in range(1, phase.config.epochs + 1):
        started = time.monotonic()
        loss, steps = _run_epoch(phase, system, optimiser, order, steps_left)
        steps_left -= steps
        system.eval()
        with torch.no_grad():
            valid = phase.validate()
        figures.append(EpochFigures(phase.name, epoch, steps, loss, valid, round(time.monotonic() - started, 2)))
        _say(phase, figures[-1])
        if math.isnan(valid) or valid < best:
            best, best_state, worse = valid, copy.deepcopy(system.state_dict()), 0
        else:
            worse += 1
        if worse >= phase.config.patience or steps_left <= 0:
            break
    system.load_state_dict(best_state)
    return figures


def _run_epoch(
    phase: Phase, system: System, optimiser: torch.optim.Optimizer, order: torch.Generator, most_steps: float
) -> tuple[float, int]:
    """Go through the samples once, `most_steps` steps at most; returns the mean loss and the number of steps."""
    system.train()
    total = 0.0
    steps = 0
    available = math.ceil(len(phase.lengths) / phase.config.batch)
    with _progress() as bar:
        task = bar.add_task(phase.name, total=min(available, most_steps))
        for rows in batches(phase.lengths, phase.config.batch, order):
            if steps >= most_steps:
                break
            loss = phase.loss(rows)
            if not math.isfinite(loss.item()):
                raise KgprepError(
                    f"the loss of phase {phase.name} is {loss.item()} at step {steps + 1}: "
                    f"lower {phase.name}.learning_rate (now {phase.config.learning_rate})"
                )
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(phase.learns, phase.config.clip)
            optimiser.step()
            total += loss.item()
            steps += 1
            bar.advance(task)
    return total / max(steps, 1), steps


def _mean_loss(loss: Callable[[Tensor], Tensor], turns: Tensor, lengths: Tensor, batch: int) -> float:
    """Return the mean loss over `turns`; not a number where there is none."""
    if not len(turns):
        return math.nan
    parts = [(loss(turns[rows]).item(), len(rows)) for rows in batches(lengths, batch, None)]
    return sum(value * weight for value, weight in parts) / len(turns)


def _reciprocal_rank(system: System, corpus: Corpus, samples: Samples, config: TrainConfig) -> float:
    """Return the mean reciprocal rank of the targets; not a number where there is none."""
    if not len(samples.target):
        return math.nan
    scores = scores_of(system, corpus, samples, config)
    return float(ranks(scores, samples.target).reciprocal().mean())


def _say(phase: Phase, epoch: EpochFigures) -> None:
    console.print(
        f"  {epoch.phase} {epoch.epoch}/{phase.config.epochs}: {epoch.steps} steps, loss {epoch.loss:.4f}, "
        f"validation {phase.figure} {epoch.valid:.4f}, {epoch.seconds:.1f} s",
        markup=False,
    )


def _progress() -> Progress:
    columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
