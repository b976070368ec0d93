"""The outside sources of data_manifest.yaml as verified local files.

Notable here:
- files lie under the data folder: KGPREP_DATA, else XDG_DATA_HOME/kgprep, else ~/.local/share/kgprep;
- a checksum that nobody published is recorded in data_manifest.lock in the data folder at the first download and
  enforced after;
- a file gets its name only when its checksum is right; archives are then unpacked beside themselves;
- `locate` finds a source's file by role, whether fetched, unpacked or laid there by hand under another known name.
"""

from __future__ import annotations

import importlib.resources
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kgprep.artifacts import write_beside
from kgprep.download import discard_part, download, part_path
from kgprep.errors import KgprepError, no_file
from kgprep.progress import console
from kgprep.record import file_sha256
from kgprep.unpack import DamagedArchive, unpack

LOCK_NAME = "data_manifest.lock"


class RemoteFile(BaseModel):
    """One file of a source: its place under the source's folder, where to get it, and how to know that it is right."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field(pattern=r"^[^/\\]+$")
    url: str | None = Field(pattern=r"^https?://")
    sha256: str | None = Field(pattern=r"^[0-9a-f]{64}$")
    size: int | None = Field(ge=0)
    unpack: bool = False


class DataSource(BaseModel):
    """One outside source: what it is, under which terms, and its files.

    `roles` maps what `locate` is asked for ("train") to the file names that can serve, in order of preference; recipes
    name their files themselves.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    folder: str = Field(pattern=r"^[^/\\.][^/\\]*$")
    description: str
    page: str
    licence: str
    citation: str
    files: tuple[RemoteFile, ...]
    roles: Mapping[str, tuple[str, ...]]
    obtain: str | None = None

    @property
    def size(self) -> int | None:
        """Bytes of all files together; None where one is not known."""
        sizes = [file.size for file in self.files]
        known = [size for size in sizes if size is not None]
        return sum(known) if len(known) == len(sizes) else None

    @property
    def fetchable(self) -> bool:
        """Whether every file has an address that a program can fetch."""
        return all(file.url for file in self.files)


