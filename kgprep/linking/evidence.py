"""How sure it is that a found form is a name of something at all: weighed evidence for titles and people, rules else.

Notable here:
- the weights in `FITTED` come from ReDial's training dialogues: their titles put back into the text are names, other
  places where a title's words stand are not (`tests/linking/fit_evidence.py` finds them again); the others are set by
  hand;
- the rules before the evidence say what is no name, most of them but for what is quoted or has a year beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import add

import polars as pl

GENRE = 0.95
NATIONALITY = 0.9
PLACE = 0.85
PART_OF_NAME = 0.8
"""A surname or first name of somebody who is being spoken of."""

KNOWN_BY_PART = 0.6
"""A surname or first name by which one person of the graph is known far better than all others."""

UNSURE = 0.5
"""One unusual word in lower case that names a company or a place."""

NO_NAME = 0.0
CLEAR_SHARE = 0.8
CLEAR_DEGREE = 20
EVERYDAY = -5.5
"""Log10 of a chance: a likelier form says nothing without capitals, such as "her", "get out" or "the help"."""

EVERYDAY_FIRST = -4.7
"""The same where a sentence starts, with a capital: "Awesome", but not "Inception"."""

COMMON_WORDS = -3.7
"""Log10 of a chance: so do forms all of whose words are likelier, such as "anything else" or "all the way"."""

WHOLE_TITLE = 0.5
"""What the aliases of a form are worth at least if it is a title and not a part of one."""

YEARS_MISREMEMBERED = 3
"""Years between the one beside a title and that of a work which may be meant all the same."""

HOPELESS = -4.0
"""A form that is likelier still says nothing though its film be in play: "it", "her", "up"."""

EVERYDAY_BRAND = -4.5
"""Names of companies and places are often said, and words of nothing else: "netflix"."""

EVERYDAY_CHINESE = -5.0
QUOTED_CHINESE = 0.95
LONG_CHINESE = 0.8
SHORT_CHINESE = 0.7


@dataclass(frozen=True)
class Evidence:
    """One thing that speaks for or against a name: its weight in log odds, and how it is read (0 to 1 if not said)."""

    name: str
    weight: float
    value: pl.Expr
    meaning: str


IS_WORK = pl.col("kind").is_in(["film", "series", "work"])
_RARE = (-pl.col("chance")).clip(2, 14).cast(pl.Float64) - 6
_RAREST = (-pl.col("rarest")).clip(2, 8).cast(pl.Float64) - 4
_POPULAR = pl.when(IS_WORK).then((pl.col("said") + 1).log10()).otherwise(1.0).fill_null(1.0)

EVIDENCE = (
    Evidence("start", 0.05, pl.lit(1.0), "every form"),
    Evidence("quoted", 1.6, pl.col("quoted"), "stands in quotation marks"),
    Evidence("year", 3.0, pl.col("year").is_not_null(), "a year stands beside it"),
    Evidence("capitals", 0.8, pl.col("capital") & (pl.col("words") > 1), "is of several words and has capitals"),
    Evidence("rare", 0.17, _RARE, "powers of ten by which its words are rarer than one in a million, -4 to 8"),
    Evidence(
        "rarest", 0.22, _RAREST, "powers of ten by which its rarest word is rarer than one in ten thousand, -2 to 4"
    ),
    Evidence("rarest and small", 0.26, _RAREST * ~pl.col("capital"), "the same, where it has no capitals"),
    Evidence("beside a capital", -1.6, pl.col("beside_capital"), "another capitalised word stands beside it"),
    Evidence("popular", 1.1, _POPULAR, "log10 of how often training dialogues speak of the work, plus one; else 1"),
    Evidence("misspelt", -1.0, pl.col("misspelt"), "one letter of it is wrong"),
    Evidence("trust", 1.0, pl.col("trust").log10().cast(pl.Float64), "log10 of what its aliases are worth together"),
    Evidence("near", 0.5, pl.col("near"), "a neighbour of the entity is spoken of already"),
    Evidence("person", 1.0, pl.col("kind") == "person", "the entity is a person"),
)
"""Those from `FITTED` come from a fit; the others, which the training texts do not show, are set by hand."""


UNMARKED_TITLES = -2.0
"""Log odds of titles in texts that mark what they speak of, dialogues with tags and reviews of one film.

