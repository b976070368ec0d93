"""What several commands share: kinds of path, options, and a stage's config made from them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

FILE = click.Path(path_type=Path)
FOLDER = click.Path(path_type=Path, file_okay=False)


def debug_option(command: Command) -> Command:
    """Add ``--debug`` to a command."""

    def remember(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
        if value:
            ctx.meta["kgprep.debug"] = True

    return click.option(
        "--debug", is_flag=True, expose_value=False, callback=remember, help="Show the traceback of an error."
    )(command)


def workspace_option(command: Command) -> Command:
    """Add ``-w/--workspace`` to a command."""
    return click.option("-w", "--workspace", type=FOLDER, required=True, metavar="WS", help="Folder of the bundle.")(
        command
    )


def stage_config(kind: type[Any], options: dict[str, Any]) -> Any:
    """Build a stage's config from options; a value it refuses is the user's mistake."""
    from pydantic import ValidationError

    try:
        return kind(**options)
    except ValidationError as error:
        first = error.errors()[0]
        option = "--" + str(first["loc"][0]).replace("_", "-") if first["loc"] else "the options"
        raise click.UsageError(f"{option}: {first['msg']}") from error
