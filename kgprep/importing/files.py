"""The JSON files of an archive, gzipped or not."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from kgprep.dialogues.lines import read_bytes, read_lines
from kgprep.errors import KgprepError

_MAY_BE_HALF = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F]"
)
"""Matches half of a surrogate pair without the other; and, seldom, what only looks so, behind a backslash."""


def find(folder: Path, name: str) -> Path | None:
    """Return the file called `name`, or `name` with .gz, in `folder`; None where there is none."""
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


def found(folder: Path, name: str) -> Path:
    """Return the file called `name`, gzipped or not.

    Raises:
        KgprepError: there is none.
    """
    path = find(folder, name)
    if path is None:
        raise KgprepError(f"{folder} holds no {name} (nor {name}.gz): give the folder with all of the archive's files")
    return path


def read_object(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file.

    Raises:
        KgprepError: the file cannot be read, or holds no JSON object.
    """
    value = _read(path)
    if not isinstance(value, dict):
        raise KgprepError(f"{path} holds no JSON object: check that it is the archive's file")
    return value


def read_array(path: Path) -> list[Any]:
    """Return the JSON array in a file, or the values of its lines.

    Raises:
        KgprepError: the file cannot be read, or holds neither.
    """
    value = _read_lines(path) if ".jsonl" in path.suffixes else _read(path)
    if not isinstance(value, list):
        raise KgprepError(f"{path} holds no JSON array: check that it is the archive's file")
    return value


def _read(path: Path) -> Any:
    try:
        return _parsed(read_bytes(path), path)
    except (ValueError, RecursionError) as error:
        raise KgprepError(f"{path} is not JSON ({error}): fetch it again") from error


def _read_lines(path: Path) -> list[Any]:
    values = []
    for number, line in read_lines(path):
        try:
            values.append(_parsed(line, path))
        except (ValueError, RecursionError) as error:
            raise KgprepError(f"{path}:{number} is not JSON ({error}): fetch the file again") from error
    return values


def _parsed(content: bytes, path: Path) -> Any:
    value = json.loads(content.decode("utf-8"))
    if _MAY_BE_HALF.search(content):
        try:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError as error:
            half = ascii(error.object[error.start])
            raise KgprepError(f"{path} has the escape {half}, which is half a character: mend it") from error
    return value
