"""A generative grammar for short utterances.

A rule is a tuple of alternatives. In an alternative ``[name]`` is replaced by an expansion of the rule `name`, and
``{slot}`` by what the caller gives. Alternatives are parsed once, so that a million utterances take seconds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

_PIECE = re.compile(r"\[(?P<rule>\w+)\]|\{(?P<slot>\w+)\}")


@dataclass(frozen=True)
class _Piece:
    text: str
    rule: str | None = None
    slot: str | None = None


def _parse(alternative: str) -> tuple[_Piece, ...]:
    pieces: list[_Piece] = []
    position = 0
    for match in _PIECE.finditer(alternative):
        if match.start() > position:
            pieces.append(_Piece(alternative[position : match.start()]))
        pieces.append(_Piece("", match["rule"], match["slot"]))
        position = match.end()
    if position < len(alternative):
        pieces.append(_Piece(alternative[position:]))
    return tuple(pieces)


class Grammar:
    """Rules that expand to text.

    Args:
        rules: alternatives of each rule.

    Raises:
        ValueError: an alternative refers to a rule that does not exist.
    """

    def __init__(self, rules: Mapping[str, tuple[str, ...]]) -> None:
        self._rules = {name: tuple(map(_parse, alternatives)) for name, alternatives in rules.items()}
        referred = {piece.rule for rule in self._rules.values() for pieces in rule for piece in pieces if piece.rule}
        unknown = sorted(referred - self._rules.keys())
        if unknown:
            raise ValueError(f"no rule named {', '.join(unknown)}")

    def __contains__(self, name: object) -> bool:
        return name in self._rules

    def expand(self, name: str, random: Random, slots: Mapping[str, str]) -> str:
        """Return one expansion of the rule `name`, its slots filled from `slots`."""
        alternatives = self._rules[name]
        parts: list[str] = []
        for piece in alternatives[int(random.random() * len(alternatives))]:
            if piece.rule is not None:
                parts.append(self.expand(piece.rule, random, slots))
            elif piece.slot is not None:
                parts.append(slots[piece.slot])
            else:
                parts.append(piece.text)
        return "".join(parts)
