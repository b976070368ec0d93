"""Precision, recall and F1 of the linker on messages annotated by hand.

Notable here:
- a link is right when it has exactly a gold span, and, for the stricter figure, any of the IRIs listed for it;
- links that touch a doubtful mention count neither right nor wrong;
- intervals come from resampling messages, since the mentions of one message are not independent.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from kgprep.artifacts import KgprepError
from kgprep.linking.linker import EntityLinker

_SPAN = ("text", "start", "end")
_GOLD_SPANS = pl.Schema([("text", pl.UInt32), ("start", pl.Int32), ("end", pl.Int32), ("iris", pl.List(pl.String))])


@dataclass(frozen=True)
class Score:
    """Precision, recall and F1, and F1's 95 % interval."""

    precision: float
    recall: float
    f1: float
    low: float
    high: float

    def __str__(self) -> str:
        figures = f"P {self.precision:.3f}  R {self.recall:.3f}  F1 {self.f1:.3f}"
        return f"{figures}  [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class LinkingReport:
    """How well the linker did on one gold file."""

    messages: int
    mentions: int
    links: int
    span: Score
    span_and_entity: Score
    false_links_per_1000_messages: float
    errors: tuple[str, ...]

    def __str__(self) -> str:
        lines = [
            f"{self.messages:,} messages, {self.mentions:,} mentions, {self.links:,} links",
            f"span              {self.span}",
            f"span and entity   {self.span_and_entity}",
            f"false links per 1,000 messages: {self.false_links_per_1000_messages:.0f}",
        ]
        return "\n".join([*lines, *self.errors])


def evaluate_linking(
    workspace: Path, gold: Path, *, errors: int = 0, resamples: int = 1000, seed: int = 0
) -> LinkingReport:
    """Measure the linker of the bundle in `workspace` on the annotated messages in `gold`.

    Args:
        workspace: folder of the bundle.
        gold: JSON Lines of text, mentions [{start, end, iris}] and optional [{start, end}].
        errors: how many missed and false links to list.
        resamples: bootstrap resamples of messages.
        seed: of the resampling.

    Raises:
        KgprepError: the gold file is missing or not of that form.
    """
    messages = _read_gold(gold)
    texts = pl.Series("text", [message["text"] for message in messages], dtype=pl.String)
    wanted = _spans(messages, "mentions")
    doubtful = _spans(messages, "optional")
    links = _without_doubtful(EntityLinker.from_bundle(workspace).link(texts), doubtful)
    found = links.join(wanted, on=_SPAN, how="left", maintain_order="left").with_columns(
        span_right=pl.col("iris").is_not_null(), right=pl.col("iri").is_in(pl.col("iris")).fill_null(False)
    )
    per_message = _per_message(len(messages), wanted, found)
    draws = np.random.default_rng(seed).integers(0, len(messages), (resamples, len(messages)))
    return LinkingReport(
        messages=len(messages),
        mentions=wanted.height,
        links=links.height,
        span=_score(per_message[:, [0, 1, 2]], draws),
        span_and_entity=_score(per_message[:, [0, 1, 3]], draws),
        false_links_per_1000_messages=1000 * found.filter(~pl.col("right")).height / len(messages),
        errors=_list_errors(texts, wanted, found, errors),
    )


def _read_gold(path: Path) -> list[dict[str, Any]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise KgprepError(f"{path} cannot be read ({error.strerror}): give a file of annotated messages") from error
    messages = []
    for number, line in enumerate(lines, start=1):
        try:
            message = json.loads(line)
            message["text"], message["mentions"]
        except (ValueError, KeyError, TypeError) as error:
            raise KgprepError(f"{path}, line {number}: not a message with text and mentions: mend that line") from error
        messages.append(message)
    if not messages:
        raise KgprepError(f"{path} holds no message: give a file of annotated messages")
    return messages


def _spans(messages: list[dict[str, Any]], field: str) -> pl.DataFrame:
    rows = [
        (row, span["start"], span["end"], span.get("iris", []))
        for row, message in enumerate(messages)
        for span in message.get(field, [])
    ]
    return pl.DataFrame(rows, schema=_GOLD_SPANS, orient="row")


def _without_doubtful(links: pl.DataFrame, doubtful: pl.DataFrame) -> pl.DataFrame:
    spans = doubtful.select("text", doubtful_start="start", doubtful_end="end")
    touching = links.join(spans, on="text").filter(
        (pl.col("start") < pl.col("doubtful_end")) & (pl.col("doubtful_start") < pl.col("end"))
    )
    return links.join(touching, on=_SPAN, how="anti", maintain_order="left")


def _per_message(messages: int, wanted: pl.DataFrame, found: pl.DataFrame) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return gold mentions, links, right spans, right links: float64 [messages, 4]."""
    counts = np.zeros((messages, 4))
    columns = (
        wanted["text"],
        found["text"],
        found.filter("span_right")["text"],
        found.filter("right")["text"],
    )
    for column, texts in enumerate(columns):
        counts[:, column] = np.bincount(texts.to_numpy(), minlength=messages)
    return counts


def _score(counts: np.ndarray[Any, Any], draws: np.ndarray[Any, Any]) -> Score:
    precision, recall, f1 = _figures(counts.sum(axis=0))
    resampled = _figures(counts[draws].sum(axis=1).T)[2]
    low, high = np.quantile(resampled, [0.025, 0.975])
    return Score(float(precision), float(recall), float(f1), float(low), float(high))


def _figures(totals: np.ndarray[Any, Any]) -> tuple[Any, Any, Any]:
    mentions, links, right = totals
    precision = right / np.maximum(links, 1)
    recall = right / np.maximum(mentions, 1)
    return precision, recall, 2 * right / np.maximum(mentions + links, 1)


def _list_errors(texts: pl.Series, wanted: pl.DataFrame, found: pl.DataFrame, most: int) -> tuple[str, ...]:
    false = found.filter(~pl.col("right")).select("text", "start", "end", "word", "iri")
    missed = wanted.join(found.filter("right"), on=_SPAN, how="anti")
    lines = [f"false   {word!r} -> {iri}   in: {texts[row]}" for row, _, _, word, iri in false.head(most).rows()]
    lines += [
        f"missed  {texts[row][start:end]!r} = {' or '.join(iris)}   in: {texts[row]}"
        for row, start, end, iris in missed.head(most).rows()
    ]
    return tuple(lines)
