"""An endpoint that stumbles, breaks or goes away: what is tried again, what is said, and how a build goes on."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from kgprep.artifacts import EDGES, ENTITIES, ITEMS, read_table
from kgprep.errors import KgprepError
from kgprep.kg.build import KgConfig, build_kg
from kgprep.kg.candidates import find_candidates
from kgprep.kg.endpoint import EndpointSource
from kgprep.kg.source import TripleSource
from kgprep.kg.sparql import forget_answers
from kgprep.kg.subgraph import SubgraphOptions, expand
from tests.kg.sparql_server import CUT, PROBE, Endpoint, Trouble, troubled_endpoint

FILMS = pl.DataFrame(
    {"name": ["Heat", "Se7en", "La La Land"], "year": [1995, None, 2016], "imdb_id": ["tt0113277", None, None]},
    schema={"name": pl.String, "year": pl.Int16, "imdb_id": pl.String},
)
QUICK: dict[str, Any] = {"retries": 2, "backoff_seconds": 0.0}


@pytest.fixture
def endpoint(dumps: tuple[Path, ...]) -> Iterator[Endpoint]:
    with troubled_endpoint(dumps) as running:
        yield running


def graph(source: TripleSource) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Ask what a build asks: which entities the items may be, and the edges around those."""
    candidates = find_candidates(source, FILMS)
    edges = expand(source, candidates["iri"], SubgraphOptions(direction="both")).edges
    return candidates, edges


def live(endpoint: Endpoint, cache: Path | None = None, **options: Any) -> EndpointSource:
    return EndpointSource(endpoint.url, ("en",), cache, **{**QUICK, **options})


def films(source: TripleSource) -> list[str]:
    heat = pl.Series(["http://dbpedia.org/resource/Heat_(1995_film)"])
    return sorted(source.facts("edge", "subject", heat)["object"].to_list())


@pytest.mark.parametrize("answers", [2, 7, 13])
def test_a_build_goes_on_where_the_endpoint_went_away(endpoint: Endpoint, tmp_path: Path, answers: int) -> None:
    with live(endpoint) as source:
        unbroken = graph(source)
    needed = len(endpoint.questions())
    assert needed > 13
    cache = tmp_path / "workspace" / ".endpoint" / "answers.sqlite"
    endpoint.answered.clear()
    endpoint.dies_after = 1 + answers
    gone_away = r"sparql does not answer \(.*\): check the address.*; try again later; the answers until now are kept$"
    with pytest.raises(KgprepError, match=gone_away), live(endpoint, cache) as source:
        graph(source)
    before = endpoint.questions()
    assert len(before) == answers
    endpoint.dies_after = None
    endpoint.answered.clear()
    with live(endpoint, cache) as source:
        resumed = graph(source)
        counts = {count.what: count.kept for count in source.report()[0]}
    assert not set(before) & set(endpoint.questions())
    assert len(endpoint.questions()) == needed - answers
    assert counts["answers taken from before the build broke off"] == answers
    assert counts["requests to the endpoint"] == 1 + needed - answers
    assert all(one.equals(other) for one, other in zip(resumed, unbroken, strict=True))


@pytest.mark.slow
def test_a_whole_build_goes_on_where_the_endpoint_went_away(
    endpoint: Endpoint, tmp_path: Path, items_file: Path
) -> None:
    unbroken, workspace = tmp_path / "unbroken", tmp_path / "workspace"
    config = KgConfig(items=items_file, endpoint=endpoint.url)
    build_kg(unbroken, config)
    needed = len(endpoint.questions())
    endpoint.answered.clear()
    endpoint.dies_after = 20
    with pytest.raises(KgprepError, match="does not answer"):
        build_kg(workspace, config)
    before = endpoint.questions()
    endpoint.dies_after = None
    endpoint.answered.clear()
    summary = build_kg(workspace, config)
    assert not set(before) & set(endpoint.questions())
    assert len(before) + len(endpoint.questions()) == needed
    taken = {count.what: count.kept for count in summary.counts}["answers taken from before the build broke off"]
    assert taken == len(before)
    assert all(read_table(workspace, table).equals(read_table(unbroken, table)) for table in (ENTITIES, EDGES, ITEMS))
    assert not (workspace / ".endpoint.sqlite").exists()


def test_answers_that_were_kept_are_forgotten(endpoint: Endpoint, tmp_path: Path) -> None:
    cache = tmp_path / "answers.sqlite"
    with live(endpoint, cache) as source:
        films(source)
    assert cache.exists()
    forget_answers(cache)
    assert [path.name for path in tmp_path.iterdir()] == ["dumps"]
    forget_answers(cache)


def test_neither_errors_nor_parts_are_kept(endpoint: Endpoint, tmp_path: Path) -> None:
    cache = tmp_path / "answers.sqlite"
    bad = [Trouble(400), Trouble(404), Trouble(200, {}, b'{"head": {}}'), Trouble(200, {"X-SQL-State": "S1TAT"}, b"{}")]
    for trouble in bad:
        endpoint.troubles = [trouble]
        with pytest.raises(KgprepError), live(endpoint, cache) as source:
            films(source)
    with live(endpoint, cache) as source:
        assert len(films(source)) == 5
        assert source.report()[0][2].kept == 0


def test_answers_that_vary_are_kept_all_the_same(endpoint: Endpoint, tmp_path: Path) -> None:
    endpoint.most_rows = 3
    endpoint.part_header = {"Vary": "*", "Cache-Control": "no-store"}
    cache = tmp_path / "answers.sqlite"
    with live(endpoint, cache) as source:
        first = films(source)
    endpoint.answered.clear()
    with live(endpoint, cache) as source:
        assert films(source) == first
    assert endpoint.questions() == []


