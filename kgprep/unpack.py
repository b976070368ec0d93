"""Archives from outside, unpacked without trusting their names.

Notable here: members are extracted into a folder beside and moved when all are out, so an archive that is refused or
broken leaves nothing; a name that leads out of the folder, a link out of it or a device refuses the whole archive.
"""

from __future__ import annotations

import shutil
import tarfile
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from kgprep.errors import KgprepError


class DamagedArchive(KgprepError):
    """What lies there is no whole archive."""


def unpack(archive: Path, folder: Path) -> tuple[str, ...]:
    """Extract a .zip or tar file into `folder` and return the names of the top-level entries it put there.

    Raises:
        DamagedArchive: the archive is damaged or of another kind.
        KgprepError: it holds a name that leads out of `folder`, or the folder cannot be written to.
    """
    beside = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=folder))
    try:
        _extract(archive, beside)
        names = sorted(entry.name for entry in beside.iterdir())
        for name in names:
            _replace(beside / name, folder / name)
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise DamagedArchive(f"{archive} cannot be unpacked ({reason}): delete it and fetch it again") from error
    except OSError as error:
        raise KgprepError(f"{archive} cannot be unpacked into {folder} ({error}): free some space") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return tuple(names)


def _extract(archive: Path, folder: Path) -> None:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as members:
            for name in members.namelist():
                _check_name(name, archive)
            members.extractall(folder)
        return
    with tarfile.open(archive) as members:
        members.extractall(folder, filter="data")


def _check_name(name: str, archive: Path) -> None:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts:
        raise KgprepError(f"{archive} holds the name {name!r}, which leads out of its folder: do not use this archive")


def _replace(source: Path, target: Path) -> None:
    if target.is_dir():
        shutil.rmtree(target)
    source.replace(target)
