"""Aliases with their priors, and descriptions in two languages, on entities made by hand."""

from __future__ import annotations

import polars as pl

from kgprep.kg.aliases import entity_aliases
from kgprep.kg.descriptions import describe, edge_sentences
from kgprep.kg.source import FACT_SCHEMA, DumpSource

DBO = "http://dbpedia.org/ontology/"
_Entity = tuple[str, str, int | None, bool, int]


def entities(*rows: _Entity) -> pl.DataFrame:
    """Entities whose IRI is their label: label, kind, year, is_item, degree."""
    schema = {"label": pl.String, "kind": pl.String, "year": pl.Int16, "is_item": pl.Boolean, "degree": pl.Int32}
    frame = pl.DataFrame(rows, schema=schema, orient="row").with_columns(iri="label")
    return frame.with_row_index("entity_id").with_columns(pl.col("entity_id").cast(pl.Int32))


def aliases(known: pl.DataFrame) -> dict[tuple[str, str], tuple[str, float]]:
    items = known.filter("is_item").select("iri", name="label")
    with DumpSource([], ("en",)) as source:
        found = entity_aliases(source, known, items.clear())
    rows = found.join(known.select("entity_id", "iri"), on="entity_id").select("alias", "iri", "source", "prior").rows()
    return {(alias, iri): (source, prior) for alias, iri, source, prior in rows}


def edges(*rows: tuple[str, str, str]) -> pl.DataFrame:
    named = [(head, DBO + relation, tail) for head, relation, tail in rows]
    return pl.DataFrame(named, schema={"head": pl.String, "predicate": pl.String, "tail": pl.String}, orient="row")


def test_a_shared_title_is_shared_by_popularity() -> None:
    found = aliases(
        entities(("Frozen (2013 film)", "film", 2013, True, 20), ("Frozen (2007 film)", "film", 2007, True, 4))
    )
    famous, other = found["Frozen", "Frozen (2013 film)"][1], found["Frozen", "Frozen (2007 film)"][1]
    assert famous > other > 0
    assert abs(famous + other - 1) < 1e-6
    assert found["Frozen (2013 film)", "Frozen (2013 film)"] == ("label", 1.0)


def test_an_item_outweighs_a_namesake_that_is_none() -> None:
    found = aliases(entities(("Up (film)", "film", None, True, 5), ("Up (album)", "work", None, False, 5)))
    assert found["Up", "Up (film)"][1] > found["Up", "Up (album)"][1]


def test_case_does_not_make_two_aliases_out_of_one_claim() -> None:
    found = aliases(entities(("HER", "film", None, True, 5), ("Her (film)", "film", None, True, 5)))
    assert found["HER", "HER"][1] == found["Her", "Her (film)"][1] == 0.5


def test_short_forms_of_titles_and_people() -> None:
    found = aliases(
        entities(
            ("The Matrix", "film", 1999, True, 9),
            ("Star Wars: The Force Awakens", "film", 2015, True, 9),
            ("Harry Potter and the Deathly Hallows – Part 2", "film", 2011, True, 9),
            ("Robert Downey Jr.", "person", None, False, 9),
            ("Robert De Niro", "person", None, False, 9),
            ("Cher", "person", None, False, 9),
            ("The Who", "organisation", None, False, 3),
        )
    )
    short = {alias for (alias, _), (source, _) in found.items() if source == "short_name"}
    assert short == {"Matrix", "Star Wars", "Harry Potter and the Deathly Hallows", "Downey", "Niro", "Who"}
    assert found["Downey", "Robert Downey Jr."][1] < found["Matrix", "The Matrix"][1] < 1


def test_signs_alone_are_no_alias() -> None:
    assert aliases(entities(("???", "film", None, True, 1))) == {}


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
