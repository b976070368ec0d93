"""How sure it is that a found form is a name at all, from its case, its place and its words.

Notable here:
- case speaks: "Her" in mid-sentence may be the film, "her" is not; at the start of a sentence case says nothing;
- a form made of everyday words alone needs case, quotation marks or a year beside it.
"""

from __future__ import annotations

import polars as pl

from kgprep.linking.everyday import EVERYDAY_WORDS
from kgprep.linking.genres import HEAD_NOUNS

CONTEXT_CHARACTERS = 24
_OPENING = r"[\"“”'‘《「『]$"
_CLOSING = r"^[\"“”'’》」』]"
_SENTENCE_START = r"(?:^|[.!?:。！？]|\n)[\s\"“'‘(]*$"
_YEAR_AFTER = r"^[\"”'’》]?\s*(?:[(（](?:the\s+)?(\d{4})|from\s+(\d{4})\b)"
_CHINESE = r"\p{Han}"

NAMES_ITSELF = 0.95
"""A form in quotation marks, with a year beside it, or of several capitalised words."""
CAPITALISED = 0.8
"""One capitalised word in mid-sentence."""
UNUSUAL_WORDS = 0.75
"""Several lower-case words of which one is not an everyday word."""
GENRE = 0.9
UNSURE = 0.55
"""One unusual word whose case says nothing; a company, a place or a film in play is meant by it often enough."""
NO_NAME = 0.0


def describe_surface(matches: pl.DataFrame, texts: pl.Series) -> pl.DataFrame:
    """Add what can be seen of each match in its text.

    Args:
        matches: text u32, start, end, word, form.
        texts: the texts, by row number.

    Returns:
        The matches with words u32, capitalised, starts_sentence, quoted, everyday, head_noun, tagged, chinese (bool)
        and year i16?.
    """
    whole = texts.gather(matches["text"])
    width = CONTEXT_CHARACTERS
    begin = (matches["start"] - width).clip(lower_bound=0)
    before = whole.str.slice(begin, matches["start"] - begin)
    after = whole.str.slice(matches["end"], pl.Series([width]).new_from_index(0, matches.height))
    tokens = pl.col("form").str.extract_all(r"[\p{L}\p{N}]+")
    spelt = pl.col("word").str.extract_all(r"[\p{L}\p{N}]+")
    described = matches.with_columns(_before=before, _after=after).with_columns(
        words=tokens.list.len(),
        everyday=tokens.list.set_difference(pl.lit(list(EVERYDAY_WORDS))).list.len() == 0,
        # Articles and prepositions stay small in titles, so the ends of a name decide.
        capitalised=spelt.list.first().str.contains(r"^[\p{Lu}\p{N}]")
        & spelt.list.last().str.contains(r"^[\p{Lu}\p{N}]"),
        starts_sentence=pl.col("_before").str.contains(_SENTENCE_START) & (pl.col("start") <= width)
        | pl.col("_before").str.contains(r"[.!?:。！？][\s\"“'‘(]*$"),
        quoted=pl.col("_before").str.contains(_OPENING) & pl.col("_after").str.contains(_CLOSING),
        head_noun=pl.col("_after").str.contains(HEAD_NOUNS),
        tagged=pl.col("_before").str.ends_with("@"),
        numeric=pl.col("form").str.contains(r"^[\p{N}\s]+$"),
        chinese=pl.col("form").str.contains(_CHINESE),
        year=pl.coalesce(
            pl.col("_after").str.extract(_YEAR_AFTER, 1), pl.col("_after").str.extract(_YEAR_AFTER, 2)
        ).cast(pl.Int16, strict=False),
    )
    return described.drop("_before", "_after")


def surface_score() -> pl.Expr:
    """Return how sure it is that the form is a name of something of the candidate's kind, in [0, 1].

    Reads the columns of `describe_surface` and kind str, in_play bool, is_short_name bool, genre_form bool and
    needs_head_noun bool of the candidate.
    """
    kind = pl.col("kind")
    marked = pl.col("quoted") | pl.col("year").is_not_null()
    shouting = pl.col("capitalised") & ~pl.col("starts_sentence")
    several = pl.col("words") > 1
    unusual = ~pl.col("everyday") & ~pl.col("numeric")
    alone_enough = kind.is_in(["organisation", "place"]) | pl.col("in_play")
    return (
        pl.when(pl.col("tagged"))
        .then(NO_NAME)
        .when(pl.col("genre_form"))
        .then(pl.when(~pl.col("needs_head_noun") | pl.col("head_noun")).then(GENRE).otherwise(NO_NAME))
        .when(pl.col("chinese"))
        .then(
            pl.when(marked)
            .then(NAMES_ITSELF)
            .when(pl.col("form").str.len_chars() > 2)
            .then(CAPITALISED)
            .otherwise(NO_NAME)
        )
        # A surname means somebody only when that somebody is already being spoken of.
        .when(pl.col("is_short_name"))
        .then(pl.when(shouting & pl.col("in_play")).then(CAPITALISED).otherwise(NO_NAME))
        .when(kind == "genre")
        .then(pl.when(several & (unusual | pl.col("capitalised"))).then(GENRE).otherwise(NO_NAME))
        .when(marked & (pl.col("capitalised") | several | pl.col("in_play")))
        .then(NAMES_ITSELF)
        .when(several & pl.col("capitalised"))
        .then(pl.when(pl.col("everyday") & pl.col("starts_sentence")).then(UNSURE).otherwise(NAMES_ITSELF))
        .when(several & unusual)
        .then(UNUSUAL_WORDS)
        .when(several)
        .then(pl.when(pl.col("in_play")).then(UNUSUAL_WORDS).otherwise(NO_NAME))
        .when(shouting & (unusual | pl.col("in_play")))
        .then(CAPITALISED)
        .when(unusual & alone_enough)
        .then(UNSURE)
        .otherwise(NO_NAME)
    )
