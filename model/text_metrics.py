"""How varied generated responses are, and how close to the reference ones.

Notable here:
- four different "Distinct-n" circulate, ten times apart; ours are two, and each name says its denominator;
- n-grams are counted over tokens and never across the boundary of a sentence;
- BLEU is sacrebleu's, on our tokens and unsmoothed: one order without a match makes it 0, as in the paper.
"""

from __future__ import annotations

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
    """Return corpus BLEU-n in [0, 1] as sacrebleu counts it on given tokens, without smoothing.

    Args:
        candidates: the tokens of each generated sentence.
        references: the tokens of the one reference of each.
        n: highest order; all orders weigh the same.

    Raises:
        ValueError: the two differ in length.

    Source: Post 2018, "A Call for Clarity in Reporting BLEU Scores".
    """
    from sacrebleu.metrics.bleu import BLEU

    if len(candidates) != len(references):
        raise ValueError("every candidate needs one reference")
    if not candidates:
        return 0.0
    scorer = BLEU(max_ngram_order=n, tokenize="none", smooth_method="none", force=True)
    said, wanted = ([" ".join(sentence) for sentence in sentences] for sentences in (candidates, references))
    return float(scorer.corpus_score(said, [wanted]).score) / 100


def _pooled_counts(tokens: Sequence[Sentence], n: int) -> Counter[tuple[str, ...]]:
    counts: Counter[tuple[str, ...]] = Counter()
    for sentence in tokens:
        counts.update(ngrams(sentence, n))
    return counts
