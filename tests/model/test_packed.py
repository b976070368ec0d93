"""What is kept of a packed corpus is what packing gives, and is made anew for anything else."""

from __future__ import annotations

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch

from kgprep.artifacts import UTTERANCES, read_table, write_parquet
from model.config import TextConfig
from model.data import Corpus, read_corpus
from model.packed import packed_corpus

CONFIG = TextConfig(min_count=1)


@pytest.fixture
def copied(sample_workspace: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sample_workspace, tmp_path / "ws", ignore=shutil.ignore_patterns("cache")))


def kept(workspace: Path) -> list[Path]:
    return sorted((workspace / "cache").glob("corpus-*.pt"))


def assert_same(one: Corpus, other: Corpus) -> None:
    def compare(left: Any, right: Any) -> None:
        if isinstance(left, dict):
            assert left.keys() == right.keys()
            for name in left:
                compare(left[name], right[name])
        elif isinstance(left, torch.Tensor):
            assert torch.equal(left, right)
        else:
            assert left == right

    compare(asdict(one), asdict(other))


def test_what_is_kept_is_what_packing_gives(copied: Path) -> None:
    first = packed_corpus(copied, CONFIG)
    (file,) = kept(copied)
    written = file.stat().st_mtime_ns
    again = packed_corpus(copied, CONFIG, first.vocabulary)
    assert_same(first, read_corpus(copied, CONFIG))
    assert_same(again, first)
    assert kept(copied) == [file]
    assert file.stat().st_mtime_ns == written


def test_other_settings_and_another_bundle_are_packed_anew(copied: Path) -> None:
    first = packed_corpus(copied, CONFIG)
    rare = packed_corpus(copied, TextConfig(min_count=5))
    assert len(rare.vocabulary) < len(first.vocabulary)
    utterances = read_table(copied, UTTERANCES)
    write_parquet(UTTERANCES, utterances.head(utterances.height - 40), UTTERANCES.path(copied))
    fewer = packed_corpus(copied, CONFIG)
    assert len(fewer.tokens) < len(first.tokens)
    assert len(kept(copied)) == 3


def test_a_vocabulary_of_another_training_is_obeyed(copied: Path) -> None:
    packed_corpus(copied, CONFIG)
    other = read_corpus(copied, TextConfig(min_count=5)).vocabulary
    assert packed_corpus(copied, CONFIG, other).vocabulary == other


def test_a_damaged_file_is_made_anew(copied: Path) -> None:
    first = packed_corpus(copied, CONFIG)
    (file,) = kept(copied)
    file.write_bytes(file.read_bytes()[:1000])
    assert_same(packed_corpus(copied, CONFIG), first)


def test_only_the_latest_few_are_kept(copied: Path) -> None:
    for count in range(1, 7):
        packed_corpus(copied, TextConfig(min_count=count))
    assert len(kept(copied)) == 4


def test_trainings_that_pack_at_the_same_time_do_not_hurt_each_other(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = threading.Barrier(2, timeout=60)
    save = torch.save

    def save_and_meet(*arguments: Any) -> None:
        save(*arguments)
        written.wait()

    monkeypatch.setattr(torch, "save", save_and_meet)
    with ThreadPoolExecutor(2) as threads:
        packed = list(threads.map(lambda _: packed_corpus(copied, CONFIG), range(2)))
    assert_same(*packed)
    assert list((copied / "cache").iterdir()) == kept(copied)
    assert len(kept(copied)) == 1


def test_what_is_not_packed_to_its_end_leaves_no_file(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(corpus: Any, path: Path) -> None:
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", half)
    with pytest.raises(KeyboardInterrupt):
        packed_corpus(copied, CONFIG)
    assert list((copied / "cache").iterdir()) == []


def test_a_file_that_another_training_removes_is_not_missed(copied: Path) -> None:
    # A link that leads nowhere is listed like a file that is removed before anybody looks at it.
    (copied / "cache").mkdir()
    (copied / "cache" / "corpus-removed.pt").symlink_to(copied / "nowhere")
    assert_same(packed_corpus(copied, CONFIG), read_corpus(copied, CONFIG))
