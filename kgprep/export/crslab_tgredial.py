"""The bundle as a data set of CRSLab, in the layout of its TG-ReDial archive.

Notable here:
- items are called as the data set names them, other entities by their labels, as in CN-DBpedia: one whose name another
  has too gets its year, else its number, in full-width brackets, before which CRSLab takes the title;
- its loader wants roles to take turns, so utterances of one role are joined;
- TG-ReDial leads from topic to topic and knows its users; a bundle has neither, so those files are there and empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from kgprep.artifacts import ALIASES, EDGES, ENTITIES, ITEMS, MENTIONS, RELATIONS, SPLITS, UTTERANCES, read_table
from kgprep.counts import Count
from kgprep.export.concepts import Concepts, named_concepts, read_concepts
from kgprep.export.crslab import write_vectors
from kgprep.export.exported import Exported, ExportOptions
from kgprep.export.files import write_json
from kgprep.export.item_tokens import item_names
from kgprep.export.tokens import PAD, tokenised, vocabulary, with_joined

BUILT = "kgprep\n0.3\n"
RECOMMEND = "推荐电影"
USAGE = """import json

dialogues = json.load(open("train_data.json", encoding="utf-8"))
# or lay this folder at data/dataset/tgredial/pkuseg of CRSLab 0.1.2, with its file .built, and run CRSLab with it;
# for word2vec.npy, set "embedding: word2vec.npy" in the model's configuration"""


@dataclass(frozen=True)
class Archive:
    """What was written: the utterances with their tokens, the tokens' ids, and what to say of it."""

    turns: pl.DataFrame
    tokens: dict[str, int]
    counts: tuple[Count, ...]
    lost: tuple[str, ...]


def write(workspace: Path, folder: Path, options: ExportOptions) -> Exported:
    """Write the files that CRSLab's TG-ReDial loader reads.

    Raises:
        KgprepError: the workspace lacks a table, or a file of the options cannot be used.
    """
    archive = write_archive(workspace, folder, options, read_table(workspace, UTTERANCES))
    lost = (*archive.lost, "feedback, aliases, descriptions, reviews, sentences and triples")
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
    entities, items, relations, edges, mentions = (
        read_table(workspace, table) for table in (ENTITIES, ITEMS, RELATIONS, EDGES, MENTIONS)
    )
    names = entity_names(entities, items)
    said = tokenised(utterances, read_table(workspace, ALIASES)["alias"])
    concepts = read_concepts(options.concepts, said)
    tokens = vocabulary(said)
    turns = _turns(said.with_columns(named_concepts(said, concepts)), mentions, names)
    write_json(folder / "token2id.json", tokens)
    graph_counts = _write_graph(folder, names, relations, edges)
    _write_concepts(folder, concepts)
    dialogues = [_write_split(folder, turns, split) for split in SPLITS]
    write_json(folder / "topic2id.json", {})
    write_json(folder / "user2history.json", {})
    write_json(folder / "user2profile.json", {user: [] for user in turns["dialogue_id"].unique().sort()})
    (folder / ".built").write_text(BUILT, encoding="utf-8")
    counts = (
        *(Count(f"{split} dialogues", count) for split, count in zip(SPLITS, dialogues, strict=True)),
        Count("messages, consecutive utterances of a role as one", turns.height, utterances.height),
        Count("mentions as movie", int(turns["movie"].list.len().sum()), mentions.height),
        Count(
            "mentions as entity, repeats in a message dropped", int(turns["entity"].list.len().sum()), mentions.height
        ),
        Count("tokens in token2id", len(tokens)),
        *graph_counts,
        *concepts.counts,
        *write_vectors(folder, tokens, options.vectors),
    )
    return Archive(said, tokens, counts, _lost(turns, utterances, mentions, edges, graph_counts[-1].kept, concepts))


def _lost(
    turns: pl.DataFrame,
    utterances: pl.DataFrame,
    mentions: pl.DataFrame,
    edges: pl.DataFrame,
    forward: int,
    concepts: Concepts,
) -> tuple[str, ...]:
    joined = utterances.height - turns.height
    return (
        "topics, goals, profiles and watching histories, which no bundle has: topic2id.json and user2history.json are "
        "empty, `target` and `final` say at most that a film is recommended, and each dialogue has a user of its own "
        "without a profile",
        *((f"where {joined:,} utterances begin that follow one of the same role",) if joined else ()),
        f"offsets, words and scores of {mentions.height:,} mentions",
        f"{edges.height - forward:,} inverse edges; CRSLab's loader makes its own",
        *(() if concepts.ids else ("words of HowNet, without --concepts: word2id.json holds padding alone",)),
        "IRIs, kinds and IMDb ids of entities, and item ids",
    )


