"""Review corpora in their real forms: what is read, what is cleaned, what is counted, what is refused."""

from __future__ import annotations

import datetime
import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgprep.errors import KgprepError
from kgprep.reviews.corpora import corpus_files, split_form
from kgprep.reviews.records import CLEAN, ReviewCorpus, clean_text
from tests.reviews.conftest import read_reviews

RANKED = {
    "src": "ranked",
    "imdb_id": "tt0113277",
    "title": "A duel",
    "rating": "9",
    "date": "1 April 2004",
    "review": "Two men.<br>One city &amp; no way out.",
    "rank": [137, 147],
}
BARE = {
    "src": "bare",
    "imdb_id": "tt0113277",
    "title": None,
    "rating": 2,
    "review": "Too long.<br /><br />Far too long.",
}


def write_lines(path: Path, rows: list[Any]) -> Path:
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    data = ("\n".join(lines) + "\n").encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def counted(corpus: ReviewCorpus, words: str) -> list[tuple[int, int | None]]:
    return [(count.kept, count.total) for count in corpus.counts if words in count.what]


@pytest.mark.parametrize("name", ["reviews.jsonl", "reviews.jsonl.gz"])
def test_both_sub_formats_of_imdb_become_one_shape(tmp_path: Path, name: str) -> None:
    frame = read_reviews("imdb", write_lines(tmp_path / name, [RANKED, BARE])).frame
    assert dict(frame.schema) == CLEAN
    ranked, bare = frame.to_dicts()
    assert ranked["text"] == "Two men.\nOne city & no way out."
    assert ranked["title"] == "A duel"
    assert ranked["rating"] == pytest.approx(0.9)
    assert ranked["helpful"] == pytest.approx(138 / 149)
    assert ranked["date"] == datetime.date(2004, 4, 1)
    assert bare["text"] == "Too long.\nFar too long."
    assert bare["rating"] == pytest.approx(0.2)
    assert (bare["title"], bare["helpful"], bare["date"], bare["lang"]) == (None, None, None, "en")


def test_generic_keys_and_number_ids_are_understood(tmp_path: Path) -> None:
    row = {"movie_id": "113277", "review_text": "Fine.", "stars": "7/10", "review_date": "2015-03-02", "helpful": "3/4"}
    frame = read_reviews("imdb", write_lines(tmp_path / "a.jsonl", [row])).frame
    assert frame.select("imdb_id", "text", "source").row(0) == ("tt0113277", "Fine.", "imdb")
    assert frame["rating"].item() == pytest.approx(0.7)
    assert frame["helpful"].item() == pytest.approx(4 / 6)
    assert frame["date"].item() == datetime.date(2015, 3, 2)


@pytest.mark.parametrize("rating", [27, "11", 0, -3, "ten", "9/5", "８", {"value": 8}])
def test_an_impossible_rating_is_nulled_and_counted(tmp_path: Path, rating: object) -> None:
    corpus = read_reviews("imdb", write_lines(tmp_path / "a.jsonl", [{**BARE, "rating": rating}, BARE]))
    assert corpus.frame["rating"].null_count() == 1
    assert counted(corpus, "impossible ratings") == [(1, 2)]


@pytest.mark.parametrize(
    ("helpful", "share"),
    [
        ("0.75", 0.75),
        ("12.0", 12 / 22),
        ("1.5K", 1500 / 1510),
        ("1,500", 1500 / 1510),
        ("1.1K/1.2K", 1101 / 1202),
        ("41 out of 57", 42 / 59),
        ("41 of 57 people found this helpful", 42 / 59),
        ("41/57 (72%)", 42 / 59),
        ("12 people found this helpful", 12 / 22),
        ("12人有用", 12 / 22),
        ("1.2k", 1200 / 1210),
        ("0", 0.0),
        ("5 stars", None),
        ("-1", None),
        ("７", None),
    ],
)
def test_helpful_votes_are_read_whole_or_not_at_all(tmp_path: Path, helpful: str, share: float | None) -> None:
    corpus = read_reviews("imdb", write_lines(tmp_path / "a.jsonl", [{**BARE, "helpful": helpful}]))
    assert corpus.frame["helpful"].item() == pytest.approx(share)


