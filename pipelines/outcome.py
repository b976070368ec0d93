"""What a recipe made, as a short table in the terminal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column
from rich.table import Table as RichTable

from kgprep.artifacts import TABLES, scan_table

VIEWS = {
    "all_roles/all_targets": "both, all",
    "all_roles/novel_targets": "both, novel",
    "recommender/all_targets": "recommender, all",
    "recommender/novel_targets": "recommender, novel",
}

_RESPONSES = {"perplexity": 1, "bleu@2": 4}
"""Figures of responses and how many decimal places they are shown with."""


def print_outcome(workspace: Path, run: str) -> None:
    """Print rows per table, the run's recall beside the baselines', and the paths written."""
    console = Console(highlight=False, soft_wrap=True)
    console.print(_rows(workspace))
    metrics_path = workspace / "runs" / run / "metrics.json"
    metrics = json.loads(metrics_path.read_text(encoding="utf-8"))
    for split, systems in metrics["recommendation"].items():
        console.print(_recall(split, systems))
    console.print(f"bundle   {workspace}")
    console.print(f"run      {metrics_path.parent}")
    console.print(f"metrics  {metrics_path}")


def print_variants(workspace: Path, runs: Sequence[str]) -> None:
    """Print recall@10, perplexity and BLEU-2 on the test split, one run a row; what it has not learnt is "-"."""
    heads = (*VIEWS.values(), "perplexity", "BLEU-2")
    columns = [Column("run", no_wrap=True), *(Column(head, justify="right", no_wrap=True) for head in heads)]
    title = "Recall@10 by roles and targets, and responses, on test"
    table = RichTable(*columns, title=title, title_justify="left", box=SIMPLE_HEAD)
    for run in runs:
        metrics = json.loads((workspace / "runs" / run / "metrics.json").read_text(encoding="utf-8"))
        views = metrics["recommendation"]["test"].get("c2crs")
        recall = [_recall_cells(views[view])[1] if views else "-" for view in VIEWS]
        said = metrics["generation"].get("test", {})
        responses = [f"{said[name]:.{places}f}" if name in said else "-" for name, places in _RESPONSES.items()]
        table.add_row(run, *recall, *responses)
    console = Console(highlight=False, soft_wrap=True)
    # A narrow terminal wraps a line; a cell that is cut would be lost.
    console.width = max(console.width, console.measure(table, options=console.options.update(max_width=1000)).maximum)
    console.print(table)


def _rows(workspace: Path) -> RichTable:
    table = RichTable("table", "rows", title="Bundle", title_justify="left", box=SIMPLE_HEAD)
    table.columns[1].justify = "right"
    for name, kind in TABLES.items():
        if kind.path(workspace).exists():
            rows = scan_table(workspace, kind).select(pl.len()).collect().item()
            table.add_row(name, f"{rows:,}")
    return table


def _recall(split: str, systems: dict[str, Any]) -> RichTable:
    """Recall at 1, 10 and 50 of each system under each of the four protocols."""
    title = f"Recommendation on {split}, recall with the 95 % interval of @10"
    heads = (Column(head, no_wrap=True) for head in ("roles, targets", "@1", "@10", "@50"))
    table = RichTable(*heads, title=title, title_justify="left", box=SIMPLE_HEAD)
    for view, label in VIEWS.items():
        samples = next(iter(systems.values()))[view]["samples"]
        table.add_row(f"[bold]{label}: {samples:,}[/bold]")
        for name, system in systems.items():
            table.add_row("  " + name.replace("_", "-"), *_recall_cells(system[view]))
    return table


def _recall_cells(figures: dict[str, Any]) -> tuple[str, str, str]:
    if not figures["samples"]:
        return "-", "-", "-"
    first, tenth, fiftieth = (figures[f"recall@{k}"] for k in (1, 10, 50))
    interval = f"{tenth['value']:.3f} [{tenth['low']:.3f}, {tenth['high']:.3f}]"
    return f"{first['value']:.3f}", interval, f"{fiftieth['value']:.3f}"
