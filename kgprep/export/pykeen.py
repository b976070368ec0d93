"""The graph as tab-separated triples for PyKEEN and every other library of knowledge graph embedding.

Notable here:
- only forward relations are written: an inverse in another split would give the answer away, and PyKEEN makes its own;
- the parts are those of `kgprep.export.edge_splits`: training has every entity and relation, as PyKEEN needs.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from kgprep.artifacts import EDGES, ENTITIES, RELATIONS, SPLITS, read_table
from kgprep.counts import Count
from kgprep.export.edge_splits import with_splits
from kgprep.export.exported import Exported, ExportOptions

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
    kept = with_splits(edges).join(forward, on="relation")
    heads = entities.select(head="entity_id", from_iri="iri")
    tails = entities.select(tail="entity_id", to_iri="iri")
    named = kept.join(heads, on="head").join(tails, on="tail").sort("head", "relation", "tail")
    counts = []
    for split in SPLITS:
        rows = named.filter(pl.col("split") == split).select("from_iri", "name", "to_iri")
        rows.write_csv(folder / f"{split}.tsv", separator="\t", include_header=False, quote_style="never")
        counts.append(Count(f"{split} triples", rows.height, kept.height))
    counts.append(Count("forward edges", kept.height, edges.height))
    joined = pl.concat([kept["head"], kept["tail"]]).n_unique()
    counts.append(Count("entities with an edge", joined, entities.height))
    empty = [split for split, count in zip(SPLITS, counts, strict=False) if not count.kept]
    lost = (
        *(
            f"{split}.tsv is empty, which PyKEEN refuses: the graph is too small to hold any edge out"
            for split in empty
        ),
        f"{entities.height - joined:,} entities without an edge",
        f"{edges.height - kept.height:,} inverse edges",
        "labels, kinds, years, aliases and descriptions of entities",
        "dialogues, mentions, reviews, sentences and triples of words",
    )
    return Exported(tuple(counts), lost, USAGE)
