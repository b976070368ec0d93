"""The bundle as a data set of UniCRS, in the layout that its preprocessing writes.

Notable here:
- the dialogues are lists of turns as in UniCRS's INSPIRED files, which name entities and movies of each turn;
- an IRI stands in angle brackets, as in its entity2id.json, and ids are ours;
- the graph has a self-loop at every entity that has an edge, under a relation of that name; edges go forward only.
"""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from kgprep.artifacts import EDGES, ENTITIES, MENTIONS, RELATIONS, SPLITS, UTTERANCES, read_table
from kgprep.export.exported import Exported, ExportOptions
from kgprep.provenance import Count

SELF_LOOP = "self_loop"
USAGE = """import json

turns = [json.loads(line) for line in open("train_data_dbpedia.jsonl", encoding="utf-8")]
# or lay this folder at UniCRS's data/redial"""
_IRI = pl.concat_str(pl.lit("<"), "iri", pl.lit(">"))


def write(workspace: Path, folder: Path, _options: ExportOptions) -> Exported:
    """Write dialogues, entity2id.json, relation2id.json, dbpedia_subkg.json and item_ids.json.

    Raises:
        KgprepError: the workspace lacks a table.
    """
    entities, relations, edges, utterances, mentions = (
        read_table(workspace, table) for table in (ENTITIES, RELATIONS, EDGES, UTTERANCES, MENTIONS)
    )
    forward = relations.filter(pl.col("inverse_of").is_null()).select("relation_id", iri=_IRI)
    ids = forward.with_row_index("id").select("iri", "id", "relation_id")
    _write_json(folder / "entity2id.json", dict(entities.select(_IRI, "entity_id").iter_rows()))
    _write_json(folder / "relation2id.json", {**dict(ids.select("iri", "id").iter_rows()), SELF_LOOP: ids.height})
    _write_json(folder / "item_ids.json", entities.filter("is_item")["entity_id"].to_list())
    graph = _graph(edges, ids)
    _write_json(folder / "dbpedia_subkg.json", dict(graph.iter_rows()))
    turns = _turns(utterances, mentions, entities)
    dialogues = [_write_split(folder, turns, split) for split in SPLITS]
    kept = edges.join(ids, left_on="relation", right_on="relation_id", how="semi").height
    counts = (
        *(Count(f"{split} dialogues", count) for split, count in zip(SPLITS, dialogues, strict=True)),
        Count("utterances", turns.height),
        Count("mentions as movie", int(turns["movie_link"].list.len().sum()), mentions.height),
        Count("mentions as entity", int(turns["entity_link"].list.len().sum()), mentions.height),
        Count("entities", entities.height),
        Count("forward edges", kept, edges.height),
    )
    lost = (
        f"offsets and scores of {mentions.height:,} mentions",
        f"{edges.height - kept:,} inverse edges",
        "dialogue and item ids, feedback, aliases, descriptions, reviews, sentences and triples",
        "labels, kinds, years and IMDb ids of entities",
    )
    return Exported(counts, lost, USAGE)


def _graph(edges: pl.DataFrame, ids: pl.DataFrame) -> pl.DataFrame:
    """Return head str and its [relation, tail] pairs, the self-loop first."""
    own = edges.join(ids, left_on="relation", right_on="relation_id").select(
        "head", pair=pl.concat_list(pl.col("id").cast(pl.Int64), pl.col("tail").cast(pl.Int64))
    )
    ends = pl.concat([own["head"], edges.join(ids, left_on="relation", right_on="relation_id")["tail"]]).unique()
    loops = ends.to_frame("head").select(
        "head", pair=pl.concat_list(pl.lit(ids.height, pl.Int64), pl.col("head").cast(pl.Int64))
    )
    return (
        pl.concat([loops, own])
        .group_by("head", maintain_order=True)
        .agg("pair")
        .sort("head")
        .with_columns(pl.col("head").cast(pl.String))
    )


def _turns(utterances: pl.DataFrame, mentions: pl.DataFrame, entities: pl.DataFrame) -> pl.DataFrame:
    """Return one row an utterance, in order: its text, role, and what it names as movies and other entities."""
    named = (
        mentions.join(entities.select("entity_id", "is_item", "label", iri=_IRI), on="entity_id", how="left")
        .with_columns(is_movie=pl.col("is_item") & (pl.col("method").cast(pl.String) == "gold"))
        .sort("dialogue_id", "turn", "start", "end")
    )
    is_movie = pl.col("is_movie")
    found = named.group_by("dialogue_id", "turn", maintain_order=True).agg(
        movie=pl.col("label").filter(is_movie),
        entity_link=pl.col("iri").filter(~is_movie),
        entity_name=pl.col("word").filter(~is_movie),
        movie_link=pl.col("iri").filter(is_movie),
        movie_name=pl.col("word").filter(is_movie),
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


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
