"""The bundle as RecBole's atomic files: interactions, items, the graph, and which item is which entity.

Notable here:
- RecBole recommends to users: a dialogue is one, since the same person's dialogues are not joined;
- the time of an interaction is its turn, so that RecBole can order what a dialogue names;
- an item without an edge gets one to itself, because RecBole drops the items that its graph does not know;
- the files lie in a folder with the name of the data set, where RecBole looks for them;
- fields are separated by tabs and typed in the header; white space inside a value becomes one space, and a value with
  a quotation mark is quoted as in CSV, since RecBole reads these marks so.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from kgprep.artifacts import (
    EDGES,
    ENTITIES,
    FEEDBACK,
    ITEMS,
    MENTIONS,
    RELATIONS,
    SPLITS,
    UTTERANCES,
    read_table,
)
from kgprep.counts import Count
from kgprep.export.exported import Exported, ExportOptions
from kgprep.export.item_tokens import item_names

NAME = "kgprep"
SELF_LOOP = "urn:kgprep:self_loop"
USAGE = """from recbole.quick_start import run_recbole

# RecBole splits by itself; with "benchmark_filename": ["train", "valid", "test"] it takes the bundle's dialogues.
run_recbole(model="CFKG", dataset="kgprep", config_dict={"data_path": "."})"""


def write(workspace: Path, folder: Path, _options: ExportOptions) -> Exported:
    """Write kgprep/kgprep.inter, .item, .kg and .link, and the interactions again a file a split.

    Raises:
        KgprepError: the workspace lacks a table.
    """
    entities, relations, edges, mentions, items, utterances = (
        read_table(workspace, table) for table in (ENTITIES, RELATIONS, EDGES, MENTIONS, ITEMS, UTTERANCES)
    )
    films = item_names(items, entities)
    interactions = _interactions(workspace, mentions, films, items)
    graph, loops = _graph(entities, relations, edges)
    links = entities.filter("is_item").select("entity_id", "iri")
    place = folder / NAME
    place.mkdir()
    header = ("user_id:token", "item_id:token", "liked:float", "timestamp:float")
    _write(interactions, place / f"{NAME}.inter", header)
    split_of = utterances.select("dialogue_id", pl.col("split").cast(pl.String)).unique("dialogue_id")
    counts = [Count("interactions", interactions.height)]
    for split in SPLITS:
        part = interactions.join(split_of.filter(split=split), on="dialogue_id", how="semi", maintain_order="left")
        _write(part, place / f"{NAME}.{split}.inter", header)
        counts.append(Count(f"interactions of the split {split}", part.height, interactions.height))
    _write(films, place / f"{NAME}.item", ("item_id:token", "title:token_seq", "year:float"))
    _write(graph, place / f"{NAME}.kg", ("head_id:token", "relation_id:token", "tail_id:token"))
    _write(links, place / f"{NAME}.link", ("item_id:token", "entity_id:token"))
    forward = graph.height - loops
    counts += [
        Count("interactions whose liking is known", interactions["liked"].count(), interactions.height),
        Count("dialogues with one", interactions["dialogue_id"].n_unique()),
        Count("items", films.height),
        Count("forward edges", forward, edges.height),
        Count("items without an edge, given one to themselves", loops, films.height),
    ]
    lost = (
        f"{edges.height - forward:,} inverse edges",
        "what is said, roles, words, and links of dialogues but the data set's own items",
        "aliases, descriptions, reviews, sentences and triples",
        "whether an item was liked where that is not known: RecBole reads the empty value as the mean of the others",
        "no user of the split for training is one of the other splits, since a user is a dialogue",
    )
    return Exported(tuple(counts), lost, USAGE)


def _graph(entities: pl.DataFrame, relations: pl.DataFrame, edges: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Return the forward edges by IRI, then loops at items without one, and the number of these."""
    forward = relations.filter(pl.col("inverse_of").is_null()).select(relation="relation_id", relation_iri="iri")
    kept = edges.join(forward, on="relation")
    head, tail = (
        entities.select(pl.col("entity_id").alias(end), pl.col("iri").alias(f"{end}_iri")) for end in ("head", "tail")
    )
    named = kept.join(head, on="head").join(tail, on="tail").sort("head", "relation", "tail")
    joined = pl.concat([kept["head"], kept["tail"]]).unique()
    alone = entities.filter(pl.col("is_item") & ~pl.col("entity_id").is_in(joined.implode()))
    loops = alone.select(head_iri="iri", relation_iri=pl.lit(SELF_LOOP), tail_iri="iri")
    return pl.concat([named.select("head_iri", "relation_iri", "tail_iri"), loops]), loops.height


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
    tidy.rename(dict(zip(frame.columns, header, strict=True))).write_csv(path, separator="\t")
