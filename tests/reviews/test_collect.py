"""Collection from a real HTTP server on loopback that plays the sites, from the first page to the corpus."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from kgprep.errors import KgprepError
from kgprep.reviews.collect import CollectConfig, CollectSummary, collect_reviews
from kgprep.reviews.polite import Clock
from kgprep.reviews.sites.imdb_data import next_answer
from tests.reviews.conftest import read_reviews
from tests.reviews.played_site import Answer, PlayedSite, SimulatedClock

CONTACT = "someone@example.org"
CARD = """<article class="user-review-item"><a data-testid="permalink-link" href="/review/rw{number}/">x</a>
  <span class="ipc-rating-star--rating">8</span>
  <div class="ipc-html-content-inner-div">The text of review {number}.</div></article>"""
LISTER = """<div class="lister-item" data-vote-url="/title/tt0000001/review/rw{number}/vote"><a class="title"
  href="/review/rw{number}/">A headline</a>
  <div class="content"><div class="text">The text of {number}.</div></div></div>"""
COMMENT = """<div class="comment-item" data-cid="{number}"><span class="allstar40 rating"></span>
  <span class="short">第{number}条短评。</span></div>"""


def collect(
    site: PlayedSite, clock: SimulatedClock, folder: Path, items: str, name: str = "imdb", limit: int = 25
) -> CollectSummary:
    (folder / "ids.txt").write_text(items, encoding="utf-8")
    config = CollectConfig(
        items=folder / "ids.txt", out=folder / "out.jsonl", limit=limit, contact=CONTACT, base_url=site.url
    )
    return collect_reviews(name, config, clock.clock())


def outcomes(summary: CollectSummary) -> dict[str, int]:
    return {count.what.removeprefix("pages "): count.kept for count in summary.counts}


def page(*numbers: int) -> str:
    return "<html>" + "".join(CARD.format(number=number) for number in numbers) + "</html>"


def comments(start: int, stop: int, following: int | None = None) -> str:
    body = "".join(COMMENT.format(number=number) for number in range(start, stop))
    link = f'<a class="next" href="?start={following}&amp;limit=20">后页</a>' if following else ""
    title = "<title>千与千寻 短评</title>"
    return f'<html>{title}<div id="comments">{body}</div><div id="paginator">{link}</div></html>'


def test_reviews_are_collected_and_read_as_a_corpus_and_every_outcome_is_counted(
    site: PlayedSite, simulated: SimulatedClock, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site.play("/robots.txt", "User-agent: *\nDisallow: /title/tt0000003/\n")
    site.play("/title/tt0000001/reviews/", page(1, 2, 3))
    site.play("/title/tt0000002/reviews/", Answer(429, headers={"Retry-After": "9"}), page(4))
    site.play("/title/tt0000003/reviews/", page(5))
    site.play("/title/tt0000004/reviews/", Answer(403))
    site.play("/title/tt0000006/reviews/", "<html>Something new</html>")
    items = "tt0000001\ntt0000002\ntt0000003\ntt0000004\ntt0000005\nnonsense\ntt0000006\ntt0000001\n"
    summary = collect(site, simulated, tmp_path, items, limit=2)
    assert outcomes(summary) == {
        "fetched": 3,
        "retried": 1,
        "forbidden by robots": 1,
        "refused (403)": 1,
        "not found (404)": 1,
        "of unknown layout": 1,
        "items with reviews": 2,
        "reviews collected": 3,
    }
    told = capsys.readouterr().err
    assert "fetched 3, retried 1, forbidden by robots 1, not found (404) 1, of unknown layout 1" in told
    assert "user-review-item" in told
    assert simulated.waits == [1, 1, 9, 1, 1, 1]
    frame = read_reviews("imdb", summary.out).frame
    assert frame["imdb_id"].to_list() == ["tt0000001", "tt0000001", "tt0000002"]
    assert frame["rating"].to_list() == pytest.approx([0.8] * 3)
    again = outcomes(collect(site, simulated, tmp_path, items, limit=3))
    assert (again["from cache"], again["reviews collected"]) == (3, 4)
    assert site.asked["/title/tt0000001/reviews/"] == site.asked["/title/tt0000005/reviews/"] == 1


def test_the_terms_are_named_before_the_first_request(
    site: PlayedSite, simulated: SimulatedClock, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site.play("/robots.txt", Answer(503))
    with pytest.raises(KgprepError, match=r"robots\.txt"):
        collect(site, simulated, tmp_path, "tt0000001")
    assert "https://www.imdb.com/conditions" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        (Answer(202, headers={"x-amzn-waf-action": "challenge"}), "x-amzn-waf-action"),
        (Answer(302, headers={"Location": "https://sec.douban.com/b"}), r"sec\.douban\.com"),
        (Answer(body="<form>Type the letters <img id='captcha'></form>"), "captcha"),
    ],
    ids=["challenge", "guard", "captcha"],
)
def test_a_host_that_wants_no_automated_client_is_left_and_local_corpora_named(
    site: PlayedSite, simulated: SimulatedClock, tmp_path: Path, answer: Answer, named: str
) -> None:
    site.play("/title/tt0000001/reviews/", page(1))
    site.play("/title/tt0000002/reviews/", answer, page(2))
    site.play("/title/tt0000003/reviews/", page(3))
    items = "tt0000001 tt0000002 tt0000003"
    with pytest.raises(KgprepError, match=named) as caught:
        collect(site, simulated, tmp_path, items)
    assert "1 reviews are in" in str(caught.value)
    assert "the same command goes on" in str(caught.value)
    assert "--reviews FORM:PATH" in str(caught.value)
    assert site.asked["/title/tt0000003/reviews/"] == 0
    assert read_reviews("imdb", tmp_path / "out.jsonl").frame.height == 1
    again = outcomes(collect(site, simulated, tmp_path, items))
    assert (again["from cache"], again["fetched"], again["reviews collected"]) == (1, 2, 3)


def test_pages_of_an_item_before_a_challenge_are_in_the_corpus(
    site: PlayedSite, simulated: SimulatedClock, tmp_path: Path
) -> None:
    first = LISTER.format(number=1) + '<div class="load-more-data" data-key="k1"></div>'
    site.play("/title/tt0000001/reviews/", f"<html>{first}</html>")
    site.play("/title/tt0000001/reviews/_ajax?paginationKey=k1", Answer(202))
    with pytest.raises(KgprepError, match="1 reviews are in"):
        collect(site, simulated, tmp_path, "tt0000001")
    assert read_reviews("imdb", tmp_path / "out.jsonl").frame.height == 1


def test_a_stopped_collection_leaves_a_fuller_corpus_as_it_was(
    site: PlayedSite, simulated: SimulatedClock, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site.play("/title/tt0000001/reviews/", page(1, 2, 3))
    collect(site, simulated, tmp_path, "tt0000001")
    earlier = (tmp_path / "out.jsonl").read_bytes()
    site.play("/title/tt0000002/reviews/", page(4), "<html>Something new</html>")
    site.play("/title/tt0000003/reviews/", Answer(202))
    with pytest.raises(KgprepError, match="3 reviews are in"):
        collect(site, simulated, tmp_path, "tt0000002 tt0000003")
    assert (tmp_path / "out.jsonl").read_bytes() == earlier
    assert "is left as it was, with 3 reviews: 1 were collected" in " ".join(capsys.readouterr().err.split())
    (tmp_path / "out.jsonl.pages.sqlite").unlink()
    with pytest.raises(KgprepError, match="no review could be read"):
        collect(site, simulated, tmp_path, "tt0000002")
    assert (tmp_path / "out.jsonl").read_bytes() == earlier
    # One that comes to its end has what was asked for, be it less.
    site.play("/title/tt0000002/reviews/", page(4))
    (tmp_path / "out.jsonl.pages.sqlite").unlink()
    collect(site, simulated, tmp_path, "tt0000002")
    assert read_reviews("imdb", tmp_path / "out.jsonl").frame.height == 1


def test_where_no_page_could_be_read_the_collection_fails(
    site: PlayedSite, simulated: SimulatedClock, tmp_path: Path
) -> None:
    site.play("/title/tt0000001/reviews/", "<html>Something new</html>")
    with pytest.raises(KgprepError, match=r"user-review-item.*--reviews FORM:PATH"):
        collect(site, simulated, tmp_path, "tt0000001")


def test_the_former_layout_is_paged_by_its_load_more_key(
    site: PlayedSite, simulated: SimulatedClock, tmp_path: Path
) -> None:
    def block(numbers: range, key: str | None) -> str:
        more = f'<div class="load-more-data" data-key="{key}"></div>' if key else ""
        return "".join(LISTER.format(number=number) for number in numbers) + more

    site.play("/title/tt0000001/reviews/", f"<html>{block(range(0, 25), 'g4w+/=')}</html>")
    site.play("/title/tt0000001/reviews/_ajax?paginationKey=g4w%2B%2F%3D", block(range(25, 50), "k2"))
    site.play("/title/tt0000001/reviews/_ajax?paginationKey=k2", block(range(50, 60), None))
    assert outcomes(collect(site, simulated, tmp_path, "tt0000001", limit=40))["reviews collected"] == 40
    assert site.asked["/title/tt0000001/reviews/_ajax?paginationKey=k2"] == 0
    assert outcomes(collect(site, simulated, tmp_path, "tt0000001", limit=500))["reviews collected"] == 60


def test_a_key_that_leads_in_a_circle_ends_the_item(
    site: PlayedSite, simulated: SimulatedClock, tmp_path: Path
) -> None:
    block = LISTER.format(number=1) + '<div class="load-more-data" data-key="{}"></div>'
    site.play("/title/tt0000001/reviews/", block.format("a"))
    site.play("/title/tt0000001/reviews/_ajax?paginationKey=a", block.format("b"))
    assert outcomes(collect(site, simulated, tmp_path, "tt0000001", limit=500))["reviews collected"] == 1
    assert site.asked.total() == 3


def test_the_present_layout_is_paged_by_the_cursor_in_its_data(
    site: PlayedSite, simulated: SimulatedClock, tmp_path: Path
) -> None:
    def node(number: int) -> dict[str, Any]:
        return {"id": f"rw{number}", "text": {"originalText": {"plaidHtml": f"Text {number}"}}, "authorRating": 7}

    def answer(numbers: range, cursor: str | None) -> dict[str, Any]:
        info = {"hasNextPage": cursor is not None, "endCursor": cursor}
        edges = [{"node": node(number)} for number in numbers]
        return {"data": {"title": {"id": "tt0000001", "reviews": {"edges": edges, "pageInfo": info}}}}

    data = json.dumps({"props": {"pageProps": {"contentData": answer(range(3), "c1")}}})
    site.play("/title/tt0000001/reviews/", f'<html><script id="__NEXT_DATA__">{data}</script></html>')
    asked: list[str] = []
    for cursor, content in (("c1", answer(range(3, 6), "c2")), ("c2", answer(range(6, 8), None))):
        path = "/" + next_answer("tt0000001", cursor).split("/", 3)[3]
        site.play(path, Answer(body=json.dumps(content), headers={"Content-Type": "application/json"}))
        asked.append(path)
    summary = collect(site, simulated, tmp_path, "tt0000001")
    assert outcomes(summary)["reviews collected"] == 8
    assert [site.asked[path] for path in asked] == [1, 1]
    frame = read_reviews("imdb", summary.out).frame
    assert set(frame["imdb_id"]) == {"tt0000001"}
    assert frame["rating"].to_list() == pytest.approx([0.7] * 8)


def test_douban_is_read_from_the_subject_page_through_the_pages_of_comments(
    site: PlayedSite, simulated: SimulatedClock, tmp_path: Path
) -> None:
    hot = f'<div id="hot-comments">{COMMENT.format(number=3)}</div>'
    more = '<a href="https://movie.douban.com/subject/1291561/comments?status=P">全部 900 条</a>'
    site.play("/subject/1291561/", f'<html><div id="info">IMDb: tt0245429</div>{more}{hot}</html>')
    site.play("/subject/1291561/comments?start=0&limit=20&status=P&sort=new_score", comments(0, 18, following=20))
    site.play("/subject/1291561/comments?start=20&limit=20", comments(20, 40))
    summary = collect(site, simulated, tmp_path, "1291561", "douban", limit=100)
    frame = read_reviews("douban", summary.out).frame
    # Comment 3 stands on two pages; a page may lack comments that were deleted.
    assert frame.height == 38
    assert frame.select("imdb_id", "douban_id").unique().row(0) == ("tt0245429", "1291561")
    assert frame["rating"].to_list() == pytest.approx([0.8] * 38)
    assert frame["url"].n_unique() == 38
    assert outcomes(summary)["items with fewer reviews than their site speaks of"] == 1


def test_douban_is_not_asked_for_what_it_shows_after_a_login_only(
    site: PlayedSite, simulated: SimulatedClock, tmp_path: Path
) -> None:
    site.play("/subject/1291561/", f'<html><div id="hot-comments">{COMMENT.format(number=0)}</div></html>')
    site.play("/subject/1291561/comments?start=0&limit=20&status=P&sort=new_score", comments(0, 20, following=20))
    for start in range(20, 300, 20):
        site.play(
            f"/subject/1291561/comments?start={start}&limit=20", comments(start, start + 20, following=start + 20)
        )
    assert outcomes(collect(site, simulated, tmp_path, "1291561", "douban", limit=1000))["reviews collected"] == 220


def test_the_mobile_answers_of_douban_are_paged(site: PlayedSite, simulated: SimulatedClock, tmp_path: Path) -> None:
    for start in (0, 20, 40):
        interests = [
            {"id": str(number), "comment": f"第{number}条", "rating": {"value": 4, "max": 5}, "vote_count": number}
            for number in range(start, min(start + 20, 45))
        ]
        answer = {"count": 20, "start": start, "total": 45, "interests": interests}
        site.play(
            f"/rexxar/api/v2/movie/1291561/interests?count=20&order_by=hot&start={start}",
            Answer(body=json.dumps(answer), headers={"Content-Type": "application/json"}),
        )
    summary = collect(site, simulated, tmp_path, "1291561", "douban-mobile", limit=100)
    frame = read_reviews("douban", summary.out).frame
    assert frame.height == 45
    assert set(frame["douban_id"]) == {"1291561"}
    assert site.asked.total() == 1 + 3


def test_a_page_of_comments_without_words_does_not_end_the_item(
    site: PlayedSite, simulated: SimulatedClock, tmp_path: Path
) -> None:
    for start in (0, 20, 40):
        interests = [
            {"id": str(number), "comment": "" if number < 20 else f"第{number}条"}
            for number in range(start, start + 20)
        ]
        site.play(
            f"/rexxar/api/v2/movie/1291561/interests?count=20&order_by=hot&start={start}",
            json.dumps({"count": 20, "start": start, "total": 60, "interests": interests}),
        )
    counted = outcomes(collect(site, simulated, tmp_path, "1291561", "douban-mobile", limit=30))
    assert counted["reviews collected"] == 30
    assert counted["reviews without a text left out"] == 20


def test_wrongly_declared_encodings_are_read(site: PlayedSite, simulated: SimulatedClock, tmp_path: Path) -> None:
    latin = {"Content-Type": "text/html; charset=iso-8859-1"}
    site.play("/subject/1291561/", Answer(body=comments(1, 2), headers=latin))
    chinese = comments(3, 4).encode("gb18030")
    site.play("/subject/1291562/", Answer(body=chinese, headers={"Content-Type": "text/html; charset=utf-8"}))
    summary = collect(site, simulated, tmp_path, "1291561 1291562", "douban", limit=1)
    assert read_reviews("douban", summary.out).frame["text"].to_list() == ["第1条短评。", "第3条短评。"]


def test_zipped_slow_and_cut_pages_make_one_corpus(site: PlayedSite, simulated: SimulatedClock, tmp_path: Path) -> None:
    site.play("/title/tt0000001/reviews/", Answer(body=page(1), zipped=True))
    site.play("/title/tt0000002/reviews/", Answer(body=page(2), seconds=0.2))
    site.play("/title/tt0000003/reviews/", Answer(body=page(3), cut=50), page(3))
    summary = collect(site, simulated, tmp_path, "tt0000001 tt0000002 tt0000003")
    assert outcomes(summary) == {"fetched": 3, "retried": 1, "items with reviews": 3, "reviews collected": 3}


RUN = """
import sys
from pathlib import Path
from kgprep.reviews.collect import CollectConfig, collect_reviews
from tests.reviews.conftest import read_reviews
folder, url = Path(sys.argv[1]), sys.argv[2]
collect_reviews("imdb", CollectConfig(
    items=folder / "ids.txt", out=folder / "out.jsonl", contact="someone@example.org", base_url=url))
