"""Which entity each item of a data set is: a pure function of the items and the entities that they may be.

Notable here:
- every pair of item and candidate gets a method and a score by the rows of `_RULES`, and each item keeps its best pair;
- a year that disagrees by more than one excludes a candidate, whatever else speaks for it;
- a series, game, album, book or song is never taken for a film: a series only stands for an item that has its very
  year, or for one without a year that no film is called by, a miniseries or serial also for one of unknown year;
- an item that has an entity's very year or, with its title, its IMDb id, owns it: items of other years lose that
  entity, and so do items of other titles to which a noisy IMDb id led;
- of two spellings of one film, the entity with edges is preferred to the bare one.
"""

from __future__ import annotations

import polars as pl

from kgprep.kg.names import loose_key, title_key

RESOLUTION_SCHEMA = pl.Schema({"item_id": pl.String, "iri": pl.String, "method": pl.String, "score": pl.Float32})

_FILM_LIKE = ("film", "other")
_SAME_YEAR = pl.col("year_gap") == 0
_NEXT_YEAR = pl.col("year_gap") == 1
_NO_YEARS = pl.col("year_gap").is_null()
_IS_FILM = pl.col("kind").is_in(_FILM_LIKE) & ~pl.col("is_other_thing")
_IS_SERIES = pl.col("kind") == "series"
_SAME_TITLE = pl.col("same_title")
_LOOSE_TITLE = pl.col("loose_title")
_SAME_IMDB = pl.col("same_imdb")
_OTHER_IMDB = pl.col("same_imdb").eq(False).fill_null(False)
_ITEM_YEAR = pl.col("year").is_not_null()
_BY_LABEL = pl.col("via") != "redirect"
_IMDB_AGREES = _SAME_IMDB.fill_null(False)

_RULES: tuple[tuple[str, float, pl.Expr], ...] = (
    ("imdb_id", 1.0, _SAME_IMDB & _IS_FILM & _LOOSE_TITLE & (_SAME_YEAR | _NO_YEARS)),
    ("title_year", 0.98, _SAME_YEAR & _SAME_TITLE & _IS_FILM & _BY_LABEL),
    ("title_year", 0.9, _SAME_YEAR & _LOOSE_TITLE & _IS_FILM & _BY_LABEL),
    ("imdb_id", 0.9, _SAME_IMDB & _LOOSE_TITLE & _NEXT_YEAR & _IS_FILM),
    ("title_year", 0.8, _NEXT_YEAR & _SAME_TITLE & _IS_FILM & _BY_LABEL & ~_OTHER_IMDB),
    ("redirect", 0.85, _SAME_YEAR & _LOOSE_TITLE & _IS_FILM),
    ("redirect", 0.7, _SAME_TITLE & _IS_FILM & ~_BY_LABEL & _NO_YEARS & ~(_OTHER_IMDB & _ITEM_YEAR)),
    ("title", 0.75, _SAME_TITLE & _IS_FILM & _BY_LABEL & _NO_YEARS & ~(_OTHER_IMDB & _ITEM_YEAR)),
    ("imdb_id", 0.7, _SAME_IMDB & _IS_FILM & (_SAME_YEAR | _NO_YEARS) & pl.col("same_numbers")),
    ("title_year", 0.6, _SAME_YEAR & _SAME_TITLE & _IS_SERIES & ~pl.col("is_franchise")),
    ("title", 0.5, _LOOSE_TITLE & _IS_FILM & _NO_YEARS & ~_ITEM_YEAR),
    ("title", 0.4, _SAME_TITLE & _IS_SERIES & _BY_LABEL & ~_ITEM_YEAR),
    ("title", 0.4, _SAME_TITLE & _BY_LABEL & _NO_YEARS & pl.col("is_told_at_once")),
)  # fmt: skip
"""Method, score and condition of a link, from the surest to the least sure."""

_AMBIGUOUS = 0.6
"""What a title's score is multiplied by where several films, or items of several years, share it undecided."""


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
    pairs = _without_lost_claims(_scored(_pairs(open_items, candidates)))
    chosen = pl.concat([gold, _best(pairs).select(gold.columns)])
    return (
        items.select("item_id")
        .join(chosen, on="item_id", how="left", maintain_order="left")
        .with_columns(pl.col("method").fill_null("isolated"), pl.col("score").fill_null(0.0))
        .cast(RESOLUTION_SCHEMA)
    )


