"""Tables of items: the whole input of a graph without dialogues, or the side file of a dialogue set.

Notable here: CSV, TSV (for quotation marks see `separated`) and JSON Lines, compressed or not; columns are known by
their names in any case, also by those of ReDial, IMDb and MovieLens, and what nobody reads is noted.
"""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from kgprep.compression import COMPRESSIONS, bare_suffix
from kgprep.dialogues.imdb import IMDB_ID, imdb_id
from kgprep.dialogues.lines import JSON_LINES, Skips, read_json_lines
from kgprep.dialogues.titles import FILM_YEAR, NO_YEAR, split_titles
from kgprep.dialogues.values import as_text, plain_id
from kgprep.errors import KgprepError, no_file
from kgprep.separated import SEPARATORS, open_separated

ITEM_ATTRIBUTES = pl.Schema(
    {
        "item_id": pl.String,
        "name": pl.String,
        "year": pl.Int16,
        "imdb_id": pl.String,
        "iri": pl.String,
        "plot": pl.String,
    }
)

ITEM_CELLS = pl.Schema(dict.fromkeys(ITEM_ATTRIBUTES.names(), pl.String()))
"""The same before cleaning: as files hold them."""

FILM_TITLES = ("film_title", "movie_title", "movie", "film")
"""What a table of anything calls the title of a film."""
COLUMNS_CALLED = {
    "item_id": ("item_id", "movie_id", "movieId", "id"),
    "name": ("name", "title", "movieName", *FILM_TITLES),
    "year": ("year", "film_year", "movie_year"),
    "imdb_id": ("imdb_id", "imdbId", "tconst", "imdb"),
    "iri": ("iri",),
    "plot": ("plot", "description"),
}
"""What a table of items may call its columns, the preferred first, in any case."""

_YEAR = rf"^\s*(?:({FILM_YEAR})|{NO_YEAR})(?:\.0)?\s*$"
UNUSABLE_CELLS = {"imdb_id": (IMDB_ID, "the imdb_id is no IMDb id of a title"), "year": (_YEAR, "the year is no year")}
"""What cells of a column look like, and what is said of others, by column."""

# Names of columns are lower-cased, so none is called so.
_LINE = "Line"


def known_form(header: str) -> str:
    """Return a column's name as it is compared."""
    return header.strip().lower()


def compared_names() -> dict[str, tuple[str, ...]]:
    """Return `COLUMNS_CALLED` as names are compared."""
    return {ours: tuple(map(known_form, names)) for ours, names in COLUMNS_CALLED.items()}


def read_item_attributes(path: Path, skips: Skips, cell_skips: Skips | None = None) -> pl.DataFrame:
    """Read a table of items.

    Args:
        path: CSV, TSV or JSON Lines with item_id and any of name, year, imdb_id, iri, plot; without item_id, imdb_id
            is the id.
        skips: receives the rows without item_id and the repeated ones.
        cell_skips: receives the unusable IMDb ids and years of other rows; `skips` does without it.

    Returns:
        item_id · name? (without year) · year? · imdb_id? · iri? · plot?, sorted by item_id, each id once.

    Raises:
        KgprepError: the file is missing, of another form, or without any usable row.
    """
    raw = _read_strings(path, skips)
    rows = clean_attributes(raw)
    _note_lines(rows.filter(pl.col("item_id").is_null()), "the row has no item_id", path, skips)
    rows = rows.drop_nulls("item_id")
    _note_lines(rows.filter(~pl.col("item_id").is_first_distinct()), "the item_id was read already", path, skips)
    rows = rows.unique("item_id", keep="first", maintain_order=True)
    if rows.is_empty():
        raise KgprepError(f"{path} holds no item: give it a column item_id and at least one row")
    cells = raw.join(rows, on=_LINE, how="semi", maintain_order="left")
    for column, (usable, reason) in UNUSABLE_CELLS.items():
        unusable = cells.filter(pl.col(column).str.contains(r"\S") & ~pl.col(column).str.contains(usable))
        _note_lines(unusable, reason, path, skips if cell_skips is None else cell_skips)
    return rows.select(ITEM_ATTRIBUTES.names()).sort("item_id")


