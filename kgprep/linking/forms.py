"""The forms under which entities are named, and the entities that each form may mean: the tables of the linker.

Notable here:
- a form stands once, as folded words; an entity stands once under each of its forms;
- what does not depend on a text is known beforehand: how likely a form is as ordinary words, and how much its aliases
  are worth together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from kgprep.linking.commonness import phrase_chances
from kgprep.linking.folding import SEPARATOR, spellings
from kgprep.linking.genres import NOUNS, genre_forms
from kgprep.linking.misspelt import shortened_words
from kgprep.linking.nationalities import CAPITAL_ONLY, nationality_forms

_SORTS = ("name", "partial", "genre", "nationality")
SortEnum = pl.Enum(_SORTS)
"""What sort of form it is: a whole name, a bare surname or first name, a genre's word, a nationality."""

_FIRST_NAME = 0.05
_LEAST_LETTERS = 4
_MOST_BEARERS = 5
"""More people with one first name make it nobody's."""

_HEAD_NOUN = rf"{SEPARATOR}(?:films?|movies?){SEPARATOR}$"
_WORD_CHARACTERS = r"\p{L}\p{M}\p{N}"


@dataclass(frozen=True)
class FormTables:
    """What the linker knows of forms.

    Args:
        forms: form str (sorted; a form's number is its row), words u8, chance and rarest f32 (log10: how likely it is
            as ordinary words, and its rarest word), trust f32 (what its aliases are worth together, in (0, 1]), and
            what sort of words it has: listed (for a genre or a nationality), genre, weak_genre, noun_genre,
            ends_in_noun, acronym, numeric, chinese, capital_only (bool).
        candidates: form u32, entity_id i32, prior f32, sort, needs_head_noun bool, is_label bool (it is the entity's
            whole label), lead str, tail str (the signs before the first and after the last word of the alias); sorted
            by form and entity.
        shortened: words of names with one letter deleted (`kgprep.linking.misspelt.shortened_words`).
    """

    forms: pl.DataFrame
    candidates: pl.DataFrame
    shortened: pl.DataFrame


def form_tables(entities: pl.DataFrame, aliases: pl.DataFrame) -> FormTables:
    """Make the tables of forms from kg/entities and kg/aliases."""
    people = entities.filter(pl.col("kind").cast(pl.String) == "person").select("entity_id", "degree")
    named = _named(aliases, entities).with_columns(needs_head_noun=pl.lit(False))
    no_signs: dict[str, Any] = {"lead": pl.lit(""), "tail": pl.lit(""), "is_acronym": False, "is_label": False}
    first_names = _first_names(aliases, people).with_columns(sort=pl.lit("partial"), needs_head_noun=False, **no_signs)
    plain: dict[str, Any] = {"prior": pl.lit(1.0, pl.Float32), **no_signs}
    genres = genre_forms(entities).with_columns(sort=pl.lit("genre"), **plain)
    countries = nationality_forms(entities).with_columns(sort=pl.lit("nationality"), needs_head_noun=False, **plain)
    columns = ["form", "entity_id", "prior", "sort", "needs_head_noun", "lead", "tail", "is_acronym", "is_label"]
    every = (
        pl.concat(
            [frame.select(columns) for frame in (_without_head_nouns(named, genres), first_names, genres, countries)]
        )
        .with_columns(pl.col("sort").cast(SortEnum))
        .with_columns(
            # A genre's word stays one though it is its label, too; else a whole name goes before a part of one.
            rank=pl.col("sort").cast(pl.String).replace_strict({"genre": 0, "nationality": 0, "name": 1, "partial": 2}),
            signs=pl.col("lead").str.len_chars() + pl.col("tail").str.len_chars(),
        )
        .sort(
            ["form", "entity_id", "rank", "prior", "signs", "lead", "tail"],
            descending=[False, False, False, True, True, False, False],
        )
        .unique(["form", "entity_id"], keep="first", maintain_order=True)
    )
    forms = _describe(every)
    numbers = forms.select("form").with_row_index("number")
    numbered = every.drop("rank", "signs").join(numbers, on="form", maintain_order="left")
    return FormTables(
        forms, numbered.drop("form", "is_acronym").rename({"number": "form"}), shortened_words(forms["form"])
    )


