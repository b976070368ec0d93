"""Aliases with their priors: what the source states, the forms made by rule, and what no rule may break."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kgprep.kg.aliases import entity_aliases
from kgprep.kg.source import DumpSource
from kgprep.kg.surface_forms import organisation_forms, other_forms, person_forms, tidy, without_accents, work_forms

_Entity = tuple[str, str, bool, int]
_KINDS = ("film", "series", "work", "person", "organisation", "genre", "place", "other")
_DBO = "http://dbpedia.org/ontology/"


def entities(*rows: _Entity) -> pl.DataFrame:
    """Entities whose IRI is their label: label, kind, is_item, degree."""
    schema = {"label": pl.String, "kind": pl.String, "is_item": pl.Boolean, "degree": pl.Int32}
    frame = pl.DataFrame(rows, schema=schema, orient="row").with_columns(iri="label")
    return frame.with_row_index("entity_id").with_columns(pl.col("entity_id").cast(pl.Int32))


def table(known: pl.DataFrame, dumps: Sequence[Path] = ()) -> pl.DataFrame:
    items = known.filter("is_item").select("iri", name="label")
    with DumpSource(dumps, ("en",)) as source:
        return entity_aliases(source, known, items.clear())


def aliases(known: pl.DataFrame, dumps: Sequence[Path] = ()) -> dict[tuple[str, str], tuple[str, float]]:
    found = table(known, dumps).join(known.select("entity_id", "iri"), on="entity_id")
    rows = found.select("alias", "iri", "source", "prior").rows()
    return {(alias, iri): (source, prior) for alias, iri, source, prior in rows}


def forms_of_work(title: str, *people: str) -> dict[str, float]:
    titles = pl.DataFrame({"iri": ["x"], "label": [title]})
    made = work_forms(titles, pl.Series("label", people, dtype=pl.String))
    return dict(made.select("label", "weight").rows())


def forms_of_person(name: str) -> dict[str, float]:
    return dict(person_forms(pl.DataFrame({"iri": ["x"], "label": [name]})).select("label", "weight").rows())


def test_a_shared_title_is_shared_by_popularity() -> None:
    found = aliases(entities(("Frozen (2013 film)", "film", True, 20), ("Frozen (2007 film)", "film", True, 4)))
    famous, other = found["Frozen", "Frozen (2013 film)"][1], found["Frozen", "Frozen (2007 film)"][1]
    assert famous > other > 0
    assert abs(famous + other - 1) < 1e-6
    assert found["Frozen (2013 film)", "Frozen (2013 film)"] == ("label", 1.0)


def test_an_item_outweighs_a_namesake_that_is_none() -> None:
    found = aliases(entities(("Up (film)", "film", True, 5), ("Up (album)", "work", False, 5)))
    assert found["Up", "Up (film)"][1] > found["Up", "Up (album)"][1]


def test_a_prior_is_the_weight_of_the_form_times_the_share_of_weighted_popularity(tmp_path: Path) -> None:
    page = "http://dbpedia.org/resource/"
    dump = _ntriples(tmp_path / "dump.nt", (f"{page}Heat", f"{_DBO}wikiPageRedirects", f"{page}Warmth"))
    known = entities(("Heat (1995 film)", "film", True, 9), ("Warmth", "other", False, 4))
    found = aliases(known.with_columns(iri=pl.lit(page) + pl.col("label").str.replace_all(" ", "_")), [dump])
    (title, film), (redirect, other) = found["Heat", f"{page}Heat_(1995_film)"], found["Heat", f"{page}Warmth"]
    assert (title, redirect) == ("title", "redirect")
    # Of an item each edge, and itself, count three times; the name of a redirect weighs 0.9.
    whole = 3 * 10 * 1.0 + 5 * 0.9
    assert film == pytest.approx(1.0 * 3 * 10 * 1.0 / whole)
    assert other == pytest.approx(0.9 * 5 * 0.9 / whole)


def test_case_does_not_make_two_aliases_out_of_one_claim() -> None:
    found = aliases(entities(("HER", "film", True, 5), ("Her (film)", "film", True, 5)))
    assert found["HER", "HER"][1] == found["Her", "Her (film)"][1] == 0.5


def test_short_forms_of_titles_and_people() -> None:
    found = aliases(
        entities(
            ("The Matrix", "film", True, 9),
            ("Star Wars: The Force Awakens", "film", True, 9),
            ("Robert Downey Jr.", "person", False, 9),
            ("Cher", "person", False, 9),
            ("The Who", "organisation", False, 3),
        )
    )
    short = {alias for (alias, _), (source, _) in found.items() if source == "short_name"}
    assert short == {
        "Matrix", "Star Wars", "Star Wars The Force Awakens", "Star Wars - The Force Awakens", "The Force Awakens",
        "Force Awakens", "Downey", "Robert Downey", "Robert Downey Jr", "Robert Downey, Jr.", "Robert Downey, Jr",
        "Who",
    }  # fmt: skip
    assert found["Downey", "Robert Downey Jr."][1] < found["Matrix", "The Matrix"][1] < 1


def test_signs_alone_are_no_alias() -> None:
    assert aliases(entities(("???", "film", True, 1))) == {}


def _ntriples(path: Path, *rows: tuple[str, str, str]) -> Path:
    path.write_text("".join(f"<{head}> <{predicate}> <{tail}> .\n" for head, predicate, tail in rows))
    return path


def test_redirects_are_followed_back_and_disambiguations_name_their_options(tmp_path: Path) -> None:
    page = "http://dbpedia.org/resource/"
    dump = _ntriples(
        tmp_path / "dump.nt",
        (f"{page}Se7en", f"{_DBO}wikiPageRedirects", f"{page}Seven_film"),
        (f"{page}Seven_film", f"{_DBO}wikiPageRedirects", f"{page}Seven_(1995_film)"),
        (f"{page}VII_(disambiguation)", f"{_DBO}wikiPageDisambiguates", f"{page}Seven_(1995_film)"),
        (f"{page}Seven_(1995_film)", "http://www.w3.org/2002/07/owl#sameAs", "http://www.wikidata.org/entity/Q190908"),
    )
    known = entities(("Seven (1995 film)", "film", True, 9)).with_columns(iri=pl.lit(f"{page}Seven_(1995_film)"))
    found = {alias: (source, prior) for (alias, _), (source, prior) in aliases(known, [dump]).items()}
    assert {alias: source for alias, (source, _) in found.items()} == {
        "Seven": "title", "Seven (1995 film)": "label", "Se7en": "redirect", "Seven film": "redirect",
        "VII": "short_name",
    }  # fmt: skip
    assert found["VII"][1] < found["Se7en"][1] < found["Seven"][1]


def test_decomposed_names_are_composed() -> None:
    found = aliases(entities((unicodedata.normalize("NFD", "Amélie"), "film", True, 1)))
    assert {alias for alias, _ in found} == {"Amélie", "Amelie"}


@pytest.mark.parametrize(
    ("title", "others"),
    [
        ("Rocky II", {"Rocky 2", "Rocky Two"}),
        ("Rocky 2", {"Rocky II", "Rocky Two"}),
        ("Toy Story 3", {"Toy Story III", "Toy Story Three"}),
        ("The Godfather Part II", {"The Godfather Part 2", "The Godfather 2", "Godfather 2", "Godfather Part II"}),
        (
            "Star Wars: Episode IV – A New Hope",
            {"Star Wars: Episode IV", "Star Wars Episode 4", "A New Hope", "Star Wars Episode IV: A New Hope"},
        ),
        ("Kill Bill: Volume 1", {"Kill Bill Vol. 1", "Kill Bill Vol 1", "Kill Bill: Vol. 1", "Kill Bill 1"}),
        ("Kill Bill: Vol. 2", {"Kill Bill: Volume 2", "Kill Bill Volume 2", "Kill Bill 2", "Kill Bill II"}),
        ("The Boondock Saints II: All Saints Day", {"Boondock Saints 2", "The Boondock Saints 2: All Saints Day"}),
        ("It Chapter Two", {"It Chapter 2", "It 2", "It Chapter II"}),
        ("Ocean's Eleven", {"Ocean's 11", "Oceans Eleven", "Oceans 11"}),
        ("Saw V", {"Saw 5"}),
        ("Harry Potter and the Deathly Hallows – Part 2", {"Harry Potter and the Deathly Hallows: Part 2"}),
    ],
)  # fmt: skip
def test_sequel_numbers_in_every_script(title: str, others: set[str]) -> None:
    assert others <= forms_of_work(title).keys()


@pytest.mark.parametrize(
    "title",
    [
        "Malcolm X", "American History X", "V for Vendetta", "Apollo 13", "The Taking of Pelham One Two Three",
        "Seven Samurai", "Agent 47", "Two Brothers", "Sixteen",
    ],
)  # fmt: skip
def test_what_is_no_sequel_number_stays(title: str) -> None:
    assert forms_of_work(title).keys() <= {title, title.removeprefix("The ")}


@pytest.mark.parametrize(
    ("title", "others"),
    [
        ("Mission: Impossible – Fallout", {"Mission Impossible Fallout", "Mission: Impossible - Fallout"}),
        ("Spider-Man: Homecoming", {"Spider-Man Homecoming", "Spiderman: Homecoming", "Spider Man Homecoming"}),
        ("X-Men", {"XMen", "X Men"}),
        ("Face/Off", {"Face Off", "FaceOff"}),
        ("Lilo & Stitch", {"Lilo and Stitch"}),
        ("Romeo and Juliet", {"Romeo & Juliet"}),
        ("(500) Days of Summer", {"500 Days of Summer"}),
        ("Birdman or (The Unexpected Virtue of Ignorance)", {"Birdman"}),
        ("Airplane!", {"Airplane"}),
        ("E.T.", {"ET"}),
        ("M*A*S*H", {"MASH"}),
        ("Rosemary’s Baby", {"Rosemary's Baby", "Rosemarys Baby"}),
        ("Amélie", {"Amelie"}),
        ("Marvel's The Avengers", {"The Avengers", "Avengers"}),
        ("H. G. Wells' The War of the Worlds", {"The War of the Worlds", "War of the Worlds"}),
        ("A Bug's Life", {"Bug's Life"}),
        ("The House of 1,000 Dolls", {"The House of 1000 Dolls"}),
    ],
)
def test_titles_in_other_spellings(title: str, others: set[str]) -> None:
    assert others <= forms_of_work(title).keys()


def test_an_owner_is_dropped_only_if_somebody_has_that_name() -> None:
    assert "Acrimony" in forms_of_work("Tyler Perry's Acrimony", "Tyler Perry")
    assert "War" not in forms_of_work("Charlie Wilson's War", "Tyler Perry")


def test_a_trailing_article_comes_first() -> None:
    made = forms_of_work("Godfather, The")
    assert set(made) == {"The Godfather", "Godfather"}
    assert made["The Godfather"] > made["Godfather"]


def test_a_subtitle_that_is_a_mere_part_is_no_name() -> None:
    assert not {"The Movie", "Part 2", "Movie"} & forms_of_work("Pokémon 3: The Movie").keys()
    assert "Part 2" not in forms_of_work("Harry Potter and the Deathly Hallows – Part 2")


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("Robert Downey Jr.", {"Robert Downey, Jr.", "Robert Downey Jr", "Robert Downey", "Downey"}),
        ("Robert Downey, Jr.", {"Robert Downey Jr.", "Robert Downey"}),
        ("Samuel L. Jackson", {"Samuel Jackson", "Samuel L Jackson", "Jackson"}),
        ("Philip Seymour Hoffman", {"Philip Hoffman", "Hoffman"}),
        ("J. K. Rowling", {"J.K. Rowling", "JK Rowling", "Rowling"}),
        ('Dwayne "The Rock" Johnson', {"Dwayne Johnson", "Johnson"}),
        ("Jean-Claude Van Damme", {"Jean Claude Van Damme", "Van Damme"}),
        ("Penélope Cruz", {"Penelope Cruz", "Cruz"}),
    ],
)
def test_people_in_other_forms(name: str, others: set[str]) -> None:
    assert others <= forms_of_person(name).keys()


@pytest.mark.parametrize(
    ("name", "short"),
    [("Robert De Niro", "De Niro"), ("Guillermo del Toro", "del Toro"), ("Al Pacino", "Pacino")],
)
def test_a_surname_keeps_its_particle(name: str, short: str) -> None:
    assert forms_of_person(name).keys() == {name, short}


def test_names_of_organisations() -> None:
    names = pl.DataFrame({"iri": ["a", "b"], "label": ["The Walt Disney Company", "Pixar, Inc."]})
    made = organisation_forms(names)
    assert {"Walt Disney Company", "Pixar", "Pixar Inc"} <= set(made["label"])


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Søren Ærø", "Soren AEro"),
        ("Łódź", "Lodz"),
        ("が", "が"),
        ("Й", "Й"),
        ("千と千尋", "千と千尋"),
        ("Żółć", "Zolc"),
    ],
)
def test_accents_fall_from_latin_letters_only(name: str, plain: str) -> None:
    made = pl.DataFrame({"name": [name]}).select(without_accents(pl.col("name"))).item()
    assert made.casefold() == plain.casefold()


_PIECES = st.sampled_from(
    ["The", "Rocky", "Wars", "Part", "Volume", "Vol.", "Episode", "Chapter", "II", "IV", "X", "2", "10", "13", "Two",
     "&", "and", ":", "–", "-", "(", ")", "'s", "Spider-Man", "Amélie", "Jr.", "L.", "De", "Toro", "É", "艾尔", "’",
     ",", "!", "A", "1,000", '"Rock"', "W.", "Inc.", "Face/Off", "e\u0301", ". ."]
)  # fmt: skip
_NAMES = st.lists(_PIECES, min_size=1, max_size=7).map(" ".join) | st.text(min_size=1, max_size=12)


@example([", The"], "film")
@given(st.lists(_NAMES, min_size=1, max_size=4), st.sampled_from(_KINDS))
def test_every_form_is_a_name_and_weighs_less_than_its_title(names: list[str], kind: str) -> None:
    titles = pl.DataFrame({"iri": [str(number) for number in range(len(names))], "label": names})
    makers = {"film": lambda frame: work_forms(frame, frame["label"]), "person": person_forms}
    made = makers.get(kind, organisation_forms if kind == "organisation" else other_forms)(titles)
    assert made.select("iri", "label").is_unique().all()
    assert made["weight"].is_between(0, 1, closed="right").all()
    own = titles.with_columns(tidy(pl.col("label")))
    others = made.join(own, on=["iri", "label"], how="anti")
    assert (others["weight"] < 1).all()
    assert (others["label"].str.count_matches(r"[\p{L}\p{N}]") > 0).all()
    assert (made["label"] == made.select(tidy(pl.col("label"))).to_series()).all()


@settings(max_examples=25)
@given(st.lists(st.tuples(_NAMES, st.sampled_from(_KINDS), st.booleans(), st.integers(0, 50)), max_size=5))
def test_aliases_are_distinct_sorted_and_do_not_depend_on_order(rows: list[_Entity]) -> None:
    known = entities(*{row[0]: row for row in rows}.values())
    found = table(known)
    assert found.select("alias", "entity_id").is_unique().all()
    assert found["prior"].is_between(0, 1, closed="right").all()
    assert found.equals(found.sort("alias", "entity_id"))
    assert (found["alias"].str.strip_chars() != "").all()
    assert found.equals(table(known.sample(fraction=1, shuffle=True, seed=len(rows))))
    shares = found.with_columns(pl.col("alias").str.to_lowercase()).group_by("alias", "entity_id").agg(pl.max("prior"))
    assert (shares.group_by("alias").agg(pl.sum("prior"))["prior"] < 1 + 1e-5).all()


@settings(max_examples=30)
@given(_NAMES, st.sampled_from(_KINDS))
def test_a_form_made_by_rule_has_a_lower_prior_than_the_title(name: str, kind: str) -> None:
    found = table(entities((name, kind, False, 3)))
    is_made = pl.col("source") == "short_name"
    folded = pl.col("alias").str.to_lowercase()
    stated = found.filter(~is_made)
    made = found.filter(is_made, ~folded.is_in(stated["alias"].str.to_lowercase().implode()))
    assert (stated["prior"] == 1).all()
    assert (made["prior"] < 1).all()
