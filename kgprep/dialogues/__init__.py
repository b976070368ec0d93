"""Dialogue sets: one loader a form, one shape for all of them.

Notable here: `load_dialogues` and `load_items` are the room's whole surface; what they return is `DialogueSet`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kgprep.dialogues.dialogue_set import DialogueSet, items_only
from kgprep.dialogues.inspired import load_inspired
from kgprep.dialogues.jsonl import load_jsonl
from kgprep.dialogues.opendialkg import load_opendialkg
from kgprep.dialogues.redial import load_redial
from kgprep.dialogues.splits import SplitPlan, read_split_plan
from kgprep.dialogues.tgredial import load_tgredial
from kgprep.errors import KgprepError

__all__ = ["FORMS", "DialogueSet", "SplitPlan", "load_dialogues", "load_items"]

FORMS: dict[str, Callable[[Path, Path | None, Path | None, SplitPlan], DialogueSet]] = {
    "redial": load_redial,
    "tgredial": load_tgredial,
    "inspired": load_inspired,
    "opendialkg": load_opendialkg,
    "jsonl": load_jsonl,
}


def load_dialogues(
    form: str,
    path: Path,
    *,
    test: Path | None = None,
    split: Path | None = None,
    films: Path | None = None,
    seed: int = 0,
) -> DialogueSet:
    """Load a dialogue set.

    Args:
        form: one of `FORMS`.
        path: a file, or a folder in the set's published layout.
        test: the test part, where it is not in that folder.
        split: JSON with lists of dialogue ids under train, valid and, optionally, test.
        films: side file with the items' names, IMDb ids and plots.
        seed: for the parts that are drawn.

    Raises:
        KgprepError: the form is unknown, a file is missing or unreadable, or nothing in it is usable.
    """
    if form not in FORMS:
        raise KgprepError(f"there is no dialogue form {form}: choose one of {', '.join(FORMS)}")
    return FORMS[form](path, test, films, read_split_plan(split, seed))


def load_items(path: Path) -> DialogueSet:
    """Load items alone, for a graph without dialogues.

    Args:
        path: CSV, TSV or JSON Lines, compressed or not, with item_id and any of name, year, imdb_id, iri, plot.

    Raises:
        KgprepError: the file is missing or of another form, or holds no item.
    """
    return items_only("items", path)
