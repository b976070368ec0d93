"""TG-ReDial (Zhou et al., 2020): Chinese dialogues led from topic to topic to a film, its title between 《 and 》.

Notable here:
- a pickle from outside can run code, so only builtin containers, strings and numbers are unpickled;
- mentionMovies says which turn names which film; the span is the title without its brackets;
- user ids and profiles are not read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kgprep.compression import bare_suffix
from kgprep.dialogues.dialogue_set import DialogueSet, Origin, assemble
from kgprep.dialogues.files import PartFile, find_parts, with_gzip
from kgprep.dialogues.lines import Place, Skips, read_bytes, read_json_records
from kgprep.dialogues.rows import MAX_MESSAGES, DialogueRows, Span
from kgprep.dialogues.splits import SplitPlan
from kgprep.dialogues.titles import without_year
from kgprep.dialogues.values import as_id
from kgprep.errors import KgprepError
from kgprep.pickles import parse_pickle

_ENDINGS = (".pkl", ".json", ".jsonl")
LAYOUT = {
    part: with_gzip(*(f"{part}{infix}{ending}" for infix in ("_data", "") for ending in _ENDINGS))
    for part in ("train", "valid", "test")
}

_ROLES = {"seeker": "seeker", "recommender": "recommender", "rec": "recommender"}
_BRACKETED = re.compile(r"《\s*([^《》]*[^《》\s])\s*》")
_INSTEAD = "get the data from a source you trust, or convert it to JSON Lines"


def load_tgredial(path: Path, test: Path | None, films: Path | None, plan: SplitPlan) -> DialogueSet:
    """Load TG-ReDial's pickles, or the same dicts as a JSON array or JSON Lines.

    Args:
        path: folder with train_data, valid_data, test_data (.pkl, .json or .jsonl), or one file.
        test: the test file, if not the folder's.
        films: side file of items.
        plan: how to divide the dialogues; one file alone is divided 8:1:1.

    Raises:
        KgprepError: a file is missing, cut short, holds no dialogue of this form, or is a pickle of anything else.
    """
    parts = find_parts(path, test, LAYOUT, single=None if test is None else "train")
    rows = DialogueRows()
    for part in parts:
        for place, record in _records(part.path, rows.skips):
            reason = _read_dialogue(record, part, place, rows)
            if reason:
                rows.skips.add(reason, part.path, place)
    return assemble(Origin("tgredial", "zh", tuple(part.path for part in parts), films), rows, plan)


def _records(path: Path, skips: Skips) -> Iterator[tuple[Place, Any]]:
    if bare_suffix(path) not in (".pkl", ".pickle"):
        yield from read_json_records(path, skips)
        return
    records = parse_pickle(read_bytes(path), path, _INSTEAD)
    if isinstance(records, dict):
        records = list(records.values())
    if not isinstance(records, list | tuple):
        raise KgprepError(f"{path} holds no list of dialogues: check that it is one of TG-ReDial's data pickles")
    for number, record in enumerate(records, start=1):
        yield f"record {number}", record


def _read_dialogue(record: Any, file: PartFile, place: Place, rows: DialogueRows) -> str | None:
    """Add one dialogue; return why it cannot be used, if so."""
    if not isinstance(record, dict):
        return "the record is not a dict"
    dialogue_id = as_id(record.get("conv_id"))
    if not dialogue_id:
        return "the dialogue has no conv_id"
    messages, unusable = _messages(record)
    if not messages:
        return "no message has content and a known role" if unusable else "the dialogue has no messages"
    if len(messages) > MAX_MESSAGES:
        return "the dialogue has too many messages"
    if not rows.begin(dialogue_id, file.part, file.path, place):
        return None
    rows.lesser_skips.add("the message has no content or no known role", file.path, place, unusable)
    films = _films_by_turn(record)
    for turn, (local_id, role, content) in enumerate(messages):
        text = rows.utterance(dialogue_id, turn, role, content)
        titles = films.get(local_id, {})
        for item_id, title in titles.items():
            rows.title(item_id, title)
        spans = _title_spans(titles, text)
        for span in spans:
            rows.mention(dialogue_id, turn, text, span)
        missing = len(titles.keys() - {span.item_id for span in spans})
        rows.lesser_skips.add("the title of mentionMovies does not stand in the message", file.path, place, missing)
    without_message = len(films.keys() - {local_id for local_id, _, _ in messages})
    rows.lesser_skips.add("mentionMovies names a message that is not there", file.path, place, without_message)
    return None


def _messages(record: dict[str, Any]) -> tuple[list[tuple[str, str, str]], int]:
    """Return local_id, role and content of every usable message, and how many are not."""
    messages = record.get("messages")
    messages = messages if isinstance(messages, list | tuple) else []
    usable = [
        (as_id(message.get("local_id")) or str(number), _ROLES[role], message["content"])
        for number, message in enumerate(messages, start=1)
        if isinstance(message, dict)
        and isinstance(message.get("content"), str)
        and (role := str(message.get("role")).lower()) in _ROLES
    ]
    return usable, len(messages) - len(usable)


def _films_by_turn(record: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Return, for each local_id, item id to title with year."""
    mentioned = record.get("mentionMovies")
    entries = mentioned.items() if isinstance(mentioned, dict) else ()
    return {str(turn): dict(_films(entry)) for turn, entry in entries}


def _films(entry: Any) -> Iterator[tuple[str, str]]:
    """Yield the films of ``[id, title]``, of a list of such pairs, or of pairs laid end to end."""
    if not isinstance(entry, list | tuple):
        return
    nested = [part for part in entry if isinstance(part, list | tuple)]
    flat = [cell for pair in nested for cell in pair[:2]] if nested else entry
    for key, title in zip(flat[0::2], flat[1::2], strict=False):
        item_id = as_id(key)
        if item_id and isinstance(title, str):
            yield item_id, title


def _title_spans(titles: dict[str, str], text: str) -> list[Span]:
    """Find each film's title: the brackets that hold it, else the one bracket left over, else the bare title."""
    if not titles:
        return []
    brackets = [(match.start(1), match.end(1)) for match in _BRACKETED.finditer(text)]
    spans: list[Span] = []
    unmatched: dict[str, str] = {}
    for item_id, title in titles.items():
        name = _comparable(without_year(title))
        own = [(start, end) for start, end in brackets if _comparable(text[start:end]) == name]
        brackets = [bracket for bracket in brackets if bracket not in own]
        spans += [Span(start, end, item_id) for start, end in own]
        if not own:
            unmatched[item_id] = title
    if len(unmatched) == 1 and len(brackets) == 1:
        spans += [Span(*brackets[0], item_id) for item_id in unmatched]
    else:
        spans += _bare_titles(unmatched, text, spans)
    return spans


def _bare_titles(titles: dict[str, str], text: str, taken: list[Span]) -> list[Span]:
    found: list[Span] = []
    for item_id, title in titles.items():
        name = without_year(title)
        start = text.find(name) if name else -1
        end = start + len(name)
        if start >= 0 and not any(start < span.end and span.start < end for span in [*taken, *found]):
            found.append(Span(start, end, item_id))
    return found


def _comparable(title: str) -> str:
    """Return the title without white space, with full-width forms and case folded."""
    return "".join(unicodedata.normalize("NFKC", title).casefold().split())
