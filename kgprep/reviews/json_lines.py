"""Reviews as JSON Lines, one object a line, whatever its keys are called.

Notable here:
- each column names the keys it may be found under; the first that a line has is taken;
- lines are read as text and searched by polars, so values of any type and mixed sub-formats need no schema;
- Douban comments take title, year and IMDb id from the film records that lie beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from kgprep.errors import KgprepError
from kgprep.reviews.records import RAW, ReviewCorpus, finish

PLACES_SHOWN = 3

IMDB_KEYS: dict[str, tuple[str, ...]] = {
    "source": ("src", "source"),
    "imdb_id": ("imdb_id", "imdbId", "tconst", "title_id", "movie_id"),
    "douban_id": ("douban_id",),
    "film_title": ("film_title", "movie_title", "movie", "film"),
    "film_year": ("film_year", "movie_year", "year"),
    "title": ("title", "review_title", "review_summary", "summary", "headline"),
    "rating": ("rating", "stars", "score"),
    "helpful": ("helpful", "rank", "votes"),
    "date": ("date", "review_date"),
    "url": ("url", "permalink", "link"),
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


def read_imdb(path: Path) -> ReviewCorpus:
    """Read IMDb reviews in JSON Lines, ratings out of ten; errors as in `read_reviews`."""
    return _read(path, IMDB_KEYS, "imdb", 10, None)


def read_douban(path: Path) -> ReviewCorpus:
    """Read Douban comments in JSON Lines, ratings out of five; errors as in `read_reviews`."""
    return _read(path, DOUBAN_KEYS, "douban", 5, films_beside(path))


def films_beside(path: Path) -> Path | None:
    """Return the file of film records that lies beside a file of comments, if there is one."""
    films = path.with_name(path.name.replace("comments", "movies"))
    return films if films != path and films.is_file() else None


def _read(
    path: Path, keys: Mapping[str, tuple[str, ...]], source: str, best_rating: float, films: Path | None
) -> ReviewCorpus:
    lines = _read_lines(path)
    values = _values(lines, keys)
    usable = values.filter("is_json")
    if lines.height and not usable.height:
        raise KgprepError(f"{path}:{lines['number'][0]}: no line of it is JSON: give a file of one JSON object a line")
    records = usable.with_columns(pl.col("source").fill_null(source))
    if films is not None:
        records = _with_films(records, films)
    corpus = finish(records.select(*RAW), best_rating, path.name, total=lines.height)
    if lines.height and not corpus.frame.height:
        wanted = ", ".join(sorted({*keys["text"]}))
        raise KgprepError(
            f"{path} holds no review of a named film: a line needs a text ({wanted}) and imdb_id or movie"
        )
    return ReviewCorpus(corpus.frame, corpus.counts, _places(path, values.filter(~pl.col("is_json"))))


def _read_lines(path: Path) -> pl.DataFrame:
    if not path.is_file():
        raise KgprepError(f"{path} does not exist: check the path given to --reviews")
    try:
        lines = pl.read_lines(path, name="line", row_index_name="number", row_index_offset=1)
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise KgprepError(f"{path} cannot be read as lines of UTF-8 text ({reason}): fetch it again") from error
    lines = lines.with_columns(pl.col("line").str.strip_prefix("\ufeff").str.strip_chars()).filter(pl.col("line") != "")
    if not lines.height:
        raise KgprepError(f"{path} is empty: give a file of one JSON object a line")
    return lines


def _values(lines: pl.DataFrame, keys: Mapping[str, tuple[str, ...]]) -> pl.DataFrame:
    """Add a string column for every key of `keys` and is_json; an empty value counts as absent."""
    present = [
        pl.coalesce(pl.col("line").str.json_path_match(f"$.{name}").replace("", None) for name in names).alias(column)
        for column, names in keys.items()
    ]
    is_object = pl.col("line").str.starts_with("{") & pl.col("line").str.json_path_match("$").is_not_null()
    return lines.lazy().select("number", is_object.alias("is_json"), *present).collect()


def _with_films(records: pl.DataFrame, path: Path) -> pl.DataFrame:
    films = _values(_read_lines(path), FILM_KEYS).filter(pl.col("douban_id").is_not_null())
    known = films.select(*FILM_KEYS).unique("douban_id", keep="first", maintain_order=True)
    joined = records.join(known, on="douban_id", how="left", suffix="_of_film", maintain_order="left")
    return joined.with_columns(
        pl.coalesce(column, f"{column}_of_film").alias(column) for column in FILM_KEYS if column != "douban_id"
    )


def _places(path: Path, broken: pl.DataFrame) -> tuple[str, ...]:
    first = broken["number"].head(PLACES_SHOWN).to_list()
    return tuple(f"{path}:{number}: skipped, the line is not a JSON object" for number in first)
