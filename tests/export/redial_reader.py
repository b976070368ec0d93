"""What KBRD and KGSF do with ReDial's form and its pickles, in the plainest Python."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from kgprep.pickles import parse_pickle

PICKLES = ("entity2entityId", "relation2relationId", "id2entity", "subkg", "movie_ids", "text_dict")


def pickles(folder: Path) -> dict[str, Any]:
    """Return what the pickles hold, by name."""
    return {path.stem: parse_pickle(path.read_bytes(), path) for path in (folder / f"{name}.pkl" for name in PICKLES)}


def dialogues(folder: Path, split: str) -> list[dict[str, Any]]:
    """Return the dialogues of a split, one a line."""
    return [json.loads(line) for line in (folder / f"{split}_data.jsonl").read_text(encoding="utf-8").splitlines()]


def turns(dialogue: dict[str, Any], data: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a dialogue's turns with the ids of their items and entities; an item without an id is an error."""
    ids = data["entity2entityId"]
    found: list[dict[str, Any]] = []
    for message in dialogue["messages"]:
        numbers = [int(token[1:]) for token in re.findall(r"@\d+", message["text"])]
        items = [ids[data["id2entity"][number]] for number in numbers if str(number) in dialogue["movieMentions"]]
        named = [ids[name] for name in data["text_dict"][message["text"]]] if message["text"] else []
        if not found or found[-1]["worker"] != message["senderWorkerId"]:
            found.append({"worker": message["senderWorkerId"], "texts": [], "items": [], "entities": []})
        found[-1]["texts"].append(message["text"])
        found[-1]["items"] += items
        found[-1]["entities"] += named
    return found
