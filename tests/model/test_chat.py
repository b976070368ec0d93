"""Talking with the sample's trained run, as a function and in the terminal."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner
from safetensors.torch import load_file, save_file

from kgprep.artifacts import EDGES, ENTITIES, ITEMS, KgprepError, read_table, write_parquet
from kgprep.cli import main
from kgprep.linking.linker import EntityLinker
from model.chat import Chat
from model.config import load_config
from model.evaluate import evaluate
from model.reasons import Reasons
from model.text import ITEM
from model.train import train


@pytest.fixture(scope="module")
def linker(sample_workspace: Path) -> EntityLinker:
    return EntityLinker.from_bundle(sample_workspace)


def test_a_reply_links_recommends_what_is_new_and_answers(sample_workspace: Path, linker: EntityLinker) -> None:
    chat = Chat(sample_workspace, "c2crs", linker.link_one)
    first = chat.say("I love horror films, above all Halloween (1978).")
    assert ("Halloween", "Halloween (1978 film)") in first.linked
    labels = [item.label for item in first.items]
    assert len(set(labels)) == 10
    assert "Halloween (1978 film)" not in labels
    assert first.text is not None
    assert any(
        item.reason and item.reason.startswith(("Halloween (1978 film) - ", "Horror film - ")) for item in first.items
    )
    second = chat.say("No, I want something like The Matrix.")
    said_before = {label for label in labels if label.split(" (")[0] in first.text}
    assert not said_before & {item.label for item in second.items}
    assert second.items != first.items


@pytest.mark.parametrize("title", ["Inception", "Alien", "Jaws", "Gladiator", "Avatar"])
def test_a_film_that_is_plainly_named_is_understood(sample_workspace: Path, linker: EntityLinker, title: str) -> None:
    reply = Chat(sample_workspace, "c2crs", linker.link_one).say(f"I really liked {title}.")
    assert [word for word, _ in reply.linked] == [title]


@pytest.fixture(scope="module")
def workspace_of_slots(sample_workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample with a run whose decoder says nothing but item slots."""
    workspace = tmp_path_factory.mktemp("slots") / "workspace"
    shutil.copytree(sample_workspace, workspace)
    path = workspace / "runs" / "c2crs" / "model.safetensors"
    weights = load_file(path)
    weights["generator.bias"][ITEM] = 1e4
    save_file(weights, path)
    return workspace


def test_reasons_begin_with_what_was_named_before_the_reply(workspace_of_slots: Path, linker: EntityLinker) -> None:
    chat = Chat(workspace_of_slots, "c2crs", linker.link_one)
    items = read_table(workspace_of_slots, ENTITIES).filter("is_item")["label"].to_list()
    named: set[str] = set()
    for text in ("Hello!", "I like Titanic"):
        reply = chat.say(text)
        named |= {label for _, label in reply.linked}
        assert {item.reason.split(" - ")[0] for item in reply.items if item.reason} <= named
        said = reply.text or ""
        assert all(item.label in said for item in reply.items)
        named |= {label for label in items if label in said}


def test_every_slot_is_filled_and_nothing_named_is_recommended(workspace_of_slots: Path, linker: EntityLinker) -> None:
    chat = Chat(workspace_of_slots, "c2crs", linker.link_one)
    names = read_table(workspace_of_slots, ENTITIES).filter("is_item")["label"].to_list()
    reply = chat.say(", ".join(names))
    named = {label for _, label in reply.linked}
    assert len(named) > 90
    assert not named & {item.label for item in reply.items}
    left = reply.text or ""
    for label in sorted(set(names) - named, key=len, reverse=True):
        left = left.replace(label, "")
    # Once new items have run out, no named one comes back.
    assert set(left.split()) == {"something"}


def test_what_no_path_leads_to_is_named_together_with_something(sample_workspace: Path, tmp_path: Path) -> None:
    workspace = Path(shutil.copytree(sample_workspace, tmp_path / "ws"))
    write_parquet(EDGES, read_table(workspace, EDGES).clear(), EDGES.path(workspace))
    settings = ["coarse.epochs=0", "fine.epochs=0", "recommend.epochs=1", "generate.epochs=0"]
    train(workspace, "together", load_config("small", [*settings, "model.recommender.co_mentions=true"]))
    chat = Chat(workspace, "together", EntityLinker.from_bundle(workspace).link_one)
    reply = chat.say("I like Titanic")
    (titanic,) = (label for _, label in reply.linked)
    assert {item.reason for item in reply.items} <= {None, f"{titanic} - named together"}
    assert any(item.reason for item in reply.items)
    # It has not learnt to respond: it shows its items alone, and none of them counts as named.
    assert reply.text is None
    assert str(reply).splitlines()[-1].startswith(f"  {reply.items[-1].label}")
    again = chat.say("What else?")
    assert {item.label for item in again.items} & {item.label for item in reply.items}
    assert {item.reason for item in again.items} <= {None, f"{titanic} - named together"}


