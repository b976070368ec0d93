"""Whether a score means what it says: of all links with a score of 0.8, eight in ten should be right.

Notable here:
- all is computed from sums a bin (links, scores, right links), which add up over messages and so can be resampled;
- in bins of equal count, equal scores stay together, so the order of the links does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

BINS = 10


@dataclass(frozen=True)
class Bin:
    """Links of like score: the least and the highest score, how many they are, their mean score, the share right."""

    low: float
    high: float
    links: int
    mean_score: float
    share_right: float


def equal_width_bins(scores: npt.ArrayLike, bins: int = BINS) -> Integers:
    """Return the bin of each score, all bins being equally wide.

    Args:
        scores: float [n], in [0, 1].
        bins: how many.
    """
    return np.minimum(np.asarray(scores, dtype=np.float64) * bins, bins - 1).astype(np.int64)


def equal_count_bins(scores: npt.ArrayLike, bins: int = BINS) -> Integers:
    """Return the bin of each score, all bins being equally full as far as equal scores allow.

    Args:
        scores: float [n].
        bins: how many at most.
    """
    values = np.asarray(scores, dtype=np.float64)
    rank = np.searchsorted(np.sort(values), values, side="left")
    return (rank * bins // max(len(values), 1)).astype(np.int64)


def bin_sums(
    bin_of: Integers, scores: npt.ArrayLike, right: npt.ArrayLike, group: Integers, groups: int, bins: int = BINS
) -> Floats:
    """Sum links, scores and right links in each bin of each group (a message): float64 [groups, bins, 3].

    Args:
        bin_of: bin of each link, int [n].
        scores: float [n].
        right: whether each link is right, bool [n].
        group: group of each link, int [n].
        groups: how many groups.
        bins: how many bins.
    """
    sums = np.zeros((groups, bins, 3))
    each = np.stack([np.ones(len(bin_of)), np.asarray(scores, np.float64), np.asarray(right, np.float64)], axis=-1)
    np.add.at(sums, (group, bin_of), each)
    return sums


def expected_calibration_error(sums: npt.ArrayLike) -> Any:
    """Return the mean over links of the distance between their bin's mean score and share right; 0 without links.

    Source: Guo et al., On Calibration of Modern Neural Networks (ICML 2017), equation 3.

    Args:
        sums: links, scores and right links, float [..., bins, 3].

    Returns:
        float [...].
    """
    links, scores, right = np.moveaxis(np.asarray(sums, dtype=np.float64), -1, 0)
    return np.abs(scores - right).sum(axis=-1) / np.maximum(links.sum(axis=-1), 1)


def reliability(bin_of: Integers, scores: npt.ArrayLike, right: npt.ArrayLike) -> tuple[Bin, ...]:
    """Return the bins that hold links, from the lowest score to the highest; arguments as in `bin_sums`."""
    values, hits = np.asarray(scores, dtype=np.float64), np.asarray(right, dtype=np.float64)
    return tuple(_describe(values[bin_of == number], hits[bin_of == number]) for number in np.unique(bin_of))


def _describe(scores: Floats, right: Floats) -> Bin:
    return Bin(float(scores.min()), float(scores.max()), len(scores), float(scores.mean()), float(right.mean()))
