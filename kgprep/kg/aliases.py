"""Surface forms of entities, each with how likely it means that entity before any context.

Notable here:
- an alias's prior is the weight of its form (a surname says little) times the entity's share of weighted popularity
  among all entities that bear the alias, in whatever case it is written;
- forms that no source states (`kgprep.kg.surface_forms`) are short names, and weigh less than what they come from.
"""

from __future__ import annotations

import polars as pl

from kgprep.artifacts import ALIAS_SOURCES
from kgprep.kg.names import label_from_iri, parse_label
from kgprep.kg.redirects import pages_leading_to
from kgprep.kg.source import TripleSource
from kgprep.kg.surface_forms import organisation_forms, other_forms, person_forms, tidy, work_forms
from kgprep.kg.vocabulary import WIKIDATA_ENTITY

_REDIRECT = 0.9
_FOAF_NAME = 0.9
_DISAMBIGUATION = 0.2
_ITEM_POPULARITY = 3.0
_WORKS = ("film", "series", "work")


def entity_aliases(source: TripleSource, entities: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Gather the aliases of all entities (`kgprep.artifacts.ALIASES`).

    Args:
        source: where the triples are.
        entities: entity_id, iri, label, kind, is_item, degree.
        items: iri, name; what the data set calls its items.
    """
    labels = pl.concat(
        [
            entities.select("iri", "label"),
            source.facts("label", "subject", entities["iri"]).select(iri="subject", label="object"),
        ]
    )
    titles = pl.concat([_title(labels), items.select("iri", label="name")])
    named = source.facts("name", "subject", entities["iri"]).select(iri="subject", label="object")
    forms = pl.concat(
        [
            _form(labels.with_columns(weight=1.0), "label"),
            _form(titles.with_columns(weight=1.0), "title"),
            _form(_redirected(source, entities).with_columns(weight=_REDIRECT), "redirect"),
            _form(named.with_columns(weight=_FOAF_NAME), "foaf_name"),
            _form(_disambiguated(source, entities).with_columns(weight=_DISAMBIGUATION), "short_name"),
            _form(_varied(titles, entities), "short_name"),
        ]
    )
    bearers = forms.join(entities.select("iri", "entity_id", "is_item", "degree"), on="iri")
    return _with_prior(bearers)


def _redirected(source: TripleSource, entities: pl.DataFrame) -> pl.DataFrame:
    pages = pages_leading_to(source, entities["iri"]).filter(~pl.col("page").str.starts_with(WIKIDATA_ENTITY))
    return _title(pages.select("iri", label_from_iri(pages["page"]).alias("label")))


def _disambiguated(source: TripleSource, entities: pl.DataFrame) -> pl.DataFrame:
    pages = source.facts("disambiguation", "object", entities["iri"])
    return _title(pages.select(iri="object", label=label_from_iri(pages["subject"])))


def _varied(titles: pl.DataFrame, entities: pl.DataFrame) -> pl.DataFrame:
    """Return the forms that titles have by the rules for their entity's kind: iri, label, weight."""
    of_kind = titles.join(entities.select("iri", pl.col("kind").cast(pl.String)), on="iri")
    works = of_kind.filter(pl.col("kind").is_in(_WORKS))
    people = of_kind.filter(pl.col("kind") == "person")
    organisations = of_kind.filter(pl.col("kind") == "organisation")
    others = of_kind.filter(~pl.col("kind").is_in([*_WORKS, "person", "organisation"]))
    return pl.concat(
        [
            work_forms(works, people["label"]),
            person_forms(people),
            organisation_forms(organisations),
            other_forms(others),
        ]
    )


def _title(named: pl.DataFrame) -> pl.DataFrame:
    return named.select("iri", label=parse_label("label").struct.field("title"))


def _form(weighted: pl.DataFrame, source: str) -> pl.DataFrame:
    forms = weighted.select("iri", tidy(pl.col("label")).alias("alias"), pl.lit(source).alias("source"), "weight")
    return forms.filter(pl.col("alias").str.contains(r"[\p{L}\p{N}]"))


def _with_prior(forms: pl.DataFrame) -> pl.DataFrame:
    weighted = (
        forms.with_columns(
            pl.col("source").cast(pl.Enum(ALIAS_SOURCES)),
            popularity=(pl.col("degree") + 1) * pl.when("is_item").then(_ITEM_POPULARITY).otherwise(1.0),
        )
        .sort("alias", "entity_id", -pl.col("weight"), "source")
        .unique(["alias", "entity_id"], keep="first", maintain_order=True)
        .with_columns(folded=pl.col("alias").str.to_lowercase())
    )
    # An entity that bears an alias in several cases counts once.
    bearers = (
        weighted.group_by("folded", "entity_id", maintain_order=True)
        .agg((pl.col("popularity") * pl.col("weight")).max())
        .group_by("folded", maintain_order=True)
        .agg(pl.col("popularity").sum())
    )
    prior = pl.col("weight") ** 2 * pl.col("popularity") / pl.col("popularity_all")
    return weighted.join(bearers, on="folded", suffix="_all", maintain_order="left").select(
        "alias", "entity_id", "source", prior.cast(pl.Float32).alias("prior")
    )
