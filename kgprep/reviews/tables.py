"""Reviews in tables of any columns: CSV, TSV, JSON Lines or Parquet with a column map, and Douban's DMSC.

Notable here:
- the kind of table is told from the file's name, without the ending of a compression;
- values are read as text, and of the mapped columns only: no other one (a user's name) is kept;
- polars streams CSV and Parquet in batches of rows; how quotation marks are read is told in `separated`;
- blank lines are no rows;
- a row with more cells than the header is skipped and shown: a text with unquoted commas would be cut, and what
  follows it would be another column's;
- Parquet in bzip2, which polars does not read, is unpacked in memory.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from kgprep.compression import bare_suffix, read_blocks
from kgprep.counts import Count
from kgprep.dialogues.lines import JSON_LINES
from kgprep.errors import KgprepError, no_file
from kgprep.reviews.column_map import FIELDS, ColumnMap
from kgprep.reviews.json_lines import BLOCK_BYTES, Keys, first_keys, read_objects
from kgprep.reviews.records import RAW, Tally
from kgprep.separated import SEPARATORS, column_names, open_separated, unreadable

PARQUET = (".parquet", ".pq")
DMSC_COLUMNS = {
    "film_title": "Movie_Name_CN",
    "film_title_other": "Movie_Name_EN",
    "date": "Date",
    "rating": "Star",
    "text": "Comment",
    "helpful": "Like",
}
_ROWS_A_BATCH = 8192


def columns_of(path: Path) -> tuple[str, ...]:
    """Return the names of a table's columns; of JSON Lines, the keys of the first line.

    Raises:
        KgprepError: the file is no table, or cannot be read.
    """
    if bare_suffix(path) in JSON_LINES:
        return first_keys(path)
    _check_is_table(path)
    if bare_suffix(path) in SEPARATORS:
        return column_names(path, SEPARATORS[bare_suffix(path)])
    try:
        return tuple(_scan_parquet(path).collect_schema().names())
    except (pl.exceptions.PolarsError, OSError) as error:
        raise unreadable(path, error) from error


def read_mapped(path: Path, column_map: ColumnMap, tally: Tally) -> Iterator[pl.DataFrame]:
    """Read a table as `RAW` records, in batches.

    Args:
        path: of the table, plain or compressed.
        column_map: which column holds what.
        tally: the rows are added to it.

    Raises:
        KgprepError: the file is absent, no table or damaged, a column is missing, or no row holds a usable review.
    """
    columns = {FIELDS[name]: column for name, column in column_map.columns}
    column_map.check(_columns_anywhere(path, set(columns.values())), path)
    yield from _read(path, columns, path.name.split(".")[0] or "table", tally)


def read_dmsc(path: Path, tally: Tally) -> Iterator[pl.DataFrame]:
    """Read DMSC's CSV of Douban short comments as `RAW` records, in batches; errors as in `read_mapped`."""
    present = columns_of(path)
    missing = [column for column in DMSC_COLUMNS.values() if column not in present]
    if missing:
        raise KgprepError(f"{path} has no column {', '.join(missing)}: give DMSC.csv, or name its columns with --map")
    return _read(path, DMSC_COLUMNS, "dmsc", tally)


def _columns_anywhere(path: Path, wanted: set[str]) -> tuple[str, ...]:
    """Return a table's columns; keys that only later lines of JSON Lines have count too."""
    present = columns_of(path)
    if bare_suffix(path) not in JSON_LINES or wanted <= set(present):
        return present
    keys = {name: (name,) for name in sorted(wanted - set(present))}
    later: set[str] = set()
    for batch in read_objects(path, keys, Tally()):
        later |= {name for name in keys if batch[name].null_count() < batch.height}
        if set(keys) <= later:
            break
    return (*present, *sorted(later))


def _read(path: Path, columns: dict[str, str], source: str, tally: Tally) -> Iterator[pl.DataFrame]:
    kept_before, read_before = tally.kept, tally.read
    absent = [pl.lit(None, pl.String).alias(name) for name in RAW if name not in {*columns, "source"}]
    for values in read_columns(path, {name: (column,) for name, column in columns.items()}, tally):
        yield values.with_columns(pl.lit(source).alias("source"), *absent).select(*RAW)
    if tally.read == read_before:
        raise KgprepError(f"{path} has no row: give a table of reviews")
    if tally.kept == kept_before and not tally.other_languages:
        raise KgprepError(
            f"{path} holds no review of a named film: check the columns that --map names for it, "
            "and that its header has a name for each cell of a row"
        )


def read_columns(path: Path, keys: Keys, tally: Tally) -> Iterator[pl.DataFrame]:
    """Read columns of a table as strings, in batches.

    Args:
        path: of the table, plain or compressed.
        keys: the names that a column may have in the table; null where it has none of them.
        tally: the rows and the places of broken ones are added to it.

    Raises:
        KgprepError: the file is absent, no table or damaged.
    """
    if bare_suffix(path) in JSON_LINES:
        yield from read_objects(path, keys, tally)
        return
    present = columns_of(path)
    values = [
        pl.coalesce(*(pl.col(column).cast(pl.String) for column in among if column in present), pl.lit(None, pl.String))
        for among in keys.values()
    ]
    chosen = [value.alias(name) for name, value in zip(keys, values, strict=True)]
    yield from (_read_separated if bare_suffix(path) in SEPARATORS else _read_parquet)(path, chosen, tally)


def _read_separated(path: Path, chosen: list[pl.Expr], tally: Tally) -> Iterator[pl.DataFrame]:
    table = open_separated(path, SEPARATORS[bare_suffix(path)])
    try:
        too_long = table.rows_too_long()
        for line in too_long.values():
            tally.note(f"{path}:{line}: skipped, the row has more cells than the header: {table.advice}")
        if too_long:
            tally.before.append(Count(f"rows of {path.name} skipped, more cells than the header", len(too_long)))
        tally.read += len(too_long)
        rows = table.scan()
        # No column of the table is called so.
        number = max(rows.collect_schema().names(), key=len) + "_"
        # A blank line is no row: all its cells are null.
        told = rows.with_row_index(number).filter(
            ~pl.col(number).is_in(list(too_long)), pl.any_horizontal(pl.exclude(number).is_not_null())
        )
        yield from _batches(told.select(chosen), tally)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise table.refused(error) from error


def _read_parquet(path: Path, chosen: list[pl.Expr], tally: Tally) -> Iterator[pl.DataFrame]:
    try:
        yield from _batches(_scan_parquet(path).select(chosen), tally)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise unreadable(path, error) from error


def _batches(rows: pl.LazyFrame, tally: Tally) -> Iterator[pl.DataFrame]:
    for batch in rows.collect_batches(chunk_size=_ROWS_A_BATCH, maintain_order=True):
        tally.read += batch.height
        yield batch


def _check_is_table(path: Path) -> None:
    if not path.is_file():
        raise no_file(path, "check the path")
    if bare_suffix(path) not in (*SEPARATORS, *PARQUET):
        known = ", ".join((*SEPARATORS, *JSON_LINES, *PARQUET))
        raise KgprepError(f"{path} is no table that can be read: its name must end in one of {known}")


def _scan_parquet(path: Path) -> pl.LazyFrame:
    is_bzip2 = path.suffix.lower() == ".bz2"
    source = io.BytesIO(b"".join(read_blocks(path, BLOCK_BYTES))) if is_bzip2 else path
    return pl.scan_parquet(source, glob=False)
