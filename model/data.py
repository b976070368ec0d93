"""The bundle as packed tensors: every text once, every sample a pair of offsets.

Notable here:
- consecutive utterances of one role are one turn, as the field has it; a sample asks for one item that a turn names;
- the tokens of all dialogues lie in one row, so the history of a turn is a slice of it, and nothing is stored twice;
- utterances are cut at their mentions: the encoder reads an item's title, the decoder an item slot, and the token
  positions of every mention are known;
- a context holds what stands before the turn and nothing of the turn itself, whose items are the targets.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl
import torch
from torch import Tensor

from kgprep.artifacts import ALIASES, ENTITIES, MENTIONS, SPLITS, TRIPLES, UTTERANCES, KgprepError, read_table
from model.config import TextConfig
from model.text import (
    END,
    ITEM,
    NEVER_SAID,
    PAD,
    RECOMMENDER,
    SEEKER,
    SPECIALS,
    UNKNOWN,
    Vocabulary,
    build_vocabulary,
    is_chinese,
    tokenise,
)

NONE = -1


@dataclass(frozen=True)
class Slices:
    """Where each of n things lies in a packed tensor: int64 [n] each."""

    start: Tensor
    end: Tensor

    def at(self, rows: Tensor) -> Slices:
        """Return the slices of some rows."""
        return Slices(self.start[rows], self.end[rows])

    def last(self, most: int) -> Slices:
        """Return the slices cut to their last `most` places."""
        return Slices(torch.maximum(self.start, self.end - most), self.end)


@dataclass(frozen=True)
class Mentions:
    """All mentions in the order of the text; int64 [mentions]."""

    entity: Tensor  # entity id
    item: Tensor  # place in Corpus.items of an item named by the data set's mark; NONE: no such item
    place: Tensor  # place in Corpus.items of the entity, whoever found it; NONE: no item
    sentence: Tensor  # place of the triple's sentence; NONE: no triple
    turn: Tensor  # number of the turn that names it
    tokens: Slices  # of Corpus.tokens: the words that name the entity


@dataclass(frozen=True)
class Turns:
    """All turns in the order of the text; [turns]."""

    dialogue: Tensor  # int64, number of the dialogue
    is_recommender: Tensor  # bool
    history: Slices  # of Corpus.tokens: the dialogue before this turn
    mentions: Slices  # of the mentions: those before this turn
    response: Slices  # of Corpus.response_tokens: what is said in this turn


@dataclass(frozen=True)
class Samples:
    """What one split asks for."""

    turn: Tensor  # int64 [samples], the turn that names the target
    target: Tensor  # int64 [samples], place in Corpus.items
    novel: Tensor  # bool [samples], not named earlier in the dialogue
    contexts: Tensor  # int64 [contexts], turns before which something was mentioned: what contrastive learning reads
    responses: Tensor  # int64 [responses], turns of the recommender: what is learnt to be said


@dataclass(frozen=True)
class Corpus:
    """All a model reads of a bundle but its graph; flat tensors are int64."""

    vocabulary: Vocabulary
    items: Tensor  # [items], entity ids that can be recommended
    item_labels: tuple[str, ...]  # [items]
    tokens: Tensor  # [tokens], all utterances as the encoder reads them
    copy_tokens: Tensor  # [tokens], the same as a response would say them; PAD: cannot be said
    response_tokens: Tensor  # all turns as the decoder says them, END after each
    sentence_tokens: Tensor  # all sentences of triples
    sentences: Slices  # of `sentence_tokens`
    mentions: Mentions
    turns: Turns
    splits: dict[str, Samples]


def read_corpus(workspace: Path, config: TextConfig, vocabulary: Vocabulary | None = None) -> Corpus:
    """Return the bundle's dialogues and triples as packed tensors.

    Args:
        workspace: folder of the bundle.
        config: how texts are cut.
        vocabulary: the words of a trained model; None builds them from the training split.

    Raises:
        KgprepError: a table is missing or outdated, or there is no training dialogue or no item.
    """
    utterances = read_table(workspace, UTTERANCES)
    entities = read_table(workspace, ENTITIES)
    is_train = pl.col("split").cast(pl.String) == "train"
    if utterances.filter(is_train).is_empty() or not entities["is_item"].any():
        raise KgprepError(f"{workspace} holds no training dialogues or no items: run kgprep build-kg with --dialogues")
    chinese = vocabulary.chinese if vocabulary else is_chinese(utterances.filter(is_train)["text"])
    names = chinese_names(workspace) if chinese else None
    tables = Tables(entities, utterances, read_table(workspace, MENTIONS), read_table(workspace, TRIPLES))
    return pack_corpus(tables, config, vocabulary, chinese, names)


@dataclass(frozen=True)
class Tables:
    """What a corpus is made of, in the columns of the bundle's tables."""

    entities: pl.DataFrame
    utterances: pl.DataFrame
    mentions: pl.DataFrame
    triples: pl.DataFrame


