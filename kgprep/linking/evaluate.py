"""Precision, recall, F1 and calibration of the linker on messages annotated by hand.

Notable here:
- a link is right when it has exactly a gold span, and, for the stricter figure, any of the IRIs listed for it;
- a link counts neither right nor wrong when it is a doubtful mention, or touches one and no gold mention: so a set in
  which all but the mentions is doubtful still counts a link that cuts into a mention as false;
- intervals come from resampling messages, since the mentions of one message are not independent; every figure is made
  of counts that add up over messages.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from kgprep.artifacts import ENTITIES, ITEMS, read_table
from kgprep.linking.calibration import (
    Floats,
    Integers,
    bin_sums,
    equal_count_bins,
    equal_width_bins,
    expected_calibration_error,
    reliability,
)
from kgprep.linking.gold import GoldMessages, read_gold
from kgprep.linking.linker import EntityLinker
from kgprep.linking.linking_report import (
    Calibration,
    Estimate,
    KindFigures,
    LinkError,
    LinkingReport,
    Reliability,
    Score,
)

_SPAN = ("text", "start", "end")
_UNKNOWN_KIND = "unknown"
_WEIGHTS_AT_ONCE = 4_000_000


def evaluate_linking(
    workspace: Path, gold: Path, *, errors: int = 0, resamples: int = 1000, seed: int = 0
) -> LinkingReport:
    """Measure the linker of the bundle in `workspace` on the annotated messages in `gold`.

    Args:
        workspace: folder of the bundle.
        gold: JSON Lines of text, mentions [{start, end, iris or item, kind?}], optional [{start, end}]? and
            context [iri]?, what is already spoken of.
        errors: how many errors to list.
        resamples: bootstrap resamples of messages, at least one.
        seed: of the resampling.

    Raises:
        KgprepError: the gold file is missing or not of that form, or the workspace has no bundle.
    """
    messages = read_gold(gold)
    linker = EntityLinker.from_bundle(workspace)
    entities = read_table(workspace, ENTITIES)
    if messages.mentions["item"].is_not_null().any():
        messages = with_items(messages, read_table(workspace, ITEMS), entities)
    links = linker.link(messages.messages["text"], linker_context(messages, entities))
    return score_links(links, messages, entities, errors=errors, resamples=resamples, seed=seed)


def with_items(gold: GoldMessages, items: pl.DataFrame, entities: pl.DataFrame) -> GoldMessages:
    """Add the IRI of each mention's item to those that are right.

    Args:
        gold: messages, some mentions of which name an item.
        items: the table dialogues/items.
        entities: the table kg/entities.
    """
    iris = items.join(entities, on="entity_id").select("item_id", pl.col("iri").alias("item_iri"))
    named = gold.mentions.join(iris, left_on="item", right_on="item_id", how="left", maintain_order="left")
    mentions = named.with_columns(pl.concat_list("iris", "item_iri").list.drop_nulls()).drop("item_iri")
    return GoldMessages(gold.messages, mentions, gold.optional, gold.context)


def linker_context(gold: GoldMessages, entities: pl.DataFrame) -> pl.DataFrame | None:
    """Return what is spoken of in each message as `EntityLinker.link` takes it, None where no message says.

    Args:
        gold: messages.
        entities: the table kg/entities.
    """
    if gold.context.is_empty():
        return None
    return gold.context.join(entities, on="iri").select("text", "entity_id").unique().sort("text", "entity_id")


def score_links(
    links: pl.DataFrame,
    gold: GoldMessages,
    entities: pl.DataFrame,
    *,
    errors: int = 0,
    resamples: int = 1000,
    seed: int = 0,
) -> LinkingReport:
    """Compare links with annotated messages.

    Args:
        links: text u32, start i32, end i32, word str, iri str, score f32, as `EntityLinker.link` returns them.
        gold: messages.
        entities: the table kg/entities.
        errors: how many errors to list.
        resamples: bootstrap resamples of messages, at least one.
        seed: of the resampling.
    """
    wanted = _with_kind(gold.mentions, entities)
    counted = _without_doubtful(links, wanted, gold.optional)
    found = _judged(counted, wanted, entities)
    kinds = _kinds(wanted, found)
    messages = gold.messages.height
    bins = [way(found["score"].to_numpy()) for way in (equal_width_bins, equal_count_bins)]
    parts = (_overall_counts(messages, wanted, found), _kind_counts(messages, wanted, found, kinds))
    sums = [_calibration_sums(messages, found, bin_of) for bin_of in bins]
    overall, of_kinds, *of_bins = _resampled((*parts, *sums), resamples, seed)
    mentioned, made, right_span, right, silent, disturbed = overall.T
    listed = _errors(wanted, found)
    return LinkingReport(
        messages=messages,
        mentions=wanted.height,
        links=found.height,
        doubtful_links=links.height - counted.height,
        span=_score(mentioned, made, right_span),
        span_and_entity=_score(mentioned, made, right),
        right_entity=_estimate(_ratio(right, right_span)),
        false_links_per_1000_messages=_estimate(1000 * (made - right) / messages),
        messages_without_mention=int(silent[0]),
        falsely_linked=int(disturbed[0]),
        share_falsely_linked=_estimate(_ratio(disturbed, silent)),
        kinds=tuple(_kind_figures(kind, *of_kinds[:, row].T) for row, kind in enumerate(kinds)),
        calibration=Calibration(*(_reliability(found, *pair) for pair in zip(bins, of_bins, strict=True))),
        error_count=listed.height,
        errors=tuple(_described(listed.head(errors), gold.messages)),
        notes=tuple(_notes(gold, wanted, entities)),
    )


def _with_kind(mentions: pl.DataFrame, entities: pl.DataFrame) -> pl.DataFrame:
    """Add whether the graph knows a mention, and fill in its kind from the first entity of it that it knows."""
    kinds = entities.select("iri", pl.col("kind").cast(pl.String).alias("known_kind"))
    known = (
        mentions.select(*_SPAN, pl.col("iris").alias("iri"))
        .explode("iri")
        .join(kinds, on="iri", maintain_order="left")
        .unique(_SPAN, keep="first", maintain_order=True)
        .drop("iri")
    )
    return mentions.join(known, on=_SPAN, how="left", maintain_order="left").with_columns(
        kind=pl.coalesce("kind", "known_kind", pl.lit(_UNKNOWN_KIND)), known=pl.col("known_kind").is_not_null()
    )


def _without_doubtful(links: pl.DataFrame, wanted: pl.DataFrame, optional: pl.DataFrame) -> pl.DataFrame:
    """Drop links that are a doubtful mention, or touch one and no gold mention; a gold span always counts."""
    touching = _touching(links, optional).join(_touching(links, wanted), on=_SPAN, how="anti")
    same = links.join(optional, on=_SPAN, how="semi").join(wanted, on=_SPAN, how="anti")
    doubtful = pl.concat([touching.select(_SPAN), same.select(_SPAN)])
    return links.join(doubtful, on=_SPAN, how="anti", maintain_order="left")


def _touching(links: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    others = places.select("text", other_start="start", other_end="end")
    return links.join(others, on="text").filter(
        (pl.col("start") < pl.col("other_end")) & (pl.col("other_start") < pl.col("end"))
    )


def _judged(links: pl.DataFrame, wanted: pl.DataFrame, entities: pl.DataFrame) -> pl.DataFrame:
    """Add to links span_right, right, and the kind they count under."""
    kind_of_entity = entities.select("iri", pl.col("kind").cast(pl.String).alias("entity_kind"))
    gold = wanted.select(*_SPAN, "iris", pl.col("kind").alias("mention_kind"))
    return (
        links.select(*_SPAN, "word", "iri", "score")
        .join(gold, on=_SPAN, how="left", maintain_order="left")
        .join(kind_of_entity, on="iri", how="left", maintain_order="left")
        .with_columns(span_right=pl.col("iris").is_not_null(), right=pl.col("iri").is_in("iris").fill_null(False))
        .with_columns(
            kind=pl.when("right").then("mention_kind").otherwise(pl.col("entity_kind").fill_null(_UNKNOWN_KIND))
        )
    )


def _kinds(wanted: pl.DataFrame, found: pl.DataFrame) -> list[str]:
    """Return all kinds, the most mentioned first, then by name."""
    mentions = wanted.select("kind", mentions=1)
    links = found.select("kind", mentions=0)
    totals = pl.concat([mentions, links]).group_by("kind").agg(pl.col("mentions").sum())
    return totals.sort("mentions", "kind", descending=[True, False])["kind"].to_list()


def _overall_counts(messages: int, wanted: pl.DataFrame, found: pl.DataFrame) -> Floats:
    """Return mentions, links, right spans, right links, whether without mention, and then linked: [messages, 6]."""
    frames = (wanted, found, found.filter("span_right"), found.filter("right"))
    counts = np.stack([_per_message(frame, messages) for frame in frames], axis=-1)
    silent = counts[:, 0] == 0
    return np.column_stack([counts, silent, silent & (counts[:, 1] > 0)])


def _kind_counts(messages: int, wanted: pl.DataFrame, found: pl.DataFrame, kinds: list[str]) -> Floats:
    """Return mentions, links and right links of each kind: float64 [messages, kinds, 3]."""
    counts = np.zeros((messages, len(kinds), 3))
    for row, kind in enumerate(kinds):
        for column, frame in enumerate((wanted, found, found.filter("right"))):
            counts[:, row, column] = _per_message(frame.filter(pl.col("kind") == kind), messages)
    return counts


def _per_message(frame: pl.DataFrame, messages: int) -> Integers:
    return np.bincount(frame["text"].to_numpy(), minlength=messages)


def _calibration_sums(messages: int, found: pl.DataFrame, bin_of: Integers) -> Floats:
    return bin_sums(bin_of, found["score"].to_numpy(), found["right"].to_numpy(), found["text"].to_numpy(), messages)


def _resampled(parts: tuple[Floats, ...], resamples: int, seed: int) -> Iterator[Floats]:
    """Sum counts over all messages and then over each resample of them.

    Args:
        parts: counts, float64 [messages, ...].
        resamples: how many.
        seed: of the draws.

    Yields:
        Of each part float64 [1 + resamples, ...]; the first row is that of the messages themselves.
    """
    messages = len(parts[0])
    counts = np.concatenate([part.reshape(messages, -1) for part in parts], axis=1)
    rng = np.random.default_rng(seed)
    at_once = max(1, _WEIGHTS_AT_ONCE // messages)
    totals = [counts.sum(axis=0, keepdims=True)]
    for begin in range(0, resamples, at_once):
        draws = (rng.integers(0, messages, messages) for _ in range(min(at_once, resamples - begin)))
        weights = np.stack([np.bincount(draw, minlength=messages) for draw in draws])
        totals.append(weights.astype(np.float64) @ counts)
    ends = np.cumsum([part[0].size for part in parts])[:-1]
    for part, columns in zip(parts, np.split(np.concatenate(totals), ends, axis=1), strict=True):
        yield columns.reshape(len(columns), *part.shape[1:])


def _estimate(values: Floats) -> Estimate:
    """Make an estimate of a figure's value on the messages themselves, the first, and on all resamples."""
    low, high = np.quantile(values[1:], [0.025, 0.975])
    return Estimate(float(values[0]), float(low), float(high))


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.asarray(part / np.maximum(whole, 1), dtype=np.float64)