@pytest.mark.parametrize("kept", ["garbage", "folder"])
def test_a_file_of_answers_that_is_none_is_named(endpoint: Endpoint, tmp_path: Path, kept: str) -> None:
    cache = tmp_path / "answers.sqlite"
    if kept == "garbage":
        cache.write_bytes(b"no database " * 1000)
    else:
        cache.mkdir()
    with pytest.raises(KgprepError, match=r"answers\.sqlite cannot hold the endpoint's answers"), live(endpoint, cache):
        pass


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble(CUT),
        Trouble(429, {"Retry-After": "0"}, b"slow down"),
        Trouble(500, {}, b"something went wrong"),
        Trouble(502),
        Trouble(503, {"Retry-After": "soon"}),
        Trouble(200, {}, b'{"head": {"vars": []}, "results": {"bindi'),
        Trouble(200),
    ],
    ids=lambda trouble: f"{trouble.status} {trouble.body[:9].decode()}",
)
def test_a_stumble_is_tried_again(endpoint: Endpoint, trouble: Trouble) -> None:
    with live(endpoint) as source:
        whole = films(source)
    endpoint.troubles = [trouble, trouble]
    with live(endpoint) as source:
        assert films(source) == whole
        assert source.report()[0][1].kept == 2
    endpoint.troubles = [trouble] * 3
    with pytest.raises(KgprepError, match=r"sparql (?:answers \d+|breaks off)"), live(endpoint) as source:
        films(source)


@pytest.mark.parametrize("as_date", [False, True])
def test_retry_after_is_obeyed(endpoint: Endpoint, as_date: bool) -> None:
    # A date has no fractions, so two seconds from now are more than one.
    said = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True) if as_date else "1"
    endpoint.troubles = [Trouble(503, {"Retry-After": said})]
    with live(endpoint) as source:
        begin = time.monotonic()
        assert len(films(source)) == 5
        assert time.monotonic() - begin > 0.4


def test_an_hour_to_wait_is_said_instead_of_waited(endpoint: Endpoint, tmp_path: Path) -> None:
    endpoint.troubles = [Trouble(503, {"Retry-After": "3600"})]
    with (
        pytest.raises(
            KgprepError, match=r"asks to come back in 3600 seconds: try again later; the answers .* are kept"
        ),
        live(endpoint, tmp_path / "answers.sqlite") as source,
    ):
        films(source)


@pytest.mark.parametrize(
    ("trouble", "message"),
    [
        (Trouble(400, {}, b"parse error\nline 2"), "answers 400 parse error: is it a SPARQL endpoint"),
        (Trouble(404, {}, b"not here"), "answers 404 not here"),
        (Trouble(200, {"Content-Type": "text/html"}, b"<html>time out</html>"), "something else than SPARQL results"),
        (Trouble(200, {}, b'{"head": {}}'), "something else than SPARQL results"),
    ],
)
def test_other_answers_are_explained(endpoint: Endpoint, trouble: Trouble, message: str) -> None:
    endpoint.troubles = [trouble]
    with pytest.raises(KgprepError, match=message), live(endpoint) as source:
        films(source)
    assert len([query for query in endpoint.queries if PROBE not in query]) == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/sparql", "nothing"])
def test_an_endpoint_that_is_down_is_named(url: str) -> None:
    with (
        pytest.raises(KgprepError, match=f"{url} does not answer .* check the address"),
        EndpointSource(url, ("en",), retries=1, backoff_seconds=0),
    ):
        pass


def results(*rows: dict[str, str]) -> bytes:
    bindings = [{name: {"type": "uri", "value": value} for name, value in row.items()} for row in rows]
    return json.dumps({"head": {"vars": []}, "results": {"bindings": bindings}}).encode()


@pytest.mark.parametrize("counted", [results(), results({}), results({"count": "1.0E3"})])
def test_an_endpoint_that_does_not_count_is_asked_title_by_title(endpoint: Endpoint, counted: bytes) -> None:
    endpoint.troubles = [Trouble(200, {}, counted)]
    with live(endpoint) as source:
        assert source.titled("label", FILMS)["subject"].len() == 4


def test_an_endpoint_that_turns_no_pages_is_named(endpoint: Endpoint) -> None:
    row = {"subject": "http://x.org/a", "predicate": "http://x.org/p", "object": "http://x.org/b"}
    endpoint.most_characters, endpoint.refusal = 100, Trouble(200, {}, results(row))
    with pytest.raises(KgprepError, match=r"gives one page again for the next \(OFFSET\)"), live(endpoint) as source:
        films(source)


def test_an_endpoint_without_any_answers_is_not_said_to_garble(endpoint: Endpoint) -> None:
    endpoint.most_characters, endpoint.refusal = 0, Trouble(200, {}, results())
    with pytest.raises(KgprepError, match="gives no row where a query names its one value"), live(endpoint):
        pass


@pytest.mark.parametrize("bindings", ["[null]", '[{"subject": "x"}]'])
def test_rows_that_are_none_are_no_sparql_results(endpoint: Endpoint, bindings: str) -> None:
    endpoint.troubles = [Trouble(200, {}, f'{{"results": {{"bindings": {bindings}}}}}'.encode())]
    with pytest.raises(KgprepError, match="something else than SPARQL results"), live(endpoint) as source:
        films(source)
