"""How fast and how well names are linked beside spaCy's PhraseMatcher: ``python -m tests.benchmarks.linking``.

Both get the same aliases, the same messages and one core, in one run: on ReDial where KGPREP_DATA is set, else on
simulated dialogues. Prints tables and a line of JSON. It is no test: nothing here is asserted.

The sets of titles put in place judge the titles alone, so a link elsewhere costs nothing there: they show what is
found. What is linked wrongly shows in the messages annotated by hand and in those that name nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import spacy
from spacy.language import Language
from spacy.matcher import PhraseMatcher
from spacy.util import filter_spans

from kgprep.artifacts import ALIASES, ENTITIES, MENTIONS, UTTERANCES, read_table
from kgprep.kg.build import KgConfig, build_kg
from kgprep.linking.evaluate import linker_context, score_links
from kgprep.linking.gold import read_gold
from kgprep.linking.linker import EntityLinker
from kgprep.linking.linking_report import LinkingReport
from kgprep.reviews.mentions import link_dialogues
from kgprep.simulate import SimulateConfig, write_simulation
from pipelines.recipe import SAMPLE

SIMULATED_DIALOGUES = 2000
BOTH_LINK = 20_000
"""Messages that both link; the peer would take minutes over all of ReDial."""
LEAST_OF_LINEAR = 25_000
ROUNDS = 3
SEED = 0
MAKE_GOLD = Path(__file__).parents[1] / "linking" / "gold_from_redial.py"
BY_HAND = "annotated_by_hand.jsonl"
WITHOUT_NAMES = "without_names.jsonl"
GOLD_SETS = ("plain.jsonl", "lower_cased.jsonl", BY_HAND)


def main() -> None:
    """Make the bundle and the gold sets, measure on one core, and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measure", type=Path, metavar="FOLDER", help="measure in this process, and print JSON alone")
    folder = parser.parse_args().measure
    if folder is not None:
        print(json.dumps(measure(folder)))
        return
    with tempfile.TemporaryDirectory() as made:
        prepare(Path(made))
        figures = on_one_core(Path(made))
    for line in described(figures):
        print(line)
    print(json.dumps(figures))


def prepare(folder: Path) -> None:
    """Write the bundle to ``workspace`` and the gold sets to ``gold``."""
    workspace, gold = folder / "workspace", folder / "gold"
    data = os.environ.get("KGPREP_DATA")
    redial = Path(data) / "redial" if data else folder / "simulated"
    by_hand = redial / "linking_gold.dev.jsonl" if data else SAMPLE / "linking_gold.jsonl"
    if not data:
        write_simulation(redial, SimulateConfig(dialogues=SIMULATED_DIALOGUES))
        build_kg(workspace, KgConfig(dialogues=f"redial:{redial}", dumps=(SAMPLE / "dbpedia.nt",)))
    options = ["--data", str(redial), "-w", str(workspace), "--out", str(gold), "--seed", str(SEED)]
    subprocess.run([sys.executable, str(MAKE_GOLD), *options], stdout=subprocess.DEVNULL, check=True)
    if by_hand.exists():
        shutil.copyfile(by_hand, gold / BY_HAND)


