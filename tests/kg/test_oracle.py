"""build-kg against a plain reading of the same random graph, for every option."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from kgprep.artifacts import EDGES, ENTITIES, ITEMS, RELATIONS, read_table
from kgprep.errors import KgprepError
from kgprep.kg.build import KgConfig, build_kg
from kgprep.kg.redirects import follow_redirects, to_canonical
from kgprep.kg.source import DumpSource
from kgprep.kg.subgraph import SubgraphOptions, expand
from tests.kg.plain_reading import LABEL, REDIRECTS, SAME_AS, Item, PlainGraph, Wanted, read_edges_plainly, read_plainly

_PAGES = (
    "http://dbpedia.org/resource/Alpha_(film)",
    "http://dbpedia.org/resource/Ünïcödé",
    "http://dbpedia.org/resource/%C3%9Cn%C3%AF",
    "http://dbpedia.org/resource/艾尔·帕西诺",
    "http://dbpedia.org/resource/\U0001f3ac",
    "http://dbpedia.org/resource/O'Neil,_J._(born_1950)",
    "http://dbpedia.org/resource/A",
    "http://dbpedia.org/resource/a",
    "http://dbpedia.org/resource/A/B",
    "http://dbpedia.org/resource/AC%2FDC",
    "http://dbpedia.org/resource/What?",
    "http://example.org/page#fragment?&=;",
    "http://example.org/",
    "urn:isbn:0-395-36341-1",
    "http://www.wikidata.org/entity/Q1",
    "http://www.wikidata.org/entity/Q2",
    "http://www.wikidata.org/entity/Q10",
)
_RELATIONS = tuple(f"http://example.org/relation/{name}" for name in ("links", "names", "ünder", "ZAP"))
_TITLES = ("Casablanca", "Metropolis", "Nosferatu", "Vertigo", "Unheard Of")
_IS_FILM = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://dbpedia.org/ontology/Film>"
_NO_EDGES = (
    ('<http://example.org/> <http://dbpedia.org/ontology/wikiPageWikiLink> <urn:isbn:0-395-36341-1> .'),
    ('<http://example.org/> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://example.org/Thing> .'),
    (f'<http://example.org/> <{_RELATIONS[0]}> "a literal \\"quoted\\" \\u00e9"@en .'),
    (f'<http://example.org/> <{_RELATIONS[0]}> "http://dbpedia.org/resource/A" .'),
    (f"_:b0 <{_RELATIONS[0]}> <http://dbpedia.org/resource/A> ."),
    (f"<http://dbpedia.org/resource/A> <{_RELATIONS[1]}> _:b0 ."),
    (f"_:b0 <{REDIRECTS}> <http://dbpedia.org/resource/A> ."),
    (f"<http://dbpedia.org/resource/a> <{SAME_AS}> <http://dbpedia.org/resource/A> ."),
    ("# a comment"),
    (""),
)  # fmt: skip


@dataclass(frozen=True)
class World:
    """A graph in lines of N-Triples, spread over files, and the items in it."""

    files: tuple[tuple[str, ...], ...]
    items: tuple[Item, ...]


def _line(head: str, predicate: str, tail: str, escaped: bool = False) -> str:
    line = f"<{head}> <{predicate}> <{tail}> ."
    if not escaped:
        return line
    return "".join(char if char.isascii() else f"\\U{ord(char):08X}" for char in line)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    pages = draw(st.lists(st.sampled_from(_PAGES), min_size=8, max_size=len(_PAGES), unique=True))
    page = st.sampled_from(pages)
    # Items are few and some pages are hubs, so that there is something to cap and something out of reach.
    end = page | st.sampled_from(pages[:3])
    size = draw(st.sampled_from([40, 30, 20, 10, 3, 0]))
    edge = st.builds(_line, end, st.sampled_from((*_RELATIONS, *_RELATIONS[:2])), end, st.booleans())
    edges = draw(st.lists(edge, min_size=size, max_size=size))
    redirects = draw(st.lists(st.builds(_line, page, st.just(REDIRECTS), page, st.booleans()), max_size=4))
    entities = st.sampled_from([name for name in _PAGES if "wikidata" in name])
    same = draw(st.lists(st.builds(_line, page, st.just(SAME_AS), entities), max_size=2))
    noise = draw(st.lists(st.sampled_from(_NO_EDGES), max_size=6))
    titled = draw(st.lists(st.sampled_from(_TITLES[:-1]), max_size=2, unique=True))
    labels = [f'<{draw(page)}> <{LABEL}> "{title}"@en .' for title in titled]
    # An entity of which nothing but a name is known is no sure match.
    labels += [f"<{name}> {_IS_FILM} ." for name in _PAGES]
    given = draw(st.lists(page, min_size=0 if titled else 1, max_size=2))
    lines = [*edges, *redirects, *same, *noise, *labels]
    lines += draw(st.lists(st.sampled_from(lines), max_size=5)) if lines else []
    draw(st.randoms(use_true_random=False)).shuffle(lines)
    cuts = sorted(draw(st.lists(st.integers(0, len(lines)), max_size=2)))
    ends = [*cuts, len(lines)]
    parts = (tuple(lines[start:end]) for start, end in zip([0, *cuts], ends, strict=True))
    # A file without a triple is refused.
    files = tuple(part for part in parts if any(line.endswith(" .") for line in part))
    names = [(title, None) for title in titled] + [(f"item {number}", iri) for number, iri in enumerate(given)]
    names += [(_TITLES[-1], None)] if draw(st.booleans()) else []
    return World(files, tuple(Item(str(number), name, iri) for number, (name, iri) in enumerate(names)))


_OPTIONS = st.builds(
    Wanted,
    hops=st.sampled_from([2, 3, 4, 1, 0]),
    direction=st.sampled_from(("both", "both", "out", "in")),
    relations=st.just(frozenset(_RELATIONS))
    | st.just(frozenset(_RELATIONS))
    | st.frozensets(st.sampled_from(_RELATIONS), min_size=1),
    min_relation_count=st.sampled_from([1, 1, 2, 3, 5]),
    max_degree=st.sampled_from([None, None, 0, 1, 2, 3]),
    inverse=st.booleans(),
)


def _write(world: World, wanted: Wanted, folder: Path) -> KgConfig:
    dumps = []
    for number, lines in enumerate(world.files):
        dumps.append(folder / f"{number}.nt")
        dumps[-1].write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    items = folder / "items.jsonl"
    rows = ({"item_id": item.item_id, "name": item.title, "iri": item.iri} for item in world.items)
    items.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    relations = folder / "relations.txt"
    relations.write_text("".join(f"{relation}\n" for relation in sorted(wanted.relations)), encoding="utf-8")
    return KgConfig(
        items=items,
        dumps=tuple(dumps),
        relations=None if len(wanted.relations) == len(_RELATIONS) else relations,
        hops=wanted.hops,
        direction=wanted.direction,
        min_relation_count=wanted.min_relation_count,
        max_degree=wanted.max_degree,
        inverse=wanted.inverse,
    )


def _read(workspace: Path) -> PlainGraph:
    entities, relations, edges, items = (read_table(workspace, table) for table in (ENTITIES, RELATIONS, EDGES, ITEMS))
    assert entities["entity_id"].to_list() == list(range(entities.height))
    assert entities["iri"].to_list() == sorted(entities["iri"])
    assert relations["relation_id"].to_list() == list(range(relations.height))
    assert edges.is_unique().all()
    iris = entities["iri"].to_list()
    described = relations.select("iri", "edges", pl.col("inverse_of").is_not_null()).rows()
    item_iris = {item_id: iris[entity] for item_id, entity in items.select("item_id", "entity_id").rows()}
    assert set(item_iris.values()) == set(entities.filter("is_item")["iri"])
    return PlainGraph(
        items=item_iris,
        degrees=dict(entities.select("iri", "degree").rows()),
        relations=described,
        edges={
            (iris[head], described[relation][0], described[relation][2], iris[tail])
            for head, relation, tail in edges.rows()
        },
    )


@settings(max_examples=35)
@given(worlds(), _OPTIONS)
def test_the_graph_equals_a_plain_reading(world: World, wanted: Wanted) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = _write(world, wanted, folder)
        expected = read_plainly(config.dumps, world.items, wanted)
        try:
            build_kg(folder / "workspace", config)
        except KgprepError as error:
            if "relations.txt lists no relation" not in str(error):
                raise
            assert not expected.edges
        else:
            assert _read(folder / "workspace") == expected


@settings(max_examples=120)
@given(worlds(), _OPTIONS)
def test_the_edges_equal_a_plain_reading(world: World, wanted: Wanted) -> None:
    options = SubgraphOptions(
        wanted.hops, wanted.direction, wanted.relations, wanted.min_relation_count, wanted.max_degree
    )
    given_iris = [item.iri for item in world.items if item.iri is not None]
    with tempfile.TemporaryDirectory() as name:
        dumps = _write(world, wanted, Path(name)).dumps
        with DumpSource(dumps, ("en",), folder=Path(name)) as source:
            items = pl.Series("iri", given_iris, dtype=pl.String)
            canonical = to_canonical(items.to_frame(), "iri", follow_redirects(source, items))["iri"]
            found = expand(source, canonical, options).edges
        assert found.rows() == sorted(read_edges_plainly(dumps, given_iris, wanted))