def test_what_has_not_learnt_to_recommend_names_and_shows_no_item(
    sample_workspace: Path, linker: EntityLinker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = Path(shutil.copytree(sample_workspace, tmp_path / "ws"))
    train(workspace, "plain", load_config("small", ["max_steps=1", "generate.test_responses=8"], "plain_transformer"))
    metrics = evaluate(workspace, "plain")
    assert set(metrics["recommendation"]["test"]) == {"popularity", "copy_history"}
    assert metrics["generation"]["test"]["perplexity"] > 1
    assert "the run has not learnt to recommend: its items are left out" in capsys.readouterr().err
    reply = Chat(workspace, "plain", linker.link_one).say("I like Titanic")
    assert not reply.items
    assert str(reply).splitlines()[1] == "best: nothing"
    assert reply.text is not None
    labels = read_table(workspace, ENTITIES).filter("is_item")["label"].to_list()
    assert not any(label in reply.text for label in labels if "(" in label)


def test_the_same_words_get_the_same_reply(sample_workspace: Path, linker: EntityLinker) -> None:
    replies = [Chat(sample_workspace, "c2crs", linker.link_one).say("What should I watch?") for _ in range(2)]
    assert replies[0] == replies[1]
    assert replies[0].linked == ()
    assert [item.reason for item in replies[0].items] == [None] * 10


def test_a_reason_is_a_path_in_the_graph(sample_workspace: Path) -> None:
    entities = read_table(sample_workspace, ENTITIES)
    named = dict(entities.select("label", "entity_id").iter_rows())
    halloween = named["Halloween (1978 film)"]
    items = entities.filter("is_item")["entity_id"]
    reasons = Reasons(sample_workspace).between(pl.Series([halloween], dtype=pl.Int32), items)
    edges = read_table(sample_workspace, EDGES)
    beside = set(edges.filter(head=halloween)["tail"])
    two_steps = set(edges.filter(pl.col("head").is_in(beside))["tail"])
    assert set(reasons) == ((beside | two_steps) - {halloween}) & set(items)
    for reason in reasons.values():
        begin, relation, *rest = reason.split(" - ")
        assert begin == "Halloween (1978 film)"
        assert relation
        assert not rest or named[rest[0]] in beside


def test_the_terminal_shows_links_items_and_the_answer(sample_workspace: Path) -> None:
    arguments = ["chat", "-w", str(sample_workspace), "--run", "c2crs"]
    result = CliRunner().invoke(main, arguments, input="I liked The Matrix\n\n")
    assert result.exit_code == 0, result.output
    assert "linked: The Matrix = The Matrix" in result.output
    assert result.output.count("\n  ") >= 10
    assert "run> " in result.output


def test_bytes_that_are_no_text_do_not_end_the_chat(sample_workspace: Path) -> None:
    arguments = ["chat", "-w", str(sample_workspace), "--run", "c2crs"]
    result = CliRunner().invoke(main, arguments, input=b"I liked The Matrix \xff\n\n")
    assert result.exit_code == 0, result.output
    assert "linked: The Matrix = The Matrix" in result.output


def test_an_unknown_run_is_named(sample_workspace: Path, linker: EntityLinker) -> None:
    with pytest.raises(KgprepError, match="holds no trained run"):
        Chat(sample_workspace, "nobody", linker.link_one)


def test_evaluation_shows_responses_with_filled_slots(sample_workspace: Path) -> None:
    metrics = json.loads((sample_workspace / "runs" / "c2crs" / "metrics.json").read_text())
    generation = metrics["generation"]["test"]
    names = read_table(sample_workspace, ITEMS)["name"].to_list()
    samples = generation["samples"]
    assert len(samples) == min(20, generation["responses"])
    assert all(set(sample) == {"before", "said", "answer"} for sample in samples)
    with_slot = [sample["said"] for sample in samples if any(name in sample["said"] for name in names)]
    assert bool(with_slot) == (generation["responses_with_an_item"] > 0)
    assert not any("<item>" in sample["said"] for sample in samples)
