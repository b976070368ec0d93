"""Entities that may be a data set's items: all that a source knows under their titles, redirects or IMDb ids."""

from __future__ import annotations

import polars as pl

from kgprep.dialogues.imdb import imdb_id
from kgprep.kg.kinds import entity_kinds
from kgprep.kg.names import label_from_iri, parse_label
from kgprep.kg.redirects import follow_redirects
from kgprep.kg.source import TripleSource

CANDIDATE_SCHEMA = pl.Schema(
    {
        "iri": pl.String,
        "called": pl.String,
        "via": pl.String,
        "kind": pl.String,
        "qualifier": pl.String,
        "year": pl.Int16,
        "imdb_id": pl.String,
        "degree": pl.UInt32,
    }
)


def find_candidates(source: TripleSource, items: pl.DataFrame) -> pl.DataFrame:
    """Gather the entities that may be one of the items.

    Args:
        source: where the triples are.
        items: name, year, imdb_id, iri.

    Returns:
        One row an entity and name it is called by, `CANDIDATE_SCHEMA`: `called` is a name without qualifier, `via`
        tells whether it is the entity's label, a redirect's, or none of both (``imdb_id``).
    """
    labelled = source.titled("label", items).select(page="subject", label="object", via=pl.lit("label"))
    redirected = source.titled("redirect", items).select(page="subject")
    redirected = redirected.select("page", label_from_iri(redirected["page"]).alias("label"), via=pl.lit("redirect"))
    identified = imdb_ids(source.facts("imdb_id", "object", _imdb_forms(items))).select(
        page="iri", label=pl.lit(None, pl.String), via=pl.lit("imdb_id")
    )
    pages = pl.concat([labelled, redirected, identified]).unique()
    named = _without_disambiguations(source, _follow(source, pages))
    iris = named["iri"].unique()
    evidence = _evidence(source, iris)
    return (
        named.join(evidence.select("iri", own_label="label"), on="iri", how="left")
        .with_columns(pl.coalesce("label", "own_label").alias("label"))
        .with_columns(parse_label("label").struct.rename_fields(["called", "label_year", "label_qualifier"]).alias("p"))
        .unnest("p")
        .join(evidence.drop("label"), on="iri", how="left")
        .select(
            "iri",
            "called",
            "via",
            "kind",
            pl.coalesce("label_qualifier", "qualifier").alias("qualifier"),
            pl.coalesce("label_year", "year").alias("year"),
            "imdb_id",
            pl.col("degree").fill_null(0),
        )
        .unique()
        .cast(CANDIDATE_SCHEMA)
        .sort("iri", "called", "via", "year", "imdb_id")
    )


def imdb_ids(triples: pl.DataFrame) -> pl.DataFrame:
    """Return iri, imdb_id (``tt`` and at least seven digits) from triples that state one; the smallest of several."""
    return (
        triples.select(iri="subject", imdb_id=imdb_id(pl.col("object")))
        .drop_nulls()
        .group_by("iri")
        .agg(pl.col("imdb_id").min())
        .sort("iri")
    )


def release_years(triples: pl.DataFrame) -> pl.DataFrame:
    """Return iri, year (i16) of the earliest date that the triples state."""
    year = pl.col("object").str.extract(r"^((?:18|19|20)[0-9]{2})").cast(pl.Int16)
    return triples.select(iri="subject", year=year).drop_nulls().group_by("iri").agg(pl.col("year").min()).sort("iri")


def _imdb_forms(items: pl.DataFrame) -> pl.Series:
    """Return every way in which dumps write the items' IMDb ids: with and without tt and leading zeros."""
    known = items["imdb_id"].drop_nulls()
    digits = known.str.strip_prefix("tt")
    return pl.concat([known, digits, digits.str.strip_chars_start("0"), digits.str.zfill(7)]).unique()


def _follow(source: TripleSource, pages: pl.DataFrame) -> pl.DataFrame:
    """Replace pages that are redirects by what they lead to; their labels then count as redirects' names."""
    targets = follow_redirects(source, pages["page"])
    is_redirect = pl.col("iri").is_not_null()
    return (
        pages.join(targets, on="page", how="left")
        .select(
            pl.coalesce("iri", "page").alias("iri"),
            "label",
            pl.when(is_redirect & (pl.col("via") == "label")).then(pl.lit("redirect")).otherwise("via").alias("via"),
        )
        .unique()
    )


def _without_disambiguations(source: TripleSource, named: pl.DataFrame) -> pl.DataFrame:
    listing = source.facts("disambiguation", "subject", named["iri"]).select(iri="subject")
    return named.join(listing, on="iri", how="anti")


def _evidence(source: TripleSource, iris: pl.Series) -> pl.DataFrame:
    labels = _labels(source, iris)
    edges = pl.concat([source.facts("edge", "subject", iris), source.facts("edge", "object", iris)]).select(
        head="subject", predicate="predicate", tail="object"
    )
    degree = pl.concat([edges["head"].alias("iri"), edges["tail"].alias("iri")]).value_counts(name="degree")
    return (
        labels.join(entity_kinds(labels, source.facts("type", "subject", iris), edges), on="iri", how="left")
        .with_columns(parse_label("label").struct.field("qualifier"), parse_label("label").struct.field("year"))
        .join(release_years(source.facts("date", "subject", iris)), on="iri", how="left", suffix="_released")
        .join(imdb_ids(source.facts("imdb_id", "subject", iris)), on="iri", how="left")
        .join(degree, on="iri", how="left")
        .with_columns(pl.coalesce("year", "year_released").alias("year"))
        .drop("year_released")
    )


def _labels(source: TripleSource, iris: pl.Series) -> pl.DataFrame:
    found = source.facts("label", "subject", iris).group_by("subject").agg(pl.col("object").min().alias("label"))
    pages = iris.alias("iri").to_frame().join(found.rename({"subject": "iri"}), on="iri", how="left")
    return pages.select("iri", pl.coalesce("label", label_from_iri(pages["iri"])).alias("label")).sort("iri")
