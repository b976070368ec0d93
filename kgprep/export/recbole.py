"""The bundle as RecBole's atomic files: interactions, items, the graph, and which item is which entity.

Notable here:
- RecBole recommends to users: a dialogue is one, since the same person's dialogues are not joined;
- the time of an interaction is its turn, so that RecBole can order what a dialogue names;
- fields are separated by tabs and typed in the header; white space inside a value becomes one space.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from kgprep.artifacts import EDGES, ENTITIES, FEEDBACK, ITEMS, MENTIONS, RELATIONS, read_table
from kgprep.export.exported import Exported, ExportOptions
from kgprep.provenance import Count

NAME = "kgprep"
USAGE = """from recbole.quick_start import run_recbole

run_recbole(model="KGAT", dataset="kgprep", config_dict={"data_path": "PARENT OF THIS FOLDER"})"""


def write(workspace: Path, folder: Path, _options: ExportOptions) -> Exported:
    """Write kgprep.inter, kgprep.item, kgprep.kg and kgprep.link.

    Raises:
        KgprepError: the workspace lacks a table.
    """
    entities, relations, edges, mentions, items = (
        read_table(workspace, table) for table in (ENTITIES, RELATIONS, EDGES, MENTIONS, ITEMS)
    )
    films = entities.filter("is_item").select("entity_id", "label", "year")
    interactions = _interactions(workspace, mentions, films, items)
    forward = relations.filter(pl.col("inverse_of").is_null()).select(relation="relation_id", relation_iri="iri")
    kept = edges.join(forward, on="relation")
    head, tail = (
        entities.select(pl.col("entity_id").alias(end), pl.col("iri").alias(f"{end}_iri")) for end in ("head", "tail")
    )
    graph = kept.join(head, on="head").join(tail, on="tail").sort("head", "relation", "tail")
    links = entities.filter("is_item").select("entity_id", "iri")
    _write(interactions, folder / f"{NAME}.inter", ("user_id:token", "item_id:token", "liked:float", "timestamp:float"))
    _write(films, folder / f"{NAME}.item", ("item_id:token", "title:token_seq", "year:float"))
    _write(
        graph.select("head_iri", "relation_iri", "tail_iri"),
        folder / f"{NAME}.kg",
        ("head_id:token", "relation_id:token", "tail_id:token"),
    )
    _write(links, folder / f"{NAME}.link", ("item_id:token", "entity_id:token"))
    counts = (
        Count("interactions", interactions.height),
        Count("dialogues with one", interactions["dialogue_id"].n_unique()),
        Count("items", films.height),
        Count("forward edges", kept.height, edges.height),
    )
    lost = (
        f"{edges.height - kept.height:,} inverse edges",
        "what is said, words and links of dialogues but the data set's own items, splits and roles",
        "aliases, descriptions, reviews, sentences and triples",
        "dislikes keep their item with liked 0; an item whose liking is not known has no value",
    )
    return Exported(counts, lost, USAGE)


def _interactions(workspace: Path, mentions: pl.DataFrame, films: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Return dialogue_id, entity_id, liked (1 or 0; null: not said) and the first turn that names the item."""
    named = (
        mentions.filter(pl.col("method").cast(pl.String) == "gold")
        .join(films, on="entity_id", how="semi")
        .group_by("dialogue_id", "entity_id")
        .agg(pl.col("turn").min())
    )
    liked = pl.DataFrame(schema={"dialogue_id": pl.String, "entity_id": pl.Int32, "liked": pl.Int8})
    if FEEDBACK.path(workspace).exists():
        known = read_table(workspace, FEEDBACK).join(items.select("item_id", "entity_id"), on="item_id")
        liked = known.group_by("dialogue_id", "entity_id").agg(pl.col("liked").filter(pl.col("liked") < 2).max())
    return (
        named.join(liked, on=("dialogue_id", "entity_id"), how="left")
        .select("dialogue_id", "entity_id", "liked", "turn")
        .sort("dialogue_id", "turn", "entity_id")
    )


def _write(frame: pl.DataFrame, path: Path, header: tuple[str, ...]) -> None:
    tidy = frame.with_columns(pl.col(pl.String).str.replace_all(r"\s+", " ").str.strip_chars())
    tidy.rename(dict(zip(frame.columns, header, strict=True))).write_csv(path, separator="\t", quote_style="never")
