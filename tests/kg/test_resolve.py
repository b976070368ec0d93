"""Which entity an item is: the cases that films, remakes, series and noisy ids make hard."""

from __future__ import annotations

import polars as pl
import pytest

from kgprep.kg.candidates import CANDIDATE_SCHEMA
from kgprep.kg.names import label_from_iri, parse_label, qualifier_kind
from kgprep.kg.resolve import resolve_items

_ITEM_SCHEMA = {"item_id": pl.String, "name": pl.String, "year": pl.Int16, "imdb_id": pl.String, "iri": pl.String}
_Item = tuple[str, int | None, str | None]


def candidates(*pages: str, bare: tuple[str, ...] = (), ids: dict[str, str] | None = None) -> pl.DataFrame:
    """Entities as their pages' names tell; those in `bare` have no edges."""
    named = pl.DataFrame({"iri": pages}, schema={"iri": pl.String}).with_columns(
        label=label_from_iri(pl.Series(pages, dtype=pl.String))
    )
    parts = named.with_columns(parse_label("label").alias("parts")).unnest("parts")
    return parts.select(
        "iri",
        called="title",
        via=pl.lit("label"),
        kind=qualifier_kind(pl.col("qualifier")).fill_null("film"),
        qualifier="qualifier",
        year="year",
        imdb_id=pl.col("iri").replace_strict(ids or {}, default=None, return_dtype=pl.String),
        degree=pl.when(pl.col("iri").is_in(bare)).then(0).otherwise(10),
    ).cast(CANDIDATE_SCHEMA)


def resolve(items: list[_Item], known: pl.DataFrame) -> list[str | None]:
    rows = [(str(number), *item, None) for number, item in enumerate(items)]
    frame = pl.DataFrame(rows, schema=_ITEM_SCHEMA, orient="row")
    resolved = resolve_items(frame, known)
    assert resolved["item_id"].to_list() == frame["item_id"].to_list()
    return resolved["iri"].to_list()


@pytest.mark.parametrize(
    ("item", "pages", "chosen"),
    [
        (("Heat", 1995, None), ["Heat_(1986_film)", "Heat_(1995_film)"], "Heat_(1995_film)"),
        (("Heat", 1996, None), ["Heat_(1995_film)"], "Heat_(1995_film)"),
        (("Heat", 1998, None), ["Heat_(1995_film)"], None),
        (("Heat", 1995, None), ["Heat_(album)", "Heat_(novel)", "Heat_(magazine)"], None),
        (("Heat", None, None), ["Heat_(album)", "Heat_(song)"], None),
        (("Home Alone", 1990, None), ["Home_Alone", "Home_Alone_(video_game)"], "Home_Alone"),
        (("American Pie", 1999, None), ["American_Pie_(film)", "American_Pie_(film_series)"], "American_Pie_(film)"),
        (("Meet the Parents", 2000, None), ["Meet_the_Parents_(film_series)"], None),
        (("The Twilight Saga", None, None), ["The_Twilight_Saga_(film_series)"], "The_Twilight_Saga_(film_series)"),
        (("Titanic", 2012, None), ["Titanic_(1997_film)", "Titanic_(2012_TV_series)"], "Titanic_(2012_TV_series)"),
        (("South Park", None, None), ["South_Park_(TV_series)", "South_Park_(film)"], "South_Park_(film)"),
        (("It", 2017, None), ["It_(novel)", "It_(miniseries)", "It_(2017_film)", "It"], "It_(2017_film)"),
        (("It", 1990, None), ["It_(novel)", "It_(miniseries)", "It_(2017_film)"], "It_(miniseries)"),
        (("Seven Seconds", 2018, None), ["Seven_Seconds_(TV_series)"], None),
        (("Jumanji", 2017, None), ["Jumanji", "Jumanji_(2017_sequel)"], "Jumanji_(2017_sequel)"),
        (("WALL-E", 2008, None), ["WALL·E"], "WALL·E"),
        (("Amelie", 2001, None), ["Amélie"], "Amélie"),
        (("The Conjuring", None, None), ["Conjuring_(film)", "The_Conjuring"], "The_Conjuring"),
        (("Maze Runner", None, None), ["The_Maze_Runner_(film)"], "The_Maze_Runner_(film)"),
        (("Help!", 1965, None), ["The_Help_(film)"], None),
        (("Fast and Furious", 2009, None), ["The_Fast_and_the_Furious_(2009_film)"], None),
        (("Unknown", 2020, None), ["Heat"], None),
    ],
)
def test_title_and_year_choose(item: _Item, pages: list[str], chosen: str | None) -> None:
    assert resolve([item], candidates(*pages)) == [chosen]


