"""One writer a workspace: of two stages at once in one folder the second is refused.

Notable here: the folder itself is locked, so no file is left behind, and the lock ends with the process.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kgprep.errors import KgprepError
from kgprep.progress import console


class WorkspaceInUse(KgprepError):
    """Another process writes to the workspace."""


@contextmanager
def only_writer(workspace: Path, *, waits: bool = False) -> Iterator[None]:
    """Be the only one that writes to `workspace` while the block lasts.

    Args:
        workspace: folder of the bundle, which exists.
        waits: for the one that writes there now, instead of failing.

    Raises:
        WorkspaceInUse: another process, or another block of this one, writes there, and is not waited for.
    """
    folder = os.open(workspace, os.O_RDONLY)
    try:
        _lock(folder, workspace, waits)
        yield
    finally:
        os.close(folder)


def _lock(folder: int, workspace: Path, waits: bool) -> None:
    # A file system that does not lock folders, such as NFS, cannot tell of others.
    with suppress(OSError):
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if not waits:
                raise WorkspaceInUse(f"another kgprep is writing to {workspace}: wait for it") from error
            console.print(f"waiting for another kgprep that writes to {workspace}", markup=False)
            fcntl.flock(folder, fcntl.LOCK_EX)
