"""CRSLab's TG-ReDial archive, read back as its loader does, from a Chinese bundle."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

import pipelines
from kgprep.artifacts import EDGES, ENTITIES, ITEMS, MENTIONS, UTTERANCES, read_table, write_parquet
from kgprep.cli import main
from kgprep.export import export
from kgprep.export.exported import ExportOptions
from tests.export.crslab_reader import load
from tests.small_bundle import write_bundle

SAMPLE = Path(pipelines.__file__).parent / "sample"
SPLITS = ("train", "valid", "test")


@pytest.fixture(scope="module")
def chinese(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Chinese bundle of the embedded sample, with gold mentions alone."""
    workspace = tmp_path_factory.mktemp("chinese")
    sources = ["--dialogues", f"tgredial:{SAMPLE / 'tgredial'}", "--dump", str(SAMPLE / "dbpedia.nt")]
    result = CliRunner().invoke(main, ["build-kg", "-w", str(workspace), *sources, "--languages", "zh,en"])
    assert result.exit_code == 0, result.output
    return workspace


@pytest.fixture(scope="module")
def archive(chinese: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(chinese, "crslab-tgredial", tmp_path_factory.mktemp("archive") / "out").folder


def as_loaded(folder: Path, split: str) -> Iterator[list[dict[str, Any]]]:
    """Yield each dialogue as CRSLab's loader takes it: what it looks up must be there."""
    tokens, topics = load(folder, "token2id.json"), load(folder, "topic2id.json")
    entities, words = load(folder, "entity2id.json"), load(folder, "word2id.json")
    history, profiles = load(folder, "user2history.json"), load(folder, "user2profile.json")
    for dialogue in load(folder, f"{split}_data.json"):
        turns: list[dict[str, Any]] = []
        for said in dialogue["messages"]:
            assert not turns or said["role"] != turns[-1]["role"]
            actions = list(zip(said["target"][1::2], said["target"][2::2], strict=True))
            topics_of_turn = [
                topics[topic] for action, names in actions if names and action != "推荐电影" for topic in names
            ]
            turns.append(
                {
                    "role": said["role"],
                    "text": said["text"],
                    "tokens": [tokens.get(token, 3) for token in said["text"]],
                    "movies": [entities[name] for name in said["movie"]],
                    "entities": [entities[name] for name in said["entity"]],
                    "words": [words[word] for word in said["word"]],
                    "topics": topics_of_turn,
                    "final": [topics[name] if name is not None else 0 for name in said["final"][1]],
                    "history": history.get(f"{dialogue['conv_id']}/{said['local_id']}", []),
                    "profile": profiles[dialogue["user_id"]],
                }
            )
        assert [said["local_id"] for said in dialogue["messages"]] == list(range(1, len(turns) + 1))
        yield turns


def test_the_loader_finds_every_utterance_and_mention(archive: Path, chinese: Path) -> None:
    utterances = read_table(chinese, UTTERANCES)
    mentions = read_table(chinese, MENTIONS)
    movies = 0
    for split in SPLITS:
        here = utterances.filter(pl.col("split") == split)
        dialogues = list(as_loaded(archive, split))
        assert len(dialogues) == here["dialogue_id"].n_unique()
        said = "".join(token for turns in dialogues for turn in turns for token in turn["text"])
        spoken = here.sort("dialogue_id", "turn")["text"].to_list()
        assert said == "".join("".join(text.split()) for text in spoken)
        movies += sum(len(turn["movies"]) for turns in dialogues for turn in turns)
        assert {turn["role"] for turns in dialogues for turn in turns} <= {"Seeker", "Recommender"}
    items = set(load(archive, "movie_ids.json"))
    assert {movie for turns in as_loaded(archive, "test") for turn in turns for movie in turn["movies"]} <= items
    assert movies == mentions.height > 50


def test_titles_stand_between_their_brackets(archive: Path) -> None:
    """CRSLab puts a slot in the place of what stands between the two tokens."""
    tokens = load(archive, "token2id.json")
    assert {"《", "》"} <= tokens.keys()
    spans = 0
    for turns in as_loaded(archive, "train"):
        for turn in turns:
            assert turn["text"].count("《") == turn["text"].count("》")
            spans += turn["text"].count("《")
    assert spans > 20


def test_recommendations_are_targets_and_topics_are_none(archive: Path) -> None:
    for dialogue in load(archive, "train_data.json"):
        for said in dialogue["messages"]:
            recommends = said["role"] == "Recommender" and said["movie"]
            role = "Rec" if said["role"] == "Recommender" else "Seeker"
            assert said["target"] == ([role, "推荐电影", said["movie"]] if recommends else [role])
    assert load(archive, "topic2id.json") == {}
    assert all(
        turn["topics"] == turn["history"] == turn["profile"] == []
        for turns in as_loaded(archive, "train")
        for turn in turns
    )


def test_the_graph_is_told_by_names(archive: Path, chinese: Path) -> None:
    ids = load(archive, "entity2id.json")
    assert sorted(ids.values()) == list(range(1, read_table(chinese, ENTITIES).height + 1))
    lines = [line.strip().split("\t") for line in (archive / "cn-dbpedia.txt").read_text(encoding="utf-8").splitlines()]
    edges = {(ids[head] - 1, ids[tail] - 1) for head, _, tail in lines}
    bundle = read_table(chinese, EDGES)
    assert len(lines) * 2 == bundle.height
    assert {frozenset(edge) for edge in edges} == {
        frozenset(edge) for edge in bundle.select("head", "tail").iter_rows()
    }


def test_built_keeps_crslab_from_a_download(archive: Path) -> None:
    """CRSLab compares the second line with the version of its archive."""
    assert (archive / ".built").read_text().split("\n")[1] == "0.3"


def test_names_that_several_entities_share_are_told_apart(tmp_path: Path) -> None:
    workspace = write_bundle(tmp_path / "ws")
    entities = read_table(workspace, ENTITIES).with_columns(
        label=pl.Series(["我知道", "我知道", "It", "我知道", ""]),
        year=pl.Series([None, None, 2017, 1956, None]),
    )
    write_parquet(ENTITIES, entities, ENTITIES.path(workspace))
    item = read_table(workspace, ITEMS).with_columns(name=pl.lit("  它\n来了 "))
    write_parquet(ITEMS, item, ITEMS.path(workspace))
    folder = export(workspace, "crslab-tgredial", tmp_path / "out").folder
    assert load(folder, "entity2id.json") == {
        "我知道（1）": 1,
        "我知道（2）": 2,
        "它 来了": 3,
        "我知道（1956）": 4,
        "urn:kgprep:redial:a b": 5,
    }


def test_utterances_of_one_role_are_joined_and_that_is_said(tmp_path: Path) -> None:
    workspace = write_bundle(tmp_path / "ws")
    rows = [
        ("train", "7", 0, "seeker", "你好"),
        ("train", "7", 1, "seeker", "看过《它》吗"),
        ("train", "7", 2, "recommender", "没有"),
    ]
    write_parquet(UTTERANCES, pl.DataFrame(rows, schema=UTTERANCES.schema, orient="row"), UTTERANCES.path(workspace))
    mentions = [("7", 1, 3, 4, "它", 2, "gold", 1.0)]
    write_parquet(MENTIONS, pl.DataFrame(mentions, schema=MENTIONS.schema, orient="row"), MENTIONS.path(workspace))
    exported = export(workspace, "crslab-tgredial", tmp_path / "out")
    ((first, second),) = as_loaded(exported.folder, "train")
    assert first["text"] == ["你好", "看过", "《", "它", "》", "吗"]
    assert first["movies"] == [3]
    assert second["role"] == "Recommender"
    assert "where 1 utterances begin that follow one of the same role" in exported.lost


def test_concepts_are_the_words_of_hownet(chinese: Path, tmp_path: Path) -> None:
    (tmp_path / "slice.txt").write_text("RelatedTo\t喜欢\t爱\nIsA\t电影\t艺术\nIsA\t斑马\t马\n", encoding="utf-8")
    folder = export(chinese, "crslab-tgredial", tmp_path / "out", ExportOptions(concepts=tmp_path / "slice.txt")).folder
    ids = load(folder, "word2id.json")
    edges = [line.split("\t") for line in (folder / "hownet.txt").read_text(encoding="utf-8").splitlines()]
    assert {(head, tail) for head, _, tail in edges} <= {("喜欢", "爱"), ("电影", "艺术")}
    assert {end for head, _, tail in edges for end in (head, tail)} == ids.keys() - {"__pad__"}
    assert any(turn["words"] for turns in as_loaded(folder, "train") for turn in turns)


@pytest.mark.real_data
def test_ids_have_the_shape_of_real_ones(archive: Path, real_data: Path) -> None:
    for name in ("entity2id", "movie_ids", "token2id"):
        real = json.loads(gzip.decompress((real_data / "tgredial" / f"{name}.json.gz").read_bytes()))
        own = load(archive, f"{name}.json")
        assert type(own) is type(real)
        numbers = [list(ids.values()) if isinstance(ids, dict) else ids for ids in (own, real)]
        assert {type(number) for number in numbers[0]} == {type(number) for number in numbers[1]}
        if isinstance(own, dict):
            assert min(numbers[0]) == min(numbers[1])
    real_tokens = json.loads(gzip.decompress((real_data / "tgredial" / "token2id.json.gz").read_bytes()))
    assert list(load(archive, "token2id.json"))[:4] == list(real_tokens)[:4]
