"""Commands of the main path: a recipe, the graph, the reviews and the sources they come from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from kgprep.cli.options import FILE, FOLDER, debug_option, stage_config, workspace_option


@click.command("run")
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


@click.command("build-kg")
@workspace_option
@click.option(
    "--dialogues", metavar="FORM:PATH", help="Dialogue set; FORM: redial, tgredial, inspired, opendialkg, jsonl."
)
@click.option("--dialogues-test", type=FILE, metavar="PATH", help="Test part, where it is a file of its own.")
@click.option("--split", type=FILE, metavar="FILE", help="JSON of conversation ids: {train: [...], valid: [...]}.")
@click.option(
    "--films",
    type=FILE,
    metavar="FILE",
    help="Films of the set: CSV, TSV or JSON Lines with item_id, imdb_id, plot.",
)
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
@click.option("--max-degree", type=click.IntRange(0), help="Cap a hub's edges beside those to items.")
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
    tags = tuple(tag.strip() for tag in languages.split(","))
    build_kg(workspace, stage_config(KgConfig, {**given, "languages": tags}))


@click.command("align-reviews")
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
    " table. Fields: text, imdb_id, title, year, rating, votes, date, spoiler, language.",
)
@click.option(
    "--descriptions",
    type=FILE,
    multiple=True,
    metavar="FILE",
    help="Table of item descriptions (CSV, TSV, JSON Lines or Parquet) with plot, description or text, and iri,"
    " imdb_id, item_id, or name and year. Repeat it.",
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
    align_reviews(workspace, stage_config(AlignConfig, given))


@click.command("collect-reviews")
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

    collect_reviews(site, stage_config(CollectConfig, options))


@click.command("fetch")
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


@click.command("simulate")
@click.option("--out", type=FOLDER, required=True, metavar="DIR", help="Folder to write.")
@click.option("--films", type=FILE, metavar="FILE", help="Films to talk about; default those of the sample.")
@click.option("-w", "--workspace", type=FOLDER, metavar="WS", help="Talk about the films of this bundle instead.")
@click.option(
    "--made-up",
    type=click.IntRange(10),
    metavar="N",
    help="Make up N films, with reviews and a slice of DBpedia, and talk about them.",
)
@click.option("--dialogues", type=click.IntRange(1), default=500, show_default=True, help="How many dialogues.")
@click.option(
    "--dump",
    "triples",
    type=click.IntRange(7_500),
    metavar="N",
    help="Write a dump of some N triples in DBpedia's shape and its items instead.",
)
@click.option(
    "--language",
    type=click.Choice(["en", "zh"]),
    default="en",
    show_default=True,
    help="ReDial's form in English or TG-ReDial's in Chinese.",
)
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of users, films and sentences."
)
@debug_option
def simulate_command(
    out: Path, films: Path | None, workspace: Path | None, made_up: int | None, triples: int | None, **options: Any
) -> None:
    """Write dialogues and reviews of simulated users, or a dump of any size.

    Users have tastes over genres, people and films, so there is something to learn. Those who talk about made-up films
    also look for a mood, of which only reviews tell. A dump is for measurements.

    \b
    Example:
        kgprep simulate --out workspaces/simulated --dialogues 100 --seed 7
        kgprep simulate --out workspaces/made-up --made-up 1000 --dialogues 5000
        kgprep simulate --out workspaces/dump --dump 100000
    """
    from kgprep.simulate import SimulateConfig, simulate_dump, write_simulation

    if triples is not None:
        if any(source is not None for source in (films, workspace, made_up)):
            raise click.UsageError("--dump makes up its own films: leave out --films, --workspace and --made-up")
        summary = simulate_dump(out, triples, options["seed"])
        click.echo(f"{summary.triples:,} triples: {summary.dump}\nitems: {summary.items}")
        return
    config = stage_config(SimulateConfig, options)
    written = write_simulation(out, config, films=films, workspace=workspace, made_up=made_up)
    for count in written.counts:
        click.echo(str(count))
    click.echo(f"written: {out}")
