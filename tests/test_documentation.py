"""The generated pages say what the code says now, and every command is documented."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from kgprep.artifacts import ITEMS, read_table
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


def fenced(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_the_page_on_own_dialogues_can_be_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = DOCS / "own-dialogues.md"
    (tmp_path / "dialogues.jsonl").write_text(fenced(page, "json")[0])
    (tmp_path / "items.csv").write_text(fenced(page, "csv")[0])
    (tmp_path / "pipelines").symlink_to(DOCS.parent / "pipelines")
    monkeypatch.chdir(tmp_path)
    for command in fenced(page, "sh"):
        result = CliRunner().invoke(main, shlex.split(command)[1:])
        assert result.exit_code == 0, result.output
    items = read_table(tmp_path / "workspaces" / "mine", ITEMS)
    assert items["method"].cast(pl.String).to_list() == ["imdb_id", "title_year"]


def test_every_library_is_named_with_its_reason() -> None:
    project = tomllib.loads((DOCS.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = (DOCS / "architecture.md").read_text(encoding="utf-8").replace("_", "-")
    names = [re.split(r"[<>=]", requirement)[0].replace("_", "-") for requirement in project["dependencies"]]
    assert [name for name in names if name not in text] == []


@pytest.mark.parametrize("page", [DOCS.parent / "README.md", *sorted(DOCS.glob("*.md"))], ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []
