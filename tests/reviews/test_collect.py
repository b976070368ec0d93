"""Collection against a real HTTP server on loopback that plays the sites: what is fetched, retried, obeyed, refused."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from kgprep.errors import KgprepError
from kgprep.reviews.collect import CollectConfig, CollectSummary, collect_reviews
from kgprep.reviews.corpora import read_reviews

CARD = """<article class="user-review-item"><span class="ipc-rating-star--rating">8</span>
  <div class="ipc-html-content-inner-div">The text of review {number}.</div></article>"""
COMMENT = """<div class="comment-item" data-cid="{number}"><span class="allstar40 rating"></span>
  <span class="short">第{number}条短评。</span></div>"""


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)


class PlayedSite:
    """A server whose answers a test sets path by path; a list of answers is given in turn, the last one for ever."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {}
        self.asked: Counter[str] = Counter()
        self.times: list[float] = []
        self.agents: set[str] = set()
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answers = site.answers.get(self.path, [Answer(404)])
                answer = answers[min(site.asked[self.path], len(answers) - 1)]
                site.asked[self.path] += 1
                site.times.append(time.monotonic())
                site.agents.add(self.headers["User-Agent"])
                body = answer.body.encode()
                self.send_response(answer.status)
                for name, value in {"Content-Length": str(len(body)), **answer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def title(self, item: str, *answers: Answer) -> None:
        self.answers[f"/title/{item}/reviews/"] = list(answers)


@pytest.fixture
def site() -> Iterator[PlayedSite]:
    played = PlayedSite()
    yield played
    played.server.shutdown()
    played.server.server_close()


def collect(site: PlayedSite, folder: Path, items: str, name: str = "imdb", limit: int = 25) -> CollectSummary:
    ids = folder / "ids.txt"
    ids.write_text(items, encoding="utf-8")
    config = CollectConfig(
        items=ids, out=folder / "out.jsonl", limit=limit, contact="someone@example.org", base_url=site.url
    )
    return collect_reviews(name, config)


def outcomes(summary: CollectSummary) -> dict[str, int]:
    return {count.what.removeprefix("pages "): count.kept for count in summary.counts}


def page(*numbers: int) -> Answer:
    return Answer(body="<html>" + "".join(CARD.format(number=number) for number in numbers) + "</html>")


def test_reviews_are_collected_politely_and_read_as_a_corpus(site: PlayedSite, tmp_path: Path) -> None:
    site.answers["/robots.txt"] = [Answer(body="User-agent: *\nDisallow: /title/tt0000003/\n")]
    site.title("tt0000001", page(1, 2, 3))
    site.title("tt0000002", Answer(429, headers={"Retry-After": "1"}), page(4))
    site.title("tt0000003", page(5))
    site.title("tt0000004", Answer(403))
    summary = collect(site, tmp_path, "tt0000001\ntt0000002\ntt0000003\ntt0000004\ntt0000005\nnonsense\n", limit=2)
    assert outcomes(summary) == {
        "fetched": 2,
        "retried": 1,
        "forbidden by robots.txt": 1,
        "refused (403)": 1,
        "not found (404)": 1,
        "reviews collected": 3,
    }
    assert site.asked["/title/tt0000003/reviews/"] == 0
    assert site.asked["/title/tt0000004/reviews/"] == 1
    assert site.asked["/title/tt0000005/reviews/"] == 1
    assert all(later - earlier > 0.95 for earlier, later in zip(site.times, site.times[1:], strict=False))
    assert all("kgprep/" in agent and "someone@example.org" in agent for agent in site.agents)
    frame = read_reviews("imdb", summary.out).frame
    assert frame["imdb_id"].to_list() == ["tt0000001", "tt0000001", "tt0000002"]
    assert frame["rating"].to_list() == pytest.approx([0.8] * 3)
    again = outcomes(collect(site, tmp_path, "tt0000001\n"))
    assert (again["from cache"], again["reviews collected"]) == (1, 3)
    assert site.asked["/title/tt0000001/reviews/"] == 1


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        (Answer(202, headers={"x-amzn-waf-action": "challenge"}), "x-amzn-waf-action"),
        (Answer(202), "202"),
        (Answer(302, headers={"Location": "https://accounts.douban.com/passport/login?redir=x"}), "login"),
        (Answer(body="<form>Type the letters <img id='captcha'></form>"), "captcha"),
    ],
    ids=["challenge", "empty", "login", "captcha"],
)
def test_a_host_that_wants_no_automated_client_is_left_at_once(
    site: PlayedSite, tmp_path: Path, answer: Answer, named: str
) -> None:
    site.title("tt0000001", answer)
    site.title("tt0000002", page(1))
    with pytest.raises(KgprepError, match=named) as caught:
        collect(site, tmp_path, "tt0000001 tt0000002")
    assert "--reviews imdb:FILE" in str(caught.value)
    assert site.asked["/title/tt0000002/reviews/"] == 0


