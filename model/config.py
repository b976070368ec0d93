"""The settings of a training run; every default is the published one.

Notable here:
- groups are small: text, the model's sizes with `recommender` and `generator` nested in them, the four phases;
- a config is read from YAML or JSON, and single values are set on top as dotted `key=value`;
- an unknown key is an error that names the nearest known one.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kgprep.artifacts import KgprepError

SHIPPED = Path(__file__).parent / "configs"
VARIANTS = SHIPPED / "variants"


class Settings(BaseModel):
    """A group of settings that cannot change and holds no unknown names."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TextConfig(Settings):
    """How utterances and sentences become tokens."""

    min_count: int = Field(default=2, ge=1)  # a word seen less often in the training text is unknown
    max_words: int = Field(default=30_000, ge=1)  # the most frequent words that are kept
    history_tokens: int = Field(default=256, ge=1)  # the most recent tokens of the dialogue that are read
    sentence_tokens: int = Field(default=40, ge=1)  # the first tokens of a review sentence that are read
    response_tokens: int = Field(default=30, ge=2)  # longest response, its end included
    context_mentions: int = Field(default=64, ge=1)  # the most recent mentions of the dialogue that are read


View = Literal["history", "graph", "reviews"]


class RecommenderConfig(Settings):
    """What a user's vector is made of, and how items are scored; the defaults are the paper's."""

    views: tuple[View, ...] = ("graph",)  # whose vectors are added up to the user's
    roles: bool = False  # add a vector of the role whose turn it is
    paths: bool = False  # add what the graph's paths from mentions to items are worth
    repeats: bool = False  # a gate shares the chance between items that were named and all items
    co_mentions: bool = False  # once learnt, mix in what training dialogues mention together
    novelty: float = Field(default=0, ge=0)  # once learnt: log odds for new items when the recommender speaks, or 0
    dropout: float = Field(default=0, ge=0, lt=1)  # of mentioned nodes and of the user's vector, while learning
    forget: float = Field(default=0, ge=0, lt=1)  # share of mentions that are not looked at, while learning
    frequency: bool = False  # biases of items start from how often training asks for them


class GeneratorConfig(Settings):
    """What the decoder reads; the defaults are the paper's."""

    views: tuple[View, ...] = ("history", "graph", "reviews")  # the chain of attention, in this order
    copies: bool = True  # words of the history and of its entities may be copied
    own_tokens: int = Field(default=0, ge=0)  # last tokens that an encoder of its own reads, the chain's first link
    own_words: bool = False  # that encoder's word vectors learn along; else they stay those of the history encoder

    @property
    def links(self) -> int:
        """How many attentions the chain has."""
        return len(self.views) + bool(self.own_tokens)


class ModelConfig(Settings):
    """Sizes of the three encoders and of the decoder, and what they read."""

    views: tuple[View, ...] = ("history", "graph", "reviews")  # what is left out neither contrast nor recommender has
    recommender: RecommenderConfig = RecommenderConfig()
    generator: GeneratorConfig = GeneratorConfig()

    text_dim: int = Field(default=300, ge=2)  # width of words in history, sentences and responses
    graph_dim: int = Field(default=128, ge=1)  # width of nodes, and of the space the three views share
    layers: int = Field(default=2, ge=1)  # layers of each Transformer
    heads: int = Field(default=2, ge=1)  # attention heads; they divide text_dim
    feed_forward_dim: int = Field(default=300, ge=1)  # inner width of a Transformer layer
    dropout: float = Field(default=0.1, ge=0, lt=1)  # in the Transformers
    bases: int = Field(default=8, ge=1)  # basis matrices that the relations share
    graph_layers: int = Field(default=1, ge=1)  # R-GCN layers
    precision: Literal["float32", "bfloat16"] = "float32"  # of products in the text encoders; weights are float32

    @property
    def recommender_views(self) -> tuple[View, ...]:
        """What the recommender reads: its own views as far as they are not left out; nodes stay, without edges."""
        return tuple(view for view in self.recommender.views if view == "graph" or view in self.views)


