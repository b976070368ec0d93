"""The bundle as N-Triples, in published vocabularies: graph, dialogues, reviews, triples and provenance.

Notable here:
- one file a subject, and statements of all of them may be loaded into one graph;
- entities keep their IRIs; what has none gets a name under ``urn:kgprep:``;
- a bundle without reviews gives the files that it has tables for.
"""

from __future__ import annotations

from pathlib import Path

from kgprep.artifacts import MENTIONS, SENTENCES, TRIPLES, UTTERANCES, Table
from kgprep.export import rdf_dialogues, rdf_graph, rdf_provenance, rdf_reviews
from kgprep.export.exported import Exported, ExportOptions

USAGE = """import rdflib

graph = rdflib.Graph().parse("graph.nt", format="nt")
graph.parse("dialogues.nt", format="nt")"""
LOST = (
    "priors and sources of aliases, and degrees of entities",
    "the data set's own items with their resolution, and what the seeker said of them",
    "how helpful a review was found, where descriptions come from, and counts and parameters of stages",
    "scores of triples; each is its mention's confidence times its sentence's fitness",
)


def write(workspace: Path, folder: Path, _options: ExportOptions) -> Exported:
    """Write graph.nt, dialogues.nt, reviews.nt, triples.nt and provenance.nt.

    Raises:
        KgprepError: the workspace has no graph.
    """
    counts, inverse_edges = rdf_graph.write_graph(workspace, folder)
    lost = [f"{inverse_edges:,} inverse edges; an edge is read both ways", *LOST]
    for needed, write_part in (
        ((UTTERANCES, MENTIONS), rdf_dialogues.write_dialogues),
        ((SENTENCES,), rdf_reviews.write_reviews),
        ((TRIPLES,), rdf_reviews.write_triples),
    ):
        absent = _absent(workspace, needed)
        if absent:
            lost.append(f"the bundle has no {' and no '.join(absent)} yet, so nothing is written of them")
        else:
            counts += write_part(workspace, folder)
    counts += rdf_provenance.write_provenance(workspace, folder)
    return Exported(counts, tuple(lost), USAGE)


def _absent(workspace: Path, tables: tuple[Table, ...]) -> list[str]:
    return [table.name for table in tables if not table.path(workspace).exists()]
