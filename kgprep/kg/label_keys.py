"""The keys under which the labels of a whole dump are compared with titles.

Notable here: most labels are plain English words, for which the key is the same letters in lower case; only the others
go the long way through `parse_label` and `loose_key`, so a dump's millions of labels cost a tenth of it.
"""

from __future__ import annotations

import polars as pl

from kgprep.kg.names import _SPELT_NUMBERS, loose_key, parse_label

_PLAIN = r"^[A-Za-z0-9][A-Za-z0-9 ,.:!'-]*(?:\([^()]*\))?$"
_BRACKET = r"\([^()]*\)$"
_ARTICLE = r"^(?:the|an?)'*[ ,.:!-][ ,.:!'-]*([a-z0-9])"
# These words have several spellings, numbers may stand beside each other, and an article may stand at the end.
_SPELT_OTHERWISE = (
    rf"(?i)(?-u:\b)(?:{'|'.join(word.strip() for word in _SPELT_NUMBERS)})(?-u:\b)"
    r"|[0-9][ ,.:!'-]+[0-9]|[ ,.:!'-](?:the|an?)[ ,.:!'-]*(?:\(|$)"
)


def label_keys(labels: pl.Series) -> pl.Series:
    """Return the `loose_key` of each label's title.

    Args:
        labels: strings, qualifiers included.
    """
    frame = labels.to_frame("label")
    is_plain = pl.col("label").str.contains(_PLAIN) & ~pl.col("label").str.contains(_SPELT_OTHERWISE)
    mask = frame.select(is_plain.fill_null(False)).to_series()
    plain = frame.filter(mask).select(_plain_key()).to_series()
    other = (
        frame.filter(~mask).lazy().select(loose_key(parse_label("label").struct.field("title"))).collect().to_series()
    )
    places = pl.concat([mask.arg_true(), (~mask).arg_true()])
    return pl.concat([plain, other]).gather(places.arg_sort()).alias(labels.name)


def _plain_key() -> pl.Expr:
    lowered = pl.col("label").str.replace(_BRACKET, "").str.to_lowercase()
    return lowered.str.replace(_ARTICLE, "$1").str.replace_all("[^a-z0-9]", "")
