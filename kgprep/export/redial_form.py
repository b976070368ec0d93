"""Dialogues in ReDial's own form with the pickles of KBRD, which KGSF reads as well.

Notable here:
- entity ids are those of CRSLab: ours plus one. The name of id 0 is `__pad__`, for KGSF takes 0 for "no item", and the
  number of names for "no entity";
- texts name items by tokens, and text_dict.pkl says which other entities a text names. Its key is the text alone, so
  equal texts share their entities;
- the seeker is worker 0, the recommender worker 1, for the bundle knows no workers.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from kgprep.artifacts import EDGES, ENTITIES, FEEDBACK, ITEMS, MENTIONS, RELATIONS, SPLITS, UTTERANCES, read_table
from kgprep.counts import Count
from kgprep.export.item_tokens import ITEM_NUMBER, item_mentions, numbered_items, with_item_tokens
from kgprep.export.numbered_graph import SELF_LOOP, bracketed_iri, numbered_graph
from kgprep.export.tokens import PAD
from kgprep.pickles import write_pickle

SEEKER, RECOMMENDER = 0, 1
_ANSWERS = ("suggested", "seen", "liked")


@dataclass(frozen=True)
class RedialForm:
    """The utterances with their items as tokens, how many entity ids there are, and what to say of what was written."""

    utterances: pl.DataFrame
    entity_ids: int
    counts: tuple[Count, ...]
    lost: tuple[str, ...]


def write_redial_form(workspace: Path, folder: Path) -> RedialForm:
    """Write {split}_data.jsonl and the pickles of ids, items, edges and what texts name.

    Raises:
        KgprepError: the workspace lacks a table.
    """
    entities, relations, edges, items, utterances, mentions, feedback = (
        read_table(workspace, table) for table in (ENTITIES, RELATIONS, EDGES, ITEMS, UTTERANCES, MENTIONS, FEEDBACK)
    )
    numbered = numbered_items(items, entities, mentions)
    named = item_mentions(mentions, entities, numbered)
    texts, replaced = with_item_tokens(utterances.sort("dialogue_id", "turn"), named)
    graph = numbered_graph(entities, relations, edges)
    names = entities.select("entity_id", name=bracketed_iri())
    ids = {PAD: 0, **graph.entity_ids}
    items_of_numbers = numbered.join(names, on="entity_id", how="left", maintain_order="left").select("number", "name")
    entities_of_texts, named_besides = _entities_of_texts(texts, mentions, named, names)
    write_pickle(ids, folder / "entity2entityId.pkl")
    write_pickle({**graph.relation_ids, "self_loop": SELF_LOOP}, folder / "relation2relationId.pkl")
    write_pickle(dict(items_of_numbers.iter_rows()), folder / "id2entity.pkl")
    write_pickle({head: [tuple(pair) for pair in pairs] for head, pairs in graph.pairs.items()}, folder / "subkg.pkl")
    write_pickle(graph.item_ids, folder / "movie_ids.pkl")
    write_pickle(entities_of_texts, folder / "text_dict.pkl")
    about = _about(named, feedback, items, numbered)
    dialogues = [_write_split(folder, texts, about, split) for split in SPLITS]
    counts = (
        *(Count(f"{split} dialogues", count) for split, count in zip(SPLITS, dialogues, strict=True)),
        Count("utterances", texts.height),
        Count("mentions as item tokens", named.height, mentions.height),
        *replaced,
        Count("mentions in text_dict, repeats in a text dropped", named_besides, mentions.height),
        Count("texts in text_dict, equal ones once", len(entities_of_texts), texts.height),
        *graph.counts,
    )
    lost = (
        f"offsets, words and scores of {mentions.height:,} mentions",
        f"{graph.inverse_edges:,} inverse edges; loaders make their own and drop relations with 1,000 edges or fewer",
        "which of two equal texts names an entity: text_dict.pkl has all of them under the text",
        "labels, kinds, years and IMDb ids of entities, aliases, descriptions, reviews, sentences and triples",
        "times of messages and the recommender's answers about items, which no bundle has: timeOffset is 0, and "
        "respondentQuestions is empty",
    )
    return RedialForm(texts, len(ids), counts, lost)


def _entities_of_texts(
    texts: pl.DataFrame, mentions: pl.DataFrame, named: pl.DataFrame, names: pl.DataFrame
) -> tuple[dict[str, list[str]], int]:
    """Return for each text the entities it names beside the items that are tokens, and how many these are."""
    key = ["dialogue_id", "turn", "start", "end"]
    besides = (
        mentions.join(named.select(key), on=key, how="anti")
        .sort(key)
        .join(names, on="entity_id", how="left", maintain_order="left")
    )
    found = besides.group_by("dialogue_id", "turn", maintain_order=True).agg("name")
    of_texts = (
        texts.join(found, on=["dialogue_id", "turn"], how="left", maintain_order="left")
        .group_by("text", maintain_order=True)
        .agg(pl.col("name").list.explode(empty_as_null=False).drop_nulls().unique(maintain_order=True))
    )
    return dict(of_texts.iter_rows()), int(of_texts["name"].list.len().sum())


def _about(named: pl.DataFrame, feedback: pl.DataFrame, items: pl.DataFrame, numbered: pl.DataFrame) -> pl.DataFrame:
    """Return dialogue_id, number, title and the seeker's answers, null where none, for each item of a dialogue."""
    smallest = numbered.group_by("entity_id").agg(smallest=pl.col("number").min())
    own = numbered.select("entity_id", "number", own="number")
    answers = (
        feedback.join(items.select("item_id", "entity_id"), on="item_id")
        .with_columns(number=ITEM_NUMBER)
        .join(own, on=["entity_id", "number"], how="left", maintain_order="left")
        .join(smallest, on="entity_id", maintain_order="left")
        .with_columns(number=pl.coalesce("own", "smallest"))
        .unique(["dialogue_id", "number"], keep="first", maintain_order=True)
        .select("dialogue_id", "number", *_ANSWERS)
    )
    return (
        pl.concat([named.select("dialogue_id", "number"), answers.select("dialogue_id", "number")])
        .unique()
        .join(answers, on=["dialogue_id", "number"], how="left")
        .join(numbered.select("number", "title"), on="number", how="left")
        .sort("dialogue_id", "number")
    )


