"""How many of how many: what every filter says it kept, printed where it arises and stored in the bundle."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

PLACES_SHOWN = 3
"""Of what is skipped for one reason, so many places are shown."""


@dataclass(frozen=True)
class Count:
    """How many of how many: `kept` of `total` `what`; `total` is None for a plain number."""

    what: str
    kept: int
    total: int | None = None

    def __str__(self) -> str:
        if self.total is None:
            return f"{self.what}: {self.kept:,}"
        share = f" ({100 * self.kept / self.total:.1f} %)" if self.total else ""
        return f"{self.what}: {self.kept:,} of {self.total:,}{share}"


def added_up(counts: Iterable[Count]) -> list[Count]:
    """Add up the counts of the same thing, in the order in which each came first."""
    sums: dict[str, Count] = {}
    for count in counts:
        before = sums.get(count.what, Count(count.what, 0, None if count.total is None else 0))
        total = None if count.total is None or before.total is None else before.total + count.total
        sums[count.what] = Count(count.what, before.kept + count.kept, total)
    return list(sums.values())
