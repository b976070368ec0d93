"""A slice of ConceptNet beside the dialogues: concepts with ids, edges between them, and the words that name them.

Notable here:
- an edge is kept if a training utterance says one of its ends, so a slice of any size shrinks to what is talked about;
- a word names the concept that is spelt like its lower case; a concept of several words is a node but never a word;
- ids go from 1 in the order of the alphabet, since 0 pads.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from kgprep.counts import Count
from kgprep.errors import KgprepError

_COLUMNS = ("relation", "head", "tail")


@dataclass(frozen=True)
class Concepts:
    """Ids by concept, edges (relation, head and tail, as words), and what was counted on the way."""

    ids: dict[str, int]
    edges: pl.DataFrame
    counts: tuple[Count, ...]


def read_concepts(path: Path | None, turns: pl.DataFrame) -> Concepts:
    """Return the concepts around what the training utterances say; none without a file.

    Args:
        path: one edge a line: relation, head and tail, separated by tabs; ``.gz`` is looked through.
        turns: split, and text as list[str].

    Raises:
        KgprepError: the file cannot be read, is not in that form, or has nothing to do with the dialogues.
    """
    if path is None:
        return Concepts({}, pl.DataFrame(schema=dict.fromkeys(_COLUMNS, pl.String)), ())
    edges = _read_edges(path)
    said = (
        turns.filter(pl.col("split").cast(pl.String) == "train")
        .select(word=pl.col("text").list.explode(empty_as_null=False).str.to_lowercase())
        .unique()
    )["word"]
    about = edges.filter(pl.col("head").is_in(said.implode()) | pl.col("tail").is_in(said.implode()))
    if about.is_empty():
        raise KgprepError(
            f"{path} has no edge at a word of the training utterances: check its language, and that its lines are "
            "relation, head and tail separated by tabs"
        )
    names = pl.concat([about["head"], about["tail"]]).unique().sort()
    ids = {name: number for number, name in enumerate(names, start=1)}
    return Concepts(
        ids, about, (Count("edges of the concepts", about.height, edges.height), Count("concepts", len(ids)))
    )


def _read_edges(path: Path) -> pl.DataFrame:
    """Return the file's distinct edges, sorted; what follows a slash in ``dog/n`` goes, and case with it."""
    wrong = KgprepError(
        f"{path} is no slice of ConceptNet: give one edge a line, relation, head and tail separated by tabs"
    )
    try:
        edges = pl.read_csv(
            path,
            glob=False,
            separator="\t",
            has_header=False,
            quote_char=None,
            infer_schema=False,
            raise_if_empty=False,
        )
    except FileNotFoundError as error:
        raise KgprepError(f"{path} does not exist: check the path") from error
    except OSError as error:
        raise KgprepError(f"cannot read {path} ({error.strerror or error}): check the path") from error
    except pl.exceptions.PolarsError as error:
        raise wrong from error
    if edges.width != len(_COLUMNS):
        raise wrong
    word = pl.col("head", "tail").str.split("/").list.first().str.to_lowercase().str.strip_chars()
    return (
        edges.rename(dict(zip(edges.columns, _COLUMNS, strict=True)))
        .with_columns(word)
        .filter((pl.col("head") != "") & (pl.col("tail") != "") & pl.col("relation").is_not_null())
        .unique()
        .sort(_COLUMNS)
    )


def named_concepts(turns: pl.DataFrame, concepts: Concepts) -> pl.Series:
    """Return for each turn the concepts its words name, as list[str] without repeats, in the order of the words.

    Args:
        turns: dialogue_id, turn, and text as list[str].
        concepts: as read.
    """
    known = pl.DataFrame({"word": list(concepts.ids)}, schema={"word": pl.String})
    row = pl.int_range(turns.height, eager=True)
    said = (
        pl.DataFrame({"row": row, "word": turns["text"]})
        .explode("word", empty_as_null=False)
        .with_columns(pl.col("word").str.to_lowercase())
        .join(known, on="word", how="semi", maintain_order="left")
        .group_by("row", maintain_order=True)
        .agg(pl.col("word").unique(maintain_order=True))
    )
    found = pl.DataFrame({"row": row}).join(said, on="row", how="left", maintain_order="left")
    return found.select(pl.col("word").fill_null(pl.lit([], dtype=pl.List(pl.String))))["word"]
