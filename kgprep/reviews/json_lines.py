"""Reviews as JSON Lines, one object a line, whatever its keys are called.

Notable here:
- each column names the keys it may be found under; the first that a line has is taken;
- a file is read in blocks of whole lines, and every value as text, so mixed types and sub-formats need no schema;
- a block with a line that polars refuses is read a second time, line by line, so that its place can be told; lines
  with NaN, which pandas writes, are understood;
- Douban comments take title, year and IMDb id from the film records that lie beside them.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from kgprep.counts import PLACES_SHOWN
from kgprep.dialogues.items import COLUMNS_CALLED, FILM_TITLES, known_form
from kgprep.dialogues.values import storable
from kgprep.errors import KgprepError
from kgprep.reviews.records import RAW, Tally
from kgprep.utf8 import utf8_blocks

Keys = Mapping[str, tuple[str, ...]]

BLOCK_BYTES = 8 * 2**20

IMDB_KEYS: dict[str, tuple[str, ...]] = {
    "source": ("src", "source"),
    "imdb_id": (*COLUMNS_CALLED["imdb_id"], "title_id", "movie_id"),
    "douban_id": ("douban_id",),
    "film_title": FILM_TITLES,
    "film_title_other": ("film_title_other",),
    "film_year": COLUMNS_CALLED["year"],
    "lang": ("lang", "language"),
    "title": ("title", "review_title", "review_summary", "summary", "headline"),
    "rating": ("rating", "stars", "score"),
    "helpful": ("helpful", "rank", "votes"),
    "date": ("date", "review_date"),
    "url": ("url", "permalink", "link"),
    "spoiler": ("spoiler", "is_spoiler"),
    "text": ("text", "review", "review_text", "content", "comment", "body"),
}
DOUBAN_KEYS: dict[str, tuple[str, ...]] = {
    **IMDB_KEYS,
    "imdb_id": COLUMNS_CALLED["imdb_id"],
    "douban_id": ("douban_id", "subject_id", "movie_id"),
    "title": ("title",),
    "date": ("date", "comment_time"),
}
FILM_KEYS: dict[str, tuple[str, ...]] = {
    "douban_id": ("movie_id", "douban_id", "subject_id"),
    "imdb_id": COLUMNS_CALLED["imdb_id"],
    "film_title": COLUMNS_CALLED["name"],
    "film_year": COLUMNS_CALLED["year"],
}


def read_imdb(path: Path, tally: Tally) -> Iterator[pl.DataFrame]:
    """Read IMDb reviews in JSON Lines as `RAW` records, in batches; errors as in `corpora.read_batches`."""
    return read_records(path, IMDB_KEYS, "imdb", tally)


def read_spoiler(path: Path, tally: Tally) -> Iterator[pl.DataFrame]:
    """Read the reviews of the IMDB Spoiler data set in batches; errors as in `corpora.read_batches`."""
    return read_records(path, IMDB_KEYS, "imdb-spoiler", tally)


def read_douban(path: Path, tally: Tally) -> Iterator[pl.DataFrame]:
    """Read Douban comments in JSON Lines as `RAW` records, in batches; errors as in `corpora.read_batches`."""
    batches = read_records(path, DOUBAN_KEYS, "douban", tally)
    beside = films_beside(path)
    if beside is None:
        return batches
    films = _films(beside)
    return (_with_films(records, films) for records in batches)


def films_beside(path: Path) -> Path | None:
    """Return the file of film records that lies beside a file of comments, if there is one."""
    films = path.with_name(path.name.replace("comments", "movies"))
    return films if films != path and films.is_file() else None


def read_records(path: Path, keys: Keys, source: str, tally: Tally) -> Iterator[pl.DataFrame]:
    """Read a file of JSON Lines as `RAW` records, in batches.

    Args:
        path: of the file, plain or compressed.
        keys: the keys that a column of `RAW` may be found under.
        source: name of the source of records that do not tell it.
        tally: lines and the places of broken ones are added to it.

    Raises:
        KgprepError: the file is unreadable, or no line of it holds a usable review.
    """
    usable, kept_before = 0, tally.kept
    for values in read_objects(path, in_any_case(keys, _keys(_first_line(path)[1]) or ()), tally):
        usable += values.height
        yield values.with_columns(pl.col("source").fill_null(source)).select(*RAW)
    if not usable:
        raise KgprepError(f"{path}:1: no line of it is JSON: give a file of one JSON object a line")
    if tally.kept == kept_before and not tally.other_languages:
        wanted = ", ".join(sorted({*keys["text"]}))
        raise KgprepError(
            f"{path} holds no review of a named film: a line needs a text ({wanted}) and imdb_id or movie"
        )


def read_objects(path: Path, keys: Keys, tally: Tally) -> Iterator[pl.DataFrame]:
    """Read the objects of a file of JSON Lines, in batches: a string column for each of `keys`, in order.

    Args:
        path: of the file, plain or compressed.
        keys: the keys that a column may be found under; an empty value counts as absent.
        tally: lines and the places of broken ones are added to it.

    Raises:
        KgprepError: the file is absent, unreadable, empty, or no text in UTF-8.
    """
    lines = 0
    for first, block in utf8_blocks(path, BLOCK_BYTES):
        values, broken, height = _values(block, keys, first)
        tally.read += height
        lines += height
        for number in broken:
            tally.note(f"{path}:{number}: skipped, the line is not a JSON object")
        yield values
    if not lines:
        raise KgprepError(f"{path} is empty: give a file of one JSON object a line")


def in_any_case(keys: Keys, present: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the keys with those before them that are called so in other cases.

    Args:
        keys: the names that a column may have, the preferred first.
        present: the names that a file has.
    """

    def spelt(name: str) -> tuple[str, ...]:
        return (*(one for one in present if known_form(one) == known_form(name)), name)

    return {
        column: tuple(dict.fromkeys(one for name in among for one in spelt(name))) for column, among in keys.items()
    }


