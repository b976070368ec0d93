"""The one shape every review source is brought to, and the cleaning that brings it there.

Notable here:
- a reader hands over `RAW` records, all strings as the source wrote them; `finish` makes all of them `CLEAN` alike;
- a rating may carry its own scale (``8/10``), else it is out of the form's best rating; one beyond it is nulled;
- what is no date in a form that is known, or one before there were sites of reviews, is nulled too, and counted as
  impossible ratings are;
- helpful votes are smoothed, so that 140 of 147 outranks 1 of 1; a number between 0 and 1 is a share already;
- a review's id is a hash (BLAKE2b) of its film and text: the same in any order and by any version of any library;
- of entities those that the HTML standard knows are resolved, once; others stay as they are;
- there is no column for an author: a user's name cannot slip through.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import unescape
from html.entities import html5

import polars as pl

from kgprep.counts import PLACES_SHOWN, Count
from kgprep.dialogues.imdb import imdb_id
from kgprep.dialogues.titles import FILM_YEAR
from kgprep.dialogues.values import plain_id
from kgprep.reviews.languages import CHINESE_SHARE, language

RAW: dict[str, type[pl.DataType]] = {
    "source": pl.String,
    "imdb_id": pl.String,
    "douban_id": pl.String,
    "film_title": pl.String,
    "film_title_other": pl.String,
    "film_year": pl.String,
    "lang": pl.String,
    "title": pl.String,
    "rating": pl.String,
    "helpful": pl.String,
    "date": pl.String,
    "url": pl.String,
    "spoiler": pl.String,
    "text": pl.String,
}
CLEAN: dict[str, type[pl.DataType]] = {
    "review_id": pl.String,
    "source": pl.String,
    "imdb_id": pl.String,
    "douban_id": pl.String,
    "film_title": pl.String,
    "film_title_other": pl.String,
    "film_year": pl.Int16,
    "lang": pl.String,
    "title": pl.String,
    "rating": pl.Float32,
    "helpful": pl.Float32,
    "date": pl.Date,
    "url": pl.String,
    "spoiler": pl.Boolean,
    "text": pl.String,
}

# Half-life of a bare number of votes: so many make a review half as helpful as one can be.
HELPFUL_VOTES_HALF = 10
_DATE_FORMATS = ("%Y-%m-%d", "%d %B %Y", "%d %b %Y", "%b %d, %Y", "%B %d, %Y", "%Y/%m/%d")
_FIRST_DATE = datetime.date(1990, 1, 1)
"""No site had reviews before; what seems older is a year of two digits."""
_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
_SCALED = rf"^\s*({_NUMBER})\s*(?:(?:/|out of|of)\s*({_NUMBER}))?\s*$"
_VOTES_PAIR = r"^\[\s*([0-9]+)\s*,\s*([0-9]+)\s*\]$"
_NUMBER_OF_VOTES = r"[0-9][0-9,]*(?:\.[0-9]+)?\s*(?:[KMkm]\b)?"
_OF_PAIR = r"(?:\s[^0-9]*|\s*\([^()]*\))?"
_OF_ONE = r"(?:\s*(?:people|persons?|users?|readers?|members?|helpful|votes?|likes?|found|人|有用)[^0-9]*)?"
"""Words and brackets that may follow two numbers of votes, and one: a number before others is none of votes."""
_VOTES = rf"^({_NUMBER_OF_VOTES})(?:\s*(?:/|out of|of)\s*({_NUMBER_OF_VOTES}){_OF_PAIR}|{_OF_ONE})$"
_LINE_BREAK = r"(?i)<\s*/?\s*(?:br|p|li|ul|ol|div|hr)\s*/?>"
_ELEMENTS = (
    "a|abbr|acronym|address|area|article|aside|audio|b|bdi|bdo|big|blockquote|body|br|button|caption|center|cite|code|col"
    "|colgroup|dd|del|details|dfn|div|dl|dt|em|embed|fieldset|figcaption|figure|font|footer|form|h[1-6]|head|header|hr"
    "|html|i|iframe|img|input|ins|kbd|label|legend|li|link|main|map|mark|meta|nav|noscript|object|ol|option|p|param|pre|q"
    "|s|samp|script|section|select|small|source|span|strike|strong|style|sub|summary|sup|table|tbody|td|textarea|tfoot|th"
    "|thead|time|title|tr|tt|u|ul|var|video|wbr"
)
_TAG = rf"(?i)</?(?:{_ELEMENTS})(?:[\s/][^<>]{{0,300}})?>"
_ENTITY = r"&#?\w+;"
_CHARACTERS = {
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
    bare = text.str.replace_all(_LINE_BREAK, "\n").str.replace_all(_TAG, "")
    resolved = bare.map_batches(_unescaped, return_dtype=pl.String, is_elementwise=True)
    plain = resolved.str.replace_many(_CHARACTERS)
    # The first pattern matches only what must change: most single spaces may stay as they are.
    return plain.str.replace_all(r"[^\S\n]{2,}|[^\S\n ]", " ").str.replace_all(r" ?\n[ \n]*", "\n").str.strip_chars()


def _unescaped(texts: pl.Series) -> pl.Series:
    """Resolve entities, once; few texts have any."""
    rows = texts.str.contains(_ENTITY).arg_true()
    resolved = [re.sub(_ENTITY, _character, text) for text in texts.gather(rows)]
    return texts.scatter(rows, resolved) if resolved else texts


def _character(entity: re.Match[str]) -> str:
    # `unescape` would also resolve a name that only begins as one that is known.
    return unescape(entity[0]) if entity[0].startswith("&#") or entity[0][1:] in html5 else entity[0]


@dataclass
class Tally:
    """What became of the records of one corpus, summed over its batches."""

    read: int = 0
    kept: int = 0
    without_film: int = 0
    without_text: int = 0
    rated: int = 0
    impossible: int = 0
    dated: int = 0
    undatable: int = 0
    other_languages: Counter[str] = field(default_factory=Counter)
    before: list[Count] = field(default_factory=list)
    """Counts of the reader's own."""
    notes: list[str] = field(default_factory=list)

    def note(self, place: str) -> None:
        """Remember one of the first few places where something was skipped."""
        if len(self.notes) < PLACES_SHOWN:
            self.notes.append(place)

    def counts(self, where: str) -> tuple[Count, ...]:
        """Return the counts of the corpus named `where`."""
        counts = [*self.before]
        if self.read:
            counts.append(Count(f"reviews read from {where}", self.kept, self.read))
        counts += _if_any(f"reviews of {where} skipped, no film is named", self.without_film)
        counts += _if_any(f"reviews of {where} skipped, no text", self.without_text)
        counts += _if_any(f"impossible ratings of {where} left out", self.impossible, self.rated)
        counts += _if_any(f"dates of {where} that are no date, left out", self.undatable, self.dated)
        tags = ", ".join(f"{tag} {number:,}" for tag, number in sorted(self.other_languages.items()))
        counts += _if_any(f"reviews of {where} skipped, in another language ({tags})", self.other_languages.total())
        return tuple(counts)


