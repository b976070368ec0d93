"""The bundle in the forms that other code reads, one target a file.

Notable here:
- a target is a function from a workspace and an empty folder to an `Exported`;
- the folder is written under a name of its own beside its place and renamed; one with something in it is never touched;
- what a form cannot hold is printed and stands in the folder's README.md, so nothing is lost in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from kgprep.commit import finish_commit
from kgprep.errors import KgprepError
from kgprep.export import (
    c2crs,
    c2crs_tgredial,
    crslab,
    crslab_tgredial,
    huggingface,
    kbrd,
    kgsf,
    pyg,
    pykeen,
    rdf,
    recbole,
    unicrs,
)
from kgprep.export.exported import Exported, ExportOptions
from kgprep.progress import console
from kgprep.provenance import refuse_outdated

TARGETS: Mapping[str, Callable[[Path, Path, ExportOptions], Exported]] = {
    "c2crs": c2crs.write,
    "c2crs-tgredial": c2crs_tgredial.write,
    "crslab": crslab.write,
    "crslab-tgredial": crslab_tgredial.write,
    "huggingface": huggingface.write,
    "kbrd": kbrd.write,
    "kgsf": kgsf.write,
    "pyg": pyg.write,
    "pykeen": pykeen.write,
    "rdf": rdf.write,
    "recbole": recbole.write,
    "unicrs": unicrs.write,
}

TAKES: Mapping[str, tuple[str, ...]] = {
    "concepts": ("c2crs", "c2crs-tgredial", "crslab", "crslab-tgredial", "kgsf"),
    "vectors": ("c2crs", "c2crs-tgredial", "crslab", "crslab-tgredial", "kgsf"),
}
"""The targets that have a use for each of the `ExportOptions`."""

GRAPH_ALONE = ("pyg", "pykeen")
"""The targets that read nothing of dialogues and reviews, so that these may be outdated."""


def export(workspace: Path, target: str, out: Path, options: ExportOptions | None = None) -> Exported:
    """Write the bundle in `workspace` as `target` into the new folder `out`.

    Args:
        workspace: folder of the bundle.
        target: one of `TARGETS`.
        out: folder to write; must not exist, or be empty.
        options: what the target takes beside the bundle.

    Raises:
        KgprepError: an unknown target, an option it has no use for, a folder with something in it, a table that is
            absent or outdated, or a full disk.
    """
    if target not in TARGETS:
        raise KgprepError(f"there is no target {target!r}: choose from {', '.join(TARGETS)}")
    finish_commit(workspace)
    options = options or ExportOptions()
    _refuse_useless(options, target)
    if target not in GRAPH_ALONE:
        refuse_outdated(workspace)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise KgprepError(f"{out} exists already: choose another --out, or delete it first")
    # A path such as "." has no name of its own, and a link is no folder to rename onto.
    place = out.resolve()
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f"{place.name}.", dir=place.parent) as temporary:
            folder = Path(temporary) / place.name
            folder.mkdir()
            exported = replace(TARGETS[target](workspace, folder, options), target=target, folder=out)
            (folder / "README.md").write_text(_readme(exported), encoding="utf-8")
            folder.replace(place)
    except OSError as error:
        raise KgprepError(f"cannot write {out} ({error.strerror or error}): choose another --out") from error
    _show(exported)
    return exported


def _refuse_useless(options: ExportOptions, target: str) -> None:
    for option, targets in TAKES.items():
        if getattr(options, option) is not None and target not in targets:
            raise KgprepError(
                f"the target {target} has no use for --{option}: leave it out, or choose {', '.join(targets)}"
            )


def _readme(exported: Exported) -> str:
    written = "\n".join(f"- {count}" for count in exported.counts)
    lost = "\n".join(f"- {sentence}" for sentence in exported.lost)
    card = f"{exported.card}\n" if exported.card else ""
    return (
        f"{card}# A kgprep bundle in the form {exported.target}\n\n"
        f"Written by `kgprep export --to {exported.target}`.\n\n"
        f"## What is here\n\n{written}\n\n"
        f"## What the bundle has and this form does not\n\n{lost}\n\n"
        f"## How to read it\n\n```python\n{exported.usage}\n```\n"
    )


def _show(exported: Exported) -> None:
    console.print(f"[bold]export[/bold] {exported.target} to {exported.folder}")
    for count in exported.counts:
        console.print(f"  {count}", markup=False)
    for sentence in exported.lost:
        console.print(f"  not in this form: {sentence}", markup=False)
