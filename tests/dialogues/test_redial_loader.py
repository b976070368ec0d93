from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kgprep.artifacts import FEEDBACK, UTTERANCES
from kgprep.dialogues import DialogueSet, load_dialogues
from kgprep.errors import KgprepError

WriteLines = Callable[[str, Sequence[object]], Path]
SEEKER, RECOMMENDER = 956, 957


def dialogue(conversation_id: str, *texts: str, **fields: Any) -> dict[str, Any]:
    """A row in ReDial's schema; seeker and recommender take turns."""
    return {
        "movieMentions": {},
        "respondentQuestions": {},
        "messages": [
            {
                "timeOffset": turn,
                "text": text,
                "senderWorkerId": (SEEKER, RECOMMENDER)[turn % 2],
                "messageId": 100 + turn,
            }
            for turn, text in enumerate(texts)
        ],
        "conversationId": conversation_id,
        "respondentWorkerId": RECOMMENDER,
        "initiatorWorkerId": SEEKER,
        "initiatorQuestions": {},
        **fields,
    }


def counted(loaded: DialogueSet) -> dict[str, tuple[int, int | None]]:
    return {count.what: (count.kept, count.total) for count in loaded.counts}


def split_ids(loaded: DialogueSet) -> dict[str, set[str]]:
    rows = loaded.utterances.select(pl.col("split").cast(pl.String), "dialogue_id").unique().rows()
    return {split: {one for other, one in rows if other == split} for split in ("train", "valid", "test")}


def test_a_dialogue_becomes_utterances_mentions_items_and_feedback(write_lines: WriteLines) -> None:
    answer = {"suggested": 1, "seen": 0, "liked": 1}
    other_answer = {"suggested": 0, "seen": 1, "liked": 0}
    row = dialogue(
        "391",
        "Hi there",
        "Try 🎬 @111776 or @78 !",
        movieMentions={"111776": "Super Troopers  (2001)", "78": "American Pie "},
        initiatorQuestions={"111776": answer},
        respondentQuestions={"111776": other_answer, "78": other_answer},
    )
    loaded = load_dialogues("redial", write_lines("train_data.jsonl", [row]))

    assert (loaded.name, loaded.language) == ("redial", "en")
    assert loaded.items.rows() == [
        ("111776", "Super Troopers", 2001, None, None),
        ("78", "American Pie", None, None, None),
    ]
    assert loaded.items.schema["year"] == pl.Int16
    assert loaded.utterances.schema == UTTERANCES.schema
    assert loaded.utterances.select("turn", "role", "text").rows() == [
        (0, "seeker", "Hi there"),
        (1, "recommender", "Try 🎬 @111776 or @78 !"),
    ]
    assert loaded.item_mentions.rows() == [
        ("391", 1, 6, 13, "@111776", "111776"),
        ("391", 1, 17, 20, "@78", "78"),
    ]
    assert loaded.feedback.schema == FEEDBACK.schema
    assert loaded.feedback.rows() == [("391", "111776", 1, 0, 1), ("391", "78", 0, 1, 0)]


def test_worker_ids_are_not_kept(write_lines: WriteLines) -> None:
    loaded = load_dialogues("redial", write_lines("train_data.jsonl", [dialogue("1", "a", "b")]))
    for frame in (loaded.utterances, loaded.item_mentions, loaded.feedback, loaded.items):
        assert not {str(SEEKER), str(RECOMMENDER)} & set(frame.cast(pl.String).unpivot()["value"])


def test_consecutive_messages_stay_apart_and_empty_ones_keep_their_turn(write_lines: WriteLines) -> None:
    row = dialogue("1", "one", "", "three")
    for message in row["messages"]:
        message["senderWorkerId"] = RECOMMENDER
    loaded = load_dialogues("redial", write_lines("train_data.jsonl", [row]))
    assert loaded.utterances.select("turn", "role", "text").rows() == [
        (0, "recommender", "one"),
        (1, "recommender", ""),
        (2, "recommender", "three"),
    ]


