"""Surface forms of entities, each with how likely it means that entity before any context.

Notable here:
- an alias's prior is the weight of its form (a surname says little) times the entity's share of weighted popularity
  among all entities that bear the alias, in whatever case it is written.
"""

from __future__ import annotations

import polars as pl

from kgprep.artifacts import ALIAS_SOURCES
from kgprep.kg.names import label_from_iri, parse_label
from kgprep.kg.source import TripleSource

_WEIGHTS = {"label": 1.0, "title": 1.0, "redirect": 0.9, "foaf_name": 0.9, "short_name": 0.3, "surname": 0.1}
_ITEM_POPULARITY = 3.0
_NAME_SUFFIXES = r"(?i),? (?:jr|sr|ii|iii|iv)\.?$"
_SUBTITLE = r"^(.{3,}?)(?:\s*:\s|\s+[–—-]\s|：).+$"


def entity_aliases(source: TripleSource, entities: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """Gather the aliases of all entities (`kgprep.artifacts.ALIASES`).

    Args:
        source: where the triples are.
        entities: entity_id, iri, label, kind, is_item, degree.
        items: iri, name; what the data set calls its items.
    """
    ids = entities.select("entity_id", "iri", "kind")
    labels = pl.concat(
        [
            entities.select("iri", "label"),
            source.facts("label", "subject", entities["iri"]).select(iri="subject", label="object"),
        ]
    )
    redirects = source.facts("redirect", "object", entities["iri"])
    redirected = redirects.select(iri="object", label=label_from_iri(redirects["subject"]))
    named = source.facts("name", "subject", entities["iri"]).select(iri="subject", label="object")
    titles = pl.concat([_title(labels), items.select("iri", label="name")]).join(ids, on="iri")
    forms = pl.concat(
        [
            _form(labels, "label"),
            _form(titles, "title"),
            _form(_title(redirected), "redirect"),
            _form(named, "foaf_name"),
            _form(_without_article(titles), "short_name"),
            _form(_without_subtitle(titles), "short_name"),
            _form(_surname(titles), "surname"),
        ]
    )
    return _with_prior(forms.join(entities.select("iri", "entity_id", "is_item", "degree"), on="iri"))


def _form(named: pl.DataFrame, source: str) -> pl.DataFrame:
    alias = pl.col("label").str.strip_chars().str.replace_all(r"\s+", " ")
    return named.select("iri", alias=alias, form=pl.lit(source)).filter(pl.col("alias").str.contains(r"[\p{L}\p{N}]"))


def _title(named: pl.DataFrame) -> pl.DataFrame:
    return named.select("iri", label=parse_label("label").struct.field("title"))


def _is(*kinds: str) -> pl.Expr:
    return pl.col("kind").cast(pl.String).is_in(kinds)


def _without_article(titles: pl.DataFrame) -> pl.DataFrame:
    works = titles.filter(_is("film", "series", "work", "organisation"))
    return works.with_columns(pl.col("label").str.extract(r"^(?i:the) (.+)$")).drop_nulls("label")


def _without_subtitle(titles: pl.DataFrame) -> pl.DataFrame:
    works = titles.filter(_is("film", "series", "work"))
    return works.with_columns(pl.col("label").str.extract(_SUBTITLE)).drop_nulls("label")


def _surname(titles: pl.DataFrame) -> pl.DataFrame:
    people = titles.filter(_is("person"))
    plain = pl.col("label").str.replace(_NAME_SUFFIXES, "")
    return people.with_columns(plain.str.extract(r"^\S.* (\p{Lu}[\p{L}'’-]{2,})$").alias("label")).drop_nulls("label")


def _with_prior(forms: pl.DataFrame) -> pl.DataFrame:
    order = pl.Enum(ALIAS_SOURCES)
    weighted = (
        forms.with_columns(
            weight=pl.col("form").replace_strict(_WEIGHTS, return_dtype=pl.Float64),
            source=pl.col("form").replace("surname", "short_name").cast(order),
            popularity=(pl.col("degree") + 1) * pl.when("is_item").then(_ITEM_POPULARITY).otherwise(1.0),
        )
        .sort("alias", "entity_id", -pl.col("weight"), "source")
        .unique(["alias", "entity_id"], keep="first", maintain_order=True)
        .with_columns(folded=pl.col("alias").str.to_lowercase())
    )
    # An entity that bears an alias in several cases counts once.
    bearers = (
        weighted.group_by("folded", "entity_id")
        .agg((pl.col("popularity") * pl.col("weight")).max())
        .sort("folded", "entity_id")
        .group_by("folded", maintain_order=True)
        .agg(pl.col("popularity").sum())
    )
    return (
        weighted.join(bearers, on="folded", suffix="_all")
        .select(
            "alias",
            "entity_id",
            "source",
            (pl.col("weight") ** 2 * pl.col("popularity") / pl.col("popularity_all")).cast(pl.Float32).alias("prior"),
        )
        .sort("alias", "entity_id")
    )
