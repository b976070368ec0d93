"""One SPARQL endpoint over HTTP: a query in, rows out, with patience where the line or the server is at fault.

Notable here:
- a connection that breaks, an answer that is cut, 429 and most of 5xx are tried again after a growing pause, or after
  Retry-After where the endpoint says so;
- a question that is too long or takes too long is refused as such, so that whoever asks can ask for less;
- answers are kept in a SQLite file while a build runs, whole and sound ones only, so that a build that broke off does
  not ask again;
- a query goes as a form, which every server reads; where a form garbles percent signs, it goes as it is.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import requests
from requests_cache import CachedSession
from urllib3.exceptions import InvalidHeader
from urllib3.util import Retry

from kgprep import __version__
from kgprep.errors import KgprepError

_TIMEOUT_SECONDS = (10, 120)
_KEPT = timedelta(days=7)
_LONGEST_PAUSE_SECONDS = 600.0
_ANSWERED = (200, 206)
_TRIED_AGAIN = (425, 429, 500, 502, 503)
_TOO_LONG = (400, 413, 414, 431)
_TOO_SLOW = (408, 504)
_OVERWHELMED = re.compile(r"time[d -]*out|exceed|too (?:long|large|many|complex)|\b(?:SR353|SP031|S1T\w\d)\b", re.I)
_SORTS_TOO_MUCH = "SR353"
_PROBE = 'SELECT ?subject WHERE { VALUES ?subject { "100%25" } }'
_PROBE_VALUE = "100%25"


class RefusedError(KgprepError):
    """The endpoint answers, but not this question.

    Args:
        message: what it says and what to do.
        asks_less: a shorter or smaller question may be answered.
        is_length: the question's length is at fault, or may be.
        sorts_too_much: the endpoint sorts only so many rows (Virtuoso's SR353).
    """

    def __init__(
        self, message: str, *, asks_less: bool = False, is_length: bool = False, sorts_too_much: bool = False
    ) -> None:
        super().__init__(message)
        self.asks_less = asks_less
        self.is_length = is_length
        self.sorts_too_much = sorts_too_much


@dataclass(frozen=True)
class Answer:
    """The bindings of a query's results, and whether the endpoint says that they are only a part."""

    bindings: list[dict[str, Any]]
    is_part: bool


@dataclass
class SparqlClient:
    """Asks one endpoint; counts what it sent, sent again and took from the answers kept.

    Args:
        url: of the endpoint.
        cache: SQLite file of the answers that a build before got; none are kept without it.
        retries: of a failed request.
        backoff_seconds: the first pause between retries, doubled each time.
    """

    url: str
    cache: Path | None = None
    retries: int = 5
    backoff_seconds: float = 1.0
    sent: int = 0
    repeated: int = 0
    taken: int = 0
    _sends_form: bool = True
    _session: requests.Session = field(init=False)

    def open(self) -> None:
        """Connect, and find out in which form the endpoint takes queries.

        Raises:
            KgprepError: nothing answers there, or it is no SPARQL endpoint.
        """
        with _cache_errors(self.cache):
            self._session = _session(self.cache)
        try:
            self._sends_form = self._probed() == [_PROBE_VALUE]
            if not self._sends_form:
                self._refuse_misread(self._probed())
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connections and the file."""
        self._session.close()

    def ask(self, query: str) -> Answer:
        """Return the results of a SELECT query (W3C SPARQL 1.1 Query Results JSON Format).

        Raises:
            RefusedError: the endpoint does not answer this question.
            KgprepError: it does not answer at all, however often it is tried.
        """
        for attempt in range(self.retries + 1):
            last = attempt == self.retries
            pause = self.backoff_seconds * 2**attempt
            try:
                response = self._post(query)
            except requests.ReadTimeout as error:
                raise self._refused(f"takes longer than {_TIMEOUT_SECONDS[1]} seconds", asks_less=True) from error
            except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError) as error:
                if last:
                    raise self._refused("breaks off in the middle of its answers", asks_less=True) from error
            except requests.RequestException as error:
                if last or isinstance(error, _HOPELESS):
                    raise self._unreachable(error) from error
            else:
                answer = self._read(response)
                if answer is not None:
                    return answer
                if last:
                    raise self._failed(response)
                pause = self._asked_pause(response, pause)
            self.repeated += 1
            time.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def _probed(self) -> list[Any]:
        """Return the values that the endpoint gives for the one of a query; none where it takes no form."""
        try:
            return [row["subject"]["value"] for row in self.ask(_PROBE).bindings]
        except KeyError:
            return []
        except RefusedError:
            if self._sends_form:
                return []
            raise

    def _refuse_misread(self, probed: list[Any]) -> None:
        if not probed:
            raise RefusedError(f"{self.url} gives no row where a query names its one value: use another, or a dump")
        if probed != [_PROBE_VALUE]:
            raise RefusedError(f"{self.url} garbles the percent signs of a query: use another endpoint, or a dump")

    def _post(self, query: str) -> requests.Response:
        # The probe must see the endpoint as it is now.
        headers = {"Cache-Control": "no-store"} if query == _PROBE else {}
        body: Any = {"query": query}
        if not self._sends_form:
            body, headers["Content-Type"] = query.encode(), "application/sparql-query"
        with _cache_errors(self.cache):
            response = self._session.post(self.url, data=body, headers=headers, timeout=_TIMEOUT_SECONDS)
        is_kept = getattr(response, "from_cache", False)
        self.taken += is_kept
        self.sent += not is_kept
        return response

    def _read(self, response: requests.Response) -> Answer | None:
        """Return what an answer holds, or None where it is worth asking again."""
        status = response.status_code
        if status in _ANSWERED:
            return self._results(response)
        is_overwhelmed = _OVERWHELMED.search(response.text) is not None
        if status in _TOO_LONG or status in _TOO_SLOW or (status == 500 and is_overwhelmed):
            raise self._refused(_said(response), asks_less=True, response=response)
        if status in _TRIED_AGAIN:
            return None
        raise self._refused(_said(response))

    def _results(self, response: requests.Response) -> Answer | None:
        if response.headers.get("X-SQL-State") == "S1TAT":
            raise self._refused("stops at its time limit with a part of the rows", asks_less=True)
        bindings = _bindings(response)
        if bindings is not None:
            return Answer(bindings, response.status_code == 206 or "X-SPARQL-MaxRows" in response.headers)
        if _is_cut_json(response):
            return None
        if not response.text.lstrip().startswith(("<", "{")) and _OVERWHELMED.search(response.text):
            raise self._refused(_said(response), asks_less=True, response=response)
        raise RefusedError(f"{self.url} answers something else than SPARQL results in JSON: check the address")

    def _refused(
        self, what: str, *, asks_less: bool = False, response: requests.Response | None = None
    ) -> RefusedError:
        return RefusedError(
            f"{self.url} {what}: is it a SPARQL endpoint that takes such questions? Else use a dump",
            asks_less=asks_less,
            is_length=response is not None and response.status_code in _TOO_LONG,
            sorts_too_much=response is not None and _SORTS_TOO_MUCH in response.text,
        )

    def _failed(self, response: requests.Response) -> KgprepError:
        if response.status_code in _ANSWERED:
            return self._refused("breaks off in the middle of its answers", asks_less=True)
        if response.status_code == 500:
            return self._refused(_said(response), asks_less=True)
        return KgprepError(f"{self.url} {_said(response)} each time: {self._try_later()}")

    def _unreachable(self, error: BaseException) -> KgprepError:
        return KgprepError(
            f"{self.url} does not answer ({_cause(error)}): check the address and that the endpoint is up; "
            + self._try_later()
        )

    def _try_later(self) -> str:
        kept = " the answers until now are kept" if self.cache is not None else ""
        return f"try again later{';' if kept else ''}{kept}"

    def _asked_pause(self, response: requests.Response, pause: float) -> float:
        """Return the pause before the next attempt: Retry-After (seconds or a date), else the one given."""
        said = response.headers.get("Retry-After")
        if said is None:
            return pause
        try:
            asked = Retry().parse_retry_after(said)
        except InvalidHeader:
            return pause
        if asked > _LONGEST_PAUSE_SECONDS:
            raise KgprepError(f"{self.url} asks to come back in {asked:.0f} seconds: {self._try_later()}")
        return asked


_HOPELESS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    requests.exceptions.SSLError,
    requests.exceptions.TooManyRedirects,
)


def forget_answers(cache: Path) -> None:
    """Remove the answers that a build kept, once it has written its tables.

    Args:
        cache: the SQLite file; it need not exist.
    """
    for suffix in ("", "-journal", "-wal", "-shm"):
        cache.with_name(cache.name + suffix).unlink(missing_ok=True)


def _session(cache: Path | None) -> requests.Session:
    session = requests.Session()
    if cache is not None:
        session = CachedSession(
            cache,
            backend="sqlite",
            serializer="json",
            allowable_methods=("POST",),
            allowable_codes=_ANSWERED,
            filter_fn=_is_sound,
            expire_after=_KEPT,
        )
    session.hooks["response"].append(_forget_vary)
    session.headers["User-Agent"] = f"kgprep/{__version__}"
    session.headers["Accept"] = "application/sparql-results+json"
    return session


def _forget_vary(response: requests.Response, **_: Any) -> None:
    # Every question here has the same headers, and "Vary: *" would keep answers from being found again.
    response.headers.pop("Vary", None)


def _is_sound(response: requests.Response) -> bool:
    return response.headers.get("X-SQL-State") != "S1TAT" and _bindings(response) is not None


def _bindings(response: requests.Response) -> list[dict[str, Any]] | None:
    try:
        bindings = response.json()["results"]["bindings"]
    except (ValueError, KeyError, TypeError):
        return None
    return bindings if isinstance(bindings, list) and all(map(_is_binding, bindings)) else None


def _is_binding(row: object) -> bool:
    return isinstance(row, dict) and all(isinstance(term, dict) for term in row.values())


def _is_cut_json(response: requests.Response) -> bool:
    """Tell whether an answer began as JSON and did not end as JSON; an empty one was cut at its beginning."""
    try:
        response.json()
    except ValueError:
        return response.text.lstrip()[:1] in ("{", "")
    return False


def _said(response: requests.Response) -> str:
    reason = response.text.strip().splitlines()[:1]
    return f"answers {response.status_code} {''.join(reason)[:200]}".rstrip()


def _cause(error: BaseException) -> str:
    """Return the innermost reason of a chain of connection errors."""
    inner = getattr(error, "reason", None) or next(iter(error.args), None)
    return _cause(inner) if isinstance(inner, BaseException) else str(error)


@contextmanager
def _cache_errors(cache: Path | None) -> Iterator[None]:
    """Explain what goes wrong with the file of answers."""
    try:
        yield
    except requests.RequestException:
        raise
    except (sqlite3.Error, OSError) as error:
        raise KgprepError(
            f"{cache} cannot hold the endpoint's answers ({error}): free some space or delete that file"
        ) from error