In 240 messages of ReDial people had left ten titles without the tag that they had put on 109 others.
"""

FITTED = ("start", "quoted", "capitals", "rare", "rarest", "rarest and small", "beside a capital", "popular")


def log_odds() -> pl.Expr:
    """Return the weighed evidence that a form names its candidate."""
    return reduce(add, (each.value.cast(pl.Float64) * each.weight for each in EVIDENCE))


def says_nothing() -> pl.Expr:
    """Tell which forms name no work or person, whatever else speaks for it.

    Reads the columns of `kgprep.linking.surface`, and of the candidate kind, entity_year and mentioned.
    """
    everyday = (pl.col("chance") > EVERYDAY) | (pl.col("rarest") > COMMON_WORDS)
    marked = _marked() | (pl.col("whole") & ~everyday)
    one_word = pl.col("words") == 1
    unseen = pl.col("mentioned") == 0
    small = ~pl.col("capital")
    short = pl.col("trust") < WHOLE_TITLE
    # At the start of a sentence a capital says little.
    first = one_word & ~small & pl.col("starts_sentence") & (pl.col("chance") > EVERYDAY_FIRST)
    plain = small | first
    return (
        pl.col("tagged")
        | (pl.col("numeric") & ~marked)
        | (IS_WORK & pl.col("numbered") & pl.col("year").is_null())
        | (IS_WORK & ((pl.col("year") - pl.col("entity_year")).abs() > YEARS_MISREMEMBERED).fill_null(False))
        | (one_word & small & ~marked & unseen)
        | (plain & everyday & ~marked & (unseen | short | (pl.col("chance") > HOPELESS)))
        # "A scary movie" describes; its title is another.
        | (IS_WORK & pl.col("ends_in_noun") & small & ~_marked() & unseen)
    )


def name_score(titles: float = 0.0) -> pl.Expr:
    """Return how sure it is that the form names something of the candidate's kind, in [0, 1].

    Args:
        titles: log odds added to the evidence for works, where titles are rarer than in the texts of the fit.

    Reads the columns of `kgprep.linking.surface`, and of the candidate kind, sort, prior, needs_head_noun, degree,
    said, entity_year, mentioned and near.
    """
    kind, sort = pl.col("kind"), pl.col("sort")
    one_word = pl.col("words") == 1
    rare = pl.col("chance") < EVERYDAY
    capital_inside = pl.col("capital") & ~pl.col("starts_sentence")
    odds = log_odds() + pl.when(IS_WORK).then(titles).otherwise(0.0)
    by_evidence = pl.when(says_nothing()).then(NO_NAME).otherwise(1 / (1 + (-odds).exp()))
    # A label with a qualifier, "Kudos (production company)", says that the word has another meaning.
    brand = (pl.col("chance") < EVERYDAY_BRAND) & pl.col("is_label")
    business = pl.when(capital_inside | (~one_word & rare)).then(PLACE).when(brand).then(UNSURE).otherwise(NO_NAME)
    listed_genre = pl.when(~pl.col("needs_head_noun") | pl.col("says_genre")).then(GENRE).otherwise(NO_NAME)
    return (
        pl.when(pl.col("tagged") | (pl.col("capital_only") & ~pl.col("capital")))
        .then(NO_NAME)
        .when(sort == "genre")
        .then(listed_genre)
        .when(sort == "nationality")
        .then(NATIONALITY)
        .when(sort == "partial")
        .then(_partial_score(capital_inside, rare))
        .when(pl.col("chinese"))
        .then(_chinese_score())
        .when(kind.is_in(["organisation", "place"]))
        .then(business)
        .when(kind == "genre")
        .then(pl.when(~one_word & (rare | pl.col("capital"))).then(GENRE).otherwise(NO_NAME))
        .otherwise(by_evidence)
    )


def _marked() -> pl.Expr:
    return pl.col("quoted") | pl.col("year").is_not_null()


def _partial_score(capital_inside: pl.Expr, rare: pl.Expr) -> pl.Expr:
    """A surname or first name means somebody who is in play, or somebody known far better than all others."""
    in_play = (pl.col("mentioned") > 0) | (pl.col("near") > 0)
    clear = (pl.col("prior") >= CLEAR_SHARE * pl.col("trust")) & (pl.col("degree") >= CLEAR_DEGREE) & rare
    return (
        pl.when(pl.col("capital") & in_play)
        .then(PART_OF_NAME)
        .when(clear & capital_inside & ~pl.col("beside_capital"))
        .then(KNOWN_BY_PART)
        .otherwise(NO_NAME)
    )


def _chinese_score() -> pl.Expr:
    """Chinese has no case: brackets mark titles, and long or rare names speak for themselves."""
    known = (pl.col("mentioned") > 0) | (pl.col("near") > 0)
    length = (pl.col("end") - pl.col("start")).cast(pl.Int64)
    return (
        pl.when(_marked())
        .then(QUOTED_CHINESE)
        .when(pl.col("whole"))
        .then(LONG_CHINESE)
        .when(((length > 2) & (pl.col("chance") < EVERYDAY_CHINESE)) | (length > 4))
        .then(LONG_CHINESE)
        .when(known & (pl.col("chance") < EVERYDAY_CHINESE))
        .then(SHORT_CHINESE)
        .otherwise(NO_NAME)
    )
