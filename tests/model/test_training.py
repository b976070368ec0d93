"""Training on the sample's bundle: what is read, that it can be repeated, and what a checkpoint accepts."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import polars as pl
import pytest
import torch
from click.testing import CliRunner

from kgprep.artifacts import ENTITIES, MENTIONS, TRIPLES, UTTERANCES, KgprepError, read_table, write_parquet
from kgprep.cli import main
from model.batches import pad_slices, read_contexts
from model.checkpoint import load
from model.config import load_config
from model.data import NONE, read_corpus
from model.evaluate import evaluate
from model.text import ITEM, PAD
from model.train import train
from pipelines.recipe import SAMPLE
from tests.model.ctrl_c import at_step

SHORT = load_config("small", ["max_steps=2", "generate.test_responses=8"])
VIEWS = {"all_roles/all_targets", "all_roles/novel_targets", "recommender/all_targets", "recommender/novel_targets"}


@pytest.fixture
def copied(sample_workspace: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sample_workspace, tmp_path / "ws"))


def test_samples_are_the_items_that_turns_name(sample_workspace: Path) -> None:
    corpus = read_corpus(sample_workspace, SHORT.text)
    utterances = read_table(sample_workspace, UTTERANCES)
    gold = read_table(sample_workspace, MENTIONS).filter(pl.col("method").cast(pl.String) == "gold")
    turns = (
        utterances.sort("dialogue_id", "turn")
        .with_columns(group=pl.struct("dialogue_id", pl.col("role").cast(pl.String)).rle_id())
        .filter(pl.col("group") > pl.col("group").min().over("dialogue_id"))
        .join(gold, on=["dialogue_id", "turn"])
        .unique(["group", "entity_id"])
    )
    for split, samples in corpus.splits.items():
        assert len(samples.target) == turns.filter(pl.col("split").cast(pl.String) == split).height


def test_a_context_holds_what_came_before_and_nothing_of_the_turn_itself(sample_workspace: Path) -> None:
    corpus = read_corpus(sample_workspace, SHORT.text)
    samples = corpus.splits["test"]
    contexts = read_contexts(corpus, samples.turn, SHORT.text)
    before = corpus.turns.mentions.at(samples.turn)
    marked = pad_slices(corpus.mentions.item, before, NONE)
    assert bool(((marked == samples.target[:, None]).any(dim=1) == ~samples.novel).all())
    turns, dialogue = corpus.turns, corpus.turns.dialogue
    first_of_dialogue = torch.searchsorted(dialogue, dialogue[samples.turn])
    tokens_before = turns.history.end[samples.turn] - turns.history.end[first_of_dialogue]
    assert torch.equal((contexts.history != PAD).sum(dim=1), tokens_before.clamp(max=SHORT.text.history_tokens))


def test_a_mention_s_tokens_spell_its_entity_or_its_words(sample_workspace: Path) -> None:
    corpus = read_corpus(sample_workspace, SHORT.text)
    labels = dict(read_table(sample_workspace, ENTITIES).select("entity_id", "label").rows())
    contexts = read_contexts(corpus, corpus.splits["train"].contexts[:50], SHORT.text)
    words = corpus.vocabulary.words
    item_entities = set(corpus.items.tolist())
    seen = 0
    for row, slot in (contexts.word_end > contexts.word_start).nonzero().tolist():
        entity = int(contexts.entity[row, slot])
        assert entity != NONE
        if entity not in item_entities:
            continue
        span = contexts.history[row, contexts.word_start[row, slot] : contexts.word_end[row, slot]]
        spelt = " ".join(words[token] for token in span.tolist())
        seen += spelt.split()[0] in labels[entity].lower()
    assert seen > 20


def test_the_same_seed_gives_the_same_weights_and_figures(copied: Path) -> None:
    for run in ("one", "two"):
        train(copied, run, SHORT)
        evaluate(copied, run)
    folders = [copied / "runs" / run for run in ("one", "two")]
    assert len({(folder / "model.safetensors").read_bytes() for folder in folders}) == 1
    figures = [json.loads((folder / "metrics.json").read_text()) for folder in folders]
    assert figures[0]["recommendation"] == figures[1]["recommendation"]
    assert figures[0]["generation"] == figures[1]["generation"]


def test_metrics_give_four_protocols_for_the_model_and_both_baselines(sample_workspace: Path) -> None:
    metrics = json.loads((sample_workspace / "runs" / "c2crs" / "metrics.json").read_text())
    systems = metrics["recommendation"]["test"]
    assert set(systems) == {"c2crs", "c2crs_new_items", "popularity", "copy_history"}
    for views in systems.values():
        assert set(views) == VIEWS
        for figures in views.values():
            assert figures["recall@10"]["low"] <= figures["recall@10"]["value"] <= figures["recall@10"]["high"]
    assert systems["copy_history"]["all_roles/novel_targets"]["recall@1"]["value"] < 0.1
    for view in ("all_roles/novel_targets", "recommender/novel_targets"):
        for figure in ("recall@1", "recall@10", "mrr@50"):
            assert systems["c2crs_new_items"][view][figure]["value"] >= systems["c2crs"][view][figure]["value"]


def test_measuring_one_split_keeps_the_figures_of_another_until_the_run_is_trained_anew(copied: Path) -> None:
    test = json.loads((copied / "runs" / "c2crs" / "metrics.json").read_text())["recommendation"]["test"]
    both = evaluate(copied, "c2crs", "valid")["recommendation"]
    assert set(both) == {"test", "valid"}
    assert both["test"] == test
    train(copied, "c2crs", load_config("small", ["max_steps=1", "generate.test_responses=4"]), overwrite=True)
    assert set(evaluate(copied, "c2crs", "valid")["recommendation"]) == {"valid"}


def test_a_checkpoint_of_another_bundle_is_refused(copied: Path) -> None:
    triples = read_table(copied, TRIPLES)
    write_parquet(TRIPLES, triples.slice(1), TRIPLES.path(copied))
    with pytest.raises(KgprepError, match="was trained on another bundle"):
        load(copied, "c2crs")


def test_a_bundle_that_changes_during_training_ends_it_without_a_checkpoint(copied: Path) -> None:
    triples = read_table(copied, TRIPLES)
    config = load_config("small", ["max_steps=1", "fine.epochs=0", "recommend.epochs=0", "generate.epochs=0"])
    with (
        at_step(1, lambda: write_parquet(TRIPLES, triples.slice(1), TRIPLES.path(copied))),
        pytest.raises(KgprepError, match="holds another bundle than when training began"),
    ):
        train(copied, "late", config)
    assert not (copied / "runs" / "late" / "checkpoint.json").exists()


def test_a_checkpoint_of_another_version_is_refused(copied: Path) -> None:
    train(copied, "one", SHORT)
    path = copied / "runs" / "one" / "checkpoint.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**record, "form": 0}), encoding="utf-8")
    with pytest.raises(KgprepError, match=r"written by another version of kgprep: train again with .*--run one"):
        load(copied, "one")


def test_measuring_a_checkpoint_again_gives_the_same_to_the_last_digit(copied: Path) -> None:
    train(copied, "one", SHORT)
    path = copied / "runs" / "one" / "metrics.json"
    evaluate(copied, "one")
    first = path.read_bytes()
    path.unlink()
    evaluate(copied, "one")
    assert path.read_bytes() == first


def test_a_checkpoint_knows_what_its_tokens_weighed(copied: Path) -> None:
    train(copied, "one", load_config("small", ["max_steps=1", "generate.frequency_threshold=50"]))
    loaded = load(copied, "one")
    corpus = loaded.corpus
    responses = corpus.turns.response.at(corpus.splits["train"].responses)
    said = sum(
        corpus.response_tokens[start:end].tolist().count(ITEM)
        for start, end in zip(responses.start.tolist(), responses.end.tolist(), strict=True)
    )
    assert said > 100
    assert float(loaded.system.generator.token_weights[ITEM]) == pytest.approx(max(50 / said, 0.02))


def test_damaged_weights_are_named(copied: Path) -> None:
    weights = copied / "runs" / "c2crs" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(KgprepError, match=r"model\.safetensors is damaged"):
        load(copied, "c2crs")


@pytest.mark.parametrize("name", ["model.safetensors", "checkpoint.json"])
def test_what_may_not_be_read_is_not_called_damaged(copied: Path, name: str) -> None:
    path = copied / "runs" / "c2crs" / name
    path.unlink()
    path.mkdir()
    with pytest.raises(KgprepError, match=rf"cannot read .*{name} \(Is a directory\): make it readable"):
        load(copied, "c2crs")


def test_all_files_of_a_run_may_be_read_by_the_same_people(sample_workspace: Path) -> None:
    files = [path for path in (sample_workspace / "runs" / "c2crs").iterdir() if path.is_file()]
    assert len(files) == 5
    assert len({path.stat().st_mode for path in files}) == 1


def test_a_loss_that_is_no_number_ends_the_run_and_leaves_nothing_of_the_one_it_replaces(copied: Path) -> None:
    config = load_config("small", ["max_steps=3", "recommend.learning_rate=1e30", "recommend.clip=1e30"])
    with pytest.raises(KgprepError, match="the loss of phase recommend is"):
        train(copied, "c2crs", config, overwrite=True)
    left = {path.name for path in (copied / "runs" / "c2crs").iterdir()}
    assert left == {"log.jsonl", "tensorboard", "unfinished.pt"}


@pytest.mark.parametrize(
    ("phase", "figure"),
    [("fine", "loss"), ("recommend", "1 - mean recall at 1, 10, 50"), ("generate", "perplexity")],
)
def test_a_phase_whose_last_step_goes_wild_is_named(copied: Path, phase: str, figure: str) -> None:
    settings = ["max_steps=1", "coarse.epochs=0", f"{phase}.learning_rate=1e30", f"{phase}.clip=1e30"]
    others = {"fine", "recommend", "generate"} - {phase}
    config = load_config("small", [*settings, *(f"{other}.epochs=0" for other in others)])
    with pytest.raises(
        KgprepError, match=f"the validation {re.escape(figure)} of phase {phase} is .* after step 1: lower {phase}"
    ):
        train(copied, "wild", config)
    assert not (copied / "runs" / "wild" / "checkpoint.json").exists()


def test_a_bundle_without_held_out_dialogues_is_trained_and_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "Is Inception good?"
    message = {"role": "seeker", "text": said, "mentions": [{"start": 3, "end": 12, "item_id": "i1"}]}
    answer = {"role": "recommender", "text": "Very good."}
    items = [{"item_id": "i1", "name": "Inception", "year": 2010}]
    dialogue = {"dialogue_id": "d1", "split": "train", "messages": [message, answer], "items": items}
    (tmp_path / "own.jsonl").write_text(json.dumps(dialogue) + "\n")
    monkeypatch.chdir(tmp_path)
    for command in (
        ["build-kg", "--dialogues", "jsonl:own.jsonl", "--dump", str(SAMPLE / "dbpedia.nt")],
        ["align-reviews"],
        ["train", "--run", "r", "--config", "small", "--max-steps", "1"],
        ["evaluate", "--run", "r", "--split", "valid"],
    ):
        result = CliRunner().invoke(main, [command[0], "-w", "ws", *command[1:]])
        assert result.exit_code == 0, result.output
    logged = [json.loads(line) for line in Path("ws/runs/r/log.jsonl").read_text().splitlines()]
    assert [epoch["valid"] for epoch in logged] == [None] * len(logged)
    assert logged


def test_a_damaged_or_foreign_metrics_file_is_written_anew(copied: Path) -> None:
    path = copied / "runs" / "c2crs" / "metrics.json"
    for content in ("", "[]", "{}"):
        path.write_text(content)
        assert set(evaluate(copied, "c2crs")["recommendation"]) == {"test"}


def test_a_title_that_is_all_in_brackets_is_read(copied: Path) -> None:
    named = read_table(copied, MENTIONS).filter(pl.col("method").cast(pl.String) == "gold")["entity_id"][0]
    label = pl.when(pl.col("entity_id") == named).then(pl.lit("(Untitled)")).otherwise("label").alias("label")
    write_parquet(ENTITIES, read_table(copied, ENTITIES).with_columns(label), ENTITIES.path(copied))
    corpus = read_corpus(copied, SHORT.text)
    item = int((corpus.items == named).nonzero())
    said = corpus.mentions.item == item
    assert bool(said.any())
    spans = corpus.mentions.tokens
    assert bool((spans.end > spans.start)[said].all())


def test_a_run_leaves_its_curves_and_scalars(sample_workspace: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = sample_workspace / "runs" / "c2crs"
    assert (folder / "curves.png").read_bytes().startswith(b"\x89PNG")
    events = EventAccumulator(str(folder / "tensorboard"))
    events.Reload()
    logged = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    for phase in ("coarse", "fine", "recommend", "generate"):
        expected = [epoch["valid"] for epoch in logged if epoch["phase"] == phase]
        assert [event.value for event in events.Scalars(f"{phase}/valid")] == pytest.approx(expected)
    for epoch in logged:
        assert sum(epoch["parts"].values()) == pytest.approx(epoch["loss"])
        assert epoch["samples"] > 0
    pairs = {"history-graph", "history-reviews", "graph-reviews"}
    parts = {epoch["phase"]: set(epoch["parts"]) for epoch in logged}
    triples = {"word-node", "word-sentence", "node-sentence"}
    assert parts == {"coarse": pairs, "fine": pairs | triples, "recommend": {"items"}, "generate": {"words"}}
    assert len(events.Scalars("coarse/loss of history-graph")) == sum(epoch["phase"] == "coarse" for epoch in logged)


def test_a_run_is_named_plainly(sample_workspace: Path) -> None:
    with pytest.raises(KgprepError, match="cannot name a run"):
        train(sample_workspace, "../elsewhere", SHORT)


@pytest.mark.slow
def test_a_trained_model_beats_popularity_and_copy_history_on_novel_targets(copied: Path) -> None:
    train(copied, "full", load_config("small"))
    systems = evaluate(copied, "full")["recommendation"]["test"]
    novel = {name: views["all_roles/novel_targets"]["recall@10"] for name, views in systems.items()}
    assert novel["c2crs"]["low"] > novel["popularity"]["value"]
    assert novel["c2crs"]["low"] > novel["copy_history"]["value"]
