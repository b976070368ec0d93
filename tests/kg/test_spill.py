"""Terms on disk: what is shortened comes back as it was."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from kgprep.kg.spill import full_terms, short_terms
from kgprep.kg.vocabulary import RESOURCE

_NAMES = st.text(st.characters(exclude_characters='<>"{}|^`\\ ', categories=["L", "N", "P", "S"]))
_IRIS = st.builds("<{}{}>".format, st.sampled_from([RESOURCE, "http://zh.dbpedia.org/resource/", "urn:x:"]), _NAMES)
_LITERALS = st.builds(
    '"{}"{}'.format,
    st.text(st.characters(exclude_characters='"\\', codec="utf-8")),
    st.one_of(st.just(""), st.just("@en"), _IRIS.map("^^{}".format)),
)
_TERMS = st.one_of(_IRIS, _LITERALS, st.from_regex(r"\A_:[a-z0-9]{1,8}\Z"))


@given(st.lists(_TERMS))
def test_shortened_terms_come_back_and_stay_apart(terms: list[str]) -> None:
    column = pl.Series("term", terms, dtype=pl.String).to_frame()
    shortened = column.select(short_terms(pl.col("term")))
    assert shortened.select(full_terms(pl.col("term"))).equals(column)
    assert shortened["term"].n_unique() == column["term"].n_unique()


def test_a_page_loses_the_beginning_that_all_pages_share() -> None:
    column = pl.DataFrame({"term": [f"<{RESOURCE}Alien>", '"Alien"@en']})
    assert column.select(short_terms(pl.col("term")))["term"].to_list() == ["Alien>", '"Alien"@en']
