"""What the page parsers share: decoding a page, reading a node's text or address, and walking JSON.

Notable here: a page's bytes are believed before what they declare, for saved pages are often declared wrongly.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from kgprep.errors import KgprepError

Record = dict[str, str | None]
JsonObject = dict[str, Any]

_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_DECLARED = re.compile(rb"<meta[^>]{0,80}charset=[\"']?([\w-]+)", re.IGNORECASE)
# One byte in so many may be broken before a page counts as being in another encoding.
_SOUND_PER_BROKEN = 500


def decode_page(page: bytes, usual: str = "windows-1252") -> str:
    """Decode a page: by its byte order mark, else as UTF-8, else as it declares, else by the site's usual encoding.

    Args:
        page: the bytes of a page or an answer.
        usual: the encoding of the site's pages that are not UTF-8.
    """
    for mark, name in _MARKS:
        if page.startswith(mark):
            return page.decode(name, "replace").lstrip("\ufeff")
    declared = _DECLARED.search(page[:4096])
    for name in ("utf-8", declared.group(1).decode("ascii") if declared else usual, usual):
        try:
            return page.decode("gb18030" if name.lower() in ("gbk", "gb2312") else name)
        except (UnicodeDecodeError, LookupError):
            lenient = page.decode("utf-8", "replace")
            if name == "utf-8" and lenient.count("\ufffd") * _SOUND_PER_BROKEN < len(page):
                return lenient
    return page.decode(usual, "replace")


def parse_page(page: bytes, usual: str = "windows-1252") -> LexborHTMLParser:
    """Parse a page; see `decode_page`."""
    return LexborHTMLParser(decode_page(page, usual))


def is_json(page: bytes) -> bool:
    """Tell whether the bytes are a JSON answer and no HTML."""
    return page.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"


def parse_json(page: bytes, where: str) -> JsonObject:
    """Parse a JSON answer.

    Raises:
        KgprepError: it is cut or no JSON object.
    """
    try:
        answer = json.loads(decode_page(page))
    except (ValueError, RecursionError) as error:
        raise KgprepError(f"{where} is no whole JSON object ({error}): fetch it again") from error
    if not isinstance(answer, dict):
        raise KgprepError(f"{where} is no JSON object: the layout is unknown")
    return answer


def objects_in(value: Any) -> Iterator[tuple[tuple[str, ...], JsonObject]]:
    """Yield every object inside a JSON value with the keys that lead to it, in the order of the text."""
    waiting: list[tuple[tuple[str, ...], Any]] = [((), value)]
    while waiting:
        path, current = waiting.pop()
        if isinstance(current, dict):
            yield path, current
            waiting.extend(((*path, key), inner) for key, inner in reversed(current.items()))
        elif isinstance(current, list):
            waiting.extend((path, inner) for inner in reversed(current))


def value_at(value: Any, *keys: str) -> Any:
    """Return what lies under a path of keys, None where a step is missing."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def listed(value: Any) -> list[Any]:
    """Return a JSON list, an empty one for anything else."""
    return value if isinstance(value, list) else []


def string_of(value: Any) -> str | None:
    """Return a JSON string or number as text, None for anything else and for blank text."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value).strip() or None


def plain_text(html: str | None) -> str | None:
    """Return the text of a piece of HTML, with its line breaks as newlines."""
    if not html:
        return None
    return text_of(LexborHTMLParser(f"<body>{html}</body>").body)


def text_of(node: LexborNode | None) -> str | None:
    """Return a node's text with its line breaks as newlines, None where it is absent or blank."""
    if node is None:
        return None
    for line_break in node.css("br"):
        line_break.replace_with("\n")
    return node.text().strip() or None


def attribute_of(node: LexborNode | None, name: str) -> str | None:
    """Return a node's attribute, None where either is absent."""
    return node.attributes.get(name) if node is not None else None


def find(pattern: str, *texts: str | None) -> str | None:
    """Return the first group of the first match in the first text that has one."""
    for text in texts:
        match = re.search(pattern, text or "")
        if match:
            return match.group(1)
    return None
