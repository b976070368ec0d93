"""Files that several targets write in the same way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def write_json(path: Path, value: Any) -> None:
    """Write `value` as one line of JSON, in UTF-8 as it stands."""
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
