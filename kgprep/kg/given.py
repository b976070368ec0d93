"""IRIs that a data set gives its items: read in DBpedia's usual spellings, and believed where the source knows them."""

from __future__ import annotations

import polars as pl

from kgprep.counts import Count
from kgprep.kg.escapes import decode_percent
from kgprep.kg.redirects import follow_redirects, to_canonical
from kgprep.kg.source import End, TripleSource
from kgprep.kg.title_forms import page_names
from kgprep.kg.vocabulary import ABSOLUTE_IRI, FACTS

_DBPEDIA = r"^(?:dbr:|https?://(?:www\.)?((?:[a-z-]+\.)?dbpedia\.org)/(?:resource|page)/)(.+)$"
_QUESTIONS: tuple[tuple[str, End], ...] = (
    *((fact, "subject") for fact in ("label", *(fact for fact in FACTS if fact != "label"))),
    *((fact, "object") for fact in ("edge", "redirect", "same_as")),
)
"""What a source may state of an IRI, the commonest first."""


def believed_iris(source: TripleSource, items: pl.DataFrame) -> tuple[pl.DataFrame, tuple[Count, ...]]:
    """Lead each IRI that an item came with to the canonical one, and leave out those that the source does not know.

    Args:
        source: where the triples are.
        items: item_id, iri? as the data set gives it, and others.

    Returns:
        The items in their order, with iri null where it is none that the source states anything of; and how many are
        left.
    """
    given = items.select("iri").drop_nulls().unique("iri", maintain_order=True)
    # As given comes first: old dumps encode what DBpedia no longer does.
    spelt = pl.concat([given.with_columns(page="iri"), given.with_columns(usual_spelling(given["iri"]).alias("page"))])
    absolute = spelt.filter(pl.col("page").str.contains(ABSOLUTE_IRI))
    canonical = to_canonical(absolute, "page", follow_redirects(source, absolute["page"]))
    known = canonical.join(_known(source, canonical["page"]), on="page", how="semi", maintain_order="left")
    meaning = known.unique("iri", keep="first", maintain_order=True)
    believed = items.join(meaning, on="iri", how="left", maintain_order="left")
    with_iri = items.filter(pl.col("iri").is_not_null())
    counts = (
        Count("items with an IRI that is absolute", _of(with_iri, absolute), with_iri.height),
        Count("items with an IRI that the source knows", _of(with_iri, known), with_iri.height),
    )
    return believed.with_columns(iri="page").select(items.columns), counts if with_iri.height else ()


def _of(items: pl.DataFrame, iris: pl.DataFrame) -> int:
    return items.join(iris, on="iri", how="semi").height


def usual_spelling(iris: pl.Series) -> pl.Series:
    """Write addresses of DBpedia's pages, and names with its prefix, as its resources; others stay as they are."""
    parts = iris.str.extract_groups(_DBPEDIA).struct.unnest()
    host, name = parts.to_series(0).fill_null("dbpedia.org"), parts.to_series(1)
    return pl.select(pl.coalesce("http://" + host + "/resource/" + page_names(decode_percent(name)), iris)).to_series()


def _known(source: TripleSource, pages: pl.Series) -> pl.DataFrame:
    """Return those of the pages of which the source states anything."""
    unknown = pages.unique().sort()
    for fact, end in _QUESTIONS:
        stated = source.facts(fact, end, unknown)[end]
        unknown = unknown.filter(~unknown.is_in(stated.implode()))
    return pages.unique().to_frame().filter(~pl.col(pages.name).is_in(unknown.implode()))
