from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kgprep.dialogues import load_dialogues
from kgprep.dialogues.title_spans import locate_titles
from kgprep.errors import KgprepError

WriteLines = Callable[[str, Sequence[object]], Path]


def dialogue(dialogue_id: object, text: str = "hi", **fields: Any) -> dict[str, Any]:
    return {"dialogue_id": dialogue_id, "messages": [{"role": "seeker", "text": text}], **fields}


def test_all_fields(write_lines: WriteLines) -> None:
    row = {
        "dialogue_id": "d1",
        "split": "train",
        "language": "fr",
        "messages": [
            {"role": "seeker", "text": "🎬 Heat ?", "mentions": [{"start": 2, "end": 6, "item_id": "i1"}]},
            {"role": "recommender", "text": "Oui"},
        ],
        "items": [
            {"item_id": "i1", "name": "Heat", "year": 1995, "imdb_id": "tt0113277", "liked": 1, "plot": "Thieves."},
            {"item_id": "i2", "name": "Up (2009)", "iri": "http://example.org/Up"},
        ],
    }
    loaded = load_dialogues("jsonl", write_lines("own.jsonl", [row, dialogue("d2", split="test")]))
    assert loaded.language == "fr"
    assert loaded.items.rows() == [
        ("i1", "Heat", 1995, "tt0113277", None),
        ("i2", "Up", 2009, None, "http://example.org/Up"),
    ]
    assert loaded.item_mentions.rows() == [("d1", 0, 2, 6, "Heat", "i1")]
    assert loaded.feedback.rows() == [("d1", "i1", None, None, 1)]
    assert loaded.descriptions.rows() == [("i1", "fr", "Thieves.")]
    assert loaded.utterances["split"].to_list() == ["train", "train", "test"]


def test_dialogues_without_split_are_divided(write_lines: WriteLines) -> None:
    undivided = load_dialogues("jsonl", write_lines("own.jsonl", [dialogue(n, f"hi {n}") for n in range(30)]))
    assert dict(undivided.utterances["split"].value_counts().iter_rows()) == {"train": 24, "valid": 3, "test": 3}
    partly = [dialogue(f"t{number}", split="test") for number in range(5)] + [dialogue(n, f"hi {n}") for n in range(20)]
    loaded = load_dialogues("jsonl", write_lines("partly.jsonl", partly))
    tests = loaded.utterances.filter(pl.col("split") == "test")["dialogue_id"]
    assert tests.to_list() == [f"t{number}" for number in range(5)]
    assert loaded.utterances.filter(pl.col("split") == "valid").height == 2


def splits(path: Path) -> dict[str, set[str]]:
    rows = load_dialogues("jsonl", path).utterances.select(pl.col("split").cast(pl.String), "dialogue_id").rows()
    return {split: {one for other, one in rows if other == split} for split in ("train", "valid", "test")}


def test_a_split_that_a_dialogue_names_is_never_overruled(write_lines: WriteLines) -> None:
    marked = [dialogue(f"m{number}", f"marked {number}", split="train") for number in range(30)]
    free = [dialogue(f"f{number}", f"free {number}") for number in range(20)]
    mixed = splits(write_lines("mixed.jsonl", marked + free))
    assert {f"m{number}" for number in range(30)} <= mixed["train"]
    assert (len(mixed["valid"]), len(mixed["test"])) == (2, 2)
    whole = splits(write_lines("marked.jsonl", [*marked, dialogue("t", split="test")]))
    assert (len(whole["train"]), whole["valid"], whole["test"]) == (30, set(), {"t"})


def test_a_tenth_of_a_train_file_becomes_valid_where_no_file_and_no_dialogue_says_valid(
    write_lines: WriteLines, tmp_path: Path
) -> None:
    write_lines("train.jsonl", [dialogue(number, f"train {number}") for number in range(20)])
    write_lines("test.jsonl", [dialogue("t")])
    assert [len(ids) for ids in splits(tmp_path).values()] == [18, 2, 1]


def test_equal_dialogues_share_a_split(write_lines: WriteLines) -> None:
    copies = [dialogue(f"{copy}{number}", f"film {number}") for number in range(20) for copy in "abc"]
    drawn = splits(write_lines("own.jsonl", copies))
    assert {split: len(ids) for split, ids in drawn.items()} == {"train": 48, "valid": 6, "test": 6}
    films = [{one[1:] for one in ids} for ids in drawn.values()]
    assert sum(map(len, films)) == 20
    held_out = dialogue("t", "film 7", split="test")
    partly = splits(write_lines("partly.jsonl", [held_out, *copies]))
    assert partly["test"] == {"t", "a7", "b7", "c7"}


