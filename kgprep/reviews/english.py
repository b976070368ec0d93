"""English texts cut into sentences by spaCy: a blank pipeline with the sentencizer.

Notable here:
- spaCy's tokenizer knows which full stops belong to a word ("Mr.", "U.S.", "9.5"), its sentencizer cuts at the others;
- what it lets pass is cut before: line ends, ellipses before a capital, and initials before a word that usually
  begins a sentence ("vitamin C. The ...");
- what it cuts wrongly is mended: words after a quoted exclamation, numbers after "No.", and a quote or bracket that
  opens a sentence, which it leaves at the end of the one before.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, cast

import polars as pl

if TYPE_CHECKING:
    from spacy.language import Language

LineCutter = Callable[[pl.Series], pl.Series]
"""Cuts lines, none of them empty, into lists of sentences."""

_ABBREVIATIONS = (
    "Sgt.",
    "Lt.",
    "Col.",
    "Capt.",
    "Maj.",
    "Hon.",
    "Sen.",
    "Det.",
    "Insp.",
    "Jnr.",
    "Snr.",
    "Vol.",
    "vol.",
    "approx.",
)
_STARTERS = (
    "The|This|That|These|Those|There|Then|They|He|She|It|Its|We|You|I|My|His|Her|Their|Our|But|And|So|If|In|On|At|As|An|A"
    "|When|While|What|Who|Why|How|Not|No|Yes|For|From|To|With|After|Before|All|Also|Although|Overall|However|One|Some|Now"
)
_CLOSERS, _OPENERS = r"[\"'”’)\]]*", r"[\"“‘(\[]*"
_LINE_ENDS = (
    rf"((?:\.{{2,}}|…){_CLOSERS})\s+({_OPENERS}\p{{Lu}})",
    rf"\b(\p{{Lu}}\.{_CLOSERS})\s+({_OPENERS}(?:{_STARTERS})\b)",
    r"(\bI\.)\s+(\p{Lu}\p{Ll})",
)
_OPENS = "\"“‘'([*"
_OPENING = re.compile(rf"(?:(?<=\s)|^)[{re.escape(_OPENS)}]+$")
_GOES_ON = re.compile(r"[!?][\"”’']\s+[a-z]$|\b(?:no|pt|ch|ep|fig|pp?)\.\s*\d$", re.IGNORECASE)
_LOOKED_AT = 8
_BYTES_A_BLOCK = 2**12
# A private-use character: the place of a cut.
_CUT = "\ue002"


def cut_english(texts: pl.Series, cut: LineCutter | None = None) -> pl.Series:
    """Cut English texts into lists of sentences, without white space around them.

    Args:
        texts: str.
        cut: cuts the lines that they are of; `cut_lines` by default.

    Returns:
        list[str], one list a text.
    """
    lines = (
        pl.LazyFrame({"text": texts})
        .select(_with_line_ends(pl.col("text")).str.split("\n"))
        .with_row_index("row")
        .explode("text")
        .with_columns(pl.col("text").str.strip_chars())
        .filter(pl.col("text") != "")
        .collect()
    )
    sentences = lines.select("row", sentence=(cut or cut_lines)(lines["text"]))
    every = pl.int_range(texts.len(), dtype=pl.UInt32, eager=True).alias("row").to_frame()
    return (
        sentences.group_by("row", maintain_order=True)
        .agg(pl.col("sentence").explode())
        .join(every, on="row", how="right", maintain_order="right")["sentence"]
        .fill_null([])
        .alias(texts.name)
    )


def cut_lines(lines: pl.Series) -> pl.Series:
    """Cut lines, none of them empty, into lists of sentences."""
    marked = pl.Series("sentence", [_marked(block) for block in _blocks(lines)], dtype=pl.String)
    without_empty_ones = (
        marked.str.replace_all(rf"[^\S\n]*{_CUT}[{_CUT}\s--\n]*", _CUT)
        .str.replace_all(f"\n{_CUT}", "\n", literal=True)
        .str.replace_all(f"{_CUT}\n", "\n", literal=True)
        .str.strip_chars(_CUT)
    )
    return without_empty_ones.str.split("\n").explode(empty_as_null=False).str.split(_CUT)


def _with_line_ends(text: pl.Expr) -> pl.Expr:
    for before_and_after in _LINE_ENDS:
        text = text.str.replace_all(before_and_after, "$1\n$2")
    return text


def _blocks(lines: pl.Series) -> list[str]:
    """Join lines to texts of some 4 kB: each document costs something of its own, and long ones cost spaCy more."""
    block = (lines.str.len_bytes().cum_sum() // _BYTES_A_BLOCK).alias("block")
    joined = lines.alias("line").to_frame().group_by(block, maintain_order=True).agg(pl.col("line").str.join("\n"))
    return joined["line"].to_list()


def _marked(block: str) -> str:
    """Put a mark where a sentence begins inside a line."""
    from spacy.attrs import IDX, SENT_START

    places = _pipeline()(block).to_array([IDX, SENT_START])
    begins = places[places[:, 1] == 1, 0].tolist()
    starts = [_with_opening(block, begin) for begin in begins if _is_start(block, begin)]
    return _CUT.join(block[start:end] for start, end in pairwise([0, *starts, len(block)]))


def _is_start(block: str, begin: int) -> bool:
    """Tell whether a sentence starts where spaCy says so; the end of a line is one anyway."""
    return block[begin].isupper() or (block[begin] != "\n" and not _goes_on(block, begin))


def _goes_on(text: str, cut: int) -> bool:
    """Tell whether the sentence before a cut goes on after it."""
    return _GOES_ON.search(text[max(cut - _LOOKED_AT, 0) : cut + 1]) is not None


def _with_opening(text: str, start: int) -> int:
    """Move the start of a sentence before the quotes and brackets that open it."""
    if text[start - 1] not in _OPENS:
        return start
    opening = _OPENING.search(text[max(start - _LOOKED_AT, 0) : start])
    return start - len(opening[0]) if opening else start


@cache
def _pipeline() -> Language:
    import spacy
    from spacy.symbols import ORTH
    from spacy.tokenizer import Tokenizer

    pipeline = spacy.blank("en")
    pipeline.add_pipe("sentencizer")
    pipeline.max_length = sys.maxsize
    tokenizer = cast(Tokenizer, pipeline.tokenizer)
    for abbreviation in _ABBREVIATIONS:
        tokenizer.add_special_case(abbreviation, [{ORTH: abbreviation}])
    return pipeline
