"""The command line: each command reads its options, calls one function and prints what came back.

Notable here:
- nothing heavy is imported before a command runs, so ``kgprep --help`` answers at once;
- a `KgprepError` becomes one sentence and exit code 1; ``--debug`` shows the traceback instead;
- the example in each help text is run by a test.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from kgprep import __version__
from kgprep.errors import KgprepError

Command = TypeVar("Command", bound=Callable[..., Any])

FILE = click.Path(path_type=Path)
FOLDER = click.Path(path_type=Path, file_okay=False)


class OneSentenceErrors(click.Group):
    """A command group that lists its commands in the order of use and tells a user's mistake in one sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order they are defined."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; see the class."""
        try:
            return super().invoke(ctx)
        except KgprepError as error:
            if ctx.meta.get("kgprep.debug"):
                raise
            raise click.ClickException(str(error)) from error
        except KeyboardInterrupt as interrupt:
            if ctx.meta.get("kgprep.debug"):
                raise
            raise click.ClickException(
                "stopped by Ctrl-C: no table was left half-written; give the same command to start this stage again"
            ) from interrupt


def debug_option(command: Command) -> Command:
    """Add ``--debug`` to a command."""

    def remember(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
        if value:
            ctx.meta["kgprep.debug"] = True

    return click.option(
        "--debug", is_flag=True, expose_value=False, callback=remember, help="Show the traceback of an error."
    )(command)


def workspace_option(command: Command) -> Command:
    """Add ``-w/--workspace`` to a command."""
    return click.option("-w", "--workspace", type=FOLDER, required=True, metavar="WS", help="Folder of the bundle.")(
        command
    )


@click.group(cls=OneSentenceErrors, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="kgprep")
@debug_option
def main() -> None:
    """Join a knowledge graph, reviews and dialogues into one bundle of tables for conversational recommendation.

    \b
    The main path:
        kgprep build-kg       dialogues + DBpedia dumps   -> kg/ and dialogues/
        kgprep align-reviews  + review corpora            -> reviews/ and triples/
        kgprep train          the bundle                  -> runs/NAME/

    \b
    Example:
        kgprep run sample -w workspaces/sample
    """


@main.command("build-kg")
@workspace_option
@click.option(
    "--dialogues", metavar="FORM:PATH", help="Dialogue set; FORM: redial, tgredial, inspired, opendialkg, jsonl."
)
@click.option("--dialogues-test", type=FILE, metavar="PATH", help="Test part, where it is a file of its own.")
@click.option("--split", type=FILE, metavar="FILE", help="JSON of conversation ids: {train: [...], valid: [...]}.")
@click.option("--films", type=FILE, metavar="FILE", help="JSON Lines of the set's films: imdb_id, plot.")
@click.option(
    "--items",
    type=FILE,
    metavar="FILE",
    help="Items without dialogues: CSV, TSV or JSON Lines with item_id, name, year, imdb_id, iri.",
)
@click.option(
    "--dump",
    "dumps",
    type=FILE,
    multiple=True,
    metavar="FILE",
    help="N-Triples (.gz, .bz2, .zst too) or small Turtle; repeat it.",
)
@click.option("--strict", is_flag=True, help="Stop at a line that is not N-Triples.")
@click.option("--endpoint", metavar="URL", help="SPARQL endpoint to ask instead of dumps.")
@click.option(
    "--hops", type=click.IntRange(0), default=2, show_default=True, help="How far the graph reaches from the items."
)
@click.option("--direction", type=click.Choice(["out", "in", "both"]), help="Which way edges are followed.")
@click.option("--relations", type=FILE, metavar="FILE", help="Keep only the predicates listed in FILE, one IRI a line.")
@click.option("--min-relation-count", type=click.IntRange(1), help="Drop relations with fewer edges.")
@click.option("--max-degree", type=click.IntRange(1), help="Cap the edges of a hub that is no item.")
@click.option(
    "--inverse/--no-inverse", default=True, show_default=True, help="Add an inverse relation to each relation."
)
@click.option(
    "--languages",
    default="en",
    show_default=True,
    metavar="TAGS",
    help="Languages of labels and descriptions, by preference.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the validation split.")
@debug_option
def build_kg_command(workspace: Path, languages: str, **options: Any) -> None:
    """Build the subgraph around a dialogue set's items.

    Reads DBpedia dumps, resolves the items to entities and follows the edges from there.
    Writes kg/ and dialogues/ with gold mentions.

    \b
    Example:
        kgprep build-kg -w workspaces/sample --dialogues redial:pipelines/sample/redial \\
            --dump pipelines/sample/dbpedia.nt

    Without dialogues, --items gives the graph alone:

    \b
        kgprep build-kg -w workspaces/items --items pipelines/sample/redial/movies.jsonl \\
            --dump pipelines/sample/dbpedia.nt
    """
    from kgprep.kg.build import KgConfig, build_kg

    given = {name: value for name, value in options.items() if value is not None}
    build_kg(workspace, _config(KgConfig, {**given, "languages": tuple(languages.split(","))}))


@main.command("align-reviews")
@workspace_option
@click.option(
    "--reviews",
    multiple=True,
    metavar="[FORM:]PATH",
    help="Review corpus; FORM: imdb, spoiler, aclimdb, douban, dmsc, table, pages; told from its look if left out."
    " Repeat it.",
)
@click.option(
    "--map",
    "maps",
    multiple=True,
    metavar="MAP",
    help="Which columns of a table hold what, such as text=review,imdb_id=tt,rating=stars/10; once, or once for each"
    " table. Fields: text, imdb_id, douban_id, title, year, rating, votes, date, spoiler, language.",
)
@click.option(
    "--descriptions",
    type=FILE,
    multiple=True,
    metavar="FILE",
    help="Table of item descriptions (CSV, TSV or JSON Lines) with plot and any of imdb_id, iri, item_id, name, year."
    " Repeat it.",
)
@click.option(
    "--sentences-per-entity",
    type=click.IntRange(1),
    default=10,
    show_default=True,
    metavar="K",
    help="The most sentences an entity keeps: the best, then others unlike it.",
)
@debug_option
def align_reviews_command(
    workspace: Path,
    reviews: tuple[str, ...],
    maps: tuple[str, ...],
    descriptions: tuple[Path, ...],
    sentences_per_entity: int,
) -> None:
    """Attach reviews to entities and write the triples.

    Splits reviews into sentences, links words of dialogues and sentences to entities,
    and chooses for every entity the sentences that say most about it; where reviews say too little,
    a description stands in, else words made of its edges.
    Writes reviews/ and triples/, and adds the linked mentions to dialogues/mentions.

    \b
    Example:
        kgprep align-reviews -w workspaces/sample \\
            --reviews imdb:pipelines/sample/reviews/imdb.jsonl --reviews pages:pipelines/sample/reviews/pages
    """
    from kgprep.reviews.align import AlignConfig, align_reviews

    given = {
        "reviews": reviews,
        "maps": maps,
        "descriptions": descriptions,
        "sentences_per_entity": sentences_per_entity,
    }
    align_reviews(workspace, _config(AlignConfig, given))


@main.command("train")
@workspace_option
@click.option("--run", "run", required=True, metavar="NAME", help="Name of the run; its files go to runs/NAME.")
@click.option(
    "--config",
    "config",
    default="c2crs",
    show_default=True,
    metavar="FILE",
    help="c2crs, c2crs_fused, small, or a YAML file.",
)
@click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="Change one setting of the config; repeat it."
)
@click.option("--max-steps", type=click.IntRange(1), help="End each phase after so many steps.")
@click.option("--overwrite", is_flag=True, help="Replace a run of that name.")
@click.option("--resume", is_flag=True, help="Go on with a run of that name that was stopped or killed.")
@debug_option
def train_command(
    workspace: Path,
    run: str,
    config: str,
    settings: tuple[str, ...],
    max_steps: int | None,
    overwrite: bool,
    resume: bool,
) -> None:
    """Train C2-CRS on a bundle and measure it.

    Four phases: coarse contrast, fine contrast, recommendation, generation.
    Writes a checkpoint, a log and metrics.json to runs/NAME.
    Ctrl-C finishes the step and saves; --resume with the same settings goes on to the same result.

    \b
    Example:
        kgprep train -w workspaces/sample --run short --config small --max-steps 2 --overwrite
    """
    from model.config import load_config
    from pipelines.outcome import print_outcome
    from pipelines.runner import evaluate_run, train_run

    steps = (f"max_steps={max_steps}",) if max_steps else ()
    if overwrite and resume:
        raise click.UsageError("give either --overwrite or --resume")
    train_run(workspace, run, load_config(config, (*settings, *steps)), overwrite=overwrite, resume=resume)
    evaluate_run(workspace, run)
    print_outcome(workspace, run)


