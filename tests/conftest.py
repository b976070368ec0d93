"""Fixtures shared by all rooms' tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the outside data, from KGPREP_DATA."""
    folder = os.environ.get("KGPREP_DATA")
    if not folder:
        pytest.skip("KGPREP_DATA is not set: the outside data is not on this machine")
    return Path(folder).resolve()