def test_turns_count_usable_messages_only(write_lines: WriteLines) -> None:
    span = {"start": 0, "end": 4, "item_id": "i1"}
    messages = [
        {"role": "system", "text": "Talk about films."},
        {"role": "seeker", "text": "hi"},
        {"role": "recommender"},
        {"role": "recommender", "text": "Heat", "mentions": [span]},
    ]
    row = {"dialogue_id": "d", "messages": messages, "items": [{"item_id": "i1", "name": "Heat"}]}
    loaded = load_dialogues("jsonl", write_lines("own.jsonl", [row]))
    assert loaded.utterances.select("turn", "text").rows() == [(0, "hi"), (1, "Heat")]
    assert loaded.item_mentions.select("turn", "word").rows() == [(1, "Heat")]


def test_of_overlapping_mentions_the_longest_then_the_first_stays(write_lines: WriteLines) -> None:
    spans = [
        (0, 3, "toy"),
        (0, 11, "four"),
        (4, 11, "story"),
        (12, 16, "a"),
        (14, 18, "b"),
        (19, 23, "c"),
        (19, 23, "d"),
    ]
    mentions = [{"start": start, "end": end, "item_id": item_id} for start, end, item_id in spans]
    row = {
        "dialogue_id": "d",
        "messages": [{"role": "seeker", "text": "Toy Story 4 abcdef Heat", "mentions": mentions}],
        "items": [{"item_id": item_id, "name": item_id} for _, _, item_id in spans],
    }
    loaded = load_dialogues("jsonl", write_lines("own.jsonl", [row]))
    assert loaded.item_mentions.select("word", "item_id").rows() == [
        ("Toy Story 4", "four"),
        ("abcd", "a"),
        ("Heat", "c"),
    ]
    counts = {count.what: count.kept for count in loaded.counts}
    assert counts["skipped: the mention has no item_id or no span of its own in the text"] == 4


def test_imdb_ids_of_items_may_be_addresses_and_unusable_ones_are_counted(write_lines: WriteLines) -> None:
    ids = {"a": "https://www.imdb.com/title/tt1375666/", "b": 113277, "c": "nm0094435", "d": None, "e": ""}
    items = [{"item_id": one, "name": one, "imdb_id": imdb_id} for one, imdb_id in ids.items()]
    loaded = load_dialogues("jsonl", write_lines("own.jsonl", [dialogue("d", items=items)]))
    assert loaded.items["imdb_id"].to_list() == ["tt1375666", "tt0113277", None, None, None]
    counts = {count.what: count.kept for count in loaded.counts}
    assert counts["skipped: the imdb_id is no IMDb id of a title"] == 1


def test_unusable_years_of_items_are_counted(write_lines: WriteLines) -> None:
    items = [{"item_id": str(year), "name": "Heat", "year": year} for year in (1995, "1995", "?", None, 95)]
    loaded = load_dialogues("jsonl", write_lines("own.jsonl", [dialogue("d", items=items)]))
    counts = {count.what: count.kept for count in loaded.counts}
    assert counts["skipped: the year is no year"] == 2


def test_unusable_parts_are_counted(write_lines: WriteLines) -> None:
    mentions = [
        {"start": 0, "end": 99, "item_id": "i"},
        {"start": 2, "end": 1, "item_id": "i"},
        3,
        {"start": 0, "end": 1},
    ]
    rows = [
        dialogue("1", split="dev"),
        {"dialogue_id": "2", "messages": [{"role": "robot", "text": "x"}]},
        {"messages": [{"role": "seeker", "text": "x"}]},
        {"dialogue_id": "3", "messages": [{"role": "seeker", "text": "abc", "mentions": mentions}], "items": [7]},
    ]
    loaded = load_dialogues("jsonl", write_lines("own.jsonl", rows))
    counts = {count.what: count.kept for count in loaded.counts}
    assert loaded.utterances["dialogue_id"].to_list() == ["3"]
    assert counts["skipped: the mention has no item_id or no span of its own in the text"] == 4
    assert counts["skipped: the item has no item_id"] == 1
    assert counts["skipped: the dialogue's split is none of train, valid, test"] == 1
    with pytest.raises(KgprepError, match="no usable dialogue"):
        load_dialogues("jsonl", write_lines("none.jsonl", rows[:3]))


texts = st.text(st.characters(codec="utf-8"), max_size=20)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(before=texts, title=st.text(st.characters(codec="utf-8"), min_size=1, max_size=8), after=texts)
def test_words_equal_their_slices(write_lines: WriteLines, before: str, title: str, after: str) -> None:
    span = {"start": len(before), "end": len(before) + len(title), "item_id": "i"}
    message = {"role": "seeker", "text": before + title + after, "mentions": [span]}
    row = {"dialogue_id": "d", "messages": [message], "items": [{"item_id": "i", "name": "Film"}]}
    loaded = load_dialogues("jsonl", write_lines("own.jsonl", [row]))
    assert loaded.item_mentions["word"].to_list() == [title]
    stored = loaded.utterances["text"][0]
    start, end = loaded.item_mentions.select("start", "end").row(0)
    assert stored[start:end] == title


