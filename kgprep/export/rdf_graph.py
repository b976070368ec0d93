"""Entities and edges as statements: schema.org's classes and properties, and the graph's own predicates.

Notable here:
- an entity has its own types and a class of schema.org for its kind;
- items are the elements of one `schema:ItemList`;
- inverse edges are left out: in RDF an edge is read both ways.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from kgprep.artifacts import ALIASES, DESCRIPTIONS, EDGES, ENTITIES, RELATIONS, read_table
from kgprep.counts import Count
from kgprep.export.ntriples import NAMESPACES, StatementsFile, iri, line, literal, tagged, term

FILE_NAME = "graph.nt"
ITEMS = "kgprep:items"
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


def write_graph(workspace: Path, folder: Path) -> tuple[tuple[Count, ...], int]:
    """Write types, label, aliases, year, IMDb id and descriptions of each entity, then the forward edges.

    Returns counts and the number of inverse edges left out.
    """
    entities, relations, edges, descriptions, aliases = (
        read_table(workspace, table) for table in (ENTITIES, RELATIONS, EDGES, DESCRIPTIONS, ALIASES)
    )
    subjects = entities.select("entity_id", subject=iri("iri"))
    forward = relations.filter(pl.col("inverse_of").is_null())
    kept = edges.join(forward.select(relation="relation_id", predicate=iri("iri")), on="relation", how="inner")
    named = aliases.join(subjects, on="entity_id", how="left", maintain_order="left")
    described = descriptions.join(subjects, on="entity_id", how="left", maintain_order="left")
    padded_year = entities.drop_nulls("year").with_columns(pl.col("year").cast(pl.String).str.zfill(4))
    blocks = {
        "types": _types(entities),
        "labels": entities.select(line(iri("iri"), "rdfs:label", literal("label"))),
        "aliases": named.select(line(pl.col("subject"), "schema:alternateName", literal("alias"))),
        "items": _items(entities),
        "years": padded_year.select(line(iri("iri"), "schema:datePublished", literal("year", "xsd:gYear"))),
        "IMDb ids": entities.drop_nulls("imdb_id").select(line(iri("iri"), "schema:identifier", literal("imdb_id"))),
        "descriptions": described.select(line(pl.col("subject"), "schema:description", tagged("text", "lang"))),
        "edges": _edges(kept, subjects),
    }
    file = StatementsFile(folder / FILE_NAME)
    for block in blocks.values():
        file.add_lines(block)
    counts = [Count(f"statements of {name}", block.height) for name, block in blocks.items()]
    return (Count("entities", entities.height), *counts), edges.height - kept.height


def _types(entities: pl.DataFrame) -> pl.DataFrame:
    schema = {name: NAMESPACES["schema"] + cls for name, cls in SCHEMA_CLASSES.items()}
    kind = pl.col("kind").cast(pl.String).replace_strict(schema)
    return (
        entities.select("iri", type=pl.concat_list(kind, "types").list.unique(maintain_order=True))
        .explode("type")
        .select(line(iri("iri"), "rdf:type", iri("type")))
    )


def _items(entities: pl.DataFrame) -> pl.DataFrame:
    """Say which entities can be recommended: the elements of one list."""
    items = entities.filter("is_item").select(line(term(ITEMS), "schema:itemListElement", iri("iri")).alias("line"))
    header = pl.select(line=line(term(ITEMS), "rdf:type", term("schema:ItemList")))
    return pl.concat([header, items])


def _edges(kept: pl.DataFrame, subjects: pl.DataFrame) -> pl.DataFrame:
    return (
        kept.join(subjects.rename({"entity_id": "head"}), on="head", how="left")
        .join(subjects.rename({"entity_id": "tail", "subject": "object"}), on="tail", how="left")
        .sort("head", "relation", "tail")
        .select(line(pl.col("subject"), pl.col("predicate"), pl.col("object")))
    )
