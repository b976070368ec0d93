"""What goes wrong outside: damaged files, a full disk, Ctrl-C. One sentence, exit code 1, nothing half-written."""

from __future__ import annotations

import bz2
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kgprep.artifacts import EDGES, ENTITIES, ITEMS, RELATIONS, TRIPLES, Table, read_table
from kgprep.cli import main
from kgprep.record import provenance_path
from kgprep.stage import Stage
from tests.small_bundle import damage_pages, write_alignment, write_bundle, write_graph

SAMPLE = Path(__file__).parents[1] / "pipelines" / "sample"


def build(workspace: Path, *arguments: str | Path) -> Result:
    dialogues = ("--dialogues", f"redial:{SAMPLE / 'redial'}")
    return CliRunner().invoke(main, ["build-kg", "-w", str(workspace), *map(str, (*dialogues, *arguments))])


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_truncated_dump_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    dump = tmp_path / "dump.ttl.bz2"
    whole = bz2.compress((SAMPLE / "dbpedia.nt").read_bytes())
    dump.write_bytes(whole[: len(whole) // 2])
    result = build(tmp_path / "ws", "--dump", dump)
    assert result.exit_code == 1
    assert "dump.ttl.bz2" in result.output.splitlines()[-1]
    assert files_below(tmp_path / "ws") == []


def test_lines_that_are_not_n_triples_are_counted_and_shown(tmp_path: Path) -> None:
    dump = tmp_path / "dump.nt"
    dump.write_text((SAMPLE / "dbpedia.nt").read_text() + "this is no triple\n")
    lines = len(dump.read_text().splitlines())
    result = build(tmp_path / "ws", "--dump", dump)
    assert result.exit_code == 0, result.output
    assert f"dump.nt:{lines}" in result.output
    assert "lines of the dumps that are triples: 5,986 of 5,987" in result.output


def test_a_strict_build_stops_at_a_line_that_is_not_n_triples(tmp_path: Path) -> None:
    dump = tmp_path / "dump.nt"
    dump.write_text((SAMPLE / "dbpedia.nt").read_text() + "this is no triple\n")
    lines = len(dump.read_text().splitlines())
    result = build(tmp_path / "ws", "--dump", dump, "--strict")
    assert result.exit_code == 1
    assert f"dump.nt:{lines}: not N-Triples: this is no triple: mend the line" in result.output.splitlines()[-1]
    assert files_below(tmp_path / "ws") == []


@pytest.mark.parametrize("source", [("--films", "films.csv"), ("--made-up", "20"), ("--workspace", "ws")])
def test_a_made_up_dump_takes_no_films(tmp_path: Path, source: tuple[str, str]) -> None:
    result = CliRunner().invoke(main, ["simulate", "--out", str(tmp_path / "out"), "--dump", "10000", *source])
    assert result.exit_code == 2
    assert "--dump makes up its own films" in result.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--language", "zh", "--made-up", "20"], "made-up films have English names"),
        (["--made-up", "20001"], "20,001 made-up films are more than there are names for"),
        (["--made-up", "20", "--films", "films.csv"], "choose one of them"),
    ],
)
def test_made_up_films_that_cannot_be_are_refused(tmp_path: Path, arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(main, ["simulate", "--out", str(tmp_path / "out"), *arguments])
    assert result.exit_code == 1
    assert message in result.output.splitlines()[-1]
    assert not (tmp_path / "out").exists()


def test_a_dialogue_without_messages_is_skipped_and_shown(tmp_path: Path) -> None:
    result = build(tmp_path / "ws", "--dump", SAMPLE / "dbpedia.nt")
    assert "skipped: the dialogue has no messages: 1" in result.output
    assert "train.jsonl:407: the dialogue has no messages" in result.output


def test_a_review_without_a_film_is_counted(tmp_path: Path) -> None:
    build(tmp_path / "ws", "--dump", SAMPLE / "dbpedia.nt")
    reviews = tmp_path / "reviews.jsonl"
    reviews.write_text(json.dumps({"review": "Nobody knows what this is about, not even me."}) + "\n" + _a_review())
    arguments = ["align-reviews", "-w", str(tmp_path / "ws"), "--reviews", f"imdb:{reviews}"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert "no film is named: 1" in result.output


def test_a_corpus_of_reviews_without_films_is_refused(tmp_path: Path) -> None:
    build(tmp_path / "ws", "--dump", SAMPLE / "dbpedia.nt")
    reviews = tmp_path / "reviews.jsonl"
    reviews.write_text(json.dumps({"review": "Nobody knows what this is about, not even me."}) + "\n")
    arguments = ["align-reviews", "-w", str(tmp_path / "ws"), "--reviews", f"imdb:{reviews}"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    assert "reviews.jsonl" in result.output.splitlines()[-1]
    assert not (tmp_path / "ws" / "reviews").exists() or files_below(tmp_path / "ws" / "reviews") == []


def _a_review() -> str:
    return (SAMPLE / "reviews" / "imdb.jsonl").read_text().splitlines()[0] + "\n"


def limit_file_size() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


def test_a_full_disk_in_the_middle_of_a_stage_leaves_no_table(tmp_path: Path) -> None:
    dump = ("--dump", str(SAMPLE / "dbpedia.nt"))
    command = [sys.executable, "-m", "kgprep", "build-kg", "-w", str(tmp_path / "ws"), *dump]
    command += ["--dialogues", f"redial:{SAMPLE / 'redial'}"]
    result = subprocess.run(command, capture_output=True, text=True, preexec_fn=limit_file_size)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert result.stderr.splitlines()[-1].startswith("Error: cannot write")
    assert files_below(tmp_path / "ws") == []


@pytest.mark.parametrize(
    ("stage", "begun", "said"),
    [("build-kg", "build-kg", "stopped by Ctrl-C"), ("train", "  coarse 1/", "stopped in phase ")],
)
def test_ctrl_c_is_one_sentence_and_leaves_nothing_half_written(
    stage: str, begun: str, said: str, sample_workspace: Path, tmp_path: Path
) -> None:
    workspace = tmp_path / "ws"
    if stage == "train":
        shutil.copytree(sample_workspace, workspace)
        shutil.rmtree(workspace / "runs")
    command = [sys.executable, "-m", "kgprep", "run", "sample", "-w", str(workspace)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(begun):
            break
    process.send_signal(signal.SIGINT)
    rest = process.stderr.read()
    assert process.wait(timeout=60) == 1
    assert "Traceback" not in rest
    assert rest.splitlines()[-1].startswith(f"Error: {said}")
    assert [path for path in files_below(workspace) if path.suffix == ".partial"] == []
    assert (workspace / "kg" / "entities.parquet").exists() == (stage == "train")


@pytest.mark.parametrize(
    ("table", "command"),
    [
        (EDGES, ["show", "edges"]),
        (EDGES, ["export", "--to", "pykeen", "--out", "OUT"]),
        (EDGES, ["align-reviews"]),
        (RELATIONS, ["report", "--out", "OUT"]),
        (ENTITIES, ["triples", "--out", "OUT"]),
        (TRIPLES, ["triples", "--out", "OUT"]),
        (TRIPLES, ["report", "--out", "OUT"]),
    ],
)
def test_a_table_with_damaged_pages_is_one_sentence(table: Table, command: list[str], tmp_path: Path) -> None:
    workspace = write_bundle(tmp_path / "ws")
    damage_pages(table.path(workspace))
    arguments = [str(tmp_path / "out") if argument == "OUT" else argument for argument in command]
    result = CliRunner().invoke(main, [*arguments, "-w", str(workspace)])
    assert result.exit_code == 1
    expected = f"Error: {table.path(workspace)} is damaged: run kgprep {table.stage} again"
    assert result.output.splitlines()[-1] == expected
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["triples", "report"])
@pytest.mark.parametrize("out", [".", "..", "ws"])
def test_a_folder_to_write_a_file_to_is_refused(
    command: str, out: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_bundle(tmp_path / "ws")
    monkeypatch.chdir(tmp_path)
    before = files_below(tmp_path)
    result = CliRunner().invoke(main, [command, "-w", "ws", "--out", out])
    assert result.exit_code == 1
    assert result.output.splitlines()[-1] == f"Error: cannot write {out}: it is a folder, give the name of a file"
    assert files_below(tmp_path) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ["build-kg", "--items", "folder", "--dump", "dump.nt"],
        ["build-kg", "--items", "items.csv", "--dump", "folder"],
        ["build-kg", "--dialogues", "jsonl:dialogues.jsonl", "--split", "folder", "--dump", "dump.nt"],
        ["align-reviews", "--reviews", "table:folder"],
        ["align-reviews", "--reviews", "table:folder", "--map", "text=review,title=film"],
        ["align-reviews", "--reviews", "imdb:folder"],
        ["align-reviews", "--reviews", "dmsc:folder"],
        ["align-reviews", "--descriptions", "folder"],
    ],
    ids=" ".join,
)
def test_a_folder_to_read_a_file_from_is_refused(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_bundle(tmp_path / "ws")
    (tmp_path / "folder").mkdir()
    (tmp_path / "items.csv").write_text("item_id,name\n1,Heat\n")
    (tmp_path / "dump.nt").write_text("")
    (tmp_path / "dialogues.jsonl").write_text("")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, [*arguments, "-w", "ws"])
    assert result.exit_code == 1
    assert result.output.splitlines()[-1] == "Error: folder is a folder: give the name of a file"
    assert not (tmp_path / "ws" / "reviews" / "reviews.parquet").exists()


READERS = (["triples"], ["export", "--to", "crslab"], ["report"])


def refusal(command: list[str], workspace: Path) -> str:
    """Return the last line of a command that fails and writes nothing."""
    out = workspace.parent / "out"
    result = CliRunner().invoke(main, [*command, "-w", str(workspace), "--out", str(out)])
    assert result.exit_code == 1
    assert not out.exists()
    return result.output.splitlines()[-1]


@pytest.mark.parametrize("command", READERS)
def test_results_of_an_earlier_build_are_not_handed_on(command: list[str], tmp_path: Path) -> None:
    workspace = write_bundle(tmp_path / "ws")
    write_graph(workspace, hops=1)
    assert refusal(command, workspace) == (
        f"Error: {workspace} holds results of align-reviews that are older than build-kg: run kgprep align-reviews"
        " again"
    )


@pytest.mark.parametrize("target", ["pyg", "pykeen"])
def test_a_graph_is_handed_on_whatever_the_reviews_are_of(target: str, tmp_path: Path) -> None:
    workspace = write_bundle(tmp_path / "ws")
    write_graph(workspace, hops=1)
    arguments = ["export", "--to", target, "-w", str(workspace), "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    assert len(list((tmp_path / "out").iterdir())) > 1


@pytest.mark.parametrize("command", READERS)
def test_tables_that_an_earlier_record_knew_are_not_handed_on(command: list[str], tmp_path: Path) -> None:
    workspace = write_bundle(tmp_path / "ws")
    provenance_path(workspace).unlink()
    write_graph(workspace)
    assert refusal(command, workspace) == (
        f"Error: {workspace} holds tables that no stage in bundle.json records"
        " (dialogues/mentions, reviews/sentences, triples/triples): run the stages again or delete the tables"
    )


def test_a_run_on_an_earlier_bundle_is_not_reported_and_hinders_nothing_else(tmp_path: Path) -> None:
    workspace = write_bundle(tmp_path / "ws")
    with Stage("train/first", workspace, {}):
        pass
    write_alignment(workspace, link_threshold=0.5)
    assert refusal(["report", "--run", "first"], workspace).endswith("older than align-reviews: run kgprep train again")
    command = ["report", "-w", str(workspace), "--out", str(tmp_path / "out")]
    assert CliRunner().invoke(main, command).exit_code == 0


@pytest.mark.parametrize("name", ["data [2024]", "ws[1]", "a*b", "why?"])
def test_a_workspace_may_have_the_name_of_a_pattern(tmp_path: Path, name: str) -> None:
    write_bundle(tmp_path / "ws1")
    workspace = write_bundle(tmp_path / name)
    shutil.rmtree(tmp_path / "ws1" / "triples")
    for arguments in (["validate"], ["show", "triples"], ["triples", "--out", str(tmp_path / "t[1].parquet")]):
        result = CliRunner().invoke(main, [*arguments, "-w", str(workspace)])
        assert result.exit_code == 0, result.output


def test_items_and_the_temporary_folder_may_have_the_name_of_a_pattern(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "items[1].csv").write_text("item_id,name\n1,Heat\n")
    (tmp_path / "items1.csv").write_text("item_id,name\n2,Alien\n")
    temporary = tmp_path / "t[1]"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    arguments = ["build-kg", "-w", tmp_path / "ws", "--items", tmp_path / "items[1].csv"]
    result = CliRunner().invoke(main, [*map(str, arguments), "--dump", str(SAMPLE / "dbpedia.nt")])
    assert result.exit_code == 0, result.output
    assert read_table(tmp_path / "ws", ITEMS)["name"].to_list() == ["Heat"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["validate"],
        ["show", "kg/entities"],
        ["triples", "--out", "out"],
        ["export", "--to", "pykeen", "--out", "out"],
        ["report", "--out", "out"],
        ["simulate", "--dialogues", "2", "--out", "out"],
        ["link", "Us"],
    ],
    ids=" ".join,
)
def test_who_reads_a_bundle_first_ends_the_commit_of_a_killed_stage(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = write_bundle(tmp_path / "ws")
    names = ["kg/edges.parquet", "kg/entities.parquet", "triples/triples.parquet", "bundle.json"]
    for name in names:
        (workspace / name).rename(workspace / f"{name}.partial")
    (workspace / "commit.json").write_text(json.dumps({"renamed": names, "removed": []}))
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, [*arguments, "-w", "ws"])
    assert not list(workspace.rglob("*.partial"))
    assert not (workspace / "commit.json").exists()
    assert "Error: " not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)


def test_a_commit_that_cannot_be_ended_is_named(tmp_path: Path) -> None:
    workspace = write_bundle(tmp_path / "ws")
    (workspace / "kg" / "edges.parquet.partial").mkdir()
    (workspace / "commit.json").write_text(json.dumps({"renamed": ["kg/edges.parquet"], "removed": []}))
    result = CliRunner().invoke(main, ["show", "kg/edges", "-w", str(workspace)])
    assert result.output.splitlines()[-1] == (
        f"Error: {workspace} holds a stage that was stopped while it put its tables in place, and they cannot be"
        " (Not a directory): see that the folder can be written"
    )
