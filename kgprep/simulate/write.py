"""The simulator as a function of films, and as one that writes files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from kgprep.artifacts import write_beside
from kgprep.counts import Count
from kgprep.dialogues.lines import Skips
from kgprep.errors import KgprepError
from kgprep.simulate.conversation import SimulateConfig, simulate_conversations
from kgprep.simulate.dbpedia import film_triples
from kgprep.simulate.films import SAMPLE_FOLDER, Film, films_from_workspace, films_of, load_films
from kgprep.simulate.made_up import made_up_films
from kgprep.simulate.reviews import comment_rows, review_rows, simulate_reviews
from kgprep.simulate.schemas import redial_record, tgredial_record

Record = dict[str, Any]


@dataclass(frozen=True)
class SimulatedSet:
    """A data set as JSON records: dialogues by split, the films' side file, and reviews."""

    language: str
    dialogues: Mapping[str, Sequence[Record]]
    films: Sequence[Record]
    reviews: Sequence[Record]


@dataclass(frozen=True)
class SimulationSummary:
    """What was written: the files, and how many records each holds."""

    files: tuple[Path, ...]
    counts: tuple[Count, ...]


def simulate(films: Sequence[Film], config: SimulateConfig) -> SimulatedSet:
    """Simulate users who talk about `films`.

    Args:
        films: what users know; see `load_films` and `films_from_workspace`.
        config: number of dialogues, seed, language, shares.

    Raises:
        KgprepError: there are no films, or none left for a split.
    """
    if not films:
        raise KgprepError("there are no films to talk about: give a table with a column title")
    records = _redial_records(films, config) if config.language == "en" else _tgredial_records(films, config)
    reviews = simulate_reviews(films, config)
    return SimulatedSet(
        config.language,
        _split(records, config),
        [_side_record(film) for film in films],
        review_rows(reviews) if config.language == "en" else comment_rows(reviews),
    )


def _redial_records(films: Sequence[Film], config: SimulateConfig) -> list[Record]:
    random = Random(f"forms {config.seed}")
    records: list[Record] = []
    message_id = 1000
    for number, conversation in enumerate(simulate_conversations(films, config, lambda film: f"@{film.item_id}")):
        records.append(redial_record(conversation, number + 1, message_id, random))
        message_id += len(conversation.messages)
    return records


def _tgredial_records(films: Sequence[Film], config: SimulateConfig) -> list[Record]:
    random = Random(f"users {config.seed}")
    users = 1 + config.dialogues // 6
    return [
        tgredial_record(conversation, number, int(random.random() * users))
        for number, conversation in enumerate(simulate_conversations(films, config, lambda film: f"《{film.title}》"))
    ]


def _split(records: list[Record], config: SimulateConfig) -> dict[str, list[Record]]:
    """Cut the records, which are in random order already, into train, valid (TG-ReDial only) and test."""
    test = round(len(records) * config.test_share)
    valid = round(len(records) * config.valid_share) if config.language == "zh" else 0
    train = len(records) - test - valid
    splits = {"train": records[:train], "valid": records[train : train + valid], "test": records[train + valid :]}
    return {name: part for name, part in splits.items() if name != "valid" or config.language == "zh"}


def _side_record(film: Film) -> Record:
    record: Record = {"movie_id": film.item_id, "name": film.name}
    if film.imdb_id:
        record["imdb_id"] = film.imdb_id
    return {**record, "genre": list(film.genres), "people": list(film.people), "plot": film.about}


def write_simulation(
    out: Path,
    config: SimulateConfig,
    films: Path | None = None,
    workspace: Path | None = None,
    made_up: int | None = None,
) -> SimulationSummary:
    """Simulate users and write their dialogues and reviews to the folder `out`.

    English writes train.jsonl, test.jsonl, movies.jsonl (ReDial's schema) and reviews.jsonl; Chinese writes
    {train,valid,test}_data.json (TG-ReDial's schema), movies.jsonl and reviews.jsonl. Made-up films also give
    films.jsonl, and dbpedia.nt with their graph.

    Args:
        out: folder, made if absent.
        config: number of dialogues, seed, language, shares.
        films: table of films (see `load_films`); the embedded sample's films by default.
        workspace: take the films from this workspace's graph instead.
        made_up: make up so many films instead, in English.

    Raises:
        KgprepError: the films cannot be read, two sources are given, Chinese users are to talk about made-up films, or
            `out` cannot be written.
    """
    if sum(source is not None for source in (films, workspace, made_up)) > 1:
        raise KgprepError("films come from a table, a workspace or are made up: choose one of them")
    counts: list[Count] = []
    files: list[Path] = []
    if made_up is not None:
        if config.language != "en":
            raise KgprepError("made-up films have English names: leave out the language, or give a table of films")
        rows = made_up_films(made_up, config.seed)
        triples = film_triples(rows)
        files.append(write_json_lines(out / "films.jsonl", rows))
        files.append(write_text(out / "dbpedia.nt", "".join(f"{line}\n" for line in triples)))
        counts += [Count("films", len(rows)), Count("triples", len(triples))]
        known = films_of(rows)
    elif workspace is not None:
        known = films_from_workspace(workspace)
    else:
        skips = Skips()
        known = load_films(films or SAMPLE_FOLDER / "films.jsonl", config.language, skips)
        counts += skips.counts
    simulated = simulate(known, config)
    for name, records in simulated.dialogues.items():
        files.append(write_dialogues(out, name, records, config.language))
        counts.append(Count(f"{name} dialogues", len(records)))
    for name, records in (("movies", simulated.films), ("reviews", simulated.reviews)):
        files.append(write_json_lines(out / f"{name}.jsonl", records))
        counts.append(Count(name, len(records)))
    return SimulationSummary(tuple(files), tuple(counts))


def write_dialogues(folder: Path, split: str, records: Iterable[Record], language: str) -> Path:
    """Write one split in the file form of ReDial (JSON Lines) or TG-ReDial (a JSON list); return its path."""
    if language == "en":
        return write_json_lines(folder / f"{split}.jsonl", records)
    return write_text(folder / f"{split}_data.json", "[\n" + ",\n".join(map(_dump, records)) + "\n]\n")


def write_json_lines(path: Path, records: Iterable[Record]) -> Path:
    """Write one JSON object a line and return the path."""
    return write_text(path, "".join(f"{_dump(record)}\n" for record in records))


def write_text(path: Path, text: str) -> Path:
    """Write a text as UTF-8 beside its place, rename it into place and return the path."""
    with write_beside(path) as partial:
        partial.write_bytes(text.encode())
    return path


def _dump(record: Record) -> str:
    return json.dumps(record, ensure_ascii=False)
