"""A SPARQL endpoint as source of triples: the same questions as those to a dump, asked over HTTP.

Notable here:
- terms are asked for in batches (VALUES) and each answer is paged until a page comes back empty, because endpoints cut
  pages silently;
- Retry-After is obeyed and failures are retried with growing delays (urllib3's Retry);
- titles are matched exactly (with the usual qualifiers), since an endpoint cannot compare them loosely.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import polars as pl
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from kgprep import __version__
from kgprep.errors import KgprepError
from kgprep.kg.source import FACT_SCHEMA, End
from kgprep.kg.vocabulary import FACT_OF_PREDICATE, fact_of_triple
from kgprep.provenance import Count

_RDFS_LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
_QUALIFIERS = ("", " (film)", " (TV series)", " (film series)")
_VALID_IRI = r'^[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>"{}|^`\\]*$'
_TIMEOUT_SECONDS = (10, 120)
_RESULT_SCHEMA = pl.Schema([*FACT_SCHEMA.items(), ("is_iri", pl.Boolean()), ("is_blank", pl.Boolean())])


@dataclass
class EndpointSource:
    """A SPARQL 1.1 endpoint; a context manager that closes its connections.

    Args:
        url: of the endpoint.
        languages: of labels that are looked up and of texts.
        batch_terms: terms a query asks for.
        page_rows: rows a page asks for.
        retries: of a failed request.
        backoff_seconds: the first delay between retries, doubled each time.
    """

    url: str
    languages: Sequence[str]
    batch_terms: int = 200
    page_rows: int = 10_000
    retries: int = 5
    backoff_seconds: float = 1.0
    _requests: int = 0
    _rows: int = 0
    _session: requests.Session = field(default_factory=requests.Session)

    def __enter__(self) -> Self:
        retry = Retry(
            total=self.retries,
            backoff_factor=self.backoff_seconds,
            status_forcelist=(429, 500, 502, 503, 504),
            allowed_methods=None,
            respect_retry_after_header=True,
        )
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=retry))
        self._session.headers["User-Agent"] = f"kgprep/{__version__}"
        self._session.headers["Accept"] = "application/sparql-results+json"
        self._ask("SELECT ?subject WHERE { ?subject ?predicate ?object } LIMIT 1")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def facts(self, fact: str, end: End, terms: pl.Series) -> pl.DataFrame:
        """Return the triples that state `fact` and whose `end` is one of `terms`."""
        wanted = _literals(terms) if fact == "imdb_id" and end == "object" else _iris(terms)
        predicates = [f"<{iri}>" for iri, meaning in FACT_OF_PREDICATE.items() if meaning == fact]
        restriction = f"VALUES ?predicate {{ {' '.join(predicates)} }}" if predicates else "FILTER(isIRI(?object))"
        found = self._select(wanted, end, f"?subject ?predicate ?object . {restriction}")
        of_fact = found.with_columns(fact_of_triple()).filter(pl.col("fact") == fact)
        if fact == "text":
            tags = [language[:2] for language in self.languages]
            of_fact = of_fact.filter(pl.col("lang").is_null() | pl.col("lang").str.head(2).is_in(tags))
        return of_fact.select(FACT_SCHEMA.names())

    def titled(self, fact: str, items: pl.DataFrame) -> pl.DataFrame:
        """Return the labels, or redirects with a label, that are an item's name with or without a usual qualifier."""
        labels = _tagged(_title_forms(items), self.languages)
        if fact == "label":
            pattern = f"?subject ?predicate ?object . VALUES ?predicate {{ <{_RDFS_LABEL}> }}"
            return self._select(labels, "object", pattern).select(FACT_SCHEMA.names())
        redirects = [f"<{iri}>" for iri, meaning in FACT_OF_PREDICATE.items() if meaning == fact]
        pattern = (
            f"?subject <{_RDFS_LABEL}> ?label . ?subject ?predicate ?object . "
            f"VALUES ?predicate {{ {' '.join(redirects)} }}"
        )
        return self._select(labels, "label", pattern).select(FACT_SCHEMA.names())

    def report(self) -> tuple[tuple[Count, ...], tuple[str, ...]]:
        """Return how often the endpoint was asked until now and how many rows it gave."""
        return (Count("requests to the endpoint", self._requests), Count("rows the endpoint gave", self._rows)), ()

    def _select(self, terms: Sequence[str], variable: str, pattern: str) -> pl.DataFrame:
        pages = [pl.DataFrame(schema=_RESULT_SCHEMA)]
        for start in range(0, len(terms), self.batch_terms):
            values = f"VALUES ?{variable} {{ {' '.join(terms[start : start + self.batch_terms])} }}"
            query = f"SELECT DISTINCT ?subject ?predicate ?object WHERE {{ {values} {pattern} }}"
            pages.extend(self._pages(f"{query} ORDER BY ?subject ?predicate ?object"))
        found = pl.concat(pages).filter(~pl.col("is_blank"))
        return found.unique()

    def _pages(self, query: str) -> Iterator[pl.DataFrame]:
        offset = 0
        while True:
            page = _frame(self._ask(f"{query} LIMIT {self.page_rows} OFFSET {offset}"))
            if page.is_empty():
                return
            offset += page.height
            self._rows += page.height
            yield page

    def _ask(self, query: str) -> list[dict[str, Any]]:
        self._requests += 1
        try:
            answer = self._session.post(self.url, data={"query": query}, timeout=_TIMEOUT_SECONDS)
        except requests.RequestException as error:
            raise KgprepError(
                f"{self.url} does not answer ({_cause(error)}): check the address and that the endpoint is up"
            ) from error
        if answer.status_code != 200:
            reason = answer.text.strip().splitlines()[:1]
            raise KgprepError(
                f"{self.url} answers {answer.status_code} {''.join(reason)[:200]}: is it a SPARQL endpoint?"
            )
        try:
            bindings: list[dict[str, Any]] = answer.json()["results"]["bindings"]
        except (ValueError, KeyError, TypeError) as error:
            raise KgprepError(
                f"{self.url} answers something else than SPARQL results in JSON: check the address"
            ) from error
        return bindings


