"""Where triples come from: the questions that building a graph asks, and their answer from dump files.

Notable here:
- `TripleSource` is all that the stage knows of a source; a dump and an endpoint answer the same questions with the same
  frames;
- a dump is read once; its terms are spilled in their written form, one set of files a kind of fact, and each question
  is a semi-join over them, never a dictionary of the dump; only what a question finds is decoded.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self

import polars as pl

from kgprep.counts import Count
from kgprep.kg.dumps import LineReport, read_dump
from kgprep.kg.escapes import decode_backslashes
from kgprep.kg.label_keys import CHARACTERS_READ, Beginnings, label_keys
from kgprep.kg.languages import primary_subtags
from kgprep.kg.names import label_from_iri, loose_key
from kgprep.kg.ntriples import CutBlock, read_terms
from kgprep.kg.spill import Spill, full_terms, short_terms
from kgprep.kg.vocabulary import FACTS, fact_of_predicate, sound_fact
from kgprep.progress import progress

FACT_SCHEMA = pl.Schema({"subject": pl.String, "predicate": pl.String, "object": pl.String, "lang": pl.String})
End = Literal["subject", "object"]
_ENDS = pl.col("subject", "object")
_TAG_CHARACTERS = 40


class TripleSource(Protocol):
    """The questions asked of a source; every answer is a frame of `FACT_SCHEMA`, in no given order."""

    def facts(self, fact: str, end: End, terms: pl.Series) -> pl.DataFrame:
        """Return the triples that state `fact` (one of `FACTS`) and whose `end` is one of `terms`."""
        ...

    def titled(self, fact: str, items: pl.DataFrame) -> pl.DataFrame:
        """Return the triples of `fact` (label or redirect) whose subject may be called as one of the items is.

        Args:
            fact: ``label`` asks for the label, ``redirect`` for the redirect's own name.
            items: name, year.
        """
        ...

    def report(self) -> tuple[tuple[Count, ...], tuple[str, ...]]:
        """Return what was read and skipped, and the places of the first few skipped lines."""
        ...


@dataclass
class DumpSource:
    """Dump files, parsed once into a temporary folder; a context manager that removes the folder.

    Args:
        paths: dump files, in any order.
        languages: texts (abstracts, comments) in other languages are left out.
        strict: whether a line that is not N-Triples is an error.
        folder: where to spill; the system's temporary folder by default.
    """

    paths: Sequence[Path]
    languages: Sequence[str]
    strict: bool = False
    folder: Path | None = None
    _reports: dict[Path, LineReport] = field(default_factory=dict)

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._spill = stack.enter_context(Spill(self.folder))
            self._read()
            self._open = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def facts(self, fact: str, end: End, terms: pl.Series) -> pl.DataFrame:
        """Return the triples that state `fact` and whose `end` is one of `terms`."""
        if terms.is_empty() or not self._spill.rows.get(fact):
            return pl.DataFrame(schema=FACT_SCHEMA)
        wanted = terms.unique()
        if fact == "imdb_id" and end == "object":
            return self._found(fact, pl.col(end).str.extract('^"([^"]*)"'), wanted)
        written = pl.lit("<") + pl.col(wanted.name) + pl.lit(">")
        return self._found(fact, pl.col(end), wanted.to_frame().select(short_terms(written)).to_series())

    def titled(self, fact: str, items: pl.DataFrame) -> pl.DataFrame:
        """Return the labels or redirects whose title is, read loosely, that of one of the items."""
        wanted = items.select(loose_key(pl.col("name"))).to_series().unique()
        beginnings = Beginnings.of(wanted)
        named, keys = ("subject", _keys_of_pages) if fact == "redirect" else ("object", _keys_of_literals)

        def titled(file: Path) -> pl.DataFrame:
            # Keys are made outside the query: a query inside another can leave both waiting for a thread.
            terms = pl.read_parquet(file, glob=False)
            return _meant(terms.filter(keys(terms[named], beginnings).is_in(wanted.implode())))

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return pl.concat([pl.DataFrame(schema=FACT_SCHEMA), *pool.map(titled, self._spill.files(fact))])

    def report(self) -> tuple[tuple[Count, ...], tuple[str, ...]]:
        """Return how many lines were triples and how many triples are of use, by kind of fact."""
        reports = list(self._reports.values())
        triples = sum(report.triples for report in reports)
        counts = [Count("lines of the dumps that are triples", triples, triples + sum(r.malformed for r in reports))]
        counts += [Count(f"triples read as {fact}", self._spill.rows.get(fact, 0), triples) for fact in FACTS]
        counts.append(Count("triples of no use to a graph", triples - sum(self._spill.rows.values()), triples))
        return tuple(counts), tuple(place for report in reports for place in report.places)

    def _found(self, fact: str, key: pl.Expr, wanted: pl.Series) -> pl.DataFrame:
        """Keep the terms whose key is wanted, and tell what they mean."""
        # A filter, unlike a join, is pushed down: of rows that are not wanted only the key is read.
        terms = pl.scan_parquet(self._spill.files(fact), glob=False).filter(key.is_in(wanted.implode()))
        return _meant(terms.collect(engine="streaming"))

    def _read(self) -> None:
        with progress("reading dumps", len(self.paths)) as bar:
            for path in self.paths:
                report = self._reports.setdefault(path, LineReport())
                for parts in read_dump(path, self._of_use, report, strict=self.strict):
                    self._spill.add(parts)
                bar.advance()

    def _of_use(self, block: CutBlock) -> dict[str, pl.DataFrame]:
        """Part the terms of a block by the fact they state, without those of no use."""
        stating: dict[str, list[str]] = {}
        # Distinct ones: a block has few, and what each states is remembered.
        for predicate in block.predicates.to_list():
            if fact := fact_of_predicate(predicate.strip("<>")):
                stating.setdefault(fact, []).append(predicate)
        parts = {}
        for fact, predicates in stating.items():
            of_fact = block.terms
            if len(predicates) < len(block.predicates):
                of_fact = of_fact.filter(pl.col("predicate").is_in(predicates))
            sound = of_fact if block.is_plain and fact != "same_as" else of_fact.filter(self._is_sound(fact))
            parts[fact] = sound.with_columns(short_terms(_ENDS))
        return parts

    def _is_sound(self, fact: str) -> pl.Expr:
        if fact == "text":
            language = pl.col("object").str.tail(_TAG_CHARACTERS).str.extract("@([A-Za-z]+)(?:-[A-Za-z0-9]+)*$")
            is_wanted = language.str.to_lowercase().is_in(primary_subtags(self.languages))
            return pl.col("subject").str.starts_with("<") & (language.is_null() | is_wanted)
        subject_is_iri, object_is_iri = (pl.col(end).str.starts_with("<") for end in ("subject", "object"))
        return sound_fact(pl.lit(fact), subject_is_iri, object_is_iri, pl.col("object"), start="<").is_not_null()


def _meant(terms: pl.DataFrame) -> pl.DataFrame:
    """Tell what terms of the spill mean (`FACT_SCHEMA`)."""
    triples = read_terms(terms.with_columns(_ENDS.pipe(full_terms)))
    # Language tags have no case.
    return triples.with_columns(pl.col("lang").str.to_lowercase()).select(FACT_SCHEMA.names())


def _keys_of_literals(terms: pl.Series, beginnings: Beginnings) -> pl.Series:
    """Return the keys of labels still in quotes, null where no wanted key begins so."""
    return _keys(terms, beginnings.may_begin(terms.str.slice(1, CHARACTERS_READ)), _text_of_literals)


def _text_of_literals(terms: pl.Series) -> pl.Series:
    """Return the text between the quotes; the commonest form, English without escapes, is freed without a pattern."""
    text = terms.str.strip_prefix('"').str.strip_suffix("@en").str.strip_suffix('"')
    others = (text.str.contains('"', literal=True) | text.str.contains("\\", literal=True)).arg_true()
    if others.is_empty():
        return text
    inner = terms.gather(others).str.extract(r'^"((?:[^"\\]|\\.)*)"').fill_null("")
    return text.scatter(others, decode_backslashes(inner))


def _keys_of_pages(terms: pl.Series, beginnings: Beginnings) -> pl.Series:
    """Return the keys of pages' names, null where no wanted key begins so."""
    start = terms.str.slice(0, CHARACTERS_READ)
    return _keys(terms, beginnings.may_begin(start.str.replace_all("_", " ", literal=True)), _name_of_pages)


def _name_of_pages(terms: pl.Series) -> pl.Series:
    full = terms.to_frame("term").select(full_terms(pl.col("term")).str.strip_chars("<>"))
    return label_from_iri(full["term"])


def _keys(terms: pl.Series, may_fit: pl.Series, read: Callable[[pl.Series], pl.Series]) -> pl.Series:
    places = may_fit.arg_true()
    keys = pl.Series(terms.name, [None], dtype=pl.String).new_from_index(0, len(terms))
    return keys.scatter(places, label_keys(read(terms.gather(places)))) if len(places) else keys
