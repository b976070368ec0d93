"""The bundle as a data set of CRSLab, in the layout of its ReDial archive.

Notable here:
- the graph has the numbers of `numbered_graph`, beside it relation2id.json;
- `movies` are the data set's own annotations of items, since CRSLab takes them as targets; items that the linker found
  stand with the other linked entities in `entity`;
- `.built` keeps CRSLab from replacing the folder by a download.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from kgprep.artifacts import ALIASES, EDGES, ENTITIES, MENTIONS, RELATIONS, SPLITS, UTTERANCES, read_table
from kgprep.counts import Count
from kgprep.export.concepts import Concepts, named_concepts, read_concepts
from kgprep.export.exported import Exported, ExportOptions
from kgprep.export.files import write_json
from kgprep.export.numbered_graph import NumberedGraph, bracketed_iri, numbered_graph
from kgprep.export.tokens import PAD, token_vectors, tokenised, vocabulary

BUILT = "kgprep\n0.31\n"
USAGE = """import json

dialogues = json.load(open("train_data.json", encoding="utf-8"))
# or lay this folder at data/dataset/redial/nltk of CRSLab 0.1.2, with its file .built, and run CRSLab with it;
# for word2vec.npy, set "embedding: word2vec.npy" in the model's configuration"""


@dataclass(frozen=True)
class Archive:
    """What was written: the turns with their tokens and mentions, the tokens' ids, the graph, and what to say of it."""

    turns: pl.DataFrame
    tokens: dict[str, int]
    graph: NumberedGraph
    counts: tuple[Count, ...]
    lost: tuple[str, ...]


def write(workspace: Path, folder: Path, options: ExportOptions) -> Exported:
    """Write the files that CRSLab's ReDial loader reads, and relation2id.json beside them.

    Raises:
        KgprepError: the workspace lacks a table, or a file of the options cannot be used.
    """
    archive = write_archive(workspace, folder, options, read_table(workspace, UTTERANCES))
    lost = (*archive.lost, "item ids, feedback, aliases, descriptions, reviews, sentences and triples")
    return Exported(archive.counts, lost, USAGE)


def write_archive(workspace: Path, folder: Path, options: ExportOptions, utterances: pl.DataFrame) -> Archive:
    """Write the archive with the texts of `utterances`, whose rows are the bundle's.

    Args:
        workspace: folder of the bundle.
        folder: where to write.
        options: concepts and vectors, if any.
        utterances: as the table; the text may name items in another way.

    Raises:
        KgprepError: as `write`.
    """
    entities, relations, edges, mentions = (
        read_table(workspace, table) for table in (ENTITIES, RELATIONS, EDGES, MENTIONS)
    )
    said = tokenised(utterances, read_table(workspace, ALIASES)["alias"])
    concepts = read_concepts(options.concepts, said)
    turns = with_mentions(said, mentions, entities).with_columns(named_concepts(said, concepts))
    tokens = vocabulary(turns)
    graph = numbered_graph(entities, relations, edges)
    _write_graph(folder, graph)
    write_json(folder / "token2id.json", tokens)
    _write_concepts(folder, concepts)
    (folder / ".built").write_text(BUILT, encoding="utf-8")
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
        Count("tokens in token2id", len(tokens)),
        *graph.counts,
        *concepts.counts,
        *write_vectors(folder, tokens, options.vectors),
    )
    return Archive(turns, tokens, graph, counts, _lost(mentions, graph, concepts))


def _lost(mentions: pl.DataFrame, graph: NumberedGraph, concepts: Concepts) -> tuple[str, ...]:
    linked = mentions.filter(pl.col("method") == "link").height
    without_concepts = (
        "words of ConceptNet, without --concepts: concept2id.json holds padding alone, conceptnet_subkg.txt and every "
        "word list are empty"
    )
    return (
        f"offsets, words and scores of {mentions.height:,} mentions ({linked:,} of them linked)",
        f"{graph.inverse_edges:,} inverse edges; CRSLab's loader makes its own, and drops relations with 1,000 edges "
        "or fewer",
        *(() if concepts.ids else (without_concepts,)),
    )


def with_mentions(turns: pl.DataFrame, mentions: pl.DataFrame, entities: pl.DataFrame) -> pl.DataFrame:
    """Return `turns` with the names of their movies and other entities, as list[str].

    Args:
        turns: with dialogue_id and turn.
        mentions: the bundle's.
        entities: the bundle's.
    """
    named = (
        mentions.join(entities.select("entity_id", "is_item", name=bracketed_iri()), on="entity_id", how="left")
        .with_columns(is_movie=pl.col("is_item") & (pl.col("method") == "gold"))
        .sort("dialogue_id", "turn", "start", "end")
    )
    found = named.group_by("dialogue_id", "turn", maintain_order=True).agg(
        movies=pl.col("name").filter("is_movie"),
        entity=pl.col("name").filter(~pl.col("is_movie")).unique(maintain_order=True),
    )
    nothing = pl.lit([], dtype=pl.List(pl.String))
    return turns.join(found, on=["dialogue_id", "turn"], how="left", maintain_order="left").with_columns(
        pl.col("movies", "entity").fill_null(nothing)
    )


def _write_split(folder: Path, turns: pl.DataFrame, split: str) -> int:
    """Write one split's dialogues and return how many there are."""
    utterance = pl.struct(
        utt_id=pl.col("turn"),
        role=pl.col("role").cast(pl.String).str.to_titlecase(),
        text="text",
        movies="movies",
        entity="entity",
        word="word",
    )
    dialogues = (
        turns.filter(pl.col("split") == split)
        .group_by("dialogue_id", maintain_order=True)
        .agg(dialog=utterance)
        .rename({"dialogue_id": "conv_id"})
    )
    dialogues.write_json(folder / f"{split}_data.json")
    return dialogues.height


def _write_graph(folder: Path, graph: NumberedGraph) -> None:
    write_json(folder / "entity2id.json", graph.entity_ids)
    write_json(folder / "dbpedia_subkg.json", graph.pairs)
    write_json(folder / "movie_ids.json", graph.item_ids)
    write_json(folder / "relation2id.json", graph.relation_ids)


def _write_concepts(folder: Path, concepts: Concepts) -> None:
    """Write both files; the loader insists on them and on at least one id."""
    write_json(folder / "concept2id.json", {PAD: 0, **concepts.ids})
    concepts.edges.write_csv(folder / "conceptnet_subkg.txt", separator="\t", include_header=False, quote_style="never")


def write_vectors(folder: Path, tokens: dict[str, int], path: Path | None) -> tuple[Count, ...]:
    """Write word2vec.npy, if vectors are given, and count the tokens that have one; errors as in `token_vectors`."""
    if path is None:
        return ()
    import numpy as np

    vectors, given = token_vectors(tokens, len(tokens), path)
    np.save(folder / "word2vec.npy", vectors)
    return (Count("tokens with a given vector, the others drawn", given, len(tokens)),)
