from __future__ import annotations

import json
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from kgprep.artifacts import KgprepError
from kgprep.report import write_report
from kgprep.stage import Stage
from tests.small_bundle import SENTENCE_ROWS, write_bundle

METRICS = {
    "recommendation": {
        "test": {
            name: {
                "all_roles/all_targets": {"samples": 3, "recall@10": {"value": value, "low": 0.0, "high": 1.0}},
                "all_roles/novel_targets": {"samples": 0, "recall@10": {"value": None, "low": None, "high": None}},
            }
            for name, value in (("popularity", 0.25), ("<c2crs>", 0.5))
        }
    },
    "generation": {"distinct_pooled": {"2": 0.125}},
}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "films & co")


def page_of(workspace: Path, run: str | None = None) -> LexborHTMLParser:
    out = write_report(workspace, workspace / "report.html", run)
    return LexborHTMLParser(out.read_text(encoding="utf-8"))


def tables_of(page: LexborHTMLParser, title: str) -> list[list[list[str]]]:
    """The cells of every table in the section with that title."""
    for section in page.css("section"):
        heading = section.css_first("h2")
        if heading is not None and heading.text() == title:
            return [
                [[cell.text() for cell in row.css("td")] for row in table.css("tbody tr")]
                for table in section.css("table")
            ]
    raise AssertionError(f"no section {title}")


def test_the_page_stands_alone(workspace: Path) -> None:
    page = page_of(workspace)
    assert page.css("script, link, img, iframe, [src], [href]") == []
    style = page.css_first("style")
    assert style is not None
    assert "url(" not in style.text()
    assert [heading.text() for heading in page.css("h1")] == ["films & co"]


def test_values_are_text_and_never_markup(workspace: Path) -> None:
    page = page_of(workspace)
    ((triple,),) = tables_of(page, "Triples")
    assert triple == ["train", "@1", 'It "2017" \\ <b>&', SENTENCE_ROWS[0][5], "0.5000"]
    assert page.css("b") == []


def test_tables_and_graph_agree_with_the_bundle(workspace: Path) -> None:
    page = page_of(workspace)
    (tables,) = tables_of(page, "Tables")
    rows = {row[0]: row[1] for row in tables}
    assert (rows["kg/entities"], rows["kg/edges"], rows["dialogues/feedback"]) == ("5", "6", "0")
    assert "reviews/reviews" not in rows
    kinds, relations = tables_of(page, "Graph")
    assert kinds == [["film", "3", "3"], ["genre", "1", "0"], ["person", "1", "0"]]
    assert [row[:2] for row in relations] == [["genre", "2"], ["director", "1"]]


def test_stages_and_inputs_show_counts_terms_and_costs(workspace: Path) -> None:
    page = page_of(workspace)
    text = page.css_first("body")
    assert text is not None
    assert "items resolved: 2 of 3 (66.7 %)" in text.text()
    assert "peak memory" in text.text()
    (inputs,) = tables_of(page, "Inputs")
    assert [row[:5] for row in inputs] == [
        ["build-kg", "dump <1>.nt", "0", "CC BY-SA 3.0", "Lehmann & al. 2015"],
        ["align-reviews", "dump <1>.nt", "0", "not recorded", "not recorded"],
    ]


def test_a_runs_metrics_stand_beside_the_baselines(workspace: Path) -> None:
    folder = workspace / "runs" / "first"
    folder.mkdir(parents=True)
    (folder / "metrics.json").write_text(json.dumps(METRICS))
    everything, novel, others = tables_of(page_of(workspace, "first"), "Run first")
    assert everything == [["popularity", "0.2500 (0.0000 to 1.0000)"], ["<c2crs>", "0.5000 (0.0000 to 1.0000)"]]
    assert novel == [["popularity", "-"], ["<c2crs>", "-"]]
    assert others == [["generation.distinct_pooled.2", "0.1250"]]


def test_a_run_without_metrics_says_what_to_do(workspace: Path) -> None:
    with pytest.raises(KgprepError, match=r"metrics\.json does not exist: run kgprep evaluate"):
        write_report(workspace, workspace / "report.html", "none")
    assert not (workspace / "report.html").exists()


@pytest.mark.parametrize("text", ["{", "[]"])
def test_broken_metrics_are_one_sentence(workspace: Path, text: str) -> None:
    folder = workspace / "runs" / "broken"
    folder.mkdir(parents=True)
    (folder / "metrics.json").write_text(text)
    with pytest.raises(KgprepError, match="run kgprep evaluate again"):
        write_report(workspace, workspace / "report.html", "broken")


def test_a_folder_without_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KgprepError, match="holds no bundle"):
        write_report(tmp_path, tmp_path / "report.html")


def test_a_bundle_that_has_only_begun_has_a_page(tmp_path: Path) -> None:
    with Stage("build-kg", tmp_path, {}):
        pass
    page = page_of(tmp_path)
    assert [heading.text() for heading in page.css("h2")] == ["Tables", "Stages"]
