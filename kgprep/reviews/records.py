"""The one shape every review source is brought to, and the cleaning that brings it there.

Notable here:
- a reader hands over `RAW` records, all strings as the source wrote them; `finish` makes all of them `CLEAN` alike;
- a rating may carry its own scale (``8/10``), else it is out of the form's best rating; one beyond it is nulled;
- helpful votes are smoothed, so that 140 of 147 outranks 1 of 1;
- there is no column for an author: a user's name cannot slip through.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html.entities import html5

import polars as pl

from kgprep.provenance import Count

RAW: dict[str, type[pl.DataType]] = {
    "source": pl.String,
    "imdb_id": pl.String,
    "douban_id": pl.String,
    "film_title": pl.String,
    "film_year": pl.String,
    "title": pl.String,
    "rating": pl.String,
    "helpful": pl.String,
    "date": pl.String,
    "url": pl.String,
    "text": pl.String,
}
CLEAN: dict[str, type[pl.DataType]] = {
    "source": pl.String,
    "imdb_id": pl.String,
    "douban_id": pl.String,
    "film_title": pl.String,
    "film_year": pl.Int16,
    "lang": pl.String,
    "title": pl.String,
    "rating": pl.Float32,
    "helpful": pl.Float32,
    "date": pl.Date,
    "url": pl.String,
    "text": pl.String,
}

# Half-life of a bare number of votes: so many make a review half as helpful as one can be.
HELPFUL_VOTES_HALF = 10
CHINESE_SHARE = 0.2
_DATE_FORMATS = ("%Y-%m-%d", "%d %B %Y", "%d %b %Y", "%b %d, %Y", "%B %d, %Y", "%Y/%m/%d")
_NUMBER = r"\d+(?:\.\d+)?"
_SCALED = rf"^\s*({_NUMBER})\s*(?:(?:/|out of|of)\s*({_NUMBER}))?\s*$"
_VOTES_PAIR = r"^\[\s*(\d+)\s*,\s*(\d+)\s*\]$"
_VOTES = r"^([\d,]+)(?:\s*(?:/|out of|of)\s*([\d,]+))?\b"
_ENTITIES = {
    **{f"&{name}": text for name, text in html5.items() if name.endswith(";")},
    **{f"&#{code};": chr(code) for code in (*range(32, 0x250), *range(0x2010, 0x2041), 0x20AC, 0x2122)},
    **{f"&#x{code:x};": chr(code) for code in (*range(32, 0x250), *range(0x2010, 0x2041), 0x20AC, 0x2122)},
    **{f"&#x{code:X};": chr(code) for code in (*range(32, 0x250), *range(0x2010, 0x2041), 0x20AC, 0x2122)},
    # Private-use characters say nothing, and `sentences` needs three of them.
    **{chr(code): "" for code in (0xE000, 0xE001, 0xE002)},
    # Bytes of Windows-1252 read as Latin-1, as old corpora have them.
    "\x85": "…",
    "\x91": "‘",
    "\x92": "’",
    "\x93": "“",
    "\x94": "”",
    "\x96": "–",
    "\x97": "—",
    **{f"&#0{code};": chr(code) for code in range(32, 100)},
}


@dataclass(frozen=True)
class ReviewCorpus:
    """Reviews of one source in the columns of `CLEAN`, what was skipped, and the first few places of it."""

    frame: pl.DataFrame
    counts: tuple[Count, ...]
    notes: tuple[str, ...]


def raw_records(rows: Iterable[dict[str, str | None]]) -> pl.DataFrame:
    """Build a frame of `RAW` columns from a page's records; a key that is absent is null."""
    return pl.DataFrame(list(rows), schema=RAW)


def is_chinese(text: pl.Expr) -> pl.Expr:
    """Tell whether at least a fifth of a text's characters are Chinese."""
    return text.str.count_matches(r"\p{Han}") >= CHINESE_SHARE * text.str.len_chars()


