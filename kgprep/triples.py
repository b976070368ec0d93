"""The fusion: words of dialogues, the entities they name, and the sentence that says most about each.

Notable here: a triple is a mention joined to its entity's best sentence, so every mention gives at most one.
"""

from __future__ import annotations

import polars as pl

from kgprep.artifacts import TRIPLES
from kgprep.counts import Count


def fuse(mentions: pl.DataFrame, utterances: pl.DataFrame, best_sentences: pl.DataFrame) -> pl.DataFrame:
    """Join mentions to sentences.

    Args:
        mentions: the table dialogues/mentions.
        utterances: the table dialogues/utterances, for the split.
        best_sentences: entity_id i32, sentence_id i64, sentence str, score f32; one row an entity.

    Returns:
        The table triples/triples, sorted by its key; its score is the product of both scores.
    """
    sentences = best_sentences.rename({"score": "sentence_score"})
    return (
        mentions.lazy()
        .join(utterances.lazy().select("dialogue_id", "turn", "split"), on=("dialogue_id", "turn"))
        .join(sentences.lazy(), on="entity_id")
        .with_columns(score=pl.col("score") * pl.col("sentence_score"))
        .sort("dialogue_id", "turn", "start", "end")
        .select(TRIPLES.schema.names())
        .collect()
    )


def count_fused(mentions: pl.DataFrame, triples: pl.DataFrame) -> list[Count]:
    """Count how many mentions became triples, by method and in all; the others name an entity without a sentence."""
    key = ("dialogue_id", "turn", "start", "end")
    fused = mentions.join(triples.select(key), on=key, how="semi")
    methods = mentions["method"].cast(pl.String).unique().sort()
    counts = [
        Count(f"{method} mentions that became triples", *(_of(frame, method) for frame in (fused, mentions)))
        for method in methods
    ]
    return [*counts, Count("mentions that became triples", fused.height, mentions.height)]


def _of(mentions: pl.DataFrame, method: str) -> int:
    return mentions.filter(pl.col("method").cast(pl.String) == method).height
