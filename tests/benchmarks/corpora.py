"""How fast corpora are gathered, and in how much memory: ``python -m tests.benchmarks.corpora --copies 1 10``.

The English corpus in KGPREP_DATA is written N times over, each copy under films of its own, so that nothing more is a
duplicate than in one copy. Measured is everything up to reviews that can be scanned: reading, cleaning, languages,
duplicates, the files in between. Prints a table, and a line of JSON. It is no test: nothing here is asserted.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from tests.benchmarks.peak_memory import peak_megabytes

CORPUS = "reviews/imdb_reviews.jsonl.gz"
IDS_A_COPY = 10_000_000
"""Added to the number of an IMDb id, copy by copy; such an id has nine digits at most."""


@dataclass(frozen=True)
class Measured:
    """One size: MB of JSON Lines read, reviews kept, seconds, and the peak memory of the process in MB."""

    megabytes: float
    kept: int
    seconds: float
    peak: float


def write_copies(corpus: Path, copies: int, path: Path) -> None:
    """Write a corpus of JSON Lines several times over, each copy under films of its own."""
    lines = pl.read_lines(corpus, name="line")["line"]
    ids = lines.str.extract(r'"imdb_id": "tt(\d+)"').cast(pl.Int64)
    start, end = (lines.str.extract(pattern) for pattern in (r'^(.*?"imdb_id": "tt)\d+', r'"imdb_id": "tt\d+(".*)$'))
    with path.open("wb") as file:
        for copy in range(copies):
            numbers = (ids + copy * IDS_A_COPY).cast(pl.String).str.zfill(7)
            (start + numbers + end).to_frame().write_csv(file, include_header=False, quote_style="never")


def measure_here(path: Path) -> Measured:
    """Gather a corpus in this process; importing libraries does not count."""
    from kgprep.reviews.corpora import CorpusSpec
    from kgprep.reviews.gathered import gather_reviews

    started = time.perf_counter()
    with gather_reviews([CorpusSpec("imdb", path)], folder=path.parent) as reviews:
        seconds = time.perf_counter() - started
    return Measured(path.stat().st_size / 10**6, reviews.height, seconds, peak_megabytes())


def measure(path: Path) -> Measured:
    """Gather a corpus in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.corpora", "--corpus", str(path)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
    return Measured(**json.loads(answer))


def main() -> None:
    """Measure every number of copies, or one corpus when called by itself."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--copies", type=int, nargs="+", default=[1, 10])
    parser.add_argument("--folder", type=Path, help="where to write copies; the temporary folder by default")
    parser.add_argument("--corpus", type=Path, help="measure this file of JSON Lines, in this process")
    options = parser.parse_args()
    if options.corpus:
        print(json.dumps(asdict(measure_here(options.corpus))))
        return
    corpus = Path(os.environ["KGPREP_DATA"]) / CORPUS
    found: dict[int, Measured] = {}
    print(f"{'copies':>6} {'MB':>7} {'kept':>9} {'seconds':>8} {'MB/s':>6} {'peak MB':>8}", flush=True)
    for copies in options.copies:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            path = Path(folder) / "reviews.jsonl"
            write_copies(corpus, copies, path)
            one = found[copies] = measure(path)
        speed = one.megabytes / one.seconds
        print(f"{copies:>6} {one.megabytes:>7,.0f} {one.kept:>9,} {one.seconds:>8.1f} {speed:>6.1f} {one.peak:>8,.0f}")
    print(json.dumps({str(copies): asdict(one) for copies, one in found.items()}))


if __name__ == "__main__":
    main()
