"""Files of one record a line, read with the place of every line kept, so that a skipped one can be shown.

Notable here:
- a file may be compressed; one that ends early is an error, for half a data set must not pass as a whole one;
- a line that cannot be used is skipped, counted by reason, and the first few places are kept as notes.
"""

from __future__ import annotations

import codecs
import io
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kgprep.compression import read_blocks
from kgprep.counts import PLACES_SHOWN, Count
from kgprep.errors import KgprepError

JSON_LINES = (".jsonl", ".ndjson", ".json")
"""Suffixes of such files."""
_BLOCK_BYTES = 8 * 2**20

Place = int | str
"""A line's number from 1, or, in a file without lines, words such as "record 7"."""


@dataclass
class Skips:
    """What was skipped: how often for each reason, and the first few places; and what else is to be told."""

    reasons: Counter[str] = field(default_factory=Counter)
    places: dict[str, list[str]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def add(self, reason: str, path: Path, place: Place, times: int = 1) -> None:
        """Count `times` skipped rows, or parts of a row, at one place."""
        if not times:
            return
        self.reasons[reason] += times
        places = self.places.setdefault(reason, [])
        if len(places) < PLACES_SHOWN:
            separator = ":" if isinstance(place, int) else ", "
            places.append(f"{path}{separator}{place}: {reason}")

    def remark(self, remark: str) -> None:
        """Note something of a file that is no skip."""
        self.remarks.append(remark)

    @property
    def total(self) -> int:
        """How many were skipped for any reason."""
        return self.reasons.total()

    @property
    def counts(self) -> tuple[Count, ...]:
        """One count a reason, sorted."""
        return tuple(Count(f"skipped: {reason}", times) for reason, times in sorted(self.reasons.items()))

    @property
    def notes(self) -> tuple[str, ...]:
        """Remarks, and the first few places of every reason."""
        return (*self.remarks, *(place for _, places in sorted(self.places.items()) for place in places))


def read_bytes(path: Path) -> bytes:
    """Return the file's content, decompressed; errors as in `read_lines`."""
    return b"".join(read_blocks(path, _BLOCK_BYTES))


def read_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the number, from 1, and the content of every line that is not blank.

    Raises:
        KgprepError: the file is missing, unreadable, cut short or damaged.
    """
    lines = (line for block in read_blocks(path, _BLOCK_BYTES) for line in io.BytesIO(block))
    for number, line in enumerate(lines, start=1):
        if number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        if not line.isspace():
            yield number, line


def read_json_lines(path: Path, skips: Skips) -> Iterator[tuple[int, Any]]:
    """Yield line number and value of every line that holds JSON in UTF-8; others go to `skips`.

    Raises:
        KgprepError: as in `read_lines`.
    """
    for number, line in read_lines(path):
        try:
            value = json.loads(line.decode("utf-8"))
        except UnicodeDecodeError:
            skips.add("the line is not UTF-8", path, number)
            continue
        except (ValueError, RecursionError):
            skips.add("the line is not JSON", path, number)
            continue
        yield number, value


def read_json_records(path: Path, skips: Skips) -> Iterator[tuple[Place, Any]]:
    """Yield place and value of every record of a JSON array, of JSON Lines, or of a file that is one JSON object.

    Raises:
        KgprepError: as in `read_lines`, or the array is not whole.
    """
    content = read_bytes(path).removeprefix(codecs.BOM_UTF8)
    is_array = content.lstrip().startswith(b"[")
    try:
        value = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        if is_array:
            raise KgprepError(f"{path} is not a whole JSON array ({error}): fetch it again or mend it") from error
        yield from read_json_lines(path, skips)
        return
    records = value if is_array else [value]
    for number, record in enumerate(records, start=1):
        yield f"record {number}", record
