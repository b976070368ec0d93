"""Measures a trained run: recommendation beside the baselines, and generation.

Notable here:
- recall is given under four protocols, with intervals, beside popularity and copy-history on the same samples;
- `c2crs_new_items` is the same ranking with what the dialogue has named struck from it, as a system would show it that
  never says an item twice;
- what a run has not learnt is left out: its own ranking, or generation;
- generation is measured on a seeded choice of responses, whose size is in the config and in the result.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from kgprep.artifacts import write_beside
from model.baselines import copy_history, popularity
from model.batches import batches, pad_slices, read_responses
from model.checkpoint import Loaded, load, pick_device
from model.config import TrainConfig
from model.data import NONE, Corpus, Samples
from model.metrics import ranks, recall_table
from model.perplexity import Surprise, surprise_of
from model.responses import fill_slots, first_draws, new_items, said_words, words_of
from model.runs import run_folder
from model.scores import score_samples, scores_before, without_named
from model.system import System, memory_of
from model.terminal import console
from model.text import END, ITEM, PAD, SPECIALS, UNKNOWN
from model.text_metrics import bleu, distinct_per_sentence, distinct_pooled

_OF_THE_RUN = ("c2crs", "c2crs_new_items")
_BASELINES = ("popularity", "copy_history")

SAMPLES = 20
SAMPLE_TOKENS = 60


def evaluate(workspace: Path, run: str, split: str = "test") -> dict[str, Any]:
    """Measure a run on one split and write its metrics.json.

    Args:
        workspace: folder of the bundle.
        run: name of a trained run.
        split: ``valid`` or ``test``.

    Returns:
        What metrics.json holds: recommendation and generation by split, as far as the run has learnt them, and the
        run's config.

    Raises:
        KgprepError: there is no such run, or it was trained on another bundle.
    """
    loaded = load(workspace, run)
    # What was trained on CUDA may be measured without.
    loaded.system.move(pick_device("cpu" if loaded.config.device == "cpu" else "auto"))
    loaded.system.eval()
    for sentence in loaded.lacks:
        console.print(f"  {sentence}")
    with torch.no_grad():
        recommendation = _recommendation(loaded, split)
        generation = {split: _generation(loaded, split)} if "generate" in loaded.learnt else {}
    path = run_folder(workspace, run) / "metrics.json"
    about = {"name": run, "config": loaded.record["config"], "training": loaded.record["training"]}
    other = _other_splits(path, about)
    metrics = {
        "recommendation": {**other.get("recommendation", {}), split: recommendation},
        "generation": {**other.get("generation", {}), **generation},
        "run": about,
    }
    with write_beside(path) as partial:
        partial.write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    return metrics


def _other_splits(path: Path, about: dict[str, Any]) -> dict[str, Any]:
    """Return what was measured before of the very same run, so that one split does not erase another."""
    if not path.exists():
        return {}
    try:
        metrics = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return {}
    return metrics if isinstance(metrics, dict) and metrics.get("run") == about else {}


def _recommendation(loaded: Loaded, split: str) -> dict[str, Any]:
    corpus = loaded.corpus
    samples, turns = corpus.splits[split], corpus.turns
    return {
        name: recall_table(
            found,
            turns.is_recommender[samples.turn],
            samples.novel,
            turns.dialogue[samples.turn],
            seed=loaded.config.seed,
        )
        for name, found in _ranks_by_system(loaded.system, corpus, samples, loaded.config).items()
        if name in _BASELINES or "recommend" in loaded.learnt
    }


def _ranks_by_system(system: System, corpus: Corpus, samples: Samples, config: TrainConfig) -> dict[str, Tensor]:
    """Return the ranks of what is asked for, float64 [samples], by what recommends."""
    popular = popularity.scores(corpus.splits["train"].target, len(corpus.items))
    names = (*_OF_THE_RUN, *_BASELINES)
    found = {name: torch.zeros(len(samples.target), dtype=torch.float64) for name in names}
    for numbers, scores in score_samples(system, corpus, samples, config):
        turns = samples.turn[numbers]
        named = copy_history.scores(*_named_items(corpus, turns), popular)
        by_system = (scores, without_named(corpus, turns, scores), popular.expand_as(scores), named)
        for name, table in zip(names, by_system, strict=True):
            found[name][numbers] = ranks(table, samples.target[numbers])
    return found


def _named_items(corpus: Corpus, turns: Tensor) -> tuple[Tensor, Tensor]:
    """Return the items named before each turn (int64 [n]), oldest first: offsets int64 [n + 1] and items int64 [m]."""
    before = corpus.turns.mentions.at(turns)
    lengths = before.end - before.start
    turn = torch.arange(len(lengths)).repeat_interleave(lengths)
    within = torch.arange(int(lengths.sum())) - (lengths.cumsum(0) - lengths)[turn]
    items = corpus.mentions.item[before.start[turn] + within]
    kept = items != NONE
    counts = torch.bincount(turn[kept], minlength=len(lengths))
    return torch.cat([torch.zeros(1, dtype=torch.int64), counts.cumsum(0)]), items[kept]


def _generation(loaded: Loaded, split: str) -> dict[str, Any]:
    """Return perplexity, Distinct and BLEU of a seeded choice of responses, and some of them."""
    system, corpus, config = loaded.system, loaded.corpus, loaded.config
    every = corpus.splits[split].responses
    order = torch.randperm(len(every), generator=torch.Generator().manual_seed(config.seed))
    turns = every[order[: config.generate.test_responses]].sort().values
    if not len(turns):
        return {"responses": 0}
    said: list[list[str]] = [[]] * len(turns)
    wanted: list[list[str]] = [[]] * len(turns)
    surprise, unknown, draws = Surprise(), 0, first_draws(system, config)
    lengths = corpus.turns.history.end - corpus.turns.history.start
    for rows in batches(lengths[turns], config.generate.batch, config.generate.places, None):
        responses = read_responses(corpus, turns[rows], config.text).to(system.device)
        memory, target = memory_of(system, responses.contexts), responses.wanted
        surprise += surprise_of(system.generator, responses, memory)
        unknown += int((target == UNKNOWN).sum())
        words, references = said_words(system, corpus, memory, config, draws), words_of(corpus, target)
        for row, word, reference in zip(rows.tolist(), words, references, strict=True):
            said[row], wanted[row] = word, [token for token in reference if token != SPECIALS[END]]
    item = corpus.vocabulary.words[ITEM]
    return {
        "responses": len(turns),
        "perplexity": surprise.perplexity,
        "unknown_tokens": unknown / max(surprise.tokens + unknown, 1),
        "items_per_response": sum(sentence.count(item) for sentence in said) / len(said),
        "responses_with_an_item": sum(item in sentence for sentence in said) / len(said),
        **{f"distinct_pooled@{n}": distinct_pooled(said, n) for n in (1, 2, 3, 4)},
        **{f"distinct_per_sentence@{n}": distinct_per_sentence(said, n) for n in (1, 2, 3, 4)},
        **{f"bleu@{n}": bleu(said, wanted, n) for n in (1, 2, 3, 4)},
        "samples": _samples(loaded, turns, said, wanted),
    }


def _samples(loaded: Loaded, turns: Tensor, said: list[list[str]], wanted: list[list[str]]) -> list[dict[str, str]]:
    """Return a few responses beside what was said before and what the data set answers."""
    system, corpus, config = loaded.system, loaded.corpus, loaded.config
    chosen = torch.linspace(0, len(turns) - 1, min(SAMPLES, len(turns))).long()
    shown = turns[chosen]
    before = pad_slices(corpus.tokens, corpus.turns.history.at(shown).last(SAMPLE_TOKENS), PAD)
    items: list[list[int]] = [[] for _ in chosen]
    if "recommend" in loaded.learnt:
        items = new_items(corpus, shown, scores_before(system, corpus, shown, config), config.text.response_tokens)
    space = "" if corpus.vocabulary.chinese else " "
    return [
        {
            "before": space.join(words),
            "said": fill_slots(corpus, said[row], ranked).text,
            "answer": space.join(wanted[row]),
        }
        for row, words, ranked in zip(chosen.tolist(), words_of(corpus, before), items, strict=True)
    ]
