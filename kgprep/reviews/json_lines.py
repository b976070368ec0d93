"""Reviews as JSON Lines, one object a line, whatever its keys are called.

Notable here:
- each column names the keys it may be found under; the first that a line has is taken;
- a file is read in blocks of whole lines, and every value as text, so mixed types and sub-formats need no schema;
- a block with a line that is no JSON object is read a second time, line by line, so that its place can be told;
- Douban comments take title, year and IMDb id from the film records that lie beside them.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl

from kgprep.counts import PLACES_SHOWN
from kgprep.errors import KgprepError
from kgprep.reviews.records import RAW, Tally
from kgprep.utf8 import utf8_blocks

Keys = Mapping[str, tuple[str, ...]]

BLOCK_BYTES = 8 * 2**20

IMDB_KEYS: dict[str, tuple[str, ...]] = {
    "source": ("src", "source"),
    "imdb_id": ("imdb_id", "imdbId", "tconst", "title_id", "movie_id"),
    "douban_id": ("douban_id",),
    "film_title": ("film_title", "movie_title", "movie", "film"),
    "film_title_other": ("film_title_other",),
    "film_year": ("film_year", "movie_year", "year"),
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
    "imdb_id": ("imdb_id",),
    "douban_id": ("douban_id", "subject_id", "movie_id"),
    "title": ("title",),
    "date": ("date", "comment_time"),
}
FILM_KEYS: dict[str, tuple[str, ...]] = {
    "douban_id": ("movie_id", "douban_id", "subject_id"),
    "imdb_id": ("imdb_id",),
    "film_title": ("name", "title", "movie"),
    "film_year": ("year",),
}


def read_imdb(path: Path, tally: Tally) -> Iterator[pl.DataFrame]:
    """Read IMDb reviews in JSON Lines as `RAW` records, in batches; errors as in `corpora.read_reviews`."""
    return read_records(path, IMDB_KEYS, "imdb", tally)


def read_spoiler(path: Path, tally: Tally) -> Iterator[pl.DataFrame]:
    """Read the reviews of the IMDB Spoiler data set in batches; errors as in `corpora.read_reviews`."""
    return read_records(path, IMDB_KEYS, "imdb-spoiler", tally)


def read_douban(path: Path, tally: Tally) -> Iterator[pl.DataFrame]:
    """Read Douban comments in JSON Lines as `RAW` records, in batches; errors as in `corpora.read_reviews`."""
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
    for values in read_objects(path, keys, tally):
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


def first_keys(path: Path) -> tuple[str, ...]:
    """Return the keys of the first object of a file of JSON Lines, none where its first line is not one.

    Raises:
        KgprepError: the file is absent, unreadable, or no text in UTF-8.
    """
    lines = (line.strip() for _, block in utf8_blocks(path, 2**16) for line in block.splitlines())
    first = next(filter(None, lines), b"")
    try:
        return tuple(pl.read_ndjson(io.BytesIO(first + b"\n")).columns) if first.startswith(b"{") else ()
    except pl.exceptions.PolarsError:
        return ()


def _values(block: bytes, keys: Keys, first: int) -> tuple[pl.DataFrame, list[int], int]:
    """Read a block of lines: the values of its objects, the numbers of the first broken lines, the lines not empty."""
    lines = pl.read_lines(io.BytesIO(block), name="line", row_index_name="number", row_index_offset=first)
    lines = lines.with_columns(pl.col("line").str.strip_chars()).filter(pl.col("line") != "")
    if not lines.height:
        return pl.DataFrame(schema=dict.fromkeys(keys, pl.String)), [], 0
    try:
        if lines["line"].str.starts_with("{").all():
            return _decoded(block, keys, lines.height), [], lines.height
    except pl.exceptions.PolarsError:
        pass
    is_object = pl.col("line").str.starts_with("{") & pl.col("line").str.json_path_match("$").is_not_null()
    judged = lines.with_columns(is_object=is_object)
    broken = judged.filter(~pl.col("is_object"))["number"].head(PLACES_SHOWN).to_list()
    objects = judged.filter("is_object")["line"]
    return _decoded("\n".join(objects).encode(), keys, objects.len()), broken, lines.height


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
