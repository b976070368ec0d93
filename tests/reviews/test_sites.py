"""Page parsers: the layouts of IMDb and Douban, on pages written here and on real ones."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgprep.errors import KgprepError
from kgprep.reviews.records import RAW
from kgprep.reviews.sites import douban, imdb, imdb_data
from kgprep.reviews.sites.page import decode_page
from tests.reviews.conftest import read_reviews

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
        "film_title_other": None,
        "film_year": "1995",
        "lang": None,
        "title": "A duel",
        "rating": "8/10",
        "helpful": "1200/1500",
        "date": "Aug 24, 2013",
        "url": "https://www.imdb.com/review/rw0000001/",
        "spoiler": "false",
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


@pytest.mark.real_data
def test_the_real_page_of_the_present_imdb_layout(real_data: Path) -> None:
    records = imdb.parse_reviews((real_data / "html/imdb_reviews_scionsamurai.html").read_bytes())
    assert records.height == 35
    assert records["text"].null_count() == 0
    assert records["rating"].null_count() == 4
    assert records["url"].n_unique() == 35
    assert records["helpful"][0] == "41/57"
    assert records["spoiler"].to_list().count("true") == 8


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


def next_data(reviews: list[dict[str, Any]], **more: Any) -> str:
    """Write a page's own data as IMDb does since 2024."""
    film = {"id": "tt0113277", "titleText": {"text": "Heat"}, "releaseYear": {"year": 1995}}
    content = {"entityMetadata": film, "reviews": [{"review": review} for review in reviews], **more}
    data = json.dumps({"props": {"pageProps": {"contentData": content}}, "query": {"tconst": "tt0113277"}})
    return f'<script id="__NEXT_DATA__" type="application/json">{data}</script>'


IN_PAGE: dict[str, Any] = {
    "reviewId": "rw0000001",
    "author": {"userId": "ur1", "nickName": "somebody"},
    "authorRating": 8,
    "submissionDate": "2013-08-24",
    "reviewSummary": "A duel &amp; more",
    "reviewText": "Two men.<br/><br/>One city &amp; no way out. &lt;3",
    "helpfulnessVotes": {"upVotes": 1234, "downVotes": 66},
    "spoiler": True,
}


def test_the_data_of_a_page_is_read_and_outweighs_its_cards() -> None:
    other = CARD.format(warning="").replace("rw0000001", "rw0000009")
    page = f"<html>{next_data([IN_PAGE])}{CARD.format(warning='')}{other}</html>".encode()
    first, second = imdb.parse_reviews(page).to_dicts()
    assert (first["imdb_id"], first["film_title"], first["film_year"]) == ("tt0113277", "Heat", "1995")
    assert (first["title"], first["rating"], first["date"]) == ("A duel & more", "8/10", "2013-08-24")
    assert (first["helpful"], first["spoiler"]) == ("1234/1300", "true")
    assert first["text"] == "Two men.\n\nOne city & no way out. <3"
    assert first["url"] == "https://www.imdb.com/review/rw0000001/"
    assert (second["url"], second["helpful"]) == ("https://www.imdb.com/review/rw0000009/", "1200/1500")
    assert "somebody" not in str([first, second])


def test_a_card_whose_spoiler_is_folded_away_takes_its_text_from_the_data() -> None:
    folded = CARD.format(warning="<div data-testid='review-spoiler-content'></div>").replace(
        "ipc-html-content-inner-div", "folded"
    )
    (record,) = imdb.parse_reviews(f"<html>{next_data([IN_PAGE])}{folded}</html>".encode()).to_dicts()
    assert record["text"].startswith("Two men.")


def test_the_data_of_a_page_names_the_next_reviews_by_the_cursor_of_the_reviews() -> None:
    of_reviews = {"reviewsPage": {"pageInfo": {"hasNextPage": True, "endCursor": "abc="}}}
    of_others = {"images": {"pageInfo": {"hasNextPage": True, "endCursor": "other"}}}
    page = f"<html>{next_data([IN_PAGE], **of_others, **of_reviews)}</html>".encode()
    url = "https://www.imdb.com/title/tt0113277/reviews/"
    following = imdb.next_page(page, url)
    assert following is not None
    assert following.startswith("https://caching.graphql.imdb.com/?")
    (variables,) = parse_qs(urlsplit(following).query)["variables"]
    assert json.loads(variables) == {"const": "tt0113277", "first": 25, "after": "abc="}
    of_reviews["reviewsPage"]["pageInfo"]["hasNextPage"] = False
    assert imdb.next_page(f"<html>{next_data([IN_PAGE], **of_reviews)}</html>".encode(), url) is None
    assert imdb.next_page(b"<html></html>", url) is None


