"""What can be seen of a found form in its text: case, quotation marks, a year, what stands beside it.

Notable here: most forms that are found are everyday words in lower case ("it", "up"); they are let go before anything
about them is looked at closely.
"""

from __future__ import annotations

import polars as pl

from kgprep.linking.evidence import EVERYDAY, HOPELESS
from kgprep.linking.genres import HEAD_NOUNS

CONTEXT_CHARACTERS = 24

_SIGNS_BEFORE, _SIGNS_AFTER = 7, 6
_MARKS_BEFORE = r"[\"“”'‘《「『]$|\d{4}"
_MARKS_AFTER = r"^[\"”'’》]?,?\s*(?:[(（\[\d]|from\b|of\b)"
_OPENING = r"[\"“”'‘《「『]$"
_CLOSING = r"^[!?.…]*[\"“”'’》」』]"
_SENTENCE_START = r"(?:^|[.!?:;…。！？]\s*|\n\s*)[\"“'‘(\s]*$"
_SENTENCE_START_LATER = r"(?:[.!?:;…]\s+|[。！？]|\n\s*)[\"“'‘(\s]*$"
_YEAR = r"((?:18[89]|19[0-9]|20[0-3])[0-9])"
_YEAR_AFTER = rf"^[\"”'’》]?,?\s*(?:[(（\[]\s*(?:the\s+)?{_YEAR}|(?:from|of)\s+{_YEAR}\b|{_YEAR}(?:\s*$|[^\d\s]))"
_YEAR_BEFORE = rf"(?:^|[^\d]){_YEAR}(?:'s)?\s+(?:version of\s+|film\s+|movie\s+)?[\"“'‘《]?$"
_NUMERAL = r"(?:[2-9]|(?i:ii|iii|iv|vi|vii|viii|ix)|V)"
_SEQUEL = rf"^[:,]?\s+(?:(?i:part|chapter|vol\.?|volume|episode)\s+)?{_NUMERAL}\b"
_COUNTED = r"^\s+\d\s+(?i:times?|hours?|days?|weeks?|months?|years?|nights?|stars?|more|others?|movies|films)\b"
_AND = r"^[\s,/&+-]*(?:and|or)?\s*$"
_CAPITAL_BEFORE = r"(?:^|\s)\p{Lu}[\p{Ll}'’-]+\s$"
_CAPITAL_AFTER = r"^\s\p{Lu}\p{Ll}+"
_DETERMINER = r"(?i)(?:^|\s)(?:an?|another|some|any|good|great|scary|nice|classic|modern|old)\s+$"


def found_words(matches: pl.DataFrame, texts: pl.Series, forms: pl.DataFrame) -> pl.DataFrame:
    """Add the words found and what is known of their forms, without everyday words that nothing marks.

    Args:
        matches: text u32, start i32, end i32, form u32.
        texts: the texts, by row number.
        forms: `FormTables.forms`.
    """
    whole = texts.gather(matches["text"])
    word = whole.str.slice(matches["start"], matches["end"] - matches["start"]).alias("word")
    described = matches.with_columns(word).hstack(forms.drop("form")[matches["form"]])
    first = pl.col("word").str.slice(0, 1)
    small = first == first.str.to_lowercase()
    before = whole.str.slice((matches["start"] - _SIGNS_BEFORE).clip(0), matches["start"].clip(0, _SIGNS_BEFORE))
    after = whole.str.slice(matches["end"], _SIGNS_AFTER)
    signs = before.str.contains(_MARKS_BEFORE) | after.str.contains(_MARKS_AFTER)
    alone = (matches["start"] <= 1) & (matches["end"] + 2 >= whole.str.len_chars())
    usual = small & (pl.col("chance") > HOPELESS) & ~pl.col("listed")
    return described.filter(~usual | signs | alone)


