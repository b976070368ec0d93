"""The figures of a measurement against counts by hand, and what is said of a gold file that is wrong."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgprep.artifacts import ENTITIES, ITEMS, KgprepError, read_table
from kgprep.linking.calibration import (
    bin_sums,
    equal_count_bins,
    equal_width_bins,
    expected_calibration_error,
    reliability,
)
from kgprep.linking.evaluate import evaluate_linking, score_links
from kgprep.linking.gold import read_gold
from kgprep.linking.linking_report import LinkingReport

SAMPLE = Path(__file__).parents[2] / "pipelines" / "sample"
DBR = "http://dbpedia.org/resource/"
TEXT = "I like horror and Tom Hanks"
HORROR, HANKS, LIKE = (7, 13), (18, 27), (2, 6)
ENTITY_FRAME = pl.DataFrame(
    {"entity_id": [0, 1, 2, 3], "iri": ["g:horror", "g:comedy", "p:hanks", "f:like"]},
    schema_overrides={"entity_id": pl.Int32},
).with_columns(kind=pl.Series(["genre", "genre", "person", "film"], dtype=ENTITIES.schema["kind"]))


def mention(span: tuple[int, int], *iris: str, **more: Any) -> dict[str, Any]:
    return {"start": span[0], "end": span[1], "iris": list(iris), **more}


def message(*mentions: object, text: str = TEXT, **more: Any) -> dict[str, Any]:
    return {"text": text, "mentions": list(mentions), **more}


def write_gold(folder: Path, *messages: dict[str, Any]) -> Path:
    path = folder / "gold.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in messages), encoding="utf-8")
    return path


def links(*rows: tuple[int, tuple[int, int], str, float]) -> pl.DataFrame:
    """Return links of text, span, iri and score."""
    cells = [(text, *span, TEXT[slice(*span)], iri, score) for text, span, iri, score in rows]
    schema = {
        "text": pl.UInt32,
        "start": pl.Int32,
        "end": pl.Int32,
        "word": pl.String,
        "iri": pl.String,
        "score": pl.Float32,
    }
    return pl.DataFrame(cells, schema=schema, orient="row")


def measure(folder: Path, found: pl.DataFrame, *messages: dict[str, Any], **options: Any) -> LinkingReport:
    return score_links(found, read_gold(write_gold(folder, *messages)), ENTITY_FRAME, **options)


def test_the_figures_are_those_of_a_count_by_hand(sample_workspace: Path, tmp_path: Path) -> None:
    text = "I loved Inception."
    right = mention((8, 17), DBR + "Inception")
    gold = write_gold(
        tmp_path,
        message(right, text=text),
        message(mention((8, 17), DBR + "Another"), text=text),
        message(mention((0, 7), DBR + "Nowhere"), text=text, optional=[{"start": 8, "end": 17}]),
        message(text=text),
    )
    report = evaluate_linking(sample_workspace, gold, errors=5)
    assert (report.mentions, report.links, report.doubtful_links) == (3, 3, 1)
    assert (report.span.precision.value, report.span.recall.value) == pytest.approx((2 / 3, 2 / 3))
    assert report.span_and_entity.f1.value == pytest.approx(1 / 3)
    assert report.right_entity.value == pytest.approx(1 / 2)
    assert report.false_links_per_1000_messages.value == 500
    assert (report.messages_without_mention, report.falsely_linked) == (1, 1)
    assert [(error.message, error.kind, error.word) for error in report.errors] == [
        (2, "wrong entity", "Inception"),
        (3, "missed", "I loved"),
        (4, "false", "Inception"),
    ]
    assert report.notes == ("2 of 3 mentions name no entity of the bundle and cannot be found, the first in line 2",)


def test_the_sample_s_gold_is_linked_well(sample_workspace: Path) -> None:
    assert evaluate_linking(sample_workspace, SAMPLE / "linking_gold.jsonl").span_and_entity.f1.value > 0.8


def test_a_right_link_counts_under_the_mention_s_kind_and_a_false_one_under_its_entity_s(tmp_path: Path) -> None:
    report = measure(
        tmp_path,
        links((0, LIKE, "f:like", 0.9), (0, HORROR, "g:horror", 0.9), (1, HORROR, "p:hanks", 0.9)),
        message(mention(HORROR, "g:unknown", "g:horror"), mention(HANKS, "p:hanks", kind="actor")),
        message(mention(HORROR, "g:horror", "g:comedy")),
    )
    figures = {
        row.kind: (row.mentions, row.links, row.span_and_entity.precision.value, row.span_and_entity.recall.value)
        for row in report.kinds
    }
    assert figures == {
        "genre": (2, 1, 1, 1 / 2),
        "actor": (1, 0, 0, 0),
        "film": (0, 1, 0, 0),
        "person": (0, 1, 0, 0),
    }
    assert report.kinds[0].span_and_entity.f1.value == pytest.approx(2 / 3)


def test_kinds_add_up_to_the_whole(sample_workspace: Path) -> None:
    report = evaluate_linking(sample_workspace, SAMPLE / "linking_gold.jsonl")
    assert sum(row.mentions for row in report.kinds) == report.mentions
    assert sum(row.links for row in report.kinds) == report.links


@pytest.mark.parametrize(
    ("optional", "link", "counted"),
    [
        ((2, 6), LIKE, 0),
        ((0, 7), LIKE, 0),
        ((7, 27), (18, 27), 0),
        ((0, 7), HORROR, 1),
        ((0, 7), (2, 13), 1),
        ((7, 10), (7, 10), 0),
        ((7, 10), HORROR, 1),
        ((7, 13), HORROR, 1),
    ],
)
def test_what_is_doubtful_does_not_count_unless_it_touches_a_mention(
    tmp_path: Path, optional: tuple[int, int], link: tuple[int, int], counted: int
) -> None:
    span = {"start": optional[0], "end": optional[1]}
    report = measure(tmp_path, links((0, link, "g:horror", 0.9)), message(mention(HORROR, "g:horror"), optional=[span]))
    assert (report.links, report.doubtful_links) == (counted, 1 - counted)


def test_errors_are_in_the_order_of_the_messages_and_no_more_than_asked_for(tmp_path: Path) -> None:
    gold = [message(mention(HANKS, "p:hanks"))] * 3
    found = links((0, LIKE, "f:like", 0.9), (2, HANKS, "g:comedy", 0.9))
    all_errors = measure(tmp_path, found, *gold, errors=9)
    assert all_errors.error_count == len(all_errors.errors) == 4
    assert [(error.message, error.kind) for error in all_errors.errors] == [
        (1, "false"),
        (1, "missed"),
        (2, "missed"),
        (3, "wrong entity"),
    ]
    some = measure(tmp_path, found, *gold, errors=2)
    assert some.errors == all_errors.errors[:2]
    assert "2 of 4 errors" in str(some)
    assert "errors" not in str(measure(tmp_path, found, *gold))


def test_the_printed_form_names_what_was_linked_and_what_was_right(tmp_path: Path) -> None:
    text = "before " * 40 + "Horror" + " after" * 40
    gold = message(mention((280, 286), *(f"http://x/{name}" for name in "abcd")), text=text)
    found = links((0, HORROR, "http://x/Other", 0.9)).with_columns(
        start=pl.lit(280, pl.Int32), end=pl.lit(286, pl.Int32)
    )
    printed = str(measure(tmp_path, found, gold, errors=1))
    assert "line 1" in printed
    assert "wrong entity 'Horror' -> Other, right: a or b or 2 more" in printed
    assert max(map(len, printed.splitlines())) < 160


def test_a_report_without_mentions_or_links_prints_only_what_it_knows(tmp_path: Path) -> None:
    printed = str(measure(tmp_path, links(), message(), message()))
    assert "messages without mention, linked  0 of 2" in printed
    assert "precision" not in printed
    assert "calibration" not in printed


def test_a_report_is_json(sample_workspace: Path) -> None:
    report = evaluate_linking(sample_workspace, SAMPLE / "linking_gold.jsonl", errors=3)
    read = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    assert read["span"]["f1"]["value"] == report.span.f1.value
    assert read["calibration"]["equal_width"]["bins"][0]["links"] > 0
    assert read["kinds"][0]["kind"] == report.kinds[0].kind


def test_intervals_are_those_of_a_share(tmp_path: Path) -> None:
    found = links(*((text, LIKE, "f:like", 0.9) for text in range(0, 400, 4)))
    report = measure(tmp_path, found, *[message()] * 400)
    share = report.share_falsely_linked
    half_width = 1.96 * math.sqrt(0.25 * 0.75 / 400)
    assert share.value == 0.25
    assert (share.low, share.high) == pytest.approx((0.25 - half_width, 0.25 + half_width), abs=0.01)


def test_intervals_follow_the_seed_alone(tmp_path: Path) -> None:
    found = links((0, HORROR, "g:horror", 0.9), (1, LIKE, "f:like", 0.4))
    gold = [message(mention(HORROR, "g:horror"))] * 3
    first, again, other = (measure(tmp_path, found, *gold, resamples=50, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_precision_and_recall_have_intervals_of_their_own(tmp_path: Path) -> None:
    found = links(*((text, HORROR, "g:horror", 0.9) for text in range(0, 40, 2)))
    score = measure(tmp_path, found, *[message(mention(HORROR, "g:horror"))] * 40).span
    assert (score.precision.low, score.precision.value, score.precision.high) == (1, 1, 1)
    assert score.recall.low < score.recall.value == 0.5 < score.recall.high
    assert score.f1.low < score.f1.value < score.f1.high


def test_the_calibration_error_is_that_of_a_count_by_hand(tmp_path: Path) -> None:
    # Three links of 0.95, one false: |0.95 - 2/3|; one of 0.35, right: |0.35 - 1|. The doubtful one has no part in it.
    rows = [(text, HORROR, "g:horror" if text else "g:comedy", 0.95) for text in range(3)]
    found = links(*rows, (3, HORROR, "g:horror", 0.35), (3, LIKE, "f:like", 0.01))
    doubtful = message(mention(HORROR, "g:horror"), optional=[{"start": 2, "end": 6}])
    report = measure(tmp_path, found, *[message(mention(HORROR, "g:horror"))] * 3, doubtful)
    width = report.calibration.equal_width
    assert width.error.value == pytest.approx((3 * (0.95 - 2 / 3) + 0.65) / 4)
    by_bin = np.array([(row.links, row.mean_score, row.share_right) for row in width.bins])
    assert by_bin == pytest.approx(np.array([(1, 0.35, 1), (3, 0.95, 2 / 3)]))


scored = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


@given(scored)
def test_the_calibration_error_is_the_weighted_distance_of_the_bins(pairs: list[tuple[float, bool]]) -> None:
    scores, right = np.array(pairs, dtype=np.float64).T
    group = np.zeros(len(scores), dtype=np.int64)
    for bins in (equal_width_bins(scores), equal_count_bins(scores)):
        (sums,) = bin_sums(bins, scores, right, group, 1)
        rows = reliability(bins, scores, right)
        distances = sum(row.links * abs(row.mean_score - row.share_right) for row in rows)
        assert expected_calibration_error(sums) == pytest.approx(distances / len(scores))
        assert sum(row.links for row in rows) == len(scores)


@given(scored)
def test_bins_hold_scores_in_order_and_equal_scores_together(pairs: list[tuple[float, bool]]) -> None:
    scores = np.sort(np.array([score for score, _ in pairs]))
    for bins in (equal_width_bins(scores), equal_count_bins(scores)):
        assert (np.diff(bins) >= 0).all()
        assert ((bins >= 0) & (bins < 10)).all()
        assert (bins[1:] == bins[:-1])[scores[1:] == scores[:-1]].all()


def test_bins_of_equal_count_are_equally_full_and_those_of_equal_width_equally_wide() -> None:
    scores = np.arange(100) ** 2 / 10_000
    assert np.bincount(equal_count_bins(scores)).tolist() == [10] * 10
    assert equal_width_bins([0, 0.0999, 0.1, 0.55, 1]).tolist() == [0, 0, 1, 5, 9]


def test_the_context_is_handed_to_the_linker(sample_workspace: Path, tmp_path: Path) -> None:
    text = "What else has Nolan made?"
    gold = message(mention((14, 19), DBR + "Christopher_Nolan"), text=text)
    without = evaluate_linking(sample_workspace, write_gold(tmp_path, gold))
    assert without.span_and_entity.recall.value == 0
    spoken_of = [DBR + "Inception", DBR + "Not_in_the_graph"]
    given_context = evaluate_linking(sample_workspace, write_gold(tmp_path, {**gold, "context": spoken_of}))
    assert given_context.span_and_entity.recall.value == 1
    assert given_context.notes == ("1 of 2 IRIs in context are not in the bundle and were left out",)


def test_a_mention_may_name_an_item(sample_workspace: Path, tmp_path: Path) -> None:
    items = read_table(sample_workspace, ITEMS).filter(pl.col("name") == "Inception")
    span = {"start": 8, "end": 17}
    known = message({**span, "item": items["item_id"][0]}, text="I loved Inception.")
    unknown = message({**span, "item": "no such item"}, text="I loved Inception.")
    report = evaluate_linking(sample_workspace, write_gold(tmp_path, known, unknown), errors=1)
    assert report.span_and_entity.recall.value == 0.5
    assert report.errors[0].message == 2
    assert "1 of 2 mentions name no entity" in report.notes[0]


def test_blank_lines_a_byte_order_mark_and_other_fields_are_let_pass(tmp_path: Path) -> None:
    path = tmp_path / "gold.jsonl"
    lines = [json.dumps(message(stratum="uniform", optional=None)), "", json.dumps(message(text="a\u2028b"))]
    path.write_text("\n".join(lines), encoding="utf-8-sig")
    assert read_gold(path).messages.rows() == [(1, TEXT), (3, "a\u2028b")]


SPAN = {"start": 2, "end": 6}
LISTED = {**SPAN, "iris": ["g:horror"]}


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("no json", "the line is not JSON"),
        ("[1]", "the line is not a JSON object"),
        ({"mentions": []}, "the field text is missing"),
        ({"text": TEXT}, "the field mentions is missing"),
        ({"text": 3, "mentions": []}, "text is not a string"),
        ({"text": "\ud83d", "mentions": []}, "text holds half of a surrogate pair"),
        ({"text": TEXT, "mentions": None}, "mentions is not a list"),
        (message("Tom Hanks"), "a span in mentions is not an object"),
        (message({"end": 6, "iris": ["x"]}), "a span in mentions has no start"),
        (message({"start": 2, "iris": ["x"]}), "a span in mentions has no end"),
        (message({**LISTED, "start": 2.5}), "start in mentions is not a whole number"),
        (message({**LISTED, "start": True}), "start in mentions is not a whole number"),
        (message({**LISTED, "start": 6, "end": 2}), "start 6 in mentions is not before end 2"),
        (message({**LISTED, "start": 6}), "start 6 in mentions is not before end 6"),
        (message({**LISTED, "end": 28}), "2 to 28 in mentions lies outside the text of 27 characters"),
        (message({**LISTED, "start": -1}), "-1 to 6 in mentions lies outside the text of 27 characters"),
        (message(LISTED, LISTED), "two mentions at 2 to 6"),
        (message({**SPAN}), "a mention has neither iris nor item"),
        (message({**SPAN, "iris": []}), "a mention has neither iris nor item"),
        (message({**SPAN, "iris": "x"}), "iris of a mention is not a list of strings"),
        (message({**SPAN, "iris": [None]}), "iris of a mention is not a list of strings"),
        (message({**SPAN, "item": 7}), "item of a mention is not a string"),
        (message({**LISTED, "kind": 7}), "kind of a mention is not a string"),
        (message(optional=7), "optional is not a list"),
        (message(optional=[{"start": 5, "end": 99}]), "5 to 99 in optional lies outside the text of 27 characters"),
        (message(context="x"), "context is not a list"),
        (message(context=[7]), "context holds something that is no IRI"),
    ],
)
def test_a_mistake_in_a_gold_file_is_one_sentence_with_its_line(
    tmp_path: Path, line: str | dict[str, Any], sentence: str
) -> None:
    path = tmp_path / "gold.jsonl"
    path.write_text(json.dumps(message(LISTED)) + "\n\n" + (line if isinstance(line, str) else json.dumps(line)))
    with pytest.raises(KgprepError) as caught:
        read_gold(path)
    said = str(caught.value)
    assert said.startswith(f"{path}, line 3: {sentence}: ")
    assert "\n" not in said


def test_a_gold_file_that_is_not_utf_8_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "gold.jsonl"
    path.write_bytes(b'{"text": "a", "mentions": []}\n{"text": "Am\xe9lie", "mentions": []}\n')
    with pytest.raises(KgprepError, match=r"gold\.jsonl, line 2: the line is not UTF-8: "):
        read_gold(path)


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_a_gold_file_without_messages_is_named(sample_workspace: Path, tmp_path: Path, content: str) -> None:
    gold = tmp_path / "gold.jsonl"
    gold.write_text(content)
    with pytest.raises(KgprepError, match=r"gold\.jsonl holds no message: "):
        evaluate_linking(sample_workspace, gold)


def test_a_gold_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(KgprepError, match=r"none\.jsonl does not exist"):
        read_gold(tmp_path / "none.jsonl")
    with pytest.raises(KgprepError, match="is a folder: give the name of a file"):
        read_gold(tmp_path)
