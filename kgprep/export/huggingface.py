"""The bundle as a folder that the library `datasets` loads, with a dataset card.

Notable here:
- the Parquet files are the bundle's own tables; nothing is left out but what is empty;
- what belongs to a dialogue lies in the dialogue's split, mentions and feedback too, so that nobody trains on a test;
- the card has the licences and citations that the stages were told.
"""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from kgprep.artifacts import (
    DESCRIPTIONS,
    ENTITIES,
    REVIEWS,
    SPLITS,
    TABLES,
    TRIPLES,
    UTTERANCES,
    Table,
    read_table,
)
from kgprep.counts import Count
from kgprep.export.exported import Exported, ExportOptions
from kgprep.export.sources import SourceFile, source_files
from kgprep.provenance import read_provenance

# The library makes a name of the folder's, so it does not take ".".
USAGE = """import os
from datasets import load_dataset

triples = load_dataset(os.getcwd(), "triples", split="train")"""
LICENCE_ID = re.compile(r"cc0-1\.0|cc-by(-nc)?(-sa|-nd)?-\d\.\d|mit|apache-2\.0|gpl-\d\.\d|odbl|odc-by|pddl")
"""Licences that a dataset card has a name for; others are "other", those not known "unknown"."""


def write(workspace: Path, folder: Path, _options: ExportOptions) -> Exported:
    """Write a Parquet file a table and split; the README is the card, and each table a configuration of the data set.

    Raises:
        KgprepError: the workspace has no graph, or a table is outdated.
    """
    tables = [table for table in TABLES.values() if table.path(workspace).exists()]
    if ENTITIES not in tables:
        read_table(workspace, ENTITIES)
    split_of = _split_of_dialogues(workspace)
    counts, configs = [], []
    for table in tables:
        frame = read_table(workspace, table)
        counts.append(Count(f"rows of {table.name}", frame.height))
        if frame.is_empty():
            continue
        name = _config_name(table)
        files = _write_splits(frame, split_of, folder / "data" / name)
        configs.append((name, table, files))
    written = [table for _, table, _ in configs]
    lost = (
        *(f"the table {table.name}, which has no rows" for table in tables if table not in written),
        "enumerations become strings; what columns mean stands in this file alone",
        "provenance beyond sources, licences and citations; read it from bundle.json",
    )
    return Exported(tuple(counts), lost, USAGE, card=_card(workspace, configs))


def _split_of_dialogues(workspace: Path) -> pl.DataFrame:
    if not UTTERANCES.path(workspace).exists():
        return pl.DataFrame(schema={"dialogue_id": pl.String, "split": pl.String})
    dialogues = read_table(workspace, UTTERANCES).select("dialogue_id", pl.col("split").cast(pl.String))
    return dialogues.unique("dialogue_id", maintain_order=True)


def _config_name(table: Table) -> str:
    folder, _, name = table.name.partition("/")
    return name if folder == name else f"{folder}_{name}"


def _write_splits(frame: pl.DataFrame, split_of: pl.DataFrame, folder: Path) -> list[tuple[str, str]]:
    """Write a frame, a file a split, and return the splits with their paths; one without dialogues is train."""
    folder.mkdir(parents=True)
    plain = frame.with_columns(
        pl.col(name).cast(pl.String) for name, kind in frame.schema.items() if isinstance(kind, pl.Enum)
    )
    if "split" in plain.columns:
        parts = {split: plain.filter(pl.col("split") == split) for split in SPLITS}
    elif "dialogue_id" in plain.columns:
        placed = plain.join(split_of, on="dialogue_id", how="left", maintain_order="left")
        place = pl.col("split").fill_null("train")
        parts = {split: placed.filter(place == split).drop("split") for split in SPLITS}
    else:
        parts = {"train": plain}
    files = []
    for split, part in parts.items():
        # The library refuses a split without rows.
        if part.is_empty():
            continue
        part.write_parquet(folder / f"{split}.parquet")
        files.append(("validation" if split == "valid" else split, f"data/{folder.name}/{split}.parquet"))
    return files


def _card(workspace: Path, configs: list[tuple[str, Table, list[tuple[str, str]]]]) -> str:
    """Return the dataset card: YAML that names licences, languages and the files of tables, then what they are."""
    sources = source_files(read_provenance(workspace)["stages"].values())
    head = ["---", "pretty_name: A bundle of kgprep", "license:", *(f'- "{name}"' for name in _licences(sources))]
    languages = _languages(workspace)
    # In quotes, since YAML reads some languages, such as no, as something else.
    head += ["language:", *(f'- "{language}"' for language in languages)] if languages else []
    head += ["tags:", "- conversational recommendation", "- knowledge graph", "- entity linking", "configs:"]
    body = ["# A bundle of kgprep", ""]
    for name, table, files in configs:
        head += [f"- config_name: {name}", *(["  default: true"] if table is TRIPLES else []), "  data_files:"]
        for split, path in files:
            head += [f"  - split: {split}", f"    path: {path}"]
        columns = [f"- `{column.name}`: {column.description}" for column in table.columns]
        body += [f"## {name}", "", table.description, "", *columns, ""]
    head.append("---")
    return "\n".join([*head, *body, *_origin(sources)])


def _licences(sources: list[SourceFile]) -> list[str]:
    """Return the names that dataset cards have for the sources' licences."""
    return sorted({_licence(source.licence) for source in sources}) or ["unknown"]


def _licence(text: str | None) -> str:
    if text is None:
        return "unknown"
    name = re.sub(r"\s+", "-", text.strip().lower())
    return name if LICENCE_ID.fullmatch(name) else "other"


def _languages(workspace: Path) -> list[str]:
    """Return the languages of descriptions and reviews."""
    tables = [table for table in (DESCRIPTIONS, REVIEWS) if table.path(workspace).exists()]
    return sorted({language for table in tables for language in read_table(workspace, table)["lang"].unique()})


def _origin(sources: list[SourceFile]) -> list[str]:
    """Return the card's sections of sources and citations."""
    files = [f"- {file.name}, licence: {file.licence or 'unknown'}, sha256 {file.sha256}" for file in sources]
    cited = sorted({file.citation for file in sources if file.citation})
    citations = [f"- {citation}" for citation in cited] or ["No stage was told how its sources are to be cited."]
    return ["## Sources", "", *files, "", "## Citation", "", *citations, ""]
