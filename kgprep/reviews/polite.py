"""A polite session: one host, one request at a time, and none that the host does not want.

Notable here:
- robots.txt is read first; what it forbids is not fetched, and its Crawl-delay lengthens the pause between requests;
- 429 and 5xx are tried again after a growing pause, or after Retry-After; 403 and 404 never are;
- a challenge, a captcha or a login page stops the host at once: it is neither solved nor gone around;
- what may be cached is decided in one place, apart from where it is stored: whole pages only, never a challenge.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests
from protego import Protego
from requests.adapters import HTTPAdapter
from requests_cache import CachedSession
from urllib3.util.retry import Retry

from kgprep import __version__
from kgprep.errors import KgprepError

AGENT = "kgprep"
RETRIED_STATUS = (429, 500, 502, 503, 504)
RETRIES = 4
TIMEOUT = (10, 60)
MOST_REDIRECTS = 5
_CHALLENGE_BODY = re.compile(rb"captcha|g-recaptcha|AwsWafIntegration|sec\.douban\.com/c\?", re.IGNORECASE)
_LOGIN = re.compile(r"//(?:accounts|sec)\.douban\.com|/(?:registration/)?(?:login|signin|ap/signin)\b|/accounts/", re.I)


class HostStoppedError(KgprepError):
    """The host does not want to be asked any further."""


def refusal(response: requests.Response) -> str | None:
    """Say in what way an answer asks an automated client to stay away; None where it does not."""
    if response.headers.get("x-amzn-waf-action"):
        return f"a challenge (x-amzn-waf-action: {response.headers['x-amzn-waf-action']})"
    if response.status_code == 202:
        return "an empty answer with status 202, which is how challenges begin"
    target = response.headers.get("location", "") if response.is_redirect else response.url
    if _LOGIN.search(target):
        return "a login page"
    if _CHALLENGE_BODY.search((response.content or b"")[:50_000]):
        return "a captcha"
    return None


class _PatientRetry(Retry):
    """Retry whose pause is never shorter than the one between requests; urllib3's own first pause is none."""

    shortest = 1.0

    def get_backoff_time(self) -> float:
        return max(self.shortest, super().get_backoff_time())


class PoliteSession:
    """Fetches pages of one host.

    Args:
        base_url: the host, with its scheme.
        contact: mail or web address of whoever is asking, sent with every request.
        cache: SQLite file of pages fetched before.
        pause: seconds between two requests, at least.
    """

    def __init__(self, base_url: str, contact: str, cache: Path, pause: float = 1.0) -> None:
        self.base_url = base_url.rstrip("/")
        self.outcomes: Counter[str] = Counter()
        self._pause = pause
        self._last_request: float | None = None
        self._session = CachedSession(
            str(cache), backend="sqlite", allowable_codes=[200], filter_fn=lambda response: refusal(response) is None
        )
        self._session.headers["User-Agent"] = f"{AGENT}/{__version__} (+{contact})"
        retry = type("Retry", (_PatientRetry,), {"shortest": pause})(
            total=RETRIES,
            connect=1,
            backoff_factor=max(1.0, pause),
            status_forcelist=RETRIED_STATUS,
            allowed_methods=["GET"],
            respect_retry_after_header=True,
            raise_on_status=False,
        )
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=retry, pool_connections=1, pool_maxsize=1))
        self._robots: Protego | None = None

    def close(self) -> None:
        """Close the connection and the cache."""
        self._session.close()  # type: ignore[no-untyped-call]

    def fetch(self, path: str) -> bytes | None:
        """Return the page at `path` of the host, or None where it is not to be had; the outcome is counted.

        Raises:
            HostStoppedError: the host answers with a challenge, a captcha or a login page, or cannot be reached.
        """
        url = f"{self.base_url}{path}"
        if not self._rules().can_fetch(url, AGENT):
            self.outcomes["forbidden by robots.txt"] += 1
            return None
        for _ in range(MOST_REDIRECTS):
            response = self._get(url)
            if not response.is_redirect:
                return self._content(response)
            url = urljoin(url, response.headers["location"])
            if urlsplit(url).netloc != urlsplit(self.base_url).netloc:
                break
        self.outcomes["redirected elsewhere"] += 1
        return None

    def _content(self, response: requests.Response) -> bytes | None:
        status = response.status_code
        if status == 200:
            self.outcomes["from cache" if getattr(response, "from_cache", False) else "fetched"] += 1
            return response.content
        self.outcomes[{403: "refused (403)", 404: "not found (404)"}.get(status, f"failed ({status})")] += 1
        return None

    def _rules(self) -> Protego:
        """Return the host's robots.txt, read once; where there is none, everything is allowed."""
        if self._robots is None:
            response = self._get(f"{self.base_url}/robots.txt")
            if response.status_code >= 500:
                raise HostStoppedError(
                    f"{self.base_url}/robots.txt answers {response.status_code}: what is allowed there is unknown"
                )
            text = response.text if response.status_code == 200 else ""
            self._robots = Protego.parse(text)
            self._pause = max(self._pause, self._robots.crawl_delay(AGENT) or 0.0)
        return self._robots

    def _get(self, url: str) -> requests.Response:
        try:
            # A cached page costs the host nothing, so only real requests wait.
            response = self._session.get(url, allow_redirects=False, only_if_cached=True, timeout=TIMEOUT)
            if response.status_code == 504:
                self._wait()
                response = self._session.get(url, allow_redirects=False, timeout=TIMEOUT)
                self._last_request = time.monotonic()
                self.outcomes["retried"] += _retries(response)
        except requests.RequestException as error:
            raise HostStoppedError(f"{url} cannot be reached ({error}): check the network and try again") from error
        reason = refusal(response)
        if reason is not None:
            raise HostStoppedError(f"{url} answers with {reason}")
        return response

    def _wait(self) -> None:
        if self._last_request is not None:
            time.sleep(max(0.0, self._last_request + self._pause - time.monotonic()))


def _retries(response: requests.Response) -> int:
    retries = getattr(response.raw, "retries", None)
    return len(retries.history) if isinstance(retries, Retry) else 0
