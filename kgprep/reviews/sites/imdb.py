"""IMDb's review pages, of 2015 to 2023 (lister items) and since 2024 (cards).

Notable here:
- the film is named by the address, the page's links or its title, in this order;
- text behind a spoiler warning is read like any other;
- a page without either layout is an error that names what was looked for, never an empty success.
"""

from __future__ import annotations

import re

import polars as pl
from selectolax.lexbor import LexborHTMLParser, LexborNode

from kgprep.errors import KgprepError
from kgprep.reviews.records import raw_records
from kgprep.reviews.sites.page import attribute_of, find, parse_page, text_of

HOST = "https://www.imdb.com"
CARD = "article.user-review-item, [data-testid=review-card-parent]"
LISTER = ".lister-item, .imdb-user-review"
NO_REVIEWS = "[data-testid=tturv-total-reviews], .lister .header"

Record = dict[str, str | None]


def is_page(page: bytes) -> bool:
    """Tell whether the page has marks of this site."""
    return re.search(rb"user-review-item|review-card-parent|lister-item|imdb\.com", page) is not None


def parse_reviews(page: bytes, url: str | None = None) -> pl.DataFrame:
    """Read the reviews of one saved page.

    Args:
        page: HTML.
        url: where it was fetched, which names the film beyond doubt.

    Returns:
        Records in the columns of `records.RAW`; ratings as ``8/10``, helpful votes as ``41/57``.

    Raises:
        KgprepError: the page has neither layout, or its reviews lack a text.
    """
    tree = parse_page(page)
    film = _film(tree, url)
    cards = _outermost(tree.css(CARD))
    listed = _outermost(tree.css(LISTER))
    if not cards and not listed:
        return _none(tree, url)
    records = [_card(node) for node in cards] + [_lister(node) for node in listed]
    if not any(record["text"] for record in records):
        raise KgprepError(
            f"{url or 'the page'} has {len(records)} reviews but no text in any "
            "(.ipc-html-content-inner-div or .text.show-more__control was not found): the layout is unknown"
        )
    return raw_records({**film, **record, "source": "imdb.com"} for record in records)


def _none(tree: LexborHTMLParser, url: str | None) -> pl.DataFrame:
    """Return no reviews for a page that says it has none; any other is of unknown layout."""
    total = find(r"([\d,]+)\s+[Rr]eviews?", text_of(tree.css_first(NO_REVIEWS)))
    if total == "0":
        return raw_records([])
    raise KgprepError(
        f"{url or 'the page'} is no IMDb review page of a known layout: "
        "neither article.user-review-item (since 2024) nor .lister-item (2015 to 2023) was found"
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


def _film(tree: LexborHTMLParser, url: str | None) -> Record:
    addresses = [
        url,
        attribute_of(tree.css_first("link[rel=canonical]"), "href"),
        attribute_of(tree.css_first("meta[property='og:url']"), "content"),
        attribute_of(tree.css_first("[data-vote-url]"), "data-vote-url"),
        attribute_of(tree.css_first("a[href^='/title/tt']"), "href"),
    ]
    named = text_of(tree.css_first("[itemprop=name]")) or text_of(tree.css_first("title"))
    return {
        "imdb_id": find(r"\b(tt\d{7,9})\b", *addresses),
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
        "text": text_of(node.css_first(".content .text") or node.css_first(".text.show-more__control")),
    }


def _votes(node: LexborNode | None) -> int | None:
    """Read a number of votes; ``1.2K`` is how cards write 1,200."""
    match = re.fullmatch(r"([\d.,]+)\s*([KM]?)", text_of(node) or "")
    if match is None:
        return None
    return round(float(match.group(1).replace(",", "")) * {"": 1, "K": 1_000, "M": 1_000_000}[match.group(2)])


def _permalink(href: str | None) -> str | None:
    path = find(r"(/review/rw\d+)", href)
    return f"{HOST}{path}/" if path else None
