"""Tables of reviews in any columns, and corpora whose form is told from their look."""

from __future__ import annotations

import bz2
import datetime
import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgprep.errors import KgprepError
from kgprep.reviews.column_map import FIELDS, ColumnMap, parse_column_map
from kgprep.reviews.corpora import corpus_spec, corpus_specs, read_batches, recognise
from kgprep.reviews.records import CLEAN, Tally
from tests.reviews.conftest import read_reviews

MAP = "text=review,imdb_id=tt,rating=stars/5"
CSV = 'review,tt,stars,user\n"Two men,\none city.",tt0113277,4,filmfan77\nToo long.,113277,9,filmfan77\n'
SPOILER = {
    "review_date": "10 February 2006",
    "movie_id": "tt0113277",
    "user_id": "ur1234567",
    "is_spoiler": True,
    "review_text": "In the end he lets go of the hand.",
    "rating": "10",
    "review_summary": "A duel",
}
DMSC = (
    "\ufeffID,Movie_Name_EN,Movie_Name_CN,Crawl_Date,Number,Username,Date,Star,Comment,Like\n"
    '0,Spirited Away,千与千寻,2017-01-22,1,filmfan77,2015-05-13,3," 澡堂里\n什么都有。",10\n'
)


def read(spec: str | Path, column_map: str | None = None) -> tuple[pl.DataFrame, Tally]:
    tally = Tally()
    frames = list(read_batches(corpus_spec(str(spec), column_map), tally))
    return pl.concat([pl.DataFrame(schema=CLEAN), *frames]), tally


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def write_as(path: Path, text: str) -> Path:
    """Write a CSV text as whatever the path's name says."""
    table = pl.read_csv(text.encode(), infer_schema=False, truncate_ragged_lines=True)
    if path.name.endswith(".parquet"):
        table.with_columns(pl.col("stars").cast(pl.Int64)).write_parquet(path)
        return path
    data = {
        ".csv": text.encode(),
        ".tsv": table.write_csv(separator="\t").encode(),
        ".jsonl": table.write_ndjson().encode(),
    }[next(end for end in (".csv", ".tsv", ".jsonl") if end in path.name)]
    path.write_bytes(
        gzip.compress(data) if path.suffix == ".gz" else bz2.compress(data) if path.suffix == ".bz2" else data
    )
    return path


@pytest.mark.parametrize(
    "name",
    ["a.csv", "a.csv.gz", "a.csv.bz2", "a.tsv", "a.tsv.bz2", "a.jsonl", "a.jsonl.gz", "a.jsonl.bz2", "a.parquet"],
)
def test_a_mapped_table_has_the_one_shape_in_every_kind_of_file(tmp_path: Path, name: str) -> None:
    frame, tally = read(write_as(tmp_path / name, CSV), MAP)
    assert dict(frame.schema) == CLEAN
    assert frame["text"].to_list() == ["Two men,\none city.", "Too long."]
    assert frame["imdb_id"].to_list() == ["tt0113277", "tt0113277"]
    assert frame["rating"].to_list() == [pytest.approx(0.8), None]
    assert (tally.read, tally.kept, tally.rated, tally.impossible) == (2, 2, 2, 1)
    assert "filmfan77" not in str(frame.rows())


def test_every_field_can_be_mapped(tmp_path: Path) -> None:
    row: dict[str, Any] = {
        "a": "Bien.",
        "b": 113277.0,
        "d": "Heat",
        "e": 1995.0,
        "f": 8.0,
        "g": "3 of 4",
        "h": datetime.datetime(2015, 3, 2, 10, 30),
        "i": True,
        "j": "fr",
    }
    path = tmp_path / "a.parquet"
    pl.DataFrame([row]).write_parquet(path)
    (read_row,) = read(path, ",".join(map("=".join, zip(FIELDS, row, strict=True))))[0].to_dicts()
    assert read_row == {
        "review_id": read_row["review_id"],
        "source": "a",
        "imdb_id": "tt0113277",
        "douban_id": None,
        "film_title": "Heat",
        "film_title_other": None,
        "film_year": 1995,
        "lang": "fr",
        "title": None,
        "rating": pytest.approx(0.8),
        "helpful": pytest.approx(4 / 6),
        "date": datetime.date(2015, 3, 2),
        "url": None,
        "spoiler": True,
        "text": "Bien.",
    }


