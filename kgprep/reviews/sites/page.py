"""What the page parsers share: decoding a page, and reading a node's text, address or number."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode


def parse_page(page: bytes) -> LexborHTMLParser:
    """Parse a page; its bytes are taken as UTF-8 unless they declare or show something else."""
    declared = re.search(rb"<meta[^>]{0,80}charset=[\"']?([\w-]+)", page[:4096], re.IGNORECASE)
    names = ["utf-8", declared.group(1).decode("ascii") if declared else "gb18030", "latin-1"]
    for name in names:
        try:
            return LexborHTMLParser(page.decode(name))
        except (UnicodeDecodeError, LookupError):
            continue
    raise AssertionError("latin-1 decodes any bytes")


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
