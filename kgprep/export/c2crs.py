"""The bundle as a data set of C2-CRS: CRSLab's ReDial archive, and beside it the reviews of each sample.

Notable here:
- its loader joins utterances of one role and makes a sample of each turn but a dialogue's first; reviews are found by
  the sample's number in the order of the file, as a string;
- a sample's reviews are the sentences that triples give to the entities last named before it, oldest first;
- conv_tokID2freq.json is a list of pairs, since the loader looks for numbers and JSON's keys are strings.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from kgprep.artifacts import ALIASES, ENTITIES, ITEMS, MENTIONS, SPLITS, TRIPLES, UTTERANCES, read_table
from kgprep.export.crslab import Archive, write_archive
from kgprep.export.exported import Exported, ExportOptions
from kgprep.export.files import write_json
from kgprep.export.item_tokens import item_mentions, numbered_items, with_item_tokens
from kgprep.export.tokens import UNKNOWN, token_ids, tokenised, with_joined
from kgprep.pickles import write_pickle
from kgprep.provenance import Count

REVIEWS_A_SAMPLE = 3
USAGE = """import pickle

reviews = pickle.load(open("train_conv_idx_to_review_info.pkl", "rb"))
# or lay this folder at data/dataset/redial/nltk of C2-CRS, with its file .built, and run C2-CRS with it"""


def write(workspace: Path, folder: Path, options: ExportOptions) -> Exported:
    """Write CRSLab's archive, {split}_conv_idx_to_review_info.pkl, the items of tokens and the tokens' frequencies.

    Raises:
        KgprepError: the workspace lacks a table, or a file of the options cannot be used.
    """
    items, entities, mentions, utterances, triples = (
        read_table(workspace, table) for table in (ITEMS, ENTITIES, MENTIONS, UTTERANCES, TRIPLES)
    )
    numbered = numbered_items(items, entities, mentions)
    texts, replaced = with_item_tokens(utterances, item_mentions(mentions, entities, numbered))
    archive = write_archive(workspace, folder, options, texts)
    item_entities = numbered.select(pl.col("number").cast(pl.String), pl.col("entity_id") + 1)
    write_json(folder / "redial_context_movie_id2crslab_entityId.json", dict(item_entities.iter_rows()))
    write_json(folder / "conv_tokID2freq.json", _frequencies(archive))
    sentences, tokens_counted = _sentences(archive, triples, read_table(workspace, ALIASES)["alias"])
    chosen = _reviews(archive.turns, triples)
    counts = [_write_reviews(folder, archive.turns, chosen, sentences, split) for split in SPLITS]
    lost = (
        *archive.lost,
        f"sentences of entities before a sample's last {REVIEWS_A_SAMPLE}, and all but the one that the triple names",
        "item ids but their numbers, feedback, aliases, descriptions, whole reviews, scores of sentences",
    )
    return Exported((*archive.counts, *replaced, tokens_counted, *counts), lost, USAGE)


def _frequencies(archive: Archive) -> list[list[int]]:
    """Return id and frequency of each token of the training utterances, most frequent first."""
    said = archive.turns.filter(pl.col("split") == "train")["text"]
    ids = token_ids(said, archive.tokens).list.explode(empty_as_null=False)
    counted = ids.value_counts(name="times").sort("times", ids.name, descending=[True, False])
    return [[token, times] for token, times in counted.iter_rows()]


def _sentences(archive: Archive, triples: pl.DataFrame, names: pl.Series) -> tuple[pl.DataFrame, Count]:
    """Return sentence_id and its token ids, and how many of the tokens have an id."""
    distinct = triples.select("sentence_id", text="sentence").unique("sentence_id").sort("sentence_id")
    cut = tokenised(distinct.with_columns(dialogue_id="sentence_id", turn=0), names)
    sentences = cut.select("sentence_id", token_ids(cut["text"], archive.tokens).alias("tokens"))
    every = sentences["tokens"].list.explode(empty_as_null=False)
    known = int((every != archive.tokens[UNKNOWN]).sum())
    return sentences, Count("tokens of the sentences in token2id, the others unknown", known, every.len())


def samples(turns: pl.DataFrame) -> pl.DataFrame:
    """Return split, dialogue_id and `joined` of each sample in the loader's order, and its number in its split.

    Args:
        turns: split, dialogue_id, turn and role, in order; `joined` numbers a dialogue's turns once those of one role
            are joined.
    """
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
        samples(turns)
        .join(named, on="dialogue_id")
        .filter(pl.col("named_at") < pl.col("joined"))
        .sort("split", "sample", "order")
        .unique(["split", "sample", "entity_id"], keep="last", maintain_order=True)
        .group_by("split", "sample", maintain_order=True)
        .tail(REVIEWS_A_SAMPLE)
    )


def _write_reviews(
    folder: Path, turns: pl.DataFrame, chosen: pl.DataFrame, sentences: pl.DataFrame, split: str
) -> Count:
    """Write the reviews of one split's samples, an empty list where there is none."""
    with_reviews = (
        chosen.filter(pl.col("split") == split)
        .join(sentences, on="sentence_id", how="left", maintain_order="left")
        .group_by("sample", maintain_order=True)
        .agg("tokens", entities=pl.col("entity_id") + 1)
    )
    every = samples(turns).filter(pl.col("split") == split).select("sample")
    rows = every.join(with_reviews, on="sample", how="left", maintain_order="left")
    info = {
        str(sample): {"selected_infoListListInt": tokens or [], "selected_entityIds": entities or []}
        for sample, tokens, entities in rows.iter_rows()
    }
    write_pickle(info, folder / f"{split}_conv_idx_to_review_info.pkl")
    return Count(f"{split} samples with a review", with_reviews.height, every.height)
