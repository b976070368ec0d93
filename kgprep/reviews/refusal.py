"""How a site tells an automated client to stay away: challenges, captchas, login walls, and terms that forbid it.

Notable here:
- marks are looked for in tags and titles, where a page shows them, not in the words of a review;
- a page with reviews on it is no captcha; a page without any, that speaks of one, is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

FORBIDDING = (".imdb.com", ".douban.com")
"""Domains whose terms forbid automated access without consent, under any of their names."""

_REDIRECTS = (301, 302, 303, 307, 308)
_READ_BYTES = 200_000
_LOGIN_ADDRESS = re.compile(
    r"//accounts\.douban\.com|/ap/signin|/(?:registration|passport|account|users?)/(?:sign[-_]?in|login)\b"
    r"|/(?:sign[-_]?in|login)\b",
    re.IGNORECASE,
)
_GUARD = re.compile(rb"<[^>]*\bsec\.douban\.com", re.IGNORECASE)
_CAPTCHA_TAG = re.compile(
    rb"<(?:form|input|img|script|iframe|div|meta|a|body)\b[^>]*"
    rb"(?:captcha|awswaf|cf-challenge|cf-turnstile|geetest|challenge-platform)|AwsWafIntegration|gokuProps",
    re.IGNORECASE,
)
_CAPTCHA_TITLE = re.compile(
    r"captcha|robot check|are you (?:a )?(?:human|robot)|human verification|verify you are human|just a moment"
    r"|验证码|禁止访问|异常请求",
    re.IGNORECASE,
)
_TITLE = re.compile(rb"<title[^>]*>([^<]{0,200})", re.IGNORECASE)
_PASSWORD = re.compile(rb"<input\b[^>]*type=[\"']?password", re.IGNORECASE)
_NEEDS_LOGIN = re.compile(rb"need_login|please login first", re.IGNORECASE)


def forbids_automation(url: str) -> bool:
    """Tell whether the address is on a domain whose terms forbid automated access without consent.

    Args:
        url: as it is sent; case, port, user name and a final dot of the host do not matter.
    """
    try:
        host = parse_url(url).host or ""
    except LocationParseError:
        return False
    return f".{host.lower().rstrip('.')}".endswith(FORBIDDING)


def refusal(status: int, headers: Mapping[str, str], url: str, body: bytes, has_reviews: bool = False) -> str | None:
    """Say in what way an answer asks an automated client to stay away; None where it does not.

    Args:
        status: of the answer.
        headers: of the answer, looked up whatever their case.
        url: that was asked for.
        body: decoded bytes.
        has_reviews: whether the body has the marks of a list of reviews.
    """
    named = {name.lower(): value for name, value in headers.items()}
    if "x-amzn-waf-action" in named:
        return f"a challenge (x-amzn-waf-action: {named['x-amzn-waf-action']})"
    if status == 202 and not body.strip():
        return "an empty answer with status 202, which is how challenges begin"
    if status in (401, 407):
        return f"a demand for a login ({status})"
    if status in _REDIRECTS:
        return _refusing_address(urljoin(url, named.get("location", "")))
    return None if has_reviews else _refusing_body(body[:_READ_BYTES])


def _refusing_address(target: str) -> str | None:
    if (urlsplit(target).hostname or "").rstrip(".") == "sec.douban.com":
        return "a redirect to sec.douban.com, Douban's guard against automated access"
    if _LOGIN_ADDRESS.search(target):
        return "a redirect to a login page"
    return "a redirect to a captcha" if re.search("captcha", target, re.IGNORECASE) else None


def _refusing_body(body: bytes) -> str | None:
    title = _TITLE.search(body)
    said = title.group(1).decode("utf-8", "replace") if title else ""
    if _GUARD.search(body):
        return "a page of sec.douban.com, Douban's guard against automated access"
    if _CAPTCHA_TAG.search(body) or _CAPTCHA_TITLE.search(said) or re.search(rb"captcha", body, re.IGNORECASE):
        return "a captcha"
    if "异常请求".encode() in body:
        return "a page that calls these requests unusual and asks for a login"
    return "a login page" if _PASSWORD.search(body) or _NEEDS_LOGIN.search(body) else None
