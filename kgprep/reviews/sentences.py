"""Sentences of reviews: English by spaCy (see `english`), Chinese by its marks, both of a length that can be read.

Notable here:
- a newline always ends a sentence, an ellipsis only before a capital; Chinese marks need no space after them;
- too long a sentence is cut at its clauses, and what is still too long after its last allowed word, so no review is
  lost for its style; too short a one is left out;
- a token is a word in spaces; a Chinese word counts as two characters.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import polars as pl

from kgprep.counts import Count
from kgprep.reviews.english import LineCutter, cut_english
from kgprep.reviews.records import is_chinese

# Private-use characters: a straight quotation mark that opens, one that closes, and the place of a cut.
_OPENS, _CLOSES, _CUT = "\ue000", "\ue001", "\ue002"

_CLAUSE_END = r";|:\s|\s[-–—]+\s|\.{2,}|…|[，、：]"
_CLAUSE_START = r",\s+(and|but|while|which|because|although|though|so|yet)\s"
_MOST = 32_767
"""Positions and numbers of tokens are i16."""
# Characters a word in which a first sentence must end, or is shortened anyway.
_BEGINNING = 20


def split_sentences(
    reviews: pl.DataFrame, max_tokens: int = 40, min_words: int = 4, cut: LineCutter | None = None
) -> tuple[pl.DataFrame, list[Count]]:
    """Cut texts into sentences.

    Args:
        reviews: any columns, among them text str and lang str.
        max_tokens: the most words a sentence may have.
        min_words: the fewest.
        cut: cuts English lines; by default this process does.

    Returns:
        The columns of `reviews` with text holding a sentence, position i16 (from 0, counted before short ones are left
        out), tokens i16 and is_part bool (whether it is a piece of a longer one); and counts of what was left out.
    """
    chinese, others = reviews.filter(pl.col("lang") == "zh"), reviews.filter(pl.col("lang") != "zh")
    with ThreadPoolExecutor(1) as beside:
        # What other processes cut comes meanwhile.
        english = beside.submit(_sentences_of, others, partial(cut_english, cut=cut), max_tokens)
        sentences = pl.concat([_sentences_of(chinese, cut_chinese, max_tokens), english.result()])
    kept = sentences.filter(pl.col("tokens") >= min_words)
    counts = [
        Count(f"sentences of {min_words} words or more", kept.height, sentences.height),
        Count(
            f"sentences that are pieces of one of more than {max_tokens} tokens",
            kept.filter("is_part").height,
            kept.height,
        ),
    ]
    return kept, counts


def first_sentences(texts: pl.DataFrame, max_tokens: int = 40, cut: LineCutter | None = None) -> pl.Series:
    """Return each text's first sentence of two words or more, at most `max_tokens` long; else its first sentence.

    Args:
        texts: lang str, text str.
        max_tokens: the most words it may have.
        cut: cuts English lines; by default this process does.
    """
    beginnings = texts.select("lang", pl.col("text").str.head(_BEGINNING * max_tokens)).with_row_index("_text")
    sentences, _ = split_sentences(beginnings, max_tokens, 0, cut)
    first = sentences.sort(pl.col("tokens") < 2, "position", maintain_order=True).unique("_text", keep="first")
    joined = beginnings.select("_text").join(first, on="_text", how="left", maintain_order="left")
    return joined["text"]


def _sentences_of(reviews: pl.DataFrame, cut: Callable[[pl.Series], pl.Series], max_tokens: int) -> pl.DataFrame:
    sentences = (
        reviews.lazy()
        .with_columns(text=cut(reviews["text"]))
        .with_row_index("_review")
        .explode("text")
        .with_columns(pl.col("text").str.strip_chars())
        .filter(pl.col("text").str.len_bytes() > 0)
        .collect()
    )
    fitting = _cut_long(sentences, max_tokens)
    position = pl.int_range(pl.len()).over("_review").clip(upper_bound=_MOST)
    return fitting.with_columns(position=position.cast(pl.Int16)).drop("_review")


def cut_chinese(texts: pl.Series) -> pl.Series:
    """Cut Chinese texts into lists of sentences; a mark and the quotes that close after it end one."""
    # Of straight quotation marks every other one closes.
    paired = pl.col("text").str.replace_all(r'"([^"\n]*)"', f"{_OPENS}$1{_CLOSES}")
    marked = paired.str.replace_all(
        rf"([。！？!?；;]+|…{{1,}}|\.{{3,}}|～{{2,}}|~{{2,}})([”’」』）)》\"{_CLOSES}]*)", f"$1$2{_CUT}"
    )
    spaced = marked.str.replace_all(rf"(\p{{Han}}[.．])([^\S\n]*{_OPENS}?\p{{Han}})", f"$1{_CUT}$2")
    straight = spaced.str.replace_all(f"[{_OPENS}{_CLOSES}]", '"')
    cut = straight.str.replace_all("\n", _CUT, literal=True).str.split(_CUT)
    return pl.DataFrame({"text": texts}).select(cut).to_series()


def count_tokens(text: pl.Expr) -> pl.Expr:
    """Count words: runs without white space, and two Chinese characters to a word."""
    chinese = text.str.count_matches(r"\p{Han}")
    others = text.str.replace_all(r"\p{Han}+", " ").str.count_matches(r"\S*[\p{L}\p{N}]\S*")
    return ((chinese + 1) // 2 + others).clip(upper_bound=_MOST).cast(pl.Int16)


def shorten(text: pl.Expr, max_tokens: int) -> pl.Expr:
    """Keep the first `max_tokens` words, or twice as many characters of a Chinese text."""
    first_words = text.str.extract(rf"^((?:\S+\s+){{{max_tokens - 1}}}\S+)").str.strip_chars_end(" ,;:-–—(")
    first_characters = text.str.slice(0, 2 * max_tokens)
    kept = pl.when(is_chinese(text)).then(first_characters).otherwise(first_words)
    return pl.when(count_tokens(text) > max_tokens).then(pl.coalesce(kept, first_characters)).otherwise(text)


def _cut_long(sentences: pl.DataFrame, max_tokens: int) -> pl.DataFrame:
    """Cut sentences of more than `max_tokens` at their clauses, else after the last word that is allowed."""
    counted = sentences.with_columns(tokens=count_tokens(pl.col("text")), is_part=pl.lit(False)).with_row_index(
        "_order"
    )
    long = counted.filter(pl.col("tokens") > max_tokens)
    clauses = (
        long.with_columns(
            text=pl.col("text")
            .str.replace_all(_CLAUSE_END, f"$0{_CUT}")
            .str.replace_all(_CLAUSE_START, f",{_CUT}$1 ")
            .str.split(_CUT)
        )
        .explode("text")
        .with_columns(
            pl.col("text").str.strip_chars(" ,;:-–—，、："), tokens=count_tokens(pl.col("text").str.strip_chars())
        )
        .filter(pl.col("tokens") > 0)
    )
    shortened = clauses.with_columns(
        text=shorten(pl.col("text"), max_tokens),
        is_part=pl.lit(True),
        tokens=pl.min_horizontal("tokens", pl.lit(max_tokens, pl.Int16)),
    )
    short = counted.filter(pl.col("tokens") <= max_tokens)
    return pl.concat([short, shortened.select(short.columns)]).sort("_order", maintain_order=True).drop("_order")