def entity_names(entities: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Return the entities with `name`: an item's name or the label, in one line, made distinct."""
    of_items = item_names(items, entities).select("entity_id", "name")
    named = entities.join(of_items, on="entity_id", how="left", maintain_order="left")
    tidy = pl.coalesce("name", "label").str.replace_all(r"\s+", " ").str.strip_chars()
    plain = named.with_columns(name=pl.when(tidy == "").then("iri").otherwise(tidy))
    year = pl.lit("（") + pl.col("year").cast(pl.String) + pl.lit("）")
    with_year = plain.with_columns(
        name=pl.when(pl.col("name").is_duplicated()).then(pl.col("name") + year.fill_null("")).otherwise("name")
    )
    number = pl.lit("（") + (pl.col("entity_id") + 1).cast(pl.String) + pl.lit("）")
    return with_year.with_columns(
        name=pl.when(pl.col("name").is_duplicated()).then(pl.col("name") + number).otherwise("name")
    )


def _turns(said: pl.DataFrame, mentions: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """Return one row a message: split, dialogue_id, role, and as lists text, movie, entity and word."""
    is_movie = pl.col("is_item") & (pl.col("method") == "gold")
    found = (
        mentions.join(names.select("entity_id", "is_item", "name"), on="entity_id", how="left")
        .sort("dialogue_id", "turn", "start", "end")
        .group_by("dialogue_id", "turn", maintain_order=True)
        .agg(movie=pl.col("name").filter(is_movie), entity=pl.col("name").filter(~is_movie))
    )
    lists = ("text", "movie", "entity", "word")
    return (
        with_joined(said.join(found, on=["dialogue_id", "turn"], how="left", maintain_order="left"))
        .with_columns(pl.col("movie", "entity").fill_null(pl.lit([], dtype=pl.List(pl.String))))
        .group_by("split", "dialogue_id", "joined", "role", maintain_order=True)
        .agg(pl.col(name).explode(empty_as_null=False) for name in lists)
        .with_columns(pl.col("entity", "word").list.unique(maintain_order=True))
    )


def _write_split(folder: Path, turns: pl.DataFrame, split: str) -> int:
    """Write one split's dialogues and return how many there are."""
    message = pl.struct("joined", "role", "text", "movie", "entity", "word")
    dialogues = (
        turns.filter(pl.col("split") == split).group_by("dialogue_id", maintain_order=True).agg(messages=message)
    )
    rows = [
        {"conv_id": dialogue_id, "user_id": dialogue_id, "messages": [_message(said) for said in messages]}
        for dialogue_id, messages in dialogues.iter_rows()
    ]
    write_json(folder / f"{split}_data.json", rows)
    return dialogues.height


def _message(said: dict[str, Any]) -> dict[str, Any]:
    recommends = said["role"] == "recommender" and said["movie"]
    return {
        "local_id": said["joined"] + 1,
        "role": said["role"].title(),
        "text": said["text"],
        "movie": said["movie"],
        "entity": said["entity"],
        "word": said["word"],
        "target": [
            "Rec" if said["role"] == "recommender" else "Seeker",
            *([RECOMMEND, said["movie"]] if recommends else []),
        ],
        "final": [RECOMMEND, [None]],
    }


def _write_graph(folder: Path, names: pl.DataFrame, relations: pl.DataFrame, edges: pl.DataFrame) -> tuple[Count, ...]:
    """Write ids, items and edges; the last count is that of edges."""
    numbers = names.select("name", number=pl.col("entity_id") + 1)
    items = names.filter("is_item")["entity_id"] + 1
    forward = relations.filter(pl.col("inverse_of").is_null()).select(relation="relation_id", relation_name="name")
    head, tail = (
        names.select(pl.col("entity_id").alias(end), pl.col("name").alias(f"{end}_name")) for end in ("head", "tail")
    )
    kept = (
        edges.join(forward, on="relation")
        .join(head, on="head")
        .join(tail, on="tail")
        .sort("head", "relation", "tail")
        .select("head_name", "relation_name", "tail_name")
    )
    write_json(folder / "entity2id.json", dict(numbers.iter_rows()))
    write_json(folder / "movie_ids.json", items.to_list())
    kept.write_csv(folder / "cn-dbpedia.txt", separator="\t", include_header=False, quote_style="never")
    return (
        Count("entities", names.height),
        Count("items", items.len(), names.height),
        Count("forward edges", kept.height, edges.height),
    )


def _write_concepts(folder: Path, concepts: Concepts) -> None:
    """Write both files; the loader insists on them and on at least one id."""
    write_json(folder / "word2id.json", {PAD: 0, **concepts.ids})
    concepts.edges.select("head", "relation", "tail").write_csv(
        folder / "hownet.txt", separator="\t", include_header=False, quote_style="never"
    )