def pack_corpus(
    tables: Tables, config: TextConfig, vocabulary: Vocabulary | None, chinese: bool, names: pl.Series | None
) -> Corpus:
    """Return dialogues and triples as packed tensors.

    Args:
        tables: of a bundle, or of a dialogue that is going on.
        config: how texts are cut.
        vocabulary: the words of a trained model; None builds them from the training split.
        chinese: whether words are cut by jieba.
        names: Chinese names that are words of their own.
    """
    utterances = _with_turns(tables.utterances)
    triples = tables.triples.with_columns(pl.col("sentence_id").rank("dense").cast(pl.Int64) - 1)
    entities = tables.entities.select("entity_id", "label", "is_item")
    items = entities.filter("is_item").sort("entity_id").with_row_index("item")
    mentions = _mentions(tables.mentions, utterances, items, triples)
    tokens = _tokens(_segments(utterances, mentions), chinese, names).join(
        utterances.select("utterance", "turn_number", "role", "split"),
        on="utterance",
        maintain_order="left",
        how="left",
    )
    sentences = _sentences(triples, chinese, names, config.sentence_tokens)
    if vocabulary is None:
        vocabulary = _vocabulary(tokens, sentences, chinese, config)
    return _pack(utterances, mentions, items, tokens, sentences, vocabulary)


def _with_turns(utterances: pl.DataFrame) -> pl.DataFrame:
    """Order the utterances and number them, their turns and their dialogues."""
    ordered = utterances.cast({"split": pl.String, "role": pl.String}).sort("dialogue_id", "turn")
    return ordered.with_row_index("utterance").with_columns(
        turn_number=pl.struct("dialogue_id", "role").rle_id().cast(pl.Int64),
        dialogue=pl.col("dialogue_id").rle_id().cast(pl.Int64),
    )


def _mentions(
    mentions: pl.DataFrame, utterances: pl.DataFrame, items: pl.DataFrame, triples: pl.DataFrame
) -> pl.DataFrame:
    """Return the mentions in the order of the text, each with its turn, item, title and sentence."""
    place = ["dialogue_id", "turn", "start", "end"]
    located = mentions.join(
        utterances.select("dialogue_id", "turn", "utterance", "turn_number", "dialogue", "split"),
        on=["dialogue_id", "turn"],
    )
    title = pl.col("label").str.replace(r"(\S)\s*\([^()]*\)\s*$", "$1")
    named = items.select("entity_id", place=pl.col("item").cast(pl.Int64), title=title)
    return (
        located.join(named, on="entity_id", how="left")
        .join(triples.select(*place, "sentence_id"), on=place, how="left")
        .with_columns(item=pl.when(pl.col("method").cast(pl.String) == "gold").then("place"))
        .sort("utterance", "start", "end")
        .with_row_index("mention")
        .with_columns(pl.col("mention").cast(pl.Int64))
    )


def _segments(utterances: pl.DataFrame, mentions: pl.DataFrame) -> pl.DataFrame:
    """Cut the utterances at their mentions: text, mention, text, ..., mention, text.

    Returns:
        utterance, mention (null outside mentions), item (null where no item is named), text as the encoder reads it;
        in the order of the text.
    """
    texts = utterances.select("utterance", "text")
    within = mentions.join(texts, on="utterance", maintain_order="left").with_columns(
        before=pl.col("end").shift().over("utterance").fill_null(0)
    )
    nothing = {"mention": pl.lit(None, pl.Int64), "item": pl.lit(None, pl.Int64)}
    said = pl.when(pl.col("item").is_null()).then("word").otherwise("title")
    named = within.select("utterance", "mention", "item", place="start", part=pl.lit(1), text=said)
    between = within.select(
        "utterance",
        **nothing,
        place="start",
        part=pl.lit(0),
        text=pl.col("text").str.slice("before", pl.col("start") - pl.col("before")),
    )
    last = mentions.group_by("utterance").agg(before=pl.col("end").max())
    rest = texts.join(last, on="utterance", how="left").select(
        "utterance",
        **nothing,
        place=pl.lit(2**31 - 1, pl.Int32),
        part=pl.lit(2),
        text=pl.col("text").str.slice(pl.col("before").fill_null(0)),
    )
    return pl.concat([between, named, rest]).sort("utterance", "place", "part")


