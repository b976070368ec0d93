"""OpenDialKG (Moon et al., 2019): dialogues whose speakers chose paths in a knowledge graph before they wrote.

Notable here:
- Messages holds JSON: chat messages, and kgwalk/choose_path actions with
  ``"path": [score, [[head, relation, tail], ...], sentence]``; a relation of the other direction begins with "~";
- the set is not about films alone: an entity is an item when a path shows it to have a director or actors, or when its
  qualifier says film ("Zodiac (Crime Fiction Film)");
- the spans are ours: the titles of a dialogue's paths, where its messages hold them;
- the two ratings are of the whole dialogue, not of a film, and are not read; meta messages between workers neither.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from kgprep.dialogues.dialogue_set import DialogueSet, Origin, assemble
from kgprep.dialogues.files import PartFile, find_parts, with_gzip
from kgprep.dialogues.lines import read_bytes
from kgprep.dialogues.rows import MAX_MESSAGES, DialogueRows
from kgprep.dialogues.splits import SplitPlan
from kgprep.dialogues.title_spans import locate_titles
from kgprep.dialogues.titles import title_id
from kgprep.errors import KgprepError

LAYOUT = {
    "train": with_gzip("train.csv", "opendialkg.csv", "data/opendialkg.csv"),
    "valid": with_gzip("valid.csv"),
    "test": with_gzip("test.csv"),
}

_ROLES = {"user": "seeker", "assistant": "recommender"}
_FILM_RELATIONS = ("starred_actors", "directed_by")
_FILM_QUALIFIER = re.compile(r"\(.*\bFilm\b.*\)$", re.IGNORECASE)
_QUALIFIER = re.compile(r"\s*\([^()]*\)$")
_YEAR = re.compile(r"^[0-9]{4}$")

_Triple = tuple[str, str, str]


@dataclass(frozen=True)
class _Dialogue:
    dialogue_id: str
    file: PartFile
    place: str
    messages: tuple[tuple[str, str], ...]
    triples: tuple[_Triple, ...]
    unusable: int


def load_opendialkg(path: Path, test: Path | None, films: Path | None, plan: SplitPlan) -> DialogueSet:
    """Load OpenDialKG's table with the columns Messages, User Rating and Assistant Rating.

    Args:
        path: opendialkg.csv, or the folder it lies in.
        test: the test file, if there is one.
        films: side file of items, by ids such as "Iron_Man".
        plan: how to divide the dialogues; one file alone is divided 8:1:1.

    Raises:
        KgprepError: a file is missing, is no such table, or holds no dialogue of this form.
    """
    parts = find_parts(path, test, LAYOUT, single="train")
    if len(parts) == 1:
        parts = (PartFile(None, parts[0].path),)
    rows = DialogueRows()
    dialogues = [dialogue for part in parts for dialogue in _read_dialogues(part, rows)]
    film_names = _film_names(dialogues)
    for dialogue in dialogues:
        _add_dialogue(dialogue, film_names, rows)
    return assemble(Origin("opendialkg", "en", tuple(part.path for part in parts), films), rows, plan)


def _read_dialogues(file: PartFile, rows: DialogueRows) -> Iterator[_Dialogue]:
    """Read the usable rows; a dialogue's id is its row's number, after the part where there are several."""
    prefix = f"{file.part}-" if file.part else ""
    for number, cell in enumerate(_messages_column(file.path), start=1):
        place = f"row {number}"
        try:
            entries = json.loads(cell or "")
        except (ValueError, RecursionError):
            rows.skips.add("Messages is not JSON", file.path, place)
            continue
        entries = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
        chats = [entry for entry in entries if entry.get("type") == "chat"]
        messages = tuple(
            (_ROLES[entry["sender"]], entry["message"])
            for entry in chats
            if entry.get("sender") in _ROLES and isinstance(entry.get("message"), str)
        )
        if not messages or len(messages) > MAX_MESSAGES:
            rows.skips.add("the dialogue has no messages or too many", file.path, place)
            continue
        triples = tuple(triple for entry in entries for triple in _path_triples(entry))
        yield _Dialogue(f"{prefix}{number}", file, place, messages, triples, len(chats) - len(messages))


def _messages_column(path: Path) -> list[str | None]:
    content = read_bytes(path)
    try:
        table = pl.read_csv(content, glob=False, infer_schema=False, columns=["Messages"])
    except pl.exceptions.PolarsError as error:
        reason = str(error).splitlines()[0]
        raise KgprepError(f"{path} is not a table with a column Messages ({reason}): fetch it again") from error
    return table["Messages"].to_list()


def _path_triples(entry: dict[str, Any]) -> Iterator[_Triple]:
    """Yield the triples of a chosen path, all of them in the forward direction."""
    metadata = entry.get("metadata")
    path = metadata.get("path") if isinstance(metadata, dict) else None
    triples = path[1] if isinstance(path, list) and len(path) > 1 and isinstance(path[1], list) else []
    for triple in triples:
        if isinstance(triple, list) and len(triple) == 3 and all(isinstance(part, str) for part in triple):
            head, relation, tail = triple
            yield (tail, relation[1:], head) if relation.startswith("~") else (head, relation, tail)


def _film_names(dialogues: list[_Dialogue]) -> frozenset[str]:
    """Return the entities that any path of the set shows to be films."""
    triples = {triple for dialogue in dialogues for triple in dialogue.triples}
    by_relation = {head for head, relation, _ in triples if relation in _FILM_RELATIONS}
    by_qualifier = {name for head, _, tail in triples for name in (head, tail) if _FILM_QUALIFIER.search(name)}
    return frozenset(by_relation | by_qualifier)


def _add_dialogue(dialogue: _Dialogue, film_names: frozenset[str], rows: DialogueRows) -> None:
    if not rows.begin(dialogue.dialogue_id, dialogue.file.part, dialogue.file.path, dialogue.place):
        return
    rows.lesser_skips.add(
        "the message has no text or no known sender", dialogue.file.path, dialogue.place, dialogue.unusable
    )
    named = {name for head, _, tail in dialogue.triples for name in (head, tail)}
    films = {title_id(name): _QUALIFIER.sub("", name) or name for name in sorted(named & film_names)}
    for item_id, title in films.items():
        rows.title(item_id, title)
    for head, relation, tail in dialogue.triples:
        if relation == "release_year" and head in film_names and _YEAR.match(tail):
            rows.attributes_of(title_id(head), year=tail)
    found: set[str] = set()
    for turn, (role, message) in enumerate(dialogue.messages):
        text = rows.utterance(dialogue.dialogue_id, turn, role, message)
        for span in locate_titles(films, text, any_case=False):
            rows.mention(dialogue.dialogue_id, turn, text, span)
            found.add(span.item_id)
    missing = len(films.keys() - found)
    rows.lesser_skips.add("a film of the paths stands in no message", dialogue.file.path, dialogue.place, missing)
