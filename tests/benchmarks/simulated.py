"""Recall on simulated dialogues beside the simulator's own oracles: ``python -m tests.benchmarks.simulated``.

Users with a planted taste talk about made-up films; a bundle is made of their dialogues and reviews, c2crs_fused
learns from it, with everything and without each of its three sources, with several seeds each, and recall at 10 of
novel targets is printed beside that of the oracles (`kgprep.simulate.oracle`). Prints a table and a line of JSON;
nothing is asserted.

Most films are asked for seldom, so what is known of them has to come from somewhere: who made them stands in the graph
alone, their mood in reviews alone, and what a user looks for in the dialogue's words. The oracles name nothing twice,
so neither does the system: items already named are struck from its ranking.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import mean, pstdev

from kgprep.kg.build import KgConfig, build_kg
from kgprep.reviews.align import AlignConfig, align_reviews
from kgprep.simulate import SimulateConfig, load_films, write_simulation
from kgprep.simulate.oracle import oracle_recall
from model.config import load_config
from model.evaluate import evaluate
from model.train import train

CELL = "all_roles/novel_targets"
RUN = "simulated"
SETTINGS = [
    *("coarse.epochs=1", "fine.epochs=1", "generate.epochs=0", "generate.test_responses=0"),
    *("recommend.epochs=12", "recommend.patience=2"),
]
WITHOUT = {
    "everything": [],
    "without graph": ["model.views=[history,reviews]"],
    "without reviews": ["model.views=[history,graph]"],
    "without history": ["model.views=[graph,reviews]"],
}


def main() -> None:
    """Simulate, train, and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dialogues", type=int, default=5000)
    parser.add_argument("--films", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=3, help="of the model; the dialogues are always the same")
    given = parser.parse_args()
    simulation = SimulateConfig(dialogues=given.dialogues)
    with tempfile.TemporaryDirectory() as folder:
        workspace = _bundle(Path(folder), simulation, given.films)
        oracle = oracle_recall(load_films(Path(folder) / "data" / "films.jsonl"), simulation)
        recalls: dict[str, list[float]] = {"knowing": [oracle.knowing], "listening": [oracle.listening]}
        for seed in range(given.seeds):
            for name, recall in _recalls(workspace, seed):
                print(f"seed {seed}, {name}: {recall:.3f}", flush=True)
                recalls.setdefault(name, []).append(recall)
    print(f"{'':16} {'recall@10':>9} {'deviation':>9} {'of knowing':>10} {'of listening':>12}")
    for name, found in recalls.items():
        recall = mean(found)
        shares = f"{recall / oracle.knowing:>10.2f} {recall / oracle.listening:>12.2f}"
        print(f"{name:16} {recall:>9.3f} {pstdev(found):>9.3f} {shares}")
    print(json.dumps({"oracle": vars(oracle), "recall@10": recalls}))


def _bundle(folder: Path, simulation: SimulateConfig, films: int) -> Path:
    """Make a bundle of simulated dialogues and reviews."""
    data, workspace = folder / "data", folder / "ws"
    write_simulation(data, simulation, made_up=films)
    build_kg(workspace, KgConfig(dialogues=f"redial:{data}", dumps=(data / "dbpedia.nt",)))
    align_reviews(workspace, AlignConfig(reviews=(str(data / "reviews.jsonl"),)))
    return workspace


def _recalls(workspace: Path, seed: int) -> Iterator[tuple[str, float]]:
    """Yield recall at 10 on novel targets of both roles, of each training and of popularity."""
    for name, settings in WITHOUT.items():
        train(workspace, RUN, load_config("c2crs_fused", [*SETTINGS, *settings, f"seed={seed}"]), overwrite=True)
        measured = evaluate(workspace, RUN)["recommendation"]["test"]
        yield name, measured["c2crs_new_items"][CELL]["recall@10"]["value"]
    yield "popularity", measured["popularity"][CELL]["recall@10"]["value"]


if __name__ == "__main__":
    main()
