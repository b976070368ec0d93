"""IMDb's review pages: of 2015 to 2023 (lister items), since 2024 (cards, data in the page), and answers to "show all".

Notable here:
- the film is named by the address, the page's data, its links or its title, in this order;
- text behind a spoiler warning is read like any other; where a card leaves it out, the page's data has it;
- the next page follows from the page itself: its load-more key, or the cursor in its data;
- a page without a known layout is an error that names what was looked for, never an empty success.
"""

from __future__ import annotations

import json
import re
from urllib.parse import urlencode

import polars as pl
from selectolax.lexbor import LexborHTMLParser, LexborNode

from kgprep.errors import KgprepError
from kgprep.reviews.records import raw_records
from kgprep.reviews.sites import imdb_data
from kgprep.reviews.sites.imdb_data import HOST, ReviewData
from kgprep.reviews.sites.page import Record, attribute_of, find, is_json, parse_page, text_of

CARD = "article.user-review-item, [data-testid=review-card-parent]"
LISTER = ".lister-item, .imdb-user-review"
LISTER_BOX = ".lister-list"
LOAD_MORE = ".load-more-data[data-key]"
DATA = "script#__NEXT_DATA__"
NO_REVIEWS = "[data-testid=tturv-total-reviews], .lister .header"

_MARKS = re.compile(rb"user-review-item|review-card-parent|lister-item|lister-list|reviewText|\"reviews\"\s*:")
_TOTAL = re.compile(
    rb"tturv-total-reviews\"?[^>]*>\s*([\d,]*\d)|>\s*([\d,]*\d) Reviews\s*<|\"reviews\":\s*{\s*\"total\":\s*(\d+)"
)
_TITLE = r"\b(tt\d{7,9})\b"


def is_page(page: bytes) -> bool:
    """Tell whether the page has marks of this site."""
    return b"imdb.com" in page or has_reviews(page)


def has_reviews(page: bytes) -> bool:
    """Tell whether the page has the marks of a list of reviews in any layout."""
    return _MARKS.search(page) is not None


def stated_total(page: bytes) -> int | None:
    """Return how many reviews of the film there are, as the page says; None where it does not."""
    stated = _TOTAL.search(page)
    return int(stated.group(stated.lastindex or 0).replace(b",", b"")) if stated else None


def first_page(imdb_id: str) -> str:
    """Return the address of a film's first page of reviews."""
    return f"{HOST}/title/{imdb_id}/reviews/"


def parse_reviews(page: bytes, url: str | None = None) -> pl.DataFrame:
    """Read the reviews of one page or answer.

    Args:
        page: HTML or JSON.
        url: where it was fetched, which names the film beyond doubt.

    Returns:
        Records in the columns of `records.RAW`; ratings as ``8/10``, helpful votes as ``41/57``. The text of a review
        is null where the page has all of a review but that.

    Raises:
        KgprepError: the page has no known layout, or its reviews lack a text.
    """
    where = url or "the page"
    if is_json(page):
        data = imdb_data.read_answer(page, where)
        return _frame(_film(None, url, data), list(data.reviews))
    tree = parse_page(page)
    data_in_page = _data(tree, where)
    cards, listed = _outermost(tree.css(CARD)), _outermost(tree.css(LISTER))
    reviews = list(data_in_page.reviews) if data_in_page else []
    known = {record["url"] for record in reviews}
    # The data has whole texts, exact votes and days; a card adds only what the data has not.
    reviews += [record for record in map(_card, cards) if not record["url"] or record["url"] not in known]
    reviews += map(_lister, listed)
    if not reviews:
        return _none(tree, data_in_page, where)
    if not any(record["text"] for record in reviews):
        raise KgprepError(
            f"{where} has {len(reviews)} reviews but no text in any "
            "(.ipc-html-content-inner-div or .text.show-more__control was not found): the layout is unknown"
        )
    return _frame(_film(tree, url, data_in_page), reviews)


def next_page(page: bytes, url: str) -> str | None:
    """Return the address of the reviews after those of a page, None where the page has no key to them.

    Args:
        page: HTML or JSON that `parse_reviews` reads.
        url: where it was fetched.
    """
    data: ReviewData | None
    if is_json(page):
        data, tree = imdb_data.read_answer(page, url), None
    else:
        tree = parse_page(page)
        data = _data(tree, url)
    title = _film(tree, url, data)["imdb_id"]
    key = attribute_of(tree.css_first(LOAD_MORE), "data-key") if tree else None
    if title and key:
        return f"{HOST}/title/{title}/reviews/_ajax?{urlencode({'paginationKey': key})}"
    return imdb_data.next_answer(title, data.cursor) if title and data and data.cursor else None


def _frame(film: Record, reviews: list[Record]) -> pl.DataFrame:
    return raw_records({**film, **record, "source": "imdb.com"} for record in reviews)


