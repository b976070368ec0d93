"""Which column of a table holds what, as a user writes it: ``text=review,imdb_id=tt,rating=stars/10``.

Notable here: `FIELDS` is the whole vocabulary, and an error lists what there is to choose from.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kgprep.errors import KgprepError

FIELDS: dict[str, str] = {
    "text": "text",
    "imdb_id": "imdb_id",
    "title": "film_title",
    "year": "film_year",
    "rating": "rating",
    "votes": "helpful",
    "date": "date",
    "spoiler": "spoiler",
    "language": "lang",
}
"""What a user calls a field, and the column of `records.RAW` it becomes."""

_NAMING = ("imdb_id", "title")
_SCALE = re.compile(r"(.+)/(\d+(?:\.\d+)?)")
DEFAULT_SCALE = 10.0


@dataclass(frozen=True)
class ColumnMap:
    """The column of a table for each field, by the names in `FIELDS`, and the highest rating."""

    columns: tuple[tuple[str, str], ...]
    best_rating: float = DEFAULT_SCALE

    def __str__(self) -> str:
        written = {**dict(self.columns)}
        if "rating" in written:
            written["rating"] += f"/{self.best_rating:g}"
        return ",".join(f"{name}={column}" for name, column in written.items())

    def check(self, present: Sequence[str], path: Path) -> None:
        """Raise a `KgprepError` unless the table at `path` has all the columns that are named."""
        missing = [column for _, column in self.columns if column not in present]
        if missing:
            raise KgprepError(
                f"{path} has no column {' or '.join(missing)}: --map can name {', '.join(present) or 'nothing'}"
            )


def parse_column_map(written: str) -> ColumnMap:
    """Read a column map such as ``text=review,imdb_id=tt,rating=stars/10``; a rating without a scale is out of 10.

    Raises:
        KgprepError: it is not of this form, names an unknown field or one twice, or says not where text and film are.
    """
    columns: dict[str, str] = {}
    best_rating = DEFAULT_SCALE
    for part in written.split(","):
        name, sign, column = (piece.strip() for piece in part.partition("="))
        if name not in FIELDS or not sign or not column:
            raise KgprepError(
                f"--map {written}: {part.strip() or 'an empty part'} is not FIELD=COLUMN, "
                f"with FIELD one of {', '.join(FIELDS)}"
            )
        if name in columns:
            raise KgprepError(f"--map {written}: {name} is given twice, name one column for it")
        if name == "rating" and (scaled := _SCALE.fullmatch(column)):
            column, best_rating = scaled[1].strip(), float(scaled[2])
            if not best_rating:
                raise KgprepError(f"--map {written}: a rating cannot be out of 0, write the highest one after the /")
        columns[name] = column
    if "text" not in columns or not any(name in columns for name in _NAMING):
        raise KgprepError(f"--map {written}: name the column of text and that of {' or '.join(_NAMING)}")
    return ColumnMap(tuple(columns.items()), best_rating)
