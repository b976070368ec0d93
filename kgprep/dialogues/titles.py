"""Titles as data sets write them: "Super Troopers (2001)", "American Pie ", "Why Him%3F (2016)".

Notable here: of the titles that one item goes by, the most frequent is taken, of equals the first in sorting order.
"""

from __future__ import annotations

import re
from urllib.parse import quote

import polars as pl

FIRST_FILM_YEAR = 1874
LAST_YEAR = 2100

_UNSAFE_IN_IRI = re.compile(r'[\x00-\x20<>"{}|\\^`%]')
FILM_YEAR = "|".join(map(str, range(FIRST_FILM_YEAR, LAST_YEAR + 1)))
"""Matches the years that a film can have, and no others."""
NO_YEAR = "0{1,4}"
"""Matches how data sets write that a year is unknown."""

_YEAR_AT_END = rf"\s*[(（](?:({FILM_YEAR})|{NO_YEAR})[)）]$"


def split_titles(titles: pl.DataFrame) -> pl.DataFrame:
    """Add name (white space normalised, no year) and year i16? to rows that have the column title.

    A title that is nothing but a year in brackets is kept whole; a year of 0 counts as unknown.
    """
    # ReDial's titles come from URLs and keep the escaped question mark.
    whole = pl.col("title").str.replace_all("%3F", "?", literal=True).str.replace_all(r"\s+", " ").str.strip_chars()
    name = whole.str.replace(_YEAR_AT_END, "")
    return titles.with_columns(
        name=pl.when(name != "").then(name).otherwise(whole), year=whole.str.extract(_YEAR_AT_END).cast(pl.Int16)
    )


def vote_titles(named: pl.DataFrame) -> pl.DataFrame:
    """Choose one name and year an item.

    Args:
        named: item_id · name · year i16?, one row an occurrence.

    Returns:
        item_id · name · year, one row an item, sorted by item_id.
    """
    return (
        named.filter(pl.col("name").is_not_null() & (pl.col("name") != ""))
        .group_by("item_id", "name", "year")
        .agg(votes=pl.len())
        .sort(["item_id", "votes", "name", "year"], descending=[False, True, False, False], nulls_last=True)
        .unique("item_id", keep="first", maintain_order=True)
        .select("item_id", "name", "year")
    )


def title_id(title: str) -> str:
    """Return an id for an item that a set knows by its title alone, fit for an IRI: "Knives_Out_(2019)"."""
    return _UNSAFE_IN_IRI.sub(lambda unsafe: quote(unsafe[0]), "_".join(title.split()))


def without_year(title: str) -> str:
    """Return one title with white space normalised and without its year, as `split_titles` does for many."""
    whole = " ".join(title.replace("%3F", "?").split())
    return re.sub(_YEAR_AT_END, "", whole) or whole