def clean_attributes(rows: pl.DataFrame) -> pl.DataFrame:
    """Split the year off the name unless it has a column of its own, and give IMDb ids their tt; a blank is no value.

    Args:
        rows: the columns of `ITEM_CELLS`, which become those of `ITEM_ATTRIBUTES`, and any others.
    """
    cells = rows.with_columns(pl.col(ITEM_CELLS.names()).str.strip_chars().replace("", None))
    return (
        split_titles(cells.rename({"name": "title", "year": "own_year"}))
        .with_columns(
            year=pl.coalesce(pl.col("own_year").str.extract(_YEAR).cast(pl.Int16), "year"),
            imdb_id=imdb_id(pl.col("imdb_id")),
            iri=pl.col("iri").str.strip_prefix("<").str.strip_suffix(">"),
            plot=pl.when(pl.col("plot").str.contains(r"[\p{L}\p{N}]")).then("plot"),
        )
        .select(rows.columns)
    )


def _note_lines(rows: pl.DataFrame, reason: str, path: Path, skips: Skips) -> None:
    for line in rows[_LINE]:
        skips.add(reason, path, line)


def _read_strings(path: Path, skips: Skips) -> pl.DataFrame:
    """Read the columns of `ITEM_CELLS` as they are written, with the line's number (from 1)."""
    if not path.is_file():
        raise no_file(path, "check the path")
    suffix = bare_suffix(path)
    if suffix in SEPARATORS:
        table, headers = _read_separated(path, SEPARATORS[suffix])
    elif suffix in JSON_LINES:
        table, headers = _read_json(path, skips)
    else:
        raise KgprepError(
            f"{path} is no table of items: its name must end in one of {', '.join((*SEPARATORS, *JSON_LINES))}, and "
            f"perhaps in one of {', '.join(COMPRESSIONS)} after it"
        )
    theirs = {
        ours: next((name for name in names if name in table.columns), None) for ours, names in compared_names().items()
    }
    if not theirs["item_id"] and not theirs["imdb_id"]:
        raise KgprepError(f"{path} has no column item_id or imdb_id: its columns are {', '.join(headers) or 'none'}")
    unread = [header for header in headers if known_form(header) not in theirs.values()]
    if unread:
        skips.remark(f"{path}: columns that are not read: {', '.join(unread)}")
    theirs["item_id"] = theirs["item_id"] or theirs["imdb_id"]
    cells = {ours: pl.col(name) if name else pl.lit(None, pl.String) for ours, name in theirs.items()}
    return table.select(_LINE, **cells).with_columns(plain_id(pl.col("item_id")))


def _read_separated(path: Path, separator: str) -> tuple[pl.DataFrame, list[str]]:
    """Return all columns under their known forms, and the header."""
    separated = open_separated(path, separator)
    try:
        too_long = separated.rows_too_long()
        table = separated.scan().collect()
    except pl.exceptions.PolarsError as error:
        raise separated.refused(error) from error
    if too_long:
        line = next(iter(too_long.values()))
        raise KgprepError(f"{path}:{line}: the row has more cells than the header: {separated.advice}")
    first_called: dict[str, str] = {}
    for header in table.columns:
        first_called.setdefault(known_form(header), header)
    columns = [table[header].alias(name) for name, header in first_called.items()]
    return pl.select((pl.int_range(table.height) + 2).alias(_LINE), *columns), table.columns


def _read_json(path: Path, skips: Skips) -> tuple[pl.DataFrame, list[str]]:
    """Return the columns that may be known under their known forms, and all keys, sorted."""
    columns = {name for names in compared_names().values() for name in names}
    rows: list[dict[str, str | int | None]] = []
    headers: set[str] = set()
    for line, record in read_json_lines(path, skips):
        if not isinstance(record, dict):
            skips.add("the line is not a JSON object", path, line)
            continue
        values = {known_form(key): _as_string(value) for key, value in record.items() if known_form(key) in columns}
        headers |= record.keys()
        rows.append({_LINE: line, **values})
    known = sorted(columns & set(map(known_form, headers)))
    schema = {_LINE: pl.Int64, **dict.fromkeys(known, pl.String)}
    return pl.DataFrame(rows, schema=schema, orient="row"), sorted(headers)


def _as_string(value: object) -> str | None:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else as_text(value)