def on_one_core(folder: Path) -> dict[str, Any]:
    """Measure in a process whose libraries start one thread each."""
    threads = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.benchmarks.linking", "--measure", str(folder)]
    root = Path(__file__).parents[2]
    done = subprocess.run(
        command, env={**os.environ, **threads}, cwd=root, stdout=subprocess.PIPE, text=True, check=True
    )
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def measure(folder: Path) -> dict[str, Any]:
    """Return all figures; stays on one core where the system can be told so."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    workspace = folder / "workspace"
    started = time.perf_counter()
    linker = EntityLinker.from_bundle(workspace)
    loading = time.perf_counter() - started
    # What a first start leaves beside the bundle is there at the second.
    started = time.perf_counter()
    EntityLinker.from_bundle(workspace)
    loading_again = time.perf_counter() - started
    peer = Peer.from_bundle(workspace)
    utterances = read_table(workspace, UTTERANCES)
    gold = read_table(workspace, MENTIONS).filter(pl.col("method").cast(pl.String) == "gold")
    texts = utterances["text"]
    gold_sets = [path for name in GOLD_SETS if (path := folder / "gold" / name).exists()]
    judged = {path: reports(path, workspace, linker, peer) for path in gold_sets}
    silent = reports(folder / "gold" / WITHOUT_NAMES, workspace, linker, peer)
    sample = texts.sample(min(BOTH_LINK, len(texts)), seed=SEED)
    return {
        "messages": len(texts),
        "aliases": read_table(workspace, ALIASES)["alias"].n_unique(),
        "loading_seconds": {"first": loading, "again": loading_again},
        "messages_a_second_to_the_mention_table": len(texts)
        / seconds(lambda: link_dialogues(linker, utterances, gold)),
        "both_link": len(sample),
        "messages_a_second": {
            "kgprep": len(sample) / seconds(lambda: linker.link(sample)),
            "PhraseMatcher": len(sample) / seconds(lambda: peer.link(sample)),
        },
        "seconds_for_messages": dict(linear(linker, texts)),
        "span_f1": {
            path.stem: {name: report.span.f1.value for name, report in both.items()} for path, both in judged.items()
        },
        "messages_that_name_nothing": silent["kgprep"].messages,
        "of_them_linked": {name: report.falsely_linked for name, report in silent.items()},
    }


def seconds(work: Callable[[], object]) -> float:
    """Return the least time of several rounds."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def linear(linker: EntityLinker, texts: pl.Series) -> Iterator[tuple[int, float]]:
    """Yield n, 2n and 4n messages, and the seconds they take."""
    least = min(LEAST_OF_LINEAR, len(texts) // 4)
    shuffled = texts.sample(len(texts), seed=SEED, shuffle=True)
    for messages in (least, 2 * least, 4 * least):
        part = shuffled.head(messages)
        yield messages, seconds(partial(linker.link, part))


def reports(path: Path, workspace: Path, linker: EntityLinker, peer: Peer) -> dict[str, LinkingReport]:
    """Measure both on one gold set."""
    gold, entities = read_gold(path), read_table(workspace, ENTITIES)
    texts = gold.messages["text"]
    links = {"kgprep": linker.link(texts, linker_context(gold, entities)), "PhraseMatcher": peer.link(texts)}
    return {name: score_links(found, gold, entities, resamples=1) for name, found in links.items()}


@dataclass(frozen=True)
class Peer:
    """spaCy's PhraseMatcher on lower-cased tokens, the longest match of those that overlap."""

    nlp: Language
    matcher: PhraseMatcher

    @classmethod
    def from_bundle(cls, workspace: Path) -> Peer:
        """Make a matcher of all aliases of the bundle."""
        nlp = spacy.blank("en")
        matcher = PhraseMatcher(nlp.vocab, attr="LOWER")
        matcher.add("alias", list(nlp.pipe(read_table(workspace, ALIASES)["alias"].unique().sort())))
        return cls(nlp, matcher)

    def link(self, texts: pl.Series) -> pl.DataFrame:
        """Return text, start, end, word, iri (none: a match has no entity) and score, as links have them."""
        rows = [
            (row, span.start_char, span.end_char, span.text, None, 1.0)
            for row, doc in enumerate(self.nlp.pipe(texts))
            for span in filter_spans(self.matcher(doc, as_spans=True))
        ]
        names = ("text", "start", "end", "word", "iri", "score")
        types = (pl.UInt32, pl.Int32, pl.Int32, pl.String, pl.String, pl.Float32)
        return pl.DataFrame(rows, schema=dict(zip(names, types, strict=True)), orient="row")


def described(figures: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of a table for people."""
    speed = figures["messages_a_second"]
    yield f"{figures['messages']:,} messages, {figures['aliases']:,} distinct aliases, one core"
    yield (
        f"loaded in {figures['loading_seconds']['first']:.2f} s, again in {figures['loading_seconds']['again']:.2f} s"
    )
    yield f"text to mention table: {figures['messages_a_second_to_the_mention_table']:,.0f} messages/s"
    yield ""
    yield f"{'':<42}{'kgprep':>10}{'PhraseMatcher':>15}{'ratio':>8}"
    rows = {f"messages/s, on the same {figures['both_link']:,}": (speed, ",.0f")}
    rows |= {f"F1 on spans, {name}": (both, ".3f") for name, both in figures["span_f1"].items()}
    rows[f"linked of {figures['messages_that_name_nothing']:,} that name nothing"] = figures["of_them_linked"], ",.0f"
    for name, (both, form) in rows.items():
        ours, peer = both["kgprep"], both["PhraseMatcher"]
        ratio = f"{ours / peer:.2f}" if peer else ""
        yield f"{name:<42}{ours:>10{form}}{peer:>15{form}}{ratio:>8}"
    yield ""
    for messages, taken in figures["seconds_for_messages"].items():
        yield f"{int(messages):>10,} messages in {taken:.2f} s, {1e6 * taken / int(messages):.1f} µs each"


if __name__ == "__main__":
    main()
