"""The command line: each command reads its options, calls one function and prints what came back.

Notable here:
- nothing heavy is imported before a command runs, so ``kgprep --help`` answers at once;
- a `KgprepError` becomes one sentence and exit code 1; ``--debug`` shows the traceback instead;
- the example in each help text is run by a test.
"""

from __future__ import annotations

import os
from typing import Any

import click

from kgprep import __version__
from kgprep.cli import handover, inspection, stages, training
from kgprep.cli.options import debug_option
from kgprep.errors import KgprepError


class OneSentenceErrors(click.Group):
    """A command group that lists its commands in the order of use and tells a user's mistake in one sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order they are defined."""
        return list(self.commands)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse names that are not UTF-8, which neither tables nor bundle.json can hold."""
        for given in args:
            try:
                given.encode("utf-8")
            except UnicodeEncodeError as error:
                raise click.UsageError(
                    f"{os.fsencode(given)!r} is not UTF-8: rename the file or folder, or write the text in UTF-8"
                ) from error
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; see the class."""
        try:
            return super().invoke(ctx)
        except KgprepError as error:
            if ctx.meta.get("kgprep.debug"):
                raise
            raise click.ClickException(str(error)) from error
        except KeyboardInterrupt as interrupt:
            if ctx.meta.get("kgprep.debug"):
                raise
            raise click.ClickException(
                "stopped by Ctrl-C: no table was left half-written; give the same command to start this stage again"
            ) from interrupt


@click.group(cls=OneSentenceErrors, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="kgprep")
@debug_option
def main() -> None:
    """Join a knowledge graph, reviews and dialogues into one bundle of tables for conversational recommendation.

    \b
    The main path:
        kgprep build-kg       dialogues + DBpedia dumps   -> kg/ and dialogues/
        kgprep align-reviews  + review corpora            -> reviews/ and triples/
        kgprep train          the bundle                  -> runs/NAME/

    \b
    Example:
        kgprep run sample -w workspaces/sample
    """


for command in (
    stages.build_kg_command,
    stages.align_reviews_command,
    training.train_command,
    training.evaluate_command,
    training.chat_command,
    stages.run_command,
    inspection.validate_command,
    inspection.show_command,
    stages.fetch_command,
    stages.simulate_command,
    inspection.link_command,
    inspection.evaluate_linking_command,
    stages.collect_reviews_command,
    handover.export_command,
    handover.import_command,
    handover.triples_command,
    inspection.report_command,
):
    main.add_command(command)
