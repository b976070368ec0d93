"""Configs: what is shipped loads, what is mistyped is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from kgprep.artifacts import KgprepError
from model.config import SHIPPED, TrainConfig, load_config


@pytest.mark.parametrize("name", sorted(path.stem for path in SHIPPED.glob("*.yaml")))
def test_a_shipped_config_loads(name: str) -> None:
    assert isinstance(load_config(name), TrainConfig)


def test_the_default_config_has_the_published_settings() -> None:
    config = load_config("c2crs")
    assert (config.model.text_dim, config.model.graph_dim, config.model.bases) == (300, 128, 8)
    assert (config.model.layers, config.model.heads, config.model.graph_layers) == (2, 2, 1)
    assert (config.coarse.epochs, config.fine.epochs, config.coarse.batch) == (12, 13, 256)
    assert (config.coarse.temperature, config.fine.coarse_weight) == (0.07, 0.2)
    assert (config.coarse.learning_rate, config.coarse.clip) == (1e-3, 0.1)
    assert (config.text.history_tokens, config.text.sentence_tokens) == (256, 40)
    assert (config.generate.frequency_threshold, config.generate.weight_floor) == (1500, 0.02)


def test_values_are_set_on_top(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("seed: 3\nmodel: {text_dim: 16}\n")
    config = load_config(path, ["coarse.learning_rate=1e-2", "max_steps=5"])
    assert (config.seed, config.model.text_dim, config.coarse.learning_rate, config.max_steps) == (3, 16, 0.01, 5)


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("sead=1", "did you mean seed?"),
        ("model.text_dims=8", "did you mean model.text_dim?"),
        ("recommend.valid_samples=5", "there is no setting recommend.valid_samples"),
        ("coarse.epochs", "write it as key=value"),
        ("coarse.epochs=-1", "coarse.epochs is -1"),
        ("seed.deep=1", "seed"),
        ("model.heads=7", "model.heads must divide model.text_dim"),
        ("seed=[", "is not YAML"),
    ],
)
def test_a_wrong_setting_is_named(override: str, words: str) -> None:
    with pytest.raises(KgprepError, match=words.replace("?", r"\?")):
        load_config("small", [override])


def test_a_missing_config_names_those_there_are() -> None:
    with pytest.raises(KgprepError, match="one of c2crs, c2crs_fused, small"):
        load_config("smal")
