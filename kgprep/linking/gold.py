"""Messages annotated by hand, read from JSON Lines: what is to be linked, what is doubtful, what was said before.

Notable here:
- a line is text, mentions, and at will optional and context; other fields are let pass;
- a mention lists every IRI that is right, or names an item of the data set;
- whatever is wrong with a file is said in one sentence with its line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from kgprep.artifacts import KgprepError
from kgprep.dialogues.lines import read_lines

_MESSAGES = pl.Schema({"line": pl.UInt32, "text": pl.String})
_OPTIONAL = pl.Schema({"text": pl.UInt32, "start": pl.Int32, "end": pl.Int32})
_MENTIONS = pl.Schema([*_OPTIONAL.items(), ("iris", pl.List(pl.String)), ("item", pl.String), ("kind", pl.String)])
_CONTEXT = pl.Schema({"text": pl.UInt32, "iri": pl.String})

_Span = tuple[int, int]
_Mention = tuple[int, int, list[str], str | None, str | None]


@dataclass(frozen=True)
class GoldMessages:
    """Annotated messages; `text` in the other frames is a row of `messages`.

    Attributes:
        messages: line u32 (in the file, from 1), text str.
        mentions: text u32, start i32, end i32, iris list[str], item str?, kind str?; sorted, no two at one place.
        optional: text u32, start i32, end i32: doubtful places.
        context: text u32, iri str: what is already spoken of.
    """

    messages: pl.DataFrame
    mentions: pl.DataFrame
    optional: pl.DataFrame
    context: pl.DataFrame


def read_gold(path: Path) -> GoldMessages:
    """Read annotated messages, gzipped or not.

    Args:
        path: JSON Lines of text, mentions [{start, end, iris or item, kind?}], optional [{start, end}]?, context
            [iri]?; offsets count characters, as Python's slices do.

    Raises:
        KgprepError: the file is missing, holds no message, or a line is not of that form.
    """
    messages: list[tuple[int, str]] = []
    mentions: list[tuple[Any, ...]] = []
    optional: list[tuple[Any, ...]] = []
    context: list[tuple[int, str]] = []
    for number, content in read_lines(path):
        row, line = len(messages), _Line(path, number)
        record = line.record(content)
        text = line.text(record)
        messages.append((number, text))
        mentions.extend((row, *mention) for mention in line.mentions(record, text))
        optional.extend((row, *span) for _, span in line.spans(record, "optional", text))
        context.extend((row, iri) for iri in line.context(record))
    if not messages:
        raise KgprepError(f"{path} holds no message: give JSON Lines with text and mentions")
    return GoldMessages(
        pl.DataFrame(messages, _MESSAGES, orient="row"),
        pl.DataFrame(mentions, _MENTIONS, orient="row").sort("text", "start", "end"),
        pl.DataFrame(optional, _OPTIONAL, orient="row"),
        pl.DataFrame(context, _CONTEXT, orient="row"),
    )


@dataclass(frozen=True)
class _Line:
    """One line of the file, and how its mistakes are told."""

    path: Path
    number: int

    def wrong(self, what: str, remedy: str) -> KgprepError:
        return KgprepError(f"{self.path}, line {self.number}: {what}: {remedy}")

    def record(self, content: bytes) -> dict[str, Any]:
        try:
            record = json.loads(content.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise self.wrong("the line is not UTF-8", "save the file in that encoding") from error
        except (ValueError, RecursionError) as error:
            raise self.wrong("the line is not JSON", "write one JSON object a line") from error
        if not isinstance(record, dict):
            raise self.wrong("the line is not a JSON object", "write one object with text and mentions a line")
        return record

    def text(self, record: dict[str, Any]) -> str:
        text: str = self._field(record, "text", str, "a string", "the message")
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise self.wrong("text holds half of a surrogate pair", "write the whole character")
        return text

    def mentions(self, record: dict[str, Any], text: str) -> Iterator[_Mention]:
        self._field(record, "mentions", list, "a list", "what is to be linked, [] for nothing")
        seen: set[_Span] = set()
        for mention, span in self.spans(record, "mentions", text):
            if span in seen:
                raise self.wrong(f"two mentions at {span[0]} to {span[1]}", "list their IRIs in one")
            seen.add(span)
            yield *span, *self._meant(mention), self._string(mention, "kind")

    def spans(self, record: dict[str, Any], field: str, text: str) -> Iterator[tuple[dict[str, Any], _Span]]:
        """Yield each object of a list together with its place, which lies in the text."""
        for span in self._list(record, field):
            if not isinstance(span, dict):
                raise self.wrong(f"a span in {field} is not an object", "write start and end")
            start, end = self._offset(span, field, "start"), self._offset(span, field, "end")
            if start >= end:
                raise self.wrong(f"start {start} in {field} is not before end {end}", "mend the offsets")
            if start < 0 or end > len(text):
                raise self.wrong(
                    f"{start} to {end} in {field} lies outside the text of {len(text)} characters", "mend the offsets"
                )
            yield span, (start, end)

    def context(self, record: dict[str, Any]) -> list[str]:
        iris = self._list(record, "context")
        if not all(isinstance(iri, str) for iri in iris):
            raise self.wrong("context holds something that is no IRI", "list IRIs as strings")
        return iris

    def _meant(self, mention: dict[str, Any]) -> tuple[list[str], str | None]:
        item, iris = self._string(mention, "item"), mention.get("iris", [])
        if not isinstance(iris, list) or not all(isinstance(iri, str) for iri in iris):
            raise self.wrong("iris of a mention is not a list of strings", "list every IRI that is right")
        if not iris and item is None:
            raise self.wrong("a mention has neither iris nor item", "list every IRI that is right")
        return iris, item

    def _list(self, record: dict[str, Any], field: str) -> list[Any]:
        value = record.get(field) or []
        if not isinstance(value, list):
            raise self.wrong(f"{field} is not a list", "write a list, or leave the field out")
        return value

    def _field(self, record: dict[str, Any], field: str, kind: type[Any], name: str, remedy: str) -> Any:
        if field not in record:
            raise self.wrong(f"the field {field} is missing", f"give {remedy}")
        if not isinstance(record[field], kind):
            raise self.wrong(f"{field} is not {name}", f"give {remedy}")
        return record[field]

    def _string(self, mention: dict[str, Any], field: str) -> str | None:
        value = mention.get(field)
        if value is not None and not isinstance(value, str):
            raise self.wrong(f"{field} of a mention is not a string", "put it in quotation marks")
        return value

    def _offset(self, span: dict[str, Any], field: str, name: str) -> int:
        value = span.get(name)
        if value is None:
            raise self.wrong(f"a span in {field} has no {name}", "give start and end")
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.wrong(f"{name} in {field} is not a whole number", "count characters from 0")
        return value
