"""Descriptions from a table of items: which entity each describes, and when its first sentence stands in."""

from __future__ import annotations

import bz2
import gzip
import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from kgprep.artifacts import ALIASES, ENTITIES, ITEMS, SENTENCES, KgprepError, read_table
from kgprep.cli import main
from kgprep.provenance import read_provenance
from kgprep.reviews.align import AlignConfig, align_reviews
from kgprep.reviews.descriptions import read_descriptions
from kgprep.validate import validate


def described(workspace: Path, path: Path) -> dict[str, str]:
    entities = read_table(workspace, ENTITIES)
    texts, _, _ = read_descriptions(path, entities, read_table(workspace, ITEMS), read_table(workspace, ALIASES))
    return dict(texts.join(entities, on="entity_id").select("label", "text").rows())


@pytest.mark.parametrize(
    "record",
    [
        {"item_id": "x", "iri": "http://dbpedia.org/resource/Heat_(1995_film)"},
        {"movie_id": "1", "name": "Heat (1995)"},
        {"item_id": "1"},
        {"imdb_id": "tt0113277"},
        {"item_id": "x", "name": "Heat", "year": 1995},
        {"item_id": "x", "title": "Heat (1995)"},
        {"iri": "<http://dbpedia.org/resource/Heat_(1995_film)>"},
        {"title": "Heat", "year": 1995},
        {"iri": "dbr:Heat_(1995_film)"},
        {"iri": "https://dbpedia.org/page/Heat_%281995_film%29"},
        {"imdbId": 113277.0},
        {"tconst": "tt0113277"},
        {"item_id": 1.0, "Movie": "Heat"},
    ],
)
def test_an_item_is_found_by_whatever_names_it(workspace: Path, tmp_path: Path, record: dict[str, object]) -> None:
    file = tmp_path / "plots.jsonl"
    file.write_text(json.dumps({**record, "plot": "Two men  meet\nin a diner."}) + "\n", encoding="utf-8")
    assert described(workspace, file) == {"Heat (1995 film)": "Two men meet in a diner."}


@pytest.mark.parametrize(
    ("name", "columns", "row"),
    [
        ("plots.csv", "iri,plot", ("http://dbpedia.org/resource/Heat_(1995_film)", "Two men meet.")),
        ("plots.csv.bz2", "name,year,plot", ("Heat", "1995", "Two men meet.")),
        ("plots.tsv.gz", "Title,Text", ("Heat (1995)", "Two men meet.")),
        ("plots.parquet", "name,year,description", ("Heat", "1995", "Two men meet.")),
    ],
)
def test_every_kind_of_table_is_read(
    workspace: Path, tmp_path: Path, name: str, columns: str, row: tuple[str, ...]
) -> None:
    file, table = tmp_path / name, pl.DataFrame([row], schema=columns.split(","), orient="row")
    if name.endswith(".parquet"):
        table.write_parquet(file)
    elif name.endswith(".gz"):
        file.write_bytes(gzip.compress(table.write_csv(separator="\t").encode()))
    else:
        content = table.write_csv().encode()
        file.write_bytes(bz2.compress(content) if name.endswith(".bz2") else content)
    assert described(workspace, file) == {"Heat (1995 film)": "Two men meet."}


def test_plots_are_cleaned_and_one_that_says_nothing_is_none(workspace: Path, tmp_path: Path) -> None:
    file = tmp_path / "plots.csv"
    rows = [
        "imdb_id,year,plot",
        "tt0113277,１９９５,A <b>cop</b>&nbsp;hunts &amp; hunts.<br>He wins.",
        "tt0140352,,...",
    ]
    file.write_text("\n".join(rows), encoding="utf-8")
    assert described(workspace, file) == {"Heat (1995 film)": "A cop hunts & hunts. He wins."}


def test_an_id_of_another_data_set_is_not_believed_against_the_name(workspace: Path, tmp_path: Path) -> None:
    file = tmp_path / "plots.csv"
    file.write_text(
        "item_id,name,year,description\n1,The Insider,1999,A witness.\n2,Nobody,2001,Lost.\n", encoding="utf-8"
    )
    assert described(workspace, file) == {"The Insider (film)": "A witness."}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("item_id,name,plot\n7,Unknown film,A plot.\n", "describes no item of the bundle"),
        ("item_id,name\n1,Heat\n", "describes no item of the bundle"),
        ("name,words\nHeat,A plot.\n", "plot, description or text, and .*; its columns are name, words"),
        ("name,plot\nHeat, A plot, cut.\n", "describes no item of the bundle"),
    ],
)
def test_a_table_without_use_says_what_it_needs(workspace: Path, tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "plots.csv"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(KgprepError, match=message):
        align_reviews(workspace, AlignConfig(descriptions=(file,)))


def test_the_users_descriptions_win_over_the_graphs_and_stand_in_with_their_first_sentence(
    workspace: Path, tmp_path: Path
) -> None:
    file = tmp_path / "plots.csv"
    file.write_text(
        "item_id,name,plot\n1,Heat,Two men meet. Then one dies.\nx,Nobody,None.\n1,Heat,Again.\n", encoding="utf-8"
    )
    options = ["-w", str(workspace), "--descriptions", str(file), "--sentences-per-entity", "1"]
    assert CliRunner().invoke(main, ["align-reviews", *options]).exit_code == 0
    sentences = read_table(workspace, SENTENCES).join(read_table(workspace, ENTITIES), on="entity_id")
    of = dict(sentences.select("label", pl.struct(pl.col("source").cast(pl.String), "text", "score")).rows())
    assert of["Heat (1995 film)"] == {"source": "description", "text": "Two men meet.", "score": pytest.approx(0.3)}
    assert of["Spirited Away"]["text"] == "A girl enters a bath house."
    assert of["Michael Mann"]["source"] == "edges"
    assert of["Michael Mann"]["score"] == pytest.approx(0.15)
    record = read_provenance(workspace)["stages"]["align-reviews"]
    assert [Path(source["path"]).name for source in record["inputs"]] == ["plots.csv"]
    counts = {count["what"]: (count["kept"], count["total"]) for count in record["counts"]}
    assert counts["descriptions of plots.csv attached"] == (2, 3)
    assert counts["descriptions of plots.csv, the first of an entity and language"] == (1, 2)
    assert counts["entities whose best sentence is made of edges"] == (5, 8)
    assert validate(workspace).problems == ()