@pytest.mark.parametrize(
    ("page", "missing"),
    [
        (f"<html>{next_data([{'heading': 'renamed'}])}</html>", "__NEXT_DATA__"),
        ("<html><script id='__NEXT_DATA__'>{'props': </script></html>", "__NEXT_DATA__"),
        (f"<html><div data-testid='tturv-total-reviews'>572 reviews</div>{next_data([])}</html>", "user-review-item"),
        ("<html><div class='lister-list'><div class='renamed'>A text</div></div></html>", r"\.lister-item"),
        ("<html><div class='lister-list'></div><div class='load-more-data' data-key='k'></div></html>", "lister-item"),
    ],
)
def test_a_list_of_reviews_in_an_unknown_shape_is_no_empty_success(page: str, missing: str) -> None:
    with pytest.raises(KgprepError, match=missing):
        imdb.parse_reviews(page.encode())


def test_a_film_without_reviews_is_an_empty_success_in_every_layout() -> None:
    assert imdb.parse_reviews(f"<html>{next_data([])}</html>".encode()).is_empty()
    assert imdb.parse_reviews(b"<div class='lister'><div class='lister-list'> </div></div>").is_empty()
    assert imdb.parse_reviews(graphql([], None).encode()).is_empty()
    assert douban.parse_reviews('<div id="comments">还没有人写过短评</div>'.encode()).is_empty()
    assert douban.parse_reviews(b'{"count": 20, "start": 0, "total": 0, "interests": []}').is_empty()


def graphql(nodes: list[dict[str, Any]], cursor: str | None) -> str:
    """Write an answer as it lies behind IMDb's "show all"."""
    info = {"hasNextPage": cursor is not None, "endCursor": cursor}
    reviews = {"total": 99, "edges": [{"node": node} for node in nodes], "pageInfo": info}
    return json.dumps({"data": {"title": {"id": "tt0113277", "reviews": reviews}}})


NODE: dict[str, Any] = {
    "id": "rw0000003",
    "author": {"nickName": "somebody", "userId": "ur3"},
    "authorRating": None,
    "submissionDate": "2024-11-02",
    "spoiler": False,
    "summary": {"originalText": "Late"},
    "text": {"originalText": {"plaidHtml": "Seen at last.<br/>Twice &amp; gladly."}},
    "helpfulness": {"upVotes": 0, "downVotes": 0},
}


def test_an_answer_behind_show_all_is_read_and_followed() -> None:
    page = graphql([NODE], "next").encode()
    (record,) = imdb.parse_reviews(page).to_dicts()
    assert (record["imdb_id"], record["title"], record["text"]) == (
        "tt0113277",
        "Late",
        "Seen at last.\nTwice & gladly.",
    )
    assert (record["rating"], record["helpful"], record["spoiler"]) == (None, "0/0", "false")
    assert record["url"] == "https://www.imdb.com/review/rw0000003/"
    assert "somebody" not in str(record)
    following = imdb.next_page(page, imdb_data.next_answer("tt0113277", "first"))
    assert following == imdb_data.next_answer("tt0113277", "next")
    assert imdb.next_page(graphql([NODE], None).encode(), str(following)) is None


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ('{"errors": [{"message": "PersistedQueryNotFound"}]}', "PersistedQueryNotFound"),
        ('{"data": {"title": null}}', "no list of reviews"),
        (graphql([{"id": "rw1", "text": "renamed"}], None), r"text\.originalText"),
        (graphql([NODE], None)[:200], "no whole JSON"),
    ],
)
def test_an_answer_of_another_shape_is_refused(page: str, said: str) -> None:
    with pytest.raises(KgprepError, match=said):
        imdb.parse_reviews(page.encode())


