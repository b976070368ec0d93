"""Reviews, their sentences and the word-entity-sentence triples as statements: schema.org, NIF, DQV, Web Annotation.

Notable here:
- a sentence is a text of its own, a context of NIF, with the mentions in it; its review is what it is a part of;
- the table that a sentence was made from says where it comes from: reviews, descriptions or edges;
- a rating lies between 0 and 1, as in the bundle, and is said to;
- a triple is an annotation: its target is the mention in the dialogue, its body the sentence.

Source: NIF 2.0 core ontology; DQV for measurements; Web Annotation Vocabulary.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from kgprep.artifacts import REVIEWS, SENTENCE_MENTIONS, SENTENCES, TRIPLES
from kgprep.counts import Count
from kgprep.export.ntriples import StatementsFile, iri, literal, own_name, term
from kgprep.export.rdf_dialogues import (
    SPAN,
    WHOLE,
    context_of,
    mention_name,
    phrase_in,
    table_or_nothing,
    with_entities,
)

FILE_NAME = "reviews.nt"
TRIPLES_FILE_NAME = "triples.nt"
TABLE_OF_SOURCE = {"review": "reviews/reviews", "description": "kg/descriptions", "edges": "kg/edges"}
"""The table that sentences of each source are made from."""


def write_reviews(workspace: Path, folder: Path) -> tuple[Count, ...]:
    """Write reviews with their ratings, sentences with their scores, and the mentions in sentences."""
    file = StatementsFile(folder / FILE_NAME)
    reviews = _write_review_texts(file, with_entities(workspace, table_or_nothing(workspace, REVIEWS)))
    table = pl.col("source").cast(pl.String).replace_strict(TABLE_OF_SOURCE, return_dtype=pl.String)
    sentences = with_entities(workspace, table_or_nothing(workspace, SENTENCES)).with_columns(table=table)
    fitness = own_name("sentence", "sentence_id", fragment=pl.lit("fitness"))
    about = file.add(
        sentences,
        sentence_name(),
        [
            ("schema:about", iri("iri")),
            ("schema:isPartOf", own_name("review", "review_id")),
            ("schema:position", literal("position", "xsd:integer")),
            ("prov:wasDerivedFrom", own_name("table", "table")),
            ("dqv:hasQualityMeasurement", fitness),
            *context_of("text"),
        ],
    )
    file.add(
        sentences,
        fitness,
        [
            ("rdf:type", term("dqv:QualityMeasurement")),
            ("dqv:isMeasurementOf", term("kgprep:metric:fitness")),
            ("dqv:value", literal("score", "xsd:double")),
        ],
    )
    mentions = file.add(
        with_entities(workspace, table_or_nothing(workspace, SENTENCE_MENTIONS)),
        own_name("sentence", "sentence_id", fragment=SPAN),
        phrase_in(sentence_name()),
    )
    return (
        Count("reviews", reviews),
        Count("sentences", about),
        Count("sentences of a review", sentences["review_id"].count(), sentences.height),
        Count("mentions in sentences", mentions),
        Count(f"statements of {FILE_NAME}", file.written),
    )


def _write_review_texts(file: StatementsFile, reviews: pl.DataFrame) -> int:
    rated = reviews.drop_nulls("rating")
    rating = own_name("review", "review_id", fragment=pl.lit("rating"))
    file.add(
        rated,
        rating,
        [
            ("rdf:type", term("schema:Rating")),
            ("schema:ratingValue", literal("rating", "xsd:double")),
            ("schema:worstRating", pl.lit('"0"')),
            ("schema:bestRating", pl.lit('"1"')),
        ],
    )
    return file.add(
        reviews,
        own_name("review", "review_id"),
        [
            ("rdf:type", term("schema:Review")),
            ("schema:itemReviewed", iri("iri")),
            ("schema:identifier", literal("review_id")),
            ("schema:isPartOf", own_name("corpus", "source")),
            ("schema:inLanguage", literal("lang")),
            ("schema:name", literal("title")),
            ("schema:reviewBody", literal("text")),
            ("schema:datePublished", literal("date", "xsd:date")),
            ("schema:url", literal("url", "xsd:anyURI")),
            ("schema:reviewRating", pl.when(pl.col("rating").is_not_null()).then(rating)),
        ],
    )


def write_triples(workspace: Path, folder: Path) -> tuple[Count, ...]:
    """Write each word-entity-sentence triple as an annotation of the mention with the sentence."""
    triples = table_or_nothing(workspace, TRIPLES)
    file = StatementsFile(folder / TRIPLES_FILE_NAME)
    file.add(
        triples,
        own_name("triple", "dialogue_id", "turn", "start", "end"),
        [
            ("rdf:type", term("oa:Annotation")),
            ("oa:motivatedBy", term("oa:describing")),
            ("oa:hasTarget", mention_name()),
            ("oa:hasBody", sentence_name()),
        ],
    )
    return (Count("triples of word, entity and sentence", triples.height),)


def sentence_name() -> pl.Expr:
    """Return the IRI of the sentence of a row."""
    return own_name("sentence", "sentence_id", fragment=WHOLE)
