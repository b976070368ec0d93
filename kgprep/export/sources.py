"""The outside files that a bundle was made from, each once, with all that any stage knew of it.

Notable here: a file is known by its sha256, and its place stays out, since forms that hold this go to other people.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, order=True)
class SourceFile:
    """One file: name, sha256, size in bytes, and its licence and citation where a stage was told them."""

    name: str
    sha256: str
    bytes: int
    licence: str | None
    citation: str | None


def source_files(records: Iterable[Mapping[str, Any]]) -> list[SourceFile]:
    """Return the sources of the given records of bundle.json's stages, by name.

    Args:
        records: the records; where several have one file, what the first says of its licence and citation holds.
    """
    known: dict[str, SourceFile] = {}
    for source in (source for record in records for source in record["inputs"]):
        before = known.get(source["sha256"])
        known[source["sha256"]] = SourceFile(
            before.name if before else Path(source["path"]).name,
            source["sha256"],
            source["bytes"],
            (before and before.licence) or source["licence"],
            (before and before.citation) or source["citation"],
        )
    return sorted(known.values(), key=lambda source: (source.name, source.sha256))
