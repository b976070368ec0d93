"""A real HTTP server on loopback that plays a site, and a clock that does not wait."""

from __future__ import annotations

import gzip
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from kgprep.reviews.polite import Clock


@dataclass(frozen=True)
class Answer:
    """What the site says to one request.

    Args:
        status: of the answer.
        body: text, sent as UTF-8, or bytes.
        headers: beside or instead of the usual ones.
        cut: the connection ends after this many bytes of the body.
        seconds: the site thinks for so long before the body.
        zipped: the body is sent with gzip.
        framed: the length of the body is told; otherwise the end of the connection ends it.
    """

    status: int = 200
    body: str | bytes = ""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    seconds: float = 0.0
    zipped: bool = False
    framed: bool = True

    def content(self) -> bytes:
        """Return the body as it is sent."""
        body = self.body.encode() if isinstance(self.body, str) else self.body
        return gzip.compress(body) if self.zipped else body

    def all_headers(self) -> dict[str, str]:
        """Return the headers as they are sent."""
        headers = {"Content-Type": "text/html; charset=utf-8"}
        if self.zipped:
            headers["Content-Encoding"] = "gzip"
        headers |= {"Content-Length": str(len(self.content()))} if self.framed else {"Connection": "close"}
        return headers | self.headers


class PlayedSite:
    """A server whose answers a test sets path by path; a list of answers is given in turn, the last one for ever."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {}
        self.asked: Counter[str] = Counter()
        self.paths: list[str] = []
        self.times: list[float] = []
        self.headers: list[dict[str, str]] = []
        self.connections: set[tuple[str, int]] = set()
        self.busy = 0
        self.busiest = 0
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                site.busy += 1
                site.busiest = max(site.busy, site.busiest)
                try:
                    self._answer()
                finally:
                    site.busy -= 1

            def _answer(self) -> None:
                answers = site.answers.get(self.path, [Answer(404)])
                answer = answers[min(site.asked[self.path], len(answers) - 1)]
                site.asked[self.path] += 1
                site.paths.append(self.path)
                site.times.append(time.monotonic())
                site.headers.append(dict(self.headers))
                site.connections.add(self.client_address)
                self.send_response(answer.status)
                for name, value in answer.all_headers().items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.flush()
                time.sleep(answer.seconds)
                self.wfile.write(answer.content()[: answer.cut])
                if answer.cut is not None:
                    self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: object, client_address: object) -> None:
                """Say nothing of clients that gave up."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.005,), daemon=True).start()

    def play(self, path: str, *answers: Answer | str) -> str:
        """Set the answers of a path and return its address."""
        self.answers[path] = [Answer(body=answer) if isinstance(answer, str) else answer for answer in answers]
        return self.url + path

    def close(self) -> None:
        """Stop the server."""
        self.server.shutdown()
        self.server.server_close()


class SimulatedClock:
    """A clock whose waiting takes no time; `waits` tells how long was waited each time."""

    def __init__(self) -> None:
        self.time = 0.0
        self.waits: list[float] = []

    def clock(self) -> Clock:
        """Return the clock in the form that a session takes."""
        return Clock(lambda: self.time, self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += seconds
