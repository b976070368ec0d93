"""A bundle of a handful of rows with everything awkward in it, for the rooms that only read bundles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from kgprep.artifacts import (
    ALIASES,
    DESCRIPTIONS,
    EDGES,
    ENTITIES,
    FEEDBACK,
    ITEMS,
    MENTIONS,
    RELATIONS,
    SENTENCES,
    TRIPLES,
    UTTERANCES,
    Table,
)
from kgprep.stage import Stage

DUMP = "dump <1>.nt"
DBR = "http://dbpedia.org/resource/"
DBO = "http://dbpedia.org/ontology/"
FILM = [f"{DBO}Film", f"{DBO}Work"]

ENTITY_ROWS = [
    (0, f"{DBR}Andy_Muschietti", "Andy Muschietti", "person", [f"{DBO}Person"], None, None, False, 1),
    (1, f"{DBR}Horror_film", "Horror film", "genre", [], None, None, False, 2),
    (2, f"{DBR}It_(2017_film)", 'It "2017" \\ <b>&', "film", FILM, 2017, "tt1396484", True, 2),
    (3, f"{DBR}Us_(2019_film)", "Us", "film", FILM, 2019, None, True, 1),
    (4, "urn:kgprep:redial:a b", "A film\nnobody knows", "film", [], None, None, True, 0),
]
RELATION_ROWS = [
    (0, f"{DBO}director", "director", None, 1),
    (1, f"{DBO}genre", "genre", None, 2),
    (2, f"{DBO}director", "director_inverse", 0, 1),
    (3, f"{DBO}genre", "genre_inverse", 1, 2),
]
EDGE_ROWS = [(0, 2, 2), (1, 3, 2), (1, 3, 3), (2, 0, 0), (2, 1, 1), (3, 1, 1)]
ALIAS_ROWS = [("Andy Muschietti", 0, "label", 1.0), ("Us", 3, "label", 1.0), ("小丑回魂", 2, "title", 1.0)]
UTTERANCE_ROWS = [
    ("train", "7", 0, "seeker", "I haven't seen @1, it's scary"),
    ("train", "7", 1, "recommender", "Andy Muschietti made @1. Us too"),
    ("test", "9", 0, "seeker", "@2 or @1"),
    ("test", "9", 1, "recommender", "你好，看过《它》吗"),
]
MENTION_ROWS = [
    ("7", 0, 15, 17, "@1", 2, "gold", 1.0),
    ("7", 1, 0, 15, "Andy Muschietti", 0, "link", 0.9),
    ("7", 1, 21, 23, "@1", 2, "gold", 1.0),
    ("7", 1, 25, 27, "Us", 3, "link", 0.6),
    ("9", 0, 0, 2, "@2", 4, "gold", 1.0),
    ("9", 0, 6, 8, "@1", 2, "gold", 1.0),
]
SENTENCE_ROWS = [(0, "description", None, 2, 0, "A clown <script>alert(1)</script> wakes.", 0.5)]
TRIPLE_ROWS = [("train", "7", 0, 15, 17, "@1", 2, 0, SENTENCE_ROWS[0][5], 0.5)]


def _frame(table: Table, rows: list[Any]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=table.schema, orient="row")


def write_bundle(workspace: Path) -> Path:
    """Write the bundle to `workspace` with the provenance of its stages, and return the workspace."""
    write_graph(workspace)
    write_alignment(workspace)
    return workspace


def write_alignment(workspace: Path, **parameters: float) -> None:
    """Write what align-reviews makes of the bundle, as if with these parameters."""
    with Stage("align-reviews", workspace, parameters) as stage:
        stage.source(workspace / DUMP)
        stage.write(MENTIONS, _frame(MENTIONS, MENTION_ROWS))
        stage.write(SENTENCES, _frame(SENTENCES, SENTENCE_ROWS))
        stage.write(TRIPLES, _frame(TRIPLES, TRIPLE_ROWS))


def write_graph(workspace: Path, hops: int = 2) -> None:
    """Write what build-kg makes of the bundle, as if with so many hops."""
    dump = workspace / DUMP
    workspace.mkdir(parents=True, exist_ok=True)
    dump.write_text("", encoding="utf-8")
    with Stage("build-kg", workspace, {"hops": hops}) as stage:
        stage.source(dump, "CC BY-SA 3.0", "Lehmann & al. 2015")
        stage.count("items resolved", 2, 3)
        stage.write(ENTITIES, _frame(ENTITIES, ENTITY_ROWS))
        stage.write(RELATIONS, _frame(RELATIONS, RELATION_ROWS))
        stage.write(EDGES, _frame(EDGES, EDGE_ROWS))
        stage.write(ALIASES, _frame(ALIASES, ALIAS_ROWS))
        stage.write(DESCRIPTIONS, _frame(DESCRIPTIONS, [(2, "en", 'A "film".\nOf 2017.', "comment")]))
        stage.write(ITEMS, _frame(ITEMS, [("1", "It", 2017, "tt1396484", 2, "imdb_id", 1.0)]))
        stage.write(UTTERANCES, _frame(UTTERANCES, UTTERANCE_ROWS))
        stage.write(FEEDBACK, _frame(FEEDBACK, []))


def damage_pages(path: Path) -> None:
    """Overwrite the first data pages of a Parquet file and leave its footer whole."""
    whole = path.read_bytes()
    path.write_bytes(whole[:4] + bytes(196) + whole[200:])
