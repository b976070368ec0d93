"""Folders of saved pages: what they hold, and which film a page is of that does not name it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kgprep.errors import KgprepError
from tests.reviews.conftest import read_reviews
from tests.reviews.test_sites import CARD, COMMENT


def test_a_folder_of_saved_pages_is_a_corpus(tmp_path: Path) -> None:
    (tmp_path / "imdb").mkdir()
    (tmp_path / "imdb/tt0113277.html").write_text(CARD, encoding="utf-8")
    (tmp_path / "imdb/unnamed.html").write_text(CARD, encoding="utf-8")
    mentioning = f"<p>Also on www.imdb.com</p>{COMMENT.format(stars='')}"
    (tmp_path / "1291561.htm").write_text(mentioning, encoding="utf-8")
    (tmp_path / "other.html").write_text("<p>A page about gardening.</p>", encoding="utf-8")
    corpus = read_reviews("pages", tmp_path)
    assert corpus.frame.select("imdb_id", "douban_id").rows() == [(None, "1291561"), ("tt0113277", None)]
    assert [str(count) for count in corpus.counts[:2]] == [
        f"pages read from {tmp_path.name}: 3 of 4 (75.0 %)",
        f"reviews read from {tmp_path.name}: 2 of 3 (66.7 %)",
    ]
    assert "other.html" in corpus.notes[0]


def test_only_a_whole_name_of_seven_digits_or_more_is_a_douban_subject(tmp_path: Path) -> None:
    pages = {
        "20231105/heat.html": CARD,
        "1291843.html": CARD,
        "99/1291561.html": COMMENT.format(stars=""),
        "1291562/page.html": COMMENT.format(stars=""),
        "20231105/1291563.html": COMMENT.format(stars=""),
        "saved/page_1291564.html": COMMENT.format(stars=""),
        "saved/123456.html": COMMENT.format(stars=""),
    }
    for name, page in pages.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(page, encoding="utf-8")
    frame = read_reviews("pages", tmp_path).frame
    assert sorted(frame["douban_id"]) == ["1291561", "1291562", "1291563"]


def test_a_folder_without_a_usable_page_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KgprepError, match="holds no page"):
        read_reviews("pages", tmp_path)
    (tmp_path / "other.html").write_text("<p>A page about gardening.</p>", encoding="utf-8")
    with pytest.raises(KgprepError, match="known layout"):
        read_reviews("pages", tmp_path)