@main.command("evaluate")
@workspace_option
@click.option("--run", "run", required=True, metavar="NAME", help="A trained run.")
@click.option(
    "--split", type=click.Choice(["valid", "test"]), default="test", show_default=True, help="Part to measure on."
)
@debug_option
def evaluate_command(workspace: Path, run: str, split: str) -> None:
    """Measure a run beside popularity and copy-history.

    \b
    Example:
        kgprep evaluate -w workspaces/sample --run c2crs
    """
    from pipelines.outcome import print_outcome
    from pipelines.runner import evaluate_run

    evaluate_run(workspace, run, split)
    print_outcome(workspace, run)


@main.command("chat")
@workspace_option
@click.option("--run", "run", required=True, metavar="NAME", help="A trained run.")
@debug_option
def chat_command(workspace: Path, run: str) -> None:
    """Talk with a trained run.

    Shows what it links in your words, its ten best films with the way that the graph leads there, and its answer.
    An empty line ends.

    \b
    Example:
        kgprep chat -w workspaces/sample --run c2crs
    """
    import sys

    from kgprep.linking.linker import EntityLinker
    from model.chat import Chat

    linker = EntityLinker.from_bundle(workspace)
    chat = Chat(workspace, run, linker.link_one)
    click.echo("you> ", nl=False)
    for text in sys.stdin:
        if not text.strip():
            break
        click.echo(chat.say(text.strip()))
        click.echo("you> ", nl=False)


