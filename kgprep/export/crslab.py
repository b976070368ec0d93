"""The bundle as a data set of CRSLab, in the layout of its ReDial archive.

Notable here:
- entity ids are ours plus one, since CRSLab pads with entity 0;
- its loader adds inverse edges itself and gives self-loops the relation 185, so only forward edges are written and no
  relation of ours gets that number;
- `movies` are the data set's own annotations of items, since CRSLab takes them as targets; items that the linker found
  stand with the other linked entities in `entity`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

from kgprep.artifacts import (
    ALIASES,
    EDGES,
    ENTITIES,
    MENTIONS,
    RELATIONS,
    SPLITS,
    UTTERANCES,
    read_table,
)
from kgprep.export.exported import Exported, ExportOptions
from kgprep.export.words import cut_chinese, words
from kgprep.provenance import Count

SELF_LOOP = 185
SPECIAL_TOKENS = ("__pad__", "__start__", "__end__", "__unk__")
SPLIT_TOKEN = "_split_"
USAGE = """import json

dialogues = json.load(open("train_data.json", encoding="utf-8"))
# or lay this folder at CRSLab's data/dataset/redial/nltk and run CRSLab with it"""


def write(workspace: Path, folder: Path, _options: ExportOptions) -> Exported:
    """Write the files that CRSLab's ReDial loader reads, and relation2id.json beside them.

    Raises:
        KgprepError: the workspace lacks a table.
    """
    entities, relations, edges, utterances, mentions = (
        read_table(workspace, table) for table in (ENTITIES, RELATIONS, EDGES, UTTERANCES, MENTIONS)
    )
    cut = _cut(utterances, read_table(workspace, ALIASES)["alias"])
    turns = _turns(cut, mentions, entities)
    vocabulary = _vocabulary(turns)
    forward = _forward(relations)
    graph_counts = _write_graph(folder, entities, forward, edges)
    _write_json(folder / "token2id.json", vocabulary)
    # The loader insists on both files; without ConceptNet the first has its padding alone and the second is empty.
    _write_json(folder / "concept2id.json", {"__pad__": 0})
    (folder / "conceptnet_subkg.txt").write_text("", encoding="utf-8")
    dialogues = [_write_split(folder, turns, split) for split in SPLITS]
    counts = (
        *(Count(f"{split} dialogues", count) for split, count in zip(SPLITS, dialogues, strict=True)),
        Count("utterances", turns.height),
        Count("mentions as movies", int(turns["movies"].list.len().sum()), mentions.height),
        Count(
            "mentions as entity, repeats in an utterance dropped",
            int(turns["entity"].list.len().sum()),
            mentions.height,
        ),
        Count("tokens in token2id", len(vocabulary)),
        *graph_counts,
    )
    return Exported(counts, _lost(mentions, edges, forward), USAGE)


def _lost(mentions: pl.DataFrame, edges: pl.DataFrame, forward: pl.DataFrame) -> tuple[str, ...]:
    inverse = edges.height - edges.join(forward, on="relation", how="semi").height
    linked = mentions.filter(pl.col("method") == "link").height
    return (
        f"offsets, words and scores of {mentions.height:,} mentions ({linked:,} of them linked)",
        f"{inverse:,} inverse edges; CRSLab's loader makes its own, and drops relations with 1,000 edges or fewer",
        "item ids, feedback, aliases, descriptions, reviews, sentences and triples",
        "words of ConceptNet: concept2id.json holds padding alone, conceptnet_subkg.txt and every word list are empty",
    )


def _cut(utterances: pl.DataFrame, names: pl.Series) -> pl.DataFrame:
    ordered = utterances.sort("dialogue_id", "turn")
    return ordered.with_columns(cut_chinese(ordered["text"], names))