def clean_records(raw: pl.DataFrame, best_rating: float, usual_language: str, tally: Tally) -> pl.DataFrame:
    """Bring raw records to the columns of `CLEAN`, without those that name no film or say nothing.

    Args:
        raw: records in the columns of `RAW`.
        best_rating: the highest rating, for ratings that do not carry their scale.
        usual_language: tag of the language of texts that are too short to tell.
        tally: what was left out is added to it; what was read is the reader's to add.
    """
    known = (
        raw.lazy()
        .with_columns(pl.col(pl.String).str.strip_chars().replace("", None))
        .with_columns(
            imdb_id=imdb_id(pl.col("imdb_id")),
            douban_id=plain_id(pl.col("douban_id")),
            film_title=clean_text(pl.col("film_title")),
            film_title_other=clean_text(pl.col("film_title_other")),
            film_year=pl.col("film_year").str.extract(f"({FILM_YEAR})").cast(pl.Int16),
            title=clean_text(pl.col("title")).str.replace_all("\n", " ").replace("", None),
            text=clean_text(pl.col("text")).replace("", None),
            date=_date(pl.col("date")),
            rating=_rating(pl.col("rating"), best_rating),
            helpful=_helpful(pl.col("helpful")),
            spoiler=_truth(pl.col("spoiler")),
            rated=pl.col("rating").is_not_null(),
            dated=pl.col("date").is_not_null(),
            refers=pl.any_horizontal(
                imdb_id(pl.col("imdb_id")).is_not_null(), pl.col("douban_id", "film_title").is_not_null()
            ),
        )
        .collect()
    )
    tally.rated += known.filter("rated").height
    tally.impossible += known.filter(pl.col("rated") & pl.col("rating").is_null()).height
    tally.dated += known.filter("dated").height
    tally.undatable += known.filter(pl.col("dated") & pl.col("date").is_null()).height
    tally.without_film += known.filter(~pl.col("refers")).height
    tally.without_text += known.filter(pl.col("refers") & pl.col("text").is_null()).height
    kept = known.filter(pl.col("refers") & pl.col("text").is_not_null())
    tally.kept += kept.height
    named = kept.with_columns(
        lang=language(kept["text"], kept["lang"], usual_language), review_id=_review_ids(kept), source=_sources(kept)
    )
    return named.select(pl.col(name).cast(dtype) for name, dtype in CLEAN.items())


