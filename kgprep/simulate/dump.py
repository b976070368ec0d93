"""A dump of DBpedia's shape and of any size, for measurements: made-up entities, 600 relations, power-law degrees.

Notable here:
- a dump of any size from 300,000 triples on holds the same items, so figures at several sizes compare;
- an entity's number spells its name in syllables, so names are distinct, look like names and need no memory;
- blocks of entities are drawn, written and forgotten one after another: memory does not follow the size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from kgprep.artifacts import write_beside
from kgprep.kg.vocabulary import DBO, FOAF, RDF, RDFS, RESOURCE

RELATIONS = 600
_MOST_FILMS = 5_000
_MOST_PEOPLE = 20_000
_TRIPLES_AN_ENTITY = 7.5
_EDGES_AN_ENTITY = 4.35
_BLOCK_ENTITIES = 200_000
_XSD = "http://www.w3.org/2001/XMLSchema#"
_FILM_RELATIONS = ("starring", "director", "writer", "producer", "musicComposer", "cinematography", "editing", "genre")
_TYPES = ("Person", "Place", "Organisation", "Species", "Album", "Settlement", "Athlete", "Company")
_ENDS = ("an", "el", "ir", "ost", "um", "o")
_SYLLABLES = ("zé", *(start + end for start in "bcdfghklmnprstvwyz" for end in _ENDS))[:108]
_SCRAMBLE = 48_271
_ABSTRACT = (
    r"{} is known for a long list of works, above all for \"{}\"; it was first described in the early years of the"
    " century and has since been the subject of studies, exhibitions and disputes among those who follow it."
)


@dataclass(frozen=True)
class DumpSummary:
    """What was written: the dump, its items, and how many triples it holds."""

    dump: Path
    items: Path
    triples: int


@dataclass(frozen=True)
class _World:
    """How many entities a dump has; the film of rank r is entity r * stride, and people lie between films."""

    entities: int
    films: int
    people: int
    seed: int

    @property
    def stride(self) -> int:
        return self.entities // self.films

    def is_film(self, entity: pl.Expr) -> pl.Expr:
        return (entity % self.stride == 0) & (entity < self.films * self.stride)

    def number(self, entity: pl.Expr) -> pl.Expr:
        """Number films by rank and all others from ten million, so that a film is called the same in every dump."""
        return pl.when(self.is_film(entity)).then(entity // self.stride).otherwise(entity + 10_000_000)

    def iri(self, entity: pl.Expr) -> pl.Expr:
        return pl.format(f"<{RESOURCE}{{}}>", self.label(entity).str.replace_all(" ", "_", literal=True))

    def label(self, entity: pl.Expr) -> pl.Expr:
        number = self.number(entity)
        film = pl.when(number % 3 > 0).then(pl.format("{} ({} film)", _name(number), _year(number)))
        other = pl.when(number % 9 == 0).then(pl.format("{} (musician)", _name(number)))
        return (
            pl.when(self.is_film(entity))
            .then(pl.coalesce(film, _name(number)))
            .otherwise(pl.coalesce(other, _name(number)))
        )


def simulate_dump(folder: Path, triples: int, seed: int = 0) -> DumpSummary:
    """Write ``dump.nt`` and ``items.csv`` (item_id, name, year and, for most, imdb_id of the films in it).

    Args:
        folder: to write to.
        triples: how many, from 7,500 on; up to four in a hundred more are written.
        seed: of everything drawn.

    Raises:
        KgprepError: the folder cannot be written to.
    """
    entities = max(1_000, round(triples / _TRIPLES_AN_ENTITY))
    world = _World(entities, min(_MOST_FILMS, entities // 8), min(_MOST_PEOPLE, entities // 2), seed)
    written = 0
    with write_beside(folder / "dump.nt") as path, path.open("wb") as file:
        for lines in _sections(world):
            written += lines.height
            lines.write_csv(file, include_header=False, quote_style="never")
    with write_beside(folder / "items.csv") as path:
        _items(world).write_csv(path)
    return DumpSummary(folder / "dump.nt", folder / "items.csv", written)


def _items(world: _World) -> pl.DataFrame:
    rank = pl.col("item_id")
    imdb_id = pl.when(rank % 5 > 0).then(pl.format("tt{}", rank.cast(pl.String).str.zfill(7)))
    films = pl.DataFrame({"item_id": np.arange(world.films)})
    return films.select("item_id", name=_name(rank), year=_year(rank), imdb_id=imdb_id)


def _sections(world: _World) -> Iterator[pl.DataFrame]:
    """Write each kind of triple in the order of its subjects, one kind after another, as dumps do."""
    entity = pl.col("entity")
    for number, block in enumerate(_blocks(world)):
        edges = _draw_edges(world, block["entity"].to_numpy(), np.random.default_rng([world.seed, number]))
        yield _lines(edges, world.iri(entity), pl.format(f"<{DBO}{{}}>", "relation"), world.iri(pl.col("tail")))
    for predicate, value, every in _facts(world):
        for block in _blocks(world):
            told = block.filter((entity % every == 0) | world.is_film(entity))
            yield _lines(told, world.iri(entity), pl.lit(f"<{predicate}>"), value)


def _lines(frame: pl.DataFrame, subject: pl.Expr, predicate: pl.Expr, term: pl.Expr) -> pl.DataFrame:
    return frame.select(pl.concat_str(subject, predicate, term, pl.lit("."), separator=" ").alias("line"))


def _blocks(world: _World) -> Iterator[pl.DataFrame]:
    for first in range(0, world.entities, _BLOCK_ENTITIES):
        yield pl.DataFrame({"entity": np.arange(first, min(first + _BLOCK_ENTITIES, world.entities))})


def _draw_edges(world: _World, entities: NDArray[np.int64], random: np.random.Generator) -> pl.DataFrame:
    count = round(len(entities) * _EDGES_AN_ENTITY)
    anyone = (world.entities * random.random(count) ** 3).astype(np.int64)
    # The people of films are as many in a dump of every size, so that the same items reach about as far.
    person = 1 + (world.people * random.random(count) ** 2).astype(np.int64) * (world.entities // world.people)
    rank = (RELATIONS * random.random(count) ** 4).astype(np.int64)
    edges = pl.DataFrame(
        {"entity": np.sort(random.choice(entities, count)), "anyone": anyone, "person": person, "rank": rank}
    )
    is_film = world.is_film(pl.col("entity"))
    return edges.select(
        "entity",
        tail=pl.when(is_film).then("person").otherwise("anyone"),
        relation=pl.when(is_film).then(_of(_FILM_RELATIONS, pl.col("rank"))).otherwise(_relation(pl.col("rank"))),
    )


def _facts(world: _World) -> tuple[tuple[str, pl.Expr, int], ...]:
    """Predicate, value in N-Triples' form, and which share of the entities (one in so many) has it beside all films."""
    number = world.number(pl.col("entity"))
    name, friend = _name(number), _name(number + 1)
    kind = pl.when(world.is_film(pl.col("entity"))).then(pl.lit("Film")).otherwise(_of(_TYPES, number))
    date = pl.format("{}-0{}-1{}", _year(number), number % 9 + 1, number % 10)
    text = pl.format(_ABSTRACT, name, friend)
    return (
        (f"{RDFS}label", pl.format('"{}"@en', world.label(pl.col("entity"))), 1),
        (f"{RDF}type", pl.format(f"<{DBO}{{}}>", kind), 1),
        (f"{DBO}releaseDate", pl.format(f'"{{}}"^^<{_XSD}date>', date), 3),
        (f"{DBO}imdbId", pl.format('"{}"', number.cast(pl.String).str.zfill(7)), 8),
        (f"{FOAF}name", pl.format('"{} of {}"@en', name, friend), 2),
        (f"{DBO}abstract", pl.format('"{}"@en', text), 5),
    )


def _name(number: pl.Expr) -> pl.Expr:
    """Spell a number below 108 to the power of four as two words; no two numbers give the same words."""
    spread = number * _SCRAMBLE % len(_SYLLABLES) ** 4
    syllables = [_of(_SYLLABLES, spread // len(_SYLLABLES) ** place) for place in range(4)]
    return pl.format(
        "{}{} {}{}", *(syllables[0].str.to_titlecase(), syllables[1], syllables[2].str.to_titlecase(), syllables[3])
    )


def _relation(rank: pl.Expr) -> pl.Expr:
    """Name a relation as DBpedia does: two words, the second with a capital."""
    second = _of(_SYLLABLES, rank // len(_SYLLABLES)).str.to_titlecase()
    return pl.concat_str(_of(_SYLLABLES, rank), second)


def _year(number: pl.Expr) -> pl.Expr:
    return 1930 + number * 7 % 90


def _of(words: Sequence[str], number: pl.Expr) -> pl.Expr:
    return pl.lit(pl.Series(words)).gather(number % len(words))
