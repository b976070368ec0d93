"""Processes that cut English lines into sentences: spaCy uses one core, reviews are many.

Notable here:
- they are started as a module and talk through pipes, so that a caller's script needs no guard;
- a message is its length in eight bytes, then a frame as Arrow IPC;
- this process only hands out lines: would it cut too, its threads that wait for the others would hardly get a turn;
- spaCy comes up in them while this process reads, and without what it would import and not use: torch, and its own
  command line.
"""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType, TracebackType
from typing import IO, Self, cast

import polars as pl

from kgprep.errors import KgprepError
from kgprep.reviews.english import cut_lines

_BYTES_WORTH_A_PROCESS = 2 * 2**20
_BYTES_A_MESSAGE = 2**20


class Cutters:
    """Cuts lines on several cores; a context manager that ends its processes.

    Args:
        size: bytes of the corpora, whose texts are to be cut; a small one gets one process.
    """

    def __init__(self, size: int) -> None:
        self._number = min(os.cpu_count() or 1, 1 + size // _BYTES_WORTH_A_PROCESS)
        self.processes: tuple[subprocess.Popen[bytes], ...] = ()

    def __enter__(self) -> Self:
        # Threads of linear algebra, which cutting has no use for, wait for work in a loop.
        alone = {"OPENBLAS_NUM_THREADS": "1"}
        environment = {**os.environ, **alone, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        command = [sys.executable, "-m", "kgprep.reviews.cutters"]
        pipe = subprocess.PIPE
        self.processes = tuple(
            subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment) for _ in range(self._number)
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self.processes:
            process.kill()
            process.communicate()

    def cut(self, lines: pl.Series) -> pl.Series:
        """Cut lines, none of them empty, into lists of sentences.

        Raises:
            KgprepError: one of the processes has ended.
        """
        shares = _shares(lines, int(lines.str.len_bytes().sum()) // _BYTES_A_MESSAGE + 1)
        cut = [pl.Series(dtype=pl.List(pl.String))] * len(shares)
        waiting = iter(range(len(shares)))

        def cut_by(process: subprocess.Popen[bytes]) -> None:
            for place in waiting:
                cut[place] = _cut_by(process, shares[place])

        with ThreadPoolExecutor(len(self.processes)) as pool:
            for done in [pool.submit(cut_by, process) for process in self.processes]:
                done.result()
        return pl.concat(cut)


def _shares(lines: pl.Series, number: int) -> list[pl.Series]:
    """Deal lines out in runs of about equal length."""
    size = lines.str.len_bytes().cum_sum()
    total = int(lines.str.len_bytes().sum())
    ends = [int((size <= total * share // number).sum()) for share in range(1, number + 1)]
    return [lines[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _cut_by(process: subprocess.Popen[bytes], lines: pl.Series) -> pl.Series:
    if process.stdin is None or process.stdout is None:
        raise ValueError("the process was started without pipes")
    try:
        _send(process.stdin, lines)
        return _receive(process.stdout)
    except (OSError, EOFError) as error:
        raise KgprepError(
            f"a process that cuts sentences ended with status {process.wait()}: free some memory and run it again"
        ) from error


def _send(pipe: IO[bytes], series: pl.Series) -> None:
    buffer = io.BytesIO()
    series.to_frame().write_ipc_stream(buffer)
    pipe.write(buffer.tell().to_bytes(8, "little"))
    pipe.write(buffer.getbuffer())
    pipe.flush()


def _receive(pipe: IO[bytes]) -> pl.Series:
    length = pipe.read(8)
    message = pipe.read(int.from_bytes(length, "little"))
    if not message:
        raise EOFError
    return pl.read_ipc_stream(io.BytesIO(message)).to_series()


def _leave_out_unused_imports() -> None:
    """Spare two seconds of importing torch, for a sentencizer computes nothing, and a third of spaCy's own import."""
    sys.modules["torch"] = cast(ModuleType, None)
    command_line = ModuleType("spacy.cli.info")
    command_line.__dict__["info"] = None
    sys.modules |= {"spacy.cli": ModuleType("spacy.cli"), "spacy.cli.info": command_line}


def _cut_until_the_end() -> None:
    # An interrupt from the keyboard reaches all processes; the one that started this ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _leave_out_unused_imports()
    cut_lines(pl.Series(["spaCy comes up. Now it is ready."]))
    while True:
        try:
            lines = _receive(sys.stdin.buffer)
        except EOFError:
            return
        _send(sys.stdout.buffer, cut_lines(lines))


if __name__ == "__main__":
    _cut_until_the_end()
