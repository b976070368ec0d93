"""C2-CRS's archive, read back as its loader does."""

from __future__ import annotations

import json
import pickle
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from kgprep.artifacts import MENTIONS, TRIPLES, read_table
from kgprep.export import export
from kgprep.export.sample_reviews import REVIEWS_A_SAMPLE
from kgprep.pickles import parse_pickle
from tests.export.crslab_reader import load, samples
from tests.small_bundle import DBR, write_bundle

SPLITS = ("train", "valid", "test")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return export(write_bundle(tmp_path / "ws"), "c2crs", tmp_path / "out").folder


def reviews_of(folder: Path, split: str) -> Any:
    path = folder / f"{split}_conv_idx_to_review_info.pkl"
    return parse_pickle(path.read_bytes(), path)


def test_reviews_stand_under_the_number_of_the_sample(small: Path) -> None:
    ids = load(small, "token2id.json")
    (sample,) = reviews_of(small, "train").items()
    number, review = sample
    assert number == "0"
    assert review["selected_entityIds"] == [load(small, "entity2id.json")[f"<{DBR}It_(2017_film)>"]]
    assert review["selected_infoListListInt"] == [
        [ids.get(token, 3) for token in ("A", "clown", "<", "script", ">", "alert", "(", "1", ")", "<")]
        + [ids.get(token, 3) for token in ("/", "script", ">", "wakes", ".")]
    ]
    assert reviews_of(small, "valid") == {}
    assert reviews_of(small, "test") == {"0": {"selected_infoListListInt": [], "selected_entityIds": []}}


def test_frequencies_are_found_by_number(small: Path) -> None:
    """The loader makes a dict of the file and asks it for ids: keys of a JSON object would never be found."""
    found = dict(json.loads((small / "conv_tokID2freq.json").read_text()))
    tokens = load(small, "token2id.json")
    train = [
        token for dialogue in load(small, "train_data.json") for said in dialogue["dialog"] for token in said["text"]
    ]
    assert found == {tokens[token]: times for token, times in Counter(train).items()}


def test_tokens_of_items_lead_to_their_entities(small: Path) -> None:
    ids = load(small, "redial_context_movie_id2crslab_entityId.json")
    names = {number: name for name, number in load(small, "entity2id.json").items()}
    assert names[ids["1"]] == f"<{DBR}It_(2017_film)>"
    assert names[ids["2"]] == "<urn:kgprep:redial:a b>"
    assert set(ids.values()) == set(load(small, "movie_ids.json"))


def test_every_sample_of_the_loader_has_its_reviews(sample_workspace: Path, tmp_path: Path) -> None:
    folder = export(sample_workspace, "c2crs", tmp_path / "out").folder
    triples = read_table(sample_workspace, TRIPLES)
    with_sentence = set(triples["entity_id"] + 1)
    words_of = {
        entity + 1: {token.lower() for token in sentence.split()}
        for entity, sentence in triples.select("entity_id", "sentence").iter_rows()
    }
    tokens = {number: token for token, number in load(folder, "token2id.json").items()}
    reviewed = 0
    for split in SPLITS:
        info = pickle.loads((folder / f"{split}_conv_idx_to_review_info.pkl").read_bytes())
        expected = samples(folder, split)
        assert list(info) == [str(number) for number in range(len(expected))]
        for number, sample in enumerate(expected):
            entities = info[str(number)]["selected_entityIds"]
            reviews = info[str(number)]["selected_infoListListInt"]
            assert len(entities) == len(reviews) == len(set(entities))
            fit = [entity for entity in sample["context_entities"] if entity in with_sentence]
            assert set(entities) <= set(fit)
            assert len(entities) == min(REVIEWS_A_SAMPLE, len(fit))
            latest = [
                max(turn for turn, named in enumerate(sample["entities_by_turn"]) if entity in named) for entity in fit
            ]
            chosen = [
                max(t for t, named in enumerate(sample["entities_by_turn"]) if entity in named) for entity in entities
            ]
            assert chosen == sorted(latest)[-REVIEWS_A_SAMPLE:]
            for entity, review in zip(entities, reviews, strict=True):
                said = [tokens[token].lower() for token in review if token != 3]
                assert sum(any(word in longer for longer in words_of[entity]) for word in said) >= 0.9 * len(said)
            reviewed += bool(entities)
    assert reviewed > 100


def test_items_stand_as_tokens_the_loader_knows(sample_workspace: Path, tmp_path: Path) -> None:
    """The loader marks the words of an item by its token, whatever the data set wrote in its place."""
    folder = export(sample_workspace, "c2crs", tmp_path / "out").folder
    ids = load(folder, "redial_context_movie_id2crslab_entityId.json")
    entities = load(folder, "entity2id.json")
    gold = read_table(sample_workspace, MENTIONS).filter(pl.col("method") == "gold").height
    found = 0
    for split in SPLITS:
        for dialogue in load(folder, f"{split}_data.json"):
            for said in dialogue["dialog"]:
                marked = [ids[token[1:]] for token in said["text"] if token.startswith("@") and token[1:] in ids]
                assert marked == [entities[name] for name in said["movies"]]
                found += len(marked)
    assert found == gold > 100


def test_tgredials_flavour_has_the_same_reviews_and_ids_as_tokens(sample_workspace: Path, tmp_path: Path) -> None:
    """The loader of TG-ReDial takes the number of a token for an entity's id."""
    one = export(sample_workspace, "c2crs", tmp_path / "one").folder
    two = export(sample_workspace, "c2crs-tgredial", tmp_path / "two").folder
    words = [{number: token for token, number in load(folder, "token2id.json").items()} for folder in (one, two)]
    entities = load(two, "entity2id.json")
    marked = 0
    for split in SPLITS:
        reviews = [reviews_of(folder, split) for folder in (one, two)]
        assert reviews[0].keys() == reviews[1].keys()
        for sample, info in reviews[0].items():
            assert info["selected_entityIds"] == reviews[1][sample]["selected_entityIds"]
            assert [[words[0][token] for token in review] for review in info["selected_infoListListInt"]] == [
                [words[1][token] for token in review] for review in reviews[1][sample]["selected_infoListListInt"]
            ]
        for dialogue in load(two, f"{split}_data.json"):
            for said in dialogue["messages"]:
                numbers = [int(token[1:]) for token in said["text"] if token[:1] == "@" and token[1:].isdigit()]
                found = [number for number in numbers if number <= max(entities.values())]
                assert found == [entities[name] for name in said["movie"]]
                marked += len(found)
    assert marked > 100
    found_frequencies = dict(json.loads((two / "conv_tokID2freq.json").read_text()))
    assert found_frequencies.keys() <= words[1].keys()
