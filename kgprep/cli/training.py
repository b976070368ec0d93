"""Commands around a model: train, measure, talk."""

from __future__ import annotations

from pathlib import Path

import click

from kgprep.cli.options import debug_option, workspace_option
from kgprep.errors import KgprepError


@click.command("train")
@workspace_option
@click.option("--run", "run", required=True, metavar="NAME", help="Name of the run; its files go to runs/NAME.")
@click.option(
    "--config",
    "config",
    default="c2crs",
    show_default=True,
    metavar="FILE",
    help="c2crs, c2crs_fused, small, or a YAML file.",
)
@click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="Change one setting of the config; repeat it."
)
@click.option("--max-steps", type=click.IntRange(1), help="End each phase after so many steps.")
@click.option("--overwrite", is_flag=True, help="Replace a run of that name.")
@click.option("--resume", is_flag=True, help="Go on with a run of that name that was stopped or killed.")
@debug_option
def train_command(
    workspace: Path,
    run: str,
    config: str,
    settings: tuple[str, ...],
    max_steps: int | None,
    overwrite: bool,
    resume: bool,
) -> None:
    """Train C2-CRS on a bundle and measure it.

    Four phases: coarse contrast, fine contrast, recommendation, generation.
    Writes a checkpoint, a log and metrics.json to runs/NAME.
    Ctrl-C finishes the step and saves.
    --resume with the same settings and as many processes goes on to the same result.
    Several GPUs: torchrun --nproc-per-node 4 -m -- kgprep train ...

    \b
    Example:
        kgprep train -w workspaces/sample --run short --config small --max-steps 2 --overwrite
    """
    from model.config import load_config
    from model.parallel import is_first
    from model.runs import run_folder
    from model.training_state import state_path
    from pipelines.outcome import print_outcome
    from pipelines.runner import evaluate_run, train_run

    steps = (f"max_steps={max_steps}",) if max_steps else ()
    if overwrite and resume:
        raise click.UsageError("give either --overwrite or --resume")
    state = state_path(run_folder(workspace, run))
    saved_before = 0 if resume else _saved_at(state)
    try:
        train_run(workspace, run, load_config(config, (*settings, *steps)), overwrite=overwrite, resume=resume)
    except KeyboardInterrupt as interrupt:
        advice = "nothing was saved, so give the same command again"
        if _saved_at(state) > saved_before:
            advice = "go on with --resume and the same settings"
        raise KgprepError(f"stopped by Ctrl-C while training: {advice}") from interrupt
    if not is_first():
        return
    try:
        evaluate_run(workspace, run)
    except KeyboardInterrupt as interrupt:
        again = f"kgprep evaluate -w {workspace} --run {run}"
        raise KgprepError(
            f"stopped by Ctrl-C while measuring; training has ended, so go on with {again}"
        ) from interrupt
    print_outcome(workspace, run)


@click.command("evaluate")
@workspace_option
@click.option("--run", "run", required=True, metavar="NAME", help="A trained run.")
@click.option(
    "--split", type=click.Choice(["valid", "test"]), default="test", show_default=True, help="Part to measure on."
)
@debug_option
def evaluate_command(workspace: Path, run: str, split: str) -> None:
    """Measure a run beside popularity and copy-history.

    \b
    Example:
        kgprep evaluate -w workspaces/sample --run c2crs
    """
    from pipelines.outcome import print_outcome
    from pipelines.runner import evaluate_run

    evaluate_run(workspace, run, split)
    print_outcome(workspace, run)


@click.command("chat")
@workspace_option
@click.option("--run", "run", required=True, metavar="NAME", help="A trained run.")
@debug_option
def chat_command(workspace: Path, run: str) -> None:
    """Talk with a trained run.

    Shows what it links in your words, its ten best films and why, and its answer.
    An empty line ends.

    \b
    Example:
        kgprep chat -w workspaces/sample --run c2crs
    """
    import io
    import sys

    from kgprep.linking.linker import EntityLinker
    from model.chat import Chat

    linker = EntityLinker.from_bundle(workspace)
    chat = Chat(workspace, run, linker.link_one)
    click.echo("you> ", nl=False)
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    for text in sys.stdin:
        if not text.strip():
            break
        click.echo(chat.say(text.strip()))
        click.echo("you> ", nl=False)


def _saved_at(state: Path) -> int:
    """Return when a run was last saved, in nanoseconds; 0 where it was not."""
    return state.stat().st_mtime_ns if state.exists() else 0
