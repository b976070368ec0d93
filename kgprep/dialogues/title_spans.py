"""Where the titles that a data set annotates stand in a text that does not mark them.

Notable here:
- titles are tried as written first, then in any case and with other punctuation ("Spiderman" for "Spider-Man"), then
  without a leading article;
- longer titles come first and spans never overlap, so "Toy Story" is not found inside "Toy Story 4";
- the annotation decides which titles to look for, so no guess is made about the rest of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from kgprep.dialogues.rows import Span

_WORD = re.compile(r"[^\W_]+")
_ARTICLE = re.compile(r"^(?:The|An|A)\s+")


def locate_titles(titles: Mapping[str, str], text: str, any_case: bool = True) -> list[Span]:
    """Find all occurrences of the titles in `text`.

    Args:
        titles: item id to title, without year.
        text: the message.
        any_case: whether a title of one word is found in other case too ("joker").

    Returns:
        Spans that do not overlap, in the order of the text.
    """
    spans: list[Span] = []
    for item_id, title in sorted(titles.items(), key=lambda pair: (-len(pair[1]), pair)):
        spans += _first_form_found(item_id, title, text, any_case, spans)
    return sorted(spans, key=lambda span: span.start)


def _first_form_found(item_id: str, title: str, text: str, any_case: bool, taken: list[Span]) -> list[Span]:
    for form in _forms(title, any_case):
        found = [
            Span(match.start(), match.end(), item_id)
            for match in form.finditer(text)
            if not any(match.start() < span.end and span.start < match.end() for span in taken)
        ]
        if found:
            return found
    return []


@lru_cache(maxsize=20_000)
def _forms(title: str, any_case: bool) -> tuple[re.Pattern[str], ...]:
    return tuple(_patterns(title, any_case))


def _patterns(title: str, any_case: bool) -> Iterator[re.Pattern[str]]:
    words = _WORD.findall(title)
    if not words:
        return
    yield re.compile(rf"(?<!\w){re.escape(title)}(?!\w)")
    if any_case or len(words) > 1:
        loose = r"[\W_]{0,3}".join(re.escape(word) for word in words)
        yield re.compile(rf"(?<!\w){loose}(?!\w)", re.IGNORECASE)
    short = _ARTICLE.sub("", title)
    if short != title and _WORD.search(short):
        yield re.compile(rf"(?<!\w){re.escape(short)}(?!\w)")