def test_dates_that_are_no_date_are_counted(tmp_path: Path) -> None:
    none = ["03.02.2001", "n.d.", "2001-02-30", "10/06/19", "00-01-15", "5 May 04", "２００１-02-03"]
    dates = ["3 February 2001", "2001-02-03 10:30", *none, ""]
    path = write(
        tmp_path / "a.csv", "".join(f"{row}\n" for row in ["day,tt,review", *(f"{day},1,Fine." for day in dates)])
    )
    frame, tally = read(path, "text=review,imdb_id=tt,date=day")
    assert frame["date"].to_list() == [datetime.date(2001, 2, 3)] * 2 + [None] * 8
    assert "dates of a.csv that are no date, left out: 7 of 9 (77.8 %)" in map(str, tally.counts("a.csv"))


@pytest.mark.parametrize("name", ["a.CSV.GZ", "a.tab", "a.JSONL.bz2"])
def test_a_suffix_tells_the_kind_of_table_in_any_case(tmp_path: Path, name: str) -> None:
    plain = write_as(tmp_path / {"a.C": "a.csv", "a.t": "a.tsv", "a.J": "a.jsonl"}[name[:3]], CSV).read_bytes()
    pack = gzip.compress if name.endswith(".GZ") else bz2.compress if name.endswith(".bz2") else bytes
    (tmp_path / name).write_bytes(pack(plain))
    assert read(tmp_path / name, MAP)[0].height == 2


def test_blank_lines_are_no_rows_and_a_column_may_have_any_name(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "review,tt,_row\n\nFine.,tt0113277,1\n\n\n")
    _, tally = read(path, "text=review,imdb_id=tt")
    assert (tally.read, tally.kept) == (1, 1)
    path = write(tmp_path / "a.jsonl", '\n{"review": "Fine.", "tt": "tt0113277"}\n\n')
    assert read(path, "text=review,imdb_id=tt")[1].read == 1


@pytest.mark.parametrize(
    ("content", "number"),
    [('[{"imdb_id": "tt0113277", "review": "Fine."}]', 1), ('\n{\n "imdb_id": "tt0113277"\n}', 2), ("no JSON", 1)],
)
def test_json_that_is_not_one_object_a_line_is_refused(tmp_path: Path, content: str, number: int) -> None:
    path = write(tmp_path / "a.json", content)
    for column_map in (None, "text=review,imdb_id=imdb_id"):
        with pytest.raises(KgprepError) as caught:
            read(path, column_map)
        assert str(caught.value) == f"{path}:{number}: the first line is no JSON object: write one object a line"


def test_a_value_that_is_no_number_costs_no_row(tmp_path: Path) -> None:
    text = '{"imdb_id": "tt0113277", "rating": NaN, "helpful": -Infinity, "review": "It says: NaN, NaN."}\n'
    frame, tally = read(write(tmp_path / "a.jsonl", text + text.replace("NaN, NaN", "Nobody \\ud83d knows")))
    assert frame["text"].to_list() == ["It says: NaN, NaN.", "It says: Nobody \ufffd knows."]
    assert frame.select("rating", "helpful").null_count().row(0) == (2, 2)
    assert (tally.read, tally.kept, tally.impossible) == (2, 2, 0)


@pytest.mark.parametrize("number", ["1e999", "9" * 60])
def test_a_number_that_no_table_can_store_is_none(tmp_path: Path, number: str) -> None:
    text = f'{{"imdb_id": "tt0113277", "rating": {number}, "helpful": NaN, "review": "Fine."}}\n'
    frame, _ = read(write(tmp_path / "a.jsonl", text))
    assert frame.select("text", "rating").row(0) == ("Fine.", None)


