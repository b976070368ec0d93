"""How much a sentence says about its entity, and the best sentence of each.

    score = form * (0.35 relatedness + 0.25 neighbours + 0.15 subject + 0.25 opinion),   in [0, 1]

Notable here:
- relatedness is BM25 against the entity's neighbourhood: the words of its description, of its neighbours' names, and of
  two of its reviews, so a reviewer's own whims and typos weigh nothing;
- neighbours is the number of entities next to it in the graph that the sentence names (its people, genres, places),
  as a share of two, 1 at most;
- subject is whether it names the entity, or at least speaks of "the film";
- opinion is the review's rating and how helpful readers found it;
- form falls with chatter about oneself, about reviews or discs, with shouting, questions, bare lists, a beginning that
  points back or lacks its capital, and odd lengths, and for pieces of longer sentences.
"""

from __future__ import annotations

import polars as pl

from kgprep.reviews.records import is_chinese

RELATEDNESS, NEIGHBOURS, SUBJECT, OPINION = 0.35, 0.25, 0.15, 0.25
# BM25's usual constants: how soon more words stop counting, and how much long sentences are lowered.
_K1, _B = 1.2, 0.75
# BM25 sum at which relatedness is one half: about four telling words.
_HALF_RELATEDNESS = 30.0
_NEIGHBOURS_ENOUGH = 2
_COMMON_WORD_SHARE = 0.1
_KNOWN_WORD_BONUS = 2.0
_UNKNOWN_RATING, _UNKNOWN_HELPFUL = 0.6, 0.4

# Word boundaries are written out where they can be: \b is ten times slower on texts that are not ASCII alone.
_SELF = r"(?i)\b(?:I|I'm|I've|I'd|I'll|my|me|myself|you|your|you're|you'll)\b|我|你"
_META = (
    r"(?i)(?:^|\W)(?:reviews?|reviewers?|comments?|imdb|user|dvd|blu-?ray|vhs|rent(?:ed|al)?|spoilers?|votes?|stars"
    r"|rating|out of (?:10|ten|5|five)|\d+/10|trailer|cinema|theat(?:er|re))(?:\W|$)"
    r"|豆瓣|影评|短评|打分|评分|剧透|字幕|资源|下载"
)
_POINTING = (
    r"(?i)^(?:(?:and|but|so|or|because|also|then|it|he|she|they|this|that|these|those|there|here|however|otherwise"
    r"|anyway|in fact|in particular)\b|\()"
)
_LIST = r"(?:,[^,]{1,40}){6}"
_SHOUTING = r"(?:^|\W)\p{Lu}{4,}\W(?:.*\W)?\p{Lu}{4,}(?:\W|$)|!{2,}|！{2,}"
_ASKING = r"[?？][\"'”’)]*$"
_WORD = r"[[\p{L}\p{N}]--\p{Han}]{3,}"
_MIDDLE = r"^[^\p{L}]*\p{Ll}"
_THE_WORK = r"(?i)\b(?:the|this) (?:film|movie|series|show|story|picture|plot|sequel)\b|电影|影片|本片|故事|剧情|导演"


def sentence_words(sentences: pl.DataFrame) -> pl.DataFrame:
    """Return the distinct words of each text as hashes: row u32 (the text's row), word u64.

    Words are runs of three letters or digits or more, lower-cased; Chinese gives all pairs of neighbouring characters.

    Args:
        sentences: a column text.
    """
    texts = sentences.lazy().select(pl.col("text").str.to_lowercase()).with_row_index("row")
    words = texts.select("row", word=pl.col("text").str.extract_all(_WORD).list.unique())
    pairs = (pl.col("text").str.slice(start).str.extract_all(r"\p{Han}{2}") for start in (0, 1))
    chinese = texts.filter(is_chinese(pl.col("text"))).select("row", word=pl.concat_list(*pairs).list.unique())
    # Each text's words are made distinct in its own list: as rows of one long frame that takes twice as long.
    spread = pl.concat([words, chinese]).explode("word").drop_nulls("word")
    return spread.select("row", pl.col("word").hash()).collect()


def neighbourhood_words(texts: pl.DataFrame) -> pl.DataFrame:
    """Return what an entity is known by: entity_id i32 · word u64, each pair once.

    Args:
        texts: entity_id i32, text str: descriptions of entities, their names and those of their neighbours.
    """
    entities = texts.select("entity_id").with_row_index("row")
    return sentence_words(texts).join(entities, on="row").select("entity_id", "word").unique()


