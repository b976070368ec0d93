"""Checks of a whole bundle: each table against its schema, the references between tables, and what the words promise.

Notable here:
- keys, references and nulls are checked from the `Table` constants, so a new table is covered by declaring it;
- what a schema cannot say (a mention's word is its slice, ids follow the IRIs) is one small function each;
- a check never stops at its first finding: all problems are returned, each with an example.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from kgprep.artifacts import (
    EDGES,
    ENTITIES,
    FEEDBACK,
    ITEMS,
    MENTIONS,
    RELATIONS,
    SENTENCE_MENTIONS,
    SENTENCES,
    TABLES,
    TRIPLES,
    UTTERANCES,
    KgprepError,
    Reference,
    Table,
    collect_table,
    scan_table,
)
from kgprep.commit import finish_commit
from kgprep.provenance import outdated_stages, read_provenance, unrecorded_tables


@dataclass(frozen=True)
class Problem:
    """One broken rule: how many rows break it, and the first of them; without rows, the example says what is wrong."""

    table: str
    rule: str
    rows: int
    example: str

    def __str__(self) -> str:
        rows = f"{self.rows:,} rows, such as " if self.rows else ""
        return f"{self.table}: {self.rule}: {rows}{self.example}"


@dataclass(frozen=True)
class Validation:
    """What was checked, table by table with its rows, and what was found."""

    rows: dict[str, int]
    checks: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class Rule:
    """A promise about `tables` that their schemas cannot express; `broken` returns the rows that break it."""

    tables: tuple[Table, ...]
    text: str
    broken: Callable[..., pl.LazyFrame]


def validate(workspace: Path) -> Validation:
    """Check every table of the bundle in `workspace`.

    Raises:
        KgprepError: the workspace holds no table at all, or as in `finish_commit`.
    """
    finish_commit(workspace)
    present = [table for table in TABLES.values() if table.path(workspace).exists()]
    if not present:
        raise KgprepError(f"{workspace} holds no bundle: run kgprep build-kg -w {workspace} first")
    problems: list[Problem] = []
    readable: dict[str, pl.LazyFrame] = {}
    for table in present:
        try:
            frame = scan_table(workspace, table)
            # Nulls are counted only in order to read every page.
            collect_table(workspace, table, frame.select(pl.all().null_count()))
        except KgprepError as error:
            problems.append(Problem(table.name, "cannot be read", 0, str(error)))
        else:
            readable[table.name] = frame
    problems += _missing_tables(workspace)
    problems += [
        Problem(table.name, "no stage in bundle.json records it", 0, f"run {table.stage} again or delete the table")
        for table in unrecorded_tables(workspace)
    ]
    checks = len(present) + 2
    for name, text, broken in _checks(readable):
        checks += 1
        rows = broken.collect()
        if rows.height:
            problems.append(Problem(name, text, rows.height, str(rows.row(0, named=True))))
    for stage in outdated_stages(workspace):
        problems.append(Problem("bundle.json", f"{stage} is older than the stage before it", 0, f"run {stage} again"))
    rows_by_table = {name: frame.select(pl.len()).collect().item() for name, frame in readable.items()}
    return Validation(rows_by_table, checks + 1, tuple(problems))


def _missing_tables(workspace: Path) -> list[Problem]:
    """Find tables that a stage recorded and that are gone."""
    outputs = [
        (stage, output)
        for stage, record in read_provenance(workspace)["stages"].items()
        for output in record["outputs"]
    ]
    return [
        Problem(output, "recorded in bundle.json but absent", 0, f"run {stage} again")
        for stage, output in outputs
        if not (workspace / output).exists()
    ]


def _checks(frames: dict[str, pl.LazyFrame]) -> Iterator[tuple[str, str, pl.LazyFrame]]:
    for name, frame in frames.items():
        table = TABLES[name]
        yield from ((name, text, broken) for text, broken in _schema_checks(table, frame))
        for reference in table.references:
            if reference.target in frames:
                text = f"{', '.join(reference.columns)} must stand in {reference.target}"
                yield name, text, _dangling(frame, frames[reference.target], reference)
    for rule in RULES:
        if all(table.name in frames for table in rule.tables):
            yield rule.tables[0].name, rule.text, rule.broken(*(frames[table.name] for table in rule.tables))


def _schema_checks(table: Table, frame: pl.LazyFrame) -> Iterator[tuple[str, pl.LazyFrame]]:
    required = [column.name for column in table.columns if not column.nullable]
    yield "a required column is null", frame.filter(pl.any_horizontal(pl.col(required).is_null()))
    if table.key:
        duplicated = frame.group_by(table.key).len().filter(pl.col("len") > 1)
        yield f"{', '.join(table.key)} must be unique", duplicated


def _dangling(frame: pl.LazyFrame, target: pl.LazyFrame, reference: Reference) -> pl.LazyFrame:
    pointing = frame.filter(pl.all_horizontal(pl.col(reference.columns).is_not_null()))
    return pointing.join(target, left_on=reference.columns, right_on=reference.target_columns, how="anti")


def _ids_out_of_order(entities: pl.LazyFrame) -> pl.LazyFrame:
    ordered = entities.sort("iri").with_row_index("expected")
    return ordered.filter(pl.col("expected") != pl.col("entity_id"))


def _self_loops(edges: pl.LazyFrame) -> pl.LazyFrame:
    return edges.filter(pl.col("head") == pl.col("tail"))


def _edge_counts_that_differ(relations: pl.LazyFrame, edges: pl.LazyFrame) -> pl.LazyFrame:
    counted = edges.group_by(pl.col("relation").alias("relation_id")).agg(pl.len().alias("found"))
    return relations.join(counted, on="relation_id", how="left").filter(pl.col("edges") != pl.col("found").fill_null(0))


def _inverses_that_are_missing(edges: pl.LazyFrame, relations: pl.LazyFrame) -> pl.LazyFrame:
    inverse = relations.filter(pl.col("inverse_of").is_not_null()).select(
        pl.col("inverse_of").alias("relation"), pl.col("relation_id").alias("inverse")
    )
    return edges.join(inverse, on="relation").join(
        edges, left_on=("tail", "inverse", "head"), right_on=("head", "relation", "tail"), how="anti"
    )


def _items_not_marked(items: pl.LazyFrame, entities: pl.LazyFrame) -> pl.LazyFrame:
    return items.join(entities.filter("is_item"), on="entity_id", how="anti")


def _turns_with_gaps(utterances: pl.LazyFrame) -> pl.LazyFrame:
    turns = utterances.group_by("dialogue_id").agg(pl.col("turn").max().alias("last"), pl.len().alias("turns"))
    return turns.filter(pl.col("last") + 1 != pl.col("turns").cast(pl.Int64))


def _dialogues_in_two_splits(utterances: pl.LazyFrame) -> pl.LazyFrame:
    return (
        utterances.group_by("dialogue_id").agg(pl.col("split").n_unique().alias("splits")).filter(pl.col("splits") > 1)
    )


def _dialogues_told_in_two_splits(utterances: pl.LazyFrame) -> pl.LazyFrame:
    told = (
        utterances.sort("dialogue_id", "turn")
        .group_by("dialogue_id", maintain_order=True)
        .agg(pl.col("split").first(), pl.struct("role", "text").alias("said"))
    )
    splits = told.group_by("said").agg(pl.col("dialogue_id"), pl.col("split").n_unique().alias("splits"))
    return splits.filter(pl.col("splits") > 1).select("dialogue_id", "splits")


def _words_that_differ(mentions: pl.LazyFrame, texts: pl.LazyFrame, on: list[str]) -> pl.LazyFrame:
    length = pl.col("end") - pl.col("start")
    found = pl.col("text").str.slice(pl.col("start"), length.clip(lower_bound=0))
    inside = (pl.col("start") >= 0) & (length > 0) & (pl.col("end") <= pl.col("text").str.len_chars())
    joined = mentions.join(texts.select(*on, "text"), on=on)
    return joined.filter(~inside | (found != pl.col("word")))


def _overlapping(mentions: pl.LazyFrame, on: list[str]) -> pl.LazyFrame:
    ordered = mentions.sort(*on, "start")
    return ordered.filter(pl.col("start") < pl.col("end").shift(1).over(on))


def _words_of_utterances(mentions: pl.LazyFrame, utterances: pl.LazyFrame) -> pl.LazyFrame:
    return _words_that_differ(mentions, utterances, ["dialogue_id", "turn"])


def _words_of_sentences(mentions: pl.LazyFrame, sentences: pl.LazyFrame) -> pl.LazyFrame:
    return _words_that_differ(mentions, sentences, ["sentence_id"])


def _overlaps_in_utterances(mentions: pl.LazyFrame) -> pl.LazyFrame:
    return _overlapping(mentions, ["dialogue_id", "turn"])


def _overlaps_in_sentences(mentions: pl.LazyFrame) -> pl.LazyFrame:
    return _overlapping(mentions, ["sentence_id"])


def _feedback_of_no_dialogue(feedback: pl.LazyFrame, utterances: pl.LazyFrame) -> pl.LazyFrame:
    return feedback.join(utterances, on="dialogue_id", how="anti")


def _sentences_that_differ(triples: pl.LazyFrame, sentences: pl.LazyFrame) -> pl.LazyFrame:
    joined = triples.join(sentences.select("sentence_id", "text"), on="sentence_id")
    return joined.filter(pl.col("sentence") != pl.col("text"))


def _splits_that_differ(triples: pl.LazyFrame, utterances: pl.LazyFrame) -> pl.LazyFrame:
    return triples.join(utterances, on=["dialogue_id", "turn", "split"], how="anti")


def _triples_without_mention(triples: pl.LazyFrame, mentions: pl.LazyFrame) -> pl.LazyFrame:
    return triples.join(mentions, on=["dialogue_id", "turn", "start", "end", "word", "entity_id"], how="anti")


RULES = (
    Rule((ENTITIES,), "entity_id must follow the order of the IRIs from 0", _ids_out_of_order),
    Rule((EDGES,), "an edge must not be a self-loop", _self_loops),
    Rule((RELATIONS, EDGES), "edges must be the number of rows in kg/edges", _edge_counts_that_differ),
    Rule(
        (EDGES, RELATIONS),
        "an edge of a relation with an inverse must have its inverse edge",
        _inverses_that_are_missing,
    ),
    Rule((ITEMS, ENTITIES), "an item's entity must have is_item", _items_not_marked),
    Rule((UTTERANCES,), "turns must run from 0 without gaps", _turns_with_gaps),
    Rule((UTTERANCES,), "a dialogue must lie in one split", _dialogues_in_two_splits),
    Rule((UTTERANCES,), "the words of a dialogue must not stand in another split", _dialogues_told_in_two_splits),
    Rule((MENTIONS, UTTERANCES), "word must be text[start:end]", _words_of_utterances),
    Rule((MENTIONS,), "mentions must not overlap", _overlaps_in_utterances),
    Rule((FEEDBACK, UTTERANCES), "feedback must belong to a dialogue", _feedback_of_no_dialogue),
    Rule((SENTENCE_MENTIONS, SENTENCES), "word must be text[start:end]", _words_of_sentences),
    Rule((SENTENCE_MENTIONS,), "mentions must not overlap", _overlaps_in_sentences),
    Rule((TRIPLES, SENTENCES), "sentence must be the text of sentence_id", _sentences_that_differ),
    Rule((TRIPLES, UTTERANCES), "split must be that of the dialogue", _splits_that_differ),
    Rule((TRIPLES, MENTIONS), "a triple must come from a mention", _triples_without_mention),
)
