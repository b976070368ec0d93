"""How fast the two hot paths are beside a peer, as ratios within one run: ``python tests/benchmarks/main_path.py``.

Prints a table and a line of JSON. It is no test: nothing here is asserted.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pyoxigraph
import spacy
from spacy.matcher import PhraseMatcher

from kgprep.kg.build import KgConfig, build_kg
from kgprep.kg.dumps import read_triples
from kgprep.linking.linker import EntityLinker
from kgprep.simulate import SimulateConfig, write_simulation
from pipelines.recipe import SAMPLE

COPIES = 100
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


def reading(folder: Path) -> tuple[float, float]:
    """Return triples a second of kgprep and of pyoxigraph on the same N-Triples file."""
    dump = folder / "dump.nt"
    text = (SAMPLE / "dbpedia.nt").read_text(encoding="utf-8")
    dump.write_text(text * COPIES, encoding="utf-8")
    triples = sum(batch.height for batch in read_triples(dump))
    ours = seconds(lambda: sum(batch.height for batch in read_triples(dump)))
    peer = seconds(lambda: sum(1 for _ in pyoxigraph.parse(path=dump, format=pyoxigraph.RdfFormat.N_TRIPLES)))
    return triples / ours, triples / peer


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
    """Measure both paths and print what came out."""
    with tempfile.TemporaryDirectory() as folder:
        measured = {
            "N-Triples, triples/s, beside pyoxigraph": reading(Path(folder)),
            "linking, utterances/s, beside spaCy's PhraseMatcher": linking(Path(folder)),
        }
    for what, (ours, peer) in measured.items():
        print(f"{what:<55} {ours:>12,.0f} {peer:>12,.0f}   ratio {ours / peer:.2f}")
    print(json.dumps({what: {"kgprep": ours, "peer": peer} for what, (ours, peer) in measured.items()}))


if __name__ == "__main__":
    main()
