"""Links in dialogues and in sentences: what the linker finds, given what has been said or what is reviewed.

Notable here:
- an utterance's context is the gold mentions of the turns before it and never its own, so that no target helps to find
  words beside it;
- all links of a dialogue are chosen together: what is surely linked is in play in its turn and in those after it, and
  weighs less with every turn;
- a link that overlaps a gold mention is dropped: gold wins.
"""

from __future__ import annotations

import polars as pl

from kgprep.artifacts import MENTIONS, MentionMethodEnum
from kgprep.counts import Count
from kgprep.linking.evidence import UNMARKED_TITLES
from kgprep.linking.linker import LINKS, EntityLinker, as_play, sure_play

FADING = 0.9
"""What an entity's weight is multiplied by with every turn that passes."""

_UTTERANCE = ("dialogue_id", "turn")
_BATCH = 50_000
"""Sentences linked at a time: each is linked alone, so this bounds the memory and changes nothing else."""


def link_dialogues(
    linker: EntityLinker, utterances: pl.DataFrame, gold: pl.DataFrame
) -> tuple[pl.DataFrame, list[Count]]:
    """Add links to the gold mentions of dialogues.

    Args:
        linker: of the bundle's entities.
        utterances: the table dialogues/utterances.
        gold: the gold rows of dialogues/mentions.

    Returns:
        The table dialogues/mentions, sorted by its key, and what was kept of what.
    """
    ordered = utterances.sort(_UTTERANCE)
    numbered = ordered.select(_UTTERANCE).with_row_index("row")
    candidates = linker.candidates(ordered["text"])
    spoken_of = _said_before(numbered, gold)
    # Where the data set marks its items, hardly any title is left to be found.
    titles = 0.0 if gold.is_empty() else UNMARKED_TITLES
    first = linker.choose(candidates, as_play(spoken_of), titles)
    found = linker.choose(candidates, _with_sure_links(spoken_of, first, numbered), titles)
    placed = found.join(numbered, left_on="text", right_on="row").with_columns(
        method=pl.lit("link", MentionMethodEnum), score=pl.col("score").cast(pl.Float32)
    )
    free = placed.join(_overlapping(placed, gold), on=(*_UTTERANCE, "start", "end"), how="anti")
    columns = MENTIONS.schema.names()
    mentions = pl.concat([gold.select(columns), free.select(columns).cast(MENTIONS.schema)])
    counts = [
        Count("gold mentions in dialogues", gold.height),
        Count("links in dialogues that do not overlap a gold mention", free.height, placed.height),
    ]
    return mentions.sort(*_UTTERANCE, "start", "end"), counts


def link_sentences(linker: EntityLinker, sentences: pl.DataFrame) -> pl.DataFrame:
    """Link words of sentences, the reviewed entity being known.

    Args:
        linker: of the bundle's entities.
        sentences: entity_id i32, text str.

    Returns:
        row u32 (the sentence's row), start, end, word, entity_id, score; sorted by row and start.
    """
    parts = [_link_batch(linker, sentences.slice(first, _BATCH), first) for first in range(0, sentences.height, _BATCH)]
    found = pl.concat([pl.DataFrame(schema=LINKS), *parts])
    renamed = found.select(pl.col("text").alias("row"), "start", "end", "word", "entity_id", "score")
    return renamed.sort("row", "start")


def _link_batch(linker: EntityLinker, sentences: pl.DataFrame, first: int) -> pl.DataFrame:
    context = sentences.select("entity_id").with_row_index("text")
    found = linker.link(sentences["text"], context, UNMARKED_TITLES)
    return found.with_columns(pl.col("text") + pl.lit(first, pl.UInt32))


def _said_before(numbered: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    """Return which entities were named in earlier turns: text u32 (row of the utterance), entity_id i32, weight f32.

    Args:
        numbered: row, dialogue_id, turn of the utterances.
        named: dialogue_id, turn, entity_id.
    """
    return (
        numbered.lazy()
        .join(named.lazy().select("dialogue_id", "entity_id", named_in="turn"), on="dialogue_id")
        .filter(pl.col("named_in") < pl.col("turn"))
        .group_by(pl.col("row").alias("text"), "entity_id")
        .agg(weight=pl.lit(FADING, pl.Float32).pow((pl.col("turn") - pl.col("named_in")).min() - 1))
        .sort("text", "entity_id")
        .collect()
    )


def _with_sure_links(spoken_of: pl.DataFrame, links: pl.DataFrame, numbered: pl.DataFrame) -> pl.DataFrame:
    """Add to what was spoken of before each utterance the sure links of its dialogue so far (`PLAY`)."""
    here = sure_play(links)
    earlier = _said_before(numbered, here.join(numbered, left_on="text", right_on="row"))
    return pl.concat([as_play(spoken_of), as_play(earlier), here])


def _overlapping(links: pl.DataFrame, gold: pl.DataFrame) -> pl.DataFrame:
    """Return the places of links that share a character with a gold mention."""
    spans = gold.select(*_UTTERANCE, gold_start="start", gold_end="end")
    joined = links.select(*_UTTERANCE, "start", "end").join(spans, on=_UTTERANCE)
    return joined.filter((pl.col("start") < pl.col("gold_end")) & (pl.col("gold_start") < pl.col("end")))
