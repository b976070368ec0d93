"""Runs a recipe: the stages in order, each only if something that decides its result has changed.

Notable here:
- the stages are the same functions the command line and a notebook call;
- what is up to date is read from bundle.json, so a stage run by hand counts too;
- once a stage has run, those that build on it run: a run does not build on another one, so its variants are kept;
- what was measured on one split stays up to date when another split is measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kgprep.errors import KgprepError
from kgprep.kg.build import build_kg
from kgprep.progress import console
from kgprep.provenance import is_current, read_provenance, refuse_outdated, stage_before
from kgprep.reviews.align import AlignConfig, align_reviews
from kgprep.reviews.corpora import split_form
from kgprep.stage import Stage
from pipelines.collection import collect_run
from pipelines.recipe import Recipe, load_recipe

STAGES = ("build-kg", "collect-reviews", "align-reviews", "train", "evaluate")


@dataclass(frozen=True)
class Step:
    """One stage of a recipe: its name in bundle.json, what decides its result, and the call that runs it."""

    stage: str
    parameters: Mapping[str, Any]
    call: Callable[[], object]


@dataclass(frozen=True)
class RecipeRun:
    """Where a recipe's results lie, the runs that it made, and which of its stages ran."""

    workspace: Path
    runs: tuple[str, ...]
    """The recipe's own first, then its variants."""
    ran: tuple[str, ...]


def run_recipe(
    name: str,
    workspace: Path | None = None,
    from_stage: str | None = None,
    overrides: Sequence[str] = (),
    *,
    variants: bool = False,
) -> RecipeRun:
    """Run the stages of a recipe in order, skipping those that are up to date.

    Args:
        name: a recipe's name, or the path of its YAML file.
        workspace: folder of the bundle; ``workspaces/<recipe>`` where None.
        from_stage: run this stage and all later ones in any case.
        overrides: settings as ``section.key=value``.
        variants: train and measure the run's ablations too.

    Raises:
        KgprepError: the recipe, its data or a stage's input is wrong.
    """
    recipe = load_recipe(name, overrides)
    recipe.check_requirements()
    place = workspace or Path("workspaces") / Path(name).stem
    forced = STAGES[STAGES.index(from_stage) :] if from_stage else ()
    ran: list[str] = []
    for step in [*_steps(recipe, place), *(_variants(recipe, place) if variants else ())]:
        has_to = step.stage.partition("/")[0] in forced or stage_before(step.stage) in ran
        if not has_to and is_current(place, step.stage, step.parameters):
            console.print(f"[bold]{step.stage}[/bold]: nothing has changed, kept")
            continue
        step.call()
        ran.append(step.stage)
    runs = (recipe.train.run, *(variant_run(recipe.train.run, name) for name in _variant_names() if variants))
    return RecipeRun(place, runs, tuple(ran))


def train_run(workspace: Path, run: str, config: Any, *, overwrite: bool = False, resume: bool = False) -> None:
    """Train one run on the bundle in `workspace` and record it in bundle.json.

    Args:
        workspace: folder of the bundle.
        run: name of the run; its files go to ``runs/<run>``.
        config: a `model.config.TrainConfig`.
        overwrite: replace a run of that name.
        resume: go on with an unfinished run of that name.

    Raises:
        KgprepError: the bundle holds reviews or triples of an earlier graph, or errors as in `model.train.train`.
    """
    from model.parallel import is_first
    from model.train import train

    if not is_first():
        train(workspace, run, config, overwrite=overwrite, resume=resume)
        return
    refuse_outdated(workspace)
    with Stage(f"train/{run}", workspace, config.model_dump(mode="json")) as stage:
        train(workspace, run, config, overwrite=overwrite, resume=resume)
        stage.output(workspace / "runs" / run / "checkpoint.json")


def evaluate_run(workspace: Path, run: str, split: str = "test") -> dict[str, Any]:
    """Measure a trained run on one split, write its metrics.json and record it in bundle.json."""
    from model.evaluate import evaluate

    with Stage(f"evaluate/{run}", workspace, {}) as stage:
        metrics = evaluate(workspace, run, split)
        # metrics.json keeps what was measured before of the very same run.
        stage.parameters = {"splits": sorted(metrics["recommendation"])}
        stage.output(workspace / "runs" / run / "metrics.json")
    return metrics


def _steps(recipe: Recipe, workspace: Path) -> list[Step]:
    from model.config import load_config
    from model.runs import run_folder

    run = recipe.train.run
    run_folder(workspace, run)  # refuses what cannot name a run
    align = _with_present_reviews(recipe.align_reviews)
    collect = recipe.collect_reviews
    collecting = []
    if collect is not None:
        align = align.model_copy(update={"collected": (*align.collected, collect.site)})
        collecting = [
            Step("collect-reviews", collect.model_dump(mode="json"), lambda: collect_run(workspace, collect)),
        ]
    config = load_config(recipe.train.config, recipe.train.settings)
    return [
        Step("build-kg", recipe.build_kg.model_dump(mode="json"), lambda: build_kg(workspace, recipe.build_kg)),
        *collecting,
        Step("align-reviews", align.model_dump(mode="json"), lambda: align_reviews(workspace, align)),
        *_train_and_evaluate(workspace, run, config),
    ]


def variant_run(run: str, variant: str) -> str:
    """Return the name of the run of a variant of `run`."""
    return f"{run}-{variant}"


def _variant_names() -> list[str]:
    from model.config import variant_names

    return variant_names()


def _variants(recipe: Recipe, workspace: Path) -> list[Step]:
    from model.config import load_config

    return [
        step
        for name in _variant_names()
        for step in _train_and_evaluate(
            workspace,
            variant_run(recipe.train.run, name),
            load_config(recipe.train.config, recipe.train.settings, name),
        )
    ]


def _train_and_evaluate(workspace: Path, run: str, config: Any) -> list[Step]:
    return [
        Step(f"train/{run}", config.model_dump(mode="json"), lambda: _train_on(workspace, run, config)),
        Step(f"evaluate/{run}", _measured_on_test(workspace, run), lambda: evaluate_run(workspace, run)),
    ]


def _measured_on_test(workspace: Path, run: str) -> dict[str, Any]:
    """Return what the record of a run's measurement has to say: the test split, and any that was measured beside it."""
    record = read_provenance(workspace)["stages"].get(f"evaluate/{run}", {"parameters": {}})
    return {"splits": sorted({"test", *record["parameters"].get("splits", ())})}


def _train_on(workspace: Path, run: str, config: Any) -> None:
    """Train a recipe's run; one that was stopped, on the same bundle with the same settings, goes on."""
    from model.runs import run_folder
    from model.training_state import can_resume

    resume = can_resume(run_folder(workspace, run), workspace, config)
    train_run(workspace, run, config, overwrite=True, resume=resume)


def _with_present_reviews(config: AlignConfig) -> AlignConfig:
    """Leave out review corpora that are not there, and say so; a recipe lists every corpus it can use."""
    present = tuple(spec for spec in config.reviews if split_form(spec)[1].exists())
    if config.reviews and not present:
        raise KgprepError(f"none of {', '.join(config.reviews)} exists: put one of them there")
    for spec in sorted(set(config.reviews) - set(present)):
        console.print(f"  {spec} is not there: left out", markup=False)
    return config.model_copy(update={"reviews": present})
