"""The sites that reviews can be collected from: each is a set of pure functions and some facts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from kgprep.reviews.sites import douban, douban_mobile, imdb, imdb_data


@dataclass(frozen=True)
class Site:
    """A site as collection sees it.

    Args:
        name: as its owners write it.
        host: scheme and host of an item's first page.
        terms: address of the terms of use.
        language: of the pages to ask for.
        id_pattern: what its ids look like.
        first_page: address of an item's first page.
        parse: page and address to records of `records.RAW`.
        next_page: page and address to the address of the page after it.
        has_reviews: whether a page has the marks of a list of reviews.
        stated_total: how many reviews of the item there are, as a page says.
    """

    name: str
    host: str
    terms: str
    language: str
    id_pattern: str
    first_page: Callable[[str], str]
    parse: Callable[[bytes, str], pl.DataFrame]
    next_page: Callable[[bytes, str], str | None]
    has_reviews: Callable[[bytes], bool]
    stated_total: Callable[[bytes], int | None]


_DOUBAN_TERMS = "https://www.douban.com/about/agreement"
# Subjects have seven digits or more; shorter numbers are other data sets' ids.
_DOUBAN_ID = r"^\d{7,9}$"

SITES = {
    "imdb": Site(
        "IMDb",
        imdb_data.HOST,
        "https://www.imdb.com/conditions",
        "en-US,en;q=0.9",
        r"^tt\d{7,9}$",
        imdb.first_page,
        imdb.parse_reviews,
        imdb.next_page,
        imdb.has_reviews,
        imdb.stated_total,
    ),
    "douban": Site(
        "Douban",
        douban.HOST,
        _DOUBAN_TERMS,
        "zh-CN,zh;q=0.9",
        _DOUBAN_ID,
        douban.first_page,
        douban.parse_reviews,
        douban.next_page,
        douban.has_reviews,
        douban.stated_total,
    ),
    "douban-mobile": Site(
        "Douban",
        douban_mobile.HOST,
        _DOUBAN_TERMS,
        "zh-CN,zh;q=0.9",
        _DOUBAN_ID,
        douban_mobile.first_page,
        douban.parse_reviews,
        douban.next_page,
        douban.has_reviews,
        douban.stated_total,
    ),
}
