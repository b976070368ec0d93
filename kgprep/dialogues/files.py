"""Which files of a folder hold which part of a data set.

Notable here: a path may be a folder in the set's published layout or one file; `test` overrides the test part; parts
are read test first, so that a dialogue which stands in test and in train is kept out of train.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kgprep.errors import KgprepError


@dataclass(frozen=True)
class PartFile:
    """One file and the part it holds; None: undivided."""

    part: str | None
    path: Path


def find_parts(
    path: Path, test: Path | None, layout: Mapping[str, tuple[str, ...]], single: str | None
) -> tuple[PartFile, ...]:
    """Find the files of a data set, test first.

    Args:
        path: a folder or a file.
        test: the file of the test part, if not the folder's own.
        layout: for each part the names it goes by in a folder, the preferred one first.
        single: part that a single file holds (None: undivided).

    Raises:
        KgprepError: a path does not exist, or the folder holds no train part.
    """
    found = _in_folder(path, layout) if path.is_dir() else {single: _existing(path)}
    if test is not None:
        found["test"] = _existing(_in_folder(test, {"test": layout["test"]})["test"] if test.is_dir() else test)
    order = ("test", "valid", "train", None)
    return tuple(PartFile(part, found[part]) for part in order if part in found)


def _in_folder(folder: Path, layout: Mapping[str, tuple[str, ...]]) -> dict[str | None, Path]:
    found: dict[str | None, Path] = {}
    for part, names in layout.items():
        present = [folder / name for name in names if (folder / name).is_file()]
        if present:
            found[part] = present[0]
    required = next(iter(layout))
    if required not in found:
        raise KgprepError(f"{folder} holds none of {', '.join(layout[required])}: check the folder or name a file")
    return found


def _existing(path: Path) -> Path:
    if not path.exists():
        raise KgprepError(f"{path} does not exist: check the path")
    return path


def with_gzip(*names: str) -> tuple[str, ...]:
    """Return every name and, after it, the same with ``.gz``."""
    return tuple(name + ending for name in names for ending in ("", ".gz"))


def beside(path: Path, names: tuple[str, ...]) -> Path | None:
    """Return the first file of these names in the folder `path`, or in the folder of the file `path`."""
    folder = path if path.is_dir() else path.parent
    return next((folder / name for name in names if (folder / name).is_file()), None)
