"""Language tags (RFC 5646): which of the wanted ones a text has.

Notable here: a tag that is wanted comes before others of its language, so that zh-hant is not answered by zh-hans where
both are there; languages are told by the whole first subtag, since Assamese (as) is not Asturian (ast).
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

RANKS_A_TAG = 2
"""The tag itself, and others of its language: `language_rank` by this is the place of the wanted tag."""


def primary_subtag(tag: str) -> str:
    """Return what names the language in a tag."""
    return tag.lower().partition("-")[0]


def primary_subtags(languages: Sequence[str]) -> list[str]:
    """Return the languages of the wanted tags, each once, in order."""
    return list(dict.fromkeys(map(primary_subtag, languages)))


def language_rank(tag: pl.Expr, languages: Sequence[str]) -> pl.Expr:
    """Return how much a tag is wanted, 0 most; null where its language is not wanted at all.

    Args:
        tag: of a text; null without one.
        languages: wanted tags, the preferred first; what is none of several in one language counts as the first.
    """
    lower = tag.str.to_lowercase()
    places = range(len(languages) - 1, -1, -1)
    exact = {languages[place].lower(): RANKS_A_TAG * place for place in places}
    related = {primary_subtag(languages[place]): RANKS_A_TAG * place + 1 for place in places}
    return pl.coalesce(
        lower.replace_strict(exact, default=None, return_dtype=pl.Int64),
        lower.str.split("-").list.first().replace_strict(related, default=None, return_dtype=pl.Int64),
    )
