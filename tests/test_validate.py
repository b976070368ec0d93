"""Each rule of a bundle, broken once in a copy of the sample's bundle, is found and named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from kgprep.artifacts import (
    EDGES,
    ENTITIES,
    FEEDBACK,
    ITEMS,
    MENTIONS,
    RELATIONS,
    SENTENCE_MENTIONS,
    TRIPLES,
    UTTERANCES,
    KgprepError,
    Table,
    read_table,
    write_parquet,
)
from kgprep.record import provenance_path
from kgprep.validate import validate
from tests.small_bundle import damage_pages, write_bundle, write_graph

FIRST = pl.int_range(pl.len()) == 0


def first_row(column: str, value: pl.Expr | int | str | bool) -> Callable[[pl.DataFrame], pl.DataFrame]:
    replacement = value if isinstance(value, pl.Expr) else pl.lit(value)
    return lambda frame: frame.with_columns(pl.when(FIRST).then(replacement).otherwise(column).alias(column))


def without_first(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.slice(1)


def first_twice(frame: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([frame.head(1), frame])


def train_told_again_in_test(frame: pl.DataFrame) -> pl.DataFrame:
    train = frame.filter(pl.col("split") == "train")
    again = train.filter(pl.col("dialogue_id") == train["dialogue_id"][0])
    return pl.concat([frame, again.with_columns(split=pl.lit("test"), dialogue_id=pl.lit("again"))])


BREAKS: dict[str, tuple[Table, Callable[[pl.DataFrame], pl.DataFrame], str]] = {
    "edge to nowhere": (EDGES, first_row("tail", 10**6), "kg/edges: tail must stand in kg/entities"),
    "self-loop": (EDGES, first_row("tail", pl.col("head")), "self-loop"),
    "edge twice": (EDGES, first_twice, "head, relation, tail must be unique"),
    "edge lost": (EDGES, without_first, "must have its inverse edge"),
    "relation miscounted": (RELATIONS, first_row("edges", 0), "edges must be the number of rows"),
    "ids shifted": (ENTITIES, first_row("iri", "urn:zzz"), "entity_id must follow the order of the IRIs"),
    "item not marked": (ENTITIES, lambda frame: frame.with_columns(is_item=False), "entity must have is_item"),
    "item of nothing": (ITEMS, first_row("entity_id", 10**6), "dialogues/items: entity_id must stand in"),
    "word of another place": (MENTIONS, first_row("start", 10**4), "word must be text[start:end]"),
    "mention of no turn": (MENTIONS, first_row("turn", 30_000), "dialogue_id, turn must stand in"),
    "mention twice": (MENTIONS, first_twice, "mentions must not overlap"),
    "dialogue in two splits": (UTTERANCES, first_row("split", "test"), "a dialogue must lie in one split"),
    "train dialogue in test": (UTTERANCES, train_told_again_in_test, "must not stand in another split"),
    "turn lost": (UTTERANCES, without_first, "turns must run from 0"),
    "feedback of no dialogue": (FEEDBACK, first_row("dialogue_id", "gone"), "feedback must belong to a dialogue"),
    "word of another sentence": (SENTENCE_MENTIONS, first_row("word", "zz"), "word must be text[start:end]"),
    "sentence changed": (TRIPLES, first_row("sentence", "zz"), "sentence must be the text of sentence_id"),
    "triple of no mention": (TRIPLES, first_row("word", "zz"), "a triple must come from a mention"),
    "triple of another split": (
        TRIPLES,
        lambda frame: frame.with_columns(split=pl.lit("valid")),
        "split must be that of the dialogue",
    ),
}


@pytest.fixture
def copied(sample_workspace: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sample_workspace, tmp_path / "ws"))


@pytest.mark.parametrize("broken", BREAKS)
def test_a_broken_rule_is_found_and_named(broken: str, copied: Path) -> None:
    table, change, words = BREAKS[broken]
    frame = read_table(copied, table)
    texts = [pl.col(name).cast(pl.String) for name, dtype in frame.schema.items() if isinstance(dtype, pl.Enum)]
    write_parquet(table, change(frame.with_columns(texts)), table.path(copied))
    assert any(words in str(problem) for problem in validate(copied).problems)


def test_an_older_table_and_a_lost_one_are_named(copied: Path) -> None:
    read_table(copied, EDGES).write_parquet(EDGES.path(copied), metadata={"kgprep.schema_version": "0"})
    FEEDBACK.path(copied).unlink()
    found = [str(problem) for problem in validate(copied).problems]
    assert any("schema version 0" in problem for problem in found)
    assert "dialogues/feedback.parquet: recorded in bundle.json but absent: run build-kg again" in found


def test_lost_mentions_name_the_stage_that_writes_them_first(tmp_path: Path) -> None:
    workspace = write_bundle(tmp_path / "ws")
    MENTIONS.path(workspace).unlink()
    with pytest.raises(KgprepError, match=r"mentions\.parquet does not exist: run kgprep build-kg on this workspace"):
        read_table(workspace, MENTIONS)


def test_a_table_with_damaged_pages_is_named_and_the_others_are_still_checked(tmp_path: Path) -> None:
    workspace = write_bundle(tmp_path / "ws")
    damage_pages(EDGES.path(workspace))
    FEEDBACK.path(workspace).unlink()
    validation = validate(workspace)
    found = [str(problem) for problem in validation.problems]
    assert any(f"{EDGES.path(workspace)} is damaged: run kgprep build-kg again" in problem for problem in found)
    assert any("dialogues/feedback.parquet: recorded in bundle.json but absent" in problem for problem in found)
    assert "kg/edges" not in validation.rows


def test_a_table_that_no_stage_has_recorded_is_named(tmp_path: Path) -> None:
    workspace = write_bundle(tmp_path / "ws")
    assert not any("no stage" in str(problem) for problem in validate(workspace).problems)
    provenance_path(workspace).unlink()
    write_graph(workspace)
    unrecorded = [problem.table for problem in validate(workspace).problems if "no stage" in problem.rule]
    assert unrecorded == ["dialogues/mentions", "reviews/sentences", "triples/triples"]


def test_a_folder_without_tables_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(KgprepError, match="holds no bundle"):
        validate(tmp_path)
