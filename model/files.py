"""Files of a run that cannot be written or read: the same sentences whichever library opens them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from kgprep.artifacts import KgprepError


def write_tensors(record: dict[str, Any], path: Path) -> None:
    """Write a nested dict of tensors and plain values with torch.

    Raises:
        OSError: the disk is full.
    """
    try:
        torch.save(record, path)
    except RuntimeError as error:
        # torch tells of a full disk in terms of its archive, which help nobody.
        raise OSError("not all of it could be written") from error


def not_readable(path: Path, error: OSError) -> KgprepError:
    """Return the sentence for a file of a run that is there and may not be read, which does not make it damaged."""
    return KgprepError(f"cannot read {path} ({error.strerror}): make it readable, or train again with --overwrite")
