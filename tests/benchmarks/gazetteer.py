"""What the linker's automaton costs at scale: ``python -m tests.benchmarks.gazetteer``.

Builds the tables and the automaton of a million made-up aliases, searches texts of growing length, loads what was saved
of 70,000 entities, and searches messages with that: ReDial's where KGPREP_DATA is set, else simulated ones. Prints a
table, and a line of JSON. It is no test: nothing here is asserted.
"""

from __future__ import annotations

import json
import os
import random
import tempfile
import time
from pathlib import Path

import polars as pl
from wordfreq import top_n_list

from kgprep.dialogues import load_dialogues
from kgprep.linking.forms import form_tables
from kgprep.linking.gazetteer import Gazetteer
from kgprep.linking.saved import load_tables, save_tables
from kgprep.simulate import SimulateConfig, write_simulation
from tests.benchmarks.peak_memory import peak_megabytes

ALIASES = 1_000_000
SAVED_ENTITIES = 70_000
TEXT_CHARACTERS = 4_000_000
SIMULATED_DIALOGUES = 2000
ROUNDS = 3


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


def messages(folder: Path) -> pl.Series:
    """Return the messages of ReDial, or of simulated dialogues where it is not here."""
    data = os.environ.get("KGPREP_DATA")
    redial = Path(data) / "redial" if data else folder / "simulated"
    if not data:
        write_simulation(redial, SimulateConfig(dialogues=SIMULATED_DIALOGUES))
    return load_dialogues("redial", redial).utterances["text"]


def build() -> dict[str, float]:
    """Build a million aliases, and search growing texts with them."""
    entities, aliases = made_up(ALIASES // 4, ALIASES)
    started = time.perf_counter()
    tables = form_tables(entities, aliases)
    tables_made = time.perf_counter()
    gazetteer = Gazetteer.from_forms(tables.forms["form"])
    figures = {
        "seconds to make the tables of a million aliases": tables_made - started,
        "seconds to build the automaton of them": time.perf_counter() - tables_made,
        "peak memory of both in MB": peak_megabytes(),
    }
    text = " ".join(random.Random(1).choices(top_n_list("en", 50_000), k=TEXT_CHARACTERS // 4))
    for share in (4, 2, 1):
        characters = TEXT_CHARACTERS // share
        figures[f"seconds to search {characters:,} characters"] = seconds(gazetteer, pl.Series([text[:characters]]))
    return figures


def load(folder: Path) -> dict[str, float]:
    """Load what was saved of 70,000 entities, and search messages with it."""
    tables = form_tables(*made_up(SAVED_ENTITIES, SAVED_ENTITIES * 2))
    save_tables(folder, "benchmark", tables, Gazetteer.from_forms(tables.forms["form"]))
    started = time.perf_counter()
    loaded = load_tables(folder, "benchmark")
    if loaded is None:
        raise SystemExit("what was saved could not be loaded")
    loading = time.perf_counter() - started
    texts = messages(folder)
    needed = seconds(loaded[1], texts)
    return {
        "seconds to load 70,000 entities": loading,
        "messages": len(texts),
        "aliases": SAVED_ENTITIES * 2,
        "messages a second": len(texts) / needed,
        "characters a second": int(texts.str.len_chars().sum()) / needed,
    }


def seconds(gazetteer: Gazetteer, texts: pl.Series) -> float:
    """Return the least time of several searches."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        gazetteer.find(texts)
        times.append(time.perf_counter() - started)
    return min(times)


def main() -> None:
    """Print what was measured."""
    with tempfile.TemporaryDirectory() as folder:
        figures = {**build(), **load(Path(folder))}
    for what, figure in figures.items():
        print(f"{what:50s}{figure:14,.2f}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