def _without_head_nouns(named: pl.DataFrame, genres: pl.DataFrame) -> pl.DataFrame:
    """Leave out names such as "horror films" of a graph's second node for the genre that "horror" stands for."""
    stem = pl.col("form").str.replace(_HEAD_NOUN, SEPARATOR)
    second = (
        named.filter(pl.col("is_genre"), pl.col("form").str.contains(_HEAD_NOUN))
        .with_columns(stem=stem)
        .join(genres, left_on="stem", right_on="form", how="semi")
    )
    return named.join(second, on=["form", "entity_id"], how="anti")


def _named(aliases: pl.DataFrame, entities: pl.DataFrame) -> pl.DataFrame:
    people, genres = (
        entities.filter(pl.col("kind").cast(pl.String) == kind)["entity_id"].implode() for kind in ("person", "genre")
    )
    one_word = ~pl.col("form").str.strip_chars(SEPARATOR).str.contains(SEPARATOR, literal=True)
    is_partial = (pl.col("source").cast(pl.String) == "short_name") & pl.col("entity_id").is_in(people) & one_word
    return _spelt(aliases).select(
        "form",
        "entity_id",
        "prior",
        sort=pl.when(is_partial).then(pl.lit("partial")).otherwise(pl.lit("name")),
        lead=pl.col("alias").str.extract(rf"^([^{_WORD_CHARACTERS}\s]+)").fill_null(""),
        tail=pl.col("alias").str.extract(rf"([^{_WORD_CHARACTERS}\s]+)$").fill_null(""),
        is_genre=pl.col("entity_id").is_in(genres),
        is_label=pl.col("source").cast(pl.String) == "label",
        is_acronym=pl.col("alias").str.contains(r"^\P{Ll}*\p{Lu}\P{Ll}*\p{Lu}\P{Ll}*$"),
    )


def _spelt(names: pl.DataFrame) -> pl.DataFrame:
    """Give each alias the forms under which it is typed, a row each."""
    return names.with_row_index("row").join(spellings(names["alias"]), on="row").drop("row")


def _first_names(aliases: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Name people by a first name that few others of the graph have: form, entity_id, prior.

    Args:
        aliases: alias, entity_id, source.
        people: entity_id, degree.
    """
    labels = aliases.filter(pl.col("source").cast(pl.String).is_in(["label", "title"])).join(people, on="entity_id")
    named = labels.select(
        "entity_id",
        "degree",
        alias=pl.col("alias").str.extract(rf"^(\p{{Lu}}\p{{Ll}}{{{_LEAST_LETTERS - 1},}}) \p{{L}}"),
    ).drop_nulls("alias")
    few = named.unique().filter(pl.len().over("alias") <= _MOST_BEARERS)
    share = pl.col("degree") / pl.col("degree").sum().over("alias")
    weighed = few.filter(pl.col("degree") > 0).with_columns(prior=(_FIRST_NAME * share).cast(pl.Float32))
    return _spelt(weighed).select("form", "entity_id", "prior")


def _describe(candidates: pl.DataFrame) -> pl.DataFrame:
    forms = (
        candidates.group_by("form")
        .agg(
            trust=pl.col("prior").sum().clip(1e-3, 1.0),
            listed=pl.col("sort").is_in(["genre", "nationality"]).any(),
            genre=(pl.col("sort") == "genre").any(),
            weak_genre=pl.col("needs_head_noun").any(),
            acronym=pl.col("is_acronym").any(),
        )
        .sort("form")
    )
    bare = pl.col("form").str.strip_chars(SEPARATOR)
    return forms.with_columns(
        bare.str.count_matches(rf"[{_WORD_CHARACTERS}]+").clip(1, 255).cast(pl.UInt8).alias("words"),
        *phrase_chances(forms["form"]).cast(pl.Float32),
        bare.str.contains(rf"^[\p{{N}}{SEPARATOR}]+$").alias("numeric"),
        pl.col("form").str.contains(r"\p{Han}").alias("chinese"),
        pl.col("form").is_in(list(CAPITAL_ONLY)).alias("capital_only"),
        pl.col("form").is_in(list(NOUNS)).alias("noun_genre"),
        pl.col("form").str.contains(_HEAD_NOUN).alias("ends_in_noun"),
    )
