"""How varied generated responses are, and how close to the reference ones.

Notable here:
- four different "Distinct-n" circulate, ten times apart; ours are two, and each name says its denominator;
- n-grams are counted over tokens and never across the boundary of a sentence;
- BLEU is unsmoothed: one order without a match makes it 0, as in the paper.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

Sentence = Sequence[str]


def ngrams(sentence: Sentence, n: int) -> list[tuple[str, ...]]:
    """Return the n-grams of one sentence in order, none where it is shorter than `n` tokens."""
    return list(zip(*(sentence[start:] for start in range(n)), strict=False))


def distinct_pooled(tokens: Sequence[Sentence], n: int) -> float:
    """Return the share of different n-grams among all n-grams of the corpus, in [0, 1]; 0 where there is none.

    Args:
        tokens: the tokens of each sentence.
        n: length of the n-grams, at least 1.

    Source: Li et al. 2016, "A Diversity-Promoting Objective Function for Neural Conversation Models", section 5.
    """
    counts = _pooled_counts(tokens, n)
    return len(counts) / counts.total() if counts else 0.0


def distinct_per_sentence(tokens: Sequence[Sentence], n: int) -> float:
    """Return the number of different n-grams of the corpus over the number of sentences; it may exceed 1.

    Args:
        tokens: the tokens of each sentence; an empty sentence counts as a sentence.
        n: length of the n-grams, at least 1.
    """
    return len(_pooled_counts(tokens, n)) / len(tokens) if tokens else 0.0


def bleu(candidates: Sequence[Sentence], references: Sequence[Sentence], n: int = 4) -> float:
    """Return corpus BLEU-n in [0, 1]: clipped precisions of orders 1..n, geometric mean, brevity penalty.

    Args:
        candidates: the tokens of each generated sentence.
        references: the tokens of the one reference of each.
        n: highest order; all orders weigh the same.

    Raises:
        ValueError: the two differ in length.

    Source: Papineni et al. 2002, "BLEU: a Method for Automatic Evaluation of Machine Translation", section 2.3.
    """
    pairs = list(zip(candidates, references, strict=True))
    precisions = [_clipped_precision(pairs, order) for order in range(1, n + 1)]
    if not all(precisions):
        return 0.0
    logs = sum(math.log(precision) for precision in precisions)
    return _brevity_penalty(pairs) * math.exp(logs / n)


def _pooled_counts(tokens: Sequence[Sentence], n: int) -> Counter[tuple[str, ...]]:
    counts: Counter[tuple[str, ...]] = Counter()
    for sentence in tokens:
        counts.update(ngrams(sentence, n))
    return counts


def _clipped_precision(pairs: Sequence[tuple[Sentence, Sentence]], n: int) -> float:
    """Return the share of the candidates' n-grams that stand in their reference, each as often as there at most."""
    matched = total = 0
    for candidate, reference in pairs:
        found = Counter(ngrams(candidate, n))
        matched += (found & Counter(ngrams(reference, n))).total()
        total += found.total()
    return matched / total if total else 0.0


def _brevity_penalty(pairs: Sequence[tuple[Sentence, Sentence]]) -> float:
    """Return 1 for candidates longer than their references in sum, else exp(1 - references / candidates)."""
    candidate_length = sum(len(candidate) for candidate, _ in pairs)
    reference_length = sum(len(reference) for _, reference in pairs)
    return min(1.0, math.exp(1.0 - reference_length / candidate_length))
