"""Calibration: a softmax that has learnt too well is too sure of its first items; a temperature takes it back.

Notable here: the ranking among items stays; what moves is how they stand to items that were named before.

Source: Guo et al., On Calibration of Modern Neural Networks, ICML 2017, section 4.2.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

STEP = 0.1
HIGHEST = 4.0


def calibrate(temperature: Tensor, likelihood: Callable[[], float]) -> None:
    """Raise a temperature from where it is, step by step, as long as held-out targets become likelier.

    Args:
        temperature: one number, changed in place.
        likelihood: the mean log chance of held-out targets at the temperature as it then is.
    """
    best = likelihood()
    while temperature < HIGHEST:
        before = temperature.clone()
        temperature += STEP
        found = likelihood()
        if not found > best:
            temperature.copy_(before)
            return
        best = found