def chinese_names(workspace: Path) -> pl.Series:
    """Return the Chinese names of the bundle's entities, which jieba is told."""
    aliases = read_table(workspace, ALIASES)["alias"].str.to_lowercase()
    return aliases.filter(aliases.str.contains(r"\p{Han}") & ~aliases.str.contains(r"\s")).unique().sort()


def _tokens(segments: pl.DataFrame, chinese: bool, names: pl.Series | None) -> pl.DataFrame:
    """Return one row a token: utterance, mention, item, is_first (of its segment), token."""
    return (
        segments.with_row_index("segment")
        .with_columns(token=tokenise(segments["text"], chinese, names))
        .filter(pl.col("token").list.len() > 0)
        .explode("token")
        .with_columns(is_first=pl.col("segment") != pl.col("segment").shift().fill_null(2**31))
        .select("utterance", "mention", "item", "is_first", "token")
    )


def _sentences(triples: pl.DataFrame, chinese: bool, names: pl.Series | None, longest: int) -> pl.DataFrame:
    """Return one row a sentence, in the order of its place: is_train (used by a training triple), token (list)."""
    train = (pl.col("split").cast(pl.String) == "train").any()
    sentences = triples.group_by("sentence_id").agg(pl.col("sentence").first(), is_train=train).sort("sentence_id")
    return sentences.select("is_train", token=tokenise(sentences["sentence"], chinese, names).list.head(longest))


def _vocabulary(tokens: pl.DataFrame, sentences: pl.DataFrame, chinese: bool, config: TextConfig) -> Vocabulary:
    """Build the vocabulary of the training split: titles belong to what is read, never to what is said."""
    train = tokens.filter(pl.col("split") == "train")
    said = (pl.col("role") == "recommender") & pl.col("item").is_null()
    read = sentences.filter("is_train")["token"].explode().drop_nulls()
    others = pl.concat([train.filter(~said)["token"], read])
    return build_vocabulary(train.filter(said)["token"], others, chinese, config.min_count, config.max_words)


def _pack(
    utterances: pl.DataFrame,
    mentions: pl.DataFrame,
    items: pl.DataFrame,
    tokens: pl.DataFrame,
    sentences: pl.DataFrame,
    vocabulary: Vocabulary,
) -> Corpus:
    turns = utterances.group_by("turn_number", maintain_order=True).agg(pl.col("dialogue", "role", "split").first())
    read = _read_tokens(tokens, turns, vocabulary)
    said = _said_tokens(read, turns)
    flat = sentences.select("token").with_row_index("sentence").explode("token").drop_nulls()
    packed_mentions = _pack_mentions(mentions, read)
    packed_turns = _pack_turns(turns, mentions["turn_number"], read["turn_number"], said["turn_number"])
    return Corpus(
        vocabulary=vocabulary,
        items=_integers(items["entity_id"]),
        item_labels=tuple(items["label"]),
        tokens=_integers(read["id"]),
        copy_tokens=_integers(read["copy_id"]),
        response_tokens=_integers(said["id"]),
        sentence_tokens=_integers(vocabulary.ids(flat["token"])),
        sentences=_bounds(_integers(flat["sentence"]), torch.arange(sentences.height)),
        mentions=packed_mentions,
        turns=packed_turns,
        splits={split: _samples(mentions, turns, packed_turns, split) for split in SPLITS},
    )


