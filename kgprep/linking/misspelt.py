"""Names with one wrong letter: "Jake Gyllenhall", "finding nmeo".

Notable here:
- only a word that no language list and no name has is taken for a misspelling, and only in names of several words,
  whose other words must stand there as they should;
- words one edit apart share a form with one letter deleted (or are one another's), so candidates come from a join and
  never from comparing all with all; rapidfuzz then measures the distance.
"""

from __future__ import annotations

import polars as pl

from kgprep.linking.commonness import is_ordinary, load_words
from kgprep.linking.folding import SEPARATOR
from kgprep.linking.gazetteer import MATCHES, Gazetteer

LEAST_LETTERS = 4
"""A word of fewer letters has too many others one edit away."""

_MOST_DELETED = 14
_WORDS_BESIDE = 4
_PIECES = r"[\p{L}\p{M}\p{N}]+|[^\p{L}\p{M}\p{N}]+"
_IS_WORD = r"^[\p{L}\p{M}\p{N}]"


def load_spelling() -> None:
    """Load what tells misspellings; else the first text that is linked waits for it."""
    import rapidfuzz.distance
    import rapidfuzz.process  # noqa: F401

    load_words()


def shortened_words(forms: pl.Series) -> pl.DataFrame:
    """Return the words of names of several words, each with one letter deleted: word, shortened.

    Args:
        forms: folded forms.
    """
    several = forms.filter(forms.str.strip_chars(SEPARATOR).str.contains(SEPARATOR, literal=True))
    words = several.str.split(SEPARATOR).explode().rename("word").unique()
    return _shorten(words).unique().sort("shortened", "word")


def find_misspelt(texts: pl.Series, gazetteer: Gazetteer, shortened: pl.DataFrame) -> pl.DataFrame:
    """Find the names of several words of which one word has one wrong letter.

    Args:
        texts: n texts.
        gazetteer: of the names.
        shortened: what `shortened_words` returned.

    Returns:
        `MATCHES` in `texts`.
    """
    spoken = (
        texts.alias("whole")
        .to_frame()
        .with_row_index("text")
        .with_columns(word=pl.col("whole").str.to_lowercase().str.extract_all(rf"\p{{L}}{{{LEAST_LETTERS},}}"))
        .explode("word")
        .drop_nulls("word")
    )
    corrections = _corrections(spoken["word"].unique(), shortened)
    affected = spoken.join(corrections, on="word", how="semi").select("text", "whole").unique().sort("text")
    if affected.is_empty():
        return pl.DataFrame(schema=MATCHES)
    pieces = _pieces(affected)
    snippets = _snippets(pieces, corrections)
    found = gazetteer.find(snippets.group_by("snippet", maintain_order=True).agg(pl.col("said").str.join(" "))["said"])
    return _in_texts(found, snippets)


def _shorten(words: pl.Series) -> pl.DataFrame:
    long = words.filter(words.str.contains(rf"^\p{{L}}{{{LEAST_LETTERS},}}$"))
    frame = long.alias("word").to_frame()
    parts = [frame.with_columns(shortened=pl.col("word"))]
    for place in range(_MOST_DELETED):
        without = pl.col("word").str.slice(0, place) + pl.col("word").str.slice(place + 1)
        parts.append(frame.filter(pl.col("word").str.len_chars() > place).with_columns(shortened=without))
    return pl.concat(parts)


def _corrections(words: pl.Series, shortened: pl.DataFrame) -> pl.DataFrame:
    """Return which known words an unknown one may be: word, right."""
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import cpdist

    unknown = words.filter(~words.is_in(shortened["word"].implode()))
    unknown = unknown.filter(~is_ordinary(unknown))
    pairs = (
        _shorten(unknown)
        .join(shortened.rename({"word": "right"}), on="shortened")
        .select("word", "right")
        .unique()
        .sort("word", "right")
    )
    if pairs.is_empty():
        return pairs
    distances = cpdist(pairs["word"].to_list(), pairs["right"].to_list(), scorer=OSA.distance)
    return pairs.filter(pl.Series(distances) == 1)


def _pieces(affected: pl.DataFrame) -> pl.DataFrame:
    """Cut texts into words and what stands between: text, place (of the word), said, start, end."""
    cut = affected.select("text", pl.col("whole").str.extract_all(_PIECES).alias("said")).explode("said")
    end = pl.col("said").str.len_chars().cum_sum().over("text").cast(pl.Int32)
    placed = cut.with_columns(end=end).with_columns(start=pl.col("end") - pl.col("said").str.len_chars().cast(pl.Int32))
    return placed.filter(pl.col("said").str.contains(_IS_WORD)).with_columns(
        place=pl.int_range(pl.len()).over("text").cast(pl.Int64)
    )


def _snippets(pieces: pl.DataFrame, corrections: pl.DataFrame) -> pl.DataFrame:
    """Write each misspelt word right, amid the words beside it: a row a word, by snippet."""
    wrong = pieces.with_columns(word=pl.col("said").str.to_lowercase()).join(corrections, on="word")
    numbered = wrong.select("text", "right", wrong_place="place").with_row_index("snippet")
    reach = pl.int_ranges(pl.col("wrong_place") - _WORDS_BESIDE, pl.col("wrong_place") + _WORDS_BESIDE + 1)
    spread = numbered.with_columns(place=reach).explode("place").join(pieces, on=["text", "place"])
    is_wrong = pl.col("place") == pl.col("wrong_place")
    said = spread.sort("snippet", "place").with_columns(said=pl.when(is_wrong).then("right").otherwise("said"))
    end = (pl.col("said").str.len_chars() + 1).cum_sum().over("snippet").cast(pl.Int32) - 1
    return said.with_columns(snippet_end=end).with_columns(
        snippet_start=pl.col("snippet_end") - pl.col("said").str.len_chars().cast(pl.Int32)
    )


def _in_texts(found: pl.DataFrame, snippets: pl.DataFrame) -> pl.DataFrame:
    """Bring matches in snippets back to the texts; those that cover the misspelt word and another one."""
    order = snippets.select(pl.col("snippet").unique(maintain_order=True)).with_row_index("text")
    located = found.rename({"start": "snippet_start", "end": "snippet_end"}).join(order, on="text").drop("text")
    first = snippets.select("snippet", "snippet_start", "start", "text", "wrong_place", first="place")
    last = snippets.select("snippet", "snippet_end", "end", last="place")
    placed = located.join(first, on=["snippet", "snippet_start"]).join(last, on=["snippet", "snippet_end"])
    covers = pl.col("wrong_place").is_between("first", "last") & (pl.col("last") > pl.col("first"))
    return placed.filter(covers).select(MATCHES.names()).cast(MATCHES).unique().sort("text", "start", "end", "form")
