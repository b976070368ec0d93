"""Page parsers: the layouts of IMDb and Douban, on pages written here and on real ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from kgprep.errors import KgprepError
from kgprep.reviews.corpora import read_reviews
from kgprep.reviews.records import RAW
from kgprep.reviews.sites import douban, imdb

CARD = """
<article class="sc-1 user-review-item"><div data-testid="review-card-parent">
  <span aria-label="somebody's rating: 8" class="review-rating"><span class="ipc-rating-star--rating">8</span>
    <span class="ipc-rating-star--maxRating">/10</span></span>
  <div data-testid="review-summary"><a href="/review/rw0000001/"><h3 class="ipc-title__text">A duel</h3></a></div>
  {warning}<div class="ipc-html-content-inner-div">Two men.<br/><br/>One city &amp; no way out.</div>
  <span class="ipc-voting__label__count--up">1.2K</span><span class="ipc-voting__label__count--down">300</span>
  </div><a data-testid="author-link" href="/user/ur1/">somebody</a><li class="review-date">Aug 24, 2013</li>
  <a data-testid="permalink-link" href="/review/rw0000001/?ref_=y">Permalink</a></article>
"""
LISTER = """
<div class="lister-item imdb-user-review" data-vote-url="/title/tt0113277/review/rw0000002/vote/interesting">
  <span class="rating-other-user-rating"><svg></svg><span>10</span><span class="point-scale">/10</span></span>
  <a class="title" href="/review/rw0000002/?ref_=tt_urv"> The one to see.
</a><span class="display-name-link"><a href="/user/ur2/">somebody</a></span><span class="review-date">23 May 2022</span>
  <div class="content"><div class="text show-more__control">Wow.<br/>Twice.</div>
  <div class="actions text-muted"> 2,647 out of 2,984 found this helpful. </div></div></div>
"""
COMMENT = """
<div class="comment-item" data-cid="42"><div class="comment"><h3><span class="votes vote-count">7</span>
  <span class="comment-info"><a href="https://www.douban.com/people/somebody/">somebody</a>
  {stars}<span class="comment-time" title="2019-01-25 17:37:23">2019-01-25</span></span></h3>
  <p class="comment-content"><span class="short">澡堂里什么都有。</span></p></div></div>
