from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from kgprep.dialogues import load_dialogues
from kgprep.errors import KgprepError

WriteLines = Callable[[str, Sequence[object]], Path]
HEADER = "dialog_id\tutt_id\tspeaker\tturn_id\ttext\ttext_with_placeholder\tmovies\tmovie_id"


def utterance(role: str, text: str, *movies: str) -> dict[str, Any]:
    return {
        "text": text,
        "role": role,
        "movie": list(movies),
        "entity_link": [],
        "entity_name": [],
        "movie_link": ["<http://dbpedia.org/resource/Wrong>"] * len(movies),
        "movie_name": list(movies),
    }


def test_json_lines_with_films(write_lines: WriteLines, tmp_path: Path) -> None:
    talk = [
        utterance("RECOMMENDER", "Have you seen Joker, or knives out 😀?", "Knives Out (2019)", "Joker (2019)"),
        utterance("SEEKER", "Avengers Endgame and Spiderman", "Avengers: Endgame (2019)", "Spider-Man (2002)"),
        utterance("SEEKER", "I am the misses lol", "I Am Michael (2015)"),
    ]
    write_lines("train_data_dbpedia.jsonl.gz", [talk, [utterance("SEEKER", "hi")]])
    write_lines("valid_data_dbpedia.jsonl.gz", [[utterance("SEEKER", "hello")]])
    loaded = load_dialogues("inspired", tmp_path)
    assert loaded.utterances.select(pl.col("split").cast(pl.String), "dialogue_id", "turn").rows() == [
        ("train", "train-1", 0),
        ("train", "train-1", 1),
        ("train", "train-1", 2),
        ("train", "train-2", 0),
        ("valid", "valid-1", 0),
    ]
    assert loaded.item_mentions.select("turn", "word", "item_id").rows() == [
        (0, "Joker", "Joker_(2019)"),
        (0, "knives out", "Knives_Out_(2019)"),
        (1, "Avengers Endgame", "Avengers:_Endgame_(2019)"),
        (1, "Spiderman", "Spider-Man_(2002)"),
    ]
    assert loaded.items.filter(pl.col("item_id") == "Joker_(2019)").rows() == [
        ("Joker_(2019)", "Joker", 2019, None, None)
    ]
    counts = {count.what: count.kept for count in loaded.counts}
    assert counts["skipped: an annotated title does not stand in the message"] == 1


def test_longer_titles_win_and_articles_may_be_missing(write_lines: WriteLines) -> None:
    talk = [
        utterance("SEEKER", "Toy Story 4 after Toy Story", "Toy Story (1995)", "Toy Story 4 (2019)"),
        utterance("SEEKER", "the Shawshank Redemption; Godfather", "The Godfather (1972)"),
        utterance("SEEKER", "in the future", "A Future (2011)"),
    ]
    loaded = load_dialogues("inspired", write_lines("all.jsonl", [talk]))
    assert loaded.item_mentions.select("turn", "start", "word", "item_id").rows() == [
        (0, 0, "Toy Story 4", "Toy_Story_4_(2019)"),
        (0, 18, "Toy Story", "Toy_Story_(1995)"),
        (1, 26, "Godfather", "The_Godfather_(1972)"),
    ]


def test_the_public_table_joins_the_sentences_of_a_turn(write_lines: WriteLines) -> None:
    path = write_lines(
        "dev_raw.tsv.gz",
        [
            HEADER,
            "a.pkl\t1\tRECOMMENDER\t1\tHello.\tHello.\t\tx",
            "a.pkl\t2\tRECOMMENDER\t1\tI saw QUOTATION_MARKJokerQUOTATION_MARK.\tI saw.\tJoker (2019)\tx",
            "a.pkl\t3\tSEEKER\t1\tHeat or Up?\tHeat\tHeat (1995);  Up (2009)\tx",
            "b.pkl\t1\tRECOMMENDER\t1\tHi\tHi\t\ty",
            "b.pkl\tbroken",
        ],
    )
    loaded = load_dialogues("inspired", path)
    assert loaded.utterances.select("dialogue_id", "turn", "role", "text").rows() == [
        ("a.pkl", 0, "recommender", 'Hello. I saw "Joker".'),
        ("a.pkl", 1, "seeker", "Heat or Up?"),
        ("b.pkl", 0, "recommender", "Hi"),
    ]
    assert loaded.item_mentions["word"].to_list() == ["Joker", "Heat", "Up"]
    assert f"{path}:6: the row has another number of cells than the header" in loaded.notes


def test_other_tables_and_empty_dialogues(write_lines: WriteLines) -> None:
    with pytest.raises(KgprepError, match="lacks the columns"):
        load_dialogues("inspired", write_lines("dev.tsv", ["a\tb", "1\t2"]))
    with pytest.raises(KgprepError, match="no usable dialogue"):
        load_dialogues("inspired", write_lines("all.jsonl", [[], {"a": 1}, [{"text": "x", "role": "NOBODY"}]]))


@pytest.mark.real_data
def test_both_real_forms(real_data: Path) -> None:
    folder = real_data / "inspired"
    loaded = load_dialogues("inspired", folder)
    assert loaded.utterances["dialogue_id"].n_unique() == 801 + 99
    joined = loaded.item_mentions.join(loaded.utterances, on=["dialogue_id", "turn"])
    sliced = pl.col("text").str.slice(pl.col("start"), pl.col("end") - pl.col("start"))
    assert joined.height > 4000
    assert joined.filter(sliced != pl.col("word")).is_empty()

    table = load_dialogues("inspired", folder / "dev_raw.tsv.gz")
    of_valid = loaded.utterances.filter(pl.col("split") == "valid")
    assert table.utterances["dialogue_id"].n_unique() == 99
    assert table.utterances.height == of_valid.height
