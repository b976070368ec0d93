"""Descriptions in two languages, on entities made by hand."""

from __future__ import annotations

import polars as pl
import pytest

from kgprep.kg.descriptions import describe, edge_sentences
from kgprep.kg.entities import best_labels
from kgprep.kg.source import FACT_SCHEMA

DBO = "http://dbpedia.org/ontology/"
_Entity = tuple[str, str, int | None, bool, int]


def entities(*rows: _Entity) -> pl.DataFrame:
    """Entities whose IRI is their label: label, kind, year, is_item, degree."""
    schema = {"label": pl.String, "kind": pl.String, "year": pl.Int16, "is_item": pl.Boolean, "degree": pl.Int32}
    frame = pl.DataFrame(rows, schema=schema, orient="row").with_columns(iri="label")
    return frame.with_row_index("entity_id").with_columns(pl.col("entity_id").cast(pl.Int32))


def edges(*rows: tuple[str, str, str]) -> pl.DataFrame:
    named = [(head, DBO + relation, tail) for head, relation, tail in rows]
    return pl.DataFrame(named, schema={"head": pl.String, "predicate": pl.String, "tail": pl.String}, orient="row")


_HEAT = entities(
    ("Heat (1995 film)", "film", 1995, True, 4), ("Al Pacino", "person", None, False, 2),
    ("Val Kilmer", "person", None, False, 1), ("Serpico", "film", None, True, 1), ("Stereo", "other", None, False, 1),
)  # fmt: skip
_HEAT_EDGES = edges(
    ("Heat (1995 film)", "starring", "Val Kilmer"),
    ("Heat (1995 film)", "starring", "Al Pacino"),
    ("Heat (1995 film)", "soundFormat", "Stereo"),
    ("Serpico", "starring", "Al Pacino"),
)


def test_edges_are_put_into_words() -> None:
    texts = dict(edge_sentences(_HEAT, _HEAT_EDGES, "en").select("entity_id", "text").rows())
    assert texts[0] == "Heat (1995) is a film starring Al Pacino, Val Kilmer, with the sound format Stereo."
    assert texts[1] == "Al Pacino is a person who acts in Heat, Serpico."
    assert texts[4] == "Stereo is a topic known as the sound format of Heat."


def test_edges_are_put_into_chinese_words() -> None:
    made = edge_sentences(_HEAT, _HEAT_EDGES, "zh")
    assert made["lang"].unique().to_list() == ["zh"]
    assert made["text"][1] == "Al Pacino是一位人物，参演作品：Heat、Serpico。"


def test_an_unknown_language_falls_back_to_english() -> None:
    assert edge_sentences(_HEAT, _HEAT_EDGES, "de")["lang"].unique().to_list() == ["en"]


def test_a_text_of_the_source_comes_before_a_plot_and_a_plot_before_edges() -> None:
    texts = pl.DataFrame(
        [
            ("Heat (1995 film)", "http://www.w3.org/2000/01/rdf-schema#comment", "Short.", "en"),
            ("Heat (1995 film)", f"{DBO}abstract", "A film.", "en"),
            ("Heat (1995 film)", f"{DBO}abstract", "Ein Film.", "de"),
        ],
        schema=FACT_SCHEMA,
        orient="row",
    )
    plots = pl.DataFrame(
        {"entity_id": [0, 3], "lang": ["en", "en"], "text": ["A plot.", "A cop."]},
        schema_overrides={"entity_id": pl.Int32},
    )
    described, counts = describe(texts, plots, _HEAT, _HEAT_EDGES, ("en",))
    found = dict(described.select("entity_id", "text").rows())
    assert (found[0], found[3]) == ("A film.", "A cop.")
    assert described.height == 5
    assert [(count.kept, count.total) for count in counts] == [(1, 5), (1, 5), (3, 5), (5, 5)]


def tagged(*tags: str | None) -> pl.DataFrame:
    """A label and an abstract of Heat in each of the languages, which say the tag."""
    said = [("Heat (1995 film)", f"{DBO}abstract", tag or "none", tag) for tag in tags]
    return pl.DataFrame(said, schema=FACT_SCHEMA, orient="row")


@pytest.mark.parametrize(
    ("wanted", "tags", "best"),
    [
        (("zh-hant",), ("zh-hans", "zh-hant"), "zh-hant"),
        (("zh-hant", "en"), ("en", "zh-hans"), "zh-hans"),
        (("zh", "zh-hant"), ("zh-hant", "zh-hans", "zh"), "zh"),
        (("zh-hant", "zh"), ("zh", "zh-Hant"), "zh-Hant"),
        (("en",), ("en-gb", "en"), "en"),
        (("as",), (None, "ast"), None),
        (("as", "ast"), ("ast",), "ast"),
    ],
)
def test_a_text_in_the_wanted_tag_comes_before_others_of_its_language(
    wanted: tuple[str, ...], tags: tuple[str | None, ...], best: str | None
) -> None:
    said = tagged(*tags)
    assert best_labels(said, wanted)["label"].to_list() == [best or "none"]
    plots = pl.DataFrame(schema={"entity_id": pl.Int32, "lang": pl.String, "text": pl.String})
    described = describe(said, plots, _HEAT, _HEAT_EDGES, wanted)[0].filter(pl.col("entity_id") == 0)
    first = described.sort(pl.col("lang").replace_strict({tag: place for place, tag in enumerate(wanted)}))
    assert first["text"][0] == (best or "none")
