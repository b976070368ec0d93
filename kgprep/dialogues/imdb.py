"""IMDb ids of titles: one reading for items, reviews and what graphs say, however each of them writes the id."""

from __future__ import annotations

import polars as pl

# Tables that have been through pandas hold ids with gaps as decimal numbers.
IMDB_ID = r"(?i)^\s*(?:tt)?([0-9]{1,9})(?:\.0)?\s*$|\btt([0-9]{5,9})\b"
"""An id alone, with or without tt and leading zeros, or an address that holds one; its digits are in one of the
groups."""


def imdb_id(text: pl.Expr) -> pl.Expr:
    """Bring an IMDb title id to ``tt`` and at least seven digits; null where there is none.

    Args:
        text: ids, or addresses that hold one.
    """
    digits = pl.coalesce(text.str.extract(IMDB_ID, group) for group in (1, 2))
    return pl.lit("tt") + digits.str.zfill(7)
