"""What is a name and what is not, who is meant, and what is left alone: on a small graph made for these questions."""

from __future__ import annotations

import polars as pl
import pytest

from kgprep.artifacts import AliasSourceEnum, KindEnum
from kgprep.linking.linker import EntityLinker

ENTITIES = [
    # label, kind, degree, year, other aliases, of which some are short names
    ("Toy Story", "film", 20, 1995, []),
    ("Toy Story 3", "film", 20, 2010, []),
    ("It (1990 film)", "film", 10, 1990, ["It"]),
    ("It (2017 film)", "film", 20, 2017, ["It"]),
    ("Frozen", "film", 20, 2013, []),
    ("Inception", "film", 20, 2010, []),
    ("Get Out", "film", 20, 2017, []),
    ("The Dark Knight", "film", 20, 2008, []),
    ("Airplane!", "film", 20, 1980, []),
    ("Finding Nemo", "film", 20, 2003, []),
    ("Scary Movie", "film", 20, 2000, []),
    ("300", "film", 20, 2006, []),
    ("Ocean's Eleven", "film", 20, 2001, []),
    ("Keanu Reeves", "person", 30, None, ["short:Reeves"]),
    ("Quentin Tarantino", "person", 50, None, ["short:Tarantino"]),
    ("Joni Tarantino", "person", 1, None, ["short:Tarantino"]),
    ("Sam Tull", "person", 5, None, ["short:Tull"]),
    ("Max Tull", "person", 5, None, ["short:Tull"]),
    ("Jake Gyllenhaal", "person", 30, None, ["short:Gyllenhaal"]),
    ("Japan", "place", 30, None, []),
    ("Poland", "place", 30, None, []),
    ("Comedy", "genre", 30, None, []),
    ("Horror film", "genre", 30, None, []),
    ("Horror films", "genre", 3, None, []),
    ("Mystery film", "genre", 30, None, []),
    ("Fantasy film", "genre", 30, None, []),
    ("War film", "genre", 30, None, []),
    ("Science fiction film", "genre", 30, None, []),
    ("Netflix", "organisation", 30, None, []),
    ("无间道", "film", 20, 2002, []),
    ("刘德华", "person", 20, None, []),
    ("喜剧片", "genre", 20, None, []),
]  # fmt: skip
EDGES = [("Inception", "Sam Tull"), ("Frozen", "Keanu Reeves")]


@pytest.fixture(scope="module")
def linker() -> EntityLinker:
    numbers = {label: number for number, (label, *_) in enumerate(ENTITIES)}
    entities = pl.DataFrame(
        [(number, f"urn:{label}", *rest) for number, (label, *rest, _) in enumerate(ENTITIES)],
        schema={
            "entity_id": pl.Int32,
            "iri": pl.String,
            "kind": KindEnum,
            "degree": pl.Int32,
            "year": pl.Int16,
        },
        orient="row",
    ).with_columns(label=pl.Series(list(numbers)))
    named = [(label, label, "label", 1.0) for label in numbers]
    other = [(label, alias) for label, *_, aliases in ENTITIES for alias in aliases]
    named += [
        (label, alias.removeprefix("short:"), "short_name" if ":" in alias else "title", 0.1 if ":" in alias else 0.5)
        for label, alias in other
    ]
    weights = dict(pl.DataFrame(entities.select("label", "degree")).rows())
    alike: dict[str, int] = {}
    for label, alias, _, _ in named:
        alike[alias] = alike.get(alias, 0) + weights[label]
    aliases = pl.DataFrame(
        [
            (alias, numbers[label], source, prior * weights[label] / alike[alias])
            for label, alias, source, prior in named
        ],
        schema={"alias": pl.String, "entity_id": pl.Int32, "source": AliasSourceEnum, "prior": pl.Float32},
        orient="row",
    )
    edges = pl.DataFrame(
        [(numbers[head], numbers[tail]) for head, tail in EDGES],
        schema={"head": pl.Int32, "tail": pl.Int32},
        orient="row",
    )
    return EntityLinker.from_tables(entities, aliases, edges)


