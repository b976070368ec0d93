"""Douban's mobile JSON: the short comments ("interests") of a subject, from ``m.douban.com/rexxar/api``.

Notable here:
- a comment without a rating has null there; its rating is out of the answer's own maximum;
- who wrote a comment is not read; one without words is no review and is left out by whoever counts.
"""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode, urlsplit

import polars as pl

from kgprep.errors import KgprepError
from kgprep.reviews.records import raw_records
from kgprep.reviews.sites.page import JsonObject, Record, find, parse_json, string_of, value_at

HOST = "https://m.douban.com"
SITE = "https://movie.douban.com"
PAGE_SIZE = 20


def first_page(douban_id: str) -> str:
    """Return the address of a subject's first comments."""
    return _address(douban_id, 0, PAGE_SIZE)


def parse_reviews(page: bytes, url: str | None = None) -> pl.DataFrame:
    """Read the comments of one answer.

    Args:
        page: JSON.
        url: where it was fetched, which names the subject beyond doubt.

    Returns:
        Records in the columns of `records.RAW`; ratings as ``3/5``, helpful as a number of votes.

    Raises:
        KgprepError: it is no JSON, has no list of comments, or they have another shape.
    """
    where = url or "the answer"
    interests = _interests(page, where)
    if interests and not any("comment" in interest for interest in interests):
        raise KgprepError(f"{where}: none of its {len(interests)} interests has a comment: the layout is unknown")
    records = [_record(interest, find(r"/(?:movie|tv|subject)/(\d+)", url)) for interest in interests]
    return raw_records({**record, "source": "douban.com"} for record in records)


def next_page(page: bytes, url: str) -> str | None:
    """Return the address of the comments after those of an answer, None where it says that they are all."""
    answer = parse_json(page, url)
    subject = find(r"/(?:movie|tv|subject)/(\d+)", url)
    asked = parse_qs(urlsplit(url).query)
    start = _number(answer.get("start"), _number(asked.get("start", ["0"])[0], 0))
    count = _number(answer.get("count"), PAGE_SIZE) or PAGE_SIZE
    total = _number(answer.get("total"), 0)
    if subject is None or not answer.get("interests") or start + count >= total:
        return None
    return _address(subject, start + count, count)


def _address(douban_id: str, start: int, count: int) -> str:
    asked = urlencode({"count": count, "order_by": "hot", "start": start})
    return f"{HOST}/rexxar/api/v2/movie/{douban_id}/interests?{asked}"


def _interests(page: bytes, where: str) -> list[JsonObject]:
    answer = parse_json(page, where)
    interests = answer.get("interests")
    if isinstance(interests, list):
        return [interest for interest in interests if isinstance(interest, dict)]
    said = string_of(answer.get("localized_message")) or string_of(answer.get("msg"))
    raise KgprepError(f"{where}: no list of interests was found in the answer" + (f"; it says: {said}" if said else ""))


def _record(interest: JsonObject, subject: str | None) -> Record:
    douban_id = subject or find(r"(\d+)", string_of(value_at(interest, "subject", "id")))
    number = string_of(interest.get("id"))
    return {
        "douban_id": douban_id,
        "film_title": string_of(value_at(interest, "subject", "title")),
        "film_year": string_of(value_at(interest, "subject", "year")),
        "rating": _rating(interest.get("rating")),
        "helpful": string_of(interest.get("vote_count")),
        "date": find(r"(\d{4}-\d{2}-\d{2})", string_of(interest.get("create_time"))),
        "url": f"{SITE}/subject/{douban_id}/comments#{number}" if douban_id and number else None,
        "text": string_of(interest.get("comment")),
    }


def _rating(rating: object) -> str | None:
    """Return the value out of the best one; a rating of nought is none."""
    value = string_of(value_at(rating, "value")) or string_of(value_at(rating, "star_count"))
    best = string_of(value_at(rating, "max")) or "5"
    return f"{value}/{best}" if value and find(r"([1-9])", value) else None


def _number(value: object, otherwise: int) -> int:
    text = string_of(value)
    return int(text) if text and text.isdecimal() else otherwise