def finish(raw: pl.DataFrame, best_rating: float, where: str) -> ReviewCorpus:
    """Clean raw records that are all in memory; see `clean_records`.

    Args:
        raw: records in the columns of `RAW`.
        best_rating: the highest rating, for ratings that do not carry their scale.
        where: the source's name in the counts.
    """
    tally = Tally(read=raw.height)
    frame = clean_records(raw, best_rating, "en", tally)
    return ReviewCorpus(frame, tally.counts(where), ())


def film_key() -> pl.Expr:
    """Name the film of a review as surely as its source does: IMDb id, else Douban id, else title and year."""
    named = pl.col("film_title").str.to_lowercase() + " " + pl.col("film_year").cast(pl.String).fill_null("")
    return pl.coalesce("imdb_id", pl.lit("douban ") + pl.col("douban_id"), named)


def _sources(frame: pl.DataFrame) -> pl.Series:
    return frame["source"].fill_null("reviews")


def _review_ids(frame: pl.DataFrame) -> pl.Series:
    keys = frame.select(source=_sources(frame), film=film_key(), text="text")
    # One batch at a time passes here; polars' own hash may change from version to version.
    digests = [
        hashlib.blake2b(f"{film}\n{text}".encode(), digest_size=8).hexdigest()
        for film, text in zip(keys["film"], keys["text"], strict=True)
    ]
    return keys["source"] + ":" + pl.Series("digest", digests, dtype=pl.String)


def _if_any(what: str, number: int, total: int | None = None) -> list[Count]:
    return [Count(what, number, total)] if number else []


def _rating(text: pl.Expr, best: float) -> pl.Expr:
    groups = text.str.extract_groups(_SCALED)
    value = groups.struct.field("1").cast(pl.Float32)
    scale = groups.struct.field("2").cast(pl.Float32).fill_null(best)
    return pl.when((value > 0) & (value <= scale)).then(value / scale)


def _truth(text: pl.Expr) -> pl.Expr:
    lowered = text.str.to_lowercase()
    return (
        pl.when(lowered.is_in(["true", "1", "1.0", "yes", "y", "t"]))
        .then(True)
        .when(lowered.is_in(["false", "0", "0.0", "no", "n", "f"]))
        .then(False)
    )


def _helpful(text: pl.Expr) -> pl.Expr:
    pair, written = text.str.extract_groups(_VOTES_PAIR).struct, text.str.extract_groups(_VOTES).struct
    votes, total = (_number_of_votes(pl.coalesce(pair.field(group), written.field(group))) for group in ("1", "2"))
    share = pl.when(votes <= total).then((votes + 1) / (total + 2))
    alone = pl.when(votes.is_between(0, 1, "none")).then(votes).otherwise(votes / (votes + HELPFUL_VOTES_HALF))
    return pl.when(total.is_null()).then(alone).otherwise(share)


def _number_of_votes(written: pl.Expr) -> pl.Expr:
    """Read ``1,200`` and ``1.2K`` alike."""
    upper = written.str.to_uppercase()
    number = upper.str.replace_all(r"[,\sKM]", "").cast(pl.Float32)
    times = pl.when(upper.str.ends_with("K")).then(1_000).when(upper.str.ends_with("M")).then(1_000_000).otherwise(1)
    return number * times


def _date(text: pl.Expr) -> pl.Expr:
    day = text.str.replace(r"[T ]\d{1,2}:\d{2}.*$", "")
    date = pl.coalesce(day.str.to_date(form, strict=False) for form in _DATE_FORMATS)
    return pl.when(date >= _FIRST_DATE).then(date)
