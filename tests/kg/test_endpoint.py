"""An endpoint as source: the same tables as the dump, and the same answers however it cuts pages or refuses batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pyoxigraph
import pytest

from kgprep.artifacts import ALIASES, DESCRIPTIONS, EDGES, ENTITIES, ITEMS, RELATIONS
from kgprep.errors import KgprepError
from kgprep.kg.build import KgConfig, build_kg
from kgprep.kg.endpoint import EndpointSource
from kgprep.kg.source import DumpSource, End
from kgprep.kg.vocabulary import FACTS
from tests.kg.sparql_server import Endpoint, Trouble, rdflib_endpoint, troubled_endpoint

TABLES = (ENTITIES, RELATIONS, EDGES, ALIASES, DESCRIPTIONS, ITEMS)
RESOURCE = "http://dbpedia.org/resource/"
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"


@pytest.fixture
def endpoint(dumps: tuple[Path, ...]) -> Iterator[Endpoint]:
    with troubled_endpoint(dumps) as running:
        yield running


def ask(endpoint: Endpoint | str, question: Callable[[EndpointSource], pl.DataFrame], **options: Any) -> pl.DataFrame:
    url = endpoint if isinstance(endpoint, str) else endpoint.url
    with EndpointSource(url, ("en",), **options) as source:
        return question(source)


def stars(source: EndpointSource) -> pl.DataFrame:
    films = ["Heat_(1995_film)", "Heat_(1986_film)", "Home_Alone", "Seven_(1995_film)"]
    terms = pl.Series([*(RESOURCE + film for film in films), "not an iri>", None])
    return source.facts("edge", "subject", terms).sort("subject", "predicate", "object")


def items(*names: str, year: int | None = None) -> pl.DataFrame:
    schema = {"name": pl.String, "year": pl.Int16}
    return pl.DataFrame({"name": names, "year": [year] * len(names)}, schema=schema)


def assert_same_tables(one: Path, other: Path) -> None:
    for table in TABLES:
        assert table.path(one).read_bytes() == table.path(other).read_bytes(), table.name


def test_rdflib_endpoint_gives_the_tables_of_the_dump(
    tmp_path: Path, dumps: tuple[Path, ...], items_file: Path
) -> None:
    config = KgConfig(items=items_file, dumps=dumps)
    build_kg(tmp_path / "dump", config)
    with rdflib_endpoint(dumps) as url:
        build_kg(tmp_path / "live", config.model_copy(update={"dumps": (), "endpoint": url}))
    assert_same_tables(tmp_path / "live", tmp_path / "dump")


def test_rdflib_endpoint_reads_percent_signs(tmp_path: Path) -> None:
    page = f"{RESOURCE}What%3F_100%25"
    dump = tmp_path / "edges.nt"
    dump.write_text(f"<{page}> <http://dbpedia.org/ontology/director> <{RESOURCE}A%2CB> .\n")
    with rdflib_endpoint([dump]) as url:
        found = ask(url, lambda source: source.facts("edge", "subject", pl.Series([page])))
    assert found["object"].to_list() == [f"{RESOURCE}A%2CB"]


@pytest.mark.parametrize("direction", ["out", "both"])
def test_the_endpoint_gives_the_tables_of_the_dump(
    tmp_path: Path, endpoint: Endpoint, dumps: tuple[Path, ...], items_file: Path, direction: str
) -> None:
    config = KgConfig.model_validate(
        {"items": items_file, "dumps": dumps, "languages": ("en", "zh"), "direction": direction}
    )
    build_kg(tmp_path / "dump", config)
    build_kg(tmp_path / "live", config.model_copy(update={"dumps": (), "endpoint": endpoint.url}))
    assert_same_tables(tmp_path / "live", tmp_path / "dump")


@pytest.mark.parametrize("end", ["subject", "object"])
@pytest.mark.parametrize("fact", FACTS)
def test_every_fact_is_that_of_the_dump(
    endpoint: Endpoint, dumps: tuple[Path, ...], tmp_path: Path, fact: str, end: End
) -> None:
    more = tmp_path / "more.nt"
    entity = "http://www.wikidata.org/entity/Q1"
    more.write_text(
        f"<{RESOURCE}Heat> <http://dbpedia.org/ontology/wikiPageDisambiguates> <{RESOURCE}Heat_(1995_film)> .\n"
        f"<{RESOURCE}Al_Pacino> <http://www.w3.org/2002/07/owl#sameAs> <{entity}> .\n"
        f"<{RESOURCE}Al_Pacino> <http://www.w3.org/2002/07/owl#sameAs> <http://example.org/elsewhere> .\n"
        f'<{RESOURCE}Al_Pacino> <http://dbpedia.org/ontology/abstract> "British"@en-GB .\n'
        f'<{RESOURCE}Al_Pacino> <http://dbpedia.org/ontology/abstract> "Middle English"@enm .\n'
        f'<{RESOURCE}Al_Pacino> <http://dbpedia.org/ontology/abstract> "No language" .\n',
        encoding="utf-8",
    )
    endpoint.store.load(more.read_bytes(), format=pyoxigraph.RdfFormat.N_TRIPLES)
    with DumpSource([*dumps, more], ("en",)) as dump, EndpointSource(endpoint.url, ("en",)) as live:
        known = dump.facts(fact, "subject", pl.Series([f"{RESOURCE}Al_Pacino"]))
        assert known.height or fact not in ("text", "same_as", "name")
        pages = [quad.subject.value for quad in endpoint.store if isinstance(quad.subject, pyoxigraph.NamedNode)]
        values = [quad.object.value for quad in endpoint.store if isinstance(quad.object, pyoxigraph.NamedNode)]
        terms = pl.Series([*pages, *values, "0113277"]).unique()
        said = dump.facts(fact, end, terms)
        found = live.facts(fact, end, terms)
    assert found.sort(found.columns).equals(said.unique().sort(found.columns), null_equal=True)


def test_small_pages_and_batches_give_the_same_answer(endpoint: Endpoint) -> None:
    whole = ask(endpoint, stars)
    assert whole.height == 10
    assert ask(endpoint, stars, page_rows=2, batch_terms=1).equals(whole)
    assert ask(endpoint, stars, page_rows=3, batch_terms=3).equals(whole)


@pytest.mark.parametrize(
    ("status", "header"), [(200, {}), (206, {}), (200, {"X-SPARQL-MaxRows": "2"})], ids=["silent", "206", "header"]
)
def test_a_server_that_cuts_pages_loses_nothing(endpoint: Endpoint, status: int, header: dict[str, str]) -> None:
    whole = ask(endpoint, stars)
    endpoint.most_rows, endpoint.part_status, endpoint.part_header = 2, status, header
    assert ask(endpoint, stars).equals(whole)
    assert ask(endpoint, stars, batch_terms=1).equals(whole)


@pytest.mark.parametrize(
    "refusal",
    [
        Trouble(413, {}, b"too large"),
        Trouble(414),
        Trouble(400, {}, b"SPARQL compiler: SQL text too long"),
        Trouble(504, {}, b"gateway timed out"),
        Trouble(500, {}, b"Virtuoso 42000 Error The estimated execution time exceeds the limit"),
        Trouble(200, {"Content-Type": "text/plain"}, b"Virtuoso S1T00 Error SR171: Transaction timed out"),
        Trouble(200, {"X-SQL-State": "S1TAT"}, b'{"head": {}, "results": {"bindings": []}}'),
    ],
    ids=lambda refusal: f"{refusal.status} {refusal.body[:20].decode()}",
)
def test_a_refused_batch_is_halved(endpoint: Endpoint, refusal: Trouble) -> None:
    whole = ask(endpoint, stars)
    longest = max(len(query) for query in endpoint.queries)
    endpoint.most_characters, endpoint.refusal = longest - 80, refusal
    endpoint.queries.clear()
    assert ask(endpoint, stars).equals(whole)
    assert max(len(query) for query in endpoint.questions()[-2:]) <= longest - 80


def test_one_length_is_refused_once(endpoint: Endpoint) -> None:
    ask(endpoint, stars)
    endpoint.most_characters = max(len(query) for query in endpoint.queries) - 80
    endpoint.queries.clear()
    endpoint.answered.clear()
    with EndpointSource(endpoint.url, ("en",)) as source:
        for _ in range(3):
            stars(source)
    assert len(endpoint.queries) - len(endpoint.answered) == 1


def test_a_single_term_that_is_refused_is_an_error(endpoint: Endpoint) -> None:
    endpoint.most_characters = 200
    with pytest.raises(KgprepError, match="answers 413 too large"):
        ask(endpoint, stars)


def test_more_rows_than_the_server_sorts_come_through_a_subquery(endpoint: Endpoint) -> None:
    whole = ask(endpoint, stars)
    endpoint.most_sorted = 3
    assert ask(endpoint, stars, page_rows=2).equals(whole)
    assert any(
        query.startswith("SELECT ?subject ?predicate ?object ?lang WHERE { { SELECT") for query in endpoint.queries
    )


@pytest.mark.parametrize(
    ("label", "name", "year"),
    [
        ('"Crocodile" \\ Dundee', '"Crocodile" \\ Dundee', 1986),
        ("Heat (1995 film)", "Heat", 1996),
        ("Thing (film)", "The Thing", None),
        ("The Ring (2002 American film)", "Ring", 2002),
        ("Fargo (2014 TV series)", "Fargo", 2014),
        ("It (miniseries)", "It", 1990),
        ("The Exorcist (disambiguation)", "Exorcist, The", 1973),
        ("Lord of the Rings", "Lord Of The Rings", 1978),
        ("Rocky II", "Rocky 2", None),
        ("Fast & Furious", "Fast and Furious", None),
    ],
)
@pytest.mark.parametrize("most_titles", [0, 10], ids=["asked for", "read"])
def test_titles_are_found_in_their_usual_forms(
    endpoint: Endpoint, label: str, name: str, year: int | None, most_titles: int
) -> None:
    page = pyoxigraph.NamedNode("http://x.org/page")
    endpoint.store.clear()
    endpoint.store.add(pyoxigraph.Quad(page, pyoxigraph.NamedNode(LABEL), pyoxigraph.Literal(label, language="en")))
    found = ask(endpoint, lambda source: source.titled("label", items(name, year=year)), most_titles=most_titles)
    assert found["object"].to_list() == [label]


def test_a_small_endpoint_is_compared_as_loosely_as_a_dump(endpoint: Endpoint) -> None:
    page = pyoxigraph.NamedNode("http://x.org/page")
    endpoint.store.add(pyoxigraph.Quad(page, pyoxigraph.NamedNode(LABEL), pyoxigraph.Literal("Amélie!", language="fr")))
    found = ask(endpoint, lambda source: source.titled("label", items("amelie")))
    assert found["object"].to_list() == ["Amélie!"]
    strict = ask(endpoint, lambda source: source.titled("label", items("amelie")), most_titles=0)
    assert strict.is_empty()


@pytest.mark.parametrize("most_titles", [0, 100], ids=["asked for", "read"])
def test_redirects_need_no_label(endpoint: Endpoint, dumps: tuple[Path, ...], most_titles: int) -> None:
    redirect = pyoxigraph.NamedNode("http://dbpedia.org/ontology/wikiPageRedirects")
    pages = ["What%3F_(film)", "Élan"]
    for page in pages:
        film = pyoxigraph.NamedNode(f"{RESOURCE}Film")
        endpoint.store.add(pyoxigraph.Quad(pyoxigraph.NamedNode(RESOURCE + page), redirect, film))
    wanted = items("What?", "élan", "Heat")
    found = ask(endpoint, lambda source: source.titled("redirect", wanted), most_titles=most_titles)
    assert sorted(found["subject"].to_list()) == [RESOURCE + page for page in pages]


def test_blank_nodes_are_left_out(endpoint: Endpoint) -> None:
    label, name = pyoxigraph.NamedNode(LABEL), pyoxigraph.Literal("Nobody", language="en")
    endpoint.store.add(pyoxigraph.Quad(pyoxigraph.BlankNode("b"), label, name))
    assert ask(endpoint, lambda source: source.titled("label", items("Nobody"))).is_empty()
