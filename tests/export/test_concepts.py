"""ConceptNet and word vectors beside the dialogues, through the target crslab."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from kgprep.artifacts import KgprepError
from kgprep.cli import main
from kgprep.export import TAKES, TARGETS, export
from kgprep.export.exported import ExportOptions
from tests.small_bundle import write_bundle

SLICE = """RelatedTo\tscary\tfear
RelatedTo\tScary/a\tfear
IsA\tit/n\tscary_film
Antonym\tmade\tunmade
IsA\tunmade\tbed
Synonym\tor\teither
HasA\t看过\t眼睛
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "ws")


def load(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text(encoding="utf-8"))


def crslab_word_graph(folder: Path) -> set[tuple[int, int]]:
    """The steps of CRSLab's loader: every end of an edge must have an id."""
    ids = load(folder, "concept2id.json")
    edges = set()
    for line in (folder / "conceptnet_subkg.txt").read_text(encoding="utf-8").splitlines():
        _, head, tail = line.strip().split("\t")
        edges |= {
            (ids[head.split("/")[0]], ids[tail.split("/")[0]]),
            (ids[tail.split("/")[0]], ids[head.split("/")[0]]),
        }
    return edges


@pytest.mark.parametrize("name", ["slice.txt", "slice.txt.gz"])
def test_concepts_are_those_that_training_talks_about(workspace: Path, tmp_path: Path, name: str) -> None:
    content = SLICE.encode()
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    exported = export(workspace, "crslab", tmp_path / "out", ExportOptions(concepts=tmp_path / name))
    ids = load(exported.folder, "concept2id.json")
    assert ids == {"__pad__": 0, "fear": 1, "it": 2, "made": 3, "scary": 4, "scary_film": 5, "unmade": 6}
    assert crslab_word_graph(exported.folder) == {(4, 1), (1, 4), (2, 5), (5, 2), (3, 6), (6, 3)}
    (dialogue,) = load(exported.folder, "train_data.json")
    assert [turn["word"] for turn in dialogue["dialog"]] == [["it", "scary"], ["made"]]
    (dialogue,) = load(exported.folder, "test_data.json")
    assert [turn["word"] for turn in dialogue["dialog"]] == [[], []]
    assert "edges of the concepts: 3 of 6 (50.0 %)" in [str(count) for count in exported.counts]
    assert not any("ConceptNet" in sentence for sentence in exported.lost)


def test_without_concepts_the_files_are_there_and_their_lack_is_said(workspace: Path, tmp_path: Path) -> None:
    exported = export(workspace, "crslab", tmp_path / "out")
    assert load(exported.folder, "concept2id.json") == {"__pad__": 0}
    assert crslab_word_graph(exported.folder) == set()
    assert any("without --concepts" in sentence for sentence in exported.lost)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("dog\tanimal\n", "is no slice of ConceptNet"),
        ("", "is no slice of ConceptNet"),
        ("IsA\ta\tb\tc\n", "is no slice of ConceptNet"),
        ("RelatedTo\tzebra\tstripe\n", "has no edge at a word of the training utterances"),
    ],
)
def test_a_file_that_is_no_slice_is_said(workspace: Path, tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "slice.txt").write_text(content, encoding="utf-8")
    with pytest.raises(KgprepError, match=f"slice.txt {message}"):
        export(workspace, "crslab", tmp_path / "out", ExportOptions(concepts=tmp_path / "slice.txt"))
    assert not (tmp_path / "out").exists()


def test_an_absent_file_is_said(workspace: Path, tmp_path: Path) -> None:
    with pytest.raises(KgprepError, match=r"none\.txt"):
        export(workspace, "crslab", tmp_path / "out", ExportOptions(concepts=tmp_path / "none.txt"))
    with pytest.raises(KgprepError, match=r"word vectors .*none\.txt \(No such file"):
        export(workspace, "crslab", tmp_path / "out", ExportOptions(vectors=tmp_path / "none.txt"))


