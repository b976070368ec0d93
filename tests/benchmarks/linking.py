"""How fast linking is beside a peer, as a ratio within one run: ``python tests/benchmarks/linking.py``.

Prints a sentence and a line of JSON. It is no test: nothing here is asserted.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import spacy
from spacy.matcher import PhraseMatcher

from kgprep.kg.build import KgConfig, build_kg
from kgprep.linking.linker import EntityLinker
from kgprep.simulate import SimulateConfig, write_simulation
from pipelines.recipe import SAMPLE

DIALOGUES = 2000
ROUNDS = 3


def seconds(work: Callable[[], object]) -> float:
    """Return the least time of several rounds."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def linking(folder: Path) -> tuple[float, float]:
    """Return utterances a second of the linker and of spaCy's PhraseMatcher over the same aliases."""
    write_simulation(folder / "simulated", SimulateConfig(dialogues=DIALOGUES))
    workspace = folder / "workspace"
    build_kg(workspace, KgConfig(dialogues=f"redial:{folder / 'simulated'}", dumps=(SAMPLE / "dbpedia.nt",)))
    texts = pl.read_parquet(workspace / "dialogues" / "utterances.parquet")["text"]
    linker = EntityLinker.from_bundle(workspace)
    nlp = spacy.blank("en")
    matcher = PhraseMatcher(nlp.vocab, attr="LOWER")
    aliases = pl.read_parquet(workspace / "kg" / "aliases.parquet")["alias"].unique()
    matcher.add("alias", list(nlp.pipe(aliases)))
    ours = seconds(lambda: linker.link(texts))
    peer = seconds(lambda: [matcher(doc) for doc in nlp.pipe(texts)])
    return len(texts) / ours, len(texts) / peer


def main() -> None:
    """Measure both and print what came out."""
    with tempfile.TemporaryDirectory() as folder:
        ours, peer = linking(Path(folder))
    print(f"utterances/s: kgprep {ours:,.0f}, spaCy's PhraseMatcher {peer:,.0f}, ratio {ours / peer:.2f}")
    print(json.dumps({"kgprep": ours, "PhraseMatcher": peer}))


if __name__ == "__main__":
    main()