def test_an_absent_rating_is_not_impossible(tmp_path: Path) -> None:
    corpus = read_reviews("imdb", write_lines(tmp_path / "a.jsonl", [{**BARE, "rating": None}]))
    assert counted(corpus, "impossible") == []


def test_what_cannot_be_used_is_counted_and_shown_with_its_line(tmp_path: Path) -> None:
    without_film = {"review": "Nice.", "rating": 5}
    without_text = {**BARE, "review": " <br> "}
    path = write_lines(tmp_path / "a.jsonl", [BARE, "{broken", "[1]", without_film, "", without_text])
    corpus = read_reviews("imdb", path)
    assert counted(corpus, "reviews read") == [(1, 5)]
    assert counted(corpus, "no film is named") == [(1, None)]
    assert counted(corpus, "no text") == [(1, None)]
    assert [note.split(": ")[0] for note in corpus.notes] == [f"{path}:2", f"{path}:3"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["not JSON", "neither"], "a.jsonl:1: no line"),
        ([], "is empty"),
        ([{"review": "A film I shall not name."}], "no review of a named film"),
    ],
)
def test_an_unusable_file_is_refused_with_a_reason(tmp_path: Path, rows: list[Any], message: str) -> None:
    with pytest.raises(KgprepError, match=message):
        read_reviews("imdb", write_lines(tmp_path / "a.jsonl", rows))


