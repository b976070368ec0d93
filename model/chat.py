"""A conversation with a trained run: what it links, what it recommends and why, and what it says.

Notable here:
- the dialogue so far is packed as a bundle's dialogues are, so the model reads it as it read its training data;
- the linker is handed in: a function from the dialogue's last text to its links;
- what an item slot is filled with counts as mentioned from then on;
- a run that has not learnt to respond shows its items alone, one that has not learnt to recommend its answer alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import torch
from torch import Tensor

from kgprep.artifacts import ENTITIES, MENTIONS, SENTENCES, TRIPLES, UTTERANCES, collect_table, read_table, scan_table
from model.checkpoint import load
from model.data import NONE, Corpus, Tables, chinese_names, pack_corpus
from model.reasons import Reasons
from model.responses import fill_slots, first_draws, said_words
from model.scores import scores_before, without_named
from model.system import contexts_of, memory_of
from model.terminal import console

Linker = Callable[[str, list[int]], pl.DataFrame]
"""From a text and the entities spoken of before it to start, end, word, entity_id and score of its links."""

SHOWN = 10
_DIALOGUE = "chat"


@dataclass(frozen=True)
class Recommended:
    """An item, and why: a path in the graph from something mentioned, else what it is named together with, or None."""

    label: str
    reason: str | None


@dataclass(frozen=True)
class Reply:
    """What came of one utterance."""

    linked: tuple[tuple[str, str], ...]
    """Words and the labels of their entities."""
    items: tuple[Recommended, ...]
    text: str | None
    """None from a run that has not learnt to respond."""

    def __str__(self) -> str:
        """Return all of it as lines for the terminal."""
        linked = ", ".join(f"{word} = {label}" for word, label in self.linked) or "nothing"
        items = [f"  {item.label}{f'  ({item.reason})' if item.reason else ''}" for item in self.items]
        answer = [] if self.text is None else [f"run> {self.text}"]
        return "\n".join([f"linked: {linked}", "best:" if items else "best: nothing", *items, *answer])


@dataclass
class _Dialogue:
    """The rows of the conversation so far, in the columns of the bundle's tables."""

    utterances: list[pl.DataFrame] = field(default_factory=list)
    mentions: list[pl.DataFrame] = field(default_factory=list)

    def add(self, role: str, text: str, links: pl.DataFrame) -> None:
        turn = len(self.utterances)
        row = {"split": "test", "dialogue_id": _DIALOGUE, "turn": turn, "role": role, "text": text}
        self.utterances.append(pl.DataFrame([row], schema=UTTERANCES.schema))
        # What is linked here is spoken of as surely as what a data set marks.
        named = links.with_columns(dialogue_id=pl.lit(_DIALOGUE), turn=pl.lit(turn), method=pl.lit("gold"))
        self.mentions.append(named.select(MENTIONS.schema.names()).cast(MENTIONS.schema))

    @property
    def spoken_of(self) -> pl.Series:
        """The entities mentioned so far."""
        return pl.concat([pl.DataFrame(schema=MENTIONS.schema), *self.mentions])["entity_id"].unique(
            maintain_order=True
        )


