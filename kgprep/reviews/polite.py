"""A polite session: one request at a time, none that a host does not want, and a pause that no error shortens.

Notable here:
- robots.txt of each host is read first; what it forbids is not fetched, and its Crawl-delay lengthens the pause;
- 429, 500, 502, 503 and 504, and answers that break off, are tried again after a growing pause, or after Retry-After;
  nothing else is, and five pages in a row that are refused (403) or fail stop the host;
- every request passes one gate that waits until the host's next time has come, whatever happened before;
- a challenge, a captcha or a login page stops the host at once: it is neither solved nor gone around, nor kept;
- no cookie is kept and no header but the agent's own name and the language is set.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests_cache.models.response import CachedResponse
from urllib3.exceptions import InvalidHeader, MaxRetryError, NewConnectionError
from urllib3.util import Retry

from kgprep import __version__
from kgprep.errors import KgprepError
from kgprep.progress import console
from kgprep.reviews.page_store import PageStore
from kgprep.reviews.refusal import forbids_automation, refusal
from kgprep.reviews.robots import AGENT, KEPT_SECONDS, RobotsRules, parse_robots
from kgprep.reviews.sites.page import decode_page

RETRIED_STATUS = (429, 500, 502, 503, 504)
RETRIES = 4
MOST_REDIRECTS = 5
MOST_FAILURES_IN_A_ROW = 5
LONGEST_REST = 600.0
"""Seconds; a host that asks for a longer rest is left, and asked again by a later run."""
TOLD_REST = 10.0
LARGEST_PAGE = 20_000_000
_CONNECT_SECONDS = 10.0
_SLOWEST_ANSWERS = 4
_HOPELESS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    requests.exceptions.SSLError,
)
_JSON = re.compile(rb"(?:\xef\xbb\xbf)?\s*[{\[]")
# Comments and declarations may come before the tag; a comment without an end is a page that was cut in it.
_HTML = re.compile(
    rb"(?:\xef\xbb\xbf)?(?>\s|<!--.*?-->|<\?.*?>|<!(?!--|doctype html)[^>]*>)*+(?:<!doctype html|<html|<!--)",
    re.IGNORECASE | re.DOTALL,
)
_OUTCOMES = {403: "refused (403)", 404: "not found (404)", 410: "not found (410)"}


class HostStoppedError(KgprepError):
    """The host does not want to be asked any further, or cannot be."""


class _CutError(requests.RequestException):
    """An answer is not whole."""


@dataclass(frozen=True)
class Clock:
    """Where the time comes from, and how it is waited."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass
class _Host:
    """What is known of one host: its rules, when it may be asked next, and how often it failed in a row."""

    name: str
    pause: float
    next_time: float
    rules: RobotsRules | None = None
    rules_until: float = 0.0
    failures: int = 0


