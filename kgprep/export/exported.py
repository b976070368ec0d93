"""What a target wrote, and what its form could not hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from kgprep.provenance import Count


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
