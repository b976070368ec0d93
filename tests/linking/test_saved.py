"""What is saved beside a bundle is used if it is sound and of this bundle, and made again if not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kgprep.linking.linker import EntityLinker
from kgprep.linking.saved import fingerprint, load_tables, save_tables

TEXTS = ["I watched Inception with Tom Hanks", "sci-fi comedies", "halloween (1978)"]
SAVED = {"automaton", "candidates", "forms", "shortened", "sums.json"}


@pytest.fixture
def workspace(sample_workspace: Path, tmp_path: Path) -> Path:
    for folder in ("kg", "dialogues"):
        shutil.copytree(sample_workspace / folder, tmp_path / folder)
    return tmp_path


def test_a_saved_linker_links_as_the_one_that_was_saved(workspace: Path) -> None:
    assert load_tables(workspace, fingerprint(workspace)) is None
    made = EntityLinker.from_bundle(workspace).link(TEXTS)
    assert load_tables(workspace, fingerprint(workspace)) is not None
    assert made.height > 3
    assert EntityLinker.from_bundle(workspace).link(TEXTS).equals(made)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["automaton", "forms", "candidates", "shortened"])
@pytest.mark.parametrize("damage", [flip, Path.unlink, lambda path: path.write_bytes(b"")])
def test_what_is_damaged_is_made_again(workspace: Path, name: str, damage: Callable[[Path], object]) -> None:
    made = EntityLinker.from_bundle(workspace).link(TEXTS)
    damage(workspace / ".linker" / name)
    assert load_tables(workspace, fingerprint(workspace)) is None
    assert EntityLinker.from_bundle(workspace).link(TEXTS).equals(made)
    assert load_tables(workspace, fingerprint(workspace)) is not None


def test_another_graph_is_not_linked_with_the_old_tables(workspace: Path) -> None:
    EntityLinker.from_bundle(workspace)
    before = fingerprint(workspace)
    flip(workspace / "kg" / "aliases.parquet")
    assert fingerprint(workspace) != before
    assert load_tables(workspace, fingerprint(workspace)) is None


def test_writers_at_the_same_time_leave_what_can_be_used_or_is_made_again(workspace: Path) -> None:
    made = EntityLinker.from_bundle(workspace)
    made_of = fingerprint(workspace)
    shutil.rmtree(workspace / ".linker")
    with ThreadPoolExecutor(8) as pool:
        for _ in range(10):
            writers = [pool.submit(save_tables, workspace, made_of, made.tables, made.gazetteer) for _ in range(4)]
            readers = [pool.submit(load_tables, workspace, made_of) for _ in range(4)]
            for writer in writers:
                writer.result()
            for loaded in filter(None, (reader.result() for reader in readers)):
                assert loaded[1].find(TEXTS).equals(made.gazetteer.find(TEXTS))
                assert loaded[0].candidates.equals(made.tables.candidates)
    assert load_tables(workspace, made_of) is not None
    assert EntityLinker.from_bundle(workspace).link(TEXTS).equals(made.link(TEXTS))
    assert {path.name for path in (workspace / ".linker").iterdir()} == SAVED


def test_a_writer_that_was_killed_leaves_no_half_made_tables(workspace: Path) -> None:
    made = EntityLinker.from_bundle(workspace).link(TEXTS)
    made_of = fingerprint(workspace)
    (workspace / ".linker" / "sums.json").unlink()
    (workspace / ".linker" / "automaton").write_bytes(b"half of it")
    assert load_tables(workspace, made_of) is None
    assert EntityLinker.from_bundle(workspace).link(TEXTS).equals(made)
    assert {path.name for path in (workspace / ".linker").iterdir()} == SAVED


@pytest.mark.parametrize("content", ["", "[]", "null", '{"made_of": 1}', "\x00"])
def test_sums_of_another_form_are_not_believed(workspace: Path, content: str) -> None:
    EntityLinker.from_bundle(workspace)
    (workspace / ".linker" / "sums.json").write_text(content)
    assert load_tables(workspace, fingerprint(workspace)) is None


def test_a_workspace_that_cannot_be_written_to_is_linked_all_the_same(workspace: Path) -> None:
    (workspace / ".linker").write_text("in the way")
    assert EntityLinker.from_bundle(workspace).link(TEXTS).height > 3