def _data(tree: LexborHTMLParser, where: str) -> ReviewData | None:
    """Return what the page's own data holds; None where it has none, or none of reviews."""
    script = tree.css_first(DATA)
    if script is None:
        return None
    try:
        data = json.loads(script.text())
        return imdb_data.read_data(data, where)
    except (ValueError, RecursionError, KgprepError):
        # Cards may still be there; where they are not, `_none` names the data among what was looked for.
        return None


def _none(tree: LexborHTMLParser, data: ReviewData | None, where: str) -> pl.DataFrame:
    """Return no reviews for a page that says it has none; any other is of unknown layout."""
    total = find(r"^\D*([\d,]+)\s+[Rr]eviews?", text_of(tree.css_first(NO_REVIEWS)))
    box = tree.css_first(LISTER_BOX)
    is_empty_box = box is not None and not text_of(box) and tree.css_first(LOAD_MORE) is None
    if total == "0" or (total is None and (data is not None or is_empty_box)):
        return raw_records([])
    raise KgprepError(
        f"{where} is no IMDb review page of a known layout: neither article.user-review-item nor reviews in "
        "__NEXT_DATA__ (since 2024) nor .lister-item (2015 to 2023) was found"
    )


def _outermost(nodes: list[LexborNode]) -> list[LexborNode]:
    """Leave out repeated nodes and nodes that lie in another: both selectors of a layout may match one review."""
    found = {node.mem_id: node for node in nodes}
    return [node for node in found.values() if not found.keys() & _ancestors(node)]


def _ancestors(node: LexborNode) -> set[int]:
    above: set[int] = set()
    parent = node.parent
    while parent is not None:
        above.add(parent.mem_id)
        parent = parent.parent
    return above


def _film(tree: LexborHTMLParser | None, url: str | None, data: ReviewData | None) -> Record:
    told = data.film if data else imdb_data.NO_FILM
    addresses = [find(r"/title/(tt\d{7,9})\b", url), imdb_data.title_of_address(url), told["imdb_id"]]
    named = None
    if tree is not None:
        named = text_of(tree.css_first("[itemprop=name]")) or text_of(tree.css_first("title"))
        addresses += [
            attribute_of(tree.css_first("link[rel=canonical]"), "href"),
            attribute_of(tree.css_first("meta[property='og:url']"), "content"),
            attribute_of(tree.css_first("[data-vote-url]"), "data-vote-url"),
            attribute_of(tree.css_first("[data-ajaxurl]"), "data-ajaxurl"),
            attribute_of(tree.css_first("a[href^='/title/tt']"), "href"),
        ]
    title = find(_TITLE, *addresses)
    if title and told["imdb_id"] == title and told["film_title"]:
        return told
    return {
        "imdb_id": title,
        "film_title": find(r"^\s*(.+?)\s*(?:\(\D*\d{4}|\s-\s|$)", named),
        "film_year": find(r"\(\D*(\d{4})", named),
    }


def _card(node: LexborNode) -> Record:
    up = _votes(node.css_first(".ipc-voting__label__count--up"))
    down = _votes(node.css_first(".ipc-voting__label__count--down"))
    score = find(r"(\d+)", text_of(node.css_first(".ipc-rating-star--rating")))
    link = node.css_first("[data-testid=permalink-link]") or node.css_first("[data-testid=review-summary] a")
    return {
        "title": text_of(node.css_first("[data-testid=review-summary] .ipc-title__text")),
        "rating": f"{score}/10" if score else None,
        "helpful": f"{up}/{up + down}" if up is not None and down is not None else None,
        "date": text_of(node.css_first(".review-date")),
        "url": _permalink(attribute_of(link, "href")),
        "spoiler": _yes(node.css_first("[data-testid=review-spoiler-content]")),
        "text": text_of(node.css_first(".ipc-html-content-inner-div")),
    }


def _lister(node: LexborNode) -> Record:
    votes = find(r"([\d,]+ out of [\d,]+)", text_of(node.css_first(".actions")))
    score = find(r"(\d+)", text_of(node.css_first(".rating-other-user-rating span")))
    title = node.css_first("a.title")
    return {
        "title": text_of(title),
        "rating": f"{score}/10" if score else None,
        "helpful": votes.replace(",", "").replace(" out of ", "/") if votes else None,
        "date": text_of(node.css_first(".review-date")),
        "url": _permalink(attribute_of(title, "href")),
        "spoiler": _yes(node.css_first(".spoiler-warning")),
        "text": text_of(node.css_first(".content .text") or node.css_first(".text.show-more__control")),
    }


def _yes(node: LexborNode | None) -> str:
    return "false" if node is None else "true"


def _votes(node: LexborNode | None) -> int | None:
    """Read a number of votes; ``1.2K`` is how cards write 1,200."""
    match = re.fullmatch(r"([\d.,]+)\s*([KM]?)", text_of(node) or "")
    if match is None:
        return None
    return round(float(match.group(1).replace(",", "")) * {"": 1, "K": 1_000, "M": 1_000_000}[match.group(2)])


def _permalink(href: str | None) -> str | None:
    path = find(r"(/review/rw\d+)", href)
    return f"{HOST}{path}/" if path else None
