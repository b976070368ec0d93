"""Canonical IRIs: where redirects end, and the DBpedia resource of a Wikidata entity.

Notable here:
- a source is asked one question a step of the longest chain, about the pages in question only;
- a page with several targets means the smallest, and the pages of a cycle mean the smallest of them, so the answer
  does not depend on the order of the triples.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from kgprep.kg.source import TripleSource
from kgprep.kg.vocabulary import WIKIDATA_ENTITY

_STEP_SCHEMA = pl.Schema({"page": pl.String, "next": pl.String})


def follow_redirects(source: TripleSource, iris: pl.Series) -> pl.DataFrame:
    """Lead each IRI to its canonical one: redirects followed to their end, Wikidata entities to their resource.

    Args:
        source: where the triples are.
        iris: pages that may be redirects.

    Returns:
        page, iri; for pages that mean another IRI only.
    """
    pages = iris.drop_nulls().unique().alias("page").to_frame()
    return _ends(_steps_from(source, pages)).join(pages, on="page", how="semi").sort("page")


def pages_leading_to(source: TripleSource, iris: pl.Series) -> pl.DataFrame:
    """Find the pages whose canonical IRI is one of the given.

    Args:
        source: where the triples are.
        iris: canonical IRIs.

    Returns:
        page, iri; without the given IRIs themselves.
    """
    wanted = iris.drop_nulls().unique().alias("iri").to_frame()
    reached = frontier = wanted.rename({"iri": "page"})
    while not frontier.is_empty():
        before = _steps_to(source, frontier["page"]).select("page").unique()
        frontier = before.join(reached, on="page", how="anti")
        reached = pl.concat([reached, frontier])
    return follow_redirects(source, reached["page"]).join(wanted, on="iri", how="semi").sort("page")


def to_canonical(frame: pl.DataFrame, column: str, redirects: pl.DataFrame) -> pl.DataFrame:
    """Replace the IRIs of a column by their canonical ones.

    Args:
        frame: any frame.
        column: of IRIs.
        redirects: page, iri.
    """
    if redirects.is_empty():
        return frame
    meaning = redirects.select(pl.col("page").alias(column), pl.col("iri").alias("canonical"))
    moved = frame.join(meaning, on=column, how="left", maintain_order="left")
    return moved.with_columns(pl.coalesce("canonical", column).alias(column)).drop("canonical")


def _steps_from(source: TripleSource, pages: pl.DataFrame) -> pl.DataFrame:
    """Collect the steps (page, next) on the way from the given pages to where their redirects end."""
    collected = [pl.DataFrame(schema=_STEP_SCHEMA)]
    asked = frontier = pages
    while not frontier.is_empty():
        redirected = source.facts("redirect", "subject", frontier["page"]).select(page="subject", next="object")
        entities = frontier["page"].filter(frontier["page"].str.starts_with(WIKIDATA_ENTITY))
        resources = source.facts("same_as", "object", entities).select(page="object", next="subject")
        collected += [redirected, resources]
        following = pl.concat([redirected, resources]).select(page="next").unique()
        frontier = following.join(asked, on="page", how="anti")
        asked = pl.concat([asked, frontier])
    return pl.concat(collected)


def _steps_to(source: TripleSource, iris: pl.Series) -> pl.DataFrame:
    redirected = source.facts("redirect", "object", iris).select(page="subject", next="object")
    entities = source.facts("same_as", "subject", iris).select(page="object", next="subject")
    return pl.concat([redirected, entities])


def _ends(steps: pl.DataFrame) -> pl.DataFrame:
    """Lead each page to the end of its steps: page, iri; pages that stay where they are left out.

    Jumps double in length each round, so a chain or a cycle of n pages takes log2(n) rounds; the smallest IRI met on
    the way round a cycle is the one that counts.
    """
    single = steps.filter(pl.col("page") != pl.col("next")).group_by("page").agg(pl.col("next").min())
    nodes = pl.concat([single["page"], single["next"].alias("page")]).unique().sort().to_frame().with_row_index("node")
    numbered = single.join(nodes, on="page").join(nodes.rename({"page": "next", "node": "to"}), on="next")
    jump = np.arange(nodes.height)
    jump[numbered["node"].to_numpy()] = numbered["to"].to_numpy()
    smallest = np.minimum(jump, np.arange(nodes.height))
    for _ in range(nodes.height.bit_length()):
        smallest = np.minimum(smallest, smallest[jump])
        jump = jump[jump]
    ends = smallest[jump]
    moved = nodes.with_columns(iri=nodes["page"].gather(ends))
    return moved.filter(pl.col("page") != pl.col("iri")).select("page", "iri")