class PhaseConfig(Settings):
    """How long and how fast one phase learns."""

    epochs: int = Field(default=1, ge=0)  # passes over the training samples; 0 leaves the phase out
    batch: int = Field(default=256, ge=1)  # most samples a step
    places: int = Field(default=65_536, ge=1)  # most history tokens a step, padding counted; bounds the memory
    learning_rate: float = Field(default=1e-3, gt=0)  # of Adam
    clip: float = Field(default=0.1, gt=0)  # largest norm of the gradient
    averaging: float = Field(
        default=0, ge=0, lt=1
    )  # share of the weights' running average that a step keeps; 0: no average
    patience: int = Field(default=3, ge=1)  # epochs without a better validation figure before the phase ends


class SampledConfig(PhaseConfig):
    """A phase that is judged by a part of the validation split."""

    valid_samples: int = Field(default=1000, ge=1)  # most validation contexts or responses looked at


class CoarseConfig(SampledConfig):
    """Coarse contrastive pre-training: the three views of a user are drawn together."""

    epochs: int = Field(default=12, ge=0)  # passes over the training contexts
    temperature: float = Field(default=0.07, gt=0)  # of InfoNCE


class FineConfig(SampledConfig):
    """Fine contrastive pre-training: word, node and sentence of a triple are drawn together."""

    epochs: int = Field(default=13, ge=0)  # passes over the training contexts
    temperature: float = Field(default=0.07, gt=0)  # of InfoNCE
    coarse_weight: float = Field(default=0.2, ge=0)  # weight of the coarse loss beside the fine one


class RecommendConfig(PhaseConfig):
    """Fine-tuning on recommendation, judged by the whole validation split."""

    epochs: int = Field(default=10, ge=0)  # passes over the training samples
    contrastive_weight: float = Field(default=0, ge=0)  # weight of the fine stage's loss beside it: learning at once
    smoothing: float = Field(default=0, ge=0, lt=1)  # share of a target's weight that goes to all items alike


class GenerateConfig(SampledConfig):
    """Learning to respond."""

    epochs: int = Field(default=20, ge=0)  # passes over the training responses
    frequency_threshold: float = Field(default=1500, gt=0)  # beta: tokens seen more often weigh less
    weight_floor: float = Field(default=0.02, ge=0, le=1)  # gamma: least weight of a token
    test_responses: int = Field(default=500, ge=0)  # test responses that are generated and measured
    decoding: Literal["greedy", "beam", "nucleus"] = "greedy"  # how a response is found
    beams: int = Field(default=4, ge=1)  # of beam search
    nucleus: float = Field(default=0.9, gt=0, le=1)  # chance of the tokens that a draw is made from
    calibration: float = Field(default=0, ge=0, le=1)  # power of the tokens' weights that decoding divides out


class TrainConfig(Settings):
    """Everything that decides what `model.train.train` makes of a bundle."""

    seed: int = Field(default=0, ge=0, lt=2**63)  # of weights, order of samples, dropout, draws and bootstrap
    max_steps: int | None = Field(default=None, ge=1)  # most steps of each phase, for short runs
    device: Literal["auto", "cpu", "cuda"] = "auto"  # auto: cuda where there is one
    text: TextConfig = TextConfig()
    model: ModelConfig = ModelConfig()
    coarse: CoarseConfig = CoarseConfig()
    fine: FineConfig = FineConfig()
    recommend: RecommendConfig = RecommendConfig()
    generate: GenerateConfig = GenerateConfig()


def variant_names() -> list[str]:
    """Return the names of the ablations that come with the package: each leaves out a part of what is learnt."""
    return sorted(path.stem for path in VARIANTS.glob("*.yaml"))


