"""The polite session against a real HTTP server on loopback: what is obeyed, awaited, tried again, kept and left."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from kgprep.errors import KgprepError
from kgprep.reviews.page_store import PageStore
from kgprep.reviews.polite import HostStoppedError, PoliteSession
from tests.reviews.played_site import Answer, PlayedSite, SimulatedClock

Open = Callable[..., PoliteSession]
TRIES = 5


@pytest.fixture
def open_session(tmp_path: Path, simulated: SimulatedClock) -> Iterator[Open]:
    """Opens sessions on one store, with the simulated clock."""
    opened: list[PoliteSession] = []

    def start(**settings: Any) -> PoliteSession:
        given: dict[str, Any] = {
            "contact": "someone@example.org",
            "store": tmp_path / "pages.sqlite",
            "clock": simulated.clock(),
        }
        opened.append(PoliteSession(**{**given, **settings}))
        return opened[-1]

    yield start
    for session in opened:
        session.__exit__(None, None, None)


def later(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


def test_every_request_says_who_asks_and_nothing_else(site: PlayedSite, open_session: Open) -> None:
    site.play("/a", Answer(body="<p>a", headers={"Set-Cookie": "session=1"}))
    site.play("/b", "<p>b")
    session = open_session()
    assert session.fetch(site.url + "/a") == b"<p>a"
    assert session.fetch(site.url + "/b") == b"<p>b"
    for headers in site.headers:
        assert headers["User-Agent"].startswith("kgprep/")
        assert "(+someone@example.org)" in headers["User-Agent"]
        assert not headers.keys() & {"Cookie", "Referer"}


def test_one_connection_is_used_and_requests_are_a_pause_apart(site: PlayedSite, tmp_path: Path) -> None:
    for name in "abc":
        site.play(f"/{name}", f"<p>{name}")
    with PoliteSession("someone@example.org", tmp_path / "pages.sqlite", pause=0.2) as session:
        for name in "abc":
            session.fetch(f"{site.url}/{name}")
    assert site.paths == ["/robots.txt", "/a", "/b", "/c"]
    assert len(site.connections) == 1
    assert site.busiest == 1
    assert all(after - before >= 0.2 for before, after in zip(site.times, site.times[1:], strict=False))


def test_a_crawl_delay_lengthens_every_pause_from_the_first_page_on(
    site: PlayedSite, open_session: Open, simulated: SimulatedClock
) -> None:
    site.play("/robots.txt", "User-agent: *\nCrawl-delay: 7\n")
    site.play("/a", Answer(503, headers={"Retry-After": "1"}), "<p>a")
    open_session().fetch(site.url + "/a")
    assert simulated.waits == [7.0, 7.0]


def test_a_crawl_delay_never_shortens_the_pause(
    site: PlayedSite, open_session: Open, simulated: SimulatedClock
) -> None:
    site.play("/robots.txt", "User-agent: *\nCrawl-delay: 0.1\n")
    site.play("/a", "<p>a")
    open_session(pause=3.0).fetch(site.url + "/a")
    assert simulated.waits == [3.0]


def test_what_robots_forbids_is_not_fetched_directly_or_by_redirect(site: PlayedSite, open_session: Open) -> None:
    site.play("/robots.txt", "User-agent: *\nDisallow: /private/\n")
    site.play("/private/a", "<p>a")
    site.play("/b", Answer(301, headers={"Location": "/private/a"}))
    session = open_session()
    assert session.fetch(site.url + "/private/a") is None
    assert session.fetch(site.url + "/b") is None
    assert session.outcomes == {"forbidden by robots": 2}
    assert site.asked["/private/a"] == 0


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
def test_without_a_robots_file_everything_is_allowed(site: PlayedSite, open_session: Open, status: int) -> None:
    site.play("/robots.txt", Answer(status))
    site.play("/a", "<p>a")
    if status == 401:
        with pytest.raises(HostStoppedError, match="login"):
            open_session().fetch(site.url + "/a")
    else:
        assert open_session().fetch(site.url + "/a") == b"<p>a"


@pytest.mark.parametrize("status", [429, 500, 501, 503])
def test_a_robots_file_that_cannot_be_had_forbids_everything(site: PlayedSite, open_session: Open, status: int) -> None:
    site.play("/robots.txt", Answer(status))
    site.play("/a", "<p>a")
    with pytest.raises(HostStoppedError, match=r"robots\.txt"):
        open_session().fetch(site.url + "/a")
    assert site.asked["/a"] == 0


def test_a_robots_file_that_breaks_off_forbids_everything(site: PlayedSite, open_session: Open) -> None:
    site.play("/robots.txt", Answer(body="User-agent: *\nDisallow: /a\n", cut=5))
    site.play("/a", "<p>a")
    with pytest.raises(HostStoppedError, match="breaks off"):
        open_session().fetch(site.url + "/a")
    assert site.asked["/a"] == 0


def test_robots_is_found_behind_redirects_and_below_no_path(site: PlayedSite, open_session: Open) -> None:
    site.play("/robots.txt", Answer(301, headers={"Location": "/moved/robots.txt"}))
    site.play("/moved/robots.txt", "User-agent: *\nDisallow: /copy/a\n")
    site.play("/copy/a", "<p>a")
    assert open_session().fetch(site.url + "/copy/a") is None
    assert site.paths == ["/robots.txt", "/moved/robots.txt"]


def test_a_robots_file_that_speaks_of_captchas_is_no_captcha(site: PlayedSite, open_session: Open) -> None:
    site.play("/robots.txt", "User-agent: *\nDisallow: /captcha/\nDisallow: /login\n")
    site.play("/a", "<p>a")
    assert open_session().fetch(site.url + "/a") == b"<p>a"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_error_is_tried_again_after_growing_pauses(
    site: PlayedSite, open_session: Open, simulated: SimulatedClock, status: int
) -> None:
    site.play("/a", *[Answer(status)] * 4, Answer(body="<p>a"))
    session = open_session()
    assert session.fetch(site.url + "/a") == b"<p>a"
    assert session.outcomes == {"retried": 4, "fetched": 1}
    assert simulated.waits == sorted(simulated.waits)
    assert simulated.waits == pytest.approx([1, 1, 2, 4, 8])


@pytest.mark.parametrize("status", [403, 404, 410, 400, 418])
def test_a_lasting_error_is_never_tried_again(site: PlayedSite, open_session: Open, status: int) -> None:
    site.play("/a", Answer(status), "<p>a")
    session = open_session()
    assert session.fetch(site.url + "/a") is None
    assert site.asked["/a"] == 1
    assert sum(session.outcomes.values()) == 1


@pytest.mark.parametrize("asked", ["30", " 30 ", "date"])
def test_retry_after_is_honoured_in_both_its_forms(
    site: PlayedSite, open_session: Open, simulated: SimulatedClock, asked: str
) -> None:
    when = later(30.9) if asked == "date" else asked
    site.play("/a", Answer(429, headers={"Retry-After": when}), "<p>a")
    assert open_session().fetch(site.url + "/a") == b"<p>a"
    assert 29 <= simulated.waits[1] <= 31


@pytest.mark.parametrize(
    "asked",
    [
        "0",
        "-5",
        "soon",
        "",
        "Mon, 01 Jan 1990 00:00:00 GMT",
        "Fri, 31 Dec 99999 23:59:59 GMT",
        "99999999999999999999999",
    ],
)
def test_an_unusable_retry_after_never_shortens_the_pause(
    site: PlayedSite, open_session: Open, simulated: SimulatedClock, asked: str
) -> None:
    site.play("/a", Answer(503, headers={"Retry-After": asked}), "<p>a")
    session = open_session(pause=2.0)
    if asked.startswith("9"):
        with pytest.raises(HostStoppedError, match="rest"):
            session.fetch(site.url + "/a")
    else:
        assert session.fetch(site.url + "/a") == b"<p>a"
    assert all(wait >= 2.0 for wait in simulated.waits)


def test_a_long_rest_stops_the_host_and_holds_for_the_next_run(
    site: PlayedSite, open_session: Open, simulated: SimulatedClock
) -> None:
    site.play("/a", Answer(503, headers={"Retry-After": "4000"}))
    with pytest.raises(HostStoppedError, match="4,000"):
        open_session().fetch(site.url + "/a")
    with pytest.raises(HostStoppedError, match="are left"):
        open_session().fetch(site.url + "/a")
    assert site.asked["/a"] == 1
    assert simulated.waits == [1.0]


def test_a_short_rest_holds_for_the_next_run_too(
    site: PlayedSite, open_session: Open, simulated: SimulatedClock, tmp_path: Path
) -> None:
    site.play("/a", "<p>a")
    store = PageStore(tmp_path / "pages.sqlite")
    store.rest_until(site.url, time.time() + 100)
    store.close()
    open_session().fetch(site.url + "/a")
    assert simulated.waits[0] == pytest.approx(100, abs=5)


def test_too_many_requests_without_end_stop_the_host(site: PlayedSite, open_session: Open) -> None:
    site.play("/a", Answer(429))
    with pytest.raises(HostStoppedError, match="429"):
        open_session().fetch(site.url + "/a")
    assert site.asked["/a"] == TRIES


def test_a_host_that_keeps_failing_is_left(site: PlayedSite, open_session: Open) -> None:
    for number in range(9):
        site.play(f"/{number}", Answer(403))
    session = open_session()
    with pytest.raises(HostStoppedError, match="5 pages in a row"):
        for number in range(9):
            session.fetch(f"{site.url}/{number}")
    assert site.asked.total() == 1 + 5


def test_a_page_that_fails_is_counted_and_the_next_one_fetched(site: PlayedSite, open_session: Open) -> None:
    site.play("/a", Answer(503))
    site.play("/b", "<p>b")
    session = open_session()
    assert session.fetch(site.url + "/a") is None
    assert session.fetch(site.url + "/b") == b"<p>b"
    assert session.outcomes == {"retried": 4, "failed (503)": 1, "fetched": 1}


@pytest.mark.parametrize(
    "cut",
    [
        Answer(body="<p>a whole page</p>", cut=7),
        Answer(body="<p>a whole page</p>" * 100, cut=40, zipped=True),
        Answer(body="<html><p>a whole page</p></html>", cut=15, framed=False),
        Answer(body="<!-- saved --><?xml version='1.0'?>\n<HTML><p>a whole page</p></HTML>", cut=60, framed=False),
        Answer(body="<!-- saved from a page --><html></html>", cut=15, framed=False),
        Answer(body='\ufeff {"interests": [{"comment": "好看"}]}', cut=20, framed=False),
        Answer(body='[{"comment": "a"}, {"comment"', zipped=True),
        Answer(body=b"no gzip at all", headers={"Content-Encoding": "gzip"}),
    ],
    ids=[
        "by length",
        "zipped",
        "by end tag",
        "by end tag, after a comment",
        "in a comment",
        "JSON",
        "zipped JSON",
        "not zipped",
    ],
)
def test_a_cut_answer_is_tried_again_and_never_kept(site: PlayedSite, open_session: Open, cut: Answer) -> None:
    site.play("/a", cut, "<html>whole</html>")
    session = open_session()
    assert session.fetch(site.url + "/a") == b"<html>whole</html>"
    assert session.outcomes == {"retried": 1, "fetched": 1}
    assert open_session().fetch(site.url + "/a") == b"<html>whole</html>"
    assert site.asked["/a"] == 2


@pytest.mark.parametrize(
    "body",
    [
        b'\xef\xbb\xbf {"interests": []}',
        '[{"comment": "好看"}]'.encode("gb18030"),
        b"<!-- a part --><div>a</div>",
        b"<!-- saved --> <!DOCTYPE html><html>a</html>",
        b"User-agent: *",
    ],
    ids=["JSON", "JSON of another encoding", "a part of a page", "a page after a comment", "text"],
)
def test_a_whole_answer_whose_length_is_not_told_is_taken_at_once(
    site: PlayedSite, open_session: Open, body: bytes
) -> None:
    site.play("/a", Answer(body=body, framed=False))
    session = open_session()
    assert session.fetch(site.url + "/a") == body
    assert session.outcomes == {"fetched": 1}


def test_a_page_that_always_breaks_off_is_counted(site: PlayedSite, open_session: Open) -> None:
    site.play("/a", Answer(body="<p>a", cut=1))
    session = open_session()
    assert session.fetch(site.url + "/a") is None
    assert session.outcomes == {"retried": 4, "failed (broke off)": 1}


def test_a_slow_answer_is_waited_for_and_one_too_slow_tried_again(site: PlayedSite, open_session: Open) -> None:
    site.play("/a", Answer(body="<p>a", seconds=0.5), Answer(body="<p>later"))
    site.play("/b", Answer(body="<p>b", seconds=0.1))
    session = open_session(timeout=0.25)
    assert session.fetch(site.url + "/a") == b"<p>later"
    assert session.fetch(site.url + "/b") == b"<p>b"
    assert session.outcomes == {"retried": 1, "fetched": 2}


def test_zipped_pages_are_unpacked(site: PlayedSite, open_session: Open) -> None:
    site.play("/a", Answer(body="<html>页</html>", zipped=True))
    assert open_session().fetch(site.url + "/a") == "<html>页</html>".encode()
    assert "gzip" in site.headers[-1]["Accept-Encoding"]


REFUSALS = [
    Answer(202, headers={"x-amzn-waf-action": "challenge"}),
    Answer(202),
    Answer(302, headers={"Location": "https://accounts.douban.com/passport/login"}),
    Answer(302, headers={"Location": "https://sec.douban.com/b?r=x"}),
    Answer(body="<html><form><img id='captcha'></form></html>"),
    Answer(body="<html><form><input type='password'></form></html>"),
]


@pytest.mark.parametrize("answer", REFUSALS, ids=["challenge", "empty", "login", "guard", "captcha", "form"])
def test_a_host_that_wants_no_automated_client_is_left_at_once_and_its_answer_not_kept(
    site: PlayedSite, open_session: Open, answer: Answer
) -> None:
    site.play("/a", answer, "<p>a")
    with pytest.raises(HostStoppedError):
        open_session().fetch(site.url + "/a")
    assert site.asked["/a"] == 1
    assert open_session().fetch(site.url + "/a") == b"<p>a"
    assert site.asked["/a"] == 2


def test_a_redirect_stays_on_its_host(site: PlayedSite, open_session: Open) -> None:
    site.play("/a", Answer(301, headers={"Location": "/b"}))
    site.play("/b", "<p>b")
    site.play("/c", Answer(302, headers={"Location": "http://127.0.0.2:9/elsewhere"}))
    site.play("/d", Answer(302, headers={"Location": "/d"}))
    session = open_session()
    assert session.fetch(site.url + "/a") == b"<p>b"
    assert session.fetch(site.url + "/c") is None
    assert session.fetch(site.url + "/d") is None
    assert session.outcomes["redirected elsewhere"] == 2
    assert site.asked["/d"] == 1


def test_nothing_is_fetched_twice_by_a_later_run(site: PlayedSite, open_session: Open) -> None:
    site.play("/robots.txt", "User-agent: *\nDisallow: /x\n")
    site.play("/a", "<p>a")
    site.play("/b", Answer(403))
    site.play("/c", Answer(301, headers={"Location": "/a"}))
    for _ in range(2):
        session = open_session()
        for name in "abcd":
            session.fetch(f"{site.url}/{name}")
    assert set(site.asked.values()) == {1}
    assert session.outcomes == {"from cache": 2, "refused (403)": 1, "not found (404)": 1}


def test_a_host_that_forbids_automation_is_never_asked_without_consent(open_session: Open) -> None:
    with pytest.raises(HostStoppedError, match="permission"):
        open_session().fetch("https://www.imdb.com/title/tt0000001/reviews/")


def test_a_host_that_is_not_there_is_one_sentence(open_session: Open) -> None:
    with pytest.raises(HostStoppedError, match="cannot be reached") as caught:
        open_session().fetch("http://nowhere.invalid/a")
    assert "\n" not in str(caught.value)


def test_a_store_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "pages.sqlite").write_text("This is a letter, and no data base at all. " * 50)
    with pytest.raises(KgprepError, match=r"pages\.sqlite"):
        PageStore(tmp_path / "pages.sqlite")
    (tmp_path / "folder").mkdir()
    with pytest.raises(KgprepError, match="folder"):
        PageStore(tmp_path / "folder")


def test_the_store_is_written_through_to_the_disk(site: PlayedSite, open_session: Open, tmp_path: Path) -> None:
    site.play("/a", "<p>a")
    session = open_session()
    session.fetch(site.url + "/a")
    # What another reader sees while the session is open has been committed.
    with sqlite3.connect(tmp_path / "pages.sqlite") as other:
        assert other.execute("select count(*) from responses").fetchone() == (2,)
        assert other.execute("pragma journal_mode").fetchone() != ("off",)
