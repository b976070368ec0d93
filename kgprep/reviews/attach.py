"""Which entity a review speaks of: by IMDb id, else by title and year, else by a title that only one work has.

Notable here:
- an id that the data set gave an item outweighs one from the graph;
- titles are compared under `title_key`, among works only, by all the names a work goes by;
- a title alone never overrules a year: a work whose year is known to differ is not taken;
- no title overrules an id: a review with an id of its own is not of a work that has another, whatever they are called;
- a title as it stands goes before the same without its qualifier ("Inception (2010)"), as titles may end in a bracket;
- a corpus that knows films by two titles, Chinese and English, is asked for the second where the first finds nothing.
"""

from __future__ import annotations

import polars as pl

from kgprep.counts import Count
from kgprep.kg.names import parse_label, qualifier_kind, title_key

METHODS = ("imdb_id", "title_year", "title")
WORK_KINDS = ("film", "series", "work")
_NAME_SOURCES = ("label", "redirect", "title")


def attach_reviews(
    reviews: pl.DataFrame, entities: pl.DataFrame, items: pl.DataFrame, aliases: pl.DataFrame
) -> tuple[pl.DataFrame, list[Count]]:
    """Add entity_id i32 and method str to the reviews whose entity is found; the others are left out and counted.

    Args:
        reviews: columns of `records.CLEAN`.
        entities: the table kg/entities.
        items: the table dialogues/items.
        aliases: the table kg/aliases.
    """
    names = _names(entities, items, aliases)
    ids = _by_imdb_id(entities, items)
    by_title_year, by_title = _by_title_year(names), _by_title(names)
    parsed = parse_label("film_title").struct
    # A film's soundtrack or game bears its title too.
    names_film = qualifier_kind(parsed.field("qualifier")).is_in(["film", "series"]).fill_null(True)
    without_qualifier = {
        "film_title": pl.when(names_film).then(parsed.field("title")).otherwise("film_title"),
        "film_year": pl.coalesce("film_year", parsed.field("year")),
    }
    other = {"film_title": pl.col("film_title_other")}
    identified = ids["by_imdb_id"].unique().implode()
    left, found = reviews.with_row_index("_row").with_columns(_of_another_id=False), []
    for reading in ({}, without_qualifier, other, without_qualifier):
        judged = _judged(left.with_columns(**reading), ids, by_title_year, by_title, identified)
        found.append(judged.filter(pl.col("entity_id").is_not_null()))
        left = judged.filter(pl.col("entity_id").is_null()).select(left.columns)
    attached = pl.concat(found).sort("_row").drop("_row", "_of_another_id")
    counts = [
        Count(f"reviews attached by {method}", attached.filter(pl.col("method") == method).height, reviews.height)
        for method in METHODS
    ]
    of_another_id = left.filter("_of_another_id").height
    if of_another_id:
        counts.append(Count("reviews left out, the work of their title has another IMDb id", of_another_id))
    counts.append(Count("reviews attached", attached.height, reviews.height))
    return attached, counts


def _judged(
    reviews: pl.DataFrame, ids: pl.DataFrame, by_title_year: pl.DataFrame, by_title: pl.DataFrame, identified: pl.Series
) -> pl.DataFrame:
    """Add entity_id and method, null where no entity is found, and mark those whose title is of one with another id."""
    fits = pl.any_horizontal(pl.col("film_year", "years").is_null(), pl.col("years").list.contains(pl.col("film_year")))
    titled = pl.coalesce("by_title_year", "by_title")
    # The id of a review that is not attached by it is no work's: every id that a work has is another.
    has_another_id = pl.all_horizontal(
        pl.col("by_imdb_id").is_null(), pl.col("imdb_id").is_not_null(), titled.is_in(identified).fill_null(False)
    )
    return (
        reviews.with_columns(title_key=title_key(pl.col("film_title")))
        .lazy()
        .join(ids.lazy(), on="imdb_id", how="left", maintain_order="left")
        .join(
            by_title_year.lazy(),
            left_on=("title_key", "film_year"),
            right_on=("title_key", "year"),
            how="left",
            maintain_order="left",
        )
        .join(by_title.lazy(), on="title_key", how="left", maintain_order="left")
        .with_columns(by_title=pl.when(fits).then("by_title"))
        .with_columns(has_another_id=has_another_id)
        .with_columns(pl.when(~pl.col("has_another_id")).then(pl.col("by_title_year", "by_title")))
        .select(
            *(pl.col(column) for column in reviews.columns if column != "_of_another_id"),
            pl.col("_of_another_id") | pl.col("has_another_id"),
            entity_id=pl.coalesce("by_imdb_id", "by_title_year", "by_title"),
            method=pl.coalesce(
                pl.when(pl.col(f"by_{method}").is_not_null()).then(pl.lit(method)) for method in METHODS
            ),
        )
        .collect()
    )


def _by_imdb_id(entities: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    pairs = pl.concat([items.select("imdb_id", "entity_id"), entities.select("imdb_id", "entity_id")])
    known = pairs.filter(pl.col("imdb_id").is_not_null()).unique("imdb_id", keep="first", maintain_order=True)
    return known.rename({"entity_id": "by_imdb_id"})


def _names(entities: pl.DataFrame, items: pl.DataFrame, aliases: pl.DataFrame) -> pl.DataFrame:
    """Return the names of works: title_key · year i16? · entity_id, no row twice."""
    works = entities.filter(pl.col("kind").cast(pl.String).is_in(WORK_KINDS) | pl.col("is_item"))
    other_names = aliases.filter(pl.col("source").cast(pl.String).is_in(_NAME_SOURCES)).select("alias", "entity_id")
    written = pl.concat([works.select(pl.col("label").alias("alias"), "entity_id"), other_names])
    parsed = (
        written.join(works.select("entity_id", "year"), on="entity_id")
        .with_columns(parsed=parse_label("alias"))
        .select(
            title_key(pl.col("parsed").struct.field("title")).alias("title_key"),
            pl.coalesce("year", pl.col("parsed").struct.field("year")).alias("year"),
            "entity_id",
        )
    )
    of_items = items.select(title_key(pl.col("name")).alias("title_key"), "year", "entity_id")
    return pl.concat([parsed, of_items]).filter(pl.col("title_key").str.len_chars() > 0).unique().sort(pl.all())


def _by_title_year(names: pl.DataFrame) -> pl.DataFrame:
    return (
        names.filter(pl.col("year").is_not_null())
        .group_by("title_key", "year")
        .agg(pl.col("entity_id").unique())
        .filter(pl.col("entity_id").list.len() == 1)
        .select("title_key", "year", pl.col("entity_id").list.first().alias("by_title_year"))
    )


def _by_title(names: pl.DataFrame) -> pl.DataFrame:
    """Return titles that one work alone has: title_key · by_title · years it is known for, null where none is."""
    years = pl.col("year").drop_nulls().unique()
    return (
        names.group_by("title_key")
        .agg(pl.col("entity_id").unique(), years.alias("years"))
        .filter(pl.col("entity_id").list.len() == 1)
        .select(
            "title_key",
            pl.col("entity_id").list.first().alias("by_title"),
            pl.when(pl.col("years").list.len() > 0).then("years").alias("years"),
        )
    )