class Chat:
    """A conversation with one run."""

    def __init__(self, workspace: Path, run: str, link: Linker) -> None:
        """Load a run.

        Args:
            workspace: folder of the bundle.
            run: name of a trained run.
            link: finds entities in a text.

        Raises:
            KgprepError: there is no such run, or it was trained on another bundle.
        """
        loaded = load(workspace, run)
        for sentence in loaded.lacks:
            console.print(f"  {sentence}")
        self._learnt = loaded.learnt
        self._system, self._config, self._vocabulary = loaded.system, loaded.config, loaded.corpus.vocabulary
        self._system.eval()
        self._entities = read_table(workspace, ENTITIES)
        self._labels = dict(self._entities.select("entity_id", "label").iter_rows())
        best = pl.col("sentence_id").min().over("entity_id") == pl.col("sentence_id")
        self._sentences = collect_table(workspace, SENTENCES, scan_table(workspace, SENTENCES).filter(best))
        self._names = chinese_names(workspace) if self._vocabulary.chinese else None
        self._reasons = Reasons(workspace)
        self._link = link
        self._draws = first_draws(self._system, self._config)
        self._dialogue = _Dialogue()

    def say(self, text: str) -> Reply:
        """Return what the run answers to the user's next utterance."""
        links = self._link(text, self._dialogue.spoken_of.to_list())
        self._dialogue.add("seeker", text, links)
        linked = tuple((word, self._labels[entity]) for word, entity in links.select("word", "entity_id").iter_rows())
        corpus = self._corpus()
        turn = torch.tensor([len(corpus.turns.dialogue) - 1])
        ranked = self._ranked(corpus, turn)
        best = ranked[:SHOWN]
        items = corpus.items[best]
        paths = self._reasons.between(self._dialogue.spoken_of, pl.Series(items.tolist(), dtype=pl.Int32))
        reasons = dict(zip(items.tolist(), self._named_together(best), strict=True)) | paths
        said = self._answer(corpus, turn, ranked.tolist()) if "generate" in self._learnt else None
        recommended = tuple(Recommended(self._labels[item], reasons.get(item)) for item in items.tolist())
        return Reply(linked, recommended, said)

    def _ranked(self, corpus: Corpus, turn: Tensor) -> Tensor:
        """Return the items (int64 [k], places) that were not named before `turn` (int64 [1]), the best first."""
        if "recommend" not in self._learnt:
            return torch.zeros(0, dtype=torch.int64)
        scores = without_named(corpus, turn, scores_before(self._system, corpus, turn, self._config))[0]
        # What was named has a score of minus infinity, so it stands last.
        return scores.argsort(descending=True)[: int(scores.isfinite().sum())]

    def _named_together(self, places: Tensor) -> list[str | None]:
        """Return which of what was mentioned training dialogues name each item (int64 [k], places) together with."""
        together, mentioned = self._system.recommender.co_mentions, self._dialogue.spoken_of.to_list()
        if together is None:
            return [None] * len(places)
        tellers = together.who_tells_most(torch.tensor(mentioned, dtype=torch.int64), places).tolist()
        return [None if who == NONE else f"{self._labels[mentioned[who]]} - named together" for who in tellers]

    def _corpus(self) -> Corpus:
        """Return the dialogue as a corpus whose last turn is the answer that is due."""
        utterances = pl.concat(self._dialogue.utterances)
        due = {"split": "test", "dialogue_id": _DIALOGUE, "turn": utterances.height, "role": "recommender", "text": ""}
        mentions = pl.concat(self._dialogue.mentions)
        triples = mentions.join(
            self._sentences.select("entity_id", "sentence_id", sentence="text"), on="entity_id", maintain_order="left"
        ).with_columns(split=pl.lit("test"))
        tables = Tables(
            self._entities,
            pl.concat([utterances, pl.DataFrame([due], schema=UTTERANCES.schema)]),
            mentions,
            triples.select(TRIPLES.schema.names()).cast(TRIPLES.schema),
        )
        vocabulary = self._vocabulary
        corpus = pack_corpus(tables, self._config.text, vocabulary, vocabulary.chinese, self._names)
        self._system.encoders.sentences = (corpus.sentence_tokens, corpus.sentences.start, corpus.sentences.end)
        return corpus

    def _answer(self, corpus: Corpus, turn: Tensor, ranked: list[int]) -> str:
        """Say the answer that is due at `turn` (int64 [1]), add it to the dialogue, and return it."""
        with torch.no_grad():
            memory = memory_of(self._system, contexts_of(self._system, corpus, turn, self._config.text))
            words = said_words(self._system, corpus, memory, self._config, self._draws)[0]
        filled = fill_slots(corpus, words, ranked)
        links = [
            (slot.start, slot.end, corpus.item_labels[slot.item], int(corpus.items[slot.item]), 1.0)
            for slot in filled.slots
        ]
        schema = {name: MENTIONS.schema[name] for name in ("start", "end", "word", "entity_id", "score")}
        self._dialogue.add("recommender", filled.text, pl.DataFrame(links, schema=schema, orient="row"))
        return filled.text
