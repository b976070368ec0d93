"""The bundle as a data set of C2-CRS: CRSLab's TG-ReDial archive, with the reviews of each sample beside it.

Notable here: the loader takes the number after an at sign for the id of an entity, so an item's token is that id.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from kgprep.artifacts import ALIASES, ENTITIES, MENTIONS, TRIPLES, UTTERANCES, read_table
from kgprep.export.crslab_tgredial import write_archive
from kgprep.export.exported import Exported, ExportOptions
from kgprep.export.item_tokens import gold_items, with_item_tokens
from kgprep.export.sample_reviews import NOT_HELD, write_reviews

USAGE = """import pickle

reviews = pickle.load(open("train_conv_idx_to_review_info.pkl", "rb"))
# or lay this folder at data/dataset/tgredial/pkuseg of C2-CRS, with its file .built, and run C2-CRS with it"""


def write(workspace: Path, folder: Path, options: ExportOptions) -> Exported:
    """Write CRSLab's archive, the reviews of samples and the tokens' frequencies.

    Raises:
        KgprepError: the workspace lacks a table, or a file of the options cannot be used.
    """
    entities, mentions, utterances, triples, aliases = (
        read_table(workspace, table) for table in (ENTITIES, MENTIONS, UTTERANCES, TRIPLES, ALIASES)
    )
    named = gold_items(mentions, entities).with_columns(number=pl.col("entity_id") + 1, is_token=pl.lit(False))
    texts, replaced = with_item_tokens(utterances, named)
    archive = write_archive(workspace, folder, options, texts)
    reviews = write_reviews(folder, archive.turns, triples, aliases["alias"], archive.tokens)
    return Exported((*archive.counts, *replaced, *reviews), (*archive.lost, *NOT_HELD), USAGE)
