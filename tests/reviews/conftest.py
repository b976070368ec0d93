"""A small world with dialogues and reviews, built by build-kg from files in their real forms."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from kgprep.kg.build import KgConfig, build_kg
from kgprep.reviews.corpora import corpus_spec, read_batches
from kgprep.reviews.records import CLEAN, ReviewCorpus, Tally
from tests.reviews.played_site import PlayedSite, SimulatedClock

_RESOURCE = "http://dbpedia.org/resource/"
_EDGES = """
Heat_(1995_film) director Michael_Mann
Heat_(1995_film) starring Al_Pacino
Heat_(1995_film) starring Robert_De_Niro
Heat_(1995_film) genre Crime_film
The_Insider_(film) director Michael_Mann
The_Insider_(film) starring Al_Pacino
Spirited_Away director Hayao_Miyazaki
"""
_LABELS = {
    "Heat_(1995_film)": "Heat (1995 film)",
    "The_Insider_(film)": "The Insider (film)",
    "Spirited_Away": "Spirited Away",
    "Michael_Mann": "Michael Mann",
    "Al_Pacino": "Al Pacino",
    "Robert_De_Niro": "Robert De Niro",
    "Crime_film": "Crime film",
    "Hayao_Miyazaki": "Hayao Miyazaki",
}
_MESSAGES = [
    ("I loved @1, with Al Pacino.", 0),
    ("Then watch @2. Michael Mann made it too.", 1),
    ("And Robert De Niro? Have you seen Spirited Away?", 0),
    ("@3 is lovely.", 1),
]
REVIEWS: list[dict[str, Any]] = [
    {
        "src": "small",
        "imdb_id": "tt0113277",
        "title": "A duel",
        "rating": "9",
        "date": "1 April 2004",
        "review": "I saw it twice. Al Pacino and Robert De Niro finally share a scene in a quiet diner.<br>Go see it!",
        "rank": [40, 44],
    },
    {
        "src": "small",
        "imdb_id": "tt0113277",
        "title": None,
        "rating": 27,
        "review": "The diner scene with both is what people will remember. Michael Mann films the city at night.",
    },
    {"src": "small", "imdb_id": "tt0140352", "rating": 3, "review": "Too long."},
    {"src": "small", "imdb_id": "tt9999999", "rating": 5, "review": "A film that nobody knows, with a long text."},
]


def write_json_lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def read_reviews(form: str, path: Path) -> ReviewCorpus:
    """Read a whole corpus, duplicates and other languages included."""
    tally = Tally()
    frames = list(read_batches(corpus_spec(f"{form}:{path}"), tally))
    return ReviewCorpus(pl.concat([pl.DataFrame(schema=CLEAN), *frames]), tally.counts(path.name), tuple(tally.notes))


def _dialogue(number: int) -> dict[str, Any]:
    messages: list[dict[str, Any]] = [
        {"messageId": 10 * number + turn, "timeOffset": turn, "text": text, "senderWorkerId": speaker}
        for turn, (text, speaker) in enumerate(_MESSAGES)
    ]
    # No two dialogues may be the same word for word: a bundle does not let one stand in two splits.
    messages[-1]["text"] = f"{messages[-1]['text']}{'!' * number}"
    mentioned = {"1": "Heat (1995)", "2": "The Insider (1999)", "3": "Spirited Away (2001)"}
    return {
        "conversationId": str(number),
        "messages": messages,
        "movieMentions": mentioned,
        "initiatorQuestions": {},
        "respondentQuestions": {},
        "initiatorWorkerId": 0,
        "respondentWorkerId": 1,
    }


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A bundle after build-kg: three films, their people, twenty dialogues."""
    edges = [line.split() for line in _EDGES.split("\n") if line]
    ontology = "http://dbpedia.org/ontology/"
    triples = [f"<{_RESOURCE}{head}> <{ontology}{name}> <{_RESOURCE}{tail}> ." for head, name, tail in edges]
    label = "http://www.w3.org/2000/01/rdf-schema#label"
    triples += [f'<{_RESOURCE}{name}> <{label}> "{text}"@en .' for name, text in _LABELS.items()]
    dump = tmp_path / "dump.nt"
    dump.write_text("\n".join(triples) + "\n", encoding="utf-8")
    films = [
        {"movie_id": "1", "name": "Heat (1995)", "imdb_id": "tt0113277", "plot": "A cop hunts a thief. Nobody wins."},
        {"movie_id": "2", "name": "The Insider (1999)", "imdb_id": "tt0140352", "plot": "A man speaks up."},
        {"movie_id": "3", "name": "Spirited Away (2001)", "plot": "A girl enters a bath house. Then she works."},
    ]
    config = KgConfig(
        dialogues=f"redial:{write_json_lines(tmp_path / 'train.jsonl', [_dialogue(n) for n in range(20)])}",
        dialogues_test=write_json_lines(tmp_path / "test.jsonl", [_dialogue(99)]),
        films=write_json_lines(tmp_path / "movies.jsonl", films),
        dumps=(dump,),
    )
    build_kg(tmp_path / "ws", config)
    return tmp_path / "ws"


@pytest.fixture
def reviews_file(tmp_path: Path) -> Path:
    """Reviews of two of the films, one of them twice, and of a film that the bundle does not know."""
    return write_json_lines(tmp_path / "reviews.jsonl", [*REVIEWS, REVIEWS[0]])


@pytest.fixture
def site() -> Iterator[PlayedSite]:
    """A server on loopback that plays a review site."""
    played = PlayedSite()
    yield played
    played.close()


@pytest.fixture
def simulated() -> SimulatedClock:
    """A clock that does not wait."""
    return SimulatedClock()
