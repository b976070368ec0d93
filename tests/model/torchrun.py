"""Several processes on this machine, started as the documentation says: by torchrun."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

SCRIPT = ("--no-python", sys.executable, "-c")
"""What stands before a script that each process runs."""


def torchrun(processes: int, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a command in several processes until all have ended; returns how, and what they said."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run([*launcher, *command], capture_output=True, text=True, timeout=300, env=environment)
