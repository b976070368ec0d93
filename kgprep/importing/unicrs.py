"""UniCRS's data folder, whose dialogues have the form of INSPIRED's: what each turn names, with links to DBpedia.

Notable here:
- a name is looked for in its turn's text, in any case, the first time for its first occurrence and so on;
- dialogues have no id in this form: they get the split and the number of their line;
- consecutive turns stay as they are.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from kgprep.artifacts import SPLITS
from kgprep.counts import Count
from kgprep.errors import KgprepError
from kgprep.importing.archive import (
    ITEM_SCHEMA,
    NAMED_SCHEMA,
    SPAN_SCHEMA,
    Archive,
    entity_iri,
    has_places,
    whole_words,
    without_marks,
)
from kgprep.importing.files import find, read_array
from kgprep.importing.graph import read_graph
from kgprep.kg.names import label_from_iri, parse_label

NAME = "unicrs"
_TURN_SCHEMA = pl.Schema(
    {"split": pl.String, "dialogue_id": pl.String, "turn": pl.Int16, "role": pl.String, "text": pl.String}
)
_LINK_SCHEMA = pl.Schema(
    {"dialogue_id": pl.String, "turn": pl.Int16, "name": pl.String, "iri": pl.String, "method": pl.String}
)
_LACKS = (
    "labels, types, IMDb ids and descriptions: labels and years are read from the IRIs",
    "ids of dialogues and items, and what seekers say of items in their forms",
)


def read(folder: Path) -> Archive:
    """Read {split}_data_dbpedia.jsonl, entity2id.json, relation2id.json, dbpedia_subkg.json and item_ids.json.

    Raises:
        KgprepError: a file is missing or damaged, or there is no split at all.
    """
    graph = read_graph(folder, NAME, "item_ids.json", padding=None)
    files = {split: path for split in SPLITS if (path := find(folder, f"{split}_data_dbpedia.jsonl"))}
    if not files:
        names = ", ".join(f"{split}_data_dbpedia.jsonl" for split in SPLITS)
        raise KgprepError(f"{folder} holds none of {names}: give the folder of the data set")
    read_files = [_read_split(split, path) for split, path in files.items()]
    turns = pl.concat([turns for turns, _ in read_files])
    links = pl.concat([links for _, links in read_files])
    mentions = _located(turns, links)
    linked = links.filter(pl.col("method") == "gold")
    is_item = pl.col("iri").is_in(pl.concat([graph.items, linked["iri"]]).unique().implode())
    gold = pl.when(is_item & (pl.col("method") == "gold")).then(pl.lit("gold")).otherwise(pl.lit("link"))
    unknown = links.filter(~pl.col("iri").is_in(graph.iris.implode()))
    missing = [f"{split}_data_dbpedia.jsonl" for split in SPLITS if split not in files]
    return Archive(
        name=NAME,
        iris=pl.concat([graph.iris, links["iri"]]).unique().sort(),
        edges=graph.edges,
        items=_items(pl.concat([graph.items, linked["iri"]]).unique()),
        utterances=turns,
        mentions=mentions.with_columns(method=gold),
        named=pl.DataFrame(schema=NAMED_SCHEMA),
        counts=(
            *graph.counts,
            *(Count(f"dialogues in {split}", turns.filter(split=split)["dialogue_id"].n_unique()) for split in files),
            Count("utterances", turns.height),
            Count("names found in their text", mentions.height, links.height),
            Count("links to entities that the graph lacks", unknown.height, links.height),
        ),
        lacks=(*_LACKS, *([f"the splits {', '.join(missing)}"] if missing else [])),
        sources=(*graph.sources, *files.values()),
    )


def _read_split(split: str, path: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the turns of one file, and what they name."""
    turns: list[dict[str, Any]] = []
    links: list[dict[str, Any]] = []
    for line, dialogue in enumerate(read_array(path), start=1):
        place = {"dialogue_id": f"{split}-{line}"}
        try:
            for number, turn in enumerate(dialogue):
                here = {**place, "turn": number}
                turns.append({**here, "split": split, "role": turn["role"].lower(), "text": turn["text"]})
                for what, method in (("movie", "gold"), ("entity", "link")):
                    pairs = zip(turn[f"{what}_name"], turn[f"{what}_link"], strict=True)
                    links += [
                        {**here, "name": name, "iri": entity_iri(NAME, iri), "method": method} for name, iri in pairs
                    ]
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise KgprepError(
                f"{path}, dialogue {line}: role, text, or names and links of one length are missing: "
                "check that it is a data set of UniCRS"
            ) from error
    try:
        return pl.DataFrame(turns, schema=_TURN_SCHEMA), pl.DataFrame(links, schema=_LINK_SCHEMA)
    except (pl.exceptions.PolarsError, TypeError) as error:
        raise KgprepError(
            f"{path} has values of another kind ({error}): check that it is the archive's file"
        ) from error


def _located(turns: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """Return the links whose name stands in the text, the n-th link of a name at its n-th occurrence."""
    placed = (
        links.filter(pl.col("name").str.strip_chars() != "")
        .join(turns.select("dialogue_id", "turn", "text"), on=["dialogue_id", "turn"], maintain_order="left")
        .with_columns(marked=whole_words(pl.col("name")))
        .with_columns(nth=pl.int_range(pl.len()).over("dialogue_id", "turn", "marked"))
        .filter(has_places("text"))
        .with_columns(pieces=whole_words(pl.col("text")).str.split(pl.col("marked")))
        .filter(pl.col("pieces").list.len() > pl.col("nth") + 1)
    )
    length = pl.col("name").str.to_lowercase().str.len_chars().cast(pl.Int32)
    before = without_marks(pl.col("pieces").list.head(pl.col("nth") + 1).list.join(""))
    start = before.str.len_chars().cast(pl.Int32) + pl.col("nth").cast(pl.Int32) * length
    return (
        placed.with_columns(start=start, end=start + length)
        .with_columns(word=pl.col("text").str.slice("start", pl.col("end") - pl.col("start")))
        .select(SPAN_SCHEMA.names())
        .cast(SPAN_SCHEMA)
    )


def _items(iris: pl.Series) -> pl.DataFrame:
    parsed = parse_label("label")
    return (
        pl.DataFrame({"item_id": iris, "iri": iris, "label": label_from_iri(iris)})
        .select("item_id", "iri", name=parsed.struct.field("title"), year=parsed.struct.field("year"))
        .cast(ITEM_SCHEMA)
    )
