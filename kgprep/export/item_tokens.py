"""Items as ReDial writes them in texts: an at sign and a number.

Notable here:
- an item's number is its id in the data set where that is a number, as ReDial's are; other items get the numbers above,
  and so do those whose number another item has ("007" beside "7");
- the data set's own mentions of items become such tokens wherever they are titles, so that code which looks for tokens
  finds the items of any data set.
"""

from __future__ import annotations

import polars as pl

from kgprep.counts import Count
from kgprep.kg.names import parse_label

_UTTERANCE = ("dialogue_id", "turn")
_WRITTEN = pl.col("word").str.extract(r"^@([0-9]{1,15})$").cast(pl.Int64)
"""The number of a mention that is a token."""
ITEM_NUMBER = pl.col("item_id").str.extract(r"^([0-9]{1,15})$").cast(pl.Int64)
"""The number that an item's id is, null where it is none."""


def item_names(items: pl.DataFrame, entities: pl.DataFrame) -> pl.DataFrame:
    """Return entity_id, name and year of the items: as the data set names them, else by the label without a qualifier.

    Args:
        items: the bundle's items; of several with one entity, the first names it.
        entities: the bundle's entities.
    """
    named = items.unique("entity_id", keep="first", maintain_order=True)
    return (
        entities.filter("is_item")
        .join(named.select("entity_id", "name", item_year="year"), on="entity_id", how="left", maintain_order="left")
        .select(
            "entity_id",
            name=pl.coalesce("name", parse_label("label").struct.field("title")),
            year=pl.coalesce("item_year", "year"),
        )
    )


def numbered_items(items: pl.DataFrame, entities: pl.DataFrame, mentions: pl.DataFrame) -> pl.DataFrame:
    """Return number i64, entity_id and title, with its year; several numbers may share an entity.

    Args:
        items: the bundle's items.
        entities: the bundle's entities.
        mentions: the bundle's mentions; one written as a token gives its item that number.
    """
    # The item whose id is written as the number is comes before others that are equal to it.
    own = items.sort(pl.col("item_id") != ITEM_NUMBER.cast(pl.String), maintain_order=True).select(
        "entity_id", number=ITEM_NUMBER, title=_title()
    )
    are_items = item_names(items, entities).select("entity_id", title=_title())
    written = gold_items(mentions, entities).select("entity_id", number=_WRITTEN).join(are_items, on="entity_id")
    known = (
        pl.concat([own, written], how="diagonal")
        .drop_nulls("number")
        .unique("number", keep="first", maintain_order=True)
    )
    first = pl.max_horizontal(pl.lit(0, pl.Int64), pl.lit(known["number"].max(), pl.Int64).fill_null(0)) + 1
    rest = are_items.join(known, on="entity_id", how="anti").with_columns(number=first + pl.col("entity_id"))
    return pl.concat([known, rest], how="diagonal").sort("number").select("number", "entity_id", "title")


def _title() -> pl.Expr:
    year = pl.lit(" (") + pl.col("year").cast(pl.String) + pl.lit(")")
    return pl.col("name") + year.fill_null("")


def gold_items(mentions: pl.DataFrame, entities: pl.DataFrame) -> pl.DataFrame:
    """Return the data set's own mentions of items, without those that the linker found."""
    return mentions.filter(pl.col("method") == "gold").join(entities.filter("is_item"), on="entity_id", how="semi")


def item_mentions(mentions: pl.DataFrame, entities: pl.DataFrame, numbered: pl.DataFrame) -> pl.DataFrame:
    """Return the data set's own mentions of items with the `number` of each: of its item's, the one in the text, else
    the smallest.
    """
    smallest = numbered.group_by("entity_id").agg(smallest=pl.col("number").min())
    own = numbered.select("entity_id", written="number", number="number")
    return (
        gold_items(mentions, entities)
        .with_columns(written=_WRITTEN, is_token=_WRITTEN.is_not_null())
        .join(own, on=["entity_id", "written"], how="left", maintain_order="left")
        .join(smallest, on="entity_id", how="left", maintain_order="left")
        .with_columns(number=pl.coalesce("number", "smallest"))
        .drop("smallest", "written")
    )


def with_item_tokens(utterances: pl.DataFrame, named: pl.DataFrame) -> tuple[pl.DataFrame, tuple[Count, ...]]:
    """Return the utterances with tokens where the data set names items otherwise, and a count of these.

    Args:
        utterances: the bundle's.
        named: as `item_mentions` returns them.
    """
    token = pl.lit(" @") + pl.col("number").cast(pl.String) + pl.lit(" ")
    titles = named.filter(~pl.col("is_token") | (pl.col("number") != _WRITTEN)).with_columns(put=token)
    return _replaced(utterances, titles, "titles replaced by item tokens")


def with_item_titles(utterances: pl.DataFrame, named: pl.DataFrame) -> tuple[pl.DataFrame, tuple[Count, ...]]:
    """Return the utterances with titles where the data set names items by tokens, and a count of these.

    Args:
        utterances: the bundle's.
        named: as `item_mentions` returns them, with `title`.
    """
    return _replaced(utterances, named.filter("is_token").with_columns(put="title"), "item tokens replaced by titles")


def _replaced(utterances: pl.DataFrame, spans: pl.DataFrame, what: str) -> tuple[pl.DataFrame, tuple[Count, ...]]:
    """Return the utterances with `put` in the place of each span; of spans over each other, the first and longest."""
    if spans.is_empty():
        return utterances, ()
    before = pl.col("end").cum_max().shift(1).over(_UTTERANCE).fill_null(0)
    placed = (
        spans.sort(*_UTTERANCE, "start", "end", descending=[False, False, False, True])
        .with_columns(before=before)
        .filter(pl.col("start") >= pl.col("before"))
        .with_columns(before=before)
        .join(utterances.select(*_UTTERANCE, "text"), on=_UTTERANCE, how="left", maintain_order="left")
    )
    piece = pl.col("text").str.slice(pl.col("before"), pl.col("start") - pl.col("before")) + pl.col("put")
    replaced = placed.group_by(_UTTERANCE, maintain_order=True).agg(
        head=piece.str.join(""), rest=pl.col("text").last().str.slice(pl.col("end").max())
    )
    changed = (
        utterances.join(replaced, on=_UTTERANCE, how="left", maintain_order="left")
        .with_columns(text=pl.coalesce(pl.col("head") + pl.col("rest"), "text"))
        .select(utterances.columns)
    )
    return changed, (Count(what, placed.height, spans.height),)
