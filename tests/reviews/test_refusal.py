"""What counts as a site's wish to be left alone, and what robots.txt allows."""

from __future__ import annotations

import pytest

from kgprep.reviews.refusal import forbids_automation, refusal
from kgprep.reviews.robots import parse_robots

HOST = "https://www.imdb.com/title/tt0000001/reviews/"


@pytest.mark.parametrize(
    ("status", "headers", "body", "named"),
    [
        (202, {"X-Amzn-Waf-Action": "challenge"}, b"", "x-amzn-waf-action: challenge"),
        (405, {"x-amzn-waf-action": "captcha"}, b"<html>Human</html>", "x-amzn-waf-action: captcha"),
        (202, {}, b" \n", "202"),
        (401, {}, b"", "login"),
        (302, {"Location": "https://accounts.douban.com/passport/login?redir=x"}, b"", "login"),
        (302, {"location": "/registration/signin?u=/title"}, b"", "login"),
        (302, {"location": "https://sec.douban.com/b?r=x"}, b"", "sec.douban.com"),
        (302, {"location": "https://SEC.douban.com./c"}, b"", "sec.douban.com"),
        (302, {"location": "/errors/validateCaptcha?x"}, b"", "captcha"),
        (200, {}, b"<html><form action='https://sec.douban.com/c'></form></html>", "sec.douban.com"),
        (200, {}, b"<html><img id='captcha_image'></html>", "captcha"),
        (200, {}, b"<html><script src='https://x.token.awswaf.com/challenge.js'></script></html>", "captcha"),
        (200, {}, b"<html><title>Robot Check</title></html>", "captcha"),
        (200, {}, "<html><title>验证码</title></html>".encode(), "captcha"),
        (200, {}, b"Please solve the captcha to go on.", "captcha"),
        (403, {}, "<html>检测到有异常请求从你的 IP 发出，请登录使用豆瓣</html>".encode(), "unusual"),
        (200, {}, b"<html><form><input name=p type=password></form></html>", "login"),
        (400, {}, b'{"msg": "need_login", "code": 1001}', "login"),
    ],
)
def test_a_wish_to_be_left_alone_is_understood(status: int, headers: dict[str, str], body: bytes, named: str) -> None:
    assert named in (refusal(status, headers, HOST, body) or "nothing")


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (200, {}, b"<html><title>Heat - IMDb</title><a href='/registration/signin'>Sign in</a></html>"),
        (200, {}, b"<html><a href='https://accounts.douban.com/passport/login'>x</a></html>"),
        (301, {"location": "/title/tt0000001/reviews"}, b""),
        (302, {"location": "/title/tt0000002/reviews/?ref=loginless"}, b""),
        (404, {}, b"<html>There is no such page</html>"),
        (503, {}, b"<html>Service unavailable</html>"),
        (202, {}, b"<html>Later</html>"),
    ],
)
def test_an_ordinary_answer_is_no_such_wish(status: int, headers: dict[str, str], body: bytes) -> None:
    assert refusal(status, headers, HOST, body) is None


def test_a_review_may_speak_of_captchas_and_logins() -> None:
    page = b"<html><div class='lister-item'>The captcha scene, where he has to login, is the best.</div></html>"
    assert refusal(200, {}, HOST, page, has_reviews=True) is None
    assert refusal(200, {}, HOST, page, has_reviews=False) is not None


@pytest.mark.parametrize(
    "url",
    [
        "https://www.imdb.com/title",
        "https://imdb.com",
        "https://caching.graphql.imdb.com/?x",
        "http://IMDB.com:443",
        "https://www.imdb.com.",
        "https://movie.douban.com/subject/1",
        "https://m.douban.com",
        "http://someone:secret@m.imdb.com/",
    ],
)
def test_every_name_of_a_site_that_forbids_automation_is_known(url: str) -> None:
    assert forbids_automation(url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000/imdb.com", "https://notimdb.com", "https://imdb.com.example.org", "http://[::1]/"]
)
def test_other_hosts_forbid_nothing(url: str) -> None:
    assert not forbids_automation(url)


def test_the_group_that_names_this_program_outweighs_the_general_one() -> None:
    rules = parse_robots(
        b"User-agent: *\nDisallow: /\n\nUser-agent: KGprep\nDisallow: /private/\nAllow: /private/open\n"
    )
    assert rules.allows("http://host/title/")
    assert not rules.allows("http://host/private/x")
    assert rules.allows("http://host/private/open")


def test_patterns_and_a_byte_order_mark_are_read() -> None:
    rules = parse_robots("\ufeffUser-agent: *\nDisallow: /*/comments$\nDisallow: /*?sort=\n".encode())
    assert not rules.allows("http://host/subject/1/comments")
    assert not rules.allows("http://host/subject/1?sort=time")
    assert rules.allows("http://host/subject/1/comments?start=0")


@pytest.mark.parametrize(
    ("line", "pause"),
    [(b"Crawl-delay: 2.5", 2.5), (b"Request-rate: 1/30s", 30.0), (b"Crawl-delay: nonsense", 0.0), (b"", 0.0)],
)
def test_the_wished_pause_is_read(line: bytes, pause: float) -> None:
    assert parse_robots(b"User-agent: *\n" + line + b"\nDisallow: /x\n").pause == pause


@pytest.mark.parametrize("content", [b"", b"<html>Not a robots file</html>", bytes(range(256))])
def test_a_file_without_rules_allows_everything(content: bytes) -> None:
    assert parse_robots(content).allows("http://host/x")
