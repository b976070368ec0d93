"""Douban's subject page, its pages of short comments, and its mobile JSON.

Notable here:
- both pages lay out a comment alike; the subject page also names the film's IMDb id;
- a long comment stands twice on the page, cut and whole: the whole one is read;
- without a login the site shows comments up to a certain start only; the pages after it are not asked for;
- a page without a list of comments is an error that says so, never an empty success.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import polars as pl
from selectolax.lexbor import LexborHTMLParser, LexborNode

from kgprep.errors import KgprepError
from kgprep.reviews.records import raw_records
from kgprep.reviews.sites import douban_mobile
from kgprep.reviews.sites.page import Record, attribute_of, find, is_json, parse_page, text_of

HOST = "https://movie.douban.com"
USUAL_ENCODING = "gb18030"
COMMENT = ".comment-item[data-cid]"
COMMENT_LISTS = "#hot-comments, #comments, .comment-list"
PAGINATOR = "#paginator"
PAGE_SIZE = 20
LAST_START = 200
"""Douban asks for a login from the page that starts after this one."""

_MARKS = re.compile(rb"class=\"comment-item|\"interests\"\s*:")
_TOTAL = re.compile(r"/comments[^>]*>\s*全部\s*(\d+)\s*条|\"total\":\s*(\d+)")
_NONE_YET = re.compile(r"还没有|暂无|暫無|沒有")


def is_page(page: bytes) -> bool:
    """Tell whether the page has marks of this site."""
    return b"douban.com" in page or has_reviews(page)


def has_reviews(page: bytes) -> bool:
    """Tell whether the page has the marks of a list of comments in any layout."""
    return _MARKS.search(page) is not None


def stated_total(page: bytes) -> int | None:
    """Return how many comments on the film there are, as the page says; None where it does not."""
    stated = _TOTAL.search(page.decode("utf-8", "replace"))
    return int(stated.group(stated.lastindex or 0)) if stated else None


def first_page(douban_id: str) -> str:
    """Return the address of a subject's page, which names its IMDb id and has its hottest comments."""
    return f"{HOST}/subject/{douban_id}/"


def parse_reviews(page: bytes, url: str | None = None) -> pl.DataFrame:
    """Read the short comments of one page or answer.

    Args:
        page: HTML of a subject page or a comments page, or the mobile site's JSON.
        url: where it was fetched, which names the subject beyond doubt.

    Returns:
        Records in the columns of `records.RAW`; ratings as ``3/5``, helpful as a number of votes.

    Raises:
        KgprepError: the page has no list of comments, or its comments lack a text.
    """
    if is_json(page):
        return douban_mobile.parse_reviews(page, url)
    tree = parse_page(page, USUAL_ENCODING)
    items = tree.css(COMMENT) or [node for node in tree.css(".comment-item") if node.css(".short")]
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


def next_page(page: bytes, url: str) -> str | None:
    """Return the address of the comments after those of a page, None where there are none, or none without a login.

    Args:
        page: HTML or JSON that `parse_reviews` reads.
        url: where it was fetched.
    """
    if is_json(page):
        return douban_mobile.next_page(page, url)
    subject = find(r"/subject/(\d+)", url)
    if subject is None:
        return None
    if "/comments" not in urlsplit(url).path:
        return _comments(subject, 0) if _has_comments_page(parse_page(page, USUAL_ENCODING)) else None
    following = _following(parse_page(page, USUAL_ENCODING), subject, url)
    return following if following and start_of(following) <= LAST_START else None


def start_of(url: str) -> int:
    """Return the number of the first comment that an address asks for."""
    start = parse_qs(urlsplit(url).query).get("start", ["0"])[0]
    return int(start) if start.isdecimal() else 0


def _comments(subject: str, start: int) -> str:
    asked = urlencode({"start": start, "limit": PAGE_SIZE, "status": "P", "sort": "new_score"})
    return f"{HOST}/subject/{subject}/comments?{asked}"


def _has_comments_page(tree: LexborHTMLParser) -> bool:
    """Tell whether a subject page shows fewer comments than there are: it says how many in a link to all of them."""
    links = [node for node in tree.css("a[href*='/comments']") if find(r"(\d+)\s*条", text_of(node))]
    total = int(find(r"(\d+)\s*条", *map(text_of, links)) or 0)
    return not links or total > len(tree.css(COMMENT))


def _following(tree: LexborHTMLParser, subject: str, url: str) -> str | None:
    paginator = tree.css_first(PAGINATOR)
    if paginator is None:
        # A page that is full and has no paginator, as old ones are, may be followed by another.
        return _comments(subject, start_of(url) + PAGE_SIZE) if len(tree.css(COMMENT)) >= PAGE_SIZE else None
    link = attribute_of(paginator.css_first("a.next"), "href")
    following = urljoin(url, link) if link else None
    return following if following and start_of(following) > start_of(url) else None


def _none(tree: LexborHTMLParser, url: str | None) -> pl.DataFrame:
    """Return no comments for a page whose list has none; any other is of unknown layout."""
    lists = tree.css(COMMENT_LISTS)
    said = " ".join(filter(None, map(text_of, lists)))
    if lists and (not said or _NONE_YET.search(said)):
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
    written = node.css_first(".full") or node.css_first(".short") or node.css_first(".comment-content")
    return {
        "rating": f"{stars}/5" if stars and stars != "0" else None,
        "helpful": find(r"(\d+)", text_of(node.css_first(".vote-count, .votes"))),
        "date": find(r"(\d{4}-\d{2}-\d{2})", attribute_of(time, "title"), text_of(time)),
        "url": f"{HOST}/subject/{douban_id}/comments#{number}" if douban_id and number else None,
        "text": text_of(written),
    }
