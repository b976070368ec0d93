"""KGSF's data set, read back as its loader and its model do."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kgprep.export import export
from kgprep.export.exported import ExportOptions
from tests.export.redial_reader import dialogues, pickles, turns
from tests.small_bundle import write_bundle

SLICE = "RelatedTo\tscary\tfear\nAntonym\tmade\tunmade\nIsA\tunmade\tbed\n"


def load(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text(encoding="utf-8"))


@pytest.fixture
def small(tmp_path: Path) -> Path:
    workspace = write_bundle(tmp_path / "ws")
    (tmp_path / "slice.txt").write_text(SLICE, encoding="utf-8")
    (tmp_path / "vectors.txt").write_text("scary 1 2 3 4\nmade 5 6 7 8\n", encoding="utf-8")
    options = ExportOptions(concepts=tmp_path / "slice.txt", vectors=tmp_path / "vectors.txt")
    return export(workspace, "kgsf", tmp_path / "out", options).folder


def test_words_have_the_rows_of_their_vectors(small: Path) -> None:
    words = load(small, "word2index_redial.json")
    assert sorted(words.values()) == list(range(4, len(words) + 4))
    assert words["_split_"] == len(words) + 3
    vectors = np.load(small / "word2vec_redial.npy")
    assert vectors.shape == (len(words) + 4, 4)
    assert vectors[words["scary"]].tolist() == [1, 2, 3, 4]
    assert vectors[words["Andy"]].any()
    assert not vectors[[0, 1, 2, 3, words["_split_"]]].any()


def test_concepts_have_ids_from_one_and_edges_between_them(small: Path) -> None:
    ids = load(small, "key2index_3rd.json")
    assert ids == {"fear": 1, "made": 2, "scary": 3, "unmade": 4}
    edges = [line.split("\t") for line in (small / "conceptnet_edges2nd.txt").read_text().splitlines()]
    assert {(ids[head.split("/")[0]], ids[tail.split("/")[0]]) for _, head, tail in edges} == {(2, 4), (3, 1)}
    assert (small / "stopwords.txt").read_text() == ""


def test_masks_mark_concepts_and_items(small: Path) -> None:
    words = load(small, "word2index_redial.json")
    for name, marked in (("mask4key", {"scary", "made"}), ("mask4movie", {"@1"})):
        mask = np.load(small / f"{name}.npy")
        assert mask.shape == (len(words) + 4,)
        assert {word for word, number in words.items() if mask[number]} == marked
        assert mask.sum() == len(marked)


def test_the_readme_tells_the_sizes_the_model_needs(small: Path) -> None:
    names = pickles(small / "data")["entity2entityId"]
    command = re.search(r"--n_entity (\d+) --n_concept (\d+) --embedding_size (\d+)", (small / "README.md").read_text())
    assert command
    assert [int(size) for size in command.groups()] == [len(names) + 1, 4, 4]


def test_without_options_what_is_missing_is_there_and_said(tmp_path: Path) -> None:
    exported = export(write_bundle(tmp_path / "ws"), "kgsf", tmp_path / "out")
    assert load(exported.folder, "key2index_3rd.json") == {}
    vectors = np.load(exported.folder / "word2vec_redial.npy")
    assert vectors.shape[1] == 300
    assert vectors[4:-1].any(axis=1).all()
    assert not np.load(exported.folder / "mask4key.npy").any()
    assert {"without --concepts", "without --vectors"} <= {
        word for sentence in exported.lost for word in re.findall(r"without --\w+", sentence)
    }


def test_the_loader_makes_its_cases(sample_workspace: Path, tmp_path: Path) -> None:
    """KGSF counts a target of 0 as none and has room for 50 entities a context; ids above the names are no entity."""
    folder = export(sample_workspace, "kgsf", tmp_path / "out").folder
    data = pickles(folder / "data")
    nobody = len(data["entity2entityId"])
    targets = []
    for split in ("train", "valid", "test"):
        for dialogue in dialogues(folder / "data", split):
            context: list[int] = []
            for turn in turns(dialogue, data):
                if turn["worker"] == dialogue["respondentWorkerId"] and context:
                    targets += turn["items"]
                context += [entity for entity in turn["entities"] + turn["items"] if entity not in context]
            assert len(context) <= 50
            assert all(0 < entity < nobody for entity in context)
    assert len(targets) > 50
    assert set(targets) <= set(data["movie_ids"])