def test_turns_count_usable_messages_only(write_lines: WriteLines) -> None:
    row = dialogue("1", "hi", "who are you", "@60", movieMentions={"60": "Heat (1995)"})
    row["messages"][1]["senderWorkerId"] = 12345
    loaded = load_dialogues("redial", write_lines("train_data.jsonl", [row]))
    assert loaded.utterances.select("turn", "text").rows() == [(0, "hi"), (1, "@60")]
    assert loaded.item_mentions.select("turn", "word").rows() == [(1, "@60")]


def test_lists_in_place_of_dicts_and_null_names_load(write_lines: WriteLines) -> None:
    rows = [
        dialogue("1", "@50", movieMentions={"50": None}, initiatorQuestions=[], respondentQuestions=[]),
        dialogue("2", "@60 and @50", movieMentions=[]),
        dialogue("3", "@60", movieMentions={"60": "Heat (1995)"}),
    ]
    loaded = load_dialogues("redial", write_lines("train_data.jsonl", rows))
    assert loaded.items["item_id"].to_list() == ["60"]
    assert counted(loaded)["items with a name"] == (1, 2)
    assert counted(loaded)["mentions of a known item"] == (2, 4)
    assert loaded.item_mentions.select("dialogue_id", "item_id").rows() == [("2", "60"), ("3", "60")]


def test_the_most_frequent_title_of_an_item_wins_then_the_first_in_order(write_lines: WriteLines) -> None:
    names = ["Amelie (2001)", "Amélie (2001)", "Amélie (2001)"]
    ties = ["Why Him%3F (2016)", "Why Him (2016)"]
    rows = [dialogue(str(index), "x", movieMentions={"1": name}) for index, name in enumerate(names)]
    rows += [dialogue(f"t{index}", "x", movieMentions={"2": name}) for index, name in enumerate(ties)]
    loaded = load_dialogues("redial", write_lines("train_data.jsonl", rows))
    assert loaded.items["name"].to_list() == ["Amélie", "Why Him"]


def test_films_beside_the_dialogues_are_used_and_counted(write_lines: WriteLines, tmp_path: Path) -> None:
    write_lines("test.jsonl.gz", [dialogue("9", "@2")])
    write_lines("train_valid.jsonl.gz", [dialogue("1", "@1", movieMentions={"1": "Heat (1995)"})])
    write_lines(
        "movies.jsonl.gz",
        [
            {"movie_id": "1", "name": "Heat  (1995)", "imdb_id": "tt0113277", "genre": ["crime"], "plot": "Thieves."},
            {"movie_id": "2", "name": "Okja", "imdb_id": "113"},
        ],
    )
    loaded = load_dialogues("redial", tmp_path)
    assert loaded.items.rows() == [("1", "Heat", 1995, "tt0113277", None), ("2", "Okja", None, "tt0000113", None)]
    assert loaded.descriptions.rows() == [("1", "en", "Thieves.")]
    assert loaded.item_mentions["item_id"].to_list() == ["1", "2"]
    assert any("movies.jsonl.gz" in count.what for count in loaded.counts)
    assert {path.name for path in loaded.sources} == {"test.jsonl.gz", "train_valid.jsonl.gz", "movies.jsonl.gz"}


def test_valid_is_a_seeded_tenth_of_the_raw_rows_whatever_their_order(write_lines: WriteLines) -> None:
    raw = [dialogue(f"r{index}", f"hi {index}") for index in range(47)]
    restored = [dialogue(f"m{index}", f"oh {index}", _form="message-restored", _truncated="end") for index in range(20)]
    path = write_lines("train_data.jsonl", raw + restored)
    backwards = write_lines("backwards.jsonl", (raw + restored)[::-1])

    first = split_ids(load_dialogues("redial", path, seed=3))
    assert len(first["valid"]) == round(47 / 10)
    assert all(one.startswith("r") for one in first["valid"])
    assert len(first["train"]) == 67 - 5
    assert split_ids(load_dialogues("redial", backwards, seed=3)) == first
    assert split_ids(load_dialogues("redial", path, seed=4))["valid"] != first["valid"]


