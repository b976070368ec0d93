"""Archives of other code read back as a bundle's graph and dialogues, so that they gain tables, checks and linking.

Notable here:
- a form is a function from a folder to an `Archive`; `tables.write_tables` makes the bundle's tables of any of them;
- it takes the place of build-kg in bundle.json, since what comes after builds on it in the same way;
- ids are the bundle's own; those of the archive are not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from kgprep.errors import KgprepError
from kgprep.importing import crslab, unicrs
from kgprep.importing.archive import Archive
from kgprep.importing.tables import write_tables
from kgprep.stage import Stage, StageSummary

FORMS: Mapping[str, Callable[[Path], Archive]] = {
    "c2crs": crslab.read_with_reviews,
    "crslab": crslab.read,
    "unicrs": unicrs.read,
}


def import_archive(form: str, folder: Path, workspace: Path) -> StageSummary:
    """Write kg/ and dialogues/ of `workspace` from an archive.

    Args:
        form: one of `FORMS`.
        folder: of the archive; its files may be gzipped.
        workspace: folder of the bundle.

    Raises:
        KgprepError: an unknown form, or a file that is missing, damaged or of another form.
    """
    if form not in FORMS:
        raise KgprepError(f"there is no form {form!r}: choose from {', '.join(FORMS)}")
    if not folder.is_dir():
        raise KgprepError(f"{folder} is no folder: give the one that holds the archive's files")
    with Stage("build-kg", workspace, parameters={"archive": f"{form}:{folder}"}) as stage:
        archive = FORMS[form](folder)
        for path in archive.sources:
            stage.source(path)
        write_tables(stage, archive)
        for lack in archive.lacks:
            stage.note(f"not in this archive: {lack}")
    return stage.summary