"""


def started(site: PlayedSite, folder: Path) -> subprocess.Popen[bytes]:
    """Start a collection of four titles in a process of its own, and return when two pages were sent."""
    for number in range(1, 5):
        site.play(f"/title/tt000000{number}/reviews/", page(number))
    (folder / "ids.txt").write_text(" ".join(f"tt000000{number}" for number in range(1, 5)), encoding="utf-8")
    command = [sys.executable, "-c", RUN, str(folder), site.url]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, env={**os.environ, "POLARS_MAX_THREADS": "1"})
    until = time.monotonic() + 60
    while site.asked.total() < 3 and time.monotonic() < until:
        time.sleep(0.02)
    # The next page is due a second after this one: by now this one is kept.
    time.sleep(0.5)
    return running


def finish_and_compare(site: PlayedSite, clock: SimulatedClock, folder: Path) -> None:
    """Run the collection to its end: the corpus is whole, and no page was asked for twice."""
    resumed = outcomes(collect(site, clock, folder, (folder / "ids.txt").read_text(encoding="utf-8")))
    assert (resumed["from cache"], resumed["fetched"], resumed["reviews collected"]) == (2, 2, 4)
    assert set(site.asked.values()) == {1}
    whole = (folder / "out.jsonl").read_bytes()
    (folder / "at_once").mkdir()
    collect(site, clock, folder / "at_once", (folder / "ids.txt").read_text(encoding="utf-8"))
    assert whole == (folder / "at_once/out.jsonl").read_bytes()


def test_a_collection_that_was_killed_goes_on_without_fetching_anything_twice(
    site: PlayedSite, simulated: SimulatedClock, tmp_path: Path
) -> None:
    running = started(site, tmp_path)
    running.kill()
    running.communicate()
    assert running.returncode == -signal.SIGKILL
    assert not (tmp_path / "out.jsonl").exists()
    finish_and_compare(site, simulated, tmp_path)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_collection_stopped_by_a_signal_has_written_what_it_had_and_goes_on(
    site: PlayedSite, simulated: SimulatedClock, tmp_path: Path, sent: signal.Signals
) -> None:
    running = started(site, tmp_path)
    # A second one may follow at once, as `timeout` sends it.
    for _ in range(2 if sent == signal.SIGTERM else 1):
        running.send_signal(sent)
    _, told = running.communicate(timeout=20)
    assert running.returncode == 1
    assert "the collection was stopped: 2 reviews are in" in told.decode()
    assert "the same command goes on" in told.decode()
    assert read_reviews("imdb", tmp_path / "out.jsonl").frame.height == 2
    finish_and_compare(site, simulated, tmp_path)


def test_a_collection_gives_the_handler_of_signals_back_and_needs_none_in_another_thread(
    site: PlayedSite, simulated: SimulatedClock, tmp_path: Path
) -> None:
    def wait(seconds: float) -> None:
        handlers.append(signal.getsignal(signal.SIGTERM))
        simulated.time += seconds

    handlers: list[Any] = []
    site.play("/title/tt0000001/reviews/", page(1))
    before = signal.getsignal(signal.SIGTERM)
    (tmp_path / "ids.txt").write_text("tt0000001", encoding="utf-8")
    config = CollectConfig(items=tmp_path / "ids.txt", out=tmp_path / "out.jsonl", contact=CONTACT, base_url=site.url)
    collect_reviews("imdb", config, Clock(lambda: simulated.time, wait))
    assert handlers[0] != before
    assert signal.getsignal(signal.SIGTERM) == before
    with ThreadPoolExecutor(1) as pool:
        assert outcomes(pool.submit(collect, site, simulated, tmp_path, "tt0000001").result())["from cache"] == 1


@pytest.mark.parametrize("name", ["imdb", "douban", "douban-mobile"])
def test_sites_that_forbid_collection_need_a_permission(tmp_path: Path, name: str) -> None:
    with pytest.raises(KgprepError, match="--i-have-permission") as caught:
        collect_reviews(name, CollectConfig(out=tmp_path / "out.jsonl", contact=CONTACT))
    assert name.split("-")[0] in str(caught.value)
    assert "--reviews FORM:PATH" in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "address", ["https://m.imdb.com", "http://IMDB.com:443", "https://www.imdb.com.", "https://movie.douban.com"]
)
def test_another_name_of_such_a_site_needs_the_permission_too(tmp_path: Path, address: str) -> None:
    config = CollectConfig(out=tmp_path / "out.jsonl", contact=CONTACT, base_url=address)
    with pytest.raises(KgprepError, match="permission"):
        collect_reviews("imdb", config)


@pytest.mark.parametrize(
    ("name", "changed", "said"),
    [
        ("imdb", {"contact": None}, "--contact"),
        ("imdb", {"contact": "me"}, "reaches nobody"),
        ("imdb", {"contact": "me@example.org\r\nX: y"}, "reaches nobody"),
        ("imdb", {"items": None}, "either --items"),
        ("imdb", {"items": "gone.txt"}, r"gone\.txt"),
        ("imdb", {"items": "binary.txt"}, "UTF-8"),
        ("imdb", {}, "names no item of imdb"),
        ("imdb", {"base_url": "www.example.org"}, "http://HOST"),
        ("letterboxd", {}, "no site"),
    ],
)
def test_a_mistake_gets_one_sentence(tmp_path: Path, name: str, changed: dict[str, Any], said: str) -> None:
    (tmp_path / "ids.txt").write_text("one two", encoding="utf-8")
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\x00")
    given = {"items": "ids.txt", "contact": CONTACT, "base_url": "http://127.0.0.1:9", **changed}
    items = tmp_path / given.pop("items") if given["items"] else given.pop("items")
    with pytest.raises(KgprepError, match=said) as caught:
        collect_reviews(name, CollectConfig(items=items, out=tmp_path / "out.jsonl", **given))
    assert "\n" not in str(caught.value)


def test_a_folder_as_output_is_refused_before_anything_is_asked(
    site: PlayedSite, simulated: SimulatedClock, tmp_path: Path
) -> None:
    site.play("/title/tt0000001/reviews/", page(1))
    (tmp_path / "out.jsonl").mkdir()
    with pytest.raises(KgprepError, match="it is a folder"):
        collect(site, simulated, tmp_path, "tt0000001")
    assert not site.asked
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ids.txt", "out.jsonl"]


def test_ids_of_a_bundle_are_taken(
    site: PlayedSite, simulated: SimulatedClock, tmp_path: Path, workspace: Path
) -> None:
    site.play("/title/tt0113277/reviews/", page(1))
    config = CollectConfig(workspace=workspace, out=tmp_path / "out.jsonl", contact=CONTACT, base_url=site.url)
    assert outcomes(collect_reviews("imdb", config, simulated.clock()))["reviews collected"] == 1
    # The ids of ReDial's films are no Douban subjects, though they are numbers too.
    with pytest.raises(KgprepError, match="names no item of douban"):
        collect_reviews("douban", config, simulated.clock())


def test_the_real_clock_keeps_requests_a_second_apart(site: PlayedSite, tmp_path: Path) -> None:
    site.play("/title/tt0000001/reviews/", page(1))
    (tmp_path / "ids.txt").write_text("tt0000001", encoding="utf-8")
    config = CollectConfig(items=tmp_path / "ids.txt", out=tmp_path / "out.jsonl", contact=CONTACT, base_url=site.url)
    collect_reviews("imdb", config, Clock())
    assert site.times[1] - site.times[0] >= 1.0
