"""The one exception that stands for a mistake a user can mend."""

from __future__ import annotations

from pathlib import Path


class KgprepError(Exception):
    """A problem the user can act on; its message is one sentence: what is wrong, where, what to do.

    The command line prints the message alone and exits with 1; ``--debug`` shows the traceback.
    """


def no_file(path: Path, advice: str) -> KgprepError:
    """Return the sentence for a path where a file is wanted and none is.

    Args:
        path: what was given.
        advice: what to do where nothing is there.
    """
    if path.is_dir():
        return KgprepError(f"{path} is a folder: give the name of a file")
    return KgprepError(f"{path} does not exist: {advice}")
