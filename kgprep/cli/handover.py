"""Commands that hand a bundle to other code."""

from __future__ import annotations

from pathlib import Path

import click

from kgprep.cli.options import FILE, FOLDER, debug_option, workspace_option


@click.command("export")
@workspace_option
@click.option(
    "--to",
    "target",
    required=True,
    metavar="TARGET",
    help="c2crs, c2crs-tgredial, crslab, crslab-tgredial, huggingface, kbrd, kgsf, pyg, pykeen, rdf, recbole or "
    "unicrs.",
)
@click.option("--out", type=FOLDER, required=True, metavar="DIR", help="Folder to write.")
@click.option(
    "--concepts",
    type=FILE,
    metavar="FILE",
    help="Slice of ConceptNet for c2crs, c2crs-tgredial, crslab, crslab-tgredial and kgsf: relation, head and tail a "
    "line, separated by tabs.",
)
@click.option(
    "--vectors",
    type=FILE,
    metavar="FILE",
    help="Word vectors in word2vec's text form for the same targets.",
)
@debug_option
def export_command(workspace: Path, target: str, out: Path, concepts: Path | None, vectors: Path | None) -> None:
    """Write the bundle in the form that other code reads.

    \b
    Example:
        kgprep export -w workspaces/sample --to crslab --out workspaces/crslab
    """
    from kgprep.export import export
    from kgprep.export.exported import ExportOptions

    export(workspace, target, out, ExportOptions(concepts=concepts, vectors=vectors))


@click.command("import")
@click.argument("form", metavar="FORM")
@click.argument("folder", type=FOLDER, metavar="DIR")
@workspace_option
@debug_option
def import_command(form: str, folder: Path, workspace: Path) -> None:
    """Read an archive of CRSLab (crslab), UniCRS (unicrs) or C2-CRS (c2crs) as a bundle.

    Writes kg/ and dialogues/ as build-kg does; align-reviews and the rest go on from there.
    Files may be gzipped, and a split may be absent.

    \b
    Example:
        kgprep export -w workspaces/sample --to crslab --out workspaces/archive
        kgprep import crslab workspaces/archive -w workspaces/imported
    """
    from kgprep.importing import import_archive

    import_archive(form, folder, workspace)


@click.command("triples")
@workspace_option
@click.option("--out", type=FILE, required=True, metavar="FILE", help="File to write.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["parquet", "jsonl", "tsv"]),
    help="Form of the file.  [default: by its ending, else parquet]",
)
@click.option("--split", type=click.Choice(["train", "valid", "test"]), help="Part of the dialogues; all by default.")
@click.option("--columns", metavar="NAMES", default="", help="Columns to write, separated by commas; all by default.")
@debug_option
def triples_command(workspace: Path, out: Path, form: str | None, split: str | None, columns: str) -> None:
    """Write the word-entity-sentence triples as one file.

    \b
    Example:
        kgprep triples -w workspaces/sample --columns word,label,sentence --out triples.tsv
    """
    from kgprep.triples_file import write_triples

    wanted = [name.strip() for name in columns.split(",") if name.strip()]
    for count in write_triples(workspace, out, form, split, wanted):
        click.echo(str(count))
