"""IMDb's reviews as JSON: the data in a page since 2024 (``__NEXT_DATA__``), and the answers behind "show all".

Notable here:
- a review is known by its own shape wherever it lies, for the objects around it have changed more than once;
- a list of reviews whose entries have another shape is an error that says so, never an empty success;
- the reviewer is not read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from kgprep.errors import KgprepError
from kgprep.reviews.sites.page import (
    JsonObject,
    Record,
    listed,
    objects_in,
    parse_json,
    plain_text,
    string_of,
    value_at,
)

HOST = "https://www.imdb.com"
GRAPHQL = "https://caching.graphql.imdb.com/"
PAGE_SIZE = 25
SHAPES = "reviewText (in pages) or text.originalText (in GraphQL answers)"
NO_FILM: Record = {"imdb_id": None, "film_title": None, "film_year": None}
_TEXT_KEYS = ("plaidHtml", "plainText", "markdown")
_QUERY = (
    "query TitleReviews($const: ID!, $first: Int!, $after: ID) { title(id: $const) { id titleText { text } "
    "releaseYear { year } reviews(first: $first, after: $after) { total edges { node { id authorRating spoiler "
    "submissionDate summary { originalText } text { originalText { plaidHtml } } helpfulness { upVotes downVotes } } } "
    "pageInfo { hasNextPage endCursor } } } }"
)


@dataclass(frozen=True)
class ReviewData:
    """What a page's data or an answer holds: the film, its reviews, and the cursor of the next ones."""

    film: Record
    reviews: tuple[Record, ...]
    cursor: str | None


def read_answer(page: bytes, where: str) -> ReviewData:
    """Read a GraphQL answer, or the data of a page saved by itself.

    Raises:
        KgprepError: it is no JSON, or holds no list of reviews.
    """
    answer = parse_json(page, where)
    said = "; ".join(text for error in listed(answer.get("errors")) if (text := string_of(value_at(error, "message"))))
    try:
        return read_data(answer, where)
    except KgprepError as error:
        raise KgprepError(f"{error}; it says: {said}") if said else error from None


def read_data(data: JsonObject, where: str) -> ReviewData:
    """Read the reviews of a JSON object.

    Raises:
        KgprepError: it holds no list of reviews, or one whose entries have another shape.
    """
    found: dict[str, Record] = {}
    for _, value in objects_in(data):
        record = _in_page(value) or _in_answer(value)
        if record is not None:
            found.setdefault(record["url"] or record["text"] or "", record)
    lists = [entries for _, value in objects_in(data) if (entries := _entries(value)) is not None]
    if not lists and not found:
        raise KgprepError(f"{where}: no list of reviews was found in its JSON: the layout is unknown")
    if any(lists) and not found:
        raise KgprepError(f"{where}: its list of reviews has no entry with {SHAPES}: the layout is unknown")
    return ReviewData(_film(data), tuple(found.values()), _cursor(data))


def next_answer(const: str, cursor: str) -> str:
    """Return the address of the GraphQL answer with the reviews after `cursor`."""
    variables = json.dumps({"const": const, "first": PAGE_SIZE, "after": cursor}, separators=(",", ":"))
    return f"{GRAPHQL}?{urlencode({'operationName': 'TitleReviews', 'query': _QUERY, 'variables': variables})}"


def title_of_address(url: str | None) -> str | None:
    """Return the title id that the address of a GraphQL answer asks for."""
    for variables in parse_qs(urlsplit(url or "").query).get("variables", []):
        try:
            return string_of(value_at(json.loads(variables), "const"))
        except ValueError:
            return None
    return None


def _in_page(value: JsonObject) -> Record | None:
    """Read a review as a page's data has it."""
    if not string_of(value.get("reviewText")):
        return None
    votes = value.get("helpfulnessVotes")
    return _record(value.get("reviewId"), value.get("reviewSummary"), value["reviewText"], value, votes)


def _in_answer(value: JsonObject) -> Record | None:
    """Read a review as a GraphQL answer has it: a node whose text is an object of its own."""
    written = value_at(value, "text", "originalText")
    texts = (string_of(value_at(written, key)) for key in _TEXT_KEYS)
    text = next(filter(None, texts), string_of(written))
    if text is None or not value.keys() & {"helpfulness", "authorRating"}:
        return None
    return _record(value.get("id"), value_at(value, "summary", "originalText"), text, value, value.get("helpfulness"))


def _record(code: Any, title: Any, text: str, value: JsonObject, votes: Any) -> Record:
    up, down = value_at(votes, "upVotes"), value_at(votes, "downVotes")
    score = string_of(value.get("authorRating"))
    number = string_of(code)
    return {
        "title": plain_text(string_of(title)),
        "rating": f"{score}/10" if score else None,
        "helpful": f"{up}/{up + down}" if isinstance(up, int) and isinstance(down, int) else None,
        "date": string_of(value.get("submissionDate")),
        "url": f"{HOST}/review/{number}/" if number and number.startswith("rw") else None,
        "spoiler": str(bool(value.get("spoiler"))).lower(),
        "text": plain_text(text),
    }


def _entries(value: JsonObject) -> list[Any] | None:
    """Return the entries of a list of reviews that lies right in `value`."""
    reviews = value.get("reviews")
    if isinstance(reviews, list):
        return reviews
    edges = value_at(reviews, "edges")
    return edges if isinstance(edges, list) else None


def _film(data: JsonObject) -> Record:
    """Return the first title in the data that has a name, else the first title."""
    films = [
        {
            "imdb_id": code,
            "film_title": string_of(value_at(value, "titleText", "text")),
            "film_year": string_of(value_at(value, "releaseYear", "year")),
        }
        for _, value in objects_in(data)
        if (code := string_of(value.get("id"))) and code.startswith("tt")
    ]
    return next((film for film in films if film["film_title"]), films[0] if films else NO_FILM)


def _cursor(data: JsonObject) -> str | None:
    """Return the key of the next reviews; other lists of a page have keys too, so the one of the reviews goes first."""
    infos = [(path, value) for path, value in objects_in(data) if "endCursor" in value]
    of_reviews = [value for path, value in infos if any("review" in key.lower() for key in path)]
    chosen = of_reviews or [value for _, value in infos if len(infos) == 1]
    if not chosen or not chosen[0].get("hasNextPage"):
        return None
    return string_of(chosen[0]["endCursor"])
