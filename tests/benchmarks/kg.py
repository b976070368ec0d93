"""How fast build-kg is, and in how much memory, beside what one could use instead: ``python -m tests.benchmarks.kg``.

All systems read the same made-up dump, in one run, one after another and that several times over, because a shared
machine's speed moves within minutes: a ratio is taken within a round, and the median of the rounds is given. kgprep
goes from the file to written tables; the peers only parse. Prints a table, and a line of JSON. It is no test: nothing
here is asserted.
"""

from __future__ import annotations

import argparse
import bz2
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from statistics import median

from kgprep.compression import read_blocks
from kgprep.simulate import simulate_dump
from tests.benchmarks.peak_memory import peak_megabytes

OURS = "kgprep build-kg"
RDFLIB_TRIPLES = 1_000_000
"""What rdflib is given of the dump, lines at even distances: it keeps all in memory, about 2.5 GB for so many."""


@dataclass(frozen=True)
class Measured:
    """One system: triples read, seconds, and the peak memory of its process in MB."""

    triples: int
    seconds: float
    megabytes: float

    @property
    def speed(self) -> float:
        """Triples a second."""
        return self.triples / self.seconds


def build(folder: Path, dump: Path) -> int:
    """Build the graph around the items of a dump and write its tables."""
    from kgprep.kg.build import KgConfig, build_kg

    with tempfile.TemporaryDirectory(dir=folder) as workspace:
        summary = build_kg(Path(workspace), KgConfig(items=folder / "items.csv", dumps=(dump,)))
    return next(count.kept for count in summary.counts if count.what.startswith("lines of the dumps"))


def parse_with_pyoxigraph(folder: Path, dump: Path) -> int:
    """Count the triples that pyoxigraph streams."""
    import pyoxigraph

    return sum(1 for _ in pyoxigraph.parse(path=dump, format=pyoxigraph.RdfFormat.N_TRIPLES))


def parse_with_rdflib(folder: Path, dump: Path) -> int:
    """Parse the dump into an rdflib graph, in which equal triples are one; return how many lines it had."""
    from rdflib import Graph

    Graph().parse(dump, format="nt")
    with dump.open("rb") as file:
        return sum(1 for _ in file)


def load_into_dictionary(folder: Path, dump: Path) -> int:
    """Load the dump into a dictionary of lists by subject, line by line, the way of scripts in this field."""
    pattern = re.compile(r"<([^>]*)> <([^>]*)> (.*) \.$")
    graph: dict[str, list[tuple[str, str]]] = {}
    triples = 0
    with dump.open(encoding="utf-8") as file:
        for line in file:
            if found := pattern.match(line):
                subject, predicate, term = found.groups()
                graph.setdefault(subject, []).append((predicate, term))
                triples += 1
    return triples


def read_decompressed(folder: Path, dump: Path) -> int:
    """Decompress a file on every core and throw the bytes away."""
    return sum(block.count(b"\n") for block in read_blocks(dump, 16 * 2**20))


SYSTEMS: dict[str, Callable[[Path, Path], int]] = {
    OURS: build,
    "pyoxigraph.parse": parse_with_pyoxigraph,
    "Python dictionary": load_into_dictionary,
    "rdflib parse": parse_with_rdflib,
    "decompression alone": read_decompressed,
}


def measure(system: str, folder: Path, dump: Path) -> Measured:
    """Run a system in a process of its own."""
    command = [
        sys.executable,
        "-m",
        "tests.benchmarks.kg",
        "--system",
        system,
        "--folder",
        str(folder),
        "--dump",
        str(dump),
    ]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
    return Measured(**json.loads(answer))


def measure_here(system: str, folder: Path, dump: Path) -> Measured:
    """Run a system in this process; importing its libraries counts."""
    started = time.perf_counter()
    triples = SYSTEMS[system](folder, dump)
    seconds = time.perf_counter() - started
    return Measured(triples, seconds, peak_megabytes())