def test_keys_of_lines_may_have_capitals(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", '{"IMDbId": 113277, "Review": "Fine.", "Film_Year": 1995, "Stars": "8/10"}')
    assert recognise(path) == "imdb"
    assert read(path)[0].select("imdb_id", "text", "film_year").row(0) == ("tt0113277", "Fine.", 1995)


@pytest.mark.parametrize("year", ["２０１０", "199５", "0000", "9999", "n.d."])
def test_a_year_that_no_film_can_have_is_none(tmp_path: Path, year: str) -> None:
    path = write(tmp_path / "a.csv", f"review,film,year\nFine.,Heat,{year}\nFine.,Up,2009.0\n")
    assert read(path, "text=review,title=film,year=year")[0]["film_year"].to_list() == [None, 2009]


def test_a_column_that_only_later_lines_have_is_known(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", '{"tt": "tt0113277"}\n{broken\n{"tt": "tt0113277", "my review": "Fine."}\n')
    frame, tally = read(path, "text=my review,imdb_id=tt")
    assert frame["text"].to_list() == ["Fine."]
    assert (tally.read, tally.without_text) == (3, 1)
    assert tally.notes == [f"{path}:2: skipped, the line is not a JSON object"]


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.csv.bz2"])
def test_a_row_that_would_be_cut_is_skipped_and_shown(tmp_path: Path, name: str) -> None:
    cut = "\ufeffreview,tt,user\nGreat film, about dreams,tt1375666,filmfan77\n"
    path = write_as(
        tmp_path / name, cut + '"Two men,\none city.",tt0113277,x\n\nFine.,tt0113277,x,\nA, b,tt0113277,x\n'
    )
    frame, tally = read(path, "text=review,imdb_id=tt")
    assert frame["text"].to_list() == ["Two men,\none city.", "Fine."]
    assert [place.partition(",")[0] for place in tally.notes] == [f"{path}:{line}: skipped" for line in (2, 7)]
    counts = {count.what: (count.kept, count.total) for count in tally.counts(path.name)}
    assert counts[f"rows of {name} skipped, more cells than the header"] == (2, None)
    assert counts[f"reviews read from {name}"] == (2, 4)


@pytest.mark.parametrize("name", ["a.tsv", "a.tsv.gz", "a.tsv.bz2"])
def test_quotation_marks_between_tabs_neither_join_rows_nor_refuse_the_file(tmp_path: Path, name: str) -> None:
    texts = ["Fine.", '"Best film" of Ridley Scott.', '"It opens', "here.", 'Nobody closes it."', "\"It's all 'in'.\""]
    data = "".join(f"{text}\ttt0113277\n" for text in ["review", *texts]).replace("\ttt0113277", "\ttt", 1).encode()
    (tmp_path / name).write_bytes(
        gzip.compress(data) if name.endswith(".gz") else bz2.compress(data) if name.endswith(".bz2") else data
    )
    frame, tally = read(tmp_path / name, "text=review,imdb_id=tt")
    assert frame["text"].to_list() == [*texts[:-1], "It's all 'in'."]
    assert (tally.read, tally.kept) == (6, 6)


def test_a_header_that_is_too_short_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "review,tt\n1,Fine.,tt0113277\n")
    with pytest.raises(KgprepError, match="and that its header has a name for each cell of a row"):
        read(path, "text=review,imdb_id=tt")


@given(
    st.dictionaries(
        st.sampled_from(sorted(FIELDS)),
        st.text(st.sampled_from("ab =_é影/"), min_size=1).map(str.strip).filter(lambda name: name.strip("/ ")),
    ),
    st.integers(1, 100),
)
def test_a_column_map_that_is_written_is_read_again(columns: dict[str, str], best: int) -> None:
    columns = {"text": "review", "title": "film", **columns}
    column_map = ColumnMap(tuple(columns.items()), float(best) if "rating" in columns else 10.0)
    assert parse_column_map(str(column_map)) == column_map


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("text=review,imdb=tt", "imdb=tt is not FIELD=COLUMN, with FIELD one of text, imdb_id, title, year"),
        ("text=review,imdb_id", "imdb_id is not FIELD=COLUMN"),
        ("text=review,imdb_id=", "imdb_id= is not FIELD=COLUMN"),
        ("text=review,,title=film", "an empty part is not FIELD=COLUMN"),
        ("text=review,title=film,text=other", "text is given twice"),
        ("text=review,title=film,rating=stars/0", "a rating cannot be out of 0"),
        ("text=review,year=when", "name the column of text and that of imdb_id or title"),
        ("title=film", "name the column of text"),
        ("text=body,title=film", "has no column body or film: --map can name review, tt, stars, user"),
    ],
)
def test_a_column_map_that_is_wrong_is_refused(tmp_path: Path, written: str, message: str) -> None:
    with pytest.raises(KgprepError, match=message):
        read(write(tmp_path / "a.csv", CSV), written)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.csv", b"", "a.csv is empty: give it a header"),
        (
            "a.csv",
            b'review,tt,stars\nFine.,tt1,4\n"Best film" of all,tt2,4\n',
            r"a\.csv:3: the row has a quotation mark too many",
        ),
        ("a.csv", b"review,tt,stars\n", "has no row"),
        ("a.csv", b"review,tt,stars\n,,5\n", "no review of a named film"),
        ("a.csv", "review,tt,stars\ncafé,tt0113277,4\n".encode("latin-1"), r"a\.csv:2: .* perhaps Latin-1"),
        ("a.csv", "片名,年份\n盗梦空间,2010\n".encode("gbk"), r"a\.csv:1: .* perhaps GBK"),
        ("a.csv", "révue,tt,stars\nFine.,tt0113277,4\n".encode("latin-1"), r"a\.csv:1: .* perhaps Latin-1"),
        ("a.tsv", b"review\ttt\tstars\n" * 9999 + b"caf\xe9\ttt0113277\t4\n", r"a\.tsv:10000: .* perhaps Latin-1"),
        ("a.csv", CSV.encode("utf-16"), r"a\.csv:1: .* perhaps UTF-16: convert the file to UTF-8"),
        ("a.tsv.bz2", bz2.compress(CSV.encode("utf-16-le")), r"a\.tsv\.bz2:1: .* perhaps UTF-16"),
        ("a.jsonl", '{"review": "Fine."}'.encode("utf-16"), r"a\.jsonl:1: .* perhaps UTF-16"),
        ("a.parquet", b"PAR1 and no more", "cannot be read as a table"),
        ("a.txt", b"review", r"its name must end in one of \.csv"),
        ("a.csv.gz", gzip.compress(CSV.encode(), mtime=0)[:-20], "is cut short or damaged"),
        ("a.csv.bz2", bz2.compress(CSV.encode())[:-20], "is cut short or damaged"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(KgprepError, match=message):
        read(tmp_path / name, MAP)


def test_a_map_is_asked_for_and_only_for_tables(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", CSV)
    with pytest.raises(KgprepError, match=r"--map text=.*, its columns are review, tt, stars, user"):
        read(path)
    with pytest.raises(KgprepError, match="is for tables"):
        corpus_spec(f"imdb:{path}", MAP)
    with pytest.raises(KgprepError, match="does not exist"):
        read(f"table:{tmp_path / 'absent.csv'}", MAP)
    assert read(f"table:{path}", MAP)[0].height == 2


def test_a_map_makes_a_file_without_a_form_a_table(tmp_path: Path) -> None:
    row = '{"imdb_id": "tt0113277", "review": "Fine.", "words": "Good."}\n'
    first, second = (str(write(tmp_path / name, row)) for name in ("a.jsonl", "b.jsonl"))
    given = "text=words,imdb_id=imdb_id"
    assert [spec.form for spec in corpus_specs((first, second), ())] == ["imdb", "imdb"]
    assert [spec.form for spec in corpus_specs((first, second), (given,))] == ["table", "table"]
    assert [spec.form for spec in corpus_specs((first, f"table:{second}"), (given,))] == ["imdb", "table"]
    for specs, maps in (((first,), (given, given)), ((f"imdb:{first}",), (given,))):
        with pytest.raises(KgprepError, match="--map is given"):
            corpus_specs(specs, maps)


def test_the_spoiler_data_set_says_what_spoils(tmp_path: Path) -> None:
    path = write(tmp_path / "IMDB_reviews.json", json.dumps(SPOILER) + "\n" + json.dumps({**SPOILER, "rating": "11"}))
    assert recognise(path) == "spoiler"
    frame, tally = read(path)
    first = frame.row(0, named=True)
    assert (first["source"], first["imdb_id"], first["title"]) == ("imdb-spoiler", "tt0113277", "A duel")
    assert (first["rating"], first["spoiler"], first["date"]) == (1.0, True, datetime.date(2006, 2, 10))
    assert tally.impossible == 1
    assert "ur1234567" not in str(frame.rows())


def test_dmsc_names_its_films_twice(tmp_path: Path) -> None:
    path = write(tmp_path / "DMSC.csv", DMSC)
    assert recognise(path) == "dmsc"
    (row,) = read(path)[0].to_dicts()
    assert (row["film_title"], row["film_title_other"], row["source"]) == ("千与千寻", "Spirited Away", "dmsc")
    assert (row["text"], row["lang"], row["date"]) == ("澡堂里\n什么都有。", "zh", datetime.date(2015, 5, 13))
    assert (row["rating"], row["helpful"]) == (pytest.approx(0.6), pytest.approx(0.5))
    assert "filmfan77" not in str(row)
    with pytest.raises(KgprepError, match="has no column Movie_Name_CN"):
        read_reviews("dmsc", write(tmp_path / "other.csv", CSV))


@pytest.mark.parametrize(
    ("name", "text", "form"),
    [
        ("a.jsonl", '{"src": "x", "imdb_id": "tt0113277", "review": "Fine."}', "imdb"),
        ("a.jsonl", '\ufeff\n{"movie_id": "113277", "review_text": "Fine."}', "imdb"),
        ("a.jsonl", '{"subject_id": "1291561", "movie": "千与千寻", "rating": 4, "comment": "好看"}', "douban"),
        ("a.jsonl", '{"douban_id": "1291561", "content": "好看", "rating": "4"}', "douban"),
        ("a.jsonl", '{"name": "Heat", "words": "Fine."}', "table"),
        ("a.csv", CSV, "table"),
        ("aclImdb/train/pos/0_9.txt", "Fine.", "aclimdb"),
        ("train/urls_pos.txt", "", None),
        ("page.html", "<html></html>", "pages"),
    ],
)
def test_the_look_tells_the_form(tmp_path: Path, name: str, text: str, form: str | None) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, text)
    place = path if name.startswith("a.") else tmp_path
    if form is None:
        with pytest.raises(KgprepError, match="neither the aclImdb folder nor one of saved pages"):
            recognise(place)
        return
    assert recognise(place) == form
    assert corpus_spec(str(place)).form == form


def test_nothing_at_a_path_has_no_look(tmp_path: Path) -> None:
    with pytest.raises(KgprepError, match="does not exist"):
        recognise(tmp_path / "absent")
    with pytest.raises(KgprepError, match="FORM one of imdb, spoiler, aclimdb, douban, dmsc, table, pages"):
        corpus_spec(str(tmp_path / "absent"))


def test_a_broken_line_changes_nothing_for_its_neighbours(tmp_path: Path) -> None:
    rows = [
        {"imdb_id": "tt0113277", "review": 'Fine "so" far,\nhe said.', "rating": 7, "rank": [3, 4]},
        {"imdb_id": 113277, "review_text": "Tab\there, é and 😀.", "rating": 7.5, "spoiler": False},
        {"movie": {"name": "Heat"}, "review": "", "body": "Of several keys the first that has a value counts."},
    ]
    lines = [json.dumps(row) for row in rows]
    whole, _ = read(f"imdb:{write(tmp_path / 'a.jsonl', chr(10).join(lines))}")
    broken, tally = read(f"imdb:{write(tmp_path / 'b.jsonl', chr(10).join([*lines, '{broken']))}")
    assert whole.height == 3
    assert broken.equals(whole)
    assert (tally.read, len(tally.notes)) == (4, 1)


def test_lines_are_numbered_over_blocks(tmp_path: Path) -> None:
    line = json.dumps({"imdb_id": "tt0113277", "review": "word " * 40_000})
    path = write(tmp_path / "a.jsonl", "\n".join([*[line] * 60, "", "broken"]))
    frame, tally = read(f"imdb:{path}")
    assert (frame.height, tally.read) == (60, 61)
    assert tally.notes == [f"{path}:62: skipped, the line is not a JSON object"]
    path.write_bytes(path.read_bytes().replace(b"broken", b"\xff"))
    with pytest.raises(KgprepError, match=r"a\.jsonl:62: the line is not UTF-8 but perhaps Latin-1"):
        read(f"imdb:{path}")
