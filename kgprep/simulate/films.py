"""The films that simulated users talk about: from a table of facts, or from the graph of a workspace."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from kgprep.artifacts import EDGES, ENTITIES, ITEMS, read_table
from kgprep.commit import finish_commit
from kgprep.compression import bare_suffix
from kgprep.dialogues.items import ITEM_CELLS, UNUSABLE_CELLS, clean_attributes, compared_names, known_form
from kgprep.dialogues.lines import JSON_LINES, Skips, read_json_lines
from kgprep.dialogues.values import as_text, is_absent, plain_id
from kgprep.errors import KgprepError, no_file
from kgprep.separated import SEPARATORS, open_separated

# The packages lie side by side, in a checkout and when installed.
SAMPLE_FOLDER = Path(__file__).parents[2] / "pipelines" / "sample"
Row = dict[str, Any]
_CALLED = compared_names()
_LISTS = ("genres", "people", "people_zh", "moods")
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


def load_films(path: Path, language: str = "en", skips: Skips | None = None) -> tuple[Film, ...]:
    """Read a table of films.

    Args:
        path: CSV, TSV or JSON Lines, compressed or not, with the columns of a table of items
            (`kgprep.dialogues.items`), a title among them, and any of genres, people, about, moods, and for Chinese
            title_zh, people_zh, about_zh, douban_id; lists in CSV and TSV are separated by ``|``.
        language: "en" or "zh", the language users talk in.
        skips: receives the rows without a title, and the unusable IMDb ids and years of others.

    Raises:
        KgprepError: the file is absent, of an unknown form, without titles, or lists what are no texts.
    """
    skips = Skips() if skips is None else skips
    titles = (*_CALLED["name"], *(("title_zh",) if language == "zh" else ()))
    titled: dict[int, Row] = {}
    for line, row in _read(path, skips):
        _check(row, f"{path}:{line}")
        if _first(row, titles):
            titled[line] = row
        else:
            skips.add("the film has no title", path, line)
    if not titled:
        reasons = f" ({', '.join(sorted(skips.reasons))})" if skips.reasons else ""
        raise KgprepError(f"{path} has no film with a title{reasons}: give a CSV, TSV or JSON Lines table of films")
    cells = _cells(titled.values()).with_columns(line=pl.Series(list(titled)))
    for column, (usable, reason) in UNUSABLE_CELLS.items():
        for line in cells.filter(~pl.col(column).str.contains(usable))["line"]:
            skips.add(reason, path, line)
    return films_of(titled.values(), language)


def films_of(rows: Iterable[Row], language: str = "en") -> tuple[Film, ...]:
    """Return the films of rows with the columns that `load_films` reads."""
    every = list(rows)
    attributes = clean_attributes(_cells(every)).iter_rows(named=True)
    numbered = enumerate(zip(every, attributes, strict=True), start=100_001)
    return tuple(_film(row, known, str(number), language) for number, (row, known) in numbered)


def _read(path: Path, skips: Skips) -> Iterator[tuple[int, Row]]:
    """Yield the line and the cells of every row, by the column's name in lower case."""
    if not path.is_file():
        raise no_file(path, "check the path of the films")
    suffix = bare_suffix(path)
    if suffix in SEPARATORS:
        yield from enumerate(_read_separated(path, SEPARATORS[suffix]), start=2)
    elif suffix in JSON_LINES:
        for line, record in read_json_lines(path, skips):
            if isinstance(record, dict):
                yield line, {known_form(name): value for name, value in record.items()}
            else:
                skips.add("the line is not a JSON object", path, line)
    else:
        raise KgprepError(f"{path} is neither .csv, .tsv nor .jsonl: give the films in one of these forms")


def _read_separated(path: Path, separator: str) -> Iterator[Row]:
    separated = open_separated(path, separator)
    try:
        table = separated.scan().collect()
    except pl.exceptions.PolarsError as error:
        raise separated.refused(error) from error
    yield from ({known_form(name): cell for name, cell in row.items()} for row in table.iter_rows(named=True))


def _check(row: Row, place: str) -> None:
    for column, value in row.items():
        if column in _LISTS:
            parts = value if isinstance(value, list) else [value]
            if not all(is_absent(part) or isinstance(part, str) for part in parts):
                raise KgprepError(f"{place}: {column} are no texts: write texts, in a list or with | between them")


def _cells(rows: Iterable[Row]) -> pl.DataFrame:
    cells = [[_first(row, _CALLED[column]) for column in ITEM_CELLS] for row in rows]
    return pl.DataFrame(cells, schema=ITEM_CELLS, orient="row").with_columns(plain_id(pl.col("item_id")))


def _first(row: Row, names: Sequence[str]) -> str | None:
    """Return the cell of the first of several columns that has anything in it."""
    return next((cell.strip() for name in names if (cell := as_text(row.get(name)))), None)


def _film(row: Row, known: Row, number: str, language: str) -> Film:
    def several(column: str) -> tuple[str, ...]:
        value = row.get(column)
        parts = value.split("|") if isinstance(value, str) else value if isinstance(value, list) else ()
        return tuple(part.strip() for part in parts if isinstance(part, str) and part.strip())

    film = Film(
        item_id=known["item_id"] or number,
        title=known["name"] or "",
        year=known["year"],
        imdb_id=known["imdb_id"],
        genres=several("genres"),
        people=several("people"),
        about=_first(row, ("about",)) or "",
        moods=several("moods"),
    )
    if language == "en":
        return film
    return replace(
        film,
        item_id=_first(row, ("douban_id",)) or film.item_id,
        title=_first(row, ("title_zh",)) or film.title,
        people=several("people_zh") if "people_zh" in row else film.people,
        about=_first(row, ("about_zh",)) or "",
    )


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
