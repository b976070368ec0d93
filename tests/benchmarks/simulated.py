"""Recall on simulated dialogues beside the simulator's own oracles: ``python -m tests.benchmarks.simulated``.

Users with a planted taste talk about the sample's films; a bundle is made of their dialogues and reviews, c2crs_fused
learns from it, once with everything and once without each of its three sources, and recall at 10 of novel targets is
printed beside that of the oracles (`kgprep.simulate.oracle`). Prints a table and a line of JSON; nothing is asserted.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from kgprep.kg.build import KgConfig, build_kg
from kgprep.reviews.align import AlignConfig, align_reviews
from kgprep.simulate import SimulateConfig, load_films, write_simulation
from kgprep.simulate.films import SAMPLE_FOLDER
from kgprep.simulate.oracle import oracle_recall
from model.config import load_config
from model.evaluate import evaluate
from model.train import train

SETTINGS = [
    *("coarse.epochs=1", "fine.epochs=1", "generate.epochs=0", "generate.test_responses=0"),
    *("recommend.epochs=12", "recommend.patience=2"),
]
WITHOUT = {
    "everything": [],
    "without graph": ["model.views=[history,reviews]"],
    "without reviews": ["model.views=[history,graph]", "model.recommender.views=[history,graph]"],
    "without history": ["model.views=[graph,reviews]", "model.recommender.views=[graph,reviews]"],
}


def main() -> None:
    """Simulate, train, and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dialogues", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0, help="of the model; the dialogues are always the same")
    given = parser.parse_args()
    simulation = SimulateConfig(dialogues=given.dialogues)
    oracle = oracle_recall(load_films(SAMPLE_FOLDER / "films.jsonl", "en"), simulation)
    with tempfile.TemporaryDirectory() as folder:
        recalls = _recalls(Path(folder), simulation, given.seed)
    print(f"{'':16} {'recall@10':>9} {'of knowing':>10} {'of listening':>12}")
    for name, recall in {"knowing": oracle.knowing, "listening": oracle.listening, **recalls}.items():
        print(f"{name:16} {recall:>9.3f} {recall / oracle.knowing:>10.2f} {recall / oracle.listening:>12.2f}")
    print(json.dumps({"oracle": vars(oracle), "recall@10": recalls}))


def _recalls(folder: Path, simulation: SimulateConfig, seed: int) -> dict[str, float]:
    """Return recall at 10 on novel targets of both roles, of popularity and of each training."""
    write_simulation(folder / "data", simulation)
    workspace = folder / "ws"
    dump = SAMPLE_FOLDER / "dbpedia.nt"
    build_kg(workspace, KgConfig(dialogues=f"redial:{folder / 'data'}", dumps=(dump,)))
    align_reviews(workspace, AlignConfig(reviews=(str(folder / "data" / "reviews.jsonl"),)))
    recalls = {}
    for name, settings in WITHOUT.items():
        run = name.replace(" ", "-")
        train(workspace, run, load_config("c2crs_fused", [*SETTINGS, *settings, f"seed={seed}"]))
        measured = evaluate(workspace, run)["recommendation"]["test"]
        recalls["popularity"] = measured["popularity"]["all_roles/novel_targets"]["recall@10"]["value"]
        recalls[name] = measured["c2crs"]["all_roles/novel_targets"]["recall@10"]["value"]
    return recalls


if __name__ == "__main__":
    main()
