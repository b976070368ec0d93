"""What sort of thing an entity is."""

from __future__ import annotations

import polars as pl

from kgprep.kg.kinds import entity_kinds

DBO = "http://dbpedia.org/ontology/"


def kinds(
    labels: list[str], types: list[tuple[str, str]] | None = None, edges: list[tuple[str, str, str]] | None = None
) -> dict[str, str]:
    """Kinds by label; an entity's IRI is its label here."""
    typed = pl.DataFrame(
        [(subject, DBO + name) for subject, name in types or []],
        schema={"subject": pl.String, "object": pl.String},
        orient="row",
    )
    linked = pl.DataFrame(
        [(head, DBO + name, tail) for head, name, tail in edges or []],
        schema={"head": pl.String, "predicate": pl.String, "tail": pl.String},
        orient="row",
    )
    return dict(entity_kinds(pl.DataFrame({"iri": labels, "label": labels}), typed, linked).rows())


def test_types_come_first_and_the_most_telling_counts() -> None:
    assert kinds(["X", "Y"], [("X", "Work"), ("X", "Film"), ("Y", "Agent"), ("Y", "Actor")]) == {
        "X": "film",
        "Y": "person",
    }


def test_a_qualifier_overrules_the_type_film_but_no_other() -> None:
    assert kinds(["Up (soundtrack)", "Bob (director)"], [("Up (soundtrack)", "Film"), ("Bob (director)", "Film")]) == {
        "Up (soundtrack)": "work",
        "Bob (director)": "person",
    }
    assert kinds(["Yes (film)"], [("Yes (film)", "Band")]) == {"Yes (film)": "organisation"}


def test_relations_tell_where_types_and_qualifiers_are_silent() -> None:
    edges = [
        ("Alien", "director", "Scott"), ("Alien", "starring", "Weaver"), ("Alien", "genre", "Horror"),
        ("Alien", "country", "UK"), ("Alien", "distributor", "Fox"), ("Alien", "format", "Stereo"),
        ("Hits", "artist", "Weaver"), ("Hits", "producer", "Scott"), ("Hits", "producer", "Fox"),
        ("Short", "writer", "Scott"), ("Show", "network", "Fox"),
    ]  # fmt: skip
    names = ["Alien", "Scott", "Weaver", "Horror", "UK", "Fox", "Stereo", "Hits", "Short", "Show"]
    assert kinds(names, edges=edges) == {
        "Alien": "film", "Scott": "person", "Weaver": "person", "Horror": "genre", "UK": "place",
        "Fox": "organisation", "Stereo": "other", "Hits": "work", "Short": "film", "Show": "series",
    }  # fmt: skip


def test_those_who_make_comics_are_people() -> None:
    edges = [("Blade", "writer", "Archie (comics)"), ("Thor (comics)", "writer", "Lee")]
    found = kinds(["Archie (comics)", "Thor (comics)"], edges=edges)
    assert found == {"Archie (comics)": "person", "Thor (comics)": "work"}


def test_a_film_that_a_network_shows_stays_a_film() -> None:
    edges = [
        ("Camp Rock", "network", "Disney Channel"), ("Camp Rock", "director", "Diamond"),
        ("Camp Rock", "starring", "Lovato"),
        ("Brotherhood", "network", "Aniplex"), ("Brotherhood", "network", "TBS"), ("Brotherhood", "director", "Irie"),
    ]  # fmt: skip
    assert kinds(["Camp Rock", "Brotherhood"], edges=edges) == {"Camp Rock": "film", "Brotherhood": "series"}
