"""One text an entity and language: from the source, else from the data set, else a sentence made of the entity's edges.

Notable here: the fallback sentences are grouped and joined in polars; a language is one `Phrases` of templates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from kgprep.artifacts import DESCRIPTIONS, DescriptionSourceEnum
from kgprep.counts import Count
from kgprep.kg.entities import with_ids_of_ends
from kgprep.kg.languages import RANKS_A_TAG, language_rank, primary_subtag
from kgprep.kg.names import parse_label
from kgprep.kg.vocabulary import DBO, RDFS, SCHEMA, local_name

_TEXT_PRECEDENCE = {f"{DBO}abstract": 0, f"{RDFS}comment": 1, f"{SCHEMA}description": 2}
_CALLED = {f"{DBO}abstract": "abstract"}
_NAMES_SHOWN = 5
_PHRASES_SHOWN = 8
_TEXT_SCHEMA = DESCRIPTIONS.schema


@dataclass(frozen=True)
class Phrases:
    """How one language says what edges say.

    Args:
        kinds: the words for each kind of entity, with article.
        opening: of the sentence; {label} and {kind} are filled in.
        opening_with_year: the same where the year is known.
        out: what a relation says of its head, by local name, in the order of the sentence; {names} is filled in.
        into: what it says of its tail.
        other_out, other_into: for all other relations; {name} is the relation's.
        separator, last_separator: between names.
        joint, end: between phrases, and at the end.
    """

    kinds: dict[str, str]
    opening: str
    opening_with_year: str
    out: dict[str, str]
    into: dict[str, str]
    other_out: str
    other_into: str
    separator: str
    joint: str
    end: str


_ENGLISH = Phrases(
    kinds={
        "film": "a film", "series": "a series", "person": "a person", "genre": "a genre",
        "organisation": "an organisation", "place": "a place", "work": "a work", "other": "a topic",
    },
    opening="{label} is {kind} ",
    opening_with_year="{label} ({year}) is {kind} ",
    out={
        "director": "directed by {names}", "starring": "starring {names}", "writer": "written by {names}",
        "author": "written by {names}", "creator": "created by {names}", "genre": "of the genre {names}",
        "producer": "produced by {names}", "musicComposer": "with music by {names}",
        "cinematography": "shot by {names}", "editing": "edited by {names}", "narrator": "narrated by {names}",
        "distributor": "distributed by {names}", "productionCompany": "made by {names}",
        "country": "from {names}", "language": "in {names}", "previousWork": "following {names}",
        "subsequentWork": "followed by {names}", "network": "shown on {names}",
    },
    into={
        "director": "who directed {names}", "starring": "who acts in {names}", "writer": "who wrote {names}",
        "author": "who wrote {names}", "creator": "who created {names}", "genre": "to which {names} belong",
        "producer": "who produced {names}", "musicComposer": "who composed the music of {names}",
        "cinematography": "who shot {names}", "editing": "who edited {names}", "narrator": "who narrates {names}",
        "distributor": "that distributed {names}", "productionCompany": "that made {names}",
        "previousWork": "that came before {names}", "subsequentWork": "that came after {names}",
    },
    other_out="with the {name} {names}",
    other_into="known as the {name} of {names}",
    separator=", ",
    joint=", ",
    end=".",
)  # fmt: skip

_CHINESE = Phrases(
    kinds={
        "film": "一部电影", "series": "一部剧集", "person": "一位人物", "genre": "一种类型", "organisation": "一个机构",
        "place": "一个地方", "work": "一部作品", "other": "一个条目",
    },
    opening="{label}是{kind}，",
    opening_with_year="{label}（{year}年）是{kind}，",
    out={
        "director": "导演：{names}", "starring": "主演：{names}", "writer": "编剧：{names}", "author": "作者：{names}",
        "genre": "类型：{names}", "producer": "制片：{names}", "musicComposer": "音乐：{names}",
        "cinematography": "摄影：{names}", "editing": "剪辑：{names}", "distributor": "发行：{names}",
        "productionCompany": "制作公司：{names}", "country": "国家：{names}", "language": "语言：{names}",
    },
    into={
        "director": "导演作品：{names}", "starring": "参演作品：{names}", "writer": "编剧作品：{names}",
        "author": "著作：{names}", "genre": "代表作品：{names}", "producer": "制片作品：{names}",
        "musicComposer": "配乐作品：{names}", "cinematography": "摄影作品：{names}", "editing": "剪辑作品：{names}",
        "distributor": "发行作品：{names}", "productionCompany": "制作作品：{names}", "country": "出品：{names}",
        "language": "使用该语言的作品：{names}",
    },
    other_out="{name}：{names}",
    other_into="{name}（反向）：{names}",
    separator="、",
    joint="；",
    end="。",
)  # fmt: skip

_PHRASES = {"en": _ENGLISH, "zh": _CHINESE}


def describe(
    texts: pl.DataFrame, plots: pl.DataFrame, entities: pl.DataFrame, edges: pl.DataFrame, languages: Sequence[str]
) -> tuple[pl.DataFrame, tuple[Count, ...]]:
    """Choose the descriptions of all entities (`kgprep.artifacts.DESCRIPTIONS`) and count where they come from.

    Args:
        texts: subject, predicate, object, lang; abstracts and comments.
        plots: entity_id, lang, text; from the data set, the preferred first.
        entities: entity_id, iri, label, kind, year, degree.
        edges: head, predicate, tail (IRIs), without inverses.
        languages: tags; the fallback sentence is in the first.
    """
    from_source = _source_texts(texts, entities, languages)
    said = plots.select("entity_id", "lang", "text", source=pl.lit("plot", DescriptionSourceEnum))
    from_set = said.unique(["entity_id", "lang"], keep="first", maintain_order=True)
    from_set = from_set.join(from_source, on=["entity_id", "lang"], how="anti")
    told = pl.concat([from_source, from_set])
    made = edge_sentences(entities, edges, languages[0]).join(told, on="entity_id", how="anti")
    everything = pl.concat([told, made]).sort("entity_id", "lang")
    described = everything["entity_id"].n_unique()
    counts = (
        Count("entities with a text of the source", from_source["entity_id"].n_unique(), entities.height),
        Count("entities with a plot of the data set", from_set["entity_id"].n_unique(), entities.height),
        Count("entities with a sentence made of their edges", made.height, entities.height),
        Count("entities with a description", described, entities.height),
    )
    return everything, counts


def _source_texts(texts: pl.DataFrame, entities: pl.DataFrame, languages: Sequence[str]) -> pl.DataFrame:
    # A text without a tag is taken to be in the first language.
    rank = pl.when(pl.col("lang").is_null()).then(0).otherwise(language_rank(pl.col("lang"), languages))
    tags = dict(enumerate(languages))
    precedence = pl.col("predicate").replace_strict(_TEXT_PRECEDENCE, default=len(_TEXT_PRECEDENCE))
    return (
        texts.with_columns(
            rank.alias("rank"),
            (rank // RANKS_A_TAG).replace_strict(tags, default=None, return_dtype=pl.String).alias("lang"),
            pl.col("object").str.replace_all(r"\s+", " ").str.strip_chars().alias("text"),
            precedence.alias("precedence"),
            source=pl.col("predicate").replace_strict(_CALLED, default="comment").cast(DescriptionSourceEnum),
        )
        .filter(pl.col("lang").is_not_null() & (pl.col("text") != ""))
        .join(entities.select("entity_id", subject="iri"), on="subject")
        .sort("entity_id", "lang", "rank", "precedence", "text")
        .unique(["entity_id", "lang"], keep="first", maintain_order=True)
        .select(_TEXT_SCHEMA.names())
    )


def edge_sentences(entities: pl.DataFrame, edges: pl.DataFrame, language: str) -> pl.DataFrame:
    """Make a sentence of each entity's edges (`kgprep.artifacts.DESCRIPTIONS`).

    Args:
        entities: entity_id, iri, label, kind, year, degree.
        edges: head, predicate, tail (IRIs), without inverses.
        language: tag; English is used where there are no phrases for it.
    """
    phrases = _PHRASES.get(primary_subtag(language), _ENGLISH)
    lang = language if primary_subtag(language) in _PHRASES else "en"
    numbered = with_ids_of_ends(edges, entities)
    of_heads = numbered.select("predicate", entity_id="head_id", other="tail_id")
    of_tails = numbered.select("predicate", entity_id="tail_id", other="head_id")
    said = pl.concat(
        [
            _phrases(of_heads, phrases.out, phrases.other_out, 0),
            _phrases(of_tails, phrases.into, phrases.other_into, 1),
        ]
    )
    title = parse_label("label").struct.field("title")
    named = entities.select("entity_id", "kind", "year", "degree", title=title)
    listed = (
        said.join(named.select(other="entity_id", name="title", popularity="degree"), on="other")
        .sort("entity_id", "side", "rank", "predicate", -pl.col("popularity"), "name", "other")
        .unique(["entity_id", "side", "rank", "phrase", "name"], keep="first", maintain_order=True)
        .group_by("entity_id", "side", "rank", "phrase", maintain_order=True)
        .agg(pl.col("name").head(_NAMES_SHOWN))
        .with_columns(pl.col("name").list.join(phrases.separator))
        .with_columns(pl.col("phrase").str.replace("{names}", pl.col("name"), literal=True))
        .group_by("entity_id", maintain_order=True)
        .agg(pl.col("phrase").head(_PHRASES_SHOWN))
        .with_columns(pl.col("phrase").list.join(phrases.joint))
    )
    kind = pl.col("kind").cast(pl.String).replace_strict(phrases.kinds, return_dtype=pl.String)
    opening = (
        pl.when(pl.col("year").is_null()).then(pl.lit(phrases.opening)).otherwise(pl.lit(phrases.opening_with_year))
    )
    filled = (
        pl.col("opening")
        .str.replace("{kind}", kind, literal=True)
        .str.replace("{year}", pl.col("year").cast(pl.String).fill_null(""), literal=True)
        .str.replace("{label}", pl.col("title"), literal=True)
    )
    return (
        named.join(listed, on="entity_id", maintain_order="left")
        .with_columns(opening=opening)
        .select(
            "entity_id",
            lang=pl.lit(lang),
            text=filled + pl.col("phrase") + pl.lit(phrases.end),
            source=pl.lit("edges", DescriptionSourceEnum),
        )
        .cast(_TEXT_SCHEMA)
        .sort("entity_id")
    )


def _phrases(edges: pl.DataFrame, templates: dict[str, str], other: str, side: int) -> pl.DataFrame:
    """Give each edge its phrase, with its place in the sentence: side (0: head, 1: tail), then rank."""
    known = pl.DataFrame(
        {"relation": list(templates), "phrase": list(templates.values()), "rank": range(len(templates))},
        schema={"relation": pl.String, "phrase": pl.String, "rank": pl.Int32},
    )
    words = pl.col("relation").str.replace_all(r"(\p{Ll})(\p{Lu})", "$1 $2").str.to_lowercase()
    generic = pl.col("other").str.replace("{name}", words, literal=True)
    of_predicates = (
        edges.select("predicate", relation=local_name(pl.col("predicate")))
        .unique()
        .with_columns(other=pl.lit(other))
        .join(known, on="relation", how="left")
        .select("predicate", pl.coalesce("phrase", generic).alias("phrase"), pl.col("rank").fill_null(len(templates)))
    )
    return edges.join(of_predicates, on="predicate").with_columns(side=pl.lit(side))
