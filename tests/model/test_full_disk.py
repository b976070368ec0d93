"""A full disk gets one sentence whatever is written, and leaves no part of it."""

from __future__ import annotations

import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kgprep.artifacts import KgprepError
from model.checkpoint import load, save
from model.config import TextConfig, load_config
from model.packed import packed_corpus
from model.train import train

CONFIG = load_config("small", ["max_steps=1", "fine.epochs=0", "recommend.epochs=0", "generate.epochs=0"])


@contextmanager
def full_after(size: int) -> Iterator[None]:
    """Let no file grow beyond `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def copied(sample_workspace: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sample_workspace, tmp_path / "ws"))


def test_a_packed_corpus_that_finds_no_room_is_named(copied: Path) -> None:
    kept = set((copied / "cache").iterdir())
    with full_after(100_000), pytest.raises(KgprepError, match=r"cannot write .*corpus-.*: free some space"):
        packed_corpus(copied, TextConfig(min_count=7))
    assert set((copied / "cache").iterdir()) == kept


def test_a_training_state_that_finds_no_room_is_named(copied: Path) -> None:
    with full_after(1_000_000), pytest.raises(KgprepError, match=r"cannot write .*unfinished\.pt .*: free some space"):
        train(copied, "full", CONFIG)
    assert {path.name for path in (copied / "runs" / "full").iterdir()} == {"log.jsonl", "tensorboard"}


# TensorBoard's own thread ends too.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_scalars_that_find_no_room_are_named(copied: Path) -> None:
    with full_after(60), pytest.raises(KgprepError, match=r"cannot write .*tensorboard .*: free some space"):
        train(copied, "full", CONFIG)


def test_weights_that_find_no_room_are_named_and_leave_no_checkpoint(copied: Path) -> None:
    loaded, folder = load(copied, "c2crs"), copied / "runs" / "full"
    with full_after(1_000_000), pytest.raises(KgprepError, match=r"cannot write .*model\.safetensors .*: free some"):
        save(folder, loaded.record["bundle"], loaded.system, loaded.config, loaded.corpus, [])
    assert not list(folder.iterdir())
