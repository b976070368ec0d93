"""A stage writes all of its tables or none, says what it kept, and knows when it is out of date."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest

from kgprep.artifacts import DESCRIPTIONS, EDGES, KgprepError
from kgprep.commit import finish_commit
from kgprep.counts import Count
from kgprep.provenance import is_current, outdated_stages, read_provenance, stage_fingerprint
from kgprep.stage import Stage

EDGE_FRAME = pl.DataFrame({"head": [0], "relation": [0], "tail": [1]})
DESCRIPTION_FRAME = pl.DataFrame({"entity_id": [0], "lang": ["en"], "text": ["A film."], "source": ["plot"]})


def run_build(workspace: Path, dump: Path, hops: int = 2) -> None:
    with Stage("build-kg", workspace, {"hops": hops}) as stage:
        stage.source(dump, licence="CC BY-SA 3.0")
        stage.count("edges kept", 1, 4)
        stage.write(EDGES, EDGE_FRAME)


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    path = tmp_path / "dump.nt"
    path.write_text("<a> <b> <c> .\n")
    return path


def test_a_count_says_how_many_of_how_many() -> None:
    assert str(Count("items kept", 5984, 6924)) == "items kept: 5,984 of 6,924 (86.4 %)"
    assert str(Count("triples", 1200)) == "triples: 1,200"
    assert str(Count("reviews kept", 0, 0)) == "reviews kept: 0 of 0"


def test_the_record_holds_inputs_counts_and_tables(tmp_path: Path, dump: Path) -> None:
    run_build(tmp_path / "ws", dump)
    record = read_provenance(tmp_path / "ws")["stages"]["build-kg"]
    assert record["inputs"][0]["sha256"] == hashlib.sha256(dump.read_bytes()).hexdigest()
    assert record["inputs"][0]["licence"] == "CC BY-SA 3.0"
    assert record["counts"] == [{"what": "edges kept", "kept": 1, "total": 4}]
    assert record["tables"]["kg/edges"]["rows"] == 1
    assert record["seconds"] >= 0
    assert record["peak_memory_bytes"] > 0


def test_a_stage_that_fails_leaves_neither_table_nor_record(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="no"), Stage("build-kg", tmp_path, {}) as stage:
        stage.write(EDGES, EDGE_FRAME)
        stage.write(DESCRIPTIONS, DESCRIPTION_FRAME)
        raise RuntimeError("no")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_missing_input_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(KgprepError, match=r"gone\.nt does not exist: check the path given to kgprep build-kg"),
        Stage("build-kg", tmp_path, {}) as stage,
    ):
        stage.source(tmp_path / "gone.nt")


def test_a_stage_is_current_until_parameter_input_or_table_changes(tmp_path: Path, dump: Path) -> None:
    workspace = tmp_path / "ws"
    assert not is_current(workspace, "build-kg", {"hops": 2})
    run_build(workspace, dump)
    assert is_current(workspace, "build-kg", {"hops": 2})
    assert not is_current(workspace, "build-kg", {"hops": 1})
    dump.write_text("<a> <b> <d> .\n")
    assert not is_current(workspace, "build-kg", {"hops": 2})
    run_build(workspace, dump)
    assert is_current(workspace, "build-kg", {"hops": 2})
    EDGES.path(workspace).unlink()
    assert not is_current(workspace, "build-kg", {"hops": 2})


def test_a_stage_is_outdated_when_the_stage_before_it_was_run_otherwise(tmp_path: Path, dump: Path) -> None:
    run_build(tmp_path, dump)
    with Stage("align-reviews", tmp_path, {}) as stage:
        stage.write(DESCRIPTIONS, DESCRIPTION_FRAME)
    assert outdated_stages(tmp_path) == []
    run_build(tmp_path, dump)
    assert outdated_stages(tmp_path) == []
    run_build(tmp_path, dump, hops=1)
    assert outdated_stages(tmp_path) == ["align-reviews"]
    assert not is_current(tmp_path, "align-reviews", {})


def test_a_bundle_of_an_earlier_kgprep_is_not_current_and_its_stages_fit_together(tmp_path: Path, dump: Path) -> None:
    run_build(tmp_path, dump)
    with Stage("align-reviews", tmp_path, {}) as stage:
        stage.write(DESCRIPTIONS, DESCRIPTION_FRAME)
    record = read_provenance(tmp_path)
    for name, stage_record in record["stages"].items():
        sums = [source["sha256"] for source in stage_record["inputs"]]
        stage_record["tool"] = "kgprep 0.0.1"
        stage_record["fingerprint"] = stage_fingerprint(
            name, stage_record["parameters"], sums, record["stages"], version="0.0.1"
        )
    (tmp_path / "bundle.json").write_text(json.dumps(record))
    assert outdated_stages(tmp_path) == []
    assert not is_current(tmp_path, "build-kg", {"hops": 2})
    run_build(tmp_path, dump)
    assert outdated_stages(tmp_path) == ["align-reviews"]


def test_a_stage_is_not_current_when_an_earlier_one_has_overwritten_its_table(tmp_path: Path, dump: Path) -> None:
    run_build(tmp_path, dump)
    with Stage("align-reviews", tmp_path, {}) as stage:
        stage.write(EDGES, EDGE_FRAME.with_columns(tail=pl.lit(2)))
    assert is_current(tmp_path, "build-kg", {"hops": 2})
    assert is_current(tmp_path, "align-reviews", {})
    run_build(tmp_path, dump)
    assert not is_current(tmp_path, "align-reviews", {})


def test_a_broken_bundle_json_is_named(tmp_path: Path) -> None:
    (tmp_path / "bundle.json").write_text("{")
    with pytest.raises(KgprepError, match=r"bundle\.json is not JSON"):
        read_provenance(tmp_path)


@pytest.mark.parametrize("text", ["[]", "{}", "null", '{"stages": []}', '{"stages": {"build-kg": {}}}'])
def test_a_bundle_json_that_is_no_record_is_named_before_a_stage_works(text: str, tmp_path: Path) -> None:
    (tmp_path / "bundle.json").write_text(text)
    sentence = r"bundle\.json is no record of stages: delete it and run the stages again"
    with pytest.raises(KgprepError, match=sentence):
        read_provenance(tmp_path)
    with pytest.raises(KgprepError, match=sentence), Stage("build-kg", tmp_path, {}):
        pytest.fail("the stage worked in vain")


def test_bundle_json_is_readable_json(tmp_path: Path, dump: Path) -> None:
    run_build(tmp_path, dump)
    assert json.loads((tmp_path / "bundle.json").read_text())["schema_version"] == 1


def test_a_stage_that_was_killed_while_it_renamed_its_files_is_taken_to_its_end(tmp_path: Path, dump: Path) -> None:
    workspace, whole = tmp_path / "killed", tmp_path / "whole"
    run_build(workspace, dump, hops=1)
    run_build(whole, dump, hops=2)
    with Stage("align-reviews", workspace, {}) as stage:
        stage.write(DESCRIPTIONS, DESCRIPTION_FRAME)
    # What stands when the tables are renamed, the record is not, and a table of before is not yet removed.
    names = {"renamed": ["kg/edges.parquet", "bundle.json"], "removed": ["kg/descriptions.parquet"]}
    (workspace / "kg" / "edges.parquet").write_bytes((whole / "kg" / "edges.parquet").read_bytes())
    (workspace / "bundle.json.partial").write_bytes((whole / "bundle.json").read_bytes())
    (workspace / "commit.json").write_text(json.dumps(names))
    assert read_provenance(workspace) == read_provenance(whole)
    assert is_current(workspace, "build-kg", {"hops": 2})
    assert sorted(path.name for path in workspace.rglob("*") if path.is_file()) == ["bundle.json", "edges.parquet"]


DAMAGED_LISTS = ["", "{", "[]", "null", '{"renamed": null, "removed": []}', "\udcff"]


def files_below(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("text", DAMAGED_LISTS)
def test_a_damaged_list_of_a_commit_that_has_ended_is_dropped(text: str, tmp_path: Path, dump: Path) -> None:
    workspace = tmp_path / "ws"
    run_build(workspace, dump)
    record = read_provenance(workspace)
    (workspace / "commit.json").write_bytes(text.encode(errors="surrogateescape"))
    assert read_provenance(workspace) == record
    assert files_below(workspace) == ["bundle.json", "edges.parquet"]
    (workspace / "commit.json").write_bytes(text.encode(errors="surrogateescape"))
    run_build(workspace, dump, hops=1)
    assert is_current(workspace, "build-kg", {"hops": 1})


@pytest.mark.parametrize("renamed", [True, False])
def test_a_commit_whose_list_is_damaged_is_taken_to_its_end_by_checksums(
    renamed: bool, tmp_path: Path, dump: Path
) -> None:
    workspace, whole = killed_in_commit(tmp_path, dump, renamed)
    (workspace / "kg" / "descriptions.parquet.partial").write_bytes(b"of a stage that was killed before")
    assert read_provenance(workspace) == read_provenance(whole)
    assert EDGES.path(workspace).read_bytes() == EDGES.path(whole).read_bytes()
    assert files_below(workspace) == ["bundle.json", "descriptions.parquet.partial", "edges.parquet"]


@pytest.mark.parametrize("torn", ["kg/edges.parquet.partial", "bundle.json.partial"])
def test_a_commit_whose_list_and_files_are_damaged_is_named(torn: str, tmp_path: Path, dump: Path) -> None:
    workspace, _ = killed_in_commit(tmp_path, dump, renamed=False)
    (workspace / torn).write_bytes(b"")
    before = files_below(workspace)
    with pytest.raises(
        KgprepError, match=r"commit\.json is damaged, and so is .*: delete it and run .* build-kg first"
    ):
        read_provenance(workspace)
    assert files_below(workspace) == before
    (workspace / "commit.json").unlink()
    run_build(workspace, dump)
    assert is_current(workspace, "build-kg", {"hops": 2})


def killed_in_commit(folder: Path, dump: Path, renamed: bool) -> tuple[Path, Path]:
    """Return a workspace whose second build was killed while it renamed its files and lost its list, and its goal."""
    workspace, whole = folder / "killed", folder / "whole"
    run_build(workspace, dump, hops=1)
    with Stage("build-kg", whole, {"hops": 2}) as stage:
        stage.source(dump)
        stage.write(EDGES, EDGE_FRAME.with_columns(tail=pl.lit(2)))
    place = EDGES.path(workspace)
    (place if renamed else place.with_name("edges.parquet.partial")).write_bytes(EDGES.path(whole).read_bytes())
    (workspace / "bundle.json.partial").write_bytes((whole / "bundle.json").read_bytes())
    (workspace / "commit.json").write_bytes(b"")
    return workspace, whole


def test_a_second_stage_in_a_workspace_is_refused_until_the_first_has_ended(tmp_path: Path, dump: Path) -> None:
    workspace = tmp_path / "ws"
    with Stage("build-kg", workspace, {"hops": 2}) as stage:
        stage.write(EDGES, EDGE_FRAME)
        with pytest.raises(KgprepError, match=f"^another kgprep is writing to {workspace}: wait for it$"):
            run_build(workspace, dump)
    assert is_current(workspace, "build-kg", {"hops": 2})
    run_build(workspace, dump, hops=1)
    assert is_current(workspace, "build-kg", {"hops": 1})
    assert files_below(workspace) == ["bundle.json", "edges.parquet"]


def test_a_run_that_has_ended_waits_for_the_stage_that_writes(
    tmp_path: Path, dump: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run_build(tmp_path, dump)
    with ThreadPoolExecutor(1) as pool:
        with Stage("align-reviews", tmp_path, {}):
            training = pool.submit(run_stage, "train/first", tmp_path)
            with pytest.raises(TimeoutError):
                training.result(timeout=0.5)
        training.result(timeout=60)
    assert f"waiting for another kgprep that writes to {tmp_path}" in capfd.readouterr().err
    assert list(read_provenance(tmp_path)["stages"]) == ["build-kg", "align-reviews", "train/first"]


def run_stage(name: str, workspace: Path) -> None:
    with Stage(name, workspace, {}):
        pass


@contextmanager
def read_meanwhile(workspace: Path) -> Iterator[None]:
    """Open the workspace again and again, as readers do, while the block runs."""
    ended = threading.Event()

    def read() -> None:
        while not ended.is_set():
            finish_commit(workspace)

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read)
        try:
            yield
        finally:
            ended.set()
        reading.result()


def test_readers_do_no_harm_to_a_commit_where_folders_cannot_be_locked(
    tmp_path: Path, dump: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.EBADF, "no locks")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    for hops in range(100):
        with read_meanwhile(tmp_path):
            run_build(tmp_path, dump, hops)
    assert is_current(tmp_path, "build-kg", {"hops": 99})
    assert files_below(tmp_path) == ["bundle.json", "dump.nt", "edges.parquet"]


def test_a_killed_stage_leaves_the_workspace_free(tmp_path: Path, dump: Path) -> None:
    code = (
        "import os, pathlib, signal, kgprep.stage\n"
        f"with kgprep.stage.Stage('build-kg', pathlib.Path({str(tmp_path / 'ws')!r}), {{}}):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL
    run_build(tmp_path / "ws", dump)
    assert is_current(tmp_path / "ws", "build-kg", {"hops": 2})


def test_two_runs_are_trained_at_once_and_both_recorded(tmp_path: Path, dump: Path) -> None:
    run_build(tmp_path, dump)
    with Stage("train/first", tmp_path, {}), Stage("train/second", tmp_path, {}):
        pass
    assert list(read_provenance(tmp_path)["stages"]) == ["build-kg", "train/second", "train/first"]


def test_a_run_that_was_trained_while_the_bundle_changed_is_outdated(tmp_path: Path, dump: Path) -> None:
    run_build(tmp_path, dump)
    with Stage("align-reviews", tmp_path, {}):
        pass
    with Stage("train/first", tmp_path, {}), Stage("align-reviews", tmp_path, {"link_threshold": 0.5}):
        pass
    assert outdated_stages(tmp_path) == ["train/first"]


def test_a_workspace_that_is_no_folder_is_refused_before_the_work(tmp_path: Path, dump: Path) -> None:
    for place in (dump, dump / "below"):
        with pytest.raises(KgprepError, match=f"^cannot make {place} .*: choose another"), Stage("build-kg", place, {}):
            pytest.fail("the stage worked in vain")


def test_a_stage_that_fails_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(KgprepError), Stage("build-kg", tmp_path / "ws", {}) as stage:
        stage.source(tmp_path / "gone.nt")
    assert not (tmp_path / "ws").exists()


def test_a_record_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "bundle.json").mkdir()
    with pytest.raises(KgprepError, match=r"bundle\.json cannot be read \(Is a directory\): check the path"):
        read_provenance(tmp_path)
