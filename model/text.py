"""From text to token ids.

Notable here:
- the language is decided by the text itself: mostly Chinese characters means words cut by jieba, which is told the
  bundle's names, else a regex;
- the words of responses come first in the vocabulary, so a decoder's softmax covers a prefix of it and no more;
- an item that is named by the data set's mark has a token of its own in responses, the item slot.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

PAD, UNKNOWN, START, END, ITEM, SEEKER, RECOMMENDER = range(7)
SPECIALS = ("<pad>", "<unknown>", "<start>", "<end>", "<item>", "<seeker>", "<recommender>")
NEVER_SAID = (PAD, UNKNOWN, START, SEEKER, RECOMMENDER)

# A word keeps its inner apostrophes ("don't"); every other sign is a token of its own.
ENGLISH_TOKEN = r"[\p{L}\p{N}]+(?:'\p{L}+)*|[^\s\p{L}\p{N}]"
CHINESE_SHARE = 0.3


@dataclass(frozen=True)
class Vocabulary:
    """The known words; a word's id is its place. The first `response_size` ids are those that responses may use."""

    words: tuple[str, ...]
    response_size: int
    chinese: bool

    def __len__(self) -> int:
        return len(self.words)

    def ids(self, tokens: pl.Series) -> pl.Series:
        """Return the id of each token, `UNKNOWN` for words that are not known."""
        known = pl.Series(self.words, dtype=pl.String)
        ids = pl.Series(range(len(self.words)), dtype=pl.Int64)
        return tokens.replace_strict(known, ids, default=UNKNOWN, return_dtype=pl.Int64)


def is_chinese(texts: pl.Series) -> bool:
    """Tell whether at least three in ten letters of `texts` are Chinese characters."""
    letters = int(texts.str.count_matches(r"\p{L}").sum())
    return letters > 0 and int(texts.str.count_matches(r"\p{Han}").sum()) / letters >= CHINESE_SHARE


def tokenise(texts: pl.Series, chinese: bool, names: pl.Series | None = None) -> pl.Series:
    """Return the tokens of each text as a list of strings; equal texts are cut only once.

    Args:
        texts: n texts.
        chinese: whether jieba cuts them.
        names: Chinese names that are words of their own, whatever jieba knows.
    """
    distinct = texts.unique(maintain_order=True)
    tokens = _cut_chinese(distinct, names) if chinese else _cut_english(distinct)
    cut = pl.DataFrame({"text": distinct, "tokens": tokens})
    return texts.to_frame("text").join(cut, on="text", how="left", maintain_order="left")["tokens"]


def _cut_english(texts: pl.Series) -> pl.Series:
    return texts.str.to_lowercase().str.replace_all("’", "'", literal=True).str.extract_all(ENGLISH_TOKEN)


def _cut_chinese(texts: pl.Series, names: pl.Series | None) -> pl.Series:
    import logging

    import jieba

    jieba.setLogLevel(logging.WARNING)
    cutter = jieba.Tokenizer()
    for name in () if names is None else names.to_list():
        cutter.add_word(name)
    # jieba offers one text at a time, nothing vectorised.
    words = [[word for word in cutter.cut(text.lower()) if not word.isspace()] for text in texts.to_list()]
    return pl.Series(words, dtype=pl.List(pl.String))


def build_vocabulary(
    response_tokens: pl.Series, other_tokens: pl.Series, chinese: bool, min_count: int, max_words: int
) -> Vocabulary:
    """Return the vocabulary of the training text, response words first, then by frequency, then by spelling.

    Args:
        response_tokens: the tokens of all training responses, one a row.
        other_tokens: those of all other training utterances and of the review sentences.
        chinese: how the tokens were cut.
        min_count: least frequency of a word, within its part.
        max_words: most words that are kept, special ones not counted.
    """
    responses = _frequent(response_tokens, min_count).head(max_words)
    others = _frequent(pl.concat([response_tokens, other_tokens]), min_count).filter(~_is_in(responses))
    words = [*SPECIALS, *responses["token"], *others["token"].head(max_words - responses.height)]
    return Vocabulary(tuple(words), len(SPECIALS) + responses.height, chinese)


def _frequent(tokens: pl.Series, min_count: int) -> pl.DataFrame:
    counts = tokens.alias("token").to_frame().group_by("token").len()
    special = pl.col("token").is_in(list(SPECIALS))
    return counts.filter(~special, pl.col("len") >= min_count).sort(["len", "token"], descending=[True, False])


def _is_in(words: pl.DataFrame) -> pl.Expr:
    return pl.col("token").is_in(words["token"].implode())
