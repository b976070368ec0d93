"""docs/linking.md: its evidence and its thresholds are the code's."""

from __future__ import annotations

from pathlib import Path

from kgprep.linking.evidence import EVIDENCE, FITTED, UNMARKED_TITLES
from kgprep.linking.linker import SURE, THRESHOLD
from kgprep.reviews.mentions import FADING

PAGE = (Path(__file__).parents[2] / "docs" / "linking.md").read_text(encoding="utf-8")


def test_the_page_lists_the_evidence() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    first = rows.index("| evidence | weight | what it is |") + 1
    listed = [f"| {each.name} | {each.weight:g} | {each.meaning} |" for each in EVIDENCE]
    assert rows[first : first + len(EVIDENCE)] == listed


def test_the_page_names_what_is_fitted_and_the_thresholds() -> None:
    names = [each.name for each in EVIDENCE]
    assert set(names[: names.index("popular") + 1]) - {"year"} == set(FITTED)
    assert f"a score of {THRESHOLD}" in PAGE
    assert f"a score of at least {SURE}" in PAGE
    assert f"{-UNMARKED_TITLES:g} is taken off" in PAGE
    assert FADING == 0.9
