"""The sentences judged by hand: the file is whole, and the chosen ones say something specific far more often."""

from __future__ import annotations

import polars as pl

from tests.reviews.judge_sentences import ENTITIES_JUDGED, VERDICTS, WAYS, shares


def test_chosen_sentences_were_judged_specific_more_often_than_first_and_longest_ones() -> None:
    judged = pl.read_csv(VERDICTS, separator="\t")
    assert judged.group_by("way").len().sort("way").rows() == [(way, ENTITIES_JUDGED) for way in sorted(WAYS)]
    assert judged["iri"].n_unique() == ENTITIES_JUDGED
    for reader in ("verdict", "second"):
        assert set(judged[reader]) == {"yes", "no"}
        share = dict(shares(judged.with_columns(verdict=reader)).select("way", "share").iter_rows())
        assert share["chosen"] >= 75
        assert share["chosen"] > share["longest"] + 10 > share["first"] + 20


def test_the_two_readers_agree() -> None:
    judged = pl.read_csv(VERDICTS, separator="\t")
    assert (judged["verdict"] == judged["second"]).sum() == 167


def test_no_text_of_others_lies_beside_the_verdicts() -> None:
    assert pl.read_csv(VERDICTS, separator="\t").columns == ["iri", "way", "review_id", "position", "verdict", "second"]
