"""What C2-CRS reads beside CRSLab's archives: the reviews of each sample, and how often each token is said.

Notable here:
- its loader joins utterances of one role and makes a sample of each turn but a dialogue's first; reviews are found by
  the sample's number in the order of the file, as a string;
- a sample's reviews are the sentences that triples give to the entities last named before it, oldest first;
- conv_tokID2freq.json is a list of pairs, since the loader looks for numbers and JSON's keys are strings.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from kgprep.artifacts import SPLITS
from kgprep.counts import Count
from kgprep.export.files import write_json
from kgprep.export.tokens import UNKNOWN, token_ids, tokenised, with_joined
from kgprep.pickles import write_pickle

REVIEWS_A_SAMPLE = 3
NOT_HELD = (
    f"sentences of entities before a sample's last {REVIEWS_A_SAMPLE}, and all but the one that the triple names",
    "feedback, aliases, descriptions, whole reviews, scores of sentences",
)


def write_reviews(
    folder: Path, turns: pl.DataFrame, triples: pl.DataFrame, names: pl.Series, tokens: dict[str, int]
) -> tuple[Count, ...]:
    """Write {split}_conv_idx_to_review_info.pkl and conv_tokID2freq.json.

    Args:
        folder: of the archive, whose entity ids are ours plus one.
        turns: split, dialogue_id, turn, role, and text as list[str], in order.
        triples: the bundle's.
        names: of the bundle's entities, for cutting Chinese.
        tokens: ids of the archive's tokens.
    """
    write_json(folder / "conv_tokID2freq.json", _frequencies(turns, tokens))
    sentences, tokens_counted = _sentences(triples, names, tokens)
    chosen = _reviews(turns, triples)
    return (tokens_counted, *(_write_split(folder, turns, chosen, sentences, split) for split in SPLITS))


def _frequencies(turns: pl.DataFrame, tokens: dict[str, int]) -> list[list[int]]:
    """Return id and frequency of each token of the training utterances, most frequent first."""
    said = turns.filter(pl.col("split") == "train")["text"]
    ids = token_ids(said, tokens).list.explode(empty_as_null=False)
    counted = ids.value_counts(name="times").sort("times", ids.name, descending=[True, False])
    return [[token, times] for token, times in counted.iter_rows()]


def _sentences(triples: pl.DataFrame, names: pl.Series, tokens: dict[str, int]) -> tuple[pl.DataFrame, Count]:
    """Return sentence_id and its token ids, and how many of the tokens have an id."""
    distinct = triples.select("sentence_id", text="sentence").unique("sentence_id").sort("sentence_id")
    cut = tokenised(distinct.with_columns(dialogue_id="sentence_id", turn=0), names)
    sentences = cut.select("sentence_id", token_ids(cut["text"], tokens).alias("tokens"))
    every = sentences["tokens"].list.explode(empty_as_null=False)
    known = int((every != tokens[UNKNOWN]).sum())
    return sentences, Count("tokens of the sentences in token2id, the others unknown", known, every.len())


def _samples(turns: pl.DataFrame) -> pl.DataFrame:
    """Return split, dialogue_id and `joined` of each sample in the loader's order, and its number in its split."""
    return (
        with_joined(turns)
        .select("split", "dialogue_id", "joined")
        .unique(maintain_order=True)
        .filter(pl.col("joined") > 0)
        .with_columns(sample=pl.int_range(pl.len()).over("split"))
    )


def _reviews(turns: pl.DataFrame, triples: pl.DataFrame) -> pl.DataFrame:
    """Return sample, split, entity_id and sentence_id of the entities last named before each sample, oldest first."""
    places = with_joined(turns).select("dialogue_id", "turn", "joined")
    named = (
        triples.join(places, on=["dialogue_id", "turn"])
        .sort("dialogue_id", "turn", "start", "end")
        .select("dialogue_id", "entity_id", "sentence_id", named_at="joined")
        .with_row_index("order")
        # Within a turn, one naming of an entity is enough; it keeps the pairs below few.
        .unique(["dialogue_id", "named_at", "entity_id"], keep="last", maintain_order=True)
    )
    return (
        _samples(turns)
        .join(named, on="dialogue_id")
        .filter(pl.col("named_at") < pl.col("joined"))
        .sort("split", "sample", "order")
        .unique(["split", "sample", "entity_id"], keep="last", maintain_order=True)
        .group_by("split", "sample", maintain_order=True)
        .tail(REVIEWS_A_SAMPLE)
    )


def _write_split(folder: Path, turns: pl.DataFrame, chosen: pl.DataFrame, sentences: pl.DataFrame, split: str) -> Count:
    """Write the reviews of one split's samples, an empty list where there is none."""
    with_reviews = (
        chosen.filter(pl.col("split") == split)
        .join(sentences, on="sentence_id", how="left", maintain_order="left")
        .group_by("sample", maintain_order=True)
        .agg("tokens", entities=pl.col("entity_id") + 1)
    )
    every = _samples(turns).filter(pl.col("split") == split).select("sample")
    rows = every.join(with_reviews, on="sample", how="left", maintain_order="left")
    info = {
        str(sample): {"selected_infoListListInt": tokens or [], "selected_entityIds": entities or []}
        for sample, tokens, entities in rows.iter_rows()
    }
    write_pickle(info, folder / f"{split}_conv_idx_to_review_info.pkl")
    return Count(f"{split} samples with a review", with_reviews.height, every.height)
