"""Which entity each item of a data set is: a pure function of the items and the entities that they may be.

Notable here:
- every pair of item and candidate gets the method and the score of the first of the `RULES` that holds for it, and
  each item keeps its best pair;
- a year that disagrees by more than one excludes a candidate, whatever else speaks for it;
- a game, album, book or song is never taken for a film, a series hardly ever: for an item that has its very year, or,
  if no film is called so, a film series for an item without a year and a miniseries or serial also for one with;
- an item with a film's title, and its year or its IMDb id, owns the film: items of other titles lose it, though a noisy
  IMDb id led them there, and so do items of other years without its IMDb id;
- of two spellings of one film, the entity with edges is preferred to the bare one.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from kgprep.kg.agreement import pair_up

RESOLUTION_SCHEMA = pl.Schema({"item_id": pl.String, "iri": pl.String, "method": pl.String, "score": pl.Float32})

_SAME_YEAR = pl.col("year_gap") == 0
_NEXT_YEAR = pl.col("year_gap") == 1
_NO_YEARS = pl.col("year_gap").is_null()
_ITEM_YEAR = pl.col("year").is_not_null()
_SAME_TITLE = pl.col("same_title")
_LOOSE_TITLE = pl.col("loose_title")
_BY_LABEL = pl.col("via") != "redirect"
_SAME_IMDB = pl.col("same_imdb").fill_null(False)
_OTHER_IMDB = pl.col("same_imdb").eq(False).fill_null(False)
_IS_UNKNOWN = pl.col("is_unknown")
_IS_UNSEEN = pl.col("is_unseen").fill_null(False)
_MAY_BE_FILM = pl.col("kind").is_in(["film", "other"]) & ~pl.col("is_other_thing")
_IS_FILM = _MAY_BE_FILM & ~_IS_UNKNOWN & ~_IS_UNSEEN
_IS_PLAIN_PAGE = _IS_UNKNOWN & pl.col("is_plain") & ~(pl.col("is_dated") & pl.col("is_one_word"))
_IS_SERIES = pl.col("kind") == "series"
_NO_TITLE_TOLD = pl.col("no_title_told")
_KIN_TITLE = _LOOSE_TITLE | pl.col("short_title") | pl.col("similar_title")
_NOT_ANOTHER = ~(_OTHER_IMDB & _ITEM_YEAR)


@dataclass(frozen=True)
class Rule:
    """A method and score of a link, and when they hold."""

    method: str
    score: float
    says: str
    condition: pl.Expr


RULES: tuple[Rule, ...] = (
    Rule("imdb_id", 1.0, "IMDb id, title and year agree", _SAME_IMDB & _SAME_TITLE & _SAME_YEAR & _MAY_BE_FILM),
    Rule("title_year", 0.98, "title and year agree", _SAME_TITLE & _SAME_YEAR & _IS_FILM & _BY_LABEL),
    Rule(
        "imdb_id",
        0.97,
        "IMDb id and title agree, the entity's year is missing",
        _SAME_IMDB & _SAME_TITLE & pl.col("is_dated") & _NO_YEARS & _MAY_BE_FILM & ~_IS_UNSEEN,
    ),
    Rule(
        "imdb_id",
        0.95,
        "IMDb id and, read loosely, title agree; no year contradicts",
        _SAME_IMDB & _LOOSE_TITLE & (_SAME_YEAR | _NO_YEARS) & _MAY_BE_FILM & ~_IS_UNSEEN,
    ),
    Rule("title_year", 0.9, "year and, read loosely, title agree", _LOOSE_TITLE & _SAME_YEAR & _IS_FILM & _BY_LABEL),
    Rule(
        "imdb_id",
        0.9,
        "IMDb id and title agree, years differ by one",
        _SAME_IMDB & _LOOSE_TITLE & _NEXT_YEAR & _IS_FILM,
    ),
    Rule(
        "imdb_id",
        0.88,
        "IMDb id agrees; the item's title is the beginning or end of the entity's, or shares most words",
        _SAME_IMDB & _IS_FILM & _KIN_TITLE & (_SAME_YEAR | _NO_YEARS),
    ),
    Rule(
        "imdb_id",
        0.87,
        "IMDb id agrees; the item has no title, or one in another script; years differ by one at most",
        _SAME_IMDB & _IS_FILM & _NO_TITLE_TOLD & (_SAME_YEAR | _NEXT_YEAR | _NO_YEARS),
    ),
    Rule("redirect", 0.85, "year and a redirect's title agree", _LOOSE_TITLE & _SAME_YEAR & _IS_FILM),
    Rule(
        "title_year",
        0.8,
        "title agrees, years differ by one, no other IMDb id",
        _SAME_TITLE & _NEXT_YEAR & _IS_FILM & _BY_LABEL & ~_OTHER_IMDB,
    ),
    Rule(
        "title", 0.75, "title agrees, a year is missing", _SAME_TITLE & _NO_YEARS & _IS_FILM & _BY_LABEL & _NOT_ANOTHER
    ),
    Rule(
        "redirect",
        0.7,
        "a redirect's title agrees, a year is missing",
        _SAME_TITLE & _NO_YEARS & _IS_FILM & ~_BY_LABEL & _NOT_ANOTHER,
    ),
    Rule(
        "imdb_id",
        0.65,
        "IMDb id and title agree with a film announced only, or newer than the data set",
        _SAME_IMDB & _LOOSE_TITLE & _NO_YEARS & _MAY_BE_FILM,
    ),
    Rule(
        "title_year",
        0.6,
        "title and year agree with a series that is no film series",
        _SAME_TITLE & _SAME_YEAR & _IS_SERIES & ~pl.col("is_franchise"),
    ),
    Rule(
        "title",
        0.55,
        "title agrees but for a bracket at its end, the entity's year is missing",
        _LOOSE_TITLE & pl.col("in_bracket") & _NO_YEARS & _IS_FILM & _BY_LABEL & _NOT_ANOTHER,
    ),
    Rule(
        "title",
        0.5,
        "title, read loosely, agrees; the item has no year",
        _LOOSE_TITLE & _NO_YEARS & _IS_FILM & ~pl.col("is_dated"),
    ),
    Rule(
        "title",
        0.45,
        "title agrees with a page of which nothing else is known; a dated item's has several words",
        _SAME_TITLE & _NO_YEARS & _IS_PLAIN_PAGE & _BY_LABEL,
    ),
    Rule(
        "redirect",
        0.42,
        "a redirect's title agrees with such a page",
        _SAME_TITLE & _NO_YEARS & _IS_PLAIN_PAGE & ~_BY_LABEL,
    ),
    Rule(
        "title",
        0.4,
        "title agrees with a miniseries or serial, a year is missing",
        _SAME_TITLE & _NO_YEARS & _IS_SERIES & _BY_LABEL & pl.col("is_told_at_once"),
    ),
    Rule(
        "title",
        0.3,
        "title agrees with a film series or a series without qualifier, the item has no year",
        _SAME_TITLE & _IS_SERIES & _BY_LABEL & ~_ITEM_YEAR & (pl.col("is_franchise") | pl.col("qualifier").is_null()),
    ),
)
"""How an entity is recognised, from the surest to the least sure."""

_AMBIGUOUS = 0.6
"""What a score is multiplied by where films, or items of several years, share a title or year undecided."""


def resolve_items(items: pl.DataFrame, candidates: pl.DataFrame) -> pl.DataFrame:
    """Choose the entity of each item.

    Args:
        items: item_id, name (without year), year?, imdb_id?, iri?.
        candidates: `kgprep.kg.candidates.CANDIDATE_SCHEMA`.

    Returns:
        One row an item in the order of `items`, `RESOLUTION_SCHEMA`; an item that nothing fits has iri null, method
        ``isolated`` and score 0.
    """
    gold = items.drop_nulls("iri").select("item_id", "iri", method=pl.lit("gold"), score=pl.lit(1.0))
    open_items = items.join(gold, on="item_id", how="anti")
    pairs = _without_lost_claims(_scored(pair_up(open_items, candidates)))
    chosen = pl.concat([gold, _best(pairs).select(gold.columns)])
    return (
        items.select("item_id")
        .join(chosen, on="item_id", how="left", maintain_order="left")
        .with_columns(pl.col("method").fill_null("isolated"), pl.col("score").fill_null(0.0))
        .cast(RESOLUTION_SCHEMA)
    )


def _scored(pairs: pl.DataFrame) -> pl.DataFrame:
    """Give each pair the first rule that holds; pairs under no rule fall away."""
    rule = pl.coalesce(
        pl.when(rule.condition.fill_null(False)).then(pl.lit(number)) for number, rule in enumerate(RULES)
    )
    rules = pl.DataFrame(
        {
            "rule": range(len(RULES)),
            "method": [rule.method for rule in RULES],
            "base": [rule.score for rule in RULES],
        },
        schema={"rule": pl.Int32, "method": pl.String, "base": pl.Float64},
    )
    return pairs.with_columns(rule.cast(pl.Int32).alias("rule")).join(rules, on="rule")


def _without_lost_claims(pairs: pl.DataFrame) -> pl.DataFrame:
    """Take entities away from items that share neither year nor title with the item that owns them."""
    owns = ((_SAME_YEAR & _ITEM_YEAR) | _SAME_IMDB) & _LOOSE_TITLE
    owners = pairs.filter(owns).group_by("iri").agg(pl.col("year").drop_nulls().unique().alias("owner_years"))
    years = pl.col("owner_years").list
    near = [years.contains(pl.col("year") + gap) & _NO_YEARS for gap in (-1, 1)]
    has_owner_year = pl.any_horizontal(years.contains(pl.col("year")), *near)
    other_year = _ITEM_YEAR & (years.len() > 0) & ~has_owner_year & ~_SAME_IMDB
    lost = pl.col("is_owned") & (~(_KIN_TITLE | _NO_TITLE_TOLD) | other_year)
    return (
        pairs.join(owners.with_columns(is_owned=True), on="iri", how="left")
        .with_columns(pl.col("is_owned").fill_null(False))
        .filter(~lost.fill_null(False))
    )


def _best(pairs: pl.DataFrame) -> pl.DataFrame:
    """Keep each item's best pair: the surest rule, then edges, then an entity that another item owns, then the IRI."""
    ordered = pairs.sort(
        "item_id",
        "rule",
        pl.col("degree") == 0,
        pl.col("kind") != "film",
        ~pl.col("is_owned"),
        -pl.col("degree").cast(pl.Int64),
        "iri",
    )
    best = ordered.unique("item_id", keep="first", maintain_order=True)
    claims = best.group_by("iri").agg(first_year=pl.col("year").min(), last_year=pl.col("year").max())
    rivals = ordered.filter(pl.col("degree") > 0).group_by("item_id", "rule").agg(rivals=pl.col("iri").n_unique())
    is_disputed = _ITEM_YEAR & (pl.col("last_year") - pl.col("first_year") > 1)
    is_ambiguous = (pl.col("method") == "title") & (is_disputed | (pl.col("rivals") > 1)).fill_null(False)
    scored = (
        best.join(rivals, on=["item_id", "rule"], how="left", maintain_order="left")
        .join(claims, on="iri", how="left", maintain_order="left")
        .with_columns(score=pl.when(is_ambiguous).then(pl.col("base") * _AMBIGUOUS).otherwise("base"))
    )
    return _with_edges(scored, ordered.join(claims, on="iri", how="left", maintain_order="left"))