def _pairs(items: pl.DataFrame, candidates: pl.DataFrame) -> pl.DataFrame:
    """Pair each item with the candidates that share its IMDb id or its title, and say what agrees."""
    wanted = items.select(
        "item_id", "name", "year", "imdb_id", key=title_key(pl.col("name")), loose=loose_key(pl.col("name"))
    )
    known = candidates.with_columns(key=title_key(pl.col("called")), loose=loose_key(pl.col("called")))
    by_title = wanted.join(known, on="loose", suffix="_candidate", coalesce=False)
    by_imdb = wanted.join(known, on="imdb_id", suffix="_candidate", coalesce=False)
    pairs = pl.concat([by_title, by_imdb], how="diagonal").unique()
    return pairs.with_columns(
        year_gap=(pl.col("year") - pl.col("year_candidate")).abs(),
        same_title=(pl.col("key") == pl.col("key_candidate")).fill_null(False),
        loose_title=(pl.col("loose") == pl.col("loose_candidate")).fill_null(False),
        same_imdb=pl.col("imdb_id") == pl.col("imdb_id_candidate"),
        same_numbers=_numbers("name").eq(_numbers("called")).fill_null(True),
        is_told_at_once=pl.col("qualifier").str.contains(r"mini-?series|serial$").fill_null(False),
        is_franchise=pl.col("qualifier").str.contains("film series|franchise").fill_null(False),
        is_other_thing=(pl.col("kind") == "other") & pl.col("qualifier").is_not_null()
        & ~pl.col("qualifier").str.contains(r"^\d{4}$").fill_null(False),
    )  # fmt: skip


def _numbers(column: str) -> pl.Expr:
    return pl.col(column).str.extract_all(r"\d+").list.join(" ")


def _scored(pairs: pl.DataFrame) -> pl.DataFrame:
    """Give each pair the first rule that holds; pairs under no rule fall away."""
    rule = pl.coalesce(
        pl.when(condition.fill_null(False)).then(pl.lit(number)) for number, (_, _, condition) in enumerate(_RULES)
    )
    rules = pl.DataFrame(
        {
            "rule": range(len(_RULES)),
            "method": [method for method, _, _ in _RULES],
            "base": [score for _, score, _ in _RULES],
        },
        schema={"rule": pl.Int32, "method": pl.String, "base": pl.Float64},
    )
    return pairs.with_columns(rule.cast(pl.Int32).alias("rule")).join(rules, on="rule")


def _without_lost_claims(pairs: pl.DataFrame) -> pl.DataFrame:
    """Take entities away from items that share neither year nor title with the item that owns them."""
    owns = ((_SAME_YEAR & _ITEM_YEAR) | _IMDB_AGREES) & _LOOSE_TITLE
    owners = pairs.filter(owns).group_by("iri").agg(pl.col("year").drop_nulls().unique().alias("owner_years"))
    years = pl.col("owner_years")
    other_year = _ITEM_YEAR & (years.list.len() > 0) & ~years.list.contains(pl.col("year")) & ~_IMDB_AGREES
    lost = pl.col("is_owned") & (~_LOOSE_TITLE | other_year)
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
    """Replace a bare entity by one of the same title with edges, unless a year, id or other item tells them apart."""
    other_claim = (pl.col("first_year") < pl.col("year") - 1) | (pl.col("last_year") > pl.col("year") + 1)
    unknown_year = _NO_YEARS & ~other_claim.fill_null(False)
    spellings = (
        ordered.filter(_IS_FILM & _SAME_TITLE & _BY_LABEL & (pl.col("degree") > 0) & ~_OTHER_IMDB)
        .filter(_SAME_YEAR | unknown_year)
        .unique("item_id", keep="first", maintain_order=True)
        .select("item_id", "key_candidate", edged="iri")
    )
    is_bare = (pl.col("degree") == 0) & _IS_FILM
    return best.join(spellings, on=["item_id", "key_candidate"], how="left", maintain_order="left").with_columns(
        pl.when(is_bare).then(pl.coalesce("edged", "iri")).otherwise("iri").alias("iri")
    )
