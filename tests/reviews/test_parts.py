"""Attached reviews in parts: every review in one part, with all others of its entity, whatever the corpora's order."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from kgprep.artifacts import ALIASES, DESCRIPTIONS, EDGES, ENTITIES, ITEMS, REVIEWS, SENTENCES, read_table
from kgprep.record import file_sha256
from kgprep.reviews.align import AlignConfig, align_reviews
from kgprep.reviews.choose import Graph
from kgprep.reviews.corpora import corpus_spec
from kgprep.reviews.gathered import gather_reviews
from kgprep.reviews.parts import attach
from tests.reviews.conftest import REVIEWS as ROWS
from tests.reviews.conftest import write_json_lines


@pytest.fixture
def graph(workspace: Path) -> Graph:
    return Graph(*(read_table(workspace, table) for table in (ENTITIES, EDGES, ALIASES, DESCRIPTIONS, ITEMS)))


@pytest.mark.parametrize(("bytes_a_part", "parts"), [(1, 2), (10_000, 1)])
def test_an_entity_lies_in_one_part(graph: Graph, reviews_file: Path, bytes_a_part: int, parts: int) -> None:
    with gather_reviews([corpus_spec(f"imdb:{reviews_file}")]) as gathered:
        attached = attach(gathered, graph, bytes_a_part)
        frames = list(attached.parts())
        assert attached.number == len(frames) == parts
        every = pl.concat(frames)
        assert every["entity_id"].is_sorted()
        assert sorted(every["text"]) == sorted(_attached_texts(gathered.numbered().collect()))
        assert attached.reviewed["entity_id"].to_list() == every["entity_id"].unique().sort().to_list()


def _attached_texts(reviews: pl.DataFrame) -> list[str]:
    return reviews.filter(pl.col("imdb_id").is_in(["tt0113277", "tt0140352"]))["text"].to_list()


def test_without_reviews_there_is_one_empty_part(graph: Graph) -> None:
    with gather_reviews([]) as gathered:
        attached = attach(gathered, graph)
        assert [part.height for part in attached.parts()] == [0]
        assert attached.reviewed.is_empty()


def test_the_order_of_corpora_changes_no_table(workspace: Path, tmp_path: Path) -> None:
    first = write_json_lines(tmp_path / "first.jsonl", ROWS[:1])
    second = write_json_lines(tmp_path / "second.jsonl", ROWS[1:])
    sums = []
    for files in ([first, second], [second, first]):
        align_reviews(workspace, AlignConfig(reviews=tuple(f"imdb:{file}" for file in files)))
        sums.append([file_sha256(table.path(workspace)) for table in (REVIEWS, SENTENCES)])
    assert sums[0] == sums[1]