def _score(mentions: Floats, links: Floats, right: Floats) -> Score:
    f1 = _ratio(2 * right, mentions + links)
    return Score(_estimate(_ratio(right, links)), _estimate(_ratio(right, mentions)), _estimate(f1))


def _kind_figures(kind: str, mentions: Floats, links: Floats, right: Floats) -> KindFigures:
    return KindFigures(kind, int(mentions[0]), int(links[0]), _score(mentions, links, right))


def _reliability(found: pl.DataFrame, bin_of: Integers, sums: Floats) -> Reliability:
    bins = reliability(bin_of, found["score"].to_numpy(), found["right"].to_numpy())
    return Reliability(_estimate(expected_calibration_error(sums)), bins)


def _errors(wanted: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Return text, start, end, kind of error, iri and iris of all errors, in the order of the messages."""
    mislinked = found.filter(~pl.col("right")).select(
        *_SPAN,
        pl.when("span_right").then(pl.lit("wrong entity")).otherwise(pl.lit("false")).alias("error"),
        "iri",
        "iris",
    )
    missed = wanted.join(found, on=_SPAN, how="anti").select(
        *_SPAN, pl.lit("missed").alias("error"), pl.lit(None, pl.String).alias("iri"), "iris"
    )
    return pl.concat([mislinked, missed]).sort(*_SPAN, "error")


def _described(errors: pl.DataFrame, messages: pl.DataFrame) -> Iterator[LinkError]:
    for row, start, end, kind, linked, right in errors.rows():
        line, text = messages.row(row)
        yield LinkError(line, kind, text[start:end], start, linked, tuple(right or ()), text)


def _notes(gold: GoldMessages, wanted: pl.DataFrame, entities: pl.DataFrame) -> Iterator[str]:
    unknown = wanted.filter(~pl.col("known"))
    if unknown.height:
        line = gold.messages["line"][unknown["text"][0]]
        yield (
            f"{unknown.height:,} of {wanted.height:,} mentions name no entity of the bundle and cannot be found, "
            f"the first in line {line}"
        )
    strange = gold.context.join(entities, on="iri", how="anti").height
    if strange:
        yield f"{strange:,} of {gold.context.height:,} IRIs in context are not in the bundle and were left out"
