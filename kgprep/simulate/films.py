"""The films that simulated users talk about: from a table of facts, or from the graph of a workspace."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from kgprep.artifacts import EDGES, ENTITIES, ITEMS, read_table
from kgprep.commit import finish_commit
from kgprep.errors import KgprepError, no_file

# The packages lie side by side, in a checkout and when installed.
SAMPLE_FOLDER = Path(__file__).parents[2] / "pipelines" / "sample"
_QUALIFIER = re.compile(r"\s*\([^)]*\)$")


@dataclass(frozen=True)
class Film:
    """What users know of a film; empty where the source does not say."""

    item_id: str
    title: str
    year: int | None = None
    imdb_id: str | None = None
    genres: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    about: str = ""
    moods: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Title with the year, as ReDial writes it."""
        return self.title if self.year is None else f"{self.title} ({self.year})"


def load_films(path: Path, language: str = "en") -> tuple[Film, ...]:
    """Read a table of films.

    Args:
        path: CSV, TSV or JSON Lines with a column `title` and any of movie_id (or item_id), year, imdb_id, genres,
            people, about, moods, and for Chinese title_zh, people_zh, about_zh, douban_id; lists in CSV and TSV are
            separated by ``|``.
        language: "en" or "zh", the language users talk in.

    Raises:
        KgprepError: the file is absent, of an unknown form or without titles.
    """
    frame = _read(path)
    if "title" not in frame.columns or frame.is_empty():
        raise KgprepError(f"{path} has no films with a column title: give a CSV, TSV or JSON Lines table of films")
    return films_of(frame.iter_rows(named=True), language)


def films_of(rows: Iterable[dict[str, Any]], language: str = "en") -> tuple[Film, ...]:
    """Return the films of rows with the columns that `load_films` reads."""
    return tuple(_film(row, number, language) for number, row in enumerate(rows, 1))


def _read(path: Path) -> pl.DataFrame:
    if not path.is_file():
        raise no_file(path, "check the path of the films")
    try:
        match path.suffix:
            case ".jsonl":
                return pl.read_ndjson(path.open("rb"), infer_schema_length=None)
            case ".csv":
                return pl.read_csv(path, glob=False, infer_schema=False)
            case ".tsv":
                return pl.read_csv(path, glob=False, infer_schema=False, separator="\t", quote_char=None)
    except pl.exceptions.PolarsError as error:
        raise KgprepError(f"{path} cannot be read as {path.suffix[1:]} ({error}): check the file") from error
    raise KgprepError(f"{path} is neither .csv, .tsv nor .jsonl: give the films in one of these forms")


def _film(row: dict[str, Any], number: int, language: str) -> Film:
    def text(column: str) -> str | None:
        value = row.get(column)
        return str(value).strip() or None if value is not None else None

    def several(column: str) -> tuple[str, ...]:
        value = row.get(column)
        parts = value.split("|") if isinstance(value, str) else value or ()
        return tuple(part.strip() for part in parts if part and part.strip())

    year = text("year")
    own_id = text("movie_id") or text("item_id") or str(100_000 + number)
    title = text("title") or ""
    if language == "en":
        return Film(
            own_id,
            title,
            _year(year),
            text("imdb_id"),
            several("genres"),
            several("people"),
            text("about") or "",
            several("moods"),
        )
    return Film(
        text("douban_id") or own_id,
        text("title_zh") or title,
        _year(year),
        text("imdb_id"),
        several("genres"),
        several("people_zh") or several("people") * ("people_zh" not in row),
        text("about_zh") or "",
        several("moods"),
    )


def _year(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def films_from_workspace(workspace: Path) -> tuple[Film, ...]:
    """Take the items of a workspace as films, their genres and people from the graph.

    Raises:
        KgprepError: the workspace has no graph, or its graph no items.
    """
    finish_commit(workspace)
    entities = read_table(workspace, ENTITIES)
    names = entities.select("entity_id", "kind", pl.col("label").str.replace(_QUALIFIER.pattern, ""))
    neighbours = (
        read_table(workspace, EDGES)
        .select(pl.col("head").alias("entity_id"), pl.col("tail"))
        .join(names.rename({"entity_id": "tail", "label": "neighbour", "kind": "neighbour_kind"}), on="tail")
        .unique(["entity_id", "tail"])
        .sort("entity_id", "tail")
    )
    films = (
        read_table(workspace, ITEMS)
        .sort("item_id")
        .unique("entity_id", keep="first", maintain_order=True)
        .join(_gathered(neighbours, "genre", "genres"), on="entity_id", how="left")
        .join(_gathered(neighbours, "person", "people"), on="entity_id", how="left")
        .sort("item_id")
    )
    if films.is_empty():
        raise KgprepError(f"{workspace} holds no items: run kgprep build-kg with dialogues or --items first")
    return tuple(
        Film(
            row["item_id"],
            row["name"],
            row["year"],
            row["imdb_id"],
            tuple(_genre_word(genre) for genre in row["genres"] or ()),
            tuple(row["people"] or ()),
        )
        for row in films.iter_rows(named=True)
    )


def _gathered(neighbours: pl.DataFrame, kind: str, column: str) -> pl.DataFrame:
    return (
        neighbours.filter(pl.col("neighbour_kind") == kind)
        .group_by("entity_id", maintain_order=True)
        .agg(pl.col("neighbour").alias(column))
    )


def _genre_word(label: str) -> str:
    """Return how people say a genre: "Horror film" is horror."""
    return label.lower().removesuffix(" film").removesuffix(" films")
