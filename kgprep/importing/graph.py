"""The graph of an archive: numbered entities, and from each head a list of [relation, tail]."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from kgprep.counts import Count
from kgprep.errors import KgprepError
from kgprep.importing.archive import EDGE_SCHEMA, entity_iri
from kgprep.importing.files import find, found, read_array, read_object


@dataclass(frozen=True)
class ArchiveGraph:
    """The graph in IRIs: the entities of ids, all entities, edges, items, and what was left out."""

    ids: pl.DataFrame
    iris: pl.Series
    edges: pl.DataFrame
    items: pl.Series
    counts: tuple[Count, ...]
    sources: tuple[Path, ...]


def read_graph(folder: Path, form: str, items_file: str, padding: int | None) -> ArchiveGraph:
    """Return the graph of entity2id.json, dbpedia_subkg.json, the file of items and relation2id.json, if there.

    Args:
        folder: of the archive.
        form: its name, part of the IRI of a relation that nothing names.
        items_file: which lists the ids of items.
        padding: an id that stands for no entity.

    Raises:
        KgprepError: a file is missing or damaged, or an edge or item has an id that no entity has.
    """
    if find(folder, "topic2id.json"):
        raise KgprepError(
            f"{folder} holds an archive of TG-ReDial, whose form is not read: give its dialogues to "
            "kgprep build-kg --dialogues tgredial:PATH"
        )
    entities, edges, items = (found(folder, name) for name in ("entity2id.json", "dbpedia_subkg.json", items_file))
    relations = find(folder, "relation2id.json")
    names = _names(entities, form, padding)
    relation_names = {} if relations is None else _names(relations, form, None)
    known = pl.DataFrame({"id": list(names), "iri": list(names.values())}, schema={"id": pl.Int64, "iri": pl.String})
    pairs = _pairs(edges)
    triples, counts = _in_iris(pairs, known, relation_names, form, edges)
    item_ids = pl.DataFrame({"id": read_array(items)}, schema={"id": pl.Int64}, strict=False).unique(
        maintain_order=True
    )
    item_iris = item_ids.join(known, on="id", how="left", maintain_order="left")
    if item_iris["iri"].null_count():
        first = item_iris.filter(pl.col("iri").is_null())["id"][0]
        raise KgprepError(f"{items} lists {first}, an id that {entities} lacks: give files that belong together")
    sources = (entities, edges, items, *([] if relations is None else [relations]))
    return ArchiveGraph(known, known["iri"].unique().sort(), triples, item_iris["iri"], counts, sources)


def _names(path: Path, form: str, padding: int | None) -> dict[int, str]:
    """Return the IRI of each id."""
    names: dict[int, str] = {}
    for name, number in read_object(path).items():
        if not isinstance(number, int):
            raise KgprepError(f"{path} gives {name} no number: check that it is the archive's file")
        if number != padding:
            names[number] = entity_iri(form, name)
    return names


def _pairs(path: Path) -> pl.DataFrame:
    """Return head, relation and tail as numbers."""
    heads: dict[str, Any] = read_object(path)
    try:
        frame = pl.DataFrame(
            {"head": list(heads), "pair": list(heads.values())},
            schema={"head": pl.String, "pair": pl.List(pl.List(pl.Int64))},
        )
        exploded = frame.explode("pair").drop_nulls("pair")
        return exploded.select(
            pl.col("head").cast(pl.Int64),
            relation=pl.col("pair").list.get(0),
            tail=pl.col("pair").list.get(1),
        )
    except (pl.exceptions.PolarsError, TypeError) as error:
        raise KgprepError(
            f"{path} is no list of [relation, tail] by head: check that it is the archive's file"
        ) from error


def _in_iris(
    pairs: pl.DataFrame, known: pl.DataFrame, relations: Mapping[int, str], form: str, path: Path
) -> tuple[pl.DataFrame, tuple[Count, ...]]:
    between = pairs.filter(pl.col("head") != pl.col("tail"))
    named = between.join(known.rename({"iri": "head_iri"}), left_on="head", right_on="id", how="left").join(
        known.rename({"iri": "tail_iri"}), left_on="tail", right_on="id", how="left"
    )
    lost = named.filter(pl.col("head_iri").is_null() | pl.col("tail_iri").is_null())
    if not lost.is_empty():
        raise KgprepError(
            f"{path} has an edge from {lost['head'][0]} to {lost['tail'][0]}, one of which entity2id.json lacks: "
            "give files that belong together"
        )
    own = pl.lit(f"urn:kgprep:{form}:relation:") + pl.col("relation").cast(pl.String)
    name = pl.col("relation").replace_strict(relations, default=None, return_dtype=pl.String) if relations else None
    edges = named.select(
        head="head_iri", predicate=own if name is None else pl.coalesce(name, own), tail="tail_iri"
    ).unique()
    counts = (
        Count("edges that are no self-loops", between.height, pairs.height),
        Count("edges, each once", edges.height, between.height),
    )
    return edges.sort("head", "predicate", "tail").cast(EDGE_SCHEMA), counts