def test_a_truncated_gzip_file_is_refused(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl.gz", [{**BARE, "review": f"Text number {n}."} for n in range(2000)])
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(KgprepError, match=r"a\.jsonl\.gz"):
        read_reviews("imdb", path)


def test_text_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes('{"imdb_id": "tt0113277", "review": "caf\xe9"}'.encode("latin-1"))
    with pytest.raises(KgprepError, match="UTF-8"):
        read_reviews("imdb", path)


def test_forms_and_paths_are_checked(tmp_path: Path) -> None:
    assert split_form("imdb:some/where.jsonl") == ("imdb", Path("some/where.jsonl"))
    for spec in ("imdb", "imdb:", "letterboxd:x.jsonl"):
        with pytest.raises(KgprepError, match="FORM:PATH"):
            split_form(spec)
    for form in ("imdb", "douban", "aclimdb", "pages"):
        with pytest.raises(KgprepError, match="does not exist"):
            read_reviews(form, tmp_path / "absent")


def test_no_column_holds_a_user_name(tmp_path: Path) -> None:
    row = {**BARE, "user": "filmfan77", "author": "filmfan77", "username": "filmfan77", "user_id": "ur123"}
    frame = read_reviews("imdb", write_lines(tmp_path / "a.jsonl", [row])).frame
    assert not [
        value for value in frame.row(0) if isinstance(value, str) and ("filmfan77" in value or "ur123" in value)
    ]


def test_douban_comments_are_out_of_five_and_name_their_film(tmp_path: Path) -> None:
    row = {"subject_id": "1291561", "movie": "千与千寻", "rating": "4", "comment": "澡堂里什么都有。"}
    frame = read_reviews("douban", write_lines(tmp_path / "short.jsonl", [row])).frame
    assert frame.select("douban_id", "film_title", "lang", "source").row(0) == ("1291561", "千与千寻", "zh", "douban")
    assert frame["rating"].item() == pytest.approx(0.8)


def test_douban_comments_are_joined_to_the_film_records_beside_them(tmp_path: Path) -> None:
    comment = {
        "douban_id": "1",
        "content": "还不错。",
        "rating": "3",
        "votes": "10",
        "comment_time": "2018-09-05 19:42:07",
    }
    films = [{"movie_id": "1", "name": "她", "imdb_id": "tt1798709", "year": "2013"}, {"movie_id": "2", "name": "它"}]
    path = write_lines(tmp_path / "spider_comments.jsonl", [comment])
    beside = write_lines(tmp_path / "spider_movies.jsonl", films)
    frame = read_reviews("douban", path).frame
    assert frame.select("imdb_id", "film_title", "film_year").row(0) == ("tt1798709", "她", 2013)
    assert frame["date"].item() == datetime.date(2018, 9, 5)
    assert frame["helpful"].item() == pytest.approx(0.5)
    assert corpus_files("douban", path) == (path, beside)


def test_the_folder_of_acl_imdb_names_films_by_row_and_ratings_by_file_name(tmp_path: Path) -> None:
    for part, names in {"train/pos": ("0_9.txt", "1_7.txt"), "test/unsup": ("0_0.txt",)}.items():
        folder = tmp_path / part
        folder.mkdir(parents=True)
        for name in names:
            (folder / name).write_text(f"The text of {name}.<br />", encoding="utf-8")
        address = "http://www.imdb.com/title/tt{}/usercomments\n"
        addresses = "".join(address.format(f"000000{row + 1}") for row in range(len(names)))
        (folder.parent / f"urls_{folder.name}.txt").write_text(addresses, encoding="utf-8")
    frame = read_reviews("aclimdb", tmp_path).frame
    assert frame["imdb_id"].to_list() == ["tt0000001", "tt0000002", "tt0000001"]
    assert frame["rating"].to_list() == pytest.approx([0.9, 0.7, None])
    assert frame["text"][1] == "The text of 1_7.txt."


def test_an_acl_imdb_folder_without_its_addresses_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train/pos").mkdir(parents=True)
    with pytest.raises(KgprepError, match="urls_pos"):
        read_reviews("aclimdb", tmp_path)
    with pytest.raises(KgprepError, match="train/pos"):
        read_reviews("aclimdb", tmp_path / "train")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("It&#39;s <i>good</i>&nbsp;&lt;3", "It's good <3"),
        ("5 < 6 and 7 > 6", "5 < 6 and 7 > 6"),
        ("&amp;quot; stays once escaped", "&quot; stays once escaped"),
        ("<ul><li>one</li><li>two</li></ul>", "one\ntwo"),
        ("a \t b\r\n\n c", "a b\nc"),
        ("it\x92s \x93old\x94", "it’s “old”"),
        ('see <a href="/name/nm0000149/">her</a>', "see her"),
        ("&#128077; &#x1F44D; &#20013;&#x4e2d; &hearts; &#133;", "👍 👍 中中 ♥ …"),
        ("private &#xE002;use", "private use"),
        ("if x<y then z>w, <sigh> said <B>he</B><hr noshade>", "if x<y then z>w, <sigh> said he"),
    ],
)
def test_mark_up_becomes_plain_text(written: str, read: str) -> None:
    assert pl.select(clean_text(pl.lit(written))).item() == read


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(st.sampled_from("ab <>&;/br\n#39lt."), max_size=40), min_size=1, max_size=5))
def test_cleaned_text_has_no_outer_or_doubled_white_space(texts: list[str]) -> None:
    for cleaned in pl.DataFrame({"text": texts}).select(clean_text(pl.col("text")))["text"]:
        assert cleaned == cleaned.strip()
        assert "  " not in cleaned
        assert "\n\n" not in cleaned


@pytest.mark.real_data
def test_the_real_imdb_corpus_is_read_whole(real_data: Path) -> None:
    corpus = read_reviews("imdb", real_data / "reviews/imdb_reviews.jsonl.gz")
    assert corpus.frame.height == 29_053
    assert counted(corpus, "impossible ratings") == [(1_195, 20_765)]
    assert corpus.frame["imdb_id"].null_count() == 0
    assert set(corpus.frame["source"]) == {"yts-db", "aclImdb"}
    assert corpus.frame["text"].str.contains(r"<br|&amp;").sum() == 0


@pytest.mark.real_data
@pytest.mark.parametrize(("name", "rows"), [("short_comments", 26_969), ("antspider_comments", 5_000)])
def test_the_real_douban_corpora_are_read_whole(real_data: Path, name: str, rows: int) -> None:
    frame = read_reviews("douban", real_data / f"douban/{name}.jsonl.gz").frame
    assert frame.height == rows
    assert frame["rating"].max() == 1.0
    assert frame.filter(pl.col("lang") == "zh").height > 0.9 * rows
