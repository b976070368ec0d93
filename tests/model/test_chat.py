"""Talking with the sample's trained run, as a function and in the terminal."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from kgprep.artifacts import EDGES, ENTITIES, ITEMS, KgprepError, read_table
from kgprep.cli import main
from kgprep.linking.linker import EntityLinker
from model.chat import Chat
from model.reasons import Reasons


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
    assert first.text
    assert any(
        item.reason and item.reason.startswith(("Halloween (1978 film) - ", "Horror film - ")) for item in first.items
    )
    second = chat.say("No, I want something like The Matrix.")
    said_before = {label for label in labels if label.split(" (")[0] in first.text}
    assert not said_before & {item.label for item in second.items}
    assert second.items != first.items


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
