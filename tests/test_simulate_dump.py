"""A made-up dump: what it holds, that it repeats, and that a graph can be built of it."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from kgprep.artifacts import ENTITIES, ITEMS, read_table
from kgprep.kg.build import KgConfig, build_kg
from kgprep.kg.dumps import LineReport, read_dump
from kgprep.kg.ntriples import CutBlock
from kgprep.simulate import simulate_dump


def _terms(block: CutBlock) -> pl.DataFrame:
    return block.terms


def test_a_dump_has_the_shape_of_dbpedia(tmp_path: Path) -> None:
    summary = simulate_dump(tmp_path, 100_000)
    report = LineReport()
    terms = pl.concat(read_dump(summary.dump, _terms, report, strict=True))
    assert summary.triples == report.triples == terms.height
    assert abs(terms.height - 100_000) < 5_000
    edges = terms.filter(
        pl.col("predicate").str.starts_with("<http://dbpedia.org/ontology/"), pl.col("object").str.starts_with("<")
    )
    assert 500 < edges["predicate"].n_unique() <= 610
    degrees = edges["object"].value_counts()["count"].sort()
    assert degrees[-1] > 20 * degrees[len(degrees) // 2]
    assert terms["subject"].n_unique() > 10_000


@pytest.mark.parametrize("triples", [7_500, 20_000, 350_000])
def test_a_dump_has_as_many_triples_as_it_says(tmp_path: Path, triples: int) -> None:
    assert triples <= simulate_dump(tmp_path, triples).triples <= 1.04 * triples


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    first, second, other = (
        simulate_dump(tmp_path / name, 20_000, seed) for name, seed in (("one", 1), ("two", 1), ("other", 2))
    )
    assert first.dump.read_bytes() == second.dump.read_bytes() != other.dump.read_bytes()


def test_items_are_the_same_in_a_larger_dump_and_are_found(tmp_path: Path) -> None:
    small, large = simulate_dump(tmp_path / "small", 350_000), simulate_dump(tmp_path / "large", 500_000)
    assert small.items.read_bytes() == large.items.read_bytes()
    build_kg(tmp_path / "workspace", KgConfig(items=small.items, dumps=(small.dump,)))
    items = read_table(tmp_path / "workspace", ITEMS)
    assert (items["method"].cast(pl.String) == "isolated").sum() == 0
    entities = read_table(tmp_path / "workspace", ENTITIES)
    assert entities.filter("is_item")["kind"].cast(pl.String).unique().to_list() == ["film"]
