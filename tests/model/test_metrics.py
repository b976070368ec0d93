from __future__ import annotations

import math
import random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model.metrics import Diverged, ranks, recall_table

SUBSETS = [
    "all_roles/all_targets",
    "all_roles/novel_targets",
    "recommender/all_targets",
    "recommender/novel_targets",
]


def mean_rank(row: list[float], target: int) -> float:
    taken = [place for place, score in enumerate(sorted(row, reverse=True), start=1) if score == row[target]]
    return sum(taken) / len(taken)


@given(st.data())
def test_rank_is_the_mean_place_in_the_sorted_list(data: st.DataObject) -> None:
    items = data.draw(st.integers(1, 8))
    score = st.sampled_from([-1.0, 0.0, 0.5, 2.0, -math.inf])
    rows = data.draw(st.lists(st.lists(score, min_size=items, max_size=items), min_size=1, max_size=5))
    targets = [data.draw(st.integers(0, items - 1)) for _ in rows]
    expected = [mean_rank(row, target) for row, target in zip(rows, targets, strict=True)]
    assert ranks(torch.tensor(rows), torch.tensor(targets)).tolist() == expected


def test_a_model_without_opinion_gets_the_middle_rank() -> None:
    assert ranks(torch.zeros(1, 101), torch.tensor([3])).item() == 51


def test_a_diverged_model_is_not_given_the_first_rank() -> None:
    with pytest.raises(Diverged, match="NaN"):
        ranks(torch.tensor([[math.nan, 1.0]]), torch.tensor([0]))


def loop_table(
    places: list[float], recommender: list[bool], novel: list[bool], subset: str, ks: tuple[int, ...]
) -> dict[str, float]:
    role, kind = subset.split("/")
    chosen = [
        place
        for place, is_recommender, is_novel in zip(places, recommender, novel, strict=True)
        if (role == "all_roles" or is_recommender) and (kind == "all_targets" or is_novel)
    ]
    sums = {f"recall@{k}": float(sum(place <= k for place in chosen)) for k in ks}
    sums |= {f"mrr@{k}": sum(1 / place for place in chosen if place <= k) for k in ks}
    sums |= {f"ndcg@{k}": sum(1 / math.log2(place + 1) for place in chosen if place <= k) for k in ks}
    return {"samples": len(chosen)} | {name: total / len(chosen) for name, total in sums.items() if chosen}


samples = st.lists(
    st.tuples(st.integers(2, 120).map(lambda half: half / 2), st.booleans(), st.booleans(), st.integers(0, 4)),
    min_size=0,
    max_size=30,
)


@settings(deadline=None)
@given(samples)
def test_every_subset_agrees_with_a_plain_loop(rows: list[tuple[float, bool, bool, int]]) -> None:
    places, recommender, novel, dialogues = ([row[i] for row in rows] for i in range(4))
    table = recall_table(
        torch.tensor(places),
        torch.tensor(recommender, dtype=torch.bool),
        torch.tensor(novel, dtype=torch.bool),
        [f"d{dialogue}" for dialogue in dialogues],
        resamples=20,
    )
    assert list(table) == SUBSETS
    for subset, row in table.items():
        expected = loop_table(places, recommender, novel, subset, (1, 10, 50))  # type: ignore[arg-type]
        assert row["samples"] == expected.pop("samples")
        names = [f"{metric}@{k}" for metric in ("recall", "mrr", "ndcg") for k in (1, 10, 50)]
        values = {name: row[name]["value"] for name in names}
        if row["samples"]:
            assert values == pytest.approx(expected)
        else:
            assert set(values.values()) == {None}


def test_an_empty_subset_has_no_values() -> None:
    table = recall_table(torch.tensor([1.0]), torch.tensor([False]), torch.tensor([True]), ["a"])
    assert table["recommender/all_targets"]["samples"] == 0
    assert table["recommender/all_targets"]["recall@10"] == {"value": None, "low": None, "high": None}


def test_intervals_agree_with_a_bootstrap_in_a_loop() -> None:
    generator = random.Random(1)
    dialogues = [f"d{generator.randrange(40)}" for _ in range(200)]
    places = [float(generator.choice([1, 5, 30, 200])) for _ in dialogues]
    yes = torch.ones(200, dtype=torch.bool)
    found = recall_table(torch.tensor(places), yes, yes, dialogues, resamples=4000)["all_roles/all_targets"][
        "recall@10"
    ]

    hits: dict[str, list[bool]] = {}
    for dialogue, place in zip(dialogues, places, strict=True):
        hits.setdefault(dialogue, []).append(place <= 10)
    means = []
    for _ in range(4000):
        drawn = [hit for name in generator.choices(sorted(hits), k=len(hits)) for hit in hits[name]]
        means.append(sum(drawn) / len(drawn))
    means.sort()
    assert found["low"] == pytest.approx(means[100], abs=0.01)
    assert found["high"] == pytest.approx(means[-101], abs=0.01)


def test_samples_of_one_dialogue_are_drawn_together() -> None:
    yes = torch.ones(100, dtype=torch.bool)
    places = torch.tensor([1.0] * 50 + [99.0] * 50)
    apart = recall_table(places, yes, yes, torch.arange(100))["all_roles/all_targets"]["recall@1"]
    together = recall_table(places, yes, yes, torch.arange(100) // 50)["all_roles/all_targets"]["recall@1"]
    assert apart["value"] == together["value"] == 0.5
    assert (together["low"], together["high"]) == (0.0, 1.0)
    assert 0.3 < apart["low"] < 0.5 < apart["high"] < 0.7


def test_the_same_seed_gives_the_same_intervals() -> None:
    yes = torch.ones(30, dtype=torch.bool)
    places = torch.arange(1.0, 31.0)
    ids = [str(i % 7) for i in range(30)]
    assert recall_table(places, yes, yes, ids, seed=3) == recall_table(places, yes, yes, ids, seed=3)
    assert recall_table(places, yes, yes, ids, seed=3) != recall_table(places, yes, yes, ids, seed=4)


def test_lengths_must_agree() -> None:
    yes = torch.ones(2, dtype=torch.bool)
    with pytest.raises(ValueError, match="one value a sample"):
        recall_table(torch.tensor([1.0, 2.0]), yes, yes, ["a"])
