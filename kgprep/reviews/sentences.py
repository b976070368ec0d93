"""Sentences of reviews, cut by rules that polars runs over whole columns.

Notable here:
- full stops that end no sentence (titles, initials, dotted abbreviations) are hidden before the cut and shown after it;
- an initial before a word that usually begins a sentence ends one all the same ("vitamin C. The ...");
- an ellipsis ends a sentence only before a capital; a newline always does; Chinese marks need no space after them;
- too long a sentence is cut at its clauses, and what is still too long after its last allowed word, so no review is
  lost for its style; too short a one is left out;
- a token is a word in spaces; a Chinese word counts as two characters.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from kgprep.provenance import Count
from kgprep.reviews.records import is_chinese

# Private-use characters: a full stop that never ends a sentence, one that may, and the place of a cut.
_NEVER = "\ue000"
_MAYBE = "\ue001"
_CUT = "\ue002"

_TITLES = "Mr|Mrs|Ms|Dr|Prof|St|Sgt|Lt|Col|Gen|Capt|Cpt|Maj|Rev|Hon|Gov|Sen|Rep|Pres|Mt|Ft|Det|Insp|Messrs|Mme|Mlle"
_BEFORE_NUMBERS = "no|vol|pt|ch|ep|fig|approx|est|ca|pp?"
_STARTERS = (
    "The|This|That|These|Those|There|Then|They|He|She|It|Its|We|You|I|My|His|Her|Their|Our|But|And|So|If|In|On|At|As|An|A"
    "|When|While|What|Who|Why|How|Not|No|Yes|For|From|To|With|After|Before|All|Also|Although|Overall|However|One|Some|Now"
)
_CLAUSE_END = r";|:\s|\s[-–—]+\s|\.{2,}|…|[，、：]"
_CLAUSE_START = r",\s+(and|but|while|which|because|although|though|so|yet)\s"
_CLOSERS = r"[\"'”’)\]»*]*"
_OPENERS = r"[\"'“‘(\[«*]*"
_MAX_POSITION = 32_767


def split_sentences(
    reviews: pl.DataFrame, max_tokens: int = 40, min_words: int = 4
) -> tuple[pl.DataFrame, list[Count]]:
    """Cut texts into sentences.

    Args:
        reviews: any columns, among them text str and lang str.
        max_tokens: the most words a sentence may have.
        min_words: the fewest.

    Returns:
        The columns of `reviews` with text holding a sentence, position i16 (from 0, counted before short ones are left
        out), tokens i16 and is_part bool (whether it is a piece of a longer one); and counts of what was left out.
    """
    parts = [
        _sentences_of(reviews.filter(pl.col("lang") == "zh"), cut_chinese, max_tokens),
        _sentences_of(reviews.filter(pl.col("lang") != "zh"), cut_english, max_tokens),
    ]
    sentences = pl.concat(parts)
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


def first_sentence(text: pl.Expr, max_tokens: int = 40) -> pl.Expr:
    """Return a text's first sentence of two words or more, shortened to `max_tokens`; the whole text where none is."""
    cut = pl.when(is_chinese(text)).then(cut_chinese(text)).otherwise(cut_english(text))
    said = cut.list.eval(pl.element().filter(count_tokens(pl.element()) >= 2)).list.first()
    return shorten(pl.coalesce(said, cut.list.first()).str.strip_chars(), max_tokens)


def _sentences_of(reviews: pl.DataFrame, cut: Callable[[pl.Expr], pl.Expr], max_tokens: int) -> pl.DataFrame:
    sentences = (
        reviews.lazy()
        .with_columns(text=cut(pl.col("text")))
        .with_row_index("_review")
        .explode("text")
        .with_columns(pl.col("text").str.strip_chars())
        .filter(pl.col("text").str.len_bytes() > 0)
        .collect()
    )
    fitting = _cut_long(sentences, max_tokens)
    position = pl.int_range(pl.len()).over("_review").clip(upper_bound=_MAX_POSITION)
    return fitting.with_columns(position=position.cast(pl.Int16)).drop("_review")


def cut_english(text: pl.Expr) -> pl.Expr:
    """Cut English texts into lists of sentences, white space around them kept."""
    hidden = (
        text.str.replace_all(rf"\b({_TITLES})\.(\s)", f"$1{_NEVER}$2")
        .str.replace_all(rf"(?i)\b({_BEFORE_NUMBERS})\.(\s*\d)", f"$1{_NEVER}$2")
        .str.replace_all(r"(?i)\b(e\.g|i\.e|a\.k\.a|vs|cf)\.", f"$1{_NEVER}")
        .str.replace_all(r"\b(\p{Lu}|Jr|Sr|[ap]\.m)\.", f"$1{_MAYBE}")
        .str.replace_all(rf"\bI{_MAYBE}", "I.")
        .str.replace_all(rf"{_MAYBE}({_CLOSERS}\s+{_OPENERS}(?:{_STARTERS})\b)", ".$1")
    )
    marked = (
        hidden.str.replace_all(rf"([.!?…]{_CLOSERS})\s+({_OPENERS}[\p{{Lu}}\d])", f"$1{_CUT}$2")
        # Forgotten spaces: "great.The film"; but not in "Amazon.com" or "9.5".
        .str.replace_all(r"(\p{Ll}{2}[.!?]+)(\p{Lu}\p{Ll}|I\s)", f"$1{_CUT}$2")
        .str.replace_all("\n", _CUT, literal=True)
    )
    return marked.str.replace_all(f"[{_NEVER}{_MAYBE}]", ".").str.split(_CUT)


def cut_chinese(text: pl.Expr) -> pl.Expr:
    """Cut Chinese texts into lists of sentences; a mark and the quotes that close after it end one."""
    marked = text.str.replace_all(r"([。！？!?；;]+|…{1,}|\.{3,}|～{2,}|~{2,})([”’」』）)》\"]*)", f"$1$2{_CUT}")
    spaced = marked.str.replace_all(r"(\p{Han}\.)(\p{Han})", f"$1{_CUT}$2")
    return spaced.str.replace_all("\n", _CUT, literal=True).str.split(_CUT)


def count_tokens(text: pl.Expr) -> pl.Expr:
    """Count words: runs without white space, and two Chinese characters to a word."""
    chinese = text.str.count_matches(r"\p{Han}")
    others = text.str.replace_all(r"\p{Han}+", " ").str.count_matches(r"\S*[\p{L}\p{N}]\S*")
    return (pl.when(chinese > 0).then((chinese + 1) // 2 + others).otherwise(others)).cast(pl.Int16)


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