def first_keys(path: Path) -> tuple[str, ...]:
    """Return the keys of the first object of a file of JSON Lines.

    Raises:
        KgprepError: the file is absent, unreadable, empty, or no text in UTF-8, or its first line is no object.
    """
    number, line = _first_line(path)
    if not line:
        raise KgprepError(f"{path} is empty: give a file of one JSON object a line")
    keys = _keys(line)
    if keys is None:
        raise KgprepError(f"{path}:{number}: the first line is no JSON object: write one object a line")
    return keys


def _first_line(path: Path) -> tuple[int, bytes]:
    """Return the first line that is not blank, and its number; an empty one where there is none."""
    for first, block in utf8_blocks(path, 2**16):
        lines = ((number, line) for number, line in enumerate(block.splitlines(), start=first) if line.strip())
        if found := next(lines, None):
            return found
    return 1, b""


def _keys(line: bytes) -> tuple[str, ...] | None:
    value = _object(line.decode("utf-8", "replace"))
    return None if value is None else tuple(value)


def _object(line: str) -> dict[str, Any] | None:
    """Return what a line holds, with null for what is no number or no table can store; None where it is no object."""
    try:
        value = json.loads(line, parse_constant=lambda _: None, parse_float=_finite, parse_int=_of_64_bits)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _finite(written: str) -> float | None:
    number = float(written)
    return number if math.isfinite(number) else None


def _of_64_bits(written: str) -> int | None:
    number = int(written)
    return number if -(2**63) <= number < 2**63 else None


def _values(block: bytes, keys: Keys, first: int) -> tuple[pl.DataFrame, list[int], int]:
    """Read a block of lines: the values of its objects, the numbers of the first broken lines, the lines not empty."""
    lines = pl.read_lines(io.BytesIO(block), glob=False, name="line", row_index_name="number", row_index_offset=first)
    lines = lines.with_columns(pl.col("line").str.strip_chars()).filter(pl.col("line") != "")
    if not lines.height:
        return pl.DataFrame(schema=dict.fromkeys(keys, pl.String)), [], 0
    try:
        if lines["line"].str.starts_with("{").all():
            return _decoded(block, keys, lines.height), [], lines.height
    except pl.exceptions.PolarsError:
        pass
    # Python's json knows NaN, which pandas writes and polars refuses.
    objects = [_object(line) for line in lines["line"]]
    broken = [number for number, found in zip(lines["number"], objects, strict=True) if found is None]
    whole = [storable(json.dumps(found, ensure_ascii=False)) for found in objects if found is not None]
    return _decoded("\n".join(whole).encode(), keys, len(whole)), broken[:PLACES_SHOWN], lines.height


def _decoded(block: bytes, keys: Keys, lines: int) -> pl.DataFrame:
    """Read a block of nothing but objects; this is ten times as fast as asking each line for each key."""
    names = dict.fromkeys(name for among in keys.values() for name in among)
    found = pl.read_ndjson(io.BytesIO(block), schema=dict.fromkeys(names, pl.String))
    if found.height != lines:
        raise pl.exceptions.ComputeError("the block holds other rows than lines")
    return found.with_columns(pl.all().replace("", None)).select(
        pl.coalesce(*among).alias(column) for column, among in keys.items()
    )


def _films(path: Path) -> pl.DataFrame:
    films = pl.concat(read_objects(path, FILM_KEYS, Tally())).filter(pl.col("douban_id").is_not_null())
    return films.unique("douban_id", keep="first", maintain_order=True)


def _with_films(records: pl.DataFrame, films: pl.DataFrame) -> pl.DataFrame:
    joined = records.join(films, on="douban_id", how="left", suffix="_of_film", maintain_order="left")
    return joined.with_columns(
        pl.coalesce(column, f"{column}_of_film").alias(column) for column in FILM_KEYS if column != "douban_id"
    ).select(*RAW)
