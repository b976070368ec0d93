"""The kind of each entity, from its types, else its label's qualifier, else the relations it stands in."""

from __future__ import annotations

import polars as pl

from kgprep.artifacts import KindEnum
from kgprep.kg.names import parse_label, qualifier_kind
from kgprep.kg.vocabulary import (
    KIND_OF_OBJECT,
    KIND_OF_SUBJECT,
    KIND_OF_SUBJECT_WEAK,
    KIND_OF_TYPE,
    KIND_PRECEDENCE,
    local_name,
)


def entity_kinds(labels: pl.DataFrame, types: pl.DataFrame, edges: pl.DataFrame) -> pl.DataFrame:
    """Tell the kind of each entity.

    A qualifier that names another kind overrules the type Film, which automatic typing gives to namesakes of films too;
    "(comics)" stands after comics and after those who make them, so there the relations decide.

    Args:
        labels: iri, label; one row an entity, in the order of the result.
        types: subject, object (IRI of the type).
        edges: head, predicate, tail (IRIs), without inverses.

    Returns:
        iri, kind (`KindEnum`).
    """
    evidence = (
        labels.with_columns(qualifier=parse_label("label").struct.field("qualifier"))
        .pipe(_with_kind_of_qualifier)
        .join(_by_type(types), on="iri", how="left", maintain_order="left")
        .join(_by_relation(edges, "head", KIND_OF_SUBJECT), on="iri", how="left", maintain_order="left")
        .join(_by_relation(edges, "tail", KIND_OF_OBJECT), on="iri", how="left", maintain_order="left", suffix="_tail")
        .join(
            _by_relation(edges, "head", KIND_OF_SUBJECT_WEAK),
            on="iri",
            how="left",
            maintain_order="left",
            suffix="_weak",
        )
    )
    overruled = (pl.col("by_qualifier") != "film") & (pl.col("by_type") == "film")
    is_creator = pl.col("label").str.ends_with("(comics)") & (pl.col("by_relation_tail") == "person")
    kind = pl.coalesce(
        pl.when(overruled).then("by_qualifier"),
        "by_type",
        pl.when(is_creator).then(pl.lit("person")),
        "by_qualifier",
        "by_relation",
        "by_relation_weak",
        "by_relation_tail",
        pl.lit("other"),
    )
    return evidence.select("iri", kind.cast(KindEnum).alias("kind"))


def _with_kind_of_qualifier(labels: pl.DataFrame) -> pl.DataFrame:
    """Add the kind that each label's qualifier names; there are few different qualifiers, and each is read once."""
    distinct = labels.select("qualifier").drop_nulls().unique()
    named = distinct.with_columns(by_qualifier=qualifier_kind(pl.col("qualifier")).replace("other", None))
    return labels.join(named, on="qualifier", how="left", maintain_order="left")


def _by_type(types: pl.DataFrame) -> pl.DataFrame:
    kind = local_name(pl.col("object")).replace_strict(KIND_OF_TYPE, default=None, return_dtype=pl.String)
    known = types.select(pl.col("subject").alias("iri"), kind.alias("by_type")).drop_nulls()
    precedence = pl.col("by_type").cast(pl.Enum(KIND_PRECEDENCE))
    return known.group_by("iri").agg(precedence.min().cast(pl.String))


def _by_relation(edges: pl.DataFrame, end: str, kinds: dict[str, str]) -> pl.DataFrame:
    """Count the kinds that relations speak for and keep the most frequent, then the first in precedence."""
    kind = local_name(pl.col("predicate")).replace_strict(kinds, default=None, return_dtype=pl.String)
    votes = edges.select(pl.col(end).alias("iri"), kind.alias("by_relation")).drop_nulls()
    counted = votes.group_by("iri", "by_relation").len()
    precedence = pl.col("by_relation").cast(pl.Enum(KIND_PRECEDENCE))
    return (
        counted.sort("iri", -pl.col("len").cast(pl.Int64), precedence)
        .unique("iri", keep="first", maintain_order=True)
        .drop("len")
    )