def _turns(utterances: pl.DataFrame, mentions: pl.DataFrame, entities: pl.DataFrame) -> pl.DataFrame:
    """Return one row an utterance, in order, with its tokens and the IRIs of its movies and other entities."""
    named = (
        mentions.join(entities.select("entity_id", "is_item", iri=_name()), on="entity_id", how="left")
        .with_columns(is_movie=pl.col("is_item") & (pl.col("method") == "gold"))
        .sort("dialogue_id", "turn", "start", "end")
    )
    found = named.group_by("dialogue_id", "turn", maintain_order=True).agg(
        movies=pl.col("iri").filter("is_movie"),
        entity=pl.col("iri").filter(~pl.col("is_movie")).unique(maintain_order=True),
    )
    nothing = pl.lit([], dtype=pl.List(pl.String))
    return (
        utterances.with_columns(text=words("text"))
        .join(found, on=["dialogue_id", "turn"], how="left", maintain_order="left")
        .with_columns(pl.col("movies", "entity").fill_null(nothing))
    )


def _name() -> pl.Expr:
    return pl.format("<{}>", pl.col("iri"))


def _write_split(folder: Path, turns: pl.DataFrame, split: str) -> int:
    """Write one split's dialogues and return how many there are."""
    utterance = pl.struct(
        utt_id=pl.col("turn"),
        role=pl.col("role").cast(pl.String).str.to_titlecase(),
        text="text",
        movies="movies",
        entity="entity",
        word=pl.lit([], dtype=pl.List(pl.String)),
    )
    dialogues = (
        turns.filter(pl.col("split") == split)
        .group_by("dialogue_id", maintain_order=True)
        .agg(dialog=utterance)
        .rename({"dialogue_id": "conv_id"})
    )
    dialogues.write_json(folder / f"{split}_data.json")
    return dialogues.height


def _vocabulary(turns: pl.DataFrame) -> dict[str, int]:
    """Return the ids of the training tokens, most frequent first, between the special ones."""
    counted = (
        turns.filter(pl.col("split") == "train")
        .select(token=pl.col("text").list.explode(empty_as_null=False))
        .filter(~pl.col("token").is_in([*SPECIAL_TOKENS, SPLIT_TOKEN]))
        .group_by("token")
        .len()
        .sort("len", "token", descending=[True, False])
    )
    tokens = [*SPECIAL_TOKENS, *counted["token"], SPLIT_TOKEN]
    return {token: index for index, token in enumerate(tokens)}


def _forward(relations: pl.DataFrame) -> pl.DataFrame:
    """Return the forward relations with their number in the archive, which steps over that of self-loops."""
    index = pl.int_range(pl.len())
    return relations.filter(pl.col("inverse_of").is_null()).select(
        "iri",
        relation="relation_id",
        number=pl.when(index < SELF_LOOP).then(index).otherwise(index + 1),
    )


def _write_graph(folder: Path, entities: pl.DataFrame, forward: pl.DataFrame, edges: pl.DataFrame) -> tuple[Count, ...]:
    items = entities.filter("is_item").select(head=pl.col("entity_id") + 1)
    loops = items.select("head", number=pl.lit(SELF_LOOP, dtype=pl.Int64), tail="head")
    kept = edges.join(forward, on="relation", how="inner").select(pl.col("head") + 1, "number", pl.col("tail") + 1)
    grouped = (
        pl.concat([kept, loops])
        .sort("head", "number", "tail")
        .group_by("head", maintain_order=True)
        .agg(pairs=pl.concat_list("number", "tail"))
    )
    numbers = dict(zip(entities.select(_name()).to_series(), entities["entity_id"] + 1, strict=True))
    _write_json(folder / "entity2id.json", numbers)
    _write_json(folder / "dbpedia_subkg.json", dict(zip(grouped["head"], grouped["pairs"].to_list(), strict=True)))
    _write_json(folder / "movie_ids.json", items["head"].to_list())
    _write_json(folder / "relation2id.json", dict(zip(forward["iri"], forward["number"], strict=True)))
    return (
        Count("entities", entities.height),
        Count("items", items.height, entities.height),
        Count("forward edges", kept.height, edges.height),
        Count("self-loops of items", loops.height),
    )


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
