"""docs/resolution.md: its rules are the code's, its figures and its judged sample are those of the data."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from kgprep.artifacts import ENTITIES, ITEMS, read_table
from kgprep.kg.build import KgConfig, build_kg
from kgprep.kg.resolve import RULES
from tests.kg.differences import NONE, SEED, SIZE, differences, draw, read_peers

PAGE = Path(__file__).parents[2] / "docs" / "resolution.md"
RIGHT_AT_LEAST = 54


def table(first_column: str, number: int = 0) -> list[tuple[str, ...]]:
    """Cells of one of the page's tables whose first column has that name, without its head."""
    rows = [line.strip("|").split("|") if line.startswith("|") else None for line in PAGE.read_text().splitlines()]
    cells = [None if row is None else tuple(cell.strip().strip("`") for cell in row) for row in rows]
    starts = [place for place, row in enumerate(cells) if row is not None and row[0] == first_column]
    found: list[tuple[str, ...]] = []
    for row in cells[starts[number] + 2 :]:
        if row is None:
            break
        found.append(row)
    return found


def test_the_page_lists_the_rules() -> None:
    assert table("method") == [(rule.method, f"{rule.score:g}", rule.says) for rule in RULES]


def test_the_page_sums_up_its_verdicts() -> None:
    verdicts = [row[3] for row in table("film")]
    right = {verdict: verdicts.count(verdict) for verdict in ("ours", "theirs", "neither")}
    assert sum(right.values()) == len(verdicts) == SIZE
    assert all(row[4] for row in table("film"))
    summary = (
        f"Ours is right in {right['ours']} of {SIZE}, the peers' in {right['theirs']}, neither in {right['neither']}."
    )
    assert summary in PAGE.read_text()
    assert right["ours"] >= RIGHT_AT_LEAST


def test_a_sample_depends_on_the_seed_and_its_own_rows() -> None:
    rows = pl.DataFrame({"item_id": [str(number) for number in range(500)], "film": ["A"] * 500})
    drawn = draw(rows)
    assert drawn.height == SIZE
    assert drawn["item_id"].to_list() == draw(rows.sample(fraction=1, shuffle=True, seed=1))["item_id"].to_list()
    assert drawn["item_id"].to_list() != draw(rows, seed=SEED + 1)["item_id"].to_list()
    without_one = rows.filter(pl.col("item_id") != drawn["item_id"][0])
    assert len(set(draw(without_one)["item_id"]) & set(drawn["item_id"])) == SIZE - 1


@pytest.mark.slow
@pytest.mark.real_data
def test_the_page_agrees_with_the_data(tmp_path: Path, real_data: Path) -> None:
    dumps = tuple(sorted((real_data / "dbpedia").iterdir()))
    build_kg(tmp_path, KgConfig(dialogues=f"redial:{real_data / 'redial'}", dumps=dumps))
    entities = read_table(tmp_path, ENTITIES).select("entity_id", "iri")
    items = (
        read_table(tmp_path, ITEMS)
        .join(entities, on="entity_id")
        .with_columns(pl.when(pl.col("method") != "isolated").then("iri").alias("iri"))
    )
    counts = {method: items.filter(pl.col("method") == method).height for method, _ in table("method", 1)[:-1]}
    counts["resolved"] = items["iri"].drop_nulls().len()
    assert table("method", 1) == [(method, f"{count:,}") for method, count in counts.items()]
    found = differences(items, read_peers(real_data / "redial" / "peer_movie_links.tsv"))
    linked, missed = found.height, found.filter(pl.col("ours") == NONE).height
    assert f"For {linked} of these we choose another page, in {missed} cases none." in " ".join(
        PAGE.read_text().split()
    )
    assert [row[:3] for row in table("film")] == draw(found).select("film", "ours", "theirs").rows()