@pytest.mark.parametrize("header", ["", "4 3\n"])
def test_vectors_stand_in_the_order_of_the_tokens(workspace: Path, tmp_path: Path, header: str) -> None:
    rows = {"scary": "1 2 3", "us": "4 5 6", "It": "7 8 9", "__pad__": "1 1 1"}
    text = header + "".join(f"{word} {row}\n" for word, row in rows.items())
    (tmp_path / "vectors.txt").write_text(text, encoding="utf-8")
    exported = export(workspace, "crslab", tmp_path / "out", ExportOptions(vectors=tmp_path / "vectors.txt"))
    vectors = np.load(exported.folder / "word2vec.npy")
    tokens = load(exported.folder, "token2id.json")
    assert vectors.shape == (len(tokens), 3)
    assert vectors.dtype == np.float32
    assert vectors[tokens["scary"]].tolist() == [1, 2, 3]
    assert vectors[tokens["Us"]].tolist() == [4, 5, 6]
    assert not vectors[[0, 1, 2, 3, tokens["_split_"]]].any()
    drawn = vectors[tokens["made"]]
    assert drawn.any()
    again = export(workspace, "crslab", tmp_path / "again", ExportOptions(vectors=tmp_path / "vectors.txt"))
    assert (again.folder / "word2vec.npy").read_bytes() == (exported.folder / "word2vec.npy").read_bytes()
    assert any(str(count).startswith("tokens with a given vector, the others drawn: 2 of") for count in exported.counts)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("scary 1 2 3\nmade 1 2\n", "line 2 of .* is no word with its vector"),
        ("scary 1 two 3\n", "line 1 of .* is no word with its vector"),
        ("scary\n", "line 1 of .* is no word with its vector"),
        ("zebra 1 2 3\n", "has a vector for no token of the dialogues"),
        ("", "has a vector for no token of the dialogues"),
    ],
)
def test_a_file_that_holds_no_vectors_is_said(workspace: Path, tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "vectors.txt").write_text(content, encoding="utf-8")
    with pytest.raises(KgprepError, match=message):
        export(workspace, "crslab", tmp_path / "out", ExportOptions(vectors=tmp_path / "vectors.txt"))


@pytest.mark.parametrize("option", TAKES)
@pytest.mark.parametrize("target", TARGETS)
def test_a_target_refuses_an_option_it_has_no_use_for(
    workspace: Path, tmp_path: Path, target: str, option: str
) -> None:
    (tmp_path / "file.txt").write_text("IsA\tscary\tfeeling\n" if option == "concepts" else "scary 1 2\n")
    arguments = ["export", "-w", str(workspace), "--to", target, "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(main, [*arguments, f"--{option}", str(tmp_path / "file.txt")])
    if target in TAKES[option]:
        assert result.exit_code == 0, result.output
    else:
        assert result.exit_code == 1
        said = " ".join(result.output.split())
        assert f"{target} has no use for --{option}: leave it out, or choose {', '.join(TAKES[option])}" in said


@pytest.mark.real_data
def test_the_real_slice_gives_words_to_real_dialogues(sample_workspace: Path, tmp_path: Path, real_data: Path) -> None:
    slice_ = real_data / "conceptnet" / "conceptnet_one_hop_edges.txt.gz"
    folder = export(sample_workspace, "crslab", tmp_path / "out", ExportOptions(concepts=slice_)).folder
    ids = load(folder, "concept2id.json")
    assert sorted(ids.values()) == list(range(len(ids)))
    assert crslab_word_graph(folder)
    turns = [turn for dialogue in load(folder, "test_data.json") for turn in dialogue["dialog"]]
    assert all(set(turn["word"]) <= ids.keys() for turn in turns)
    assert all(set(turn["word"]) <= {token.lower() for token in turn["text"]} for turn in turns)
    assert sum(bool(turn["word"]) for turn in turns) > len(turns) / 2


def test_the_help_names_every_target_and_who_takes_what() -> None:
    said = " ".join(CliRunner().invoke(main, ["export", "--help"]).output.split())
    assert f"{', '.join([*TARGETS][:-1])} or {[*TARGETS][-1]}." in said
    for targets in TAKES.values():
        assert f"{', '.join(targets[:-1])} and {targets[-1]}" in said
