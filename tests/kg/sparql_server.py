"""SPARQL endpoints on loopback: rdflib-endpoint as it is, and one over pyoxigraph that makes trouble when told to."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pyoxigraph

JSON = "application/sparql-results+json"
PROBE = "100%25"
CUT = -1
"""As status of a trouble: the true answer, broken off in the middle."""


@dataclass(frozen=True)
class Trouble:
    """What to answer instead of the truth."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass
class Endpoint:
    """A running endpoint: its store, what it was asked and answered, and how it misbehaves.

    Args:
        troubles: given in turn before true answers.
        most_rows: a page has no more rows, whatever its limit.
        most_characters: of a query; longer ones get `refusal`.
        dies_after: answers; then connections are closed without one.
    """

    url: str
    store: pyoxigraph.Store
    queries: list[str] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    most_rows: int | None = None
    part_header: dict[str, str] = field(default_factory=dict)
    part_status: int = 200
    most_characters: int | None = None
    refusal: Trouble = field(default_factory=lambda: Trouble(413, {}, b"too large"))
    most_sorted: int | None = None
    dies_after: int | None = None

    def questions(self) -> list[str]:
        """Return the queries that got a true answer, without the one that looks how queries are read."""
        return [query for query in self.answered if PROBE not in query]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body go out together; apart, each answer would wait for the other side's acknowledgement.
    wbufsize = -1
    endpoint: Endpoint

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        is_form = self.headers["Content-Type"] == "application/x-www-form-urlencoded"
        query = parse_qs(body)["query"][0] if is_form else body
        endpoint = self.endpoint
        endpoint.queries.append(query)
        if endpoint.dies_after is not None and len(endpoint.answered) >= endpoint.dies_after:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        trouble = _trouble(endpoint, query)
        if trouble is None or trouble.status == CUT:
            self._answer(query, is_cut=trouble is not None)
        else:
            self._send(trouble.status, trouble.headers, trouble.body)

    def _answer(self, query: str, *, is_cut: bool) -> None:
        answer, is_part = _evaluate(self.endpoint, query)
        status, headers = (self.endpoint.part_status, self.endpoint.part_header) if is_part else (200, {})
        if is_cut:
            self._send(status, {"Content-Length": str(len(answer))}, answer[: len(answer) // 2])
            self.close_connection = True
            return
        self.endpoint.answered.append(query)
        self._send(status, headers, answer)

    def _send(self, status: int, headers: dict[str, str], answer: bytes) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": JSON, "Content-Length": str(len(answer)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args: object) -> None:
        pass


def _trouble(endpoint: Endpoint, query: str) -> Trouble | None:
    if endpoint.troubles and PROBE not in query:
        return endpoint.troubles.pop(0)
    if endpoint.most_characters is not None and len(query) > endpoint.most_characters:
        return endpoint.refusal
    if endpoint.most_sorted is not None and " OFFSET " in query and not query.startswith("SELECT ?subject"):
        limit, offset = (int(number) for number in query.rpartition(" LIMIT ")[2].split(" OFFSET "))
        if limit + offset > endpoint.most_sorted:
            return Trouble(500, {}, b"Virtuoso 22023 Error SR353: Sorted TOP clause specifies more rows to sort")
    return None


def _evaluate(endpoint: Endpoint, query: str) -> tuple[bytes, bool]:
    is_part = False
    if endpoint.most_rows is not None and " OFFSET " in query:
        head, _, tail = query.rpartition(" LIMIT ")
        limit, offset = (int(number) for number in tail.split(" OFFSET "))
        is_part = limit > endpoint.most_rows
        query = f"{head} LIMIT {min(endpoint.most_rows, limit)} OFFSET {offset}"
    results = endpoint.store.query(query)
    assert isinstance(results, pyoxigraph.QuerySolutions)
    serialized = results.serialize(format=pyoxigraph.QueryResultsFormat.JSON)
    assert serialized is not None
    return serialized, is_part


@contextmanager
def troubled_endpoint(dumps: Sequence[Path]) -> Iterator[Endpoint]:
    """Serve the triples of N-Triples files from pyoxigraph."""
    store = pyoxigraph.Store()
    for path in dumps:
        store.load(path.read_bytes(), format=pyoxigraph.RdfFormat.N_TRIPLES)

    class Handler(_Handler):
        pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    endpoint = Endpoint(f"http://127.0.0.1:{server.server_port}/sparql", store)
    Handler.endpoint = endpoint
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def rdflib_endpoint(dumps: Sequence[Path]) -> Iterator[str]:
    """Serve the triples of N-Triples files with rdflib-endpoint; yields its URL."""
    import uvicorn
    from rdflib import Dataset
    from rdflib_endpoint import SparqlEndpoint

    dataset = Dataset(default_union=True)
    for path in dumps:
        dataset.parse(path, format="nt")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(SparqlEndpoint(graph=dataset, path="/sparql"), log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            while not server.started and thread.is_alive():
                time.sleep(0.01)
            assert server.started
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/sparql"
        finally:
            server.should_exit = True
            thread.join()