def load_config(path: Path | str | None, overrides: Sequence[str] = (), variant: str | None = None) -> TrainConfig:
    """Return the config in a file, changed to a variant, with single values set on top.

    Args:
        path: a YAML or JSON file, or the name of a config shipped in model/configs; None for the published defaults.
        overrides: dotted settings such as `coarse.epochs=3`; values are read as YAML.
        variant: one of `variant_names()`.

    Raises:
        KgprepError: no such file or variant, not YAML, an unknown key, or a value outside its range.
    """
    settings = _read(path) if path is not None else {}
    for override in overrides:
        _set(settings, override)
    if variant is not None:
        if variant not in variant_names():
            raise KgprepError(f"there is no variant {variant}: choose one of {', '.join(variant_names())}")
        settings = _merged(settings, _read(VARIANTS / f"{variant}.yaml"))
    return parse_config(settings, str(path) if path is not None else "the settings")


def differences(one: TrainConfig, other: TrainConfig) -> list[str]:
    """Return each setting in which two configs differ, with the first one's value and the other's."""
    values = ((name, *(attrgetter(name)(config) for config in (one, other))) for name in _keys(TrainConfig))
    return [f"{name} {here}, not {there}" for name, here, there in values if here != there]


def _merged(settings: dict[str, Any], others: dict[str, Any]) -> dict[str, Any]:
    """Return nested settings with others set on top."""
    both = {
        key: _merged(settings[key], other) if isinstance(other, dict) and isinstance(settings.get(key), dict) else other
        for key, other in others.items()
    }
    return {**settings, **both}


def parse_config(settings: Mapping[str, Any], where: str) -> TrainConfig:
    """Check nested settings and return them as a config; `where` names their origin in messages.

    Raises:
        KgprepError: an unknown key, or a value of the wrong kind or outside its range.
    """
    try:
        config = TrainConfig.model_validate(settings)
    except ValidationError as error:
        raise KgprepError(_explain(error, where)) from error
    if config.model.text_dim % config.model.heads:
        raise KgprepError(f"{where}: model.heads must divide model.text_dim ({config.model.text_dim})")
    return config


def _read(path: Path | str) -> dict[str, Any]:
    shipped = SHIPPED / f"{path}.yaml"
    file = shipped if not Path(path).is_file() and shipped.exists() else Path(path)
    try:
        settings = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        names = ", ".join(sorted(shipped.stem for shipped in SHIPPED.glob("*.yaml")))
        raise KgprepError(f"{path} does not exist: give a YAML or JSON file, or one of {names}") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise KgprepError(f"{path} cannot be read as YAML or JSON ({_one_line(error)}): correct it") from error
    if settings is None:
        return {}
    if not isinstance(settings, dict):
        raise KgprepError(f"{path} holds no settings: write lines such as `seed: 1`")
    return settings


def _set(settings: dict[str, Any], override: str) -> None:
    """Put one `a.b=value` into the nested `settings`."""
    name, equals, text = override.partition("=")
    if not equals or not name.strip():
        raise KgprepError(f"{override!r} is not a setting: write it as key=value, for example coarse.epochs=3")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise KgprepError(f"the value in {override!r} is not YAML ({_one_line(error)}): put it in quotes") from error
    *groups, key = name.strip().split(".")
    place = settings
    for group in groups:
        place = place.setdefault(group, {})
        if not isinstance(place, dict):
            raise KgprepError(f"{override!r}: {group} holds a value, no settings below it")
    place[key] = _number(value)


def _number(value: Any) -> Any:
    """Read `1e-3`, which YAML 1.1 takes for text, as the number that it is everywhere else."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _explain(error: ValidationError, where: str) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] != "extra_forbidden":
        return f"{where}: {key} is {first['input']!r}, but: {first['msg'][:1].lower()}{first['msg'][1:]}"
    known = list(_keys(TrainConfig))
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.4)
    ends = difflib.get_close_matches(key.rpartition(".")[2], [name.rpartition(".")[2] for name in known], n=1)
    if ends and not (near and near[0].endswith(ends[0])):
        near = [next(name for name in known if name.rpartition(".")[2] == ends[0])]
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
    return f"{where}: there is no setting {key}: {hint}"


def _keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Yield the dotted name of every setting."""
    for name, field in model.model_fields.items():
        group = field.annotation
        if isinstance(group, type) and issubclass(group, BaseModel):
            yield from _keys(group, f"{prefix}{name}.")
        else:
            yield prefix + name


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