def test_an_imdb_id_overrules_title_and_year() -> None:
    known = candidates("Frozen_(2010_film)", "Frozen_(2013_film)", ids={"Frozen_(2013_film)": "tt2294629"})
    assert resolve([("Frozen", None, "tt2294629")], known) == ["Frozen_(2013_film)"]


def test_another_title_with_the_same_imdb_id_is_taken_unless_the_film_has_its_own_item() -> None:
    known = candidates("Logan_Lucky", ids={"Logan_Lucky": "tt5439796"})
    assert resolve([("Lucky Logan", 2017, "tt5439796")], known) == ["Logan_Lucky"]
    both: list[_Item] = [("Logan Lucky", 2017, "tt5439796"), ("Lucky Kit", 2017, "tt5439796")]
    assert resolve(both, known) == ["Logan_Lucky", None]


def test_a_sequel_does_not_follow_a_noisy_imdb_id() -> None:
    known = candidates("Home_Alone", ids={"Home_Alone": "tt0099785"})
    assert resolve([("Home Alone 4", None, "tt0099785")], known) == [None]


def test_an_entity_with_edges_is_preferred_to_a_bare_spelling() -> None:
    known = candidates("La_La_Land", "La_La_Land_(film)", bare=("La_La_Land_(film)",))
    assert resolve([("La La Land", 2016, None)], known) == ["La_La_Land"]
    dated = candidates(
        "The_Untouchables_(1987_film)", "The_Untouchables_(film)", bare=("The_Untouchables_(1987_film)",)
    )
    assert resolve([("The Untouchables", 1987, None)], dated) == ["The_Untouchables_(film)"]


def test_a_bare_remake_is_not_replaced_by_the_original() -> None:
    known = candidates("Home_Alone", "Home_Alone_(2000_film)", bare=("Home_Alone_(2000_film)",))
    items: list[_Item] = [("Home Alone", 1990, None), ("Home Alone", 2000, None)]
    assert resolve(items, known) == ["Home_Alone", "Home_Alone_(2000_film)"]


def test_the_item_with_the_very_year_owns_the_film() -> None:
    known = candidates("Taxi_Driver_(1977_film)")
    items: list[_Item] = [("Taxi Driver", 1977, None), ("Taxi Driver", 1976, None)]
    assert resolve(items, known) == ["Taxi_Driver_(1977_film)", None]


def test_several_items_may_be_one_film() -> None:
    known = candidates("Taken_(film)")
    assert resolve([("Taken", None, None), ("Taken", 2008, None)], known) == ["Taken_(film)", "Taken_(film)"]


def test_scores_fall_with_certainty() -> None:
    known = candidates(
        "A_(2000_film)",
        "B_(2000_film)",
        "C_(film)",
        "D_(1990_film)",
        "D_(1995_film)",
        ids={"A_(2000_film)": "tt0000001"},
    )
    rows = [
        ("a", "A", 2000, "tt0000001", None),
        ("b", "B", 2000, None, None),
        ("b1", "B", 2001, None, None),
        ("c", "C", 2000, None, None),
        ("d", "D", None, None, None),
        ("g", "G", None, None, "given"),
        ("z", "Z", None, None, None),
    ]
    resolved = resolve_items(pl.DataFrame(rows, schema=_ITEM_SCHEMA, orient="row"), known)
    methods = dict(resolved.select("item_id", "method").rows())
    assert methods == {
        "a": "imdb_id", "b": "title_year", "b1": "isolated", "c": "title", "d": "title", "g": "gold", "z": "isolated",
    }  # fmt: skip
    scores = dict(resolved.select("item_id", "score").rows())
    assert scores["g"] == scores["a"] == 1.0 > scores["b"] > scores["c"] > scores["d"] > scores["z"] == 0.0


def test_the_order_of_the_candidates_does_not_matter() -> None:
    known = candidates("Boy_(2010_film)", "The_Boy_(2015_film)", "The_Boy_(2016_film)", "Rocky", "Rocky_(1981_film)")
    items: list[_Item] = [("The Boy", None, None), ("Rocky", None, None), ("Boy", 2010, None)]
    assert resolve(items, known) == resolve(items, known.sample(fraction=1, shuffle=True, seed=1))


def test_no_candidates_leave_every_item_isolated() -> None:
    assert resolve([("Heat", 1995, None)], pl.DataFrame(schema=CANDIDATE_SCHEMA)) == [None]
