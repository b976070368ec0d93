"""Ablations: each variant takes out what it says, and a recipe trains all of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from kgprep.artifacts import KgprepError
from model.config import load_config, variant_names
from model.contrastive import total
from model.data import read_corpus
from model.graph import read_graph
from model.phases import phases_of
from model.system import System, coarse_loss, contexts_of, make_system
from pipelines.runner import evaluate_run, run_recipe

PHASES = ["coarse", "fine", "recommend", "generate"]


@pytest.mark.parametrize(
    ("variant", "phases"),
    [
        ("without_coarse_to_fine", ["recommend", "generate"]),
        ("without_coarse", ["fine", "recommend", "generate"]),
        ("without_fine", ["coarse", "recommend", "generate"]),
        ("multi_task", ["recommend", "generate"]),
        ("without_history", PHASES),
        ("without_graph", PHASES),
        ("without_reviews", PHASES),
    ],
)
def test_a_variant_has_the_phases_that_it_says(sample_workspace: Path, variant: str, phases: list[str]) -> None:
    config = load_config("small", variant=variant)
    system = _system(sample_workspace, variant)
    corpus = read_corpus(sample_workspace, config.text)
    found = list(phases_of(system, corpus, config))
    assert [phase.name for phase in found] == phases
    recommend = found[phases.index("recommend")]
    learnt = {id(weight) for weight in recommend.learns}
    assert all(id(weight) in learnt for weight in system.encoders.parameters()) == (variant == "multi_task")
    assert total(recommend.loss(recommend.read(torch.arange(8)))).isfinite()


@pytest.mark.parametrize("views", ["[graph]", "[history, history]", "[]"])
def test_contrast_of_fewer_than_two_views_is_left_out_and_said_to_be(
    sample_workspace: Path, views: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config = load_config("small", [f"model.views={views}"])
    corpus = read_corpus(sample_workspace, config.text)
    found = phases_of(make_system(corpus, read_graph(sample_workspace), config.model), corpus, config)
    assert [phase.name for phase in found] == ["recommend", "generate"]
    said = capsys.readouterr().err
    assert said.count("left out, contrast takes two of model.views") == 2


def test_the_plain_transformer_learns_to_respond_from_the_history_alone(sample_workspace: Path) -> None:
    config = load_config("small", variant="plain_transformer")
    system = _system(sample_workspace, "plain_transformer")
    corpus = read_corpus(sample_workspace, config.text)
    (phase,) = phases_of(system, corpus, config)
    assert phase.name == "generate"
    torch.autograd.backward(total(phase.loss(phase.read(torch.arange(8)))))
    assert not any(weight.grad is not None for weight in system.encoders.parameters())
    touched = {name for name, weight in system.generator.named_parameters() if weight.grad is not None}
    assert any(name.startswith("own_encoder") for name in touched)
    assert not any(name.startswith(("copy_", "from_graph")) for name in touched)


def test_every_variant_is_tested_above_and_named_in_an_error() -> None:
    assert len(variant_names()) == 8
    with pytest.raises(KgprepError, match="choose one of multi_task, plain_transformer, without_coarse"):
        load_config("small", variant="without_sense")


@pytest.mark.parametrize(
    ("variant", "untouched"),
    [
        ("without_history", "history_encoder"),
        ("without_reviews", "sentence_encoder"),
        ("without_graph", "graph_encoder"),
    ],
)
def test_what_is_left_out_learns_nothing_from_contrast(sample_workspace: Path, variant: str, untouched: str) -> None:
    config = load_config("small", variant=variant)
    system = _system(sample_workspace, variant)
    corpus = read_corpus(sample_workspace, config.text)
    contexts = contexts_of(system, corpus, corpus.splits["train"].contexts[:32], config.text)
    torch.autograd.backward(total(coarse_loss(system, contexts, 0.07)))
    touched = {
        name.split(".")[0]
        for name, weight in system.encoders.named_parameters()
        if weight.grad is not None and bool(weight.grad.any())
    }
    assert untouched not in touched
    assert touched


@pytest.mark.parametrize(
    ("variant", "unread"), [("without_history", "from_history"), ("without_reviews", "from_reviews")]
)
def test_what_is_left_out_is_not_read_by_a_recommender_that_adds_it(
    sample_workspace: Path, variant: str, unread: str
) -> None:
    views = ["model.recommender.views=[history,graph,reviews]"]
    whole, left = (_system(sample_workspace, name, views).recommender for name in (None, variant))
    assert getattr(whole, unread) is not None
    assert getattr(left, unread) is None


def _system(workspace: Path, variant: str | None, settings: Sequence[str] = ()) -> System:
    config = load_config("small", settings, variant)
    torch.manual_seed(0)
    return make_system(read_corpus(workspace, config.text), read_graph(workspace), config.model)


def test_a_recipe_trains_and_measures_its_variants(sample_workspace: Path, tmp_path: Path) -> None:
    workspace = Path(shutil.copytree(sample_workspace, tmp_path / "ws"))
    settings = ["train.max_steps=2", "train.generate.epochs=0", "train.generate.test_responses=0"]
    result = run_recipe("sample", workspace, overrides=settings, variants=True)
    assert result.runs == ("c2crs", *(f"c2crs-{variant}" for variant in variant_names()))
    for run in result.runs:
        metrics = json.loads((workspace / "runs" / run / "metrics.json").read_text())
        systems = metrics["recommendation"]["test"]
        assert systems["popularity"]["all_roles/all_targets"]["samples"] > 0
        # What has not learnt is not measured.
        assert ("c2crs" in systems) == ("c2crs_new_items" in systems) == (run != "c2crs-plain_transformer")
        assert metrics["generation"] == {}
    evaluate_run(workspace, "c2crs", "valid")
    assert run_recipe("sample", workspace, overrides=settings, variants=True).ran == ()
    (workspace / "runs" / "c2crs" / "metrics.json").unlink()
    assert run_recipe("sample", workspace, overrides=settings, variants=True).ran == ("evaluate/c2crs",)
