"""The ways in which a knowledge graph may write an item's title, for sources that only compare exactly.

Notable here:
- forms are made by rewriting: each of `_REWRITES` adds to the names so far, then qualifiers are set behind each name;
- they are what resolution can use: films, series and pages that lead to them; games, albums and books are not.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from kgprep.kg.escapes import encode_percent

_PLAIN = (
    "film", "movie", "TV film", "animated film", "short film", "documentary", "TV series", "miniseries",
    "TV miniseries", "serial", "film series", "disambiguation",
)  # fmt: skip
_WITH_YEAR = (
    "TV film", "animated film", "short film", "documentary", "documentary film", "TV series", "miniseries", "serial",
    "American film", "British film", "French film", "Canadian film", "Australian film", "German film", "Italian film",
    "Spanish film", "Japanese film", "South Korean film", "Hong Kong film", "Indian film", "Hindi film", "Disney film",
    "American TV series", "British TV series",
)  # fmt: skip
_WITH_NEAR_YEAR = ("film",)
_SMALL_WORDS = (
    "a", "an", "and", "as", "at", "by", "for", "from", "in", "into", "of", "on", "or", "the", "to", "with",
)  # fmt: skip
_ARABIC_OF_ROMAN = {" II": " 2", " III": " 3", " IV": " 4", " V": " 5", " VI": " 6", " VII": " 7", " VIII": " 8"}


def _article_in_front(name: pl.Expr) -> pl.Expr:
    return name.str.replace(r"(?i)^(.*), (the|an?)$", "$2 $1")


def _article_turned(name: pl.Expr) -> pl.Expr:
    bare = name.str.replace(r"^(?i:the) (.)", "$1")
    return pl.when(bare == name).then(pl.lit("The ") + name).otherwise(bare)


def _ampersand_turned(name: pl.Expr) -> pl.Expr:
    spelt = name.str.replace_all(" & ", " and ", literal=True)
    return pl.when(spelt == name).then(name.str.replace_all(" (?i:and) ", " & ")).otherwise(spelt)


def _small_words_small(name: pl.Expr) -> pl.Expr:
    """Write articles, conjunctions and prepositions inside a title in lower case, as encyclopaedias do."""
    for word in _SMALL_WORDS:
        name = name.str.replace_all(rf"([^:–—-]) (?i:{word})\b", f"${{1}} {word}")
    return name


def _number_turned(name: pl.Expr) -> pl.Expr:
    """Write the sequel number at a title's end in the other script."""
    turned = name
    for roman, arabic in _ARABIC_OF_ROMAN.items():
        turned = (
            pl.when(name.str.ends_with(roman))
            .then(name.str.strip_suffix(roman) + arabic)
            .when(name.str.ends_with(arabic))
            .then(name.str.strip_suffix(arabic) + roman)
            .otherwise(turned)
        )
    return turned


_REWRITES: tuple[Callable[[pl.Expr], pl.Expr], ...] = (
    _small_words_small,
    _ampersand_turned,
    _number_turned,
    _article_turned,
)


def title_forms(items: pl.DataFrame) -> pl.Series:
    """Return the labels under which the items may be found, sorted: each name in several spellings, and these with
    the usual qualifiers, such as "(film)", "(1998 film)", "(2003 American film)", "(2017 TV series)".

    Args:
        items: name (without year), year?.
    """
    name = _article_in_front(pl.col("name").str.strip_chars())
    names = items.lazy().select(name, pl.col("year").cast(pl.Int32)).drop_nulls("name")
    for rewrite in _REWRITES:
        names = pl.concat([names, names.with_columns(rewrite(pl.col("name")).alias("name"))]).unique()
    dated = names.drop_nulls("year")
    plain = [names.select(form=pl.col("name")), *(_qualified(names, qualifier) for qualifier in _PLAIN)]
    exact = [_dated(dated, 0, qualifier) for qualifier in _WITH_YEAR]
    near = [_dated(dated, gap, qualifier) for qualifier in _WITH_NEAR_YEAR for gap in (-1, 0, 1)]
    return pl.concat([*plain, *exact, *near]).unique().collect().to_series().sort()


def page_names(titles: pl.Series) -> pl.Series:
    """Write titles as DBpedia's resources end: underscores for spaces, a capital first, only some marks encoded.

    Args:
        titles: labels with or without qualifier.
    """
    capital = titles.str.head(1).str.to_uppercase() + titles.str.slice(1)
    parts = capital.str.replace_all(" ", "_", literal=True).alias("part").to_frame().with_row_index("row")
    wrong = r'["%?#<>\[\]\\^`{|}]'
    marks = parts["part"].str.extract_all(wrong).explode().drop_nulls().unique().sort()
    encoded = dict(zip(marks.to_list(), encode_percent(marks).to_list(), strict=True))
    return parts["part"].str.replace_many(encoded) if encoded else parts["part"]


def _qualified(names: pl.LazyFrame, qualifier: str) -> pl.LazyFrame:
    return names.select(form=pl.format(f"{{}} ({qualifier})", "name"))


def _dated(names: pl.LazyFrame, gap: int, qualifier: str) -> pl.LazyFrame:
    return names.select(form=pl.format(f"{{}} ({{}} {qualifier})", "name", pl.col("year") + gap))