def test_the_former_layout_names_its_next_block() -> None:
    key = "g4w6ddbmqyzdo6ic4oxwjnrvrpq4shjjt="
    page = f"{LISTER}<div class='load-more-data' data-key='{key}' data-ajaxurl='/title/tt0113277/reviews/_ajax'></div>"
    following = imdb.next_page(page.encode(), "https://www.imdb.com/title/tt0113277/reviews")
    assert following is not None
    assert urlsplit(following).path == "/title/tt0113277/reviews/_ajax"
    assert parse_qs(urlsplit(following).query) == {"paginationKey": [key]}
    assert imdb.next_page(LISTER.encode(), following) is None


def test_spoilers_of_the_former_layout_are_read_and_marked() -> None:
    marked = LISTER.replace(
        '<div class="content">', '<span class="spoiler-warning">Warning: Spoilers</span><div class="content">'
    )
    (record,) = imdb.parse_reviews(marked.encode()).to_dicts()
    assert (record["spoiler"], record["text"]) == ("true", "Wow.\nTwice.")


@pytest.mark.parametrize(
    ("page", "total"),
    [
        ('<div data-testid="tturv-total-reviews">1,572 reviews</div>', 1572),
        ("<div class='header'><span>60 Reviews</span></div>", 60),
        (graphql([NODE], None), 99),
        (CARD, None),
    ],
)
def test_how_many_reviews_there_are_is_read_where_a_page_says_it(page: str, total: int | None) -> None:
    assert imdb.stated_total(page.encode()) == total


COMMENTS = "https://movie.douban.com/subject/1291561/comments?start={}&limit=20&status=P&sort=new_score"


def test_the_subject_page_leads_to_the_comments_unless_it_shows_all_of_them() -> None:
    url = "https://movie.douban.com/subject/1291561/"
    shown = f"<div id='hot-comments'>{COMMENT.format(stars='')}</div>"
    all_of = "<a href='https://movie.douban.com/subject/1291561/comments?status=P'>全部 {} 条</a>"
    assert douban.next_page((shown + all_of.format(900)).encode(), url) == COMMENTS.format(0)
    assert douban.next_page((shown + all_of.format(1)).encode(), url) is None


def test_comments_pages_are_followed_by_their_own_link_up_to_what_is_shown_without_a_login() -> None:
    def page(link: str) -> bytes:
        return f"<div id='comments'>{COMMENT.format(stars='')}</div><div id='paginator'>{link}</div>".encode()

    def link(start: int) -> str:
        return f"<a href='?start={start}&amp;limit=20&amp;sort=new_score' class='next'>后页 ></a>"

    following = douban.next_page(page(link(20)), COMMENTS.format(0))
    assert following == "https://movie.douban.com/subject/1291561/comments?start=20&limit=20&sort=new_score"
    assert douban.next_page(page("<span class='next'>后页</span>"), COMMENTS.format(20)) is None
    assert douban.next_page(page(link(20)), COMMENTS.format(40)) is None
    assert douban.next_page(page(link(200)), COMMENTS.format(180)) is not None
    assert douban.next_page(page(link(220)), COMMENTS.format(200)) is None


def test_pages_without_a_paginator_are_followed_while_they_are_full() -> None:
    full = COMMENT.format(stars="") * 20
    assert douban.next_page(full.encode(), COMMENTS.format(40)) == COMMENTS.format(60)
    assert douban.next_page(COMMENT.format(stars="").encode(), COMMENTS.format(40)) is None


def test_a_long_comment_is_read_whole() -> None:
    folded = COMMENT.format(stars="").replace(
        "</p>", '<span class="hide-item full">澡堂里什么都有，还有很长的后半句。</span></p>'
    )
    assert douban.parse_reviews(folded.encode())["text"].item() == "澡堂里什么都有，还有很长的后半句。"


def test_a_list_of_comments_in_an_unknown_shape_is_no_empty_success() -> None:
    with pytest.raises(KgprepError, match="comment-item"):
        douban.parse_reviews('<div id="comments"><div class="renamed">很好看的电影</div></div>'.encode())


INTEREST: dict[str, Any] = {
    "id": "42",
    "comment": "澡堂里什么都有。",
    "rating": {"value": 4, "max": 5, "star_count": 4},
    "vote_count": 7,
    "create_time": "2019-01-25 17:37:23",
    "user": {"name": "somebody", "id": "1"},
}
MOBILE = "https://m.douban.com/rexxar/api/v2/movie/1291561/interests?count=20&order_by=hot&start={}"


