"""The generated pages say what the code says now, and every command is documented."""

from __future__ import annotations

from pathlib import Path

import pytest

from kgprep.cli import main
from kgprep.documentation import pages

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize("page", pages(), ids=str)
def test_a_generated_page_is_up_to_date(page: Path) -> None:
    assert (DOCS / page).read_text(encoding="utf-8") == pages()[page], "run make docs"


def test_no_page_of_a_command_that_is_gone_remains() -> None:
    written = {path.relative_to(DOCS) for path in (DOCS / "commands").glob("*.md")}
    assert written == {page for page in pages() if page.parent == Path("commands")}


@pytest.mark.parametrize("name", main.commands)
def test_every_command_and_option_has_help(name: str) -> None:
    command = main.commands[name]
    assert command.help
    assert "Example:" in command.help
    for parameter in command.params:
        assert parameter.param_type_name == "argument" or getattr(parameter, "help", None), parameter.name