def clean_text(text: pl.Expr) -> pl.Expr:
    """Turn HTML into plain text: line-breaking tags become newlines, other tags go, entities are resolved."""
    broken = text.str.replace_all(r"(?i)<\s*/?\s*(?:br|p|li|ul|ol|div|hr)\s*/?>", "\n")
    bare = broken.str.replace_all(r"</?[A-Za-z][^<>]{0,300}>", "")
    resolved = bare.str.replace_many(_ENTITIES, leftmost=True)
    return resolved.str.replace_all(r"[^\S\n]+", " ").str.replace_all(r" ?\n[ \n]*", "\n").str.strip_chars()


def imdb_id(text: pl.Expr) -> pl.Expr:
    """Bring an IMDb title id to ``tt`` and at least seven digits; null where there is none.

    Args:
        text: ids with or without ``tt``, or addresses that hold one.
    """
    digits = pl.coalesce(text.str.extract(r"\btt(\d{5,9})\b"), text.str.extract(r"^\s*(\d{1,9})\s*$"))
    return pl.lit("tt") + digits.str.zfill(7)


def finish(raw: pl.DataFrame, best_rating: float, where: str, total: int | None = None) -> ReviewCorpus:
    """Clean raw records and leave out those that name no film or say nothing.

    Args:
        raw: records in the columns of `RAW`.
        best_rating: the highest rating, for ratings that do not carry their scale.
        where: the source's name in the counts.
        total: how many records there were, where the reader itself has left some out.
    """
    cleaned = raw.lazy().with_columns(pl.col(pl.String).str.strip_chars().replace("", None)).collect()
    known = cleaned.with_columns(
        imdb_id=imdb_id(pl.col("imdb_id")),
        film_title=clean_text(pl.col("film_title")),
        film_year=pl.col("film_year").str.extract(r"(\d{4})").cast(pl.Int16),
        title=clean_text(pl.col("title")).str.replace_all("\n", " ").replace("", None),
        text=clean_text(pl.col("text")).replace("", None),
        date=_date(pl.col("date")),
        rating=_rating(pl.col("rating"), best_rating),
        helpful=_helpful(pl.col("helpful")),
        rated=pl.col("rating").is_not_null(),
    )
    refers = pl.any_horizontal(pl.col("imdb_id", "douban_id", "film_title").is_not_null())
    says = pl.col("text").is_not_null()
    kept = known.filter(refers & says).with_columns(
        lang=pl.when(is_chinese(pl.col("text"))).then(pl.lit("zh")).otherwise(pl.lit("en"))
    )
    rated = known.filter("rated")
    impossible = rated["rating"].null_count()
    counts = [Count(f"reviews read from {where}", kept.height, raw.height if total is None else total)]
    counts += _if_any(f"reviews of {where} skipped, no film is named", known.filter(~refers).height)
    counts += _if_any(f"reviews of {where} skipped, no text", known.filter(refers & ~says).height)
    counts += _if_any(f"impossible ratings of {where} left out", impossible, rated.height)
    return ReviewCorpus(kept.select(pl.col(name).cast(dtype) for name, dtype in CLEAN.items()), tuple(counts), ())


def _if_any(what: str, number: int, total: int | None = None) -> list[Count]:
    return [Count(what, number, total)] if number else []


def _rating(text: pl.Expr, best: float) -> pl.Expr:
    groups = text.str.extract_groups(_SCALED)
    value = groups.struct.field("1").cast(pl.Float32)
    scale = groups.struct.field("2").cast(pl.Float32).fill_null(best)
    return pl.when((value > 0) & (value <= scale)).then(value / scale)


def _helpful(text: pl.Expr) -> pl.Expr:
    pair, written = text.str.extract_groups(_VOTES_PAIR).struct, text.str.extract_groups(_VOTES).struct
    votes, total = (
        pl.coalesce(pair.field(group), written.field(group)).str.replace_all(",", "").cast(pl.Float32, strict=False)
        for group in ("1", "2")
    )
    share = pl.when(votes <= total).then((votes + 1) / (total + 2))
    return pl.when(total.is_null()).then(votes / (votes + HELPFUL_VOTES_HALF)).otherwise(share)


def _date(text: pl.Expr) -> pl.Expr:
    day = text.str.replace(r"[T ]\d{1,2}:\d{2}.*$", "")
    return pl.coalesce(day.str.to_date(form, strict=False) for form in _DATE_FORMATS)
