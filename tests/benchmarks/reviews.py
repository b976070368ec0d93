"""How long align-reviews takes beside one spaCy pass over the same text: ``python -m tests.benchmarks.reviews``.

The peer is what everybody starts with: one process, a blank pipeline with the sentencizer, every sentence looked at
once. align-reviews does all of its work meanwhile: reading, duplicates, attaching, cutting, ranking, linking, choosing,
fusing. Both run in turn, each in a process of its own, on the English and the Chinese reviews in KGPREP_DATA. Then the
English ones are given ten times over, each copy under other films. Prints a table and a line of JSON; nothing is
asserted.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from kgprep.artifacts import REVIEWS, read_table
from kgprep.kg.build import KgConfig, build_kg
from kgprep.provenance import read_provenance
from kgprep.reviews.align import AlignConfig, align_reviews
from kgprep.reviews.corpora import corpus_spec
from kgprep.reviews.gathered import gather_reviews

DUMPS = ("instance-types_inference=specific", "labels", "mappingbased-literals", "mappingbased-objects")
ENGLISH, CHINESE = "reviews/imdb_reviews.jsonl.gz", "douban/short_comments.jsonl.gz"
ROUNDS = 5
COPIES = 10
STEP = 997
"""How many films further on the reviews of a film go from copy to copy."""


@dataclass(frozen=True)
class Measured:
    """The reviews attached, the seconds of both in each round, and the peak memory of align-reviews in MB."""

    attached: int
    align: tuple[float, ...]
    peer: tuple[float, ...]
    peak: float

    @property
    def ratio(self) -> float:
        """The median of align-reviews' seconds by the peer's, round by round."""
        return statistics.median(ours / theirs for ours, theirs in zip(self.align, self.peer, strict=True))


def main() -> None:
    """Make the bundles and the copies, measure, and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="where to write; the temporary folder by default")
    parser.add_argument("--peer", nargs=2, metavar=("LANG", "CORPUS"), help="time the peer alone, in this process")
    parser.add_argument("--align", nargs=2, metavar=("WS", "CORPUS"), help="align in this process")
    options = parser.parse_args()
    if options.peer:
        print(peer_seconds(*options.peer))
    elif options.align:
        workspace, corpus = options.align
        align_reviews(Path(workspace), AlignConfig(reviews=(corpus,)))
    else:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            compare(Path(folder), Path(os.environ["KGPREP_DATA"]))


def compare(folder: Path, data: Path) -> None:
    """Measure both languages, then ten times the English text."""
    films = {"en": _redial(folder / "redial", data), "zh": _items(folder / "douban", data / CHINESE)}
    found = {lang: measure(lang, films[lang], data / corpus) for lang, corpus in (("en", ENGLISH), ("zh", CHINESE))}
    print(f"{'':4} {'attached':>9} {'align-reviews s':>16} {'spaCy s':>8} {'ratio':>6} {'peak MB':>8}")
    for lang, one in found.items():
        ours, theirs = statistics.median(one.align), statistics.median(one.peer)
        print(f"{lang:4} {one.attached:>9,} {ours:>16.1f} {theirs:>8.1f} {one.ratio:>6.2f} {one.peak:>8,.0f}")
    many = folder / "copies.jsonl"
    write_copies(data / ENGLISH, COPIES, many)
    seconds, peak = align_seconds(films["en"], many)
    times = seconds / statistics.median(found["en"].align)
    print(f"{COPIES} times the English text: {seconds:.1f} s, {times:.1f} times as long, peak {peak:,.0f} MB")
    print(json.dumps({**{lang: asdict(one) for lang, one in found.items()}, "copies": [seconds, times, peak]}))


def measure(lang: str, workspace: Path, corpus: Path) -> Measured:
    """Let both go over a corpus in turn."""
    ours, theirs, peak = [], [], 0.0
    for _ in range(ROUNDS):
        answer = _alone("--peer", lang, str(corpus))
        theirs.append(float(answer.splitlines()[-1]))
        seconds, peak = align_seconds(workspace, corpus)
        ours.append(seconds)
    return Measured(read_table(workspace, REVIEWS).height, tuple(ours), tuple(theirs), peak)


def align_seconds(workspace: Path, corpus: Path) -> tuple[float, float]:
    """Align a corpus in a process of its own: wall seconds of the stage, and its peak memory in MB."""
    _alone("--align", str(workspace), str(corpus))
    record = read_provenance(workspace)["stages"]["align-reviews"]
    return record["seconds"], record["peak_memory_bytes"] / 10**6


def peer_seconds(lang: str, corpus: str) -> float:
    """Go over all reviews of a corpus with a blank spaCy pipeline; reading them does not count."""
    import spacy

    with gather_reviews([corpus_spec(corpus)]) as gathered:
        texts = gathered.numbered().select("text").collect()["text"].to_list()
    pipeline = spacy.blank(lang)
    pipeline.add_pipe("sentencizer")
    started = time.perf_counter()
    for document in pipeline.pipe(texts):
        for _ in document.sents:
            pass
    return time.perf_counter() - started


def write_copies(corpus: Path, copies: int, path: Path) -> None:
    """Write a corpus of JSON Lines several times over, in each copy the reviews of a film under another film."""
    lines = pl.read_lines(corpus, name="line")["line"]
    ids = lines.str.extract(r'"imdb_id": "(tt\d+)"')
    start, end = (lines.str.extract(pattern) for pattern in (r'^(.*?"imdb_id": ")tt\d+', r'"imdb_id": "tt\d+(".*)$'))
    films = ids.unique().sort()
    place = ids.replace_strict(films, range(films.len()))
    with path.open("wb") as file:
        for copy in range(copies):
            other = films[(place + copy * STEP) % films.len()]
            (start + other + end).to_frame().write_csv(file, include_header=False, quote_style="never")


def _alone(*arguments: str) -> str:
    command = [sys.executable, "-m", "tests.benchmarks.reviews", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


def _redial(workspace: Path, data: Path) -> Path:
    dumps = tuple(data / "dbpedia" / f"{name}_lang=en.ttl.bz2" for name in DUMPS)
    build_kg(workspace, KgConfig(dialogues=f"redial:{data / 'redial'}", dumps=dumps))
    return workspace


def _items(workspace: Path, comments: Path) -> Path:
    """Make a bundle of the films of some comments, by their names alone."""
    films = pl.read_ndjson(comments, schema={"subject_id": pl.String, "movie": pl.String}).unique("movie").sort("movie")
    items = workspace.with_suffix(".csv")
    films.rename({"subject_id": "item_id", "movie": "name"}).write_csv(items)
    dump = workspace.with_suffix(".nt")
    dump.write_text("", encoding="utf-8")
    build_kg(workspace, KgConfig(items=items, dumps=(dump,), languages=("zh",)))
    return workspace


if __name__ == "__main__":
    main()
