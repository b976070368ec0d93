"""The fusion of mentions, entities and sentences."""

from __future__ import annotations

import polars as pl
import pytest

from kgprep.artifacts import MENTIONS, SENTENCES, TRIPLES, UTTERANCES
from kgprep.reviews.select import best_sentences
from kgprep.triples import count_fused, fuse

UTTERANCE_ROWS = [
    ("train", "7", 0, "seeker", "I like @1 and Al Pacino"),
    ("test", "9", 0, "seeker", "@2"),
]
MENTION_ROWS = [
    ("9", 0, 0, 2, "@2", 5, "gold", 1.0),
    ("7", 0, 14, 23, "Al Pacino", 1, "link", 0.5),
    ("7", 0, 7, 9, "@1", 0, "gold", 1.0),
]
SENTENCE_ROWS = [
    (0, "review", "r:1", 0, 0, "The better one.", 0.8),
    (1, "review", "r:2", 0, 3, "The other one.", 0.4),
    (2, "edges", None, 1, 0, "An actor.", 0.3),
    (3, "review", "r:3", 0, 0, "As good, but later.", 0.8),
]


def test_every_mention_of_an_entity_with_a_sentence_becomes_one_triple() -> None:
    mentions = pl.DataFrame(MENTION_ROWS, schema=MENTIONS.schema, orient="row")
    utterances = pl.DataFrame(UTTERANCE_ROWS, schema=UTTERANCES.schema, orient="row")
    best = best_sentences(pl.DataFrame(SENTENCE_ROWS, schema=SENTENCES.schema, orient="row"))
    triples = fuse(mentions, utterances, best)
    assert triples.columns == TRIPLES.schema.names()
    assert triples.select("split", "turn", "word", "entity_id", "sentence_id", "sentence").rows() == [
        ("train", 0, "@1", 0, 0, "The better one."),
        ("train", 0, "Al Pacino", 1, 2, "An actor."),
    ]
    assert triples["score"].to_list() == pytest.approx([0.8, 0.15])
    assert [str(count) for count in count_fused(mentions, triples)] == [
        "gold mentions that became triples: 1 of 2 (50.0 %)",
        "link mentions that became triples: 1 of 1 (100.0 %)",
        "mentions that became triples: 2 of 3 (66.7 %)",
    ]


def test_no_sentences_give_no_triples_of_the_right_shape() -> None:
    mentions = pl.DataFrame(MENTION_ROWS, schema=MENTIONS.schema, orient="row")
    utterances = pl.DataFrame(UTTERANCE_ROWS, schema=UTTERANCES.schema, orient="row")
    triples = fuse(mentions, utterances, best_sentences(pl.DataFrame(schema=SENTENCES.schema)))
    assert dict(triples.schema) == dict(TRIPLES.schema)
    assert triples.is_empty()