def test_what_was_collected_before_a_challenge_is_kept_and_a_challenge_never_cached(
    site: PlayedSite, tmp_path: Path
) -> None:
    site.title("tt0000001", page(1))
    site.title("tt0000002", Answer(202))
    with pytest.raises(KgprepError, match="1 reviews are in"):
        collect(site, tmp_path, "tt0000001 tt0000002")
    assert read_reviews("imdb", tmp_path / "out.jsonl").frame.height == 1
    site.title("tt0000002", page(2))
    again = outcomes(collect(site, tmp_path, "tt0000001 tt0000002"))
    assert (again["from cache"], again["fetched"], again["reviews collected"]) == (1, 1, 2)


def test_a_page_of_unknown_layout_is_counted_not_taken_for_empty(site: PlayedSite, tmp_path: Path) -> None:
    site.title("tt0000001", Answer(body="<html>Something new</html>"))
    assert outcomes(collect(site, tmp_path, "tt0000001"))["of unknown layout"] == 1


def test_comments_are_paged_up_to_the_limit(site: PlayedSite, tmp_path: Path) -> None:
    for start in (0, 20):
        body = "".join(COMMENT.format(number=number) for number in range(start, start + 20))
        path = f"/subject/1291561/comments?start={start}&limit=20&status=P&sort=new_score"
        site.answers[path] = [Answer(body=f"<title>千与千寻 短评</title>{body}")]
    summary = collect(site, tmp_path, "1291561", "douban", limit=25)
    frame = read_reviews("douban", summary.out).frame
    assert frame.height == 25
    assert frame.select("douban_id", "film_title").unique().row(0) == ("1291561", "千与千寻")
    assert frame["rating"].to_list() == pytest.approx([0.8] * 25)


@pytest.mark.parametrize(("name", "host"), [("imdb", "imdb.com"), ("douban", "douban.com")])
def test_sites_that_forbid_collection_need_a_permission(tmp_path: Path, name: str, host: str) -> None:
    with pytest.raises(KgprepError, match="permission") as caught:
        collect_reviews(name, CollectConfig(out=tmp_path / "out.jsonl", contact="someone@example.org"))
    assert host in str(caught.value)
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize(
    "address", ["https://m.imdb.com", "http://IMDB.com:443", "https://www.imdb.com.", "https://movie.douban.com"]
)
def test_another_name_of_such_a_site_needs_the_permission_too(tmp_path: Path, address: str) -> None:
    config = CollectConfig(out=tmp_path / "out.jsonl", contact="someone@example.org", base_url=address)
    with pytest.raises(KgprepError, match="permission"):
        collect_reviews("imdb", config)


def test_a_contact_and_items_are_asked_for(tmp_path: Path) -> None:
    given: dict[str, Any] = {"out": tmp_path / "out.jsonl", "base_url": "http://127.0.0.1:9"}
    with pytest.raises(KgprepError, match="--contact"):
        collect_reviews("imdb", CollectConfig(**given))
    with pytest.raises(KgprepError, match="either --items"):
        collect_reviews("imdb", CollectConfig(**given, contact="x"))
    (tmp_path / "ids.txt").write_text("one two", encoding="utf-8")
    with pytest.raises(KgprepError, match="names no item of imdb"):
        collect_reviews("imdb", CollectConfig(**given, contact="x", items=tmp_path / "ids.txt"))
    with pytest.raises(KgprepError, match="no site"):
        collect_reviews("letterboxd", CollectConfig(**given))


def test_a_host_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text("tt0000001", encoding="utf-8")
    config = CollectConfig(
        items=tmp_path / "ids.txt", out=tmp_path / "out.jsonl", contact="x", base_url="http://nowhere.invalid"
    )
    started = time.monotonic()
    with pytest.raises(KgprepError, match="cannot be reached"):
        collect_reviews("imdb", config)
    assert time.monotonic() - started < 60
