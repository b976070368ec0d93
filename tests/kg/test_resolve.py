"""Which entity an item is: the cases that films, remakes, series and noisy ids make hard."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from kgprep.kg.candidates import CANDIDATE_SCHEMA, find_candidates
from kgprep.kg.names import label_from_iri, parse_label, qualifier_kind
from kgprep.kg.resolve import resolve_items
from kgprep.kg.source import DumpSource

_ITEM_SCHEMA = {"item_id": pl.String, "name": pl.String, "year": pl.Int16, "imdb_id": pl.String, "iri": pl.String}
_Item = tuple[str, int | None, str | None]


def candidates(
    *pages: str, bare: tuple[str, ...] = (), unknown: tuple[str, ...] = (), ids: dict[str, str] | None = None
) -> pl.DataFrame:
    """Entities as their pages' names tell; those in `bare` have no edges, those in `unknown` no kind either."""
    named = pl.DataFrame({"iri": pages}, schema={"iri": pl.String}).with_columns(
        label=label_from_iri(pl.Series(pages, dtype=pl.String))
    )
    parts = named.with_columns(parse_label("label").alias("parts")).unnest("parts")
    return parts.select(
        "iri",
        called="title",
        via=pl.lit("label"),
        kind=pl.coalesce(
            pl.when(pl.col("iri").is_in(unknown)).then(pl.lit("other")),
            qualifier_kind(pl.col("qualifier")),
            pl.lit("film"),
        ),
        qualifier="qualifier",
        year="year",
        imdb_id=pl.col("iri").replace_strict(ids or {}, default=None, return_dtype=pl.String),
        degree=pl.when(pl.col("iri").is_in([*bare, *unknown])).then(0).otherwise(10),
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
        (("Bounty Hunters", None, None), ["Bounty_Hunters_(British_TV_series)"], None),
        (
            ("Super", 2010, None),
            ["Super_(2003_American_film)", "Super_(2010_American_film)"],
            "Super_(2010_American_film)",
        ),
        (("Batman", 1990, None), ["Batman_(1990_film_series)"], None),
        (("Cinderella", 1994, None), ["Cinderella_(upcoming_film)"], None),
        (("Trick or Treat", None, None), ["Trick_or_Treat_(unfinished_film)"], None),
        (
            ("The Human Centipede", 2009, None),
            ["The_Human_Centipede_(First_Sequence)"],
            "The_Human_Centipede_(First_Sequence)",
        ),
        (("The Human Centipede", 2009, None), ["The_Human_Centipede_2_(Full_Sequence)"], None),
        (("Dr. Strange", 2016, None), ["Doctor_Strange_(2016_film)"], "Doctor_Strange_(2016_film)"),
        (("20", None, None), ["2.0_(film)"], None),
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


def test_title_and_year_overrule_an_imdb_id_of_an_entity_without_year() -> None:
    known = candidates("Steel_Magnolias", "Steel_Magnolias_(2012_film)", ids={"Steel_Magnolias": "tt0098384"})
    items: list[_Item] = [("Steel Magnolias", 1989, "tt0098384"), ("Steel Magnolias", 2012, "tt0098384")]
    assert resolve(items, known) == ["Steel_Magnolias", "Steel_Magnolias_(2012_film)"]


def test_an_imdb_id_leads_to_the_full_form_of_a_short_title() -> None:
    known = candidates(
        "Anchorman:_The_Legend_of_Ron_Burgundy",
        "Anchorman_(film_series)",
        ids={"Anchorman:_The_Legend_of_Ron_Burgundy": "tt0357413"},
    )
    assert resolve([("Anchorman", None, "tt0357413")], known) == ["Anchorman:_The_Legend_of_Ron_Burgundy"]
    assert resolve([("Anchorman", None, None)], known) == ["Anchorman_(film_series)"]


def test_an_imdb_id_excuses_a_misspelt_title_but_not_a_longer_one() -> None:
    known = candidates("Killer_Klowns_from_Outer_Space", ids={"Killer_Klowns_from_Outer_Space": "tt0095444"})
    assert resolve([("Killer Clowns from Outer Space", 1988, "tt0095444")], known) == ["Killer_Klowns_from_Outer_Space"]
    wars = candidates("Star_Wars", ids={"Star_Wars": "tt0076759"})
    assert resolve([("Star Wars Kid", None, "tt0076759")], wars) == [None]


def test_a_short_title_does_not_become_a_sequel() -> None:
    known = candidates(
        "High_School_Musical_3:_Senior_Year",
        "Kill_Bill:_Volume_1",
        "Mean_Girls",
        ids={
            "High_School_Musical_3:_Senior_Year": "tt0962726",
            "Kill_Bill:_Volume_1": "tt0266697",
            "Mean_Girls": "tt0377092",
        },
    )
    items: list[_Item] = [
        ("High School Musical", None, "tt0962726"),
        ("Kill Bill", None, "tt0266697"),
        ("Mean Girls II", None, "tt0377092"),
    ]
    assert resolve(items, known) == [None, "Kill_Bill:_Volume_1", None]


def test_an_item_without_year_takes_that_of_its_title_and_imdb_id() -> None:
    known = candidates("Men_in_Black_(1934_film)", "Men_in_Black_(1997_film)")
    items: list[_Item] = [("Men in Black", 1997, "tt0119654"), ("Men in Black", None, "tt0119654")]
    assert resolve(items, known) == ["Men_in_Black_(1997_film)"] * 2


def test_an_item_without_year_is_no_film_newer_than_the_data_set() -> None:
    known = candidates("Two_Weeks_Notice_(2019_film)", "Heat_(1995_film)")
    items: list[_Item] = [("Two Weeks Notice", None, None), *[("Heat", 1995, None)] * 50]
    assert resolve(items, known)[:2] == [None, "Heat_(1995_film)"]


def test_a_few_dated_items_do_not_tell_how_old_the_data_set_is() -> None:
    known = candidates("Amélie_(2001_film)", "Alien_(1979_film)")
    items: list[_Item] = [("Amélie", None, None), ("Alien", 1979, None)]
    assert resolve(items, known) == ["Amélie_(2001_film)", "Alien_(1979_film)"]


@pytest.mark.parametrize(
    ("item", "page", "is_chosen"),
    [
        (("精灵鼠小弟", 1999, "tt0164912"), "Stuart_Little_(1999_film)", True),
        (("精灵鼠小弟", None, "tt0164912"), "Stuart_Little_(1999_film)", True),
        (("精灵鼠小弟", 2000, "tt0164912"), "Stuart_Little_(1999_film)", True),
        (("精灵鼠小弟", 2002, "tt0164912"), "Stuart_Little_(1999_film)", False),
        (("精灵鼠小弟", 1999, None), "Stuart_Little_(1999_film)", False),
        (("精灵鼠小弟", 1999, "tt0164912"), "Stuart_Little_(video_game)", False),
        (("tt0164912", None, "tt0164912"), "Stuart_Little_(1999_film)", True),
        (("The Matrix", 1999, "tt0164912"), "Stuart_Little_(1999_film)", False),
    ],
)
def test_an_imdb_id_is_enough_where_titles_cannot_be_compared(item: _Item, page: str, is_chosen: bool) -> None:
    known = candidates(page, ids={page: "tt0164912"})
    assert resolve([item], known) == [page if is_chosen else None]


def test_items_of_two_languages_may_be_one_film() -> None:
    known = candidates("Stuart_Little_(1999_film)", ids={"Stuart_Little_(1999_film)": "tt0164912"})
    items: list[_Item] = [("Stuart Little", 1999, "tt0164912"), ("精灵鼠小弟", 1999, "tt0164912")]
    assert resolve(items, known) == ["Stuart_Little_(1999_film)"] * 2


def test_an_announced_film_is_taken_only_by_its_imdb_id() -> None:
    known = candidates("Tully_(upcoming_film)", ids={"Tully_(upcoming_film)": "tt5610554"})
    items: list[_Item] = [("Tully", None, "tt5610554"), ("Tully", 2003, None)]
    assert resolve(items, known) == ["Tully_(upcoming_film)", None]


def test_an_announced_film_never_replaces_a_bare_one() -> None:
    known = candidates("Pinocchio_(1940_film)", "Pinocchio_(upcoming_Disney_film)", bare=("Pinocchio_(1940_film)",))
    assert resolve([("Pinocchio", 1940, None)], known) == ["Pinocchio_(1940_film)"]


@pytest.mark.parametrize(
    ("title", "others", "chosen"),
    [
        ("Paranormal Activity", [], "Paranormal_Activity"),
        ("Paranormal Activity", ["Paranormal_Activity_(film_series)"], "Paranormal_Activity"),
        ("In Cold Blood", ["In_Cold_Blood_(miniseries)"], "In_Cold_Blood_(miniseries)"),
        ("Harry Potter", ["Harry_Potter_(character)"], None),
        ("Dance", [], None),
    ],
)
def test_a_page_of_which_nothing_is_known(title: str, others: list[str], chosen: str | None) -> None:
    page = title.replace(" ", "_")
    known = candidates(page, *others, unknown=(page,))
    assert resolve([(title, 1996, None)], known) == [chosen]


def test_an_item_without_year_may_be_a_page_of_one_word() -> None:
    assert resolve([("Broadchurch", None, None)], candidates("Broadchurch", unknown=("Broadchurch",))) == [
        "Broadchurch"
    ]


def test_a_redirect_may_lead_to_a_page_of_which_nothing_is_known() -> None:
    known = candidates("Se7en", unknown=("Se7en",)).with_columns(iri=pl.lit("Seven_Sins"), via=pl.lit("redirect"))
    assert resolve([("Se7en", None, None)], known) == ["Seven_Sins"]


def test_a_year_off_by_one_does_not_cost_a_film_without_year() -> None:
    known = candidates("MirrorMask", ids={"MirrorMask": "tt0366780"})
    items: list[_Item] = [("MirrorMask", 2005, "tt0366780"), ("MirrorMask", 2004, None), ("MirrorMask", 1999, None)]
    assert resolve(items, known) == ["MirrorMask", "MirrorMask", None]


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


def test_the_edged_spelling_is_found_through_the_imdb_id() -> None:
    known = candidates(
        "Slap_Shot", "Slap_Shot_(film)", bare=("Slap_Shot_(film)",), ids={"Slap_Shot_(film)": "tt0076723"}
    )
    items: list[_Item] = [("Slap Shot", 1977, "tt0076723"), ("Slapshot", None, "tt0076723")]
    assert resolve(items, known) == ["Slap_Shot", "Slap_Shot"]


def test_an_edged_namesake_of_the_same_year_is_a_guess() -> None:
    known = candidates(
        "Frozen_(2010_American_film)",
        "Frozen_(2010_Hong_Kong_film)",
        bare=("Frozen_(2010_Hong_Kong_film)",),
        ids={"Frozen_(2010_Hong_Kong_film)": "tt1323045"},
    )
    items = pl.DataFrame([("1", "Frozen", 2010, "tt1323045", None)], schema=_ITEM_SCHEMA, orient="row")
    assert resolve_items(items, known).row(0)[1:3] == ("Frozen_(2010_American_film)", "imdb_id")
    assert resolve_items(items, known)["score"].item() == pytest.approx(0.6)


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


def test_a_disambiguation_page_is_no_candidate(tmp_path: Path) -> None:
    resource, label = "http://dbpedia.org/resource/", "<http://www.w3.org/2000/01/rdf-schema#label>"
    listing, film = f"<{resource}Dead_Heat>", f"<{resource}Dead_Heat_(1988_film)>"
    dump = tmp_path / "dump.nt"
    dump.write_text(
        f'{listing} {label} "Dead Heat"@en .\n'
        f"{listing} <http://dbpedia.org/ontology/wikiPageDisambiguates> {film} .\n"
        f'{film} {label} "Dead Heat (1988 film)"@en .\n'
    )
    items = pl.DataFrame([("1", "Dead Heat", None, None, None)], schema=_ITEM_SCHEMA, orient="row")
    with DumpSource((dump,), ("en",)) as source:
        found = find_candidates(source, items)
    assert found["iri"].to_list() == [f"{resource}Dead_Heat_(1988_film)"]
