"""The bundle as a data set of UniCRS, in the layout of its INSPIRED files, which any dialogues fit.

Notable here:
- a line is a dialogue, a list of turns that name their entities and movies; UniCRS's process.py makes samples of it;
- titles stand in the texts, where ReDial has its tokens, for UniCRS reads and masks titles;
- an IRI stands in angle brackets, as in its entity2id.json, and ids are ours;
- edges go forward only; each entity that has one and each item has a self-loop under a relation of that name.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from kgprep.artifacts import EDGES, ENTITIES, ITEMS, MENTIONS, RELATIONS, SPLITS, UTTERANCES, read_table
from kgprep.counts import Count
from kgprep.export.exported import Exported, ExportOptions
from kgprep.export.files import write_json
from kgprep.export.item_tokens import item_mentions, numbered_items, with_item_titles

SELF_LOOP = "self_loop"
USAGE = """import json

turns = [json.loads(line) for line in open("train_data_dbpedia.jsonl", encoding="utf-8")]
# or lay this folder beside process.py and process_mask.py in UniCRS's src/data/inspired, run these there, and train
# with --dataset inspired; they put the items that dialogues name into item_ids.json, where all items stand now"""
_SPAN = ["dialogue_id", "turn", "start", "end"]
_IRI = pl.concat_str(pl.lit("<"), "iri", pl.lit(">"))


def write(workspace: Path, folder: Path, _options: ExportOptions) -> Exported:
    """Write dialogues, entity2id.json, relation2id.json, dbpedia_subkg.json and item_ids.json.

    Raises:
        KgprepError: the workspace lacks a table.
    """
    entities, relations, edges, items, utterances, mentions = (
        read_table(workspace, table) for table in (ENTITIES, RELATIONS, EDGES, ITEMS, UTTERANCES, MENTIONS)
    )
    forward = relations.filter(pl.col("inverse_of").is_null()).select("relation_id", iri=_IRI)
    ids = forward.with_row_index("id").select("iri", "id", "relation_id")
    write_json(folder / "entity2id.json", dict(entities.select(_IRI, "entity_id").iter_rows()))
    write_json(folder / "relation2id.json", {**dict(ids.select("iri", "id").iter_rows()), SELF_LOOP: ids.height})
    write_json(folder / "item_ids.json", entities.filter("is_item")["entity_id"].to_list())
    graph = _graph(edges, ids, entities)
    write_json(folder / "dbpedia_subkg.json", dict(graph.iter_rows()))
    movies = _movies(items, entities, mentions)
    texts, replaced = with_item_titles(utterances, movies)
    turns = _turns(texts, mentions, movies, entities)
    dialogues = [_write_split(folder, turns, split) for split in SPLITS]
    kept = edges.join(ids, left_on="relation", right_on="relation_id", how="semi").height
    counts = (
        *(Count(f"{split} dialogues", count) for split, count in zip(SPLITS, dialogues, strict=True)),
        Count("utterances", turns.height),
        Count("mentions as movie", int(turns["movie_link"].list.len().sum()), mentions.height),
        Count("mentions as entity", int(turns["entity_link"].list.len().sum()), mentions.height),
        *replaced,
        Count("entities", entities.height),
        Count("forward edges", kept, edges.height),
    )
    lost = (
        f"offsets and scores of {mentions.height:,} mentions",
        f"{edges.height - kept:,} inverse edges",
        "dialogue and item ids, feedback, aliases, descriptions, reviews, sentences and triples",
        "labels, kinds, years and IMDb ids of entities but the titles of items",
    )
    return Exported(counts, lost, USAGE)


def _graph(edges: pl.DataFrame, ids: pl.DataFrame, entities: pl.DataFrame) -> pl.DataFrame:
    """Return head str and its [relation, tail] pairs, the self-loop first."""
    forward = edges.join(ids, left_on="relation", right_on="relation_id")
    own = forward.select("head", pair=pl.concat_list(pl.col("id").cast(pl.Int64), pl.col("tail").cast(pl.Int64)))
    nodes = pl.concat([forward["head"], forward["tail"], entities.filter("is_item")["entity_id"]]).unique()
    loops = nodes.to_frame("head").select(
        "head", pair=pl.concat_list(pl.lit(ids.height, pl.Int64), pl.col("head").cast(pl.Int64))
    )
    return (
        pl.concat([loops, own])
        .group_by("head", maintain_order=True)
        .agg("pair")
        .sort("head")
        .with_columns(pl.col("head").cast(pl.String))
    )


def _movies(items: pl.DataFrame, entities: pl.DataFrame, mentions: pl.DataFrame) -> pl.DataFrame:
    """Return the data set's own mentions of items, with their titles in one line."""
    numbered = numbered_items(items, entities, mentions)
    titles = numbered.select("number", title=pl.col("title").str.replace_all(r"\s+", " "))
    return item_mentions(mentions, entities, numbered).join(titles, on="number", how="left", maintain_order="left")


def _turns(
    utterances: pl.DataFrame, mentions: pl.DataFrame, movies: pl.DataFrame, entities: pl.DataFrame
) -> pl.DataFrame:
    """Return one row an utterance, in order: its text, role, and what it names as movies and other entities."""
    named = (
        mentions.join(movies.select(*_SPAN, "title", "is_token"), on=_SPAN, how="left")
        .join(entities.select("entity_id", iri=_IRI), on="entity_id", how="left")
        .with_columns(said=pl.when("is_token").then("title").otherwise("word"))
        .sort(_SPAN)
    )
    is_movie = pl.col("title").is_not_null()
    found = named.group_by("dialogue_id", "turn", maintain_order=True).agg(
        movie=pl.col("title").filter(is_movie),
        entity_link=pl.col("iri").filter(~is_movie),
        entity_name=pl.col("word").filter(~is_movie),
        movie_link=pl.col("iri").filter(is_movie),
        movie_name=pl.col("said").filter(is_movie),
    )
    lists = [name for name, kind in found.schema.items() if kind == pl.List(pl.String)]
    return (
        utterances.sort("dialogue_id", "turn")
        .join(found, on=["dialogue_id", "turn"], how="left", maintain_order="left")
        .with_columns(pl.col(lists).fill_null(pl.lit([], dtype=pl.List(pl.String))))
        .with_columns(role=pl.col("role").cast(pl.String).str.to_uppercase())
    )


def _write_split(folder: Path, turns: pl.DataFrame, split: str) -> int:
    fields = ("text", "role", "movie", "entity_link", "entity_name", "movie_link", "movie_name")
    chosen = turns.filter(pl.col("split").cast(pl.String) == split)
    # polars writes no list at the top of a line: each turn is written as JSON, and those of a dialogue are joined.
    lines = (
        chosen.select("dialogue_id", turn=pl.struct(fields).struct.json_encode())
        .group_by("dialogue_id", maintain_order=True)
        .agg(pl.col("turn").str.join(", "))["turn"]
    )
    text = "".join(f"[{line}]\n" for line in lines)
    (folder / f"{split}_data_dbpedia.jsonl").write_text(text, encoding="utf-8")
    return lines.len()
