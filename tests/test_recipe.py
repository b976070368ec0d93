"""What a recipe's settings become, and what it says about mistakes in them."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from kgprep.errors import KgprepError
from kgprep.kg.build import KgConfig, build_kg
from model.config import load_config
from pipelines.outcome import VIEWS, print_variants
from pipelines.recipe import SAMPLE, load_recipe
from pipelines.runner import run_recipe, train_run


def test_lists_and_strings_reach_the_config_whole() -> None:
    settings = ["train.model.recommender.views=[history, graph, reviews]", "train.generate.decoding=nucleus"]
    recipe = load_recipe("sample", settings)
    config = load_config(recipe.train.config, recipe.train.settings)
    assert config.model.recommender.views == ("history", "graph", "reviews")
    assert config.generate.decoding == "nucleus"


def test_a_value_that_is_no_yaml_is_named() -> None:
    with pytest.raises(KgprepError, match=re.escape("--set train.run=[: [ is not YAML")):
        load_recipe("sample", ["train.run=["])


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("align-reviews.map={}", "align-reviews.map is no setting: did you mean maps?"),
        ("build-kg.dump=[]", "build-kg.dump is no setting: did you mean dumps?"),
        ("trian.run=a", "trian is no setting: did you mean train?"),
        ("train=5", "--set train=5: train is a section: set one of its keys, such as train.max_steps=20"),
        ("build-kg=5", "--set build-kg=5: build-kg is a section: set one of its keys"),
        ("build-kg.hops=-1", "build-kg.hops: Input should be greater than or equal to 0: see "),
    ],
)
def test_a_setting_that_is_none_is_named_with_the_nearest(setting: str, sentence: str) -> None:
    with pytest.raises(KgprepError, match=re.escape(sentence)):
        load_recipe("sample", [setting])


def test_a_recipe_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_bytes("description: caf\u00e9".encode("latin-1"))
    with pytest.raises(KgprepError, match=r"own\.yaml is not YAML"):
        load_recipe(str(path))


def test_no_cell_of_the_variants_is_cut_in_a_narrow_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    figures = {f"recall@{k}": {"value": 0.3456, "low": 0.3, "high": 0.4} for k in (1, 10, 50)}
    system = {view: {"samples": 3, **figures} for view in VIEWS}
    responses = {"test": {"perplexity": 26.71, "bleu@2": 0.06942}}
    runs: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "c2crs": ({"c2crs": system}, responses),
        "c2crs-without_coarse_to_fine": ({"c2crs": system}, {}),
        "c2crs-plain_transformer": ({}, responses),
        "c2crs-short": ({}, {"test": {"responses": 0}}),
    }
    for run, (systems, generation) in runs.items():
        (tmp_path / "runs" / run).mkdir(parents=True)
        metrics = {"recommendation": {"test": systems}, "generation": generation}
        (tmp_path / "runs" / run / "metrics.json").write_text(json.dumps(metrics))
    print_variants(tmp_path, list(runs))
    rows = {cells[0]: cells[1:] for line in capsys.readouterr().out.splitlines() if (cells := line.split())}
    recall = ["0.346", "[0.300,", "0.400]"] * len(VIEWS)
    assert rows["c2crs"] == [*recall, "26.7", "0.0694"]
    assert rows["c2crs-without_coarse_to_fine"] == [*recall, "-", "-"]
    assert rows["c2crs-plain_transformer"] == [*["-"] * len(VIEWS), "26.7", "0.0694"]
    assert rows["c2crs-short"] == ["-"] * (len(VIEWS) + 2)


def test_a_run_s_name_is_looked_at_before_any_stage_runs(tmp_path: Path) -> None:
    with pytest.raises(KgprepError, match=r"'\.\./up' cannot name a run"):
        run_recipe("sample", tmp_path / "ws", overrides=["train.run=../up"])
    assert not (tmp_path / "ws").exists()


def test_training_refuses_triples_of_an_earlier_graph(sample_workspace: Path, tmp_path: Path) -> None:
    workspace = Path(shutil.copytree(sample_workspace, tmp_path / "ws"))
    build_kg(workspace, KgConfig(dialogues=f"redial:{SAMPLE / 'redial'}", dumps=(SAMPLE / "dbpedia.nt",), hops=1))
    with pytest.raises(KgprepError, match="align-reviews that are older than build-kg: run kgprep align-reviews again"):
        train_run(workspace, "late", load_config("small", ["max_steps=1"]))
    assert not (workspace / "runs" / "late").exists()
