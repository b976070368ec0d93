"""Descriptions from outside the graph: a table of items with plots, attached to entities as reviews are."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from kgprep.artifacts import DescriptionSourceEnum
from kgprep.counts import Count
from kgprep.dialogues.items import COLUMNS_CALLED, clean_attributes
from kgprep.dialogues.values import plain_id
from kgprep.errors import KgprepError
from kgprep.kg.given import usual_spelling
from kgprep.kg.names import title_key
from kgprep.reviews.attach import attach_reviews
from kgprep.reviews.json_lines import in_any_case
from kgprep.reviews.records import Tally, clean_text, is_chinese
from kgprep.reviews.tables import columns_of, read_columns

_COLUMNS = {**COLUMNS_CALLED, "plot": (*COLUMNS_CALLED["plot"], "text")}


def read_descriptions(
    path: Path, entities: pl.DataFrame, items: pl.DataFrame, aliases: pl.DataFrame
) -> tuple[pl.DataFrame, list[Count], tuple[str, ...]]:
    """Read a table of item descriptions and find the entities they describe.

    An entity is found by IRI, else by the data set's own item id where the name agrees, else as a review's is.

    Args:
        path: CSV, TSV, JSON Lines or Parquet with plot, description or text, and one of iri, item_id, imdb_id, or name
            (or title) and year.
        entities: the table kg/entities.
        items: the table dialogues/items.
        aliases: the table kg/aliases.

    Returns:
        entity_id i32 · lang str · text str, one row an entity and language; what was kept of what; and the places of
        the first rows that were skipped.

    Raises:
        KgprepError: the file is missing, of another form, or describes no item of the bundle.
    """
    tally = Tally()
    present = columns_of(path)
    keys = in_any_case(_COLUMNS, present)
    nothing = pl.DataFrame(schema=dict.fromkeys(_COLUMNS, pl.String))
    cells = pl.concat([nothing, *read_columns(path, keys, tally)])
    plain = cells.with_columns(plain_id(pl.col("item_id")), clean_text(pl.col("plot")))
    rows = clean_attributes(plain).with_row_index("row")
    told = rows.filter(pl.col("plot").is_not_null())
    by_iri = pl.concat(
        told.with_columns(iri=spelt).join(entities.select("iri", "entity_id"), on="iri")
        for spelt in (told["iri"], usual_spelling(told["iri"]))
    ).unique("row", keep="first", maintain_order=True)
    by_item = _without(told, by_iri).join(
        items.select("item_id", "entity_id", key=title_key(pl.col("name"))), on="item_id"
    )
    agreeing = by_item.filter((title_key(pl.col("name")) == pl.col("key")).fill_null(True)).drop("key")
    rest = _without(_without(told, by_iri), agreeing).rename({"name": "film_title", "year": "film_year"})
    attached, _ = attach_reviews(rest.with_columns(film_title_other=pl.lit(None, pl.String)), entities, items, aliases)
    columns = ("row", "entity_id", "plot")
    found = pl.concat([by_iri.select(columns), agreeing.select(columns), attached.select(columns)])
    if found.is_empty():
        raise KgprepError(
            f"{path} describes no item of the bundle: give it plot, description or text, and iri, item_id, imdb_id or "
            f"name and year; its columns are {', '.join(present) or 'none'}"
        )
    text = pl.col("plot").str.replace_all(r"\s+", " ").str.strip_chars()
    described = (
        found.sort("row")
        .select("entity_id", lang=pl.when(is_chinese(text)).then(pl.lit("zh")).otherwise(pl.lit("en")), text=text)
        .unique(("entity_id", "lang"), keep="first", maintain_order=True)
        .sort("entity_id", "lang")
    )
    counts = [
        *tally.before,
        Count(f"descriptions in {path.name}", told.height, tally.read),
        Count(f"descriptions of {path.name} attached", found.height, told.height),
        Count(f"descriptions of {path.name}, the first of an entity and language", described.height, found.height),
    ]
    return described, counts, tuple(tally.notes)


def _without(rows: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    return rows.join(found, on="row", how="anti")


def with_descriptions(known: pl.DataFrame, added: pl.DataFrame) -> pl.DataFrame:
    """Put descriptions before those of the graph; words made of edges stay only where there is nothing else.

    Args:
        known: the table kg/descriptions.
        added: of `read_descriptions`, the preferred first.
    """
    plots = added.with_columns(source=pl.lit("plot", DescriptionSourceEnum))
    every = pl.concat([plots.select(known.columns), known]).unique(
        ("entity_id", "lang"), keep="first", maintain_order=True
    )
    is_made = pl.col("source").cast(pl.String) == "edges"
    told = every.filter(~is_made)
    return pl.concat([told, every.filter(is_made).join(told, on="entity_id", how="anti")]).sort("entity_id", "lang")
