"""ReDial (Li et al., 2018): crowd workers recommend films to each other, which stand in the text as "@111776".

Notable here:
- the initiator seeks, the respondent recommends; worker ids go no further than that comparison;
- rows restored from derived sets, rows whose turns were merged and rows cut short load like any other, but only raw
  ones are drawn for validation;
- a mention needs an item with a name: from any dialogue's movieMentions or from the side file of films.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from kgprep.dialogues.dialogue_set import DialogueSet, Origin, assemble
from kgprep.dialogues.files import PartFile, beside, find_parts, with_gzip
from kgprep.dialogues.lines import read_json_lines
from kgprep.dialogues.rows import MAX_MESSAGES, DialogueRows, Span
from kgprep.dialogues.splits import SplitPlan
from kgprep.dialogues.values import answer_code, as_id

LAYOUT = {
    "train": with_gzip("train_data.jsonl", "train_valid.jsonl", "train.jsonl"),
    "valid": with_gzip("valid_data.jsonl", "valid.jsonl"),
    "test": with_gzip("test_data.jsonl", "test.jsonl"),
}
FILMS_BESIDE = with_gzip("movies.jsonl")

_ITEM_TAG = re.compile(r"@([0-9]+)")
_ANSWERS = ("suggested", "seen", "liked")


def load_redial(path: Path, test: Path | None, films: Path | None, plan: SplitPlan) -> DialogueSet:
    """Load ReDial's JSON Lines, plain or gzipped.

    Args:
        path: folder with train_data.jsonl and test_data.jsonl (or train_valid.jsonl and test.jsonl), or the train file.
        test: the test file, if not the folder's.
        films: side file of items; where None, a movies.jsonl beside the dialogues is used.
        plan: how to divide the dialogues; without valid a tenth of train's raw rows is drawn.

    Raises:
        KgprepError: a file is missing, cut short, or holds no dialogue of this form.
    """
    parts = find_parts(path, test, LAYOUT, single="train")
    films = films or beside(path, FILMS_BESIDE)
    rows = DialogueRows()
    for part in parts:
        for line, record in read_json_lines(part.path, rows.skips):
            reason = _read_dialogue(record, part, line, rows)
            if reason:
                rows.skips.add(reason, part.path, line)
    return assemble(Origin("redial", "en", tuple(part.path for part in parts), films), rows, plan)


def _read_dialogue(record: Any, file: PartFile, line: int, rows: DialogueRows) -> str | None:
    """Add one dialogue; return why it cannot be used, if so."""
    if not isinstance(record, dict):
        return "the line is not a JSON object"
    dialogue_id = as_id(record.get("conversationId"))
    if not dialogue_id:
        return "the dialogue has no conversationId"
    messages, unusable = _messages(record)
    if not messages:
        return "the dialogue has no messages"
    if len(messages) > MAX_MESSAGES:
        return "the dialogue has too many messages"
    is_raw = record.get("_form", "raw") == "raw"
    if rows.begin(dialogue_id, file.part, file.path, line, drawable=is_raw):
        rows.lesser_skips.add("the message has no text or no known sender", file.path, line, unusable)
        _add_messages(dialogue_id, messages, rows)
        _add_titles(record, rows)
        _add_feedback(dialogue_id, record, rows)
    return None


def _messages(record: dict[str, Any]) -> tuple[list[tuple[str, str]], int]:
    """Return role and text of every message that has text and a known sender, and how many have not."""
    roles = {as_id(record.get("respondentWorkerId")): "recommender", as_id(record.get("initiatorWorkerId")): "seeker"}
    roles.pop(None, None)
    messages = record.get("messages")
    messages = messages if isinstance(messages, list) else []
    usable = [
        (roles[as_id(message["senderWorkerId"])], message["text"])
        for message in messages
        if isinstance(message, dict)
        and isinstance(message.get("text"), str)
        and as_id(message.get("senderWorkerId")) in roles
    ]
    return usable, len(messages) - len(usable)


def _add_messages(dialogue_id: str, messages: list[tuple[str, str]], rows: DialogueRows) -> None:
    for turn, (role, raw_text) in enumerate(messages):
        text = rows.utterance(dialogue_id, turn, role, raw_text)
        if "@" not in text:
            continue
        for tag in _ITEM_TAG.finditer(text):
            rows.mention(dialogue_id, turn, text, Span(tag.start(), tag.end(), tag[1]))


def _add_titles(record: dict[str, Any], rows: DialogueRows) -> None:
    for item_id, title in _as_dict(record.get("movieMentions")).items():
        rows.title(item_id, title if isinstance(title, str) else "")


def _add_feedback(dialogue_id: str, record: dict[str, Any], rows: DialogueRows) -> None:
    """Add both sides' answers, the initiator's first where both gave one."""
    theirs = _as_dict(record.get("initiatorQuestions"))
    others = _as_dict(record.get("respondentQuestions"))
    for item_id in {**theirs, **others}:
        first, second = _as_dict(theirs.get(item_id)), _as_dict(others.get(item_id))
        codes = [answer_code(first.get(question, second.get(question))) for question in _ANSWERS]
        rows.feedback(dialogue_id, item_id, *codes)


def _as_dict(value: Any) -> dict[str, Any]:
    """Return `value`, or nothing where ReDial has a list in a dict's place."""
    return value if isinstance(value, dict) else {}
