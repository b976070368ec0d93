"""The bundle as a folder that the library `datasets` loads, with a dataset card.

Notable here: the Parquet files are the bundle's own tables, split where they have a split; nothing is left out.
"""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from kgprep.artifacts import SPLITS, TABLES, Table, read_table
from kgprep.export.exported import Exported, ExportOptions
from kgprep.provenance import Count, read_provenance

USAGE = """from datasets import load_dataset

triples = load_dataset(".", "triples", split="train")"""


def write(workspace: Path, folder: Path, _options: ExportOptions) -> Exported:
    """Write a Parquet file a table and split; the README is the card, and each table a configuration of the data set.

    Raises:
        KgprepError: the workspace has no graph, or a table is outdated.
    """
    tables = [table for table in TABLES.values() if table.path(workspace).exists()]
    if not tables:
        read_table(workspace, TABLES["kg/entities"])
    counts, configs = [], []
    for table in tables:
        frame = read_table(workspace, table)
        name = _config_name(table)
        files = _write_splits(frame, folder / "data" / name)
        configs.append((name, table, files))
        counts.append(Count(f"rows of {table.name}", frame.height))
    lost = (
        "enumerations become strings; what columns mean stands in this file alone",
        "provenance beyond sources and licences; read it from bundle.json",
    )
    return Exported(tuple(counts), lost, USAGE, card=_card(workspace, configs))


def _config_name(table: Table) -> str:
    folder, _, name = table.name.partition("/")
    return name if folder == name else f"{folder}_{name}"


def _write_splits(frame: pl.DataFrame, folder: Path) -> list[tuple[str, str]]:
    """Write a frame, a file a split, and return the splits with their paths; one without splits is train."""
    folder.mkdir(parents=True)
    plain = frame.with_columns(
        pl.col(name).cast(pl.String) for name, kind in frame.schema.items() if isinstance(kind, pl.Enum)
    )
    parts = (
        {split: plain.filter(pl.col("split") == split) for split in SPLITS}
        if "split" in plain.columns
        else {"train": plain}
    )
    files = []
    for split, part in parts.items():
        part.write_parquet(folder / f"{split}.parquet")
        files.append(("validation" if split == "valid" else split, f"data/{folder.name}/{split}.parquet"))
    return files


def _card(workspace: Path, configs: list[tuple[str, Table, list[tuple[str, str]]]]) -> str:
    """Return the dataset card: YAML that names the files of each configuration, then what they are."""
    head = ["---", "configs:"]
    body = ["# A bundle of kgprep", ""]
    for name, table, files in configs:
        head += [f"- config_name: {name}", "  data_files:"]
        for split, path in files:
            head += [f"  - split: {split}", f"    path: {path}"]
        columns = [f"- `{column.name}`: {column.description}" for column in table.columns]
        body += [f"## {name}", "", table.description, "", *columns, ""]
    head.append("---")
    return "\n".join([*head, *body, "## Sources", "", *_sources(workspace), ""])


def _sources(workspace: Path) -> list[str]:
    stages = read_provenance(workspace)["stages"].values()
    sources = {source["sha256"]: source for stage in stages for source in stage["inputs"]}
    return [
        f"- {Path(source['path']).name}, licence: {source['licence'] or 'unknown'}, sha256 {source['sha256']}"
        for source in sorted(sources.values(), key=json.dumps)
    ]
