"""The triples in other hands: the file that the command writes, the lazy frames, and what docs/reuse.md shows."""

from __future__ import annotations

import json
import re
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

import kgprep
from kgprep.artifacts import ENTITIES, TRIPLES, KgprepError, read_table
from kgprep.cli import main
from tests.small_bundle import write_bundle, write_graph

ROOT = Path(__file__).parents[1]


def triples(*arguments: object) -> str:
    result = CliRunner().invoke(main, ["triples", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_bundle_s_tables_are_lazy_frames(sample_workspace: Path) -> None:
    bundle = kgprep.load(str(sample_workspace))
    assert bundle.triples.collect().equals(read_table(sample_workspace, TRIPLES))
    assert bundle.table("kg/entities").collect().equals(read_table(sample_workspace, ENTITIES))
    with pytest.raises(KgprepError, match="there is no table kg/films"):
        bundle.table("kg/films")


def test_a_folder_without_a_bundle_is_named(tmp_path: Path) -> None:
    with pytest.raises(KgprepError, match="holds no bundle"):
        kgprep.load(tmp_path)


def test_an_outdated_table_is_refused_and_no_other(tmp_path: Path) -> None:
    workspace = write_bundle(tmp_path / "ws")
    write_graph(workspace, hops=1)
    bundle = kgprep.load(workspace)
    with pytest.raises(KgprepError, match="align-reviews that are older than build-kg: run kgprep align-reviews again"):
        _ = bundle.triples
    assert bundle.table("kg/entities").collect().equals(read_table(workspace, ENTITIES))


def test_parquet_holds_all_columns_and_rows(sample_workspace: Path, tmp_path: Path) -> None:
    said = triples("-w", sample_workspace, "--out", tmp_path / "all.parquet")
    written, table = pl.read_parquet(tmp_path / "all.parquet"), read_table(sample_workspace, TRIPLES)
    assert f"triples written: {table.height:,} of {table.height:,}" in said
    assert written.columns == [*table.columns, "label", "iri"]
    assert written["sentence"].to_list() == table["sentence"].to_list()


def test_json_lines_and_tsv_hold_the_split_and_columns_asked_for(sample_workspace: Path, tmp_path: Path) -> None:
    asked = ("--split", "test", "--columns", "word, label,sentence")
    triples("-w", sample_workspace, "--format", "jsonl", "--out", tmp_path / "test.jsonl", *asked)
    triples("-w", sample_workspace, "--out", tmp_path / "test.tsv", *asked)
    lines = [json.loads(line) for line in (tmp_path / "test.jsonl").read_text(encoding="utf-8").splitlines()]
    cells = [line.split("\t") for line in (tmp_path / "test.tsv").read_text(encoding="utf-8").splitlines()]
    expected = read_table(sample_workspace, TRIPLES).filter(pl.col("split").cast(pl.String) == "test")
    assert [line["word"] for line in lines] == expected["word"].to_list()
    assert cells[0] == list(lines[0]) == ["word", "label", "sentence"]
    assert [cell[2] for cell in cells[1:]] == [re.sub(r"\s+", " ", line["sentence"]) for line in lines]


def test_an_unknown_column_is_named_and_nothing_is_written(sample_workspace: Path, tmp_path: Path) -> None:
    arguments = ["triples", "-w", str(sample_workspace), "--out", str(tmp_path / "x"), "--columns", "word,film"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    assert "triples have no column film: choose from" in str(result.output) + str(result.exception)
    assert list(tmp_path.iterdir()) == []


def test_a_column_asked_for_twice_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    workspace = write_bundle(tmp_path / "ws")
    arguments = ["triples", "-w", str(workspace), "--out", str(tmp_path / "x"), "--columns", "word,label, word"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    assert result.output.splitlines()[-1] == "Error: column word is asked for twice: name each column once"
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("library", ["polars", "PyTorch"])
def test_the_snippets_of_the_docs_run(sample_workspace: Path, library: str, capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / "reuse.md").read_text(encoding="utf-8")
    section = page.split(f"## {library}\n")[1].split("\n## ")[0]
    code = section.split("```python\n")[1].split("```")[0].replace("workspaces/sample", str(sample_workspace))
    exec(compile(code, "docs/reuse.md", "exec"), {})
    assert capsys.readouterr().out
