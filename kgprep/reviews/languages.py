"""The language of a review: its script, and for the Latin script its function words.

Notable here:
- only the beginning of a text is looked at, without mark-up: enough to tell, and no more work for a long text;
- a script that one language of this field has (Han, kana, Hangul, Cyrillic ...) decides, whatever the source declares;
- in the Latin script a source's word is taken; without one the 60 commonest words of 17 languages (wordfreq) vote, each
  once a text, with the logarithm of their frequency in each language, and the winner must be a hundred times likelier
  than English and the usual language of the corpus; where such words are fewer than four or than 30 % of all words (a
  cast list, a few words), nothing is told and the usual language stands.

Source of the frequencies: Speer, wordfreq, https://doi.org/10.5281/zenodo.7199437.
"""

from __future__ import annotations

from functools import cache

import polars as pl

CHINESE_SHARE = 0.2
_LATIN = ("cs", "da", "de", "en", "es", "fi", "fr", "hu", "id", "it", "nb", "nl", "pl", "pt", "ro", "sv", "tr")
_SCRIPTS = {
    "ko": r"\p{Hangul}",
    "ru": r"\p{Cyrillic}",
    "el": r"\p{Greek}",
    "ar": r"\p{Arabic}",
    "he": r"\p{Hebrew}",
    "hi": r"\p{Devanagari}",
    "th": r"\p{Thai}",
}
_KANA = r"[\p{Hiragana}\p{Katakana}]"
_KANA_SHARE = 0.3
_SCRIPT_SHARE = 0.4
_LEAST_CHARACTERS = 4
"""Fewer letters of a script may be an emoticon."""
_NAMES = {
    "english": "en", "chinese": "zh", "french": "fr", "german": "de", "spanish": "es", "italian": "it",
    "portuguese": "pt", "dutch": "nl", "japanese": "ja", "korean": "ko", "russian": "ru", "eng": "en", "chi": "zh",
    "zho": "zh", "cmn": "zh", "yue": "zh",
}  # fmt: skip
_LINK = r"\b(?:https?|magnet):\S+"
_CHARACTERS_READ = 300
_WORDS_EACH = 60
_LEAST_BUCKET = 500
"""Rarer words in a language than one in a hundred thousand all count as that."""
_LEAST_WORDS = 4
_LEAST_SHARE = 0.3
_LEAST_LEAD = 2.0


def language(texts: pl.Series, declared: pl.Series, usual: str) -> pl.Series:
    """Tell the language of each text.

    Args:
        texts: without nulls and mark-up.
        declared: what the source says, as a tag (``en-GB``) or an English name; may be null.
        usual: tag of the corpus's language, for texts that do not tell.

    Returns:
        Tags of two letters.
    """
    head = texts.str.slice(0, _CHARACTERS_READ)
    told = pl.DataFrame({"script": _by_script(head), "declared": declared})
    known = told.select(lang=pl.coalesce("script", _tag(pl.col("declared"))))["lang"]
    open_rows = known.is_null().arg_true()
    if not open_rows.len():
        return known
    return known.scatter(open_rows, _by_function_words(head.gather(open_rows), usual))


def _tag(declared: pl.Expr) -> pl.Expr:
    lowered = declared.str.to_lowercase().str.strip_chars()
    return lowered.replace(_NAMES).str.extract(r"^([a-z]{2})(?:[-_].*)?$")


def _by_script(heads: pl.Series) -> pl.Series:
    """Return the language that each text's script tells, null for Latin and unknown ones."""
    letters = {"kana": _KANA, "zh": r"\p{Han}", **_SCRIPTS}
    counted = heads.to_frame("head").select(
        pl.col("head").str.len_chars().alias("length"),
        *(pl.col("head").str.count_matches(script).alias(name) for name, script in letters.items()),
    )
    length, kana, chinese = pl.col("length"), pl.col("kana"), pl.col("zh")
    is_japanese = (
        (kana >= _LEAST_CHARACTERS)
        & (kana >= _KANA_SHARE * (kana + chinese))
        & (kana + chinese >= CHINESE_SHARE * length)
    )
    told: list[tuple[pl.Expr, str]] = [
        (is_japanese, "ja"),
        ((chinese > 0) & (chinese >= CHINESE_SHARE * length), "zh"),
        *(((pl.col(tag) >= _LEAST_CHARACTERS) & (pl.col(tag) >= _SCRIPT_SHARE * length), tag) for tag in _SCRIPTS),
    ]
    return counted.select(lang=pl.coalesce(pl.when(is_so).then(pl.lit(tag)) for is_so, tag in told))["lang"]


def _by_function_words(head: pl.Series, usual: str) -> pl.Series:
    words = head.str.to_lowercase().str.replace_all(_LINK, "").str.extract_all(r"\p{L}{2,}").list.unique()
    rows = pl.DataFrame({"word": words, "all": words.list.len()}).with_row_index("row")
    votes = (
        rows.explode("word", empty_as_null=True)
        .join(_votes(), on="word")
        .group_by("row")
        .agg(pl.len().alias("words"), pl.col("all").first(), pl.col(_LATIN).sum())
    )
    is_told = (pl.col("words") >= _LEAST_WORDS) & (pl.col("words") >= _LEAST_SHARE * pl.col("all"))
    best = pl.max_horizontal(_LATIN)
    settled = [tag for tag in (usual, "en") if tag in _LATIN]
    rival = pl.max_horizontal(settled)
    winner = (
        pl.when(best >= rival + _LEAST_LEAD)
        .then(pl.concat_list(_LATIN).list.arg_max())
        .otherwise(pl.concat_list(settled).list.arg_max() + len(_LATIN))
    )
    tags = dict(enumerate((*_LATIN, *settled)))
    told = votes.filter(is_told).select("row", winner.replace_strict(tags, return_dtype=pl.String).alias("lang"))
    return rows.join(told, on="row", how="left", maintain_order="left")["lang"].fill_null(usual)


def load_function_words() -> None:
    """Load what tells languages apart; else the first text whose script does not tell its language waits."""
    _votes()


@cache
def _votes() -> pl.DataFrame:
    """Return a row a function word: the logarithm of its frequency in each language."""
    from wordfreq import get_frequency_list, top_n_list

    common = {word for tag in _LATIN for word in top_n_list(tag, _WORDS_EACH, wordlist="small") if word.isalpha()}
    ordered = sorted(common)
    columns = {}
    for tag in _LATIN:
        # wordfreq's buckets, a hundred to a power of ten; a keyword here would make it read each list twice.
        buckets = get_frequency_list(tag, "small")[:_LEAST_BUCKET]
        places = {word: place for place, bucket in enumerate(buckets) for word in common.intersection(bucket)}
        columns[tag] = [-places.get(word, _LEAST_BUCKET) / 100 for word in ordered]
    return pl.DataFrame({"word": ordered, **columns}).with_columns(pl.col(_LATIN).cast(pl.Float32))
