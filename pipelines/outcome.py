"""What a recipe made, as a short table in the terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console
from rich.table import Table as RichTable

from kgprep.artifacts import TABLES, scan_table

VIEWS = ("all_roles/all_targets", "all_roles/novel_targets", "recommender/all_targets", "recommender/novel_targets")


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


def _rows(workspace: Path) -> RichTable:
    table = RichTable("table", "rows", title="Bundle", title_justify="left")
    table.columns[1].justify = "right"
    for name, kind in TABLES.items():
        if kind.path(workspace).exists():
            rows = scan_table(workspace, kind).select(pl.len()).collect().item()
            table.add_row(name, f"{rows:,}")
    return table


def _recall(split: str, systems: dict[str, Any]) -> RichTable:
    """Recall at 1, 10 and 50 of each system under each of the four protocols."""
    title = f"Recommendation on {split}: recall@1 / @10 / @50 with the 95 % interval of @10"
    table = RichTable("targets", "samples", *systems, title=title, title_justify="left")
    for view in VIEWS:
        samples = next(iter(systems.values()))[view]["samples"]
        table.add_row(view, f"{samples:,}", *(_recall_cell(system[view]) for system in systems.values()))
    return table


def _recall_cell(figures: dict[str, Any]) -> str:
    if not figures["samples"]:
        return "-"
    at = " / ".join(f"{figures[f'recall@{k}']['value']:.3f}" for k in (1, 10, 50))
    return f"{at}  [{figures['recall@10']['low']:.3f}, {figures['recall@10']['high']:.3f}]"
