"""A SPARQL endpoint as source of triples: the same questions as those to a dump, asked over HTTP.

Notable here:
- terms are asked for in batches (VALUES); a batch that the endpoint refuses as too long or too slow is halved;
- endpoints cut pages silently, so each answer is paged until a page is empty, or smaller than one that came before;
- answers are kept in a file while a build runs, so a build that broke off goes on where it stopped: batches depend on
  the terms alone, and the same questions are asked again;
- the titles of a small endpoint are all read and compared loosely; a larger one, which cannot compare them so, is asked
  for the exact spellings of `kgprep.kg.title_forms`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import polars as pl

from kgprep.counts import Count
from kgprep.errors import KgprepError
from kgprep.kg.label_keys import label_keys
from kgprep.kg.languages import primary_subtags
from kgprep.kg.names import label_from_iri, loose_key
from kgprep.kg.source import FACT_SCHEMA, End
from kgprep.kg.sparql import RefusedError, SparqlClient
from kgprep.kg.title_forms import page_names, title_forms
from kgprep.kg.vocabulary import (
    ABSOLUTE_IRI,
    FACT_OF_PREDICATE,
    NO_EDGE,
    WIKIDATA_ENTITY,
    facts_of_triples,
)

_XSD = "http://www.w3.org/2001/XMLSchema#"
_ID_FORMS = ("", f"^^<{_XSD}string>", f"^^<{_XSD}integer>", "@en")
_RESULT_SCHEMA = pl.Schema([*FACT_SCHEMA.items(), ("is_iri", pl.Boolean()), ("is_blank", pl.Boolean())])
_COLUMNS = "?subject ?predicate ?object (LANG(?object) AS ?lang)"
_ORDER = "ORDER BY ?subject ?predicate ?object ?lang"
_NO_LIMIT = 2**62


@dataclass
class EndpointSource:
    """A SPARQL 1.1 endpoint; a context manager that closes its connections.

    Args:
        url: of the endpoint.
        languages: of labels that are looked up and of texts.
        cache: SQLite file where answers are kept until the build is through; none are kept without it.
        batch_terms: terms a query asks for.
        batch_titles: titles a query asks for; most are not there, so their answers are short.
        most_titles: an endpoint with at most so many labels, or redirects, is asked for all of them.
        page_rows: rows a page asks for.
        retries: of a failed request.
        backoff_seconds: the first pause between retries, doubled each time.
    """

    url: str
    languages: Sequence[str]
    cache: Path | None = None
    batch_terms: int = 200
    batch_titles: int = 1_000
    most_titles: int = 200_000
    page_rows: int = 10_000
    retries: int = 5
    backoff_seconds: float = 1.0
    _rows: int = 0
    _fullest_page: int = 0
    _too_long: int = _NO_LIMIT
    _client: SparqlClient = field(init=False)

    def __enter__(self) -> Self:
        self._client = SparqlClient(self.url, self.cache, self.retries, self.backoff_seconds)
        self._client.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def facts(self, fact: str, end: End, terms: pl.Series) -> pl.DataFrame:
        """Return the triples that state `fact` and whose `end` is one of `terms`."""
        written = _literals(terms, _ID_FORMS) if fact == "imdb_id" and end == "object" else _iris(terms)
        found = self._select(written, end, self._pattern(fact), self.batch_terms)
        return found.filter(facts_of_triples(found) == fact).select(FACT_SCHEMA.names())

    def titled(self, fact: str, items: pl.DataFrame) -> pl.DataFrame:
        """Return the labels, or redirects, whose title is that of one of the items.

        A small endpoint is asked for all and its titles are compared loosely, as a dump's are. From a larger one a
        page is found if its label, or for a redirect the end of its DBpedia IRI, is one of
        `kgprep.kg.title_forms.title_forms` letter by letter. So accents, punctuation, spellings of numbers inside a
        title, rarer qualifiers ("(1998 Tamil film)") and labels in further languages are not found there; a page that
        a redirect, a disambiguation page or an IMDb id leads to is.
        """
        if self._holds_few(fact):
            return self._titled_among(self._everything(fact), fact, items)
        forms = title_forms(items)
        if fact == "label":
            known = dict.fromkeys([*self.languages, *primary_subtags(self.languages)])
            tags = ["", *(f"@{language}" for language in known)]
            return self._titled(_literals(forms, tags), "object", fact)
        return self._titled(_pages_of(forms, self.languages), "subject", fact)

    def report(self) -> tuple[tuple[Count, ...], tuple[str, ...]]:
        """Return how often the endpoint was asked until now, what was kept from before, and how many rows it gave."""
        counts = {
            "requests to the endpoint": self._client.sent,
            "requests that were tried again": self._client.repeated,
            "answers taken from before the build broke off": self._client.taken,
            "rows the endpoint gave": self._rows,
        }
        return tuple(Count(name, count) for name, count in counts.items()), ()

    def _titled(self, written: pl.Series, variable: str, fact: str) -> pl.DataFrame:
        found = self._select(written, variable, self._pattern(fact), self.batch_titles)
        return found.filter(facts_of_triples(found) == fact).select(FACT_SCHEMA.names())

    def _holds_few(self, fact: str) -> bool:
        try:
            counted = self._client.ask(f"SELECT (COUNT(*) AS ?count) WHERE {{ {self._pattern(fact)} }}")
        except RefusedError:
            return False
        try:
            return int(counted.bindings[0]["count"]["value"]) <= self.most_titles
        except (IndexError, KeyError, ValueError):
            # A number that cannot be read may be any.
            return False

    def _everything(self, fact: str) -> pl.DataFrame:
        asked = f"SELECT DISTINCT {_COLUMNS} WHERE {{ {self._pattern(fact)} }} {_ORDER}"
        return _together(self._pages(asked))

    def _titled_among(self, found: pl.DataFrame, fact: str, items: pl.DataFrame) -> pl.DataFrame:
        keys = label_keys(label_from_iri(found["subject"]) if fact == "redirect" else found["object"])
        wanted = items.select(loose_key(pl.col("name"))).to_series().unique()
        return found.filter(keys.is_in(wanted.implode()) & (facts_of_triples(found) == fact)).select(
            FACT_SCHEMA.names()
        )

    def _pattern(self, fact: str) -> str:
        """Return the graph pattern of a fact; what it lets through is told apart by `facts_of_triples` afterwards."""
        predicates = [f"<{iri}>" for iri, meaning in FACT_OF_PREDICATE.items() if meaning == fact]
        anything = "?subject ?predicate ?object ."
        if not predicates:
            unwanted = " || ".join(f'STRSTARTS(STR(?predicate), "{prefix}")' for prefix in NO_EDGE)
            return f"{anything} FILTER(isIRI(?object)) FILTER(!({unwanted}))"
        # Planners look up a predicate that stands in the pattern; one from VALUES makes some read every triple.
        pattern = f"{anything} FILTER(?predicate IN ({', '.join(predicates)}))"
        if len(predicates) == 1:
            pattern = f"?subject {predicates[0]} ?object . BIND({predicates[0]} AS ?predicate)"
        if fact == "text":
            languages = sorted(primary_subtags(self.languages))
            wanted = ['LANG(?object) = ""', *(f'LANGMATCHES(LANG(?object), "{language}")' for language in languages)]
            return f"{pattern} FILTER({' || '.join(wanted)})"
        if fact == "same_as":
            return f'{pattern} FILTER(STRSTARTS(STR(?object), "{WIKIDATA_ENTITY}"))'
        return pattern

    def _select(self, written: pl.Series, variable: str, pattern: str, batch: int) -> pl.DataFrame:
        def query(terms: Sequence[str]) -> str:
            values = f"VALUES ?{variable} {{ {' '.join(terms)} }}"
            return f"SELECT DISTINCT {_COLUMNS} WHERE {{ {values} {pattern} }} {_ORDER}"

        batches = (written.slice(start, batch).to_list() for start in range(0, written.len(), batch))
        return _together(page for terms in batches for page in self._answers(terms, query))

    def _answers(self, terms: Sequence[str], query: Callable[[Sequence[str]], str]) -> list[pl.DataFrame]:
        """Ask for terms, for half of them at a time where the endpoint refuses all at once."""
        asked = query(terms)
        is_single = len(terms) == 1
        if is_single or len(asked) < self._too_long:
            try:
                return list(self._pages(asked))
            except RefusedError as error:
                if is_single and error.sorts_too_much:
                    return list(self._pages(_sorted_inside(asked)))
                if is_single or not error.asks_less:
                    raise
                if error.is_length:
                    self._too_long = min(self._too_long, len(asked))
        middle = len(terms) // 2
        return [*self._answers(terms[:middle], query), *self._answers(terms[middle:], query)]

    def _pages(self, query: str) -> Iterator[pl.DataFrame]:
        offset = 0
        before: list[dict[str, Any]] = []
        while True:
            answer = self._client.ask(f"{query} LIMIT {self.page_rows} OFFSET {offset}")
            rows = len(answer.bindings)
            # Rows are distinct, so an endpoint that gives them twice does not turn pages.
            if rows and answer.bindings == before:
                raise KgprepError(f"{self.url} gives one page again for the next (OFFSET): use another, or a dump")
            before = answer.bindings
            self._rows += rows
            offset += rows
            if rows:
                yield _frame(answer.bindings)
            # A page that is no part and smaller than one before was not cut at the endpoint's limit.
            if not rows or (rows < self._fullest_page and not answer.is_part):
                return
            self._fullest_page = max(self._fullest_page, rows)


def _together(pages: Iterable[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat([pl.DataFrame(schema=_RESULT_SCHEMA), *pages]).filter(~pl.col("is_blank")).unique()


def _sorted_inside(query: str) -> str:
    """Sort in a subquery, which Virtuoso does without the limit that it has for sorted results."""
    return f"SELECT ?subject ?predicate ?object ?lang WHERE {{ {{ {query} }} }}"


def _frame(bindings: list[dict[str, Any]]) -> pl.DataFrame:
    """Bring SPARQL JSON results (W3C SPARQL 1.1 Query Results JSON Format, section 3.2) to a frame."""
    term = pl.Struct({"type": pl.String, "value": pl.String, "xml:lang": pl.String})
    schema = {"subject": term, "predicate": term, "object": term}
    results = pl.DataFrame(bindings, schema=schema, strict=False)
    value = [pl.col(name).struct.field("value").alias(name) for name in schema]
    kind = pl.col("object").struct.field("type")
    is_blank = (kind == "bnode") | (pl.col("subject").struct.field("type") == "bnode")
    return results.select(
        *value,
        # Language tags have no case.
        pl.col("object").struct.field("xml:lang").str.to_lowercase().alias("lang"),
        (kind == "uri").alias("is_iri"),
        is_blank.alias("is_blank"),
    ).drop_nulls(["subject", "predicate", "object"])


def _iris(terms: pl.Series) -> pl.Series:
    valid = terms.drop_nulls().unique().sort().alias("iri").to_frame().filter(pl.col("iri").str.contains(ABSOLUTE_IRI))
    return valid.select(pl.format("<{}>", "iri")).to_series()


def _literals(terms: pl.Series, endings: Sequence[str]) -> pl.Series:
    """Write texts as literals, each with every ending: a language tag, a datatype or nothing."""
    text = pl.col("text")
    for mark, escape in {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"}.items():
        text = text.str.replace_all(mark, escape, literal=True)
    unique = terms.drop_nulls().unique().sort().alias("text").to_frame()
    tagged = [unique.select(pl.concat_str(pl.lit('"'), text, pl.lit(f'"{ending}'))) for ending in endings]
    return pl.concat(frame.to_series() for frame in tagged)


def _pages_of(titles: pl.Series, languages: Sequence[str]) -> pl.Series:
    names = page_names(titles)
    others = (language for language in primary_subtags(languages) if language != "en")
    hosts = ["dbpedia.org", *(f"{language}.dbpedia.org" for language in others)]
    return _iris(pl.concat(f"http://{host}/resource/" + names for host in hosts))
