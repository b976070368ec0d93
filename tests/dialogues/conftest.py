"""Writers of small files in the data sets' own forms."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

WriteLines = Callable[[str, Sequence[object]], Path]


@pytest.fixture
def write_lines(tmp_path: Path) -> WriteLines:
    """Write values as JSON Lines, and strings and bytes as they are; gzipped where the name ends in .gz."""

    def as_bytes(value: object) -> bytes:
        if isinstance(value, bytes):
            return value
        return (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)).encode()

    def write(name: str, values: Sequence[object]) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = b"".join(as_bytes(value) + b"\n" for value in values)
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return path

    return write