@dataclass
class PoliteSession:
    """Fetches pages, and counts what came of each.

    Args:
        contact: mail or web address of whoever is asking, sent with every request.
        store: SQLite file of pages fetched before.
        pause: seconds between two requests to a host, at least.
        timeout: seconds to wait for an answer to begin, and between two parts of it.
        language: of the pages, as in Accept-Language.
        permitted: whether hosts may be asked whose terms forbid it without consent.
        clock: for tests.
    """

    contact: str
    store: Path
    pause: float = 1.0
    timeout: float = 60.0
    language: str = "en"
    permitted: bool = False
    clock: Clock = field(default_factory=Clock)
    outcomes: Counter[str] = field(default_factory=Counter)
    _hosts: dict[str, _Host] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._store = PageStore(self.store)
        self._session = requests.Session()
        self._session.headers["User-Agent"] = f"{AGENT}/{__version__} (+{self.contact})"
        self._session.headers["Accept-Language"] = self.language
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=0, pool_connections=1, pool_maxsize=1))
        self._policy = Retry(total=RETRIES, backoff_factor=max(1.0, self.pause), status_forcelist=RETRIED_STATUS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._session.close()
        self._store.close()

    def fetch(self, url: str, has_reviews: Callable[[bytes], bool] = lambda page: False) -> bytes | None:
        """Return the page at an address, or None where it is not to be had; the outcome is counted.

        Args:
            url: scheme, host and path.
            has_reviews: tells whether a page has what is looked for, so that it cannot be a captcha.

        Raises:
            HostStoppedError: the host answers with a challenge, a captcha or a login page, asks for a long rest,
                fails again and again, or cannot be reached.
        """
        for _ in range(MOST_REDIRECTS + 1):
            answer = self._answer(url, has_reviews)
            if answer is None:
                return None
            if not answer.is_redirect:
                return self._content(answer)
            target = urljoin(url, answer.headers["location"])
            if not _is_same_host(url, target):
                break
            url = target
        self.outcomes["redirected elsewhere"] += 1
        return None

    def _answer(self, url: str, has_reviews: Callable[[bytes], bool]) -> CachedResponse | None:
        """Return the answer kept or got for an address; None where it may not be fetched or all tries failed."""
        kept = self._store.get(url)
        if kept is not None:
            if kept.status_code == 200:
                self.outcomes["from cache"] += 1
            return kept
        host = self._host(url)
        if not self._rules(host, url).allows(url):
            self.outcomes["forbidden by robots"] += 1
            return None
        answer = self._ask(host, url, has_reviews)
        self._count_failures(host, answer)
        if answer is None:
            return None
        # A page without reviews may be a passing one: it is kept for as long as a run may last.
        self._store.keep(url, answer, None if has_reviews(answer.content) else timedelta(days=1))
        if answer.status_code == 200:
            self.outcomes["fetched"] += 1
        return answer

    def _content(self, answer: CachedResponse) -> bytes | None:
        if answer.status_code == 200:
            return bytes(answer.content)
        self.outcomes[_OUTCOMES.get(answer.status_code, f"failed ({answer.status_code})")] += 1
        return None

    def _count_failures(self, host: _Host, answer: CachedResponse | None) -> None:
        failed = answer is None or answer.status_code == 403 or answer.status_code >= 500
        host.failures = host.failures + 1 if failed else 0
        if host.failures == MOST_FAILURES_IN_A_ROW:
            raise HostStoppedError(f"{host.name} has refused or failed {host.failures} pages in a row")

    def _host(self, url: str) -> _Host:
        parts = urlsplit(url)
        name = f"{parts.scheme}://{parts.netloc}"
        if name not in self._hosts:
            rest = self._store.seconds_of_rest(name)
            if rest > LONGEST_REST:
                raise HostStoppedError(f"{name} has asked for a rest of which {rest:,.0f} s are left")
            self._hosts[name] = _Host(name, self.pause, self.clock.now())
            self._rest(self._hosts[name], rest)
        return self._hosts[name]

    def _rules(self, host: _Host, url: str) -> RobotsRules:
        """Return the rules of the host of an address, read at most once a day."""
        if host.rules is None or self.clock.now() > host.rules_until:
            host.rules = self._read_rules(host)
            host.rules_until = self.clock.now() + KEPT_SECONDS
            if host.rules.pause > host.pause:
                console.print(f"  {host.name} asks for {host.rules.pause:g} s between two requests", markup=False)
                host.next_time += host.rules.pause - host.pause
                host.pause = host.rules.pause
        return host.rules

    def _read_rules(self, host: _Host) -> RobotsRules:
        url = f"{host.name}/robots.txt"
        for _ in range(MOST_REDIRECTS + 1):
            answer = self._store.get(url)
            if answer is None:
                answer = self._ask(self._host(url), url, _is_no_html)
                if answer is None or answer.status_code >= 500:
                    said = "breaks off" if answer is None else f"answers {answer.status_code}"
                    raise HostStoppedError(f"{url} {said}, so what may be fetched there is unknown")
                self._store.keep(url, answer, timedelta(seconds=KEPT_SECONDS))
            if not answer.is_redirect:
                return parse_robots(answer.content if answer.status_code == 200 else b"")
            url = urljoin(url, answer.headers["location"])
        return parse_robots(b"")

    def _ask(self, host: _Host, url: str, has_reviews: Callable[[bytes], bool]) -> CachedResponse | None:
        """Ask until there is an answer that is worth no other try; None where each of them broke off."""
        retry = self._policy
        while True:
            self._wait(host)
            answer, failure, asked = None, None, 0.0
            try:
                answer = self._receive(url)
            except _HOPELESS as error:
                raise HostStoppedError(f"{url} cannot be reached ({error})") from error
            except requests.RequestException as error:
                failure = error
            finally:
                host.next_time = self.clock.now() + host.pause
            if answer is not None:
                self._heed_refusal(url, answer, has_reviews)
                if answer.status_code not in RETRIED_STATUS:
                    return answer
                asked = self._asked_rest(host, answer)
            try:
                retry = retry.increment("GET", url, error=failure)
            except MaxRetryError:
                return self._exhausted(url, answer, failure)
            self.outcomes["retried"] += 1
            self._rest(host, max(host.pause, retry.get_backoff_time(), asked))

    def _exhausted(
        self, url: str, answer: CachedResponse | None, failure: requests.RequestException | None
    ) -> CachedResponse | None:
        if answer is not None and answer.status_code == 429:
            raise HostStoppedError(f"{url} still answers 429 (too many requests) after {RETRIES + 1} tries")
        if failure is None:
            return answer
        if _is_unreachable(failure):
            raise HostStoppedError(f"{url} cannot be reached ({failure}): check the network") from failure
        self.outcomes["failed (broke off)"] += 1
        return None

    def _receive(self, url: str) -> CachedResponse:
        """Send one request and return its whole answer.

        Raises:
            KgprepError: the host's terms forbid it and no consent was given.
            requests.RequestException: there is no answer, or not a whole one.
        """
        request = self._session.prepare_request(requests.Request("GET", url))
        if not self.permitted and forbids_automation(request.url or url):
            raise HostStoppedError(f"{request.url} is on a host that forbids automated access without its permission")
        settings = self._session.merge_environment_settings(url, {}, True, None, None)
        with self._session.send(
            request, allow_redirects=False, timeout=(_CONNECT_SECONDS, self.timeout), **settings
        ) as response:
            body = self._body(response)
        return CachedResponse(
            status_code=response.status_code, url=url, headers=response.headers, content=body, reason=response.reason
        )

    def _body(self, response: requests.Response) -> bytes:
        deadline = self.clock.now() + _SLOWEST_ANSWERS * self.timeout
        body = bytearray()
        for part in response.iter_content(16_384):
            body += part
            if len(body) > LARGEST_PAGE or self.clock.now() > deadline:
                raise _CutError("the answer does not end")
        if response.status_code == 200 and not _is_whole(response, bytes(body)):
            raise _CutError("the answer is cut off")
        return bytes(body)

    def _heed_refusal(self, url: str, answer: CachedResponse, has_reviews: Callable[[bytes], bool]) -> None:
        body = answer.content
        reason = refusal(answer.status_code, answer.headers, url, body, has_reviews(body))
        if reason is not None:
            raise HostStoppedError(f"{url} answers with {reason}")

    def _asked_rest(self, host: _Host, answer: CachedResponse) -> float:
        """Return for how many seconds the answer asks to be left alone, in Retry-After."""
        try:
            asked = self._policy.parse_retry_after(answer.headers.get("Retry-After", "0"))
        except (InvalidHeader, ValueError, OverflowError):  # no date, or one of a year that there is not
            return 0.0
        if asked > host.pause:
            self._store.rest_until(host.name, time.time() + asked)
        if asked > LONGEST_REST:
            raise HostStoppedError(
                f"{answer.url} answers {answer.status_code} and asks for a rest of {asked:,.0f} s: come back after it"
            )
        return asked

    def _rest(self, host: _Host, seconds: float) -> None:
        if seconds > TOLD_REST:
            console.print(f"  {host.name} is left alone for {seconds:,.0f} s", markup=False)
        host.next_time = max(host.next_time, self.clock.now() + seconds)

    def _wait(self, host: _Host) -> None:
        left = host.next_time - self.clock.now()
        if left > 0:
            self.clock.sleep(left)


def _is_same_host(url: str, target: str) -> bool:
    """Tell whether a redirect stays on its host, or leads to the same host by https."""
    here, there = urlsplit(url), urlsplit(target)
    if (here.scheme, here.netloc) == (there.scheme, there.netloc):
        return True
    return there.scheme == "https" and here.hostname == there.hostname and there.port is None


def _is_no_html(page: bytes) -> bool:
    """Tell whether a robots.txt is one, and no page in its place: it may well speak of captchas and logins."""
    return not page.lstrip().startswith(b"<")


def _is_unreachable(failure: requests.RequestException) -> bool:
    """Tell whether no connection came about at all."""
    reason = failure.args[0] if failure.args else None
    return isinstance(failure, requests.ConnectTimeout) or isinstance(
        getattr(reason, "reason", reason), NewConnectionError
    )


def _is_whole(response: requests.Response, body: bytes) -> bool:
    """Tell whether a page is all there, where the connection itself does not tell: HTML has an end tag, JSON parses."""
    framed = "content-length" in response.headers or response.headers.get("transfer-encoding", "") == "chunked"
    if framed and "content-encoding" not in response.headers:
        return True
    if _JSON.match(body):
        try:
            json.loads(decode_page(body))
        except (ValueError, RecursionError):
            return False
    return not _HTML.match(body) or b"</html>" in body[-1000:].lower()
