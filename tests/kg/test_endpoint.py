"""A SPARQL endpoint on loopback, evaluated by pyoxigraph: the same tables as the dump, and trouble on the line."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import polars as pl
import pyoxigraph
import pytest

from kgprep.artifacts import ALIASES, DESCRIPTIONS, EDGES, ENTITIES, ITEMS, RELATIONS
from kgprep.errors import KgprepError
from kgprep.kg.build import KgConfig, build_kg
from kgprep.kg.endpoint import EndpointSource

_JSON = "application/sparql-results+json"


@dataclass
class Endpoint:
    """A running endpoint: its store, what it was asked, and answers to give before the true ones."""

    url: str
    store: pyoxigraph.Store
    queries: list[str] = field(default_factory=list)
    troubles: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    most_rows: int | None = None


def _evaluate(endpoint: Endpoint, query: str) -> bytes:
    if endpoint.most_rows is not None and " OFFSET " in query:
        head, _, tail = query.rpartition(" LIMIT ")
        query = f"{head} LIMIT {min(endpoint.most_rows, int(tail.split()[0]))} OFFSET {tail.split()[2]}"
    results = endpoint.store.query(query)
    assert isinstance(results, pyoxigraph.QuerySolutions)
    serialized = results.serialize(format=pyoxigraph.QueryResultsFormat.JSON)
    assert serialized is not None
    return serialized


@pytest.fixture
def endpoint(dumps: tuple[Path, ...]) -> Iterator[Endpoint]:
    store = pyoxigraph.Store()
    for path in dumps:
        store.load(path.read_bytes(), format=pyoxigraph.RdfFormat.N_TRIPLES)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            query = parse_qs(body)["query"][0]
            running.queries.append(query)
            status, headers, answer = (
                running.troubles.pop(0) if running.troubles else (200, {}, _evaluate(running, query))
            )
            self.send_response(status)
            for name, value in {"Content-Type": _JSON, "Content-Length": str(len(answer)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running = Endpoint(f"http://127.0.0.1:{server.server_port}/sparql", store)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield running
    server.shutdown()
    thread.join()
    server.server_close()


def ask(endpoint: Endpoint, question: Callable[[EndpointSource], pl.DataFrame], **options: int | float) -> pl.DataFrame:
    with EndpointSource(endpoint.url, ("en",), **options) as source:  # type: ignore[arg-type]
        return question(source)


def _stars(source: EndpointSource) -> pl.DataFrame:
    heat = pl.Series(["http://dbpedia.org/resource/Heat_(1995_film)", "not an iri>", None])
    return source.facts("edge", "subject", heat).sort("predicate", "object")


def test_the_endpoint_gives_the_tables_of_the_dump(
    tmp_path: Path, endpoint: Endpoint, dumps: tuple[Path, ...], items_file: Path
) -> None:
    config = KgConfig(items=items_file, dumps=dumps, languages=("en", "zh"))
    build_kg(tmp_path / "dump", config)
    build_kg(tmp_path / "live", config.model_copy(update={"dumps": (), "endpoint": endpoint.url}))
    for table in (ENTITIES, RELATIONS, EDGES, ALIASES, DESCRIPTIONS, ITEMS):
        assert table.path(tmp_path / "live").read_bytes() == table.path(tmp_path / "dump").read_bytes(), table.name


def test_small_pages_and_batches_give_the_same_answer(endpoint: Endpoint) -> None:
    whole = ask(endpoint, _stars)
    assert whole.height == 5
    assert ask(endpoint, _stars, page_rows=2, batch_terms=1).equals(whole)


def test_a_server_that_cuts_pages_loses_nothing(endpoint: Endpoint) -> None:
    whole = ask(endpoint, _stars)
    endpoint.most_rows = 2
    assert ask(endpoint, _stars).equals(whole)


def test_failures_are_tried_again(endpoint: Endpoint) -> None:
    endpoint.troubles = [(429, {"Retry-After": "0"}, b"slow down"), (503, {}, b"")]
    assert ask(endpoint, _stars, backoff_seconds=0).height == 5
    assert len(endpoint.queries) == 3 + 2


@pytest.mark.parametrize(
    ("trouble", "message"),
    [
        ((400, {}, b"parse error"), "answers 400 parse error"),
        ((200, {"Content-Type": "text/html"}, b"<html>"), "something else than SPARQL results"),
        ((200, {}, b'{"head": {}}'), "something else than SPARQL results"),
    ],
)
def test_other_answers_are_explained(
    endpoint: Endpoint, trouble: tuple[int, dict[str, str], bytes], message: str
) -> None:
    endpoint.troubles = [trouble]
    with pytest.raises(KgprepError, match=message):
        ask(endpoint, _stars)


def test_an_endpoint_that_is_down_is_named() -> None:
    with (
        pytest.raises(KgprepError, match=r"127\.0\.0\.1:9/sparql does not answer"),
        EndpointSource("http://127.0.0.1:9/sparql", ("en",), retries=1, backoff_seconds=0),
    ):
        pass


def test_titles_with_quotes_are_asked_for_safely(endpoint: Endpoint) -> None:
    label = '"Crocodile" \\ Dundee'
    endpoint.store.add(
        pyoxigraph.Quad(
            pyoxigraph.NamedNode("http://x.org/c"),
            pyoxigraph.NamedNode("http://www.w3.org/2000/01/rdf-schema#label"),
            pyoxigraph.Literal(label, language="en"),
        )
    )
    items = pl.DataFrame({"name": [label], "year": [1986]}, schema={"name": pl.String, "year": pl.Int16})
    assert ask(endpoint, lambda source: source.titled("label", items))["object"].to_list() == [label]
