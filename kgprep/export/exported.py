"""What a target is given beside the bundle, what it wrote, and what its form could not hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from kgprep.counts import Count


class ExportOptions(BaseModel):
    """What some targets take beside the bundle; a target refuses what it has no use for.

    Args:
        concepts: a slice of ConceptNet, one edge a line: relation, head and tail, separated by tabs.
        vectors: word vectors in word2vec's text form, one word a line.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    concepts: Path | None = None
    vectors: Path | None = None


@dataclass(frozen=True)
class Exported:
    """Counts of what was written, and one sentence for each thing of the bundle that the form leaves out.

    `usage` is the line or lines of code that read the folder; `card` is what its README.md begins with, for sites that
    read it; `folder` and `target` are known once it is in place.
    """

    counts: tuple[Count, ...]
    lost: tuple[str, ...]
    usage: str
    card: str = ""
    target: str = ""
    folder: Path = field(default_factory=Path)