@main.command("run")
@click.argument("recipe")
@click.option("-w", "--workspace", type=FOLDER, metavar="WS", help="Folder of the bundle; default workspaces/RECIPE.")
@click.option(
    "--from",
    "from_stage",
    type=click.Choice(["build-kg", "collect-reviews", "align-reviews", "train", "evaluate"]),
    help="Run this stage and all later ones in any case.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change the recipe, such as train.max_steps=20; repeat it.",
)
@click.option("--variants", is_flag=True, help="Train and measure the run's ablations too, each as RUN-VARIANT.")
@debug_option
def run_command(
    recipe: str, workspace: Path | None, from_stage: str | None, settings: tuple[str, ...], variants: bool
) -> None:
    """Run a recipe's stages, skipping what is up to date.

    A stage runs again when an input, a parameter or the stage before it has changed.
    RECIPE is sample, redial, redial_small, tgredial or the path of a YAML file.
    Outside data is looked for in the folder named by KGPREP_DATA, else where kgprep fetch puts it.

    \b
    Example:
        kgprep run sample -w workspaces/sample --set train.max_steps=20
    """
    from pipelines.outcome import print_outcome, print_variants
    from pipelines.runner import run_recipe

    result = run_recipe(recipe, workspace, from_stage, settings, variants=variants)
    print_outcome(result.workspace, result.runs[0])
    if variants:
        print_variants(result.workspace, result.runs)


@main.command("validate")
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


@main.command("show")
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


@main.command("fetch")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--list", "listing", is_flag=True, help="Show sources, licences and sizes; fetch nothing.")
@click.option("--mirror", type=FOLDER, metavar="DIR", help="Take the files from a local copy.")
@click.option(
    "--to",
    "folder",
    type=FOLDER,
    metavar="DIR",
    help="Where to put them; default KGPREP_DATA, else the user's data folder.",
)
@debug_option
def fetch_command(names: tuple[str, ...], listing: bool, mirror: Path | None, folder: Path | None) -> None:
    """Download the outside sources and check their sums.

    data_manifest.yaml lists them. Without NAME, all of them. A download that was cut off goes on where it stopped.

    \b
    Example:
        kgprep fetch --list
    """
    from kgprep.sources import data_folder, describe_sources, fetch

    if listing:
        click.echo(describe_sources(names))
        return
    fetch(names, folder or data_folder(), mirror)


@main.command("simulate")
@click.option("--out", type=FOLDER, required=True, metavar="DIR", help="Folder to write.")
@click.option("--films", type=FILE, metavar="FILE", help="Films to talk about; default those of the sample.")
@click.option("-w", "--workspace", type=FOLDER, metavar="WS", help="Talk about the films of this bundle instead.")
@click.option("--dialogues", type=click.IntRange(1), default=500, show_default=True, help="How many dialogues.")
@click.option(
    "--dump",
    "triples",
    type=click.IntRange(1_000),
    metavar="N",
    help="Write a dump of N triples in DBpedia's shape and its items instead.",
)
@click.option(
    "--language",
    type=click.Choice(["en", "zh"]),
    default="en",
    show_default=True,
    help="ReDial's form in English or TG-ReDial's in Chinese.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of users, films and sentences.")
