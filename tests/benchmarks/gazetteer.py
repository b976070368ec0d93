"""What the linker's automaton costs at scale: ``python tests/benchmarks/gazetteer.py``.

Builds the tables and the automaton of a million made-up aliases, loads what was saved of 70,000 entities, and searches
texts of growing length. Prints a table, and a line of JSON. It is no test: nothing here is asserted.
"""

from __future__ import annotations

import json
import random
import resource
import tempfile
import time
from pathlib import Path

import polars as pl
from wordfreq import top_n_list

from kgprep.linking.forms import form_tables
from kgprep.linking.gazetteer import Gazetteer
from kgprep.linking.saved import load_tables, save_tables

ALIASES = 1_000_000
SAVED_ENTITIES = 70_000
TEXT_CHARACTERS = 4_000_000


def made_up(entities: int, aliases: int, seed: int = 0) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return kg/entities and kg/aliases of made-up names of one to four words."""
    rng = random.Random(seed)
    words = [word.capitalize() for word in top_n_list("en", 50_000)]
    names = [" ".join(rng.choices(words, k=rng.randint(1, 4))) for _ in range(aliases)]
    known = pl.DataFrame(
        {
            "entity_id": pl.int_range(entities, dtype=pl.Int32, eager=True),
            "label": names[:entities],
            "kind": ["film" if number % 5 == 0 else "person" for number in range(entities)],
            "degree": [rng.randint(1, 50) for _ in range(entities)],
        },
        schema_overrides={"degree": pl.Int32},
    )
    borne = pl.DataFrame(
        {
            "alias": names,
            "entity_id": [number % entities for number in range(aliases)],
            "source": "label",
            "prior": 1.0,
        },
        schema_overrides={"entity_id": pl.Int32, "prior": pl.Float32},
    )
    return known, borne


def measure() -> dict[str, float]:
    """Measure all of it once."""
    figures = {}
    started = time.perf_counter()
    tables = form_tables(*made_up(ALIASES // 4, ALIASES))
    gazetteer = Gazetteer.from_forms(tables.forms["form"])
    figures["seconds to build a million aliases"] = time.perf_counter() - started
    figures["peak memory of that in MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    text = " ".join(random.Random(1).choices(top_n_list("en", 50_000), k=TEXT_CHARACTERS // 7))
    for times in (1, 2, 4):
        started = time.perf_counter()
        gazetteer.find([text[: TEXT_CHARACTERS // 4 * times]])
        figures[f"seconds to search {times} million characters"] = time.perf_counter() - started
    with tempfile.TemporaryDirectory() as folder:
        tables = form_tables(*made_up(SAVED_ENTITIES, SAVED_ENTITIES * 2))
        save_tables(Path(folder), "benchmark", tables, Gazetteer.from_forms(tables.forms["form"]))
        started = time.perf_counter()
        load_tables(Path(folder), "benchmark")
        figures["seconds to load 70,000 entities"] = time.perf_counter() - started
    return figures


def main() -> None:
    """Print what was measured."""
    figures = measure()
    for what, figure in figures.items():
        print(f"{what:40s}{figure:10.2f}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
