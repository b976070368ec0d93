from __future__ import annotations

import bz2
import gzip
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl
import pytest

from kgprep.dialogues import load_items
from kgprep.errors import KgprepError
from kgprep.kg.candidates import imdb_ids
from kgprep.reviews.records import finish, raw_records

WriteLines = Callable[[str, Sequence[object]], Path]
EXPECTED = [
    ("1", "Heat", 1995, "tt0113277", None),
    ("2", "Up, Again", 2009, None, "http://dbpedia.org/resource/Up_(2009_film)"),
]


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        (
            "items.csv",
            [
                "item_id,name,year,imdb_id,iri",
                '2,"Up, Again",2009,,http://dbpedia.org/resource/Up_(2009_film)',
                "1,Heat (1995),,113277,",
            ],
        ),
        (
            "items.tsv.gz",
            [
                "item_id\tname\tyear\timdb_id\tiri",
                "1\tHeat\t1995\ttt0113277\t",
                "2\tUp, Again\t2009\t\t<http://dbpedia.org/resource/Up_(2009_film)>",
            ],
        ),
        (
            "items.jsonl",
            [
                {"item_id": 1, "name": "Heat", "year": 1995, "imdb_id": 113277},
                {
                    "item_id": "2",
                    "name": "Up,  Again (2009)",
                    "iri": "http://dbpedia.org/resource/Up_(2009_film)",
                    "x": [1],
                },
            ],
        ),
    ],
)
def test_every_form_gives_the_same_items(write_lines: WriteLines, name: str, lines: list[object]) -> None:
    loaded = load_items(write_lines(name, lines))
    assert loaded.items.rows() == EXPECTED
    assert loaded.utterances.is_empty()
    assert loaded.item_mentions.is_empty()
    assert loaded.feedback.is_empty()


@pytest.mark.parametrize("name", ["items.csv.GZ", "items.csv.bz2", "items.tab", "items.jsonl.bz2"])
def test_every_suffix_and_compression_is_known(tmp_path: Path, name: str) -> None:
    rows = (
        '{"id": 1, "name": "Heat (1995)", "imdb": 113277}' if "jsonl" in name else "id;name;imdb\n1;Heat (1995);113277"
    )
    content = rows.replace(";", "\t" if name.endswith(".tab") else ",").encode()
    pack = gzip.compress if name.endswith(".GZ") else bz2.compress if name.endswith(".bz2") else bytes
    (tmp_path / name).write_bytes(pack(content))
    assert load_items(tmp_path / name).items.rows() == EXPECTED[:1]


@pytest.mark.parametrize(
    "lines",
    [
        ["item_id, name , year,imdb_id", "1,Heat,1995,tt0113277"],
        ["\ufeffItem_ID,Name,Year,IMDb_ID,Genre,NAME", "1,Heat,1995,tt0113277,crime,Hot"],
        ["movieId,movieName,line,Line,imdb", "1,Heat (1995),7,8,113277"],
        ["movieId,title,imdbId", "1.0,Heat (1995),113277"],
        ["id,Film,Movie_Year,tconst", "1,Heat,1995,tt0113277"],
    ],
)
def test_headers_may_have_spaces_capitals_and_other_columns(write_lines: WriteLines, lines: list[object]) -> None:
    assert load_items(write_lines("items.csv", lines)).items.rows() == EXPECTED[:1]


def test_a_number_of_a_catalogue_is_no_imdb_id(write_lines: WriteLines) -> None:
    items = load_items(write_lines("items.csv", ["id,name,title_id", "1,Heat,55"])).items
    assert items["imdb_id"].to_list() == [None]


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("items.csv", ["Id,Name,Release Year,Genre", "1,Heat,1995,crime"]),
        ("items.jsonl", [{"id": 1, "Release Year": 1995}, {"id": 2, "Name": "Heat", "Genre": None}]),
    ],
)
def test_columns_that_nobody_reads_are_noted(write_lines: WriteLines, name: str, lines: list[object]) -> None:
    path = write_lines(name, lines)
    (note,) = load_items(path).notes
    assert note.startswith(f"{path}: columns that are not read: ")
    assert set(note.partition("read: ")[2].split(", ")) == {"Release Year", "Genre"}


def test_json_names_may_have_capitals(write_lines: WriteLines) -> None:
    path = write_lines("items.jsonl", [{"ID": 1, "Title": "Heat", "Year": 1995, "IMDb_ID": "tt0113277", "line": 3}])
    assert load_items(path).items.rows() == EXPECTED[:1]


def test_imdb_ids_may_be_addresses_and_unusable_ones_are_counted(write_lines: WriteLines) -> None:
    path = write_lines(
        "items.csv",
        [
            "item_id,name,imdb_id",
            "a,Inception,https://www.imdb.com/title/tt1375666/",
            "b,Up,http://m.imdb.com/de/title/tt1049413/reviews?ref_=tt",
            "c,Heat,TT0113277",
            "d,Okja,nm0094435",
            "e,Her,",
        ],
    )
    loaded = load_items(path)
    assert loaded.items["imdb_id"].to_list() == ["tt1375666", "tt1049413", "tt0113277", None, None]
    assert [str(count) for count in loaded.counts] == [
        "items: 5 of 5 (100.0 %)",
        "skipped: the imdb_id is no IMDb id of a title: 1",
    ]
    assert loaded.notes == (f"{path}:5: the imdb_id is no IMDb id of a title",)


