"""Data preparation and knowledge fusion for conversational recommendation."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from kgprep.bundle import Bundle

__version__ = "0.1.0"


def load(workspace: Path | str) -> Bundle:
    """Return the tables of the bundle in `workspace`, each a lazy polars frame; see `kgprep.bundle.Bundle`."""
    # `kgprep --help` imports this package and must not wait for polars.
    from kgprep.bundle import Bundle

    return Bundle(workspace)
