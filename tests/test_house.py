"""Arrows point one way: which package may import which, what a start may load, and that a path is no pattern."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

ROOT = Path(__file__).parents[1]
HEAVY = ("polars", "torch", "spacy", "rdflib", "pydantic", "rich", "requests")


def imported_modules(path: Path, *, module_level: bool) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if module_level else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("path", sources("model"), ids=lambda path: str(path.relative_to(ROOT)))
def test_model_knows_of_kgprep_only_its_tables(path: Path) -> None:
    imported = {name for name in imported_modules(path, module_level=False) if name.startswith(("kgprep", "pipelines"))}
    assert imported <= {"kgprep.artifacts"}


@pytest.mark.parametrize("path", sources("kgprep"), ids=lambda path: str(path.relative_to(ROOT)))
def test_kgprep_reaches_model_and_pipelines_only_inside_commands(path: Path) -> None:
    at_command = path.parent.name == "cli"
    imported = imported_modules(path, module_level=at_command)
    assert not [name for name in imported if name.split(".")[0] in {"model", "pipelines"}]


def test_the_command_line_starts_without_heavy_packages() -> None:
    code = f"import sys, kgprep.cli; print(*[name for name in {HEAVY} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert loaded == []


def test_polars_reads_a_path_as_it_is_written() -> None:
    """Where the name of a file or folder holds a bracket, polars takes it for a pattern unless told otherwise."""
    for path in [path for package in ("kgprep", "model", "pipelines") for path in sources(package)]:
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func).startswith("pl."):
                reading = getattr(pl, ast.unparse(call.func).removeprefix("pl."), None)
                if inspect.isfunction(reading) and reading.__name__.startswith(("read_", "scan_")):
                    given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
                    takes = inspect.signature(reading).parameters
                    assert "glob" not in takes or given.get("glob") == "False", (path, call.lineno)
                    # It takes any path for a pattern.
                    assert reading is not pl.read_parquet_schema, (path, call.lineno)
