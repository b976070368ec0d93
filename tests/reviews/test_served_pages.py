"""Saved pages served as their sites, and collection from them: what the demo of the sample shows."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from kgprep.reviews.collect import CollectConfig, collect_reviews
from kgprep.reviews.served_pages import find_page, serve_pages
from tests.reviews.conftest import read_reviews
from tests.reviews.played_site import SimulatedClock

PAGES = Path(__file__).parents[2] / "pipelines/sample/reviews/pages"


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/title/tt0133093/reviews/", "imdb_tt0133093.html"),
        ("/title/tt0133093/reviews/_ajax?paginationKey=x", None),
        ("/title/tt013309/reviews/", None),
        ("/subject/1291561/", "douban_subject_1291561.html"),
        ("/subject/1291561/comments?start=0", "douban_comments_1291561.html"),
        ("/subject/1291561/comments?start=20", None),
        ("/", None),
    ],
)
def test_a_page_lies_at_the_address_that_its_site_has_it_at(address: str, name: str | None) -> None:
    names = ("imdb_tt0133093.html", "douban_subject_1291561.html", "douban_comments_1291561.html")
    assert find_page(tuple(map(Path, names)), address) == (Path(name) if name else None)


def test_the_sample_is_collected_from_its_own_pages(tmp_path: Path, simulated: SimulatedClock) -> None:
    (tmp_path / "titles.txt").write_text("tt0133093\ntt1375666\ntt1396484\n", encoding="utf-8")
    with serve_pages(PAGES) as url:
        assert requests.get(f"{url}/else", timeout=5).status_code == 404
        config = CollectConfig(
            items=tmp_path / "titles.txt", out=tmp_path / "out.jsonl", contact="someone@example.org", base_url=url
        )
        summary = collect_reviews("imdb", config, simulated.clock())
    collected = read_reviews("imdb", summary.out).frame
    saved = read_reviews("pages", PAGES).frame.filter(source="imdb.com")
    assert set(collected["imdb_id"]) == {"tt0133093", "tt1375666", "tt1396484"}
    assert sorted(collected["text"]) == sorted(saved["text"])
