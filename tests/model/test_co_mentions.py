"""What is mentioned together: held against one regression an item, and what the scores make of it."""

from __future__ import annotations

import math
import shutil
from collections import Counter
from pathlib import Path

import pytest
import torch

from model.checkpoint import load
from model.co_mentions import KEPT, CoMentions, fit, mentioned_in_training
from model.config import TextConfig, load_config
from model.data import NONE, Corpus, read_corpus
from model.train import train


@pytest.fixture(scope="module")
def corpus(sample_workspace: Path) -> Corpus:
    return read_corpus(sample_workspace, TextConfig())


def training_dialogues(corpus: Corpus) -> list[set[int]]:
    """Return the entities that each dialogue of the training split mentions."""
    train = set(corpus.turns.dialogue[corpus.splits["train"].turn].tolist())
    found: dict[int, set[int]] = {dialogue: set() for dialogue in sorted(train)}
    for entity, turn in zip(corpus.mentions.entity.tolist(), corpus.mentions.turn.tolist(), strict=True):
        dialogue = int(corpus.turns.dialogue[turn])
        if dialogue in train:
            found[dialogue].add(entity)
    return list(found.values())


def entities_of(corpus: Corpus) -> int:
    return int(max(corpus.mentions.entity.max(), corpus.items.max())) + 1


def fitted(corpus: Corpus) -> CoMentions:
    made = CoMentions(entities_of(corpus), len(corpus.items), mentioned_in_training(corpus))
    fit(made, corpus)
    return made


def test_weights_are_those_of_a_ridge_regression_of_each_item_on_all_other_mentions(corpus: Corpus) -> None:
    dialogues, made = training_dialogues(corpus), fitted(corpus)
    mentioned = sorted(set().union(*dialogues))
    assert mentioned_in_training(corpus).tolist() == mentioned
    said = torch.tensor([[float(entity in dialogue) for entity in mentioned] for dialogue in dialogues]).double()
    asked = [(place, entity) for place, entity in enumerate(corpus.items.tolist()) if entity in mentioned]
    told = torch.zeros(len(mentioned), len(corpus.items)).scatter_(1, made.item.long(), made.weight)
    expected = torch.zeros_like(told)
    for place, entity in asked:
        own = mentioned.index(entity)
        others = [column for column in range(len(mentioned)) if column != own]
        inputs = said[:, others]
        pulled = inputs.T @ inputs + 10 * torch.eye(len(others))
        expected[others, place] = torch.linalg.solve(pulled, inputs.T @ said[:, own]).float()
    kept = expected.clamp(min=0)
    least = kept.topk(min(KEPT, kept.shape[1]), dim=1).values[:, -1:]
    assert len(asked) > 50
    assert torch.allclose(told, torch.where(kept >= least, kept, 0), atol=1e-5)


def test_of_many_entities_the_most_mentioned_are_counted(corpus: Corpus) -> None:
    train = set(corpus.turns.dialogue[corpus.splits["train"].turn].tolist())
    mentions = zip(corpus.mentions.entity.tolist(), corpus.turns.dialogue[corpus.mentions.turn].tolist(), strict=True)
    times = Counter(entity for entity, dialogue in mentions if dialogue in train)
    kept = mentioned_in_training(corpus, 10).tolist()
    assert sorted(times[entity] for entity in kept) == sorted(times.values())[-10:]
    few = CoMentions(entities_of(corpus), len(corpus.items), torch.tensor(kept))
    fit(few, corpus)
    told = {int(corpus.items[place]) for place in few.item[few.weight > 0].tolist()}
    assert told
    assert told <= set(kept)


def a_model() -> CoMentions:
    """Entity 5 tells of the items 0 and 1, entity 7 of item 1 alone."""
    made = CoMentions(9, 3, torch.tensor([5, 7]))
    made.item.copy_(torch.tensor([[0, 1, 2], [1, 0, 2]]))
    made.weight.copy_(torch.tensor([[0.1, 0.2, 0.0], [0.3, 0.0, 0.0]]))
    return made


def test_mentions_add_up_and_older_ones_tell_less() -> None:
    entity = torch.tensor([[5, NONE], [5, 7], [5, 7], [4, NONE], [NONE, NONE]])
    ago = torch.tensor([[1, 0], [1, 1], [3, 1], [1, 0], [0, 0]])
    one, both, older, unknown, nothing = a_model()(entity, ago)
    assert one.tolist() == pytest.approx([2 * math.log1p(3), 2 * math.log1p(6), 0])
    assert both.tolist() == pytest.approx([2 * math.log1p(3), 2 * math.log1p(15), 0])
    faded = 0.85**2
    assert older.tolist() == pytest.approx([2 * math.log1p(3 * faded), 2 * math.log1p(6 * faded + 9), 0])
    assert not unknown.any()
    assert not nothing.any()


def test_who_tells_most_of_an_item_is_one_who_tells_of_it() -> None:
    made, items = a_model(), torch.tensor([0, 1, 2])
    assert made.who_tells_most(torch.tensor([4, 5, 7]), items).tolist() == [1, 2, NONE]
    assert made.who_tells_most(torch.tensor([4]), items).tolist() == [NONE] * 3
    assert made.who_tells_most(torch.zeros(0, dtype=torch.int64), items).tolist() == [NONE] * 3
    made.share.fill_(0)
    assert made.who_tells_most(torch.tensor([5, 7]), items).tolist() == [NONE] * 3


def test_a_model_of_dialogues_without_mentions_tells_nothing() -> None:
    bare = CoMentions(4, 2, torch.zeros(0, dtype=torch.int64))
    assert bare(torch.tensor([[1, NONE]]), torch.tensor([[1, 0]])).tolist() == [[0, 0]]
    assert bare.who_tells_most(torch.tensor([1]), torch.tensor([0, 1])).tolist() == [NONE] * 2


def test_a_run_finds_it_in_its_training_split_and_keeps_it(sample_workspace: Path, tmp_path: Path) -> None:
    workspace = Path(shutil.copytree(sample_workspace, tmp_path / "ws"))
    settings = ["coarse.epochs=0", "fine.epochs=0", "generate.epochs=0", "max_steps=1"]
    train(workspace, "together", load_config("small", [*settings, "model.recommender.co_mentions=true"]))
    loaded = load(workspace, "together")
    kept, found = loaded.system.recommender.co_mentions, fitted(loaded.corpus)
    assert kept is not None
    assert torch.equal(kept.item, found.item)
    assert torch.equal(kept.weight, found.weight)
    assert kept.weight.any()