def compress(dump: Path) -> Path:
    """Write a dump as bzip2 of several streams, on every core."""
    compressed = dump.with_name(dump.name + ".bz2")
    with ProcessPoolExecutor() as pool, compressed.open("wb") as file:
        file.writelines(pool.map(bz2.compress, read_blocks(dump, 9 * 10**6)))
    return compressed


def thin(dump: Path, step: int) -> Path:
    """Write every `step`-th line of a dump, so that all kinds of lines have their share."""
    thinned = dump.with_name("thinned.nt")
    with dump.open("rb") as file, thinned.open("wb") as out:
        out.writelines(islice(file, 0, None, step))
    return thinned


def rows(folder: Path) -> Iterator[tuple[str, Measured]]:
    """Measure every system once: the small dump for memory, the large one for all."""
    small, large = folder / "small", folder / "large"
    yield f"{OURS}, a quarter of the dump", measure(OURS, small, small / "dump.nt")
    for system in (OURS, "pyoxigraph.parse", "Python dictionary"):
        yield system, measure(system, large, large / "dump.nt")
    yield "rdflib parse", measure("rdflib parse", large, large / "thinned.nt")
    for system in ("decompression alone", OURS):
        yield f"{system}, .bz2", measure(system, large, large / "dump.nt.bz2")


def write_dumps(folder: Path, triples: int) -> None:
    """Write all that the systems read."""
    simulate_dump(folder / "small", triples // 4)
    dump = simulate_dump(folder / "large", triples).dump
    thin(dump, triples // RDFLIB_TRIPLES or 1)
    compress(dump)


def ratios(found: dict[str, Measured]) -> dict[str, float]:
    """Compare what was measured in one round."""
    ours, compressed = found[OURS], found[f"{OURS}, .bz2"]
    peers = {f"speed beside {name}": name for name in ("rdflib parse", "Python dictionary", "pyoxigraph.parse")}
    return {
        **{what: ours.speed / found[name].speed for what, name in peers.items()},
        "time of .bz2 beside decompression alone": compressed.seconds / found["decompression alone, .bz2"].seconds,
        "memory beside a quarter of the dump": ours.megabytes / found[f"{OURS}, a quarter of the dump"].megabytes,
    }


def main() -> None:
    """Measure all systems on one dump, or one of them when called by itself."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--triples", type=int, default=20_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--system", choices=SYSTEMS)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--dump", type=Path)
    options = parser.parse_args()
    if options.system:
        print(json.dumps(asdict(measure_here(options.system, options.folder, options.dump))))
        return
    rounds: list[dict[str, Measured]] = []
    print(f"{'system':<40} {'triples':>12} {'seconds':>8} {'triples/s':>11} {'MB':>7}", flush=True)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        write_dumps(Path(folder), options.triples)
        for _ in range(options.rounds):
            rounds.append({})
            for name, measured in rows(Path(folder)):
                rounds[-1][name] = measured
                print(f"{name:<40} {_figures(measured)}", flush=True)
    print(f"median of {options.rounds}")
    for name in rounds[0]:
        # Of an even number the lower one, so that it is a run that was.
        middle = sorted((found[name] for found in rounds), key=lambda one: one.seconds)[(len(rounds) - 1) // 2]
        print(f"{name:<40} {_figures(middle)}")
    compared = [ratios(found) for found in rounds]
    for what in compared[0]:
        each = [one[what] for one in compared]
        print(f"{what:<40} {median(each):>12.2f}  ({', '.join(f'{one:.2f}' for one in each)})")
    print(json.dumps([{name: asdict(one) for name, one in found.items()} for found in rounds]))


def _figures(one: Measured) -> str:
    return f"{one.triples:>12,} {one.seconds:>8.1f} {one.speed:>11,.0f} {one.megabytes:>7,.0f}"


if __name__ == "__main__":
    main()