def test_unusable_years_are_counted(write_lines: WriteLines) -> None:
    years = ["Up,2009.0", "Heat (1995),1995?", "Okja,", "Her,13", "Inception,２０１０", "Troy,0000", "Foo,9999"]
    path = write_lines("items.csv", ["item_id,name,year", *(f"{row},{film}" for row, film in enumerate(years))])
    loaded = load_items(path)
    assert loaded.items["year"].to_list() == [2009, 1995, None, None, None, None, None]
    assert [str(count) for count in loaded.counts] == ["items: 7 of 7 (100.0 %)", "skipped: the year is no year: 4"]
    assert loaded.notes == tuple(f"{path}:{line}: the year is no year" for line in (3, 5, 6))


@pytest.mark.parametrize("written", ["tt0113277", "0113277", "113277", "113277.0", "http://imdb.com/title/tt0113277/"])
def test_every_reader_of_imdb_ids_reads_them_alike(write_lines: WriteLines, written: str) -> None:
    items = load_items(write_lines("items.csv", ["item_id,name,imdb_id", f"a,Heat,{written}"])).items
    reviews = finish(raw_records([{"imdb_id": written, "text": "Great."}]), 10, "a site").frame
    stated = pl.DataFrame({"subject": ["http://dbpedia.org/resource/Heat"], "object": [written]})
    said = [items["imdb_id"], reviews["imdb_id"], imdb_ids(stated)["imdb_id"]]
    assert [one.to_list() for one in said] == [["tt0113277"]] * 3


def test_nameless_items_are_called_by_what_is_known(write_lines: WriteLines) -> None:
    path = write_lines(
        "items.csv", ["item_id,imdb_id,iri", "a,,http://dbpedia.org/resource/Toy_Story_(film)", "b,tt0000001,", "c,,"]
    )
    assert load_items(path).items["name"].to_list() == ["Toy Story", "tt0000001", "c"]


def test_rows_without_id_and_repeated_ones_are_counted(write_lines: WriteLines) -> None:
    path = write_lines("items.csv", ["item_id,name", "1,Heat", ",Nobody", "1,Again"])
    loaded = load_items(path)
    assert loaded.items["name"].to_list() == ["Heat"]
    assert (loaded.counts[0].kept, loaded.counts[0].total) == (1, 3)
    assert loaded.notes == (f"{path}:4: the item_id was read already", f"{path}:3: the row has no item_id")


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("items.csv", []),
        ("items.csv", ["item_id,name"]),
        ("items.csv", ["name", "Heat"]),
        ("items.jsonl", ["not json"]),
        ("items.jsonl", [{"name": "Heat"}]),
        ("items.xlsx", ["item_id"]),
        ("items.xlsx.gz", ["item_id"]),
        ("items.csv", ["item_id,name", "1,a,b,c"]),
    ],
)
def test_unusable_tables_are_one_sentence(write_lines: WriteLines, name: str, lines: list[object]) -> None:
    with pytest.raises(KgprepError, match="items"):
        load_items(write_lines(name, lines))


def test_quotation_marks_between_tabs_are_part_of_a_name(write_lines: WriteLines) -> None:
    rows = ["item_id\tname\tyear", 'a\t"Up\t2009', 'b\t"Heat" redux\t1995', 'c\tAlien"\t1979', 'd\t"The ""Her"""\t2013']
    loaded = load_items(write_lines("items.tsv", rows))
    assert loaded.items["name"].to_list() == ['"Up', '"Heat" redux', 'Alien"', 'The "Her"']


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["item_id,name", "a,Up", "b,Crouching Tiger, Hidden Dragon"], "3: the row has more cells than the header"),
        (["item_id,name", "a,Up", 'b,"Heat" redux'], "3: the row has a quotation mark too many or too few"),
    ],
)
def test_the_line_at_fault_is_named(write_lines: WriteLines, lines: list[object], message: str) -> None:
    with pytest.raises(KgprepError, match=rf"items\.csv:{message}"):
        load_items(write_lines("items.csv", lines))


@pytest.mark.parametrize(("encoding", "line"), [("latin-1", 2), ("utf-16", 1), ("utf-16-be", 1)])
@pytest.mark.parametrize("name", ["items.csv", "items.tsv"])
def test_a_table_in_another_encoding_is_to_be_converted(tmp_path: Path, name: str, encoding: str, line: int) -> None:
    path = tmp_path / name
    rows = "item_id,name\na,Amélie\n" if name.endswith("csv") else "item_id\tname\na\tAmélie\n"
    path.write_bytes(rows.encode(encoding))
    perhaps = encoding.upper()[:6] if encoding != "latin-1" else "Latin-1"
    with pytest.raises(KgprepError) as caught:
        load_items(path)
    assert str(caught.value) == f"{path}:{line}: the line is not UTF-8 but perhaps {perhaps}: convert the file to UTF-8"


def test_a_missing_table(tmp_path: Path) -> None:
    with pytest.raises(KgprepError, match="does not exist"):
        load_items(tmp_path / "items.csv")
