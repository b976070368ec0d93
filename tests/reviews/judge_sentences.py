"""Judging the chosen sentences by hand: a blind sheet of sentences, and the table of what was said of them.

    python -m tests.reviews.judge_sentences sheet -w WS --seed 5 --out FOLDER   # what the judge sees, and the key
    python -m tests.reviews.judge_sentences table -w WS [--sentences]           # what was said

Notable here:
- for each of a seeded choice of reviewed entities there are three sentences: the chosen one, the first of its first
  review, and its longest; the sheet shuffles all of them and does not tell which is which;
- equal sentences stand on the sheet once, and their verdict counts for each;
- two readers judged the sheet, each alone: ``verdict`` is the first's, ``second`` the other's;
- verdicts are kept by review and position, because the sentences are other people's text; a workspace of the same
  reviews shows them.
"""

from __future__ import annotations

from pathlib import Path

import click
import polars as pl

from kgprep.artifacts import ENTITIES, REVIEWS, SENTENCES, read_table
from kgprep.reviews.sentences import split_sentences

VERDICTS = Path(__file__).parent / "judged_sentences.tsv"
WAYS = ("chosen", "first", "longest")
ENTITIES_JUDGED = 60


@click.group()
def main() -> None:
    """Judge chosen sentences by hand."""


@main.command()
@click.option("--workspace", "-w", type=click.Path(path_type=Path), required=True)
@click.option("--seed", type=int, required=True)
@click.option("--out", type=click.Path(path_type=Path), required=True)
def sheet(workspace: Path, seed: int, out: Path) -> None:
    """Write sheet.tsv for the judge and key.tsv for afterwards."""
    offered = _offered(workspace, seed)
    distinct = offered.select("iri", "text").unique(maintain_order=True).sample(fraction=1.0, shuffle=True, seed=seed)
    numbered = offered.join(distinct.with_row_index("number", offset=1), on=["iri", "text"])
    out.mkdir(parents=True, exist_ok=True)
    shown = numbered.unique("number").sort("number").select("number", "label", "year", "text", verdict=pl.lit(""))
    shown.write_csv(out / "sheet.tsv", separator="\t")
    numbered.sort("iri", "way").select("number", "iri", "way", "review_id", "position").write_csv(
        out / "key.tsv", separator="\t"
    )
    click.echo(f"{shown.height} sentences of {offered['iri'].n_unique()} entities in {out / 'sheet.tsv'}")


@main.command()
@click.option("--workspace", "-w", type=click.Path(path_type=Path), required=True)
@click.option("--sentences", is_flag=True, help="Show the sentences too.")
def table(workspace: Path, sentences: bool) -> None:
    """Print how many were found good of each kind, and each verdict."""
    judged = pl.read_csv(VERDICTS, separator="\t")
    click.echo(shares(judged))
    if sentences:
        texts = _every_sentence(read_table(workspace, REVIEWS)).select("review_id", "position", "text")
        described = read_table(workspace, SENTENCES).filter(pl.col("review_id").is_null())
        stand_ins = described.join(_named(workspace), on="entity_id").select("iri", stand_in="text")
        shown = judged.join(texts, on=["review_id", "position"], how="left").join(stand_ins, on="iri", how="left")
        for row in shown.with_columns(pl.coalesce("text", "stand_in")).sort("iri", "way").iter_rows(named=True):
            click.echo(f"{row['iri']}  {row['way']}  {row['verdict']}  {row['second']}  {row['text']}")


def shares(judged: pl.DataFrame) -> pl.DataFrame:
    """Return how many sentences say something specific: way, entities, yes of each reader, the first's percentage."""
    said = {"yes": pl.col("verdict") == "yes", "yes_second": pl.col("second") == "yes"}
    return (
        judged.group_by("way")
        .agg(entities=pl.len(), **{name: condition.sum() for name, condition in said.items()})
        .with_columns(share=(100 * pl.col("yes") / pl.col("entities")).round(1))
        .sort("way")
    )


def _named(workspace: Path) -> pl.DataFrame:
    return read_table(workspace, ENTITIES).select("entity_id", "iri", "label", "year")


def _every_sentence(reviews: pl.DataFrame) -> pl.DataFrame:
    return split_sentences(reviews.sort("entity_id", "review_id").with_row_index("order"))[0]


def _offered(workspace: Path, seed: int) -> pl.DataFrame:
    """Return the three sentences of each of the judged entities: iri, label, year, way, review_id, position, text."""
    reviews = read_table(workspace, REVIEWS)
    entities = reviews.select("entity_id").unique().sort("entity_id").sample(ENTITIES_JUDGED, seed=seed)
    of_reviews = _every_sentence(reviews.join(entities, on="entity_id", how="semi"))
    first = of_reviews.sort("order", "position").unique("entity_id", keep="first", maintain_order=True)
    longest = of_reviews.sort(-pl.col("tokens"), "order", "position").unique(
        "entity_id", keep="first", maintain_order=True
    )
    best = read_table(workspace, SENTENCES).sort("sentence_id").unique("entity_id", keep="first", maintain_order=True)
    chosen = best.join(entities, on="entity_id", how="semi")
    columns = ("entity_id", "way", "review_id", "position", "text")
    three = pl.concat(
        frame.with_columns(way=pl.lit(way)).select(columns)
        for way, frame in zip(WAYS, (chosen, first, longest), strict=True)
    )
    return three.join(_named(workspace), on="entity_id").sort("iri", "way")


if __name__ == "__main__":
    main()