class Manifest(BaseModel):
    """All outside sources."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sources: tuple[DataSource, ...]

    def source(self, name: str) -> DataSource:
        """Return the source called `name`, or raise a `KgprepError` that lists those there are."""
        for source in self.sources:
            if source.name == name:
                return source
        names = ", ".join(source.name for source in self.sources)
        raise KgprepError(f"there is no source {name!r} in data_manifest.yaml: choose from {names}")


class Terms(NamedTuple):
    """Under which licence an input may be used, and how to cite it; None where nothing is known."""

    licence: str | None
    citation: str | None


@dataclass(frozen=True)
class Fetched:
    """One file that `fetch` made sure of, and how."""

    source: str
    path: Path
    how: Literal["present", "downloaded", "copied"]
    size: int
    sha256: str


@cache
def read_manifest(path: Path | None = None) -> Manifest:
    """Return the manifest at `path`, by default the one that kgprep comes with.

    Raises:
        KgprepError: the file is absent or not of the manifest's form.
    """
    text, place = _manifest_text(path)
    try:
        return Manifest.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise KgprepError(f"{place} is not YAML ({' '.join(str(error).split())}): correct it") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the document"
        raise KgprepError(f"{place} is not a manifest of sources: {where}: {first['msg']}; correct it") from error


def _manifest_text(path: Path | None) -> tuple[str, str]:
    checkout = Path(__file__).parents[1] / "data_manifest.yaml"
    place = path or (checkout if checkout.is_file() else None)
    if place is None:
        return importlib.resources.files("kgprep").joinpath("data_manifest.yaml").read_text("utf-8"), "the manifest"
    if not place.is_file():
        raise no_file(place, "check the path of the manifest")
    return place.read_text(encoding="utf-8"), str(place)


def data_folder() -> Path:
    """Return where outside data lies: KGPREP_DATA, else XDG_DATA_HOME/kgprep, else ~/.local/share/kgprep."""
    if named := os.environ.get("KGPREP_DATA"):
        return Path(named).expanduser()
    home = os.environ.get("XDG_DATA_HOME")
    return (Path(home) if home else Path.home() / ".local" / "share") / "kgprep"


def describe_sources(names: Sequence[str] = (), manifest: Manifest | None = None) -> str:
    """Return the named sources, by default all, as text: what each is, its licence, its files and their sizes.

    Raises:
        KgprepError: a name that is not in the manifest.
    """
    manifest = manifest or read_manifest()
    chosen = [manifest.source(name) for name in names] or list(manifest.sources)
    return "\n\n".join(_describe(source) for source in chosen)


def _describe(source: DataSource) -> str:
    facts = [
        ("licence", source.licence),
        ("cite", source.citation),
        ("page", source.page),
        *([] if source.fetchable else [("by hand", source.obtain or "")]),
        ("size", _size_text(source.size)),
    ]
    width = max(len(name) for name, _ in facts)
    lines = [f"{source.name}: {source.description}"]
    lines += [f"  {name:<{width}}  {fact}" for name, fact in facts]
    lines += [f"  {source.folder}/{file.path}  {_size_text(file.size)}" for file in source.files]
    return "\n".join(lines)


def _size_text(size: int | None) -> str:
    return "not known before the download" if size is None else f"{size / 2**20:,.1f} MB"


def locate(name: str, role: str, folder: Path | None = None, manifest: Manifest | None = None) -> Path:
    """Return the local file of a source by role ("train") or by file name.

    Args:
        name: the source's name in the manifest.
        role: a role of that source, or the name of one of its files.
        folder: the data folder, by default `data_folder()`.
        manifest: by default the one that kgprep comes with.

    Raises:
        KgprepError: the source has no such role, or none of its files is there.
    """
    source = (manifest or read_manifest()).source(name)
    place = (folder or data_folder()) / source.folder
    candidates = source.roles.get(role) or next((names for names in source.roles.values() if role in names), (role,))
    for candidate in candidates:
        if (place / candidate).exists():
            return place / candidate
    if role not in source.roles and candidates == (role,):
        raise KgprepError(f"{place / role} does not exist, and {name} has no such role: {', '.join(source.roles)}")
    raise KgprepError(f"{place} holds no {' or '.join(candidates)}: {_how_to_get(source)}")


def _how_to_get(source: DataSource) -> str:
    if source.fetchable:
        return f"run kgprep fetch {source.name}, or set KGPREP_DATA to the folder that has {source.folder}/"
    return f"see {source.page}; {source.obtain}"


def licence_of(path: Path, folder: Path | None = None, manifest: Manifest | None = None) -> Terms:
    """Return the terms of a file that lies in the folder of a known source, else a pair of None.

    Use it where a stage records its inputs: ``stage.source(path, *licence_of(path))``.

    Args:
        path: an input file.
        folder: the data folder, by default `data_folder()`.
        manifest: by default the one that kgprep comes with.
    """
    base = (folder or data_folder()).resolve()
    place = path.resolve()
    for source in (manifest or read_manifest()).sources:
        if place.is_relative_to(base / source.folder):
            return Terms(source.licence, source.citation)
    return Terms(None, None)


def fetch(
    names: Sequence[str] = (),
    folder: Path | None = None,
    mirror: Path | None = None,
    manifest: Manifest | None = None,
    attempts: int = 4,
    pause: float = 2.0,
) -> tuple[Fetched, ...]:
    """Make sure that every file of the named sources lies in the data folder and is right.

    Args:
        names: sources; none means all that a program can fetch.
        folder: the data folder, by default `data_folder()`.
        mirror: folder with local copies, laid out like the data folder or flat; nothing is downloaded then.
        manifest: by default the one that kgprep comes with.
        attempts: how often to try each download.
        pause: seconds before the second attempt, doubled before each further one.

    Raises:
        KgprepError: an unknown source, a file that cannot be had, or one with a wrong checksum.
    """
    manifest = manifest or read_manifest()
    chosen = [manifest.source(name) for name in names] or [source for source in manifest.sources if source.fetchable]
    base = folder or data_folder()
    lock = _Lock(base / LOCK_NAME)
    fetched = []
    for source in chosen:
        console.print(f"{source.name}: {source.description}; licence: {source.licence}", markup=False)
        for file in source.files:
            found = _obtain(source, file, base, mirror, lock, attempts, pause)
            console.print(f"  {found.path.name}: {found.how}, {found.size:,} bytes", markup=False)
            fetched.append(found)
    return tuple(fetched)


class _Lock:
    """The checksums of what was fetched, and the names that archives unpacked to; one JSON file in the data folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries: dict[str, dict[str, object]] = self._read() if path.exists() else {}

    def _read(self) -> dict[str, dict[str, object]]:
        try:
            entries = json.loads(self.path.read_text(encoding="utf-8"))
        except OSError as error:
            raise KgprepError(f"{self.path} cannot be read ({error.strerror}): restore it, or delete it") from error
        except ValueError as error:
            raise KgprepError(f"{self.path} is not JSON ({error}): restore it, or delete it to record anew") from error
        if not isinstance(entries, dict) or not all(isinstance(entry, dict) for entry in entries.values()):
            raise KgprepError(f"{self.path} is not a record of checksums: restore it, or delete it to record anew")
        return entries

    def sha256(self, key: str) -> str | None:
        recorded = self.entries.get(key, {}).get("sha256")
        return recorded if isinstance(recorded, str) else None

    def unpacked(self, key: str) -> list[str]:
        names = self.entries.get(key, {}).get("unpacked")
        return [str(name) for name in names] if isinstance(names, list) else []

    def record(self, key: str, **facts: object) -> None:
        self.entries[key] = self.entries.get(key, {}) | facts
        self._write()

    def forget(self, key: str) -> None:
        if self.entries.pop(key, None) is not None:
            self._write()

    def _write(self) -> None:
        with write_beside(self.path) as partial:
            partial.write_text(json.dumps(self.entries, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _obtain(
    source: DataSource,
    file: RemoteFile,
    base: Path,
    mirror: Path | None,
    lock: _Lock,
    attempts: int,
    pause: float,
) -> Fetched:
    target = base / source.folder / file.path
    key = f"{source.folder}/{file.path}"
    expected = file.sha256 or lock.sha256(key)
    how: Literal["present", "downloaded", "copied"] = "present"
    if target.exists():
        found = _check_present(target, expected)
    elif mirror is not None:
        how, found = "copied", _accept(_copy(source, file, mirror, target), target, file, expected, lock, key)
    elif file.url is not None:
        how, found = (
            "downloaded",
            _accept(download(file.url, target, attempts, pause), target, file, expected, lock, key),
        )
    else:
        raise KgprepError(f"{target} cannot be fetched by a program: see {source.page}; {source.obtain}")
    if file.unpack:
        _unpack_once(target, lock, key)
    return Fetched(source.name, target, how, target.stat().st_size, found)


def _check_present(target: Path, expected: str | None) -> str:
    """Return the sha256 of a file that lies there already, and leave the file alone even where it is wrong."""
    if not target.is_file():
        raise KgprepError(f"{target} is a folder where a file is wanted: move it away and fetch again")
    found = file_sha256(target)
    if expected and found != expected:
        raise KgprepError(f"{target} has sha256 {found}, expected {expected}: delete it and fetch it again")
    return found


def _accept(part: Path, target: Path, file: RemoteFile, expected: str | None, lock: _Lock, key: str) -> str:
    """Check the bytes that came, record their sum where none was known, give the file its name, return its sha256.

    Raises:
        KgprepError: they are not the bytes expected; they are removed.
    """
    size, found = part.stat().st_size, file_sha256(part)
    wrong = f"has sha256 {found}, expected {expected}" if expected and found != expected else ""
    if file.size is not None and size != file.size:
        wrong = f"has {size:,} bytes, expected {file.size:,}"
    if wrong:
        discard_part(target)
        raise KgprepError(
            f"{key} {wrong}; what came was removed: try again, or check the source and {lock.path} if it changed"
        )
    lock.record(key, sha256=found, size=size)
    part.replace(target)
    return found


def _copy(source: DataSource, file: RemoteFile, mirror: Path, target: Path) -> Path:
    """Copy a file from the mirror into the .part file of `target`, and return that."""
    names = [f"{source.folder}/{file.path}", file.path]
    if file.url:
        names.append(file.url.rpartition("/")[2])
    found = next((mirror / name for name in names if (mirror / name).is_file()), None)
    if found is None:
        raise KgprepError(f"{mirror} holds none of {', '.join(names)}: add the file, or fetch without --mirror")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(found, part_path(target))
    except OSError as error:
        discard_part(target)
        raise KgprepError(f"cannot copy {found} to {target} ({error.strerror}): free some space") from error
    return part_path(target)


def _unpack_once(archive: Path, lock: _Lock, key: str) -> None:
    names = lock.unpacked(key)
    if names and all((archive.parent / name).exists() for name in names):
        return
    try:
        names = list(unpack(archive, archive.parent))
    except DamagedArchive:
        # Its sum must not be asked of what is fetched next.
        lock.forget(key)
        raise
    lock.record(key, unpacked=names)
