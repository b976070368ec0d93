from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.text_metrics import bleu, distinct_per_sentence, distinct_pooled, ngrams

sentences = st.lists(st.lists(st.sampled_from("abcd"), max_size=7), max_size=6)


def loop_ngrams(sentence: list[str], n: int) -> list[str]:
    return ["".join(sentence[i : i + n]) for i in range(len(sentence)) if i + n <= len(sentence)]


@given(sentences, st.integers(1, 4))
def test_distinct_agrees_with_its_definition(tokens: list[list[str]], n: int) -> None:
    pooled = [gram for sentence in tokens for gram in loop_ngrams(sentence, n)]
    assert distinct_pooled(tokens, n) == (len(set(pooled)) / len(pooled) if pooled else 0)
    assert distinct_per_sentence(tokens, n) == (len(set(pooled)) / len(tokens) if tokens else 0)


def test_the_two_distincts_differ_as_their_names_say() -> None:
    tokens = [["i", "like", "it"], ["i", "like", "her"]]
    assert distinct_pooled(tokens, 1) == 4 / 6
    assert distinct_per_sentence(tokens, 1) == 4 / 2
    assert distinct_pooled(tokens, 2) == 3 / 4


def test_ngrams_stay_within_the_sentence() -> None:
    assert ngrams(["a", "b", "c"], 2) == [("a", "b"), ("b", "c")]
    assert ngrams(["a"], 2) == []


def loop_bleu(candidates: list[list[str]], references: list[list[str]], n: int) -> float:
    product = 1.0
    for order in range(1, n + 1):
        matched = total = 0
        for candidate, reference in zip(candidates, references, strict=True):
            left = loop_ngrams(reference, order)
            for gram in loop_ngrams(candidate, order):
                total += 1
                if gram in left:
                    left.remove(gram)
                    matched += 1
        if not matched:
            return 0.0
        product *= matched / total
    length = sum(map(len, candidates))
    wanted = sum(map(len, references))
    penalty = 1.0 if length > wanted else math.exp(1 - wanted / length)
    return float(penalty * product ** (1 / n))


@settings(deadline=None)
@given(
    st.lists(st.tuples(*[st.lists(st.sampled_from("ab"), max_size=8)] * 2), min_size=1, max_size=5), st.integers(1, 4)
)
def test_bleu_agrees_with_a_plain_loop(pairs: list[tuple[list[str], list[str]]], n: int) -> None:
    candidates, references = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    assert bleu(candidates, references, n) == pytest.approx(loop_bleu(candidates, references, n))


def test_bleu_of_the_papers_examples() -> None:
    seven_thes, reference = ["the"] * 7, ["the", "cat", "is", "on", "the", "mat"]
    assert bleu([seven_thes], [reference], 1) == pytest.approx(2 / 7)
    assert bleu([reference], [reference]) == pytest.approx(1.0)


def test_bleu_punishes_a_short_candidate_once() -> None:
    reference = list("abcdefgh")
    assert bleu([reference[:4]], [reference], 4) == pytest.approx(math.exp(-1))


def test_bleu_needs_one_reference_a_candidate() -> None:
    with pytest.raises(ValueError, match="one reference"):
        bleu([["a"]], [], 1)
