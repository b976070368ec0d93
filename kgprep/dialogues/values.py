"""Values of JSON and of pickles as texts, ids and answers.

Notable here:
- pandas writes whole numbers of a column with gaps as 3.0, and a gap itself as NaN;
- JSON and pickles can hold lone surrogates, which no table can store: each becomes one U+FFFD, so offsets stay true.
"""

from __future__ import annotations

import math
import re

import polars as pl

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_ID_OF_PANDAS = r"^\s*([0-9]+)\.0\s*$"
_ANSWERS = {"0": 0, "1": 1, "2": 2}


def storable(text: str) -> str:
    """Return `text` with every lone surrogate replaced by U+FFFD."""
    return text if text.isascii() else _LONE_SURROGATE.sub("\ufffd", text)


def is_absent(value: object) -> bool:
    """Tell whether a value says nothing: null, NaN or a blank."""
    return (
        value is None
        or (isinstance(value, float) and math.isnan(value))
        or (isinstance(value, str) and not value.strip())
    )


def as_text(value: object) -> str | None:
    """Return a string as it can be stored, a number as digits, and None for anything else."""
    if isinstance(value, str):
        return storable(value) if value.strip() else None
    if isinstance(value, bool) or not isinstance(value, int | float) or is_absent(value):
        return None
    return str(int(value) if isinstance(value, float) and value.is_integer() else value)


def as_id(value: object) -> str | None:
    """Return a string or whole number as an id, and None for anything else."""
    text = as_text(value)
    if text is None or (isinstance(value, float) and not value.is_integer()):
        return None
    # A pattern takes its time, and ids are many.
    return re.sub(_ID_OF_PANDAS, r"\1", text) if ".0" in text else text


def plain_id(cell: pl.Expr) -> pl.Expr:
    """Return ids of a table as `as_id` does those of JSON."""
    return cell.str.replace(_ID_OF_PANDAS, "$1")


def answer_code(value: object) -> int | None:
    """Return an answer's code (0, 1, or 2 for not said) and None for anything else."""
    return int(value) if isinstance(value, bool) else _ANSWERS.get((as_id(value) or "").strip())
