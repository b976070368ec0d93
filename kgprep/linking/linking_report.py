"""What a measurement of the linker says, for people and as JSON.

Notable here: a figure that depends on the messages drawn is an `Estimate`, with the interval that says how much.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from kgprep.linking.calibration import Bin

ErrorKind = Literal["missed", "false", "wrong entity"]

_TEXT_SHOWN = 60
_IRIS_SHOWN = 2


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class Score:
    """Precision, recall and F1; each is 0 where there is nothing to divide by."""

    precision: Estimate
    recall: Estimate
    f1: Estimate


@dataclass(frozen=True)
class KindFigures:
    """One kind of entity: right links and mentions count under the mention's kind, false links under the entity's."""

    kind: str
    mentions: int
    links: int
    span_and_entity: Score


@dataclass(frozen=True)
class Reliability:
    """The expected calibration error for one way of making bins, and its bins."""

    error: Estimate
    bins: tuple[Bin, ...]


@dataclass(frozen=True)
class Calibration:
    """How far scores are from the share of right links, in ten bins of equal width and in ten of equal count."""

    equal_width: Reliability
    equal_count: Reliability


@dataclass(frozen=True)
class LinkError:
    """One mistake: `message` is its line in the gold file, `linked` and `right` are IRIs."""

    message: int
    kind: ErrorKind
    word: str
    start: int
    linked: str | None
    right: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        place = f"line {self.message:<5} {self.kind:<12} {self.word!r}"
        return f"{place}{self._verdict()}\n{' ' * 11}in: {self._surroundings()}"

    def _verdict(self) -> str:
        linked = "" if self.linked is None else f" -> {_short(self.linked)}"
        if not self.right:
            return linked
        more = len(self.right) - _IRIS_SHOWN
        right = " or ".join(map(_short, self.right[:_IRIS_SHOWN])) + (f" or {more} more" if more > 0 else "")
        return f"{linked}, right: {right}"

    def _surroundings(self) -> str:
        begin, end = max(self.start - _TEXT_SHOWN, 0), self.start + len(self.word) + _TEXT_SHOWN
        shown = " ".join(self.text[begin:end].split())
        return f"{'…' if begin else ''}{shown}{'…' if end < len(self.text) else ''}"


@dataclass(frozen=True)
class LinkingReport:
    """How well the linker did on one gold file.

    Attributes:
        messages: how many there are.
        mentions: how many are to be found.
        links: how many were made, without the doubtful ones.
        doubtful_links: links that count neither right nor wrong.
        span: a link is right when its place is.
        span_and_entity: a link is right when its place is and its entity is one of those listed.
        right_entity: share of the links in the right place whose entity is right.
        false_links_per_1000_messages: links with a wrong place or entity.
        messages_without_mention: how many there are.
        falsely_linked: how many of these have a link.
        share_falsely_linked: the same as a share.
        kinds: figures per kind, the most mentioned first.
        calibration: of the scores, right being place and entity.
        error_count: all errors.
        errors: the first of them.
        notes: what else to know about the gold file.
    """

    messages: int
    mentions: int
    links: int
    doubtful_links: int
    span: Score
    span_and_entity: Score
    right_entity: Estimate
    false_links_per_1000_messages: Estimate
    messages_without_mention: int
    falsely_linked: int
    share_falsely_linked: Estimate
    kinds: tuple[KindFigures, ...]
    calibration: Calibration
    error_count: int
    errors: tuple[LinkError, ...]
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return everything as values that JSON knows."""
        return asdict(self)

    def __str__(self) -> str:
        parts = (
            [self._size(), *self.notes],
            _table(("", "precision", "recall", "F1"), self._scores()),
            _table(("kind", "mentions", "links", "precision", "recall", "F1"), map(_kind_row, self.kinds)),
            list(self._single_figures()),
            _table(("scores", "links", "mean", "right"), map(_bin_row, self.calibration.equal_width.bins)),
            self._errors(),
        )
        return "\n\n".join("\n".join(part) for part in parts if part)

    def _size(self) -> str:
        doubtful = f" (and {self.doubtful_links:,} doubtful, not counted)" if self.doubtful_links else ""
        return f"{self.messages:,} messages, {self.mentions:,} mentions, {self.links:,} links{doubtful}"

    def _scores(self) -> list[tuple[str, ...]]:
        scores = (("span", self.span), ("span and entity", self.span_and_entity))
        return [(name, *_score_cells(score)) for name, score in scores if self.mentions]

    def _single_figures(self) -> Iterator[str]:
        """Yield the figures that there is something to make of."""
        if self.mentions:
            yield f"right entity at a right span      {self.right_entity}"
        false = self.false_links_per_1000_messages
        yield f"false links per 1,000 messages    {false.value:.0f} [{false.low:.0f}, {false.high:.0f}]"
        if self.messages_without_mention:
            disturbed = f"{self.falsely_linked:,} of {self.messages_without_mention:,}"
            yield f"messages without mention, linked  {disturbed}, share {self.share_falsely_linked}"
        if self.links:
            width, count = self.calibration.equal_width.error, self.calibration.equal_count.error
            yield f"expected calibration error        {width}, in bins of equal count {count}"

    def _errors(self) -> list[str]:
        if not self.errors:
            return []
        return [f"{len(self.errors):,} of {self.error_count:,} errors", *map(str, self.errors)]


def _score_cells(score: Score) -> tuple[str, ...]:
    return str(score.precision), str(score.recall), str(score.f1)


def _kind_row(figures: KindFigures) -> tuple[str, ...]:
    return figures.kind, f"{figures.mentions:,}", f"{figures.links:,}", *_score_cells(figures.span_and_entity)


def _bin_row(row: Bin) -> tuple[str, ...]:
    return f"{row.low:.2f} to {row.high:.2f}", f"{row.links:,}", f"{row.mean_score:.3f}", f"{row.share_right:.3f}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lay out rows under their head, the first column to the left and the others to the right; nothing without rows."""
    body = list(rows)
    if not body:
        return []
    widths = [max(map(len, column)) for column in zip(head, *body, strict=True)]
    return [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in (head, *body)
    ]


def _short(iri: str) -> str:
    return iri.rpartition("/")[2] or iri
