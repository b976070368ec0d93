"""Tables and links as text for people."""

from __future__ import annotations

import difflib
from pathlib import Path

import polars as pl

from kgprep.artifacts import TABLES, KgprepError, Table, collect_table, scan_table
from kgprep.commit import finish_commit


def find_table(name: str) -> Table:
    """Return the table called `name`; the last part alone is enough where it is unique.

    Raises:
        KgprepError: no table, or several, are called so.
    """
    matching = [table for full, table in TABLES.items() if name in {full, full.partition("/")[2]}]
    if len(matching) == 1:
        return matching[0]
    if matching:
        raise KgprepError(f"{name} may be {' or '.join(table.name for table in matching)}: give the full name")
    near = difflib.get_close_matches(name, TABLES, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(TABLES)}"
    raise KgprepError(f"there is no table {name}: {hint}")


def describe(workspace: Path, name: str, rows: int) -> str:
    """Return a table's description, its columns, and its first `rows` rows.

    Raises:
        KgprepError: the table is unknown, absent, damaged or outdated.
    """
    table = find_table(name)
    finish_commit(workspace)
    frame = scan_table(workspace, table)
    height = frame.select(pl.len()).collect().item()
    width = max(len(column.name) for column in table.columns)
    columns = [
        f"  {column.name:<{width}}  {_type_name(column.dtype)}  {column.description}" for column in table.columns
    ]
    parts = [f"{table.name}: {height:,} rows. {table.description}", *columns]
    if rows:
        parts += ["", format_frame(collect_table(workspace, table, frame.head(rows)))]
    return "\n".join(parts)


def format_links(links: pl.DataFrame) -> str:
    """Return the links of `EntityLinker.link` as a table."""
    if links.is_empty():
        return "no entity found"
    return format_frame(links.select("text", "start", "end", "word", "label", "score", "iri"))


def format_frame(frame: pl.DataFrame) -> str:
    """Return all rows and columns of a small frame as text."""
    with pl.Config(
        tbl_rows=-1,
        tbl_cols=-1,
        tbl_hide_dataframe_shape=True,
        tbl_hide_column_data_types=True,
        tbl_formatting="NOTHING",
        fmt_str_lengths=60,
        tbl_width_chars=160,
    ):
        return str(frame)


def _type_name(dtype: pl.DataType | type[pl.DataType]) -> str:
    return "enum" if isinstance(dtype, pl.Enum) else str(dtype).lower()
