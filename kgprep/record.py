"""The record of a bundle's stages: the file bundle.json, and what it says of an input.

Notable here: each input is named with its sha256, licence and citation.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kgprep.artifacts import SCHEMA_VERSION
from kgprep.errors import KgprepError

_STAGE_KEYS = {
    "tool",
    "fingerprint",
    "finished",
    "parameters",
    "inputs",
    "outputs",
    "counts",
    "tables",
    "seconds",
    "peak_memory_bytes",
}


@dataclass(frozen=True)
class Source:
    """One input file with its size in bytes, and where its text may be used and how to cite it."""

    path: str
    bytes: int
    sha256: str
    licence: str | None = None
    citation: str | None = None


def file_sha256(path: Path) -> str:
    """Return the hexadecimal sha256 of the file at `path`."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def provenance_path(workspace: Path) -> Path:
    """Where the bundle's provenance lies in `workspace`."""
    return workspace / "bundle.json"


def read_record(path: Path) -> dict[str, Any]:
    """Return the record in the file at `path` as a dict, with no stages where there is no file.

    Raises:
        KgprepError: the file cannot be read, is not JSON or no record of stages.
    """
    if not path.exists():
        return {"schema_version": SCHEMA_VERSION, "stages": {}}
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise KgprepError(f"{path} cannot be read ({error.strerror or error}): check the path") from error
    except ValueError as error:
        raise KgprepError(f"{path} is not JSON ({error}): delete it and run the stages again") from error
    stages = record.get("stages") if isinstance(record, dict) else None
    if not isinstance(stages, dict) or not all(map(_is_stage_record, stages.values())):
        raise KgprepError(f"{path} is no record of stages: delete it and run the stages again")
    return dict(record)


def _is_stage_record(value: object) -> bool:
    return isinstance(value, dict) and value.keys() >= _STAGE_KEYS