"""


def test_a_card_of_the_present_imdb_layout_is_read() -> None:
    page = f"<html><title>Heat (1995) - User reviews - IMDb</title>{CARD.format(warning='')}</html>".encode()
    records = imdb.parse_reviews(page, "https://www.imdb.com/title/tt0113277/reviews/")
    assert dict(records.schema) == RAW
    assert records.row(0, named=True) == {
        "source": "imdb.com",
        "imdb_id": "tt0113277",
        "douban_id": None,
        "film_title": "Heat",
        "film_year": "1995",
        "title": "A duel",
        "rating": "8/10",
        "helpful": "1200/1500",
        "date": "Aug 24, 2013",
        "url": "https://www.imdb.com/review/rw0000001/",
        "text": "Two men.\n\nOne city & no way out.",
    }


def test_text_behind_a_spoiler_warning_is_read() -> None:
    warning = '<div data-testid="review-spoiler-content"><div class="ipc-signpost__text">Spoiler</div></div>'
    assert imdb.parse_reviews(CARD.format(warning=warning).encode())["text"][0].startswith("Two men.")


def test_a_lister_item_of_the_former_imdb_layout_is_read_and_names_its_film() -> None:
    (record,) = imdb.parse_reviews(LISTER.encode()).to_dicts()
    assert record["imdb_id"] == "tt0113277"
    assert record["title"] == "The one to see."
    assert (record["rating"], record["helpful"], record["date"]) == ("10/10", "2647/2984", "23 May 2022")
    assert record["text"] == "Wow.\nTwice."
    assert record["url"] == "https://www.imdb.com/review/rw0000002/"


def test_the_address_outweighs_links_on_the_page() -> None:
    assert imdb.parse_reviews(LISTER.encode(), "https://x/title/tt7777777/reviews")["imdb_id"].item() == "tt7777777"


@pytest.mark.parametrize(
    ("page", "missing"),
    [
        (b"<html><body>Something else on imdb.com</body></html>", "user-review-item"),
        (CARD.replace("ipc-html-content-inner-div", "renamed").encode(), "ipc-html-content-inner-div"),
        (b"", "lister-item"),
    ],
)
def test_an_unknown_imdb_layout_names_what_was_not_found(page: bytes, missing: str) -> None:
    with pytest.raises(KgprepError, match=missing):
        imdb.parse_reviews(page)


def test_an_imdb_page_that_says_it_has_no_reviews_is_an_empty_success() -> None:
    page = b'<div data-testid="tturv-total-reviews">0 reviews</div>'
    assert imdb.parse_reviews(page).is_empty()
    with pytest.raises(KgprepError):
        imdb.parse_reviews(page.replace(b"0 reviews", b"40 reviews"))


def test_a_douban_subject_page_is_read() -> None:
    stars = '<span class="allstar40 rating"></span>'
    page = f"""<html><h1><span property="v:itemreviewed">千与千寻</span><span class="year">(2001)</span></h1>
        <div id="info">IMDb: tt0245429</div><script type="application/ld+json">{{"url": "/subject/1291561/"}}</script>
        <div id="hot-comments">{COMMENT.format(stars=stars)}{COMMENT.format(stars="")}</div></html>"""
    first, second = douban.parse_reviews(page.encode()).to_dicts()
    assert (first["douban_id"], first["imdb_id"]) == ("1291561", "tt0245429")
    assert (first["film_title"], first["film_year"]) == ("千与千寻", "2001")
    assert (first["rating"], first["helpful"], first["date"]) == ("4/5", "7", "2019-01-25")
    assert first["url"] == "https://movie.douban.com/subject/1291561/comments#42"
    assert second["rating"] is None


def test_a_douban_comments_page_takes_its_film_from_the_title_and_the_address() -> None:
    page = f"<html><title>千与千寻 短评</title><div id='comments'>{COMMENT.format(stars='')}</div></html>".encode()
    (record,) = douban.parse_reviews(page, "https://movie.douban.com/subject/1291561/comments?start=0").to_dicts()
    assert (record["douban_id"], record["film_title"]) == ("1291561", "千与千寻")


def test_a_page_in_a_chinese_encoding_is_read() -> None:
    page = f"<meta charset='gbk'><title>她 短评</title>{COMMENT.format(stars='')}".encode("gbk")
    assert douban.parse_reviews(page)["text"].item() == "澡堂里什么都有。"


def test_an_unknown_douban_layout_names_what_was_not_found() -> None:
    with pytest.raises(KgprepError, match="comment-item"):
        douban.parse_reviews("<html>豆瓣 登录</html>".encode())
    with pytest.raises(KgprepError, match=r"span\.short"):
        douban.parse_reviews(COMMENT.replace("short", "renamed").replace("comment-content", "renamed").encode())
    assert douban.parse_reviews(b'<div id="comments"></div>').is_empty()


def test_no_parser_keeps_a_user_name() -> None:
    pages = (imdb.parse_reviews((CARD + LISTER).encode()), douban.parse_reviews(COMMENT.format(stars="").encode()))
    assert [records.height for records in pages] == [2, 1]
    for records in pages:
        assert "somebody" not in str(records.to_dicts())


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


def test_a_folder_without_a_usable_page_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KgprepError, match="holds no page"):
        read_reviews("pages", tmp_path)
    (tmp_path / "other.html").write_text("<p>A page about gardening.</p>", encoding="utf-8")
    with pytest.raises(KgprepError, match="known layout"):
        read_reviews("pages", tmp_path)


@pytest.mark.real_data
def test_the_real_page_of_the_present_imdb_layout(real_data: Path) -> None:
    records = imdb.parse_reviews((real_data / "html/imdb_reviews_scionsamurai.html").read_bytes())
    assert records.height == 35
    assert records["text"].null_count() == 0
    assert records["rating"].null_count() == 4
    assert records["url"].n_unique() == 35
    assert records["helpful"][0] == "41/57"


@pytest.mark.real_data
def test_the_real_block_of_the_former_imdb_layout(real_data: Path) -> None:
    (record,) = imdb.parse_reviews((real_data / "html/imdb_review_block_2022_lister.html").read_bytes()).to_dicts()
    assert (record["imdb_id"], record["rating"], record["helpful"]) == ("tt1745960", "10/10", "2647/2984")


@pytest.mark.real_data
def test_the_real_subject_page_of_douban(real_data: Path) -> None:
    records = douban.parse_reviews((real_data / "html/douban_subject_page_0.html").read_bytes())
    assert records["rating"].to_list() == ["3/5", None, "3/5", "5/5"]
    assert set(records["douban_id"]) == {"10355605"}
    assert set(records["film_year"]) == {"2011"}
