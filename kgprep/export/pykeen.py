"""The graph as tab-separated triples for PyKEEN and every other library of knowledge graph embedding.

Notable here:
- only forward relations are written: an inverse in another split would give the answer away, and PyKEEN makes its own;
- pairs that several relations join go to one split together, for the same reason;
- the training split is given at least one edge of every entity and relation, because PyKEEN knows no others.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from kgprep.artifacts import EDGES, ENTITIES, RELATIONS, SPLITS, read_table
from kgprep.export.exported import Exported, ExportOptions
from kgprep.provenance import Count

HELD_OUT = 10
"""One pair in so many is held out for each of validation and test."""
USAGE = """from pykeen.triples import TriplesFactory

training = TriplesFactory.from_path("train.tsv")
ids = {"entity_to_id": training.entity_to_id, "relation_to_id": training.relation_to_id}
testing = TriplesFactory.from_path("test.tsv", **ids)"""


def write(workspace: Path, folder: Path, _options: ExportOptions) -> Exported:
    """Write train.tsv, valid.tsv and test.tsv: head, relation and tail by IRI, without a header.

    Raises:
        KgprepError: the workspace has no graph.
    """
    entities, relations, edges = (read_table(workspace, table) for table in (ENTITIES, RELATIONS, EDGES))
    forward = relations.filter(pl.col("inverse_of").is_null()).select(relation="relation_id", name="iri")
    kept = edges.join(forward, on="relation")
    dealt = _deal_out(kept)
    heads = entities.select(head="entity_id", from_iri="iri")
    tails = entities.select(tail="entity_id", to_iri="iri")
    named = dealt.join(heads, on="head").join(tails, on="tail").sort("head", "relation", "tail")
    counts = []
    for split in SPLITS:
        rows = named.filter(pl.col("split") == split).select("from_iri", "name", "to_iri")
        rows.write_csv(folder / f"{split}.tsv", separator="\t", include_header=False, quote_style="never")
        counts.append(Count(f"{split} triples", rows.height, kept.height))
    counts.append(Count("forward edges", kept.height, edges.height))
    joined = pl.concat([kept["head"], kept["tail"]]).n_unique()
    counts.append(Count("entities with an edge", joined, entities.height))
    lost = (
        f"{entities.height - joined:,} entities without an edge",
        f"{edges.height - kept.height:,} inverse edges",
        "labels, kinds, years, aliases and descriptions of entities",
        "dialogues, mentions, reviews, sentences and triples of words",
    )
    return Exported(tuple(counts), lost, USAGE)


def _deal_out(edges: pl.DataFrame) -> pl.DataFrame:
    """Add split: a seeded one in ten pairs of entities for validation and for test, the rest for training."""
    pair = pl.struct(one=pl.min_horizontal("head", "tail"), other=pl.max_horizontal("head", "tail"))
    # Knuth's multiplicative hash of the pair's place: polars' own may change from version to version.
    drawn = (pair.rank("dense").cast(pl.UInt64) * 2_654_435_761 % 2**32) // 2**16 % HELD_OUT
    dealt = edges.sort("head", "relation", "tail").with_columns(
        pair=pair,
        split=pl.when(drawn == 0)
        .then(pl.lit("valid"))
        .when(drawn == 1)
        .then(pl.lit("test"))
        .otherwise(pl.lit("train")),
    )
    trained = dealt.filter(split="train")
    known = pl.concat([trained["head"], trained["tail"]]).unique()
    is_new = ~pl.col("head").is_in(known.implode()) | ~pl.col("tail").is_in(known.implode())
    new_relation = ~pl.col("relation").is_in(trained["relation"].unique().implode())
    needed = dealt.filter((pl.col("split") != "train") & (is_new | new_relation)).select("pair").unique()
    moved = dealt.join(needed.with_columns(is_needed=pl.lit(True)), on="pair", how="left", maintain_order="left")
    return moved.with_columns(
        split=pl.when(pl.col("is_needed").fill_null(False)).then(pl.lit("train")).otherwise("split")
    ).drop("pair", "is_needed")
