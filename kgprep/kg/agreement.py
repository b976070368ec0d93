"""What speaks for and against each pair of an item and an entity that may be it: the evidence that rules weigh.

Notable here:
- pairs share a title, read loosely, or an IMDb id; no item meets all candidates;
- an item without a year takes that of the only dated item with its title and IMDb id;
- a film newer than the data set, or announced and never seen, is marked: nobody talked about it.
"""

from __future__ import annotations

import polars as pl

from kgprep.kg.names import loose_key, title_key

_NEWEST_SHARE = 0.999
"""The share of the dated items that the newest year covers; what is dated later still may be a mistake."""

_ENOUGH_DATED = 50
"""How many items must have a year for the newest of them to tell when the data set was made."""

_SIMILAR_WORDS = 0.6
"""The share of words that two titles of equally many words have in common if one may be a misspelling of the other."""

_LAST_YEAR = 9999
_UNSEEN = r"\b(?:upcoming|unfinished|unreleased|unproduced|cancelled|canceled|lost)\b"
_TOLD_AT_ONCE = r"mini-?series|serial$"
_FRANCHISE = r"film series|franchise"
_YEAR_ALONE = r"^[0-9]{4}$"
_ENDS_IN_BRACKET = r"[)）]$"


def pair_up(items: pl.DataFrame, candidates: pl.DataFrame) -> pl.DataFrame:
    """Pair each item with the candidates that share its IMDb id or its title, and say what agrees.

    Args:
        items: item_id, name (without year), year?, imdb_id?.
        candidates: `kgprep.kg.candidates.CANDIDATE_SCHEMA`.

    Returns:
        One row a pair: the columns of both (a candidate's with the suffix ``_candidate`` where both have it) and

        - is_dated: the item's year is its own;
        - year_gap: years between them; null where one has none;
        - same_imdb: null where one has none;
        - same_title, loose_title: equal under `title_key`, under `loose_key`;
        - short_title: the item's is the beginning or end of the candidate's; similar_title: as many words, most equal;
          both only where the titles hold the same numbers, so that neither is a sequel of the other;
        - in_bracket: the titles differ by a bracket at the end;
        - no_title_told: the item is called by an id, or one title is in Latin letters and the other is not, so that
          they cannot be compared;
        - is_unseen, is_told_at_once, is_franchise: the qualifier says upcoming, miniseries, film series; unseen is
          for items without a year also what is newer than the data set;
        - is_other_thing: it says something that is neither film nor series;
        - is_unknown: nothing but its label is known of the entity; is_plain: no film, series or thing with a qualifier
          has its title too; is_one_word: a title that many things may have.
    """
    wanted = _with_learnt_years(items.select("item_id", "name", "year", "imdb_id").with_columns(_keys("name")))
    known = _with_namesakes(candidates.with_columns(_keys("called")))
    by_title = wanted.join(known, on="loose", suffix="_candidate", coalesce=False)
    by_imdb = wanted.join(known, on="imdb_id", suffix="_candidate", coalesce=False)
    pairs = pl.concat([by_title, by_imdb], how="diagonal").unique()
    return pairs.with_columns(
        *_agreement_of_titles(),
        year_gap=(pl.col("year") - pl.col("year_candidate")).abs(),
        same_imdb=pl.col("imdb_id") == pl.col("imdb_id_candidate"),
        is_unseen=_says(_UNSEEN) | (pl.col("year").is_null() & (pl.col("year_candidate") > _newest_year(wanted))),
        is_told_at_once=_says(_TOLD_AT_ONCE),
        is_franchise=_says(_FRANCHISE),
    )


def _keys(name: str) -> list[pl.Expr]:
    return [title_key(pl.col(name)).alias("key"), loose_key(pl.col(name)).alias("loose")]


def _says(words: str) -> pl.Expr:
    return pl.col("qualifier").str.contains(words).fill_null(False)


def _with_learnt_years(items: pl.DataFrame) -> pl.DataFrame:
    """Date each item without a year by the items of its title and IMDb id, where those have one year only."""
    years = items.drop_nulls(["year", "imdb_id"]).group_by("loose", "imdb_id").agg(pl.col("year").unique())
    certain = years.filter(pl.col("year").list.len() == 1).with_columns(learnt=pl.col("year").list.first())
    return (
        items.join(certain.drop("year"), on=["loose", "imdb_id"], how="left", maintain_order="left")
        .with_columns(pl.coalesce("year", "learnt").alias("year"), is_dated=pl.col("year").is_not_null())
        .drop("learnt")
    )


def _with_namesakes(candidates: pl.DataFrame) -> pl.DataFrame:
    """Mark entities that are no film by their qualifier, and those of which nothing but the label is known."""
    kind = pl.col("kind")
    has_qualifier = (pl.col("qualifier").is_not_null() & ~_says(_YEAR_ALONE)) | (
        pl.col("called").str.contains(_ENDS_IN_BRACKET).fill_null(False)
    )
    marked = candidates.with_columns(
        is_other_thing=(kind == "other") & has_qualifier,
        is_unknown=(kind == "other") & (pl.col("degree") == 0) & ~has_qualifier,
        is_namesake=(has_qualifier & (kind.is_in(["film", "series", "other"])) & ~_says(_FRANCHISE))
        & pl.col("year").is_null(),
    )
    return marked.with_columns(
        is_one_word=~pl.col("key").str.contains(" ", literal=True),
        is_plain=~pl.col("is_namesake").any().over("loose"),
    ).drop("is_namesake")


def _newest_year(items: pl.DataFrame) -> int:
    years = items["year"].drop_nulls()
    if len(years) < _ENOUGH_DATED:
        return _LAST_YEAR
    newest = years.quantile(_NEWEST_SHARE, interpolation="higher")
    return _LAST_YEAR if newest is None else int(newest)


def _agreement_of_titles() -> list[pl.Expr]:
    ours, theirs = pl.col("key"), pl.col("key_candidate")
    our_words, their_words = ours.str.split(" ").list.unique(), theirs.str.split(" ").list.unique()
    shared = our_words.list.set_intersection(their_words).list.len()
    either = our_words.list.set_union(their_words).list.len()
    same_title = (ours == theirs).fill_null(False)
    in_latin = [pl.col(name).str.contains(r"\p{Latin}") for name in ("name", "called")]
    is_id = (pl.col("name") == pl.col("item_id")) | (pl.col("name") == pl.col("imdb_id"))
    brackets = [pl.col(name).str.contains(_ENDS_IN_BRACKET).fill_null(False) for name in ("name", "called")]
    our_numbers, their_numbers = _numbers("loose"), _numbers("loose_candidate")
    same_numbers = (our_numbers == their_numbers) | ((our_numbers == "") & (their_numbers == "1"))
    is_part = theirs.str.starts_with(ours + " ") | theirs.str.ends_with(" " + ours)
    is_similar = (our_words.list.len() == their_words.list.len()) & (shared >= _SIMILAR_WORDS * either)
    return [
        same_title.alias("same_title"),
        (pl.col("loose") == pl.col("loose_candidate")).fill_null(False).alias("loose_title"),
        (same_numbers & is_part).fill_null(False).alias("short_title"),
        (same_numbers & is_similar).fill_null(False).alias("similar_title"),
        ((brackets[0] | brackets[1]) & ~same_title).alias("in_bracket"),
        (is_id | (in_latin[0] != in_latin[1])).fill_null(False).alias("no_title_told"),
    ]


def _numbers(column: str) -> pl.Expr:
    return pl.col(column).str.extract_all(r"\d+").list.join(" ")
