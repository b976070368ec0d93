"""The packed corpus of a bundle, kept beside its tables: made once for a bundle and a way of cutting its texts.

Notable here:
- the file's name is a hash of the tables, the settings and the form, so a changed one is never taken for another;
- it is read without running code, and made anew where it is damaged;
- the latest few are kept; `cache/` in a workspace can be deleted at any time;
- of processes that learn together the first one packs; trainings of one workspace that know nothing of each other may
  write and remove the same files.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

from kgprep.artifacts import write_among_others
from model import parallel
from model.config import TextConfig
from model.data import Corpus, Mentions, Samples, Slices, Turns, read_corpus
from model.files import write_tensors
from model.fingerprint import bundle_fingerprint
from model.text import Vocabulary

FORM = 2
"""What is packed how; a change of `model.data` that packs otherwise makes it another number."""

KEPT = 4


def packed_corpus(workspace: Path, config: TextConfig, vocabulary: Vocabulary | None = None) -> Corpus:
    """Return what `read_corpus` returns, from the file beside the tables where it is there, else written to it.

    Args:
        workspace: folder of the bundle.
        config: how texts are cut.
        vocabulary: the words of a trained model; None builds them from the training split.

    Raises:
        KgprepError: a table is missing or outdated, or there is no training dialogue or no item.
    """
    with parallel.first_one_first():
        return _kept_or_packed(workspace, config, vocabulary)


def _kept_or_packed(workspace: Path, config: TextConfig, vocabulary: Vocabulary | None) -> Corpus:
    path = workspace / "cache" / f"corpus-{_key(workspace, config)}.pt"
    kept = _read(path)
    if kept is not None and vocabulary in (None, kept.vocabulary):
        return kept
    corpus = read_corpus(workspace, config, vocabulary)
    if kept is None:
        with write_among_others(path) as partial:
            write_tensors(asdict(corpus), partial)
        for older in sorted(path.parent.glob("corpus-*.pt"), key=_written)[:-KEPT]:
            older.unlink(missing_ok=True)
    return corpus


def _written(path: Path) -> float:
    """Return when a file was written; one that another process has just removed is the oldest."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _key(workspace: Path, config: TextConfig) -> str:
    parts = (str(FORM), bundle_fingerprint(workspace), config.model_dump_json())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _read(path: Path) -> Corpus | None:
    """Return the corpus in a file; None where it is absent or damaged."""
    if not path.exists():
        return None
    try:
        record: dict[str, Any] = torch.load(path, weights_only=True, mmap=True)
        return _corpus(record)
    except (OSError, RuntimeError, EOFError, UnpicklingError, KeyError, TypeError):
        return None


def _corpus(record: dict[str, Any]) -> Corpus:
    mentions, turns = record["mentions"], record["turns"]
    return Corpus(
        **record
        | {
            "vocabulary": Vocabulary(**record["vocabulary"]),
            "sentences": Slices(**record["sentences"]),
            "mentions": Mentions(**mentions | {"tokens": Slices(**mentions["tokens"])}),
            "turns": Turns(**turns | {name: Slices(**turns[name]) for name in ("history", "mentions", "response")}),
            "splits": {split: Samples(**samples) for split, samples in record["splits"].items()},
        }
    )
