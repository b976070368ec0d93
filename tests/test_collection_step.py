"""The step of a recipe that collects reviews: what the demo shows, on the sample's pages played on loopback."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from kgprep.errors import KgprepError
from pipelines.collection import CollectStep, collect_run
from pipelines.recipe import SAMPLE, load_recipe

PAGES = SAMPLE / "reviews" / "pages"


def test_the_demo_collects_and_aligns_what_it_collected(sample_workspace: Path) -> None:
    stages = json.loads((sample_workspace / "bundle.json").read_text())["stages"]
    assert stages["collect-reviews"]["outputs"] == ["collected/imdb.jsonl"]
    counts = {count["what"]: (count["kept"], count["total"]) for count in stages["collect-reviews"]["counts"]}
    assert counts["items with reviews"] == (3, 3)
    collected = pl.read_ndjson(sample_workspace / "collected" / "imdb.jsonl")
    assert counts["reviews collected"] == (collected.height, None)
    assert any(source["path"].endswith("collected/imdb.jsonl") for source in stages["align-reviews"]["inputs"])


def test_pages_with_names_do_not_stay_in_the_bundle(sample_workspace: Path) -> None:
    assert [path.name for path in (sample_workspace / "collected").iterdir()] == ["imdb.jsonl"]


def test_a_site_that_forbids_it_is_not_asked(tmp_path: Path) -> None:
    step = CollectStep(site="imdb", items=PAGES / "imdb_titles.txt", contact="https://example.org/")
    with pytest.raises(KgprepError, match="--i-have-permission"):
        collect_run(tmp_path, step)
    assert not (tmp_path / "bundle.json").exists()


def test_the_recipe_names_titles_that_have_a_page() -> None:
    step = load_recipe("sample").collect_reviews
    assert step is not None
    assert step.pages == PAGES
    assert all(list(PAGES.glob(f"imdb_*{title}.html")) for title in step.items.read_text().split())
