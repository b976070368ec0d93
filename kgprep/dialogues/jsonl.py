"""Our own simple form, for a data set that has none of the published ones: JSON Lines, one dialogue a line.

    {"dialogue_id": "d1", "split": "train", "language": "en",
     "messages": [{"role": "seeker", "text": "Is Heat good?", "mentions": [{"start": 3, "end": 7, "item_id": "i1"}]}],
     "items": [{"item_id": "i1", "name": "Heat", "year": 1995, "imdb_id": "tt0113277", "liked": 1}]}

Notable here:
- split (train, valid, test), language, mentions and items may be left out; a split that is named is kept;
- role is seeker or recommender, in any case;
- the set's language is that of most dialogues, English where none says;
- start and end count characters from 0, as Python slices do;
- an item may have name, year, imdb_id, iri, plot, and the seeker's answers suggested, seen, liked (0, 1, 2 for not
  said); one line that names an item is enough, or a side file of films.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

from kgprep.artifacts import ROLES, SPLITS
from kgprep.dialogues.dialogue_set import DialogueSet, Origin, assemble
from kgprep.dialogues.files import PartFile, find_parts, with_gzip
from kgprep.dialogues.items import UNUSABLE_CELLS
from kgprep.dialogues.lines import Place, read_json_records
from kgprep.dialogues.rows import MAX_MESSAGES, DialogueRows, Span
from kgprep.dialogues.splits import SplitPlan
from kgprep.dialogues.values import answer_code, as_id, as_text, is_absent

LAYOUT = {
    "train": with_gzip("train.jsonl", "train.json"),
    "valid": with_gzip("valid.jsonl", "valid.json"),
    "test": with_gzip("test.jsonl", "test.json"),
}
_ATTRIBUTES = ("year", "imdb_id", "iri", "plot")
_ANSWERS = ("suggested", "seen", "liked")


def load_jsonl(path: Path, test: Path | None, films: Path | None, plan: SplitPlan) -> DialogueSet:
    """Load dialogues in our own form.

    Args:
        path: folder with train.jsonl and, optionally, valid.jsonl and test.jsonl, or one file.
        test: the test file, if not the folder's.
        films: side file of items.
        plan: how to divide the dialogues that name no split; one file alone is divided 8:1:1, and of a train file a
            tenth becomes valid where nothing is.

    Raises:
        KgprepError: a file is missing, cut short, or holds no dialogue of this form.
    """
    parts = find_parts(path, test, LAYOUT, single=None if test is None else "train")
    rows = DialogueRows()
    languages: Counter[str] = Counter()
    for part in parts:
        for place, record in read_json_records(part.path, rows.skips):
            reason = _read_dialogue(record, part, place, rows)
            if reason:
                rows.skips.add(reason, part.path, place)
            elif isinstance(record.get("language"), str):
                languages[record["language"]] += 1
    language = min(languages, key=lambda tag: (-languages[tag], tag), default="en")
    return assemble(Origin("jsonl", language, tuple(part.path for part in parts), films), rows, plan)


def _read_dialogue(record: Any, file: PartFile, place: Place, rows: DialogueRows) -> str | None:
    """Add one dialogue; return why it cannot be used, if so."""
    if not isinstance(record, dict):
        return "the record is not a JSON object"
    dialogue_id = as_id(record.get("dialogue_id"))
    if not dialogue_id:
        return "the dialogue has no dialogue_id"
    split = record.get("split")
    if split is not None and split not in SPLITS:
        return f"the dialogue's split is none of {', '.join(SPLITS)}"
    messages = record.get("messages")
    messages = messages if isinstance(messages, list) else []
    usable = [message for message in messages if _is_usable(message)]
    if not usable:
        return f"no message has text and a role of {' or '.join(ROLES)}" if messages else "the dialogue has no messages"
    if len(usable) > MAX_MESSAGES:
        return "the dialogue has too many messages"
    if rows.begin(dialogue_id, split or file.part, file.path, place, drawable=split is None):
        unusable = len(messages) - len(usable)
        rows.lesser_skips.add("the message has no text or no known role", file.path, place, unusable)
        for turn, message in enumerate(usable):
            _add_message(dialogue_id, turn, message, file, place, rows)
        _add_items(dialogue_id, record.get("items"), file, place, rows)
    return None


def _is_usable(message: Any) -> bool:
    return isinstance(message, dict) and isinstance(message.get("text"), str) and _role(message) in ROLES


def _role(message: dict[str, Any]) -> str:
    """Return who speaks; case and space do not count."""
    return str(message.get("role")).strip().lower()


def _add_message(
    dialogue_id: str, turn: int, message: dict[str, Any], file: PartFile, place: Place, rows: DialogueRows
) -> None:
    text = rows.utterance(dialogue_id, turn, _role(message), message["text"])
    mentions = message.get("mentions")
    mentions = mentions if isinstance(mentions, list) else []
    spans = _apart([span for mention in mentions if (span := _span(mention, text))])
    for span in spans:
        rows.mention(dialogue_id, turn, text, span)
    skipped = len(mentions) - len(spans)
    rows.lesser_skips.add("the mention has no item_id or no span of its own in the text", file.path, place, skipped)


def _apart(spans: list[Span]) -> list[Span]:
    """Keep of spans that overlap the longest, of equally long ones the first."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start - span.end, span.start)):
        if not any(span.start < other.end and other.start < span.end for other in kept):
            kept.append(span)
    return kept


def _span(mention: Any, text: str) -> Span | None:
    if not isinstance(mention, dict):
        return None
    start, end, item_id = mention.get("start"), mention.get("end"), as_id(mention.get("item_id"))
    if not isinstance(start, int) or not isinstance(end, int) or not item_id:
        return None
    return Span(start, end, item_id) if 0 <= start < end <= len(text) else None


def _add_items(dialogue_id: str, items: Any, file: PartFile, place: Place, rows: DialogueRows) -> None:
    answered: set[str] = set()
    for item in items if isinstance(items, list) else []:
        item_id = as_id(item.get("item_id")) if isinstance(item, dict) else None
        if not item_id:
            rows.lesser_skips.add("the item has no item_id", file.path, place)
            continue
        rows.title(item_id, as_text(item.get("name")) or "")
        for key, (usable, reason) in UNUSABLE_CELLS.items():
            value = item.get(key)
            if not is_absent(value) and not re.search(usable, str(value)):
                rows.lesser_skips.add(reason, file.path, place)
        rows.attributes_of(item_id, **{key: item[key] for key in _ATTRIBUTES if key in item})
        answers = [item[answer] for answer in _ANSWERS if not is_absent(item.get(answer))]
        unusable = sum(answer_code(answer) is None for answer in answers)
        rows.lesser_skips.add("the answer is none of 0, 1 and 2", file.path, place, unusable)
        if item_id not in answered and len(answers) > unusable:
            answered.add(item_id)
            rows.feedback(dialogue_id, item_id, *(answer_code(item.get(answer)) for answer in _ANSWERS))