@settings(max_examples=100, deadline=None)
@given(texts, st.sampled_from(["Heat", "Toy Story", "The Thing", "Spider-Man"]), texts)
def test_a_title_between_spaces_is_always_found(before: str, title: str, after: str) -> None:
    text = f"{before} {title} {after}"
    spans = locate_titles({"i": title}, text)
    assert (len(before) + 1, len(before) + 1 + len(title)) in [(span.start, span.end) for span in spans]


def test_roles_are_read_in_any_case_and_ids_as_pandas_writes_them(write_lines: WriteLines) -> None:
    messages = [{"role": "Seeker", "text": "Heat?"}, {"role": "RECOMMENDER ", "text": "Good."}]
    loaded = load_dialogues("jsonl", write_lines("own.jsonl", [{"dialogue_id": 3.0, "messages": messages}]))
    assert loaded.utterances.select("dialogue_id", pl.col("role").cast(pl.String)).rows() == [
        ("3", "seeker"),
        ("3", "recommender"),
    ]


def test_a_dialogue_of_other_roles_is_not_called_empty(write_lines: WriteLines) -> None:
    messages = [{"role": "user", "text": "Heat?"}, {"role": "assistant", "text": "Good."}]
    path = write_lines("own.jsonl", [{"dialogue_id": "d1", "messages": messages}])
    with pytest.raises(KgprepError, match="no message has text and a role of seeker or recommender"):
        load_dialogues("jsonl", path)


def test_a_line_in_another_encoding_is_not_called_damaged_json(write_lines: WriteLines) -> None:
    path = write_lines("own.jsonl", [dialogue("d1")])
    path.write_bytes(path.read_bytes() + '{"dialogue_id": "d2", "messages": "Amélie"}\n'.encode("latin-1"))
    loaded = load_dialogues("jsonl", path)
    assert f"{path}:2: the line is not UTF-8" in loaded.notes


def test_a_blank_is_no_value_and_no_answer(write_lines: WriteLines) -> None:
    told = {"item_id": "a", "name": "Up", "iri": "http://example.org/Up", "plot": "A house flies."}
    blank = {"item_id": "a", "name": " ", "year": "", "imdb_id": " ", "iri": "", "plot": " ", "liked": "", "seen": None}
    rows = [dialogue("d1", items=[blank]), dialogue("d2", items=[{**blank, "item_id": "b", "plot": "..."}, told])]
    loaded = load_dialogues("jsonl", write_lines("own.jsonl", rows))
    assert loaded.items.rows() == [("a", "Up", None, None, "http://example.org/Up")]
    assert loaded.descriptions.rows() == [("a", "en", "A house flies.")]
    assert loaded.feedback.is_empty()
    assert not [count for count in loaded.counts if count.what.startswith("skipped")]


def test_values_are_read_as_pandas_writes_them(write_lines: WriteLines) -> None:
    mention = {"start": 0, "end": 2, "item_id": "3.0"}
    messages = [{"role": "seeker", "text": "Up", "mentions": [mention]}]
    answers = {"suggested": 1.0, "seen": "0", "liked": True}
    items = [{"item_id": 3.0, "year": 2009.0, "imdb_id": float("nan"), **answers}, {"item_id": "4", "name": 1917}]
    films = write_lines("films.csv", ["item_id,name,year", "3.0,Up,2009.0"])
    row = {"dialogue_id": 1.0, "messages": messages, "items": items}
    loaded = load_dialogues("jsonl", write_lines("own.jsonl", [row]), films=films)
    assert loaded.items["item_id", "name", "year"].rows() == [("3", "Up", 2009), ("4", "1917", None)]
    assert loaded.item_mentions.select("dialogue_id", "item_id").rows() == [("1", "3")]
    assert loaded.feedback.rows() == [("1", "3", 1, 0, 1)]


def test_answers_that_are_none_are_counted_and_not_reported_as_answers(write_lines: WriteLines) -> None:
    items = [
        {"item_id": "a", "name": "Up", "liked": "yes", "seen": 10**30},
        {"item_id": "b", "name": "Heat", "seen": 2},
    ]
    loaded = load_dialogues("jsonl", write_lines("own.jsonl", [dialogue("d", items=items)]))
    counts = {count.what: (count.kept, count.total) for count in loaded.counts}
    assert counts["answers about a known item"] == (1, 1)
    assert counts["skipped: the answer is none of 0, 1 and 2"] == (2, None)


def test_full_width_digits_and_impossible_years_are_no_years(write_lines: WriteLines) -> None:
    years = {"a": "２０１０", "b": 199, "c": 9999, "d": 0, "e": "0000"}
    items = [{"item_id": one, "name": one, "year": year, "imdb_id": "tt１３７５６６６"} for one, year in years.items()]
    loaded = load_dialogues("jsonl", write_lines("own.jsonl", [dialogue("d", items=items)]))
    assert loaded.items["year"].null_count() == loaded.items["imdb_id"].null_count() == 5
    counts = {count.what: count.kept for count in loaded.counts}
    assert counts["skipped: the year is no year"] == 3
    assert counts["skipped: the imdb_id is no IMDb id of a title"] == 5
