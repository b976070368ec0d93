"""The bundle as a data set of C2-CRS: CRSLab's ReDial archive, with the reviews of each sample beside it.

Notable here: items stand as tokens in the texts of any data set, since the loader looks for these to tell the words of
an item.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from kgprep.artifacts import ALIASES, ENTITIES, ITEMS, MENTIONS, TRIPLES, UTTERANCES, read_table
from kgprep.export.crslab import write_archive
from kgprep.export.exported import Exported, ExportOptions
from kgprep.export.files import write_json
from kgprep.export.item_tokens import item_mentions, numbered_items, with_item_tokens
from kgprep.export.sample_reviews import NOT_HELD, write_reviews

USAGE = """import pickle

reviews = pickle.load(open("train_conv_idx_to_review_info.pkl", "rb"))
# or lay this folder at data/dataset/redial/nltk of C2-CRS, with its file .built, and run C2-CRS with it"""


def write(workspace: Path, folder: Path, options: ExportOptions) -> Exported:
    """Write CRSLab's archive, the reviews of samples, the tokens' frequencies, and which token is which item.

    Raises:
        KgprepError: the workspace lacks a table, or a file of the options cannot be used.
    """
    items, entities, mentions, utterances, triples, aliases = (
        read_table(workspace, table) for table in (ITEMS, ENTITIES, MENTIONS, UTTERANCES, TRIPLES, ALIASES)
    )
    numbered = numbered_items(items, entities, mentions)
    texts, replaced = with_item_tokens(utterances, item_mentions(mentions, entities, numbered))
    archive = write_archive(workspace, folder, options, texts)
    item_entities = numbered.select(pl.col("number").cast(pl.String), pl.col("entity_id") + 1)
    write_json(folder / "redial_context_movie_id2crslab_entityId.json", dict(item_entities.iter_rows()))
    reviews = write_reviews(folder, archive.turns, triples, aliases["alias"], archive.tokens)
    lost = (*archive.lost, "item ids but their numbers", *NOT_HELD)
    return Exported((*archive.counts, *replaced, *reviews), lost, USAGE)
