"""INSPIRED (Hayati et al., 2020): English dialogues annotated with film titles and with strategies of persuasion.

Notable here:
- two forms load: the public tables, one sentence a row, and JSON Lines with peers' links, one dialogue a line;
- sentences of one turn and speaker make one message;
- a film's own id is its title with year; peers' DBpedia links are not taken over, for they are guesses by title
  ("Terminator (1984)" is linked to the character);
- annotated titles that the message does not hold ("I Am Michael" for "I am the misses") are counted and left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from kgprep.compression import bare_suffix
from kgprep.dialogues.dialogue_set import DialogueSet, Origin, assemble
from kgprep.dialogues.files import PartFile, find_parts, with_gzip
from kgprep.dialogues.lines import read_json_lines, read_lines
from kgprep.dialogues.rows import MAX_MESSAGES, DialogueRows
from kgprep.dialogues.splits import SplitPlan
from kgprep.dialogues.title_spans import locate_titles
from kgprep.dialogues.titles import title_id, without_year
from kgprep.dialogues.values import as_id
from kgprep.errors import KgprepError

_ENDINGS = ("_data_dbpedia.jsonl", "_data.jsonl", ".jsonl", ".tsv", "_raw.tsv")
LAYOUT = {
    part: with_gzip(*(f"{name}{ending}" for ending in _ENDINGS for name in names))
    for part, names in {"train": ("train",), "valid": ("valid", "dev"), "test": ("test",)}.items()
}

_ROLES = {"SEEKER": "seeker", "RECOMMENDER": "recommender"}
_TABLE_COLUMNS = ("dialog_id", "turn_id", "speaker", "text", "movies")


@dataclass(frozen=True)
class _Message:
    role: str
    text: str
    titles: tuple[str, ...]


def load_inspired(path: Path, test: Path | None, films: Path | None, plan: SplitPlan) -> DialogueSet:
    """Load INSPIRED's tables or JSON Lines, gzipped or not.

    Args:
        path: folder with train, valid or dev, and test (.tsv, or _data_dbpedia.jsonl), or one file.
        test: the test file, if not the folder's.
        films: side file of items, by ids such as "Knives_Out_(2019)".
        plan: how to divide the dialogues; one file alone is divided 8:1:1.

    Raises:
        KgprepError: a file is missing, cut short, or holds no dialogue of this form.
    """
    parts = find_parts(path, test, LAYOUT, single=None if test is None else "train")
    rows = DialogueRows()
    for part in parts:
        read = _read_table if bare_suffix(part.path) == ".tsv" else _read_json
        read(part, rows)
    return assemble(Origin("inspired", "en", tuple(part.path for part in parts), films), rows, plan)


def _read_json(file: PartFile, rows: DialogueRows) -> None:
    """Read one dialogue a line; its id is the part and the line's number, for the form has none."""
    stem = file.part or file.path.name.split(".")[0]
    for line, record in read_json_lines(file.path, rows.skips):
        utterances = record if isinstance(record, list) else []
        messages = [message for message in map(_json_message, utterances) if message]
        _add_dialogue(f"{stem}-{line}", messages, len(utterances) - len(messages), file, line, rows)


def _json_message(utterance: Any) -> _Message | None:
    if not isinstance(utterance, dict) or utterance.get("role") not in _ROLES:
        return None
    text, titles = utterance.get("text"), utterance.get("movie")
    if not isinstance(text, str):
        return None
    return _Message(
        _ROLES[utterance["role"]],
        text,
        tuple(title for title in titles if isinstance(title, str)) if isinstance(titles, list) else (),
    )


def _read_table(file: PartFile, rows: DialogueRows) -> None:
    """Read one sentence a row; rows of one dialogue stand together."""
    sentences = _sentences(file, rows)
    for dialogue_id, group in groupby(sentences, key=lambda numbered: numbered[1]["dialog_id"]):
        numbered = list(group)
        line = numbered[0][0]
        cells = [sentence for _, sentence in numbered]
        usable = [sentence for sentence in cells if sentence["speaker"] in _ROLES]
        messages = [
            _table_message(speaker, list(turn))
            for (_, speaker), turn in groupby(usable, key=lambda sentence: (sentence["turn_id"], sentence["speaker"]))
        ]
        _add_dialogue(as_id(dialogue_id), messages, len(cells) - len(usable), file, line, rows)


def _sentences(file: PartFile, rows: DialogueRows) -> Iterator[tuple[int, dict[str, str]]]:
    header: list[str] = []
    for line, content in read_lines(file.path):
        cells = content.decode("utf-8", errors="replace").rstrip("\r\n").split("\t")
        if not header:
            header = cells
            missing = [name for name in _TABLE_COLUMNS if name not in header]
            if missing:
                raise KgprepError(
                    f"{file.path} lacks the columns {', '.join(missing)}: check that it is INSPIRED's table"
                )
        elif len(cells) != len(header):
            rows.lesser_skips.add("the row has another number of cells than the header", file.path, line)
        else:
            yield line, dict(zip(header, cells, strict=True))


def _table_message(speaker: str, sentences: list[dict[str, str]]) -> _Message:
    return _Message(
        _ROLES[speaker],
        " ".join(sentence["text"] for sentence in sentences),
        tuple(title for sentence in sentences for title in sentence["movies"].split(";")),
    )


def _add_dialogue(
    dialogue_id: str | None, messages: list[_Message], unusable: int, file: PartFile, line: int, rows: DialogueRows
) -> None:
    if not messages or not dialogue_id or len(messages) > MAX_MESSAGES:
        rows.skips.add("the dialogue has no id, no messages or too many", file.path, line)
        return
    if not rows.begin(dialogue_id, file.part, file.path, line):
        return
    rows.lesser_skips.add("the message has no text or no known role", file.path, line, unusable)
    for turn, message in enumerate(messages):
        text = rows.utterance(dialogue_id, turn, message.role, message.text.replace("QUOTATION_MARK", '"'))
        stripped = (title.strip(" ,;") for title in message.titles)
        titles = {title_id(title): title for title in stripped if title}
        for item_id, title in titles.items():
            rows.title(item_id, title)
        spans = locate_titles({item_id: without_year(title) for item_id, title in titles.items()}, text)
        for span in spans:
            rows.mention(dialogue_id, turn, text, span)
        missing = len(titles.keys() - {span.item_id for span in spans})
        rows.lesser_skips.add("an annotated title does not stand in the message", file.path, line, missing)