def test_a_split_file_restricts_train_and_leaves_test(write_lines: WriteLines) -> None:
    train = write_lines("train_data.jsonl", [dialogue(str(index), "hi") for index in range(6)])
    test = write_lines("other.jsonl", [dialogue("100", "hi"), dialogue("101", "hi")])
    split = write_lines("split.json", [{"train": ["0", 1], "valid": ["2"]}])
    loaded = load_dialogues("redial", train, test=test, split=split)
    assert split_ids(loaded) == {"train": {"0", "1"}, "valid": {"2"}, "test": {"100", "101"}}
    assert counted(loaded)["dialogues in a split"] == (5, 8)

    split = write_lines("split.json", [{"train": ["0", "100"], "valid": ["2"], "test": ["101", "5"]}])
    loaded = load_dialogues("redial", train, test=test, split=split)
    assert split_ids(loaded) == {"train": {"0"}, "valid": {"2"}, "test": {"101", "5"}}


@pytest.mark.parametrize(
    "content",
    ["not json", '{"train": ["1"]}', '{"train": ["1"], "valid": ["1"]}', '{"train": "1", "valid": []}', "[1]"],
)
def test_a_wrong_split_file_is_one_sentence(write_lines: WriteLines, content: str) -> None:
    train = write_lines("train_data.jsonl", [dialogue("1", "hi")])
    with pytest.raises(KgprepError, match=r"split\.json"):
        load_dialogues("redial", train, split=write_lines("split.json", [content]))


def test_a_dialogue_of_test_that_stands_in_train_too_stays_out_of_train(write_lines: WriteLines) -> None:
    train = write_lines("train_data.jsonl", [dialogue("1", "train"), dialogue("2", "x"), dialogue("2", "again")])
    test = write_lines("test_data.jsonl", [dialogue("1", "test")])
    loaded = load_dialogues("redial", train, test=test)
    assert loaded.utterances["text"].to_list() == ["test", "x"]
    assert counted(loaded)["dialogues with usable messages"] == (2, 4)
    assert counted(loaded)["skipped: a dialogue of this id was read already in test"] == (1, None)
    assert counted(loaded)["skipped: a dialogue of this id was read already"] == (1, None)


def test_unusable_lines_are_skipped_counted_and_shown(write_lines: WriteLines) -> None:
    no_messages = dialogue("2")
    stranger = dialogue("3", "hello", "who are you")
    stranger["messages"][1]["senderWorkerId"] = 12345
    lines = ["{truncated", *["[]"] * 5, no_messages, {"messages": []}, b"\xff\xfe", stranger, "", dialogue("4", "ok")]
    path = write_lines("train_data.jsonl", lines)
    loaded = load_dialogues("redial", path)
    counts = counted(loaded)
    assert counts["dialogues with usable messages"] == (2, 11)
    assert counts["skipped: the line is not JSON"] == (1, None)
    assert counts["skipped: the line is not UTF-8"] == (1, None)
    assert counts["skipped: the line is not a JSON object"] == (5, None)
    assert counts["skipped: the dialogue has no messages"] == (1, None)
    assert counts["skipped: the dialogue has no conversationId"] == (1, None)
    assert counts["skipped: the message has no text or no known sender"] == (1, None)
    assert f"{path}:7: the dialogue has no messages" in loaded.notes
    assert [note for note in loaded.notes if "not a JSON object" in note] == [
        f"{path}:{line}: the line is not a JSON object" for line in (2, 3, 4)
    ]


@pytest.mark.parametrize("lines", [[], ["nonsense", "more"], [{"conversationId": "1", "messages": []}]])
def test_a_file_without_a_usable_line_is_an_error(write_lines: WriteLines, lines: list[object]) -> None:
    path = write_lines("train_data.jsonl", lines)
    with pytest.raises(KgprepError, match=r"train_data\.jsonl holds no usable dialogue"):
        load_dialogues("redial", path)


