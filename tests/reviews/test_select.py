"""The score of a sentence: what it rewards, what it lowers, and its bounds."""

from __future__ import annotations

import math

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgprep.artifacts import SENTENCES
from kgprep.reviews import select
from kgprep.reviews.sentences import count_tokens


def form_of(text: str, *, is_part: bool = False) -> float:
    frame = pl.DataFrame({"text": [text], "is_part": [is_part]})
    made = select.form(pl.col("text"), count_tokens(pl.col("text")), pl.col("is_part"))
    return float(frame.select(made).item())


PLAIN = "Pacino and De Niro finally share a scene in a quiet diner at night."


@pytest.mark.parametrize(
    "worse",
    [
        "I think Pacino and De Niro finally share a scene in my quiet diner.",
        "Other reviews say Pacino and De Niro finally share a scene in a diner.",
        "And Pacino and De Niro finally share a scene in a quiet diner.",
        "PACINO and NIRO finally share a scene in a quiet diner at night.",
        "Do Pacino and De Niro finally share a scene in a quiet diner?",
        "Pacino and De Niro share.",
        "then Pacino and De Niro finally share a scene in a quiet diner at night.",
        "(Pacino and De Niro finally share a scene in a quiet diner.)",
        "With Al Pacino, Robert De Niro, Val Kilmer, Jon Voight, Tom Sizemore, Amy Brenneman, Ashley Judd.",
        " ".join(["Pacino and De Niro finally share"] * 6),
    ],
)
def test_form_falls_with_every_blemish(worse: str) -> None:
    assert form_of(worse) < form_of(PLAIN) == 1.0


def test_a_piece_of_a_sentence_is_worth_less_than_a_whole_one() -> None:
    assert form_of(PLAIN, is_part=True) < form_of(PLAIN)


SENTENCES_OF_FILMS = pl.DataFrame(
    [
        (0, 0, "The heist downtown ends in gunfire."),
        (0, 1, "A heist that goes wrong, and a cop."),
        (0, 1, "It was a wonderful evening with popcorn."),
        (1, 2, "The ghost haunts the old wonderful hotel."),
        (1, 3, "A hotel with a ghost in every room."),
        (2, 4, "Two robots fall in love in space, a wonderful story."),
        (3, 5, "An evening of a painter."),
    ],
    schema={"entity_id": pl.Int32, "review": pl.UInt32, "text": pl.String},
    orient="row",
)
BACKGROUND = pl.DataFrame({"entity_id": [2], "text": ["A robot story."]}, schema_overrides={"entity_id": pl.Int32})
KNOWN = select.neighbourhood_words(BACKGROUND)


def test_words_that_reviews_of_one_film_share_are_related_to_it() -> None:
    related = select.relatedness(SENTENCES_OF_FILMS, KNOWN).to_list()
    heist, other_heist, popcorn = related[:3]
    assert min(heist, other_heist) > popcorn == 0
    assert related[4] > related[3] * 0.9 > 0


def test_words_of_the_description_count_even_where_one_review_uses_them() -> None:
    related = select.relatedness(SENTENCES_OF_FILMS, KNOWN).to_list()
    assert related[5] > 0 == related[6]


def test_relatedness_does_not_depend_on_the_order_of_rows() -> None:
    order = [3, 1, 6, 0, 2, 5, 4]
    shuffled = select.relatedness(SENTENCES_OF_FILMS[order], KNOWN)
    assert shuffled.to_list() == pytest.approx([select.relatedness(SENTENCES_OF_FILMS, KNOWN)[i] for i in order])


def test_chinese_texts_share_pairs_of_characters() -> None:
    sentences = pl.DataFrame(
        [(0, 0, "汤屋里的无脸男"), (0, 1, "无脸男很可爱"), (1, 2, "机器人在太空")],
        schema={"entity_id": pl.Int32, "review": pl.UInt32, "text": pl.String},
        orient="row",
    )
    nothing = select.neighbourhood_words(pl.DataFrame(schema={"entity_id": pl.Int32, "text": pl.String}))
    related = select.relatedness(sentences, nothing).to_list()
    assert related[0] > 0 < related[1]
    assert related[2] == 0


_Said = tuple[int, int, frozenset[str]]
_WORDS = st.frozensets(st.sampled_from([f"word{number}" for number in range(8)]), max_size=6)


def related_plainly(said: list[_Said], known: list[set[str]]) -> list[float]:
    """Score sentences (entity, review, words) by BM25 as its equation is written, one word after another."""
    entities = len({entity for entity, _, _ in said})
    lengths = [len(words) for _, _, words in said if words]
    scores = []
    for entity, _, words in said:
        total = 0.0
        for word in words:
            spread = len({other for other, _, theirs in said if word in theirs})
            reviews = len({review for other, review, theirs in said if other == entity and word in theirs})
            is_known = word in known[entity]
            if spread <= max(0.1 * entities, 2) and (reviews >= 2 or is_known):
                rarity = math.log(1 + (entities - spread + 0.5) / (spread + 0.5))
                total += rarity * (1 + math.log(reviews)) * (2.0 if is_known else 1.0)
        saturation = 1.2 * (1 - 0.75 + 0.75 * len(words) / (sum(lengths) / len(lengths))) if words else 1.0
        total *= (1.2 + 1) / (1 + saturation)
        scores.append(total / (total + 30.0))
    return scores


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), _WORDS), max_size=12),
    st.lists(_WORDS, min_size=4, max_size=4),
)
def test_relatedness_is_that_of_the_equation(said: list[_Said], known: list[frozenset[str]]) -> None:
    sentences = pl.DataFrame(
        [(entity, 10 * entity + review, " ".join(words)) for entity, review, words in said],
        schema={"entity_id": pl.Int32, "review": pl.UInt32, "text": pl.String},
        orient="row",
    )
    described = pl.DataFrame(
        {"entity_id": range(4), "text": map(" ".join, known)}, {"entity_id": pl.Int32, "text": str}
    )
    related = select.relatedness(sentences, select.neighbourhood_words(described)).to_list()
    assert related == pytest.approx(related_plainly(said, list(map(set, known))), abs=1e-6)


unit = st.floats(0, 1)


@settings(max_examples=60, deadline=None)
@given(unit, st.integers(0, 9), unit, st.none() | unit, st.none() | unit, unit)
def test_the_score_is_bounded_and_grows_with_each_feature(
    related: float, neighbours: int, subject: float, rating: float | None, helpful: float | None, made: float
) -> None:
    def score(more: float) -> float:
        raised = pl.lit(min(1.0, related + more)), pl.lit(neighbours + more), pl.lit(min(1.0, subject + more))
        said = select.opinion(pl.lit(rating, pl.Float32), pl.lit(helpful, pl.Float32))
        return float(pl.select(select.score(*raised, said, pl.lit(made))).item())

    assert 0 <= score(0) <= score(0.5) <= 1


def test_the_best_sentence_is_the_highest_and_of_equals_the_first() -> None:
    rows = [
        (5, "review", None, 1, 0, "only", 0.1),
        (1, "review", "r", 0, 0, "first", 0.7),
        (2, "review", "r", 0, 1, "second", 0.7),
    ]
    best = select.best_sentences(pl.DataFrame(rows, schema=SENTENCES.schema, orient="row"))
    assert best.select("entity_id", "sentence").rows() == [(0, "first"), (1, "only")]
