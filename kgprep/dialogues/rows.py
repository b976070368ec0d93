"""The rows that a loader collects while it parses: one list a column, made into frames at the end.

Notable here: parsing JSON is the one place where dialogues pass through Python one by one; all later work is on frames.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from kgprep.artifacts import RoleEnum
from kgprep.dialogues.items import ITEM_CELLS, clean_attributes
from kgprep.dialogues.lines import Place, Skips
from kgprep.dialogues.splits import DIALOGUES
from kgprep.dialogues.values import as_text, storable

MAX_MESSAGES = 32_767
"""A turn is an i16."""

_UTTERANCES = pl.Schema({"dialogue_id": pl.String(), "turn": pl.Int16(), "role": RoleEnum, "text": pl.String()})
_MENTIONS = pl.Schema(
    {
        "dialogue_id": pl.String,
        "turn": pl.Int16,
        "start": pl.Int32,
        "end": pl.Int32,
        "word": pl.String,
        "item_id": pl.String,
    }
)
_TITLES = pl.Schema({"item_id": pl.String, "title": pl.String})
_FEEDBACK = pl.Schema(
    {"dialogue_id": pl.String, "item_id": pl.String, "suggested": pl.Int8, "seen": pl.Int8, "liked": pl.Int8}
)


@dataclass(frozen=True)
class Span:
    """A mention in a text: Python slice offsets and the item it names."""

    start: int
    end: int
    item_id: str


@dataclass
class DialogueRows:
    """Everything read so far, as rows."""

    skips: Skips = field(default_factory=Skips)
    """Whole dialogues, or lines that hold none."""
    lesser_skips: Skips = field(default_factory=Skips)
    """Messages, mentions and items."""
    _parts: dict[str, str | None] = field(default_factory=dict)
    _dialogues: list[tuple[str, str | None, bool]] = field(default_factory=list)
    _utterances: list[tuple[str, int, str, str]] = field(default_factory=list)
    _mentions: list[tuple[str, int, int, int, str, str]] = field(default_factory=list)
    _titles: list[tuple[str, str]] = field(default_factory=list)
    _attributes: list[dict[str, str | None]] = field(default_factory=list)
    _feedback: list[tuple[str, str, int | None, int | None, int | None]] = field(default_factory=list)

    def begin(self, dialogue_id: str, part: str | None, path: Path, place: Place, drawable: bool = True) -> bool:
        """Open a dialogue; False, and counted, where its id is taken already."""
        if dialogue_id in self._parts:
            other = self._parts[dialogue_id]
            where = "" if other == part else f" in {other or part}"
            self.skips.add(f"a dialogue of this id was read already{where}", path, place)
            return False
        self._parts[dialogue_id] = part
        self._dialogues.append((dialogue_id, part, drawable))
        return True

    def utterance(self, dialogue_id: str, turn: int, role: str, text: str) -> str:
        """Add a message and return its text as stored."""
        text = storable(text)
        self._utterances.append((dialogue_id, turn, role, text))
        return text

    def mention(self, dialogue_id: str, turn: int, text: str, span: Span) -> None:
        """Add a mention in the stored `text`."""
        word = text[span.start : span.end]
        self._mentions.append((dialogue_id, turn, span.start, span.end, word, span.item_id))

    def title(self, item_id: str, title: str) -> None:
        """Note that a dialogue calls the item by this title, with or without year."""
        self._titles.append((storable(item_id), storable(title)))

    def attributes_of(self, item_id: str, **cells: object) -> None:
        """Note what a dialogue says of an item: any of the columns of `items.ITEM_CELLS`."""
        self._attributes.append({"item_id": item_id, **{name: as_text(cell) for name, cell in cells.items()}})

    def feedback(
        self, dialogue_id: str, item_id: str, suggested: int | None, seen: int | None, liked: int | None
    ) -> None:
        """Add the answers on one item."""
        self._feedback.append((dialogue_id, storable(item_id), suggested, seen, liked))

    @property
    def dialogues(self) -> pl.DataFrame:
        """dialogue_id · part · drawable."""
        return pl.DataFrame(self._dialogues, schema=DIALOGUES, orient="row")

    @property
    def utterances(self) -> pl.DataFrame:
        """dialogue_id · turn · role · text."""
        return pl.DataFrame(self._utterances, schema=_UTTERANCES, orient="row")

    @property
    def mentions(self) -> pl.DataFrame:
        """dialogue_id · turn · start · end · word · item_id."""
        return pl.DataFrame(self._mentions, schema=_MENTIONS, orient="row")

    @property
    def titles(self) -> pl.DataFrame:
        """item_id · title, one row an occurrence."""
        return pl.DataFrame(self._titles, schema=_TITLES, orient="row")

    @property
    def attributes(self) -> pl.DataFrame:
        """As `items.ITEM_ATTRIBUTES`, one row an occurrence."""
        return clean_attributes(pl.DataFrame(self._attributes, schema=ITEM_CELLS, orient="row"))

    @property
    def answers(self) -> pl.DataFrame:
        """dialogue_id · item_id · suggested · seen · liked."""
        return pl.DataFrame(self._feedback, schema=_FEEDBACK, orient="row")
