"""Commands that look into a bundle: its tables, its links, its report."""

from __future__ import annotations

from pathlib import Path

import click

from kgprep.cli.options import FILE, debug_option, workspace_option


@click.command("validate")
@workspace_option
@debug_option
def validate_command(workspace: Path) -> None:
    """Check every table and the references between them.

    Exits with 1 when a rule is broken.

    \b
    Example:
        kgprep validate -w workspaces/sample
    """
    from kgprep.validate import validate

    validation = validate(workspace)
    for problem in validation.problems:
        click.echo(str(problem))
    rows = sum(validation.rows.values())
    click.echo(
        f"{len(validation.rows)} tables, {rows:,} rows, {validation.checks} checks: {len(validation.problems)} problems"
    )
    if validation.problems:
        raise click.exceptions.Exit(1)


@click.command("show")
@click.argument("table")
@workspace_option
@click.option("--rows", type=click.IntRange(0), default=5, show_default=True, help="How many rows to print.")
@debug_option
def show_command(table: str, workspace: Path, rows: int) -> None:
    """Print a table's schema and a few rows.

    TABLE is a name such as kg/entities, or triples.

    \b
    Example:
        kgprep show triples -w workspaces/sample --rows 3
    """
    from kgprep.show import describe

    click.echo(describe(workspace, table, rows))


@click.command("link")
@click.argument("text", required=False)
@workspace_option
@click.option("--file", "file", type=FILE, metavar="FILE", help="Link each line of FILE instead.")
@click.option(
    "--context-file",
    type=FILE,
    metavar="FILE",
    help="IRIs already spoken of before each text: a line a text, separated by spaces.",
)
@click.option("--threshold", type=click.FloatRange(0, 1), help="Leave out links of a lower score.  [default: 0.4]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines.")
@debug_option
def link_command(
    text: str | None,
    workspace: Path,
    file: Path | None,
    context_file: Path | None,
    threshold: float | None,
    as_json: bool,
) -> None:
    """Link the words of a text to the entities of a bundle.

    \b
    Example:
        kgprep link "I love horror films, above all Halloween (1978)." -w workspaces/sample
    """
    from kgprep.linking.context import read_context, read_texts
    from kgprep.linking.linker import THRESHOLD, EntityLinker
    from kgprep.show import format_links

    if (text is None) == (file is None):
        raise click.UsageError("give either TEXT or --file FILE")
    texts = read_texts(file) if file else [text or ""]
    linker = EntityLinker.from_bundle(workspace, THRESHOLD if threshold is None else threshold)
    context = None if context_file is None else read_context(context_file, len(texts), linker.entities)
    links = linker.link(texts, context)
    click.echo(links.write_ndjson().rstrip() if as_json else format_links(links))


@click.command("evaluate-linking")
@click.argument("gold", type=FILE)
@workspace_option
@click.option("--errors", type=click.IntRange(0), default=0, show_default=True, help="How many errors to list.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@debug_option
def evaluate_linking_command(gold: Path, workspace: Path, errors: int, as_json: bool) -> None:
    """Measure the linker on annotated messages.

    Prints precision, recall and F1 with bootstrap intervals, on spans and entities and per kind, false links, and how
    well the scores are calibrated.

    GOLD is JSON Lines, plain or gzip: text, mentions [{start, end, iris or item, kind}], optional [{start, end}] (spans
    that count neither right nor wrong) and context [IRIs spoken of before].

    \b
    Example:
        kgprep evaluate-linking pipelines/sample/linking_gold.jsonl -w workspaces/sample --errors 3
    """
    import json

    from kgprep.linking.evaluate import evaluate_linking

    report = evaluate_linking(workspace, gold, errors=errors)
    click.echo(json.dumps(report.as_dict()) if as_json else str(report))


@click.command("report")
@workspace_option
@click.option("--run", "run", metavar="NAME", help="Show this run's metrics too.")
@click.option("--out", type=FILE, required=True, metavar="FILE", help="HTML page to write.")
@debug_option
def report_command(workspace: Path, run: str | None, out: Path) -> None:
    """Write a bundle, and a run if named, as an HTML page.

    \b
    Example:
        kgprep report -w workspaces/sample --run c2crs --out workspaces/report.html
    """
    from kgprep.report import write_report

    write_report(workspace, out, run)