def test_a_missing_file_or_folder_part_is_an_error(write_lines: WriteLines, tmp_path: Path) -> None:
    with pytest.raises(KgprepError, match="does not exist"):
        load_dialogues("redial", tmp_path / "nothing.jsonl")
    with pytest.raises(KgprepError, match="holds none of"):
        load_dialogues("redial", tmp_path)
    train = write_lines("train_data.jsonl", [dialogue("1", "hi")])
    for option in ("test", "films", "split"):
        with pytest.raises(KgprepError, match=r"gone\.json does not exist"):
            load_dialogues("redial", train, **{option: tmp_path / "gone.json"})  # type: ignore[arg-type]
    with pytest.raises(KgprepError, match="no dialogue form nosuch"):
        load_dialogues("nosuch", train)


def test_a_gzip_stream_that_ends_early_is_an_error(write_lines: WriteLines) -> None:
    path = write_lines("train_data.jsonl.gz", [dialogue(str(index), f"hello {index}") for index in range(300)])
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(KgprepError, match="cut short or damaged"):
        load_dialogues("redial", path)
    path.write_bytes(b"no gzip at all")
    with pytest.raises(KgprepError, match="the line is not JSON"):
        load_dialogues("redial", path)


pieces = st.one_of(
    st.text(st.characters(exclude_characters="@0123456789"), max_size=6),
    st.sampled_from(["@1", "@22", "@333", "@4444", "🎬", "電影", "e\u0301", "@", " 7"]),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.lists(pieces, max_size=12))
def test_offsets_slice_the_text_whatever_it_holds(tmp_path: Path, parts: list[str]) -> None:
    text = "".join(parts)
    path = tmp_path / "train_data.jsonl"
    row = dialogue("1", text, movieMentions={key: f"Film {key}" for key in ("1", "22", "333", "4444")})
    # Escaped JSON can carry lone surrogates, as real crawls do.
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    loaded = load_dialogues("redial", path)
    stored = loaded.utterances["text"][0]
    assert len(stored) == len(text)
    mentions = loaded.item_mentions
    for start, end, word, item_id in mentions.select("start", "end", "word", "item_id").iter_rows():
        assert stored[start:end] == word == f"@{item_id}"
    # The oracle: each known tag that no digit follows.
    expected = [
        (start, key)
        for start in range(len(stored))
        for key in ("1", "22", "333", "4444")
        if stored.startswith(f"@{key}", start) and stored[start + 1 + len(key) :][:1] not in set("0123456789")
    ]
    assert mentions.select("start", "item_id").rows() == expected


@pytest.mark.real_data
def test_real_redial_matches_its_published_counts(real_data: Path) -> None:
    folder = real_data / "redial"
    loaded = load_dialogues("redial", folder)
    assert loaded.utterances["dialogue_id"].n_unique() == 7922
    assert loaded.utterances.height == 111_346 + 23_952
    sizes = {split: len(ids) for split, ids in split_ids(loaded).items()}
    assert sizes == {"train": 6580 - 476, "valid": 476, "test": 1342}
    assert loaded.items.height == 6924
    assert loaded.items["imdb_id"].count() == 6583
    assert loaded.item_mentions.height == 49_211
    joined = loaded.item_mentions.join(loaded.utterances, on=["dialogue_id", "turn"])
    assert joined.height == loaded.item_mentions.height
    sliced = pl.col("text").str.slice(pl.col("start"), pl.col("end") - pl.col("start"))
    assert joined.filter(sliced != pl.col("word")).is_empty()
    assert loaded.item_mentions.filter(pl.col("word") != "@" + pl.col("item_id")).is_empty()
    assert loaded.items["name"].str.contains(r"\(\d{4}\)$|%3F|^\s|\s$").sum() == 1  # a title that is a year alone
    files = load_dialogues("redial", folder / "train_valid.jsonl.gz", test=folder / "test.jsonl.gz")
    assert files.utterances.equals(loaded.utterances)
    assert files.item_mentions.equals(loaded.item_mentions)


@pytest.mark.real_data
def test_real_redial_with_a_split_file(real_data: Path) -> None:
    folder = real_data / "redial"
    loaded = load_dialogues("redial", folder, split=folder / "small_split.json")
    sizes = {split: len(ids) for split, ids in split_ids(loaded).items()}
    assert sizes == {"train": 2454, "valid": 273, "test": 1342}
