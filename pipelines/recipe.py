"""Recipes: a YAML file that says which stages to run on which data with which parameters.

Notable here:
- a recipe's sections are the stages' own configs, so every option of a stage is one of a recipe;
- ``${data}`` stands for the data folder, ``${sample}`` for the embedded sample;
- a requirement names files and the sentence to show where they are absent.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kgprep.errors import KgprepError
from kgprep.kg.build import KgConfig
from kgprep.reviews.align import AlignConfig
from kgprep.sources import data_folder
from pipelines.collection import CollectStep

RECIPES = Path(__file__).parent
SAMPLE = RECIPES / "sample"

SECTIONS = {
    "build-kg": "build-kg.hops=1",
    "collect-reviews": "collect-reviews.limit=10",
    "align-reviews": "align-reviews.sentences_per_entity=5",
    "train": "train.max_steps=20",
}
"""The sections of a recipe that hold settings, and an example of each."""


class Requirement(BaseModel):
    """Files of which at least one must exist, and how to get them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    any_of: tuple[Path, ...]
    otherwise: str


class TrainStep(BaseModel):
    """The run to train: its name, a config by name or path, and any setting of the config beside them."""

    model_config = ConfigDict(frozen=True, extra="allow")

    run: str = "c2crs"
    config: str = "c2crs"

    @property
    def settings(self) -> list[str]:
        """Settings that differ from the config, as dotted ``key=value``."""
        # JSON is YAML on one line, lists too.
        return [f"{key}={json.dumps(value)}" for key, value in _flatten(self.model_extra or {})]


class Recipe(BaseModel):
    """What to run, on what, and the figures it gave when it was last run in earnest."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    description: str
    requires: tuple[Requirement, ...] = ()
    build_kg: KgConfig = Field(alias="build-kg")
    collect_reviews: CollectStep | None = Field(default=None, alias="collect-reviews")
    align_reviews: AlignConfig = Field(alias="align-reviews")
    train: TrainStep
    figures: dict[str, Any] = {}

    def check_requirements(self) -> None:
        """Raise a `KgprepError` that says how to get the first missing requirement."""
        for requirement in self.requires:
            if not any(path.exists() for path in requirement.any_of):
                wanted = " or ".join(str(path) for path in requirement.any_of)
                raise KgprepError(f"{wanted} does not exist: {requirement.otherwise}")


def recipe_names() -> list[str]:
    """Return the names of the recipes that come with the package."""
    return sorted(path.stem for path in RECIPES.glob("*.yaml"))


def load_recipe(name: str, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe by name or path.

    Args:
        name: one of `recipe_names()`, or the path of a YAML file.
        overrides: settings as ``section.key=value``; the value is YAML.

    Raises:
        KgprepError: no such recipe, or a key or value in it is wrong.
    """
    path = _find(name)
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise KgprepError(f"{path} is not YAML ({str(error).splitlines()[0]}): mend it and run again") from error
    if not isinstance(raw, dict):
        raise KgprepError(f"{path} holds no recipe: it needs description, build-kg, align-reviews and train")
    for override in overrides:
        _override(raw, override)
    places = {"data": str(data_folder()), "sample": str(SAMPLE)}
    try:
        return Recipe.model_validate(_substitute(raw, places, path))
    except ValidationError as error:
        raise KgprepError(f"{path}: {_fault(error)}") from error


def _fault(error: ValidationError) -> str:
    """Say what is wrong first, and what may stand there."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    *sections, key = (str(part) for part in first["loc"])
    if first["type"] != "extra_forbidden" or len(sections) > 1:
        return f"{where}: {first['msg']}: see {RECIPES / 'sample.yaml'} for the form of a recipe"
    steps: dict[str, type[BaseModel]] = {
        "build-kg": KgConfig,
        "collect-reviews": CollectStep,
        "align-reviews": AlignConfig,
    }
    model = steps.get(sections[0], Recipe) if sections else Recipe
    known = [field.alias or name for name, field in model.model_fields.items()]
    near = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean {near[0]}" if near else f"there are {', '.join(known)}"
    return f"{where} is no setting: {hint}?"


def _find(name: str) -> Path:
    path = Path(name)
    if path.suffix in {".yaml", ".yml"}:
        if not path.is_file():
            raise KgprepError(f"{path} does not exist: give a recipe's path or one of {', '.join(recipe_names())}")
        return path
    if name not in recipe_names():
        near = difflib.get_close_matches(name, recipe_names(), n=1)
        hint = f"did you mean {near[0]}" if near else f"there are {', '.join(recipe_names())}"
        raise KgprepError(f"there is no recipe {name}: {hint}?")
    return RECIPES / f"{name}.yaml"


def _override(raw: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    if not equals:
        raise KgprepError(f"--set {override}: write it as section.key=value, such as train.max_steps=20")
    *sections, last = key.split(".")
    if key in SECTIONS:
        raise KgprepError(f"--set {override}: {key} is a section: set one of its keys, such as {SECTIONS[key]}")
    if not sections:
        raise KgprepError(f"--set {override}: name the section too: build-kg.{key}, align-reviews.{key} or train.{key}")
    target = raw
    for section in sections:
        target = target.setdefault(section, {})
        if not isinstance(target, dict):
            raise KgprepError(f"--set {override}: {section} is a value, not a section")
    try:
        target[last] = yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise KgprepError(f"--set {override}: {value} is not YAML ({str(error).splitlines()[0]})") from error


def _substitute(value: Any, places: Mapping[str, str], path: Path) -> Any:
    """Fill ``${data}`` and ``${sample}`` into every string of a YAML value."""
    match value:
        case dict():
            return {key: _substitute(inner, places, path) for key, inner in value.items()}
        case list():
            return [_substitute(inner, places, path) for inner in value]
        case str():
            try:
                return Template(value).substitute(places)
            except (KeyError, ValueError) as error:
                raise KgprepError(f"{path}: {value}: only ${{data}} and ${{sample}} are known there") from error
        case _:
            return value


def _flatten(settings: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    flat: list[tuple[str, Any]] = []
    for key, value in settings.items():
        if isinstance(value, dict):
            flat += _flatten(value, f"{prefix}{key}.")
        else:
            flat.append((prefix + key, value))
    return flat
