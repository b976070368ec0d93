"""Douban's subject page and its pages of short comments.

Notable here: both lay out a comment alike; a login page or a page without a list of comments is an error that says so.
"""

from __future__ import annotations

import re

import polars as pl
from selectolax.lexbor import LexborHTMLParser, LexborNode

from kgprep.errors import KgprepError
from kgprep.reviews.records import raw_records
from kgprep.reviews.sites.page import attribute_of, find, parse_page, text_of

HOST = "https://movie.douban.com"
COMMENT_LISTS = "#hot-comments, #comments, .comment-list, #comments-section"

Record = dict[str, str | None]


def is_page(page: bytes) -> bool:
    """Tell whether the page has marks of this site."""
    return re.search(rb"douban\.com|class=\"comment-item", page) is not None


def parse_reviews(page: bytes, url: str | None = None) -> pl.DataFrame:
    """Read the short comments of one saved page.

    Args:
        page: HTML of a subject page or a comments page.
        url: where it was fetched, which names the subject beyond doubt.

    Returns:
        Records in the columns of `records.RAW`; ratings as ``3/5``, helpful as a number of votes.

    Raises:
        KgprepError: the page asks for a login, has no list of comments, or its comments lack a text.
    """
    tree = parse_page(page)
    items = tree.css(".comment-item[data-cid]") or [node for node in tree.css(".comment-item") if node.css(".short")]
    film = _film(tree, url)
    if not items:
        return _none(tree, url)
    records = [_comment(node, film["douban_id"]) for node in items]
    if not any(record["text"] for record in records):
        raise KgprepError(
            f"{url or 'the page'} has {len(records)} comments but no text in any (span.short was not found): "
            "the layout is unknown"
        )
    return raw_records({**film, **record, "source": "douban.com"} for record in records)


def _none(tree: LexborHTMLParser, url: str | None) -> pl.DataFrame:
    """Return no comments for a page that has a list without any; any other is of unknown layout."""
    if tree.css_first(COMMENT_LISTS) is not None:
        return raw_records([])
    raise KgprepError(
        f"{url or 'the page'} is no Douban page of a known layout: "
        f"neither .comment-item nor an empty list of comments ({COMMENT_LISTS}) was found"
    )


def _film(tree: LexborHTMLParser, url: str | None) -> Record:
    structured = text_of(tree.css_first("script[type='application/ld+json']"))
    links = [attribute_of(node, "href") for node in tree.css("a[href*='/subject/']")]
    heading = text_of(tree.css_first("[property='v:itemreviewed']"))
    page_title = find(r"^\s*(.*?)\s*(?:短评|的短评|\(豆瓣\)|$)", text_of(tree.css_first("title")))
    year = text_of(tree.css_first("h1 .year"))
    return {
        "douban_id": find(r"/subject/(\d+)", url, find(r'"url":\s*"([^"]+)"', structured), *links),
        "imdb_id": find(r"\b(tt\d{7,9})\b", text_of(tree.css_first("#info"))),
        "film_title": heading or page_title,
        "film_year": find(
            r"(\d{4})", year or find(r"上映日期:\s*([\d-]+)", text_of(tree.css_first("#info, .movie-summary")))
        ),
    }


def _comment(node: LexborNode, douban_id: str | None) -> Record:
    # The class says tenths of five stars: allstar30 is three.
    stars = find(r"allstar(\d)0", attribute_of(node.css_first("[class*=allstar]"), "class"))
    time = node.css_first(".comment-time")
    number = node.attributes.get("data-cid")
    return {
        "rating": f"{stars}/5" if stars and stars != "0" else None,
        "helpful": find(r"(\d+)", text_of(node.css_first(".vote-count, .votes"))),
        "date": find(r"(\d{4}-\d{2}-\d{2})", attribute_of(time, "title"), text_of(time)),
        "url": f"{HOST}/subject/{douban_id}/comments#{number}" if douban_id and number else None,
        "text": text_of(node.css_first(".short") or node.css_first(".comment-content")),
    }