def _with_edges(best: pl.DataFrame, ordered: pl.DataFrame) -> pl.DataFrame:
    """Replace a bare entity by another spelling of it with edges: one with its IMDb id, else one with its title.

    A year, an id or another item may tell those of one title apart. Where both have the year but different qualifiers,
    such as two countries, the choice is a guess and scored as such.
    """
    edged = ordered.filter(_IS_FILM & _LOOSE_TITLE & _BY_LABEL & (pl.col("degree") > 0))
    other_claim = (pl.col("first_year") < pl.col("year") - 1) | (pl.col("last_year") > pl.col("year") + 1)
    unknown_year = _NO_YEARS & ~other_claim.fill_null(False)
    by_id = edged.filter(_SAME_IMDB & (_SAME_YEAR | _NO_YEARS))
    by_title = edged.filter(~_OTHER_IMDB & (_SAME_YEAR | unknown_year))
    spellings = (
        pl.concat([by_id, by_title])
        .unique(["item_id", "key_candidate"], keep="first", maintain_order=True)
        .select("item_id", "key_candidate", edged="iri", edged_year="year_candidate", edged_imdb="same_imdb")
    )
    is_replaced = (pl.col("degree") == 0) & _MAY_BE_FILM & pl.col("edged").is_not_null()
    is_guess = is_replaced & _SAME_YEAR & pl.col("edged_year").is_not_null() & ~pl.col("edged_imdb").fill_null(False)
    return best.join(spellings, on=["item_id", "key_candidate"], how="left", maintain_order="left").with_columns(
        pl.when(is_replaced).then("edged").otherwise("iri").alias("iri"),
        pl.when(is_guess).then(pl.col("score") * _AMBIGUOUS).otherwise("score").alias("score"),
    )