def relatedness(sentences: pl.DataFrame, known: pl.DataFrame) -> pl.Series:
    """Score how well each sentence answers the question what its entity is about: BM25, brought to [0, 1).

    The query are the words that mark the entity out: those of its neighbourhood, and those that two of its reviews use.
    A sentence holds a word once or not at all, and entities are what a word's rarity is counted over (Robertson and
    Zaragoza 2009, equation 3.15, with a weight for each word of the query).

    Args:
        sentences: entity_id i32, review u32 (any number of the review), text str.
        known: of `neighbourhood_words`.
    """
    keys = sentences.select("entity_id", "review").with_row_index("row")
    words = sentence_words(sentences).join(keys, on="row")
    entities = sentences["entity_id"].n_unique()
    query = (
        words.lazy()
        .group_by("entity_id", "word")
        .agg(reviews=pl.col("review").n_unique())
        .with_columns(spread=pl.len().over("word"))
        # A common word tells nothing; in a corpus of a few films no word is common.
        .filter(pl.col("spread") <= pl.max_horizontal(pl.lit(_COMMON_WORD_SHARE * entities), pl.lit(2.0)))
        .join(known.lazy().with_columns(is_known=True), on=("entity_id", "word"), how="left")
        .filter((pl.col("reviews") >= 2) | pl.col("is_known"))
        .select(
            "entity_id",
            "word",
            weight=(1 + (entities - pl.col("spread") + 0.5) / (pl.col("spread") + 0.5)).log()
            * (1 + pl.col("reviews").log())
            * pl.when(pl.col("is_known")).then(_KNOWN_WORD_BONUS).otherwise(1.0),
        )
    )
    lengths = words.lazy().group_by("row").agg(length=pl.len())
    saturation = _K1 * (1 - _B + _B * pl.col("length") / pl.col("length").mean())
    sums = (
        words.lazy()
        .join(query, on=("entity_id", "word"))
        .sort("row", "word")
        .group_by("row", maintain_order=True)
        .agg(pl.col("weight").sum())
        .join(lengths.with_columns(factor=(_K1 + 1) / (1 + saturation)), on="row", maintain_order="left")
        .with_columns(total=pl.col("weight") * pl.col("factor"))
        .select("row", related=pl.col("total") / (pl.col("total") + _HALF_RELATEDNESS))
        .collect()
    )
    related = keys.join(sums, on="row", how="left", maintain_order="left")["related"]
    return related.fill_null(0.0).cast(pl.Float32)


def form(text: pl.Expr, tokens: pl.Expr, is_part: pl.Expr) -> pl.Expr:
    """Score how a sentence is made, in (0, 1]: the product of a factor for its length and one for each blemish."""
    length = pl.min_horizontal(tokens / 10, pl.lit(1.0)) * pl.when(tokens > 32).then(0.85).otherwise(1.0)
    blemishes = (
        (text.str.contains(_SELF), 0.6),
        (text.str.contains(_META), 0.5),
        (text.str.contains(_POINTING), 0.8),
        (text.str.contains(_LIST), 0.7),
        (text.str.contains(_SHOUTING), 0.7),
        (text.str.contains(_ASKING), 0.6),
        (text.str.contains(_MIDDLE), 0.8),
        (is_part, 0.7),
    )
    factors = [pl.when(has).then(factor).otherwise(1.0) for has, factor in blemishes]
    product = length
    for factor in factors:
        product = product * factor
    return product.cast(pl.Float32)


def opinion(rating: pl.Expr, helpful: pl.Expr) -> pl.Expr:
    """Weigh a review by its rating and its helpfulness, in [0, 1]; what is unknown counts as middling."""
    return 0.6 * rating.fill_null(_UNKNOWN_RATING) + 0.4 * helpful.fill_null(_UNKNOWN_HELPFUL)


def speaks_of_work(text: pl.Expr) -> pl.Expr:
    """Tell whether a sentence speaks of a film in general words."""
    return text.str.contains(_THE_WORK)


def score(related: pl.Expr, neighbours: pl.Expr, subject: pl.Expr, said: pl.Expr, made: pl.Expr) -> pl.Expr:
    """Join the features to one score in [0, 1].

    Args:
        related: `relatedness`.
        neighbours: number of distinct neighbours that the sentence names.
        subject: 1 where it names the entity, less where it only points to it.
        said: `opinion`.
        made: `form`.
    """
    enough = (neighbours / _NEIGHBOURS_ENOUGH).clip(upper_bound=1.0)
    total = RELATEDNESS * related + NEIGHBOURS * enough + SUBJECT * subject + OPINION * said
    return (made * total).clip(0.0, 1.0).cast(pl.Float32)


def best_sentences(sentences: pl.DataFrame) -> pl.DataFrame:
    """Return the best sentence of every entity, of equals the first: entity_id, sentence_id, sentence, score.

    Args:
        sentences: the table reviews/sentences.
    """
    return (
        sentences.sort(["entity_id", "score", "sentence_id"], descending=[False, True, False])
        .unique("entity_id", keep="first", maintain_order=True)
        .select("entity_id", "sentence_id", pl.col("text").alias("sentence"), "score")
    )