def describe_surface(found: pl.DataFrame, texts: pl.Series) -> pl.DataFrame:
    """Add what can be seen of found words in their texts.

    Args:
        found: what `found_words` returned.
        texts: the texts, by row number.

    Returns:
        The frame with capital, starts_sentence, quoted, whole, numbered, beside_capital, head_noun, determined,
        tagged (bool) and year i16?.
    """
    texts_of = texts.gather(found["text"])
    width = CONTEXT_CHARACTERS
    begin = (found["start"] - width).clip(lower_bound=0)
    before = texts_of.str.slice(begin, found["start"] - begin)
    after = texts_of.str.slice(found["end"], width)
    spelt = pl.col("word").str.extract_all(r"[\p{L}\p{N}]+")
    near_start = pl.col("start") <= width
    return (
        found.with_columns(before.alias("_before"), after.alias("_after"))
        .with_columns(
            # Articles and prepositions stay small in titles, so the ends of a name decide.
            capital=spelt.list.first().str.contains(r"^[\p{Lu}\p{N}]")
            & spelt.list.last().str.contains(r"^[\p{Lu}\p{N}]")
            # Capitals throughout are emphasis.
            & (
                (pl.col("acronym") & (pl.col("chance") < EVERYDAY))
                | pl.col("word").str.contains(r"\p{Ll}|^\P{L}*\p{L}?\P{L}*$")
            ),
            starts_sentence=pl.when(near_start)
            .then(pl.col("_before").str.contains(_SENTENCE_START))
            .otherwise(pl.col("_before").str.contains(_SENTENCE_START_LATER)),
            quoted=pl.col("_before").str.contains(_OPENING) & pl.col("_after").str.contains(_CLOSING),
            whole=near_start
            & ~pl.col("_before").str.contains(r"[\p{L}\p{N}]")
            & ~pl.col("_after").str.contains(r"[\p{L}\p{N}]"),
            numbered=pl.col("_after").str.contains(_SEQUEL) & ~pl.col("_after").str.contains(_COUNTED),
            beside_capital=(pl.col("_before").str.contains(_CAPITAL_BEFORE))
            | pl.col("_after").str.contains(_CAPITAL_AFTER),
            head_noun=pl.col("_after").str.contains(HEAD_NOUNS),
            determined=pl.col("_before").str.contains(_DETERMINER),
            tagged=pl.col("_before").str.ends_with("@"),
            year=pl.coalesce(
                *(pl.col("_after").str.extract(_YEAR_AFTER, group) for group in (1, 2, 3)),
                pl.col("_before").str.extract(_YEAR_BEFORE, 1),
            ).cast(pl.Int16),
        )
        .drop("_before", "_after")
    )


def add_genre_company(described: pl.DataFrame, texts: pl.Series) -> pl.DataFrame:
    """Add whether a genre's word that may be an everyday word, too, is one here: says_genre bool.

    It is if a word such as "films" follows, if it names a work by itself ("a mystery"), or if it stands in a row with
    one that is ("a fantasy adventure", "crime and war films").

    Args:
        described: what `describe_surface` returned.
        texts: the texts, by row number.
    """
    genres = described.filter("genre").select(
        "text", "start", "end", "weak_genre", "head_noun", "noun_genre", "determined"
    )
    reach = pl.col("end").cum_max().shift(1).over("text")
    longest = genres.sort("text", "start", "end", descending=[False, False, True]).filter(
        (pl.col("end") > reach).fill_null(True)
    )
    since = pl.col("end").shift(1).over("text").fill_null(0)
    begin, width = longest.select(since.alias("begin"), (pl.col("start") - since).clip(0).alias("width"))
    between = texts.gather(longest["text"]).str.slice(begin, width)
    joined = between.str.contains(_AND) & longest.select(pl.col("start") >= since).to_series()
    row = (~joined | longest.select(pl.col("text") != pl.col("text").shift(1)).to_series().fill_null(True)).cum_sum()
    speaks = ~pl.col("weak_genre") | pl.col("head_noun") | (pl.col("noun_genre") & pl.col("determined"))
    company = longest.select("text", "start", "end", says_genre=speaks.any().over(row))
    return described.join(company, on=["text", "start", "end"], how="left", maintain_order="left").with_columns(
        pl.col("says_genre").fill_null(False)
    )
