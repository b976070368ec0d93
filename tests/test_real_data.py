"""The main path on ReDial, DBpedia and IMDb reviews, and on the sample's Chinese part."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from kgprep.artifacts import ITEMS, MENTIONS, SENTENCES, TRIPLES, read_table
from kgprep.kg.build import KgConfig, build_kg
from kgprep.reviews.align import AlignConfig, align_reviews
from kgprep.validate import validate
from model.config import load_config
from pipelines.recipe import SAMPLE, load_recipe
from pipelines.runner import evaluate_run, train_run


@pytest.mark.slow
@pytest.mark.real_data
def test_redial_goes_from_dialogues_to_valid_triples(
    real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KGPREP_DATA", str(real_data))
    recipe = load_recipe("redial")
    build = build_kg(tmp_path, recipe.build_kg)
    align = align_reviews(tmp_path, AlignConfig(reviews=(recipe.align_reviews.reviews[0],)))
    assert validate(tmp_path).problems == ()
    assert max(build.peak_memory, align.peak_memory) < 4 * 2**30
    items = read_table(tmp_path, ITEMS)
    assert items.height == 6924
    assert items.filter(pl.col("method").cast(pl.String) != "isolated").height >= 6600
    gold = read_table(tmp_path, MENTIONS).filter(pl.col("method").cast(pl.String) == "gold")
    assert read_table(tmp_path, TRIPLES).height > 0.95 * gold.height
    assert read_table(tmp_path, SENTENCES)["entity_id"].n_unique() > 30_000
    inputs = json.loads((tmp_path / "bundle.json").read_text())["stages"]["build-kg"]["inputs"]
    assert all(source["licence"] for source in inputs)


def test_the_chinese_sample_goes_from_dialogues_to_metrics(tmp_path: Path) -> None:
    dialogues = KgConfig(
        dialogues=f"tgredial:{SAMPLE / 'tgredial'}", dumps=(SAMPLE / "dbpedia.nt",), languages=("zh", "en")
    )
    build_kg(tmp_path, dialogues)
    align_reviews(tmp_path, AlignConfig(reviews=(f"douban:{SAMPLE / 'reviews' / 'douban_comments.jsonl'}",)))
    assert validate(tmp_path).problems == ()
    gold = read_table(tmp_path, MENTIONS).filter(pl.col("method").cast(pl.String) == "gold")
    assert gold.height > 300
    train_run(tmp_path, "short", load_config("small", ["max_steps=2"]))
    metrics = evaluate_run(tmp_path, "short")
    assert metrics["recommendation"]["test"]["c2crs"]["all_roles/all_targets"]["samples"] > 20