@debug_option
def simulate_command(
    out: Path, films: Path | None, workspace: Path | None, triples: int | None, **options: Any
) -> None:
    """Write dialogues and reviews of simulated users, or a dump of any size.

    Users have tastes over genres, people and films, so there is something to learn. A dump is for measurements.

    \b
    Example:
        kgprep simulate --out workspaces/simulated --dialogues 100 --seed 7
        kgprep simulate --out workspaces/dump --dump 100000
    """
    from kgprep.simulate import SimulateConfig, simulate_dump, write_simulation

    if triples is not None:
        if films is not None or workspace is not None:
            raise click.UsageError("--dump makes up its own films: leave out --films and --workspace")
        summary = simulate_dump(out, triples, options["seed"])
        click.echo(f"{summary.triples:,} triples: {summary.dump}\nitems: {summary.items}")
        return
    written = write_simulation(out, _config(SimulateConfig, options), films=films, workspace=workspace)
    for count in written.counts:
        click.echo(str(count))
    click.echo(f"written: {out}")


@main.command("link")
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


@main.command("evaluate-linking")
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


@main.command("collect-reviews")
@click.argument("site", type=click.Choice(["imdb", "douban", "douban-mobile"]))
@click.option("--items", type=FILE, metavar="FILE", help="Text file of title or subject ids, one a line.")
@click.option("-w", "--workspace", type=FOLDER, metavar="WS", help="Collect for this bundle's items instead.")
@click.option("--out", type=FILE, required=True, metavar="FILE", help="JSON Lines to write; align-reviews reads it.")
@click.option("--limit", type=click.IntRange(1), default=25, show_default=True, help="Reviews an item at most.")
@click.option("--contact", metavar="ADDRESS", help="Your mail or web address, sent with each request.")
@click.option("--base-url", metavar="URL", help="A copy of the site that you may read, such as one you serve yourself.")
@click.option("--i-have-permission", is_flag=True, help="You hold the site's consent to automated access.")
@debug_option
def collect_reviews_command(site: str, **options: Any) -> None:
    """Collect reviews from a site that permits it.

    IMDb and Douban forbid automated access without their consent; local corpora are the usual way.
    Obeys robots.txt, waits between requests, and stops at a challenge or a login page.

    \b
    Example:
        kgprep collect-reviews imdb --items titles.txt --out workspaces/collected.jsonl \\
            --contact you@example.org --base-url http://127.0.0.1:8731
    """
    from kgprep.reviews.collect import CollectConfig, collect_reviews

    collect_reviews(site, _config(CollectConfig, options))


@main.command("export")
@workspace_option
@click.option(
    "--to", "target", required=True, metavar="TARGET", help="crslab, huggingface, pyg, pykeen, rdf, recbole or unicrs."
)
@click.option("--out", type=FOLDER, required=True, metavar="DIR", help="Folder to write.")
@debug_option
def export_command(workspace: Path, target: str, out: Path) -> None:
    """Write the bundle in the form that other code reads.

    \b
    Example:
        kgprep export -w workspaces/sample --to crslab --out workspaces/crslab
    """
    from kgprep.export import export

    export(workspace, target, out)


@main.command("triples")
@workspace_option
@click.option("--out", type=FILE, required=True, metavar="FILE", help="File to write.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["parquet", "jsonl", "tsv"]),
    default="parquet",
    show_default=True,
    help="Form of the file.",
)
@click.option("--split", type=click.Choice(["train", "valid", "test"]), help="Part of the dialogues; all by default.")
@click.option("--columns", metavar="NAMES", default="", help="Columns to write, separated by commas; all by default.")
@debug_option
def triples_command(workspace: Path, out: Path, form: str, split: str | None, columns: str) -> None:
    """Write the word-entity-sentence triples as one file.

    \b
    Example:
        kgprep triples -w workspaces/sample --format tsv --columns word,label,sentence --out triples.tsv
    """
    from kgprep.triples_file import write_triples

    wanted = [name.strip() for name in columns.split(",") if name.strip()]
    for count in write_triples(workspace, out, form, split, wanted):
        click.echo(str(count))


@main.command("report")
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


def _config(kind: type[Any], options: dict[str, Any]) -> Any:
    """Build a stage's config from options; a value it refuses is the user's mistake."""
    from pydantic import ValidationError

    try:
        return kind(**options)
    except ValidationError as error:
        first = error.errors()[0]
        option = "--" + str(first["loc"][0]).replace("_", "-") if first["loc"] else "the options"
        raise click.UsageError(f"{option}: {first['msg']}") from error