def _write_split(folder: Path, texts: pl.DataFrame, about: pl.DataFrame, split: str) -> int:
    """Write one split's dialogues, one a line, and return how many there are."""
    chosen = texts.filter(pl.col("split") == split)
    seeks = pl.when(pl.col("role") == "seeker").then(SEEKER).otherwise(RECOMMENDER)
    message = pl.struct(timeOffset=pl.lit(0), text="text", senderWorkerId=seeks, messageId=pl.col("turn"))
    dialogues = chosen.group_by("dialogue_id", maintain_order=True).agg(messages=message)
    items = (
        about.join(dialogues, on="dialogue_id", how="semi")
        .group_by("dialogue_id", maintain_order=True)
        .agg(items=pl.struct("number", "title", *_ANSWERS))
    )
    rows = dialogues.join(items, on="dialogue_id", how="left", maintain_order="left")
    with (folder / f"{split}_data.jsonl").open("w", encoding="utf-8") as file:
        for dialogue_id, messages, named in rows.iter_rows():
            file.write(json.dumps(_dialogue(dialogue_id, messages, named or []), ensure_ascii=False) + "\n")
    return dialogues.height


def _dialogue(dialogue_id: str, messages: list[dict[str, Any]], named: list[dict[str, Any]]) -> dict[str, Any]:
    answers = {str(item["number"]): {name: item[name] for name in _ANSWERS if item[name] is not None} for item in named}
    return {
        "movieMentions": {str(item["number"]): item["title"] for item in named},
        "respondentQuestions": {},
        "messages": messages,
        "conversationId": dialogue_id,
        "respondentWorkerId": RECOMMENDER,
        "initiatorWorkerId": SEEKER,
        "initiatorQuestions": {number: answer for number, answer in answers.items() if answer},
    }