def _cause(error: BaseException) -> str:
    """Return the innermost reason of a chain of connection errors."""
    inner = getattr(error, "reason", None) or next(iter(error.args), None)
    return _cause(inner) if isinstance(inner, BaseException) else str(error)


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
        pl.col("object").struct.field("xml:lang").alias("lang"),
        (kind == "uri").alias("is_iri"),
        is_blank.alias("is_blank"),
    )


def _iris(terms: pl.Series) -> list[str]:
    valid = terms.drop_nulls().unique().sort().alias("iri").to_frame().filter(pl.col("iri").str.contains(_VALID_IRI))
    return valid.select(pl.format("<{}>", "iri")).to_series().to_list()


def _literals(terms: pl.Series) -> list[str]:
    escaped = pl.col("text").str.replace_all("\\", "\\\\", literal=True).str.replace_all('"', '\\"', literal=True)
    one_line = escaped.str.replace_all("\n", "\\n", literal=True).str.replace_all("\r", "\\r", literal=True)
    unique = terms.drop_nulls().unique().sort().alias("text").to_frame()
    return unique.select(pl.format('"{}"', one_line)).to_series().to_list()


def _tagged(terms: pl.Series, languages: Sequence[str]) -> list[str]:
    plain = _literals(terms)
    return [literal + tag for literal in plain for tag in ("", *(f"@{language}" for language in languages))]


def _title_forms(items: pl.DataFrame) -> pl.Series:
    plain = [items.select(form=pl.col("name") + pl.lit(qualifier)) for qualifier in _QUALIFIERS]
    years = [
        items.drop_nulls("year").select(form=pl.format("{} ({} film)", "name", pl.col("year").cast(pl.Int32) + gap))
        for gap in (-1, 0, 1)
    ]
    return pl.concat([*plain, *years]).to_series().unique().sort()
