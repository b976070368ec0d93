"""The graph as N-Triples, in published vocabularies.

Notable here:
- lines are made by polars, a column at a time, and hold to the grammar of N-Triples 1.1, which is Turtle too;
- an entity has its own types and a class of schema.org for its kind;
- inverse edges are left out: in RDF an edge is read both ways.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from kgprep.artifacts import DESCRIPTIONS, EDGES, ENTITIES, RELATIONS, read_table
from kgprep.export.exported import Exported, ExportOptions
from kgprep.provenance import Count

FILE_NAME = "graph.nt"
USAGE = """import rdflib

graph = rdflib.Graph().parse("graph.nt", format="nt")"""

RDF_TYPE = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
RDFS_LABEL = "<http://www.w3.org/2000/01/rdf-schema#label>"
XSD_YEAR = "<http://www.w3.org/2001/XMLSchema#gYear>"
SCHEMA = "https://schema.org/"
SCHEMA_CLASSES = {
    "film": "Movie",
    "series": "TVSeries",
    "person": "Person",
    "genre": "DefinedTerm",
    "organisation": "Organization",
    "place": "Place",
    "work": "CreativeWork",
    "other": "Thing",
}
# Characters that an IRIREF of N-Triples may not hold, with their percent-encoding.
FORBIDDEN_IN_IRI = {chr(code): f"%{code:02X}" for code in (*range(0x21), *map(ord, '<>"{}|^`\\'))}
LITERAL_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"}


def write(workspace: Path, folder: Path, _options: ExportOptions) -> Exported:
    """Write ``graph.nt``: types, label, year, IMDb id and descriptions of each entity, then the forward edges.

    Raises:
        KgprepError: the workspace has no graph.

    Source: RDF 1.1 N-Triples, section 7 (grammar).
    """
    entities, relations, edges, descriptions = (
        read_table(workspace, table) for table in (ENTITIES, RELATIONS, EDGES, DESCRIPTIONS)
    )
    subjects = entities.select("entity_id", subject=_iri("iri"))
    forward = relations.filter(pl.col("inverse_of").is_null())
    kept = edges.join(forward.select(relation="relation_id", predicate=_iri("iri")), on="relation", how="inner")
    described = descriptions.join(subjects, on="entity_id", how="left", maintain_order="left")
    blocks = {
        "types": _types(entities),
        "labels": entities.select(_line(_iri("iri"), pl.lit(RDFS_LABEL), _literal("label"))),
        "years": _years(entities),
        "IMDb ids": _imdb_ids(entities),
        "descriptions": described.select(
            _line(
                pl.col("subject"), _schema("description"), pl.concat_str(_literal("text"), pl.lit("@"), pl.col("lang"))
            )
        ),
        "edges": _edges(kept, subjects),
    }
    lines = pl.concat(blocks.values())
    with (folder / FILE_NAME).open("wb") as file:
        lines.write_csv(file, include_header=False, quote_style="never")
    counts = [Count(f"statements of {name}", block.height) for name, block in blocks.items()]
    lost = (
        f"{edges.height - kept.height:,} inverse edges; an edge is read both ways",
        "dialogues, mentions, reviews, sentences and triples",
        "aliases with their priors, whether an entity is an item, and degrees",
    )
    return Exported((Count("entities", entities.height), *counts), lost, USAGE)


def _types(entities: pl.DataFrame) -> pl.DataFrame:
    kind = pl.col("kind").cast(pl.String).replace_strict({name: SCHEMA + cls for name, cls in SCHEMA_CLASSES.items()})
    return (
        entities.select("iri", type=pl.concat_list(kind, "types").list.unique(maintain_order=True))
        .explode("type")
        .select(_line(_iri("iri"), pl.lit(RDF_TYPE), _iri("type")))
    )


def _years(entities: pl.DataFrame) -> pl.DataFrame:
    padded = pl.col("year").cast(pl.String).str.zfill(4)
    year = pl.concat_str(pl.lit('"'), padded, pl.lit(f'"^^{XSD_YEAR}'))
    return entities.drop_nulls("year").select(_line(_iri("iri"), _schema("datePublished"), year))


def _imdb_ids(entities: pl.DataFrame) -> pl.DataFrame:
    return entities.drop_nulls("imdb_id").select(_line(_iri("iri"), _schema("identifier"), _literal("imdb_id")))


def _edges(kept: pl.DataFrame, subjects: pl.DataFrame) -> pl.DataFrame:
    return (
        kept.join(subjects.rename({"entity_id": "head"}), on="head", how="left")
        .join(subjects.rename({"entity_id": "tail", "subject": "object"}), on="tail", how="left")
        .sort("head", "relation", "tail")
        .select(_line(pl.col("subject"), pl.col("predicate"), pl.col("object")))
    )


def _line(subject: pl.Expr, predicate: pl.Expr, thing: pl.Expr) -> pl.Expr:
    return pl.concat_str(subject, predicate, thing, pl.lit("."), separator=" ").alias("line")


def _schema(name: str) -> pl.Expr:
    return pl.lit(f"<{SCHEMA}{name}>")


def _iri(column: str) -> pl.Expr:
    escaped = pl.col(column).str.replace_many(FORBIDDEN_IN_IRI)
    return pl.concat_str(pl.lit("<"), escaped, pl.lit(">"))


def _literal(column: str) -> pl.Expr:
    escaped = pl.col(column).str.replace_many(LITERAL_ESCAPES)
    return pl.concat_str(pl.lit('"'), escaped, pl.lit('"'))