def test_the_mobile_answer_of_douban_is_read_and_followed() -> None:
    answer = {"count": 20, "start": 20, "total": 45, "interests": [INTEREST, {**INTEREST, "id": "43", "rating": None}]}
    page = json.dumps(answer).encode()
    first, second = douban.parse_reviews(page, MOBILE.format(20)).to_dicts()
    assert (first["douban_id"], first["text"], first["rating"]) == ("1291561", "澡堂里什么都有。", "4/5")
    assert (first["helpful"], first["date"]) == ("7", "2019-01-25")
    assert first["url"] == "https://movie.douban.com/subject/1291561/comments#42"
    assert second["rating"] is None
    assert "somebody" not in str([first, second])
    assert douban.next_page(page, MOBILE.format(20)) == MOBILE.format(40)
    assert douban.next_page(json.dumps({**answer, "start": 40}).encode(), MOBILE.format(40)) is None
    assert douban.next_page(json.dumps({**answer, "interests": []}).encode(), MOBILE.format(20)) is None


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ('{"msg": "invalid_request", "code": 996, "localized_message": "参数错误"}', "interests.*参数错误"),
        ('{"interests": [{"words": "renamed"}]}', "comment"),
        ('{"interests": [', "no whole JSON"),
    ],
)
def test_a_mobile_answer_of_another_shape_is_refused(page: str, said: str) -> None:
    with pytest.raises(KgprepError, match=said):
        douban.parse_reviews(page.encode())


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<p>naïve “quotes”</p>".encode("windows-1252"), "naïve “quotes”"),
        ("<meta charset=gbk><p>naïve “quotes” 她</p>".encode(), "naïve “quotes” 她"),
        ("<meta charset=utf-8><p>她</p>".encode("utf-16"), "她"),
        ("\ufeff<p>她</p>".encode(), "她"),
        (b"<p>" + "她".encode() * 400 + b"\xff</p>", "她" * 400 + "\ufffd"),
        ("<meta charset=nonsense><p>é</p>".encode("latin-1"), "é"),
        ("<meta charset=gb2312><p>镕</p>".encode("gb18030"), "镕"),
    ],
)
def test_wrongly_declared_and_damaged_encodings_are_read(page: bytes, text: str) -> None:
    assert f"<p>{text}</p>" in decode_page(page)


def test_saved_answers_lie_beside_saved_pages(tmp_path: Path) -> None:
    (tmp_path / "tt0113277.json").write_text(graphql([NODE], None), encoding="utf-8")
    (tmp_path / "1291561.json").write_text(json.dumps({"interests": [INTEREST]}), encoding="utf-8")
    frame = read_reviews("pages", tmp_path).frame
    assert frame.select("imdb_id", "douban_id").rows() == [(None, "1291561"), ("tt0113277", None)]


@given(st.binary(max_size=400))
def test_no_bytes_break_a_parser(page: bytes) -> None:
    for parse in (imdb.parse_reviews, douban.parse_reviews):
        for wrapped in (page, b"{" + page, b"<div class='lister-item'>" + page, b"<div class='comment-item'>" + page):
            with suppress(KgprepError):
                assert dict(parse(wrapped).schema) == RAW


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 99) | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "text", "value"]), inner),
    max_leaves=4,
)
KEYS = sorted({*IN_PAGE, *NODE, *INTEREST, "reviews", "interests", "errors", "pageInfo", "count", "start", "total"})


@given(st.dictionaries(st.sampled_from(KEYS), JSON), JSON)
def test_no_json_breaks_a_parser(entry: dict[str, Any], other: Any) -> None:
    shapes: list[dict[str, Any]] = [
        entry,
        {"reviews": [{"review": {**IN_PAGE, **entry}}], "pageInfo": other},
        {"data": {"title": {"id": other, "reviews": {"edges": [{"node": {**NODE, **entry}}], "pageInfo": entry}}}},
        {"count": other, "start": other, "interests": [{**INTEREST, **entry}, other]},
    ]
    for page in (json.dumps(shape).encode() for shape in shapes):
        for site in (imdb, douban):
            with suppress(KgprepError):
                assert dict(site.parse_reviews(page).schema) == RAW
                site.next_page(page, MOBILE.format(0))


def test_json_that_is_nested_without_end_is_refused() -> None:
    with pytest.raises(KgprepError):
        imdb.parse_reviews(b'{"reviews":' + b"[" * 100_000)
