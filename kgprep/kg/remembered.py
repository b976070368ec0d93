"""A source that asks no question twice: what several hops and tables share is read once."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from kgprep.counts import Count
from kgprep.kg.source import FACT_SCHEMA, End, TripleSource


@dataclass
class RememberedSource:
    """Another source, of which only unanswered questions are asked.

    Args:
        source: to ask.
    """

    source: TripleSource
    _asked: dict[tuple[str, End], pl.DataFrame] = field(default_factory=dict)
    _answers: dict[tuple[str, End], pl.DataFrame] = field(default_factory=dict)

    def facts(self, fact: str, end: End, terms: pl.Series) -> pl.DataFrame:
        """Return the triples that state `fact` and whose `end` is one of `terms`."""
        question = fact, end
        asked = self._asked.get(question, pl.DataFrame(schema={end: pl.String}))
        wanted = terms.drop_nulls().unique().alias(end).to_frame()
        unasked = wanted.join(asked, on=end, how="anti")
        if not unasked.is_empty():
            self._asked[question] = pl.concat([asked, unasked])
            known = self._answers.get(question, pl.DataFrame(schema=FACT_SCHEMA))
            self._answers[question] = pl.concat([known, self.source.facts(fact, end, unasked[end])])
        answers = self._answers.get(question)
        return pl.DataFrame(schema=FACT_SCHEMA) if answers is None else answers.join(wanted, on=end, how="semi")

    def titled(self, fact: str, items: pl.DataFrame) -> pl.DataFrame:
        """Return the triples of `fact` whose subject may be called as one of the items is; asked once for all."""
        return self.source.titled(fact, items)

    def report(self) -> tuple[tuple[Count, ...], tuple[str, ...]]:
        """Return what the source was asked and read."""
        return self.source.report()