def _read_tokens(tokens: pl.DataFrame, turns: pl.DataFrame, vocabulary: Vocabulary) -> pl.DataFrame:
    """Return the tokens with a role token before each turn, as ids to read and ids to copy."""
    columns = ["turn_number", "mention", "item", "is_first", "token"]
    roles = turns.select(
        "turn_number",
        mention=pl.lit(None, pl.Int64),
        item=pl.lit(None, pl.Int64),
        is_first=pl.lit(True),
        token=pl.concat_str(pl.lit("<"), "role", pl.lit(">")),
    )
    merged = pl.concat([roles.select(columns), tokens.select(columns)]).sort("turn_number", maintain_order=True)
    sayable = (pl.col("id") < vocabulary.response_size) & ~pl.col("id").is_in(NEVER_SAID)
    return merged.with_columns(id=vocabulary.ids(merged["token"])).with_columns(
        copy_id=pl.when(pl.col("item").is_not_null())
        .then(pl.when("is_first").then(ITEM).otherwise(PAD))
        .otherwise(pl.when(sayable).then("id").otherwise(PAD)),
        said_id=pl.when(pl.col("item").is_not_null())
        .then(ITEM)
        .otherwise(pl.when(pl.col("id") < vocabulary.response_size).then("id").otherwise(UNKNOWN)),
    )


def _said_tokens(read: pl.DataFrame, turns: pl.DataFrame) -> pl.DataFrame:
    """Return the turns as the decoder says them: one item slot an item, END after each turn; turn_number, id."""
    is_role = pl.col("token").is_in([SPECIALS[SEEKER], SPECIALS[RECOMMENDER]])
    spoken = read.filter(~is_role & (pl.col("item").is_null() | pl.col("is_first")))
    ends = turns.select("turn_number", id=pl.lit(END, pl.Int64))
    said = spoken.select("turn_number", id=pl.col("said_id").cast(pl.Int64))
    return pl.concat([said, ends]).sort("turn_number", maintain_order=True)


def _pack_mentions(mentions: pl.DataFrame, read: pl.DataFrame) -> Mentions:
    places = (
        read.with_row_index("place")
        .filter(pl.col("mention").is_not_null())
        .group_by("mention")
        .agg(start=pl.col("place").min(), end=pl.col("place").max() + 1)
    )
    located = mentions.join(places, on="mention", how="left", maintain_order="left", suffix="_token")
    return Mentions(
        entity=_integers(located["entity_id"]),
        item=_integers(located["item"].fill_null(NONE)),
        place=_integers(located["place"].fill_null(NONE)),
        sentence=_integers(located["sentence_id"].fill_null(NONE)),
        turn=_integers(located["turn_number"]),
        tokens=Slices(_integers(located["start_token"].fill_null(0)), _integers(located["end_token"].fill_null(0))),
    )


def _pack_turns(turns: pl.DataFrame, mention_turns: pl.Series, read_turns: pl.Series, said_turns: pl.Series) -> Turns:
    number = _integers(turns["turn_number"])
    first = _integers(turns.select(pl.col("turn_number").min().over("dialogue")).to_series())
    return Turns(
        dialogue=_integers(turns["dialogue"]),
        is_recommender=(turns["role"] == "recommender").to_torch(),
        history=_bounds(_integers(read_turns), first, number),
        mentions=_bounds(_integers(mention_turns), first, number),
        response=_bounds(_integers(said_turns), number),
    )


def _samples(mentions: pl.DataFrame, turns: pl.DataFrame, packed: Turns, split: str) -> Samples:
    """Return the samples of one split.

    An item that a turn names twice is asked for once, and nothing is asked of a dialogue's first turn, where nobody
    has said anything. Whether a target is novel depends on the data set's own marks, not on the linker.
    """
    number = pl.col("turn_number")
    later = turns.filter(number > number.min().over("dialogue"))
    asked = (
        mentions.filter(pl.col("item").is_not_null())
        .with_columns(novel=number.min().over("dialogue", "item") == number)
        .filter(pl.col("split") == split, number.is_in(later["turn_number"].implode()))
        .unique(["turn_number", "item"], keep="first", maintain_order=True)
    )
    in_split = (turns["split"] == split).to_torch()
    has_context = packed.mentions.end > packed.mentions.start
    has_history = packed.history.end > packed.history.start
    return Samples(
        turn=_integers(asked["turn_number"]),
        target=_integers(asked["item"]),
        novel=asked["novel"].to_torch(),
        contexts=(in_split & has_context).nonzero().squeeze(1),
        responses=(in_split & has_history & packed.is_recommender).nonzero().squeeze(1),
    )


def _bounds(groups: Tensor, first: Tensor, end: Tensor | None = None) -> Slices:
    """Return where the groups from `first` to before `end` (one group, where None) lie in the sorted `groups`."""
    return Slices(torch.searchsorted(groups, first), torch.searchsorted(groups, first + 1 if end is None else end))


def _integers(values: pl.Series) -> Tensor:
    return values.cast(pl.Int64).to_torch()
