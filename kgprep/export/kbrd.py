"""The bundle as a data set of KBRD: ReDial's form and its pickles, to be laid at data/redial.

Notable here: `.built` keeps it from fetching ReDial over the folder.
"""

from __future__ import annotations

from pathlib import Path

from kgprep.export.exported import Exported, ExportOptions
from kgprep.export.redial_form import write_redial_form

USAGE = """import pickle

ids = pickle.load(open("entity2entityId.pkl", "rb"))
# or lay this folder at data/redial of KBRD, with its file .built, and run
# python parlai/tasks/redial/train_kbrd.py --n-entity {entities} --n-relation 214"""


def write(workspace: Path, folder: Path, _options: ExportOptions) -> Exported:
    """Write the splits, the pickles and `.built`.

    Raises:
        KgprepError: the workspace lacks a table.
    """
    form = write_redial_form(workspace, folder)
    (folder / ".built").write_text("kgprep\n", encoding="utf-8")
    lost = (*form.lost, "the dictionary of words: KBRD makes its own from the dialogues")
    return Exported(form.counts, lost, USAGE.format(entities=form.entity_ids))
