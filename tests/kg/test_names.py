"""Labels, titles and the keys under which titles are compared."""

from __future__ import annotations

import polars as pl
import pytest

from kgprep.kg.escapes import decode_percent, encode_percent
from kgprep.kg.names import label_from_iri, loose_key, parse_label, qualifier_kind, title_key


def keys(*titles: str) -> list[str]:
    return pl.DataFrame({"title": titles}).select(title_key(pl.col("title"))).to_series().to_list()


def loose(*titles: str) -> list[str]:
    return pl.DataFrame({"title": titles}).select(loose_key(pl.col("title"))).to_series().to_list()


@pytest.mark.parametrize(
    ("label", "title", "year", "kind"),
    [
        ("It (2017 film)", "It", 2017, "film"),
        ("Her (film)", "Her", None, "film"),
        ("Titanic (2012 TV series)", "Titanic", 2012, "series"),
        ("Planet Earth (TV programme)", "Planet Earth", None, "series"),
        ("Bourne (film series)", "Bourne", None, "series"),
        ("Batman (1990 film series)", "Batman", 1990, "series"),
        ("Frontier (2017 TV series)", "Frontier", 2017, "series"),
        ("It (miniseries)", "It", None, "series"),
        ("Heat (1998 film)", "Heat", 1998, "film"),
        ("Black Sheep (2003 American film)", "Black Sheep", 2003, "film"),
        ("Journey (2008 direct-to-video film)", "Journey", 2008, "film"),
        ("Puff the Magic Dragon (TV special)", "Puff the Magic Dragon", None, "film"),
        ("Michael Jackson's Thriller (music video)", "Michael Jackson's Thriller", None, "film"),
        ("Home Alone (video game)", "Home Alone", None, "work"),
        ("Dune (novel)", "Dune", None, "work"),
        ("Up (film score)", "Up", None, "work"),
        ("Frozen (2013 soundtrack)", "Frozen", 2013, "work"),
        ("Aladdin (1992 Disney film)", "Aladdin", 1992, "film"),
        ("Steve McQueen (director)", "Steve McQueen", None, "person"),
        ("Yes (band)", "Yes", None, "organisation"),
        ("Heidi (1937)", "Heidi", 1937, None),
        ("Inception", "Inception", None, None),
        ("2012", "2012", None, None),
        ("The Human Centipede (First Sequence)", "The Human Centipede (First Sequence)", None, None),
        ("Friends (With Benefits)", "Friends (With Benefits)", None, None),
        ("(500) Days of Summer", "(500) Days of Summer", None, None),
    ],
)
def test_a_label_gives_title_year_and_kind(label: str, title: str, year: int | None, kind: str | None) -> None:
    parsed = pl.DataFrame({"label": [label]}).select(parse_label("label").alias("parts")).unnest("parts")
    assert parsed.select("title", "year", qualifier_kind(pl.col("qualifier"))).row(0) == (title, year, kind)


def test_titles_that_differ_in_form_only_share_a_key() -> None:
    assert len(set(keys("WALL·E", "WALL-E", "Wall E", "wall…e"))) == 1
    assert len(set(keys("Amélie", "Amelie", "AMÉLIE"))) == 1
    assert len(set(keys("Fast & Furious", "Fast and Furious", "Fast  And  Furious!"))) == 1
    assert len(set(keys("Schindler's List", "Schindler’s List", "Schindlers List"))) == 1


def test_titles_that_are_different_keep_different_keys() -> None:
    titles = ["The Fast and the Furious", "Fast and Furious", "Alien", "Aliens", "The Mask", "Mask", "50/50", "50"]
    assert len(set(keys(*titles))) == len(titles)


def test_a_title_of_signs_alone_is_not_lost() -> None:
    assert keys("!!!", "???") == ["!!!", "???"]


def test_the_loose_key_forgives_articles_spaces_and_sequel_numbers() -> None:
    assert len(set(loose("The Godfather Part II", "Godfather Part 2", "Godfather, The: Part II")[:2])) == 1
    assert len(set(loose("Slap Shot", "Slapshot"))) == 1
    assert len(set(loose("The Matrix", "Matrix", "Matrix, The"))) == 1
    assert len(set(loose("Kill Bill: Volume 2", "Kill Bill Vol. 2", "Kill Bill 2", "Kill Bill: Vol. II"))) == 1
    assert len(set(loose("The Fast and the Furious", "Fast and Furious"))) == 2


def test_the_loose_key_forgives_a_bracket_at_the_end() -> None:
    assert len(set(loose("The Human Centipede (First Sequence)", "The Human Centipede"))) == 1
    assert len(set(loose("Sex* (*But Were Afraid to Ask)", "Sex*"))) == 1
    assert len(set(loose("(500) Days of Summer", "Days of Summer"))) == 2
    assert loose("(Untitled)") == loose("Untitled")


def test_the_loose_key_keeps_numbers_apart() -> None:
    assert len(set(loose("2.0", "20", "2 0"))) == 2
    assert len(set(loose("Dr. Strange", "Doctor Strange"))) == 1


def test_names_are_read_off_iris() -> None:
    iris = pl.Series(
        [
            "http://dbpedia.org/resource/Face/Off",
            "http://dbpedia.org/resource/%22Crocodile%22_Dundee",
            "http://dbpedia.org/resource/Am%C3%A9lie",
            "http://dbpedia.org/resource/100%_Wolf",
            "http://example.org/films/Heat_(1995_film)",
            "urn:kgprep:redial:7",
        ]
    )
    assert label_from_iri(iris).to_list() == [
        "Face/Off", '"Crocodile" Dundee', "Amélie", "100% Wolf", "Heat (1995 film)", "urn:kgprep:redial:7",
    ]  # fmt: skip


def test_percent_encoding_and_back() -> None:
    odd = pl.Series("id", ["tt1/2", "a b", "plain-1_x.~", "é 漢", "", None])
    encoded = encode_percent(odd)
    assert encoded.to_list() == ["tt1%2F2", "a%20b", "plain-1_x.~", "%C3%A9%20%E6%BC%A2", "", None]
    assert decode_percent(encoded).to_list() == odd.to_list()
    assert decode_percent(pl.Series(["%FF", "5%"])).to_list() == ["%FF", "5%"]
