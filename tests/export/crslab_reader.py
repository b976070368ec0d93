"""What the loaders of CRSLab's family do with an archive, in the plainest Python."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def load(folder: Path, name: str) -> Any:
    """Return the JSON file called `name`."""
    return json.loads((folder / name).read_text(encoding="utf-8"))


def joined_turns(folder: Path, split: str) -> list[list[dict[str, Any]]]:
    """Return each dialogue's turns, consecutive utterances of one role as one, in numbers."""
    tokens, entities, words = (load(folder, f"{name}2id.json") for name in ("token", "entity", "concept"))
    dialogues = []
    for dialogue in load(folder, f"{split}_data.json"):
        turns: list[dict[str, Any]] = []
        for said in dialogue["dialog"]:
            if not turns or turns[-1]["role"] != said["role"]:
                turns.append({"role": said["role"], "tokens": [], "movies": [], "entities": [], "words": []})
            turns[-1]["tokens"] += [tokens.get(token, tokens["__unk__"]) for token in said["text"]]
            turns[-1]["movies"] += [entities[name] for name in said["movies"]]
            turns[-1]["entities"] += [entities[name] for name in said["entity"]]
            turns[-1]["words"] += [words[word] for word in said["word"]]
        dialogues.append(turns)
    return dialogues


def samples(folder: Path, split: str) -> list[dict[str, Any]]:
    """Return a sample for each turn but a dialogue's first, in the loader's order."""
    found = []
    for turns in joined_turns(folder, split):
        for number, turn in enumerate(turns[1:], start=1):
            before = turns[:number]
            context = [entity for said in before for entity in said["entities"] + said["movies"]]
            found.append(
                {
                    "role": turn["role"],
                    "context_entities": list(dict.fromkeys(context)),
                    "entities_by_turn": [said["entities"] + said["movies"] for said in before],
                    "items": turn["movies"],
                    "response": turn["tokens"],
                }
            )
    return found
