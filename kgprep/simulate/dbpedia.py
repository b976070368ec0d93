"""Films, the sample's or made-up ones, as an N-Triples slice of DBpedia.

Notable here: labels are page titles with their qualifier, as in DBpedia; an edge is written only where the table of
films names it; subjects are sorted, so the slice is the same from build to build.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from kgprep.simulate.chinese import GENRE_NAMES

_RESOURCE: Final = "http://dbpedia.org/resource/"
_ONTOLOGY: Final = "http://dbpedia.org/ontology/"
_XSD: Final = "http://www.w3.org/2001/XMLSchema#"
_LABEL: Final = "<http://www.w3.org/2000/01/rdf-schema#label>"
_TYPE: Final = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
_NAME: Final = "<http://xmlns.com/foaf/0.1/name>"
_QUALIFIER = re.compile(r"_\([^)]*\)$")

GENRE_ENTITIES: Final[Mapping[str, str]] = {
    "action": "Action_film",
    "adventure": "Adventure_film",
    "animation": "Animation",
    "biography": "Biographical_film",
    "comedy": "Comedy_film",
    "crime": "Crime_film",
    "drama": "Drama_(film_and_television)",
    "family": "Children's_film",
    "fantasy": "Fantasy_film",
    "heist": "Heist_film",
    "horror": "Horror_film",
    "martial arts": "Martial_arts_film",
    "musical": "Musical_film",
    "mystery": "Mystery_film",
    "romance": "Romance_film",
    "science fiction": "Science_fiction_film",
    "slasher": "Slasher_film",
    "superhero": "Superhero_film",
    "thriller": "Thriller_film",
    "war": "War_film",
    "western": "Western_(genre)",
}
_KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "director": ("Person", "MovieDirector"),
    "starring": ("Person", "Actor"),
    "writer": ("Person", "Writer"),
    "producer": ("Person",),
    "musicComposer": ("Person", "MusicalArtist"),
    "cinematography": ("Person",),
    "distributor": ("Organisation", "Company"),
    "productionCompany": ("Organisation", "Company"),
    "country": ("Place", "Country"),
    "language": ("Language",),
    "genre": ("MovieGenre",),
}


def film_triples(films: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the N-Triples lines of the films that have an entity, and of all that their edges reach.

    Args:
        films: rows of films.jsonl with entity, edges, genres and the facts that `load_films` reads.
    """
    kinds: defaultdict[str, set[str]] = defaultdict(set)
    lines: defaultdict[str, list[str]] = defaultdict(list)
    for film in films:
        if film["entity"] is None:
            continue
        genres = [GENRE_ENTITIES[genre] for genre in film["genres"]]
        edges = {**film["edges"], "genre": genres}
        lines[film["entity"]] = [*_film_literals(film), *_edges(film["entity"], edges)]
        for relation, tails in edges.items():
            for tail in tails:
                kinds[tail].update(_KINDS[relation])
    names = _chinese_names(films)
    for name, types in kinds.items():
        lines[name] = _neighbour(name, types, names.get(name))
    return [line for name in sorted(lines) for line in lines[name]]


def _film_literals(film: Mapping[str, Any]) -> list[str]:
    subject = _resource(film["entity"])
    date = film["release_date"]
    released = f'"{date}"^^<{_XSD}date>' if date else f'"{film["year"]}"^^<{_XSD}gYear>'
    chinese = film["title_zh"]
    return [
        *_types(subject, ("Film", "Work")),
        f"{subject} {_TYPE} <http://schema.org/Movie> .",
        f"{subject} {_TYPE} <http://www.w3.org/2002/07/owl#Thing> .",
        f'{subject} {_LABEL} "{_escape(_label(film["entity"]))}"@en .',
        *([f'{subject} {_LABEL} "{_escape(chinese)}"@zh .'] if chinese else ()),
        f'{subject} {_NAME} "{_escape(film["title"])}"@en .',
        f'{subject} <{_ONTOLOGY}imdbId> "{film["imdb_id"].removeprefix("tt")}" .',
        f"{subject} <{_ONTOLOGY}releaseDate> {released} .",
    ]


def _edges(entity: str, edges: Mapping[str, Sequence[str]]) -> list[str]:
    return [
        f"{_resource(entity)} <{_ONTOLOGY}{relation}> {_resource(tail)} ."
        for relation in sorted(edges)
        for tail in dict.fromkeys(edges[relation])
    ]


def _neighbour(name: str, types: Iterable[str], chinese: str | None) -> list[str]:
    subject = _resource(name)
    lines = [*_types(subject, sorted(types)), f'{subject} {_LABEL} "{_escape(_label(name))}"@en .']
    if chinese:
        lines.append(f'{subject} {_LABEL} "{chinese}"@zh .')
    if "Person" in types:
        lines.append(f'{subject} {_NAME} "{_escape(_plain(name))}"@en .')
    return lines


def _types(subject: str, classes: Iterable[str]) -> list[str]:
    return [f"{subject} {_TYPE} <{_ONTOLOGY}{name}> ." for name in classes]


def _chinese_names(films: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    people = {
        person: chinese
        for film in films
        for person, chinese in zip(film["people"], film["people_zh"], strict=True)
        if chinese
    }
    entities = {tail for film in films for tails in film["edges"].values() for tail in tails}
    named = {entity: people[_plain(entity)] for entity in entities if _plain(entity) in people}
    return named | {entity: GENRE_NAMES[genre] for genre, entity in GENRE_ENTITIES.items()}


def _resource(name: str) -> str:
    return f"<{_RESOURCE}{name}>"


def _label(name: str) -> str:
    return name.replace("_", " ")


def _plain(name: str) -> str:
    return _label(_QUALIFIER.sub("", name))


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
