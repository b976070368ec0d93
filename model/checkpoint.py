"""Checkpoints: weights as safetensors, and a JSON that holds all else a model needs to load.

Notable here:
- a checkpoint loads without flags: config and vocabulary travel with the weights;
- it remembers the bundle it was trained on by a fingerprint, and is refused for any other.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as deserialize
from safetensors.torch import save as serialize

from kgprep.artifacts import KgprepError, write_beside
from model.config import TrainConfig, parse_config
from model.data import Corpus
from model.files import not_readable
from model.fingerprint import bundle_fingerprint
from model.graph import read_graph
from model.packed import packed_corpus
from model.parallel import local_number, local_processes
from model.runs import run_folder
from model.system import System, make_system
from model.text import Vocabulary

FORM = 9
"""What a checkpoint holds and what its weights are called; a change of either makes it another number."""


@dataclass(frozen=True)
class Loaded:
    """A trained system, what it was trained with, and the corpus it reads."""

    system: System
    config: TrainConfig
    corpus: Corpus
    record: dict[str, Any]

    @property
    def learnt(self) -> frozenset[str]:
        """The names of the phases in which it has learnt anything."""
        return frozenset(epoch["phase"] for epoch in self.record["training"] if epoch["steps"])

    @property
    def lacks(self) -> list[str]:
        """What it has not learnt, a sentence each: weights as they were drawn say nothing."""
        missing = {
            "recommend": "the run has not learnt to recommend: its items are left out",
            "generate": "the run has not learnt to respond: its responses are left out",
        }
        return [sentence for phase, sentence in missing.items() if phase not in self.learnt]


def save(folder: Path, bundle: str, system: System, config: TrainConfig, corpus: Corpus, figures: Any) -> None:
    """Write a trained system to `folder`: weights first, so that a checkpoint.json never lacks them.

    Args:
        folder: of the run.
        bundle: fingerprint of what it was trained on.
        system: what was trained.
        config: how.
        corpus: that it learnt from.
        figures: of each epoch, JSON-compatible.
    """
    vocabulary = corpus.vocabulary
    record = {
        "form": FORM,
        "config": config.model_dump(mode="json"),
        "bundle": bundle,
        "vocabulary": {
            "words": list(vocabulary.words),
            "response_size": vocabulary.response_size,
            "chinese": vocabulary.chinese,
        },
        "training": figures,
    }
    with write_beside(folder / "model.safetensors") as partial:
        # As bytes, so that the file is open to whom all others of the run are: save_file lets its owner alone read it.
        partial.write_bytes(serialize({name: tensor.contiguous() for name, tensor in system.state_dict().items()}))
    with write_beside(folder / "checkpoint.json") as partial:
        partial.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def load(workspace: Path, run: str) -> Loaded:
    """Load a trained run with the corpus of its bundle.

    Raises:
        KgprepError: there is no such run, its files are damaged, or it was trained on another bundle or by another
            version.
    """
    folder = run_folder(workspace, run)
    record = _read_record(folder, workspace)
    if record.get("form") != FORM:
        raise KgprepError(
            f"{folder} was written by another version of kgprep: train again with kgprep train --run {run} --overwrite"
        )
    if record["bundle"] != bundle_fingerprint(workspace):
        raise KgprepError(
            f"{folder} was trained on another bundle than the one in {workspace}: "
            f"train again with kgprep train --run {run} --overwrite"
        )
    config = parse_config(record["config"], str(folder / "checkpoint.json"))
    words = record["vocabulary"]
    vocabulary = Vocabulary(tuple(words["words"]), words["response_size"], words["chinese"])
    corpus = packed_corpus(workspace, config.text, vocabulary)
    system = make_system(corpus, read_graph(workspace), config.model)
    path = folder / "model.safetensors"
    try:
        system.load_state_dict(deserialize(path.read_bytes()))
    except OSError as error:
        raise not_readable(path, error) from error
    except (SafetensorError, RuntimeError) as error:
        raise KgprepError(f"{path} is damaged or lacks weights: train again with --overwrite") from error
    return Loaded(system, config, corpus, record)


def _read_record(folder: Path, workspace: Path) -> dict[str, Any]:
    path = folder / "checkpoint.json"
    if not path.exists():
        runs = sorted(other.parent.name for other in (workspace / "runs").glob("*/checkpoint.json"))
        known = f"there are {', '.join(runs)}" if runs else "there is none yet"
        raise KgprepError(f"{folder} holds no trained run: {known}; make one with kgprep train --run {folder.name}")
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise not_readable(path, error) from error
    except ValueError as error:
        raise KgprepError(f"{path} is not JSON ({error}): train again with --overwrite") from error
    if not isinstance(record, dict):
        raise KgprepError(f"{path} is not what a run leaves: train again with --overwrite")
    return record


def pick_device(wanted: str) -> torch.device:
    """Return the device called `wanted`: cpu, cuda, or auto for cuda where there is one.

    Raises:
        KgprepError: cuda was asked for and is not there, or torchrun has started more processes than there are GPUs.
    """
    if wanted == "cuda" and not torch.cuda.is_available():
        raise KgprepError("device is cuda, but this machine offers none: set device=cpu or device=auto")
    if wanted == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    if local_processes() > torch.cuda.device_count():
        raise KgprepError(
            f"torchrun has started {local_processes()} processes on this machine, which offers {_gpus()}: "
            "give --nproc-per-node that number, or set device=cpu"
        )
    return torch.device("cuda", local_number())


def _gpus() -> str:
    count = torch.cuda.device_count()
    return "1 GPU" if count == 1 else f"{count} GPUs"