def said(linker: EntityLinker, text: str, *before: str) -> dict[str, str]:
    """Return the label that each linked word of a text means, after what was spoken of before."""
    known = linker.entities.filter(pl.col("label").is_in(before))["entity_id"]
    context = pl.DataFrame(
        {"text": [0] * len(known), "entity_id": known}, schema={"text": pl.UInt32, "entity_id": pl.Int32}
    )
    return dict(linker.link([text], context).select("word", "label").rows())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Have you seen It (2017)?", {"It": "It (2017 film)"}),
        ("It from 1990 is better", {"It": "It (1990 film)"}),
        ("the 1990 It", {"It": "It (1990 film)"}),
        ("It (1975) is unknown to me", {}),
        ("it was good. It had charm", {}),
        ("I watched Frozen last night", {"Frozen": "Frozen"}),
        ("the lake was frozen", {}),
        ('my kids love "frozen"', {"frozen": "Frozen"}),
        ("please get out of here", {}),
        ("I saw Get Out twice", {"Get Out": "Get Out"}),
        ("i loved the dark knight", {"the dark knight": "The Dark Knight"}),
        ("THIS IS IT", {}),
    ],
)
def test_case_quotes_and_years_tell_titles_from_words(
    linker: EntityLinker, text: str, expected: dict[str, str]
) -> None:
    assert said(linker, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I saw Toy Story 3", {"Toy Story 3": "Toy Story 3"}),
        ("Toy Story is older", {"Toy Story": "Toy Story"}),
        ("I saw Toy Story 7", {}),
        ("I saw Frozen 2 times", {"Frozen": "Frozen"}),
        ("I saw Frozen II", {}),
        ("the second one was better", {}),
        ("300 of them", {}),
        ("I mean 300 (2006)", {"300": "300"}),
        ("@300 was great", {}),
    ],
)
def test_sequels_and_numbers(linker: EntityLinker, text: str, expected: dict[str, str]) -> None:
    assert said(linker, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I like horror films", {"horror": "Horror film"}),
        (
            "comedies, sci fi and horrors",
            {"comedies": "Comedy", "sci fi": "Science fiction film", "horrors": "Horror film"},
        ),
        ("a scary movie for tonight", {}),
        ("the war was long", {}),
        ("war and fantasy movies", {"war": "War film", "fantasy": "Fantasy film"}),
        ("it is a mystery to me", {"mystery": "Mystery film"}),
        ("mystery solved", {}),
        ("japanese films", {"japanese": "Japan"}),
        ("something Polish", {"Polish": "Poland"}),
        ("polish the table", {}),
        ("is it on netflix?", {"netflix": "Netflix"}),
    ],
)
def test_genres_countries_and_companies(linker: EntityLinker, text: str, expected: dict[str, str]) -> None:
    assert said(linker, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("with Jake Gyllenhall in it", {"Jake Gyllenhall": "Jake Gyllenhaal"}),
        ("i watched finding nmeo", {"finding nmeo": "Finding Nemo"}),
        ("Finding Nemoo!", {"Finding Nemoo": "Finding Nemo"}),
        ("Incepton was odd", {}),
        ("finding memo pads", {}),
        ("oceans eleven", {"oceans eleven": "Ocean's Eleven"}),
        ("Ocean’s Eleven", {"Ocean’s Eleven": "Ocean's Eleven"}),
        ("I like Airplane! a lot", {"Airplane!": "Airplane!"}),
        ("the Airplane one", {"Airplane": "Airplane!"}),
    ],
)
def test_names_as_people_type_them(linker: EntityLinker, text: str, expected: dict[str, str]) -> None:
    assert said(linker, text) == expected


def test_part_of_a_name_means_who_is_known_by_it_or_in_play(linker: EntityLinker) -> None:
    assert said(linker, "anything by Tarantino") == {"Tarantino": "Quentin Tarantino"}
    assert said(linker, "anything with Tull") == {}
    assert said(linker, "anything with Tull", "Inception") == {"Tull": "Sam Tull"}
    assert said(linker, "anything with Tull", "Max Tull") == {"Tull": "Max Tull"}
    assert said(linker, "I like Keanu too", "Frozen") == {"Keanu": "Keanu Reeves"}
    assert said(linker, "Max Tull is good. Tull was in it") == {"Max Tull": "Max Tull", "Tull": "Max Tull"}


def test_a_word_in_lower_case_names_a_film_that_is_in_play(linker: EntityLinker) -> None:
    assert said(linker, "yes frozen was fun") == {}
    assert said(linker, "yes frozen was fun", "Frozen") == {"frozen": "Frozen"}
    assert said(linker, "it was fun", "It (2017 film)") == {}


def test_what_was_said_last_weighs_more(linker: EntityLinker) -> None:
    ids = dict(linker.entities.select("label", "entity_id").rows())
    context = pl.DataFrame(
        {"text": [0, 0, 1, 1], "entity_id": [ids["Sam Tull"], ids["Max Tull"]] * 2, "weight": [1.0, 0.3, 0.3, 1.0]}
    )
    assert linker.link(["I like Tull"] * 2, context)["label"].to_list() == ["Sam Tull", "Max Tull"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我想看無間道", {"無間道": "无间道"}),
        ("我喜欢《无间道》", {"无间道": "无间道"}),
        ("我喜欢刘德华的喜剧片", {"刘德华": "刘德华", "喜剧片": "喜剧片"}),
        ("我不知道", {}),
    ],
)
def test_chinese_names_need_no_spaces(linker: EntityLinker, text: str, expected: dict[str, str]) -> None:
    assert said(linker, text) == expected


def test_a_missing_text_and_a_broken_one_do_no_harm(linker: EntityLinker) -> None:
    texts = pl.Series(["I saw Inception", None, "Inception again"], dtype=pl.String)
    assert linker.link(texts)["text"].to_list() == [0, 2]
    assert linker.link(["half an emoji \ud83d and Inception"])["start"].to_list() == [20]


def test_of_names_that_cross_the_longest_stands(linker: EntityLinker) -> None:
    entities = pl.DataFrame(
        [(0, "urn:a", "Zork Blat"), (1, "urn:b", "Blat Quux Vrim"), (2, "urn:c", "Vrim Dotz"), (3, "urn:d", "Quux")],
        schema={"entity_id": pl.Int32, "iri": pl.String, "label": pl.String},
        orient="row",
    ).with_columns(kind=pl.lit("film"), degree=pl.lit(9, pl.Int32), year=pl.lit(None, pl.Int16))
    aliases = entities.select("entity_id", alias="label", source=pl.lit("label"), prior=pl.lit(1.0, pl.Float32))
    made = EntityLinker.from_tables(entities, aliases, linker.neighbours.head(0))
    assert made.link(["I saw Zork Blat Quux Vrim Dotz Zork Blat"])["word"].to_list() == ["Blat Quux Vrim", "Zork Blat"]
