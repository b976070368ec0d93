"""Gold sets made of a data set's own marks, and how well the linker does on ReDial's."""

from __future__ import annotations

import random
import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from kgprep.artifacts import ENTITIES, ITEMS, MENTIONS, UTTERANCES, read_table
from kgprep.linking.evaluate import evaluate_linking
from kgprep.linking.gold import GoldMessages, read_gold
from kgprep.linking.linking_report import LinkingReport
from tests.linking.gold_from_redial import (
    LEAST_WITHOUT_NAMES,
    NOT_IN_GRAPH,
    NOT_WRITTEN_SO,
    VARIANTS,
    WORDS_THAT_NAME_NOTHING,
    as_spoken,
    messages_without_names,
    redial_bundle,
    titles_in_place,
    with_typo,
    write_lines,
)


@pytest.fixture(scope="module")
def redial_workspace(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of the whole of ReDial, as far as build-kg."""
    workspace = tmp_path_factory.mktemp("redial")
    redial_bundle(real_data / "redial", workspace)
    return workspace


def gold_of(workspace: Path, folder: Path, variant: str, split: str = "train") -> GoldMessages:
    made = titles_in_place(workspace, split, seed=3)[variant]
    return read_gold(write_lines(folder / f"{variant}.jsonl", made.lines))


def words_of(gold: GoldMessages) -> pl.DataFrame:
    """Return each mention with its word and all of its message's text."""
    texts = gold.messages.with_row_index("text_row").rename({"text": "whole"})
    joined = gold.mentions.join(texts, left_on="text", right_on="text_row", maintain_order="left")
    return joined.with_columns(word=pl.col("whole").str.slice("start", pl.col("end") - pl.col("start")))


def iris_by_title(workspace: Path) -> dict[str, set[str]]:
    items = read_table(workspace, ITEMS).join(read_table(workspace, ENTITIES), on="entity_id")
    named: dict[str, set[str]] = {}
    for name, iri in items.select("name", "iri").rows():
        named.setdefault(as_spoken(name), set()).add(iri)
    return named


@pytest.mark.parametrize("variant", ["plain", "with_year", "lower_cased", "quoted"])
def test_a_mention_is_its_item_s_title_as_the_variant_writes_it(
    sample_workspace: Path, tmp_path: Path, variant: str
) -> None:
    titles = iris_by_title(sample_workspace)
    lower = {title.lower(): iris for title, iris in titles.items()}
    around = {"with_year": r"^ \(\d{4}\)", "quoted": r'^"'}.get(variant, "")
    mentions = words_of(gold_of(sample_workspace, tmp_path, variant))
    assert mentions.height > 100
    for word, iris, whole, start, end in mentions.select("word", "iris", "whole", "start", "end").rows():
        assert set(iris) <= (lower if variant == "lower_cased" else titles)[word]
        assert re.search(around, whole[end:])
        assert variant != "quoted" or whole[start - 1] == '"'
    assert not mentions["whole"].str.contains(r"@\d").any()


def test_all_but_the_mentions_is_doubtful(sample_workspace: Path, tmp_path: Path) -> None:
    gold = gold_of(sample_workspace, tmp_path, "plain")
    places = pl.concat([gold.mentions.select("text", "start", "end"), gold.optional]).sort("text", "start")
    covered = places.group_by("text").agg(length=(pl.col("end") - pl.col("start")).sum(), end=pl.col("end").max())
    lengths = gold.messages.with_row_index("text_row").select("text_row", whole=pl.col("text").str.len_chars())
    joined = covered.join(lengths, left_on="text", right_on="text_row")
    assert joined.height == gold.messages.height
    assert joined.select((pl.col("length") == pl.col("whole")) & (pl.col("end") == pl.col("whole"))).to_series().all()


def test_the_context_is_what_earlier_turns_of_the_dialogue_name(sample_workspace: Path) -> None:
    entities = read_table(sample_workspace, ENTITIES)
    gold = read_table(sample_workspace, MENTIONS).filter(pl.col("method") == "gold").join(entities, on="entity_id")
    train = read_table(sample_workspace, UTTERANCES).filter(pl.col("split") == "train")
    tagged = train.filter(pl.col("text").str.contains(r"@\d")).sort("dialogue_id", "turn")
    expected = [
        sorted(set(gold.filter((pl.col("dialogue_id") == dialogue) & (pl.col("turn") < turn))["iri"]))
        for dialogue, turn in tagged.select("dialogue_id", "turn").head(60).rows()
    ]
    made = titles_in_place(sample_workspace, "train")["plain"]
    assert [line["context"] for line in made.lines[:60]] == expected
    assert any(expected)


def test_the_seed_decides_the_sample_and_the_typos_and_nothing_else_does(sample_workspace: Path) -> None:
    first, again = (titles_in_place(sample_workspace, "train", seed=1, most=30) for _ in range(2))
    assert {variant: made.lines for variant, made in first.items()} == {
        variant: made.lines for variant, made in again.items()
    }
    assert 0 < len(first["plain"].lines) <= 30
    other = titles_in_place(sample_workspace, "train", seed=2, most=30)
    assert other["with_typo"].lines != first["with_typo"].lines


@pytest.mark.parametrize(
    ("said", "spoken"),
    [("Matrix, The", "The Matrix"), ("American Tail, An", "An American Tail"), ("Me, Myself & Irene", None)],
)
def test_an_article_at_the_end_of_a_title_is_spoken_first(said: str, spoken: str | None) -> None:
    assert as_spoken(said) == (spoken or said)


@given(st.text("abeiorstNB é'", min_size=1, max_size=25), st.integers(0, 99))
def test_a_typo_is_one_edit_in_a_word_of_four_letters_or_more(title: str, seed: int) -> None:
    misspelt = with_typo(title, random.Random(seed))
    if misspelt is None:
        assert len(title.split()) < 2 or not re.search(r"[^\W\d_]{4}", title)
        return
    changed = [pair for pair in zip(title.split(), misspelt.split(), strict=True) if pair[0] != pair[1]]
    assert len(changed) == 1
    assert OSA.distance(*changed[0]) == 1
    assert len(changed[0][0]) >= 4


@pytest.mark.slow
@pytest.mark.real_data
def test_what_is_left_out_of_redial_s_sets_is_counted(redial_workspace: Path) -> None:
    test_set = read_table(redial_workspace, UTTERANCES).filter(pl.col("split") == "test")
    marked = read_table(redial_workspace, MENTIONS).join(test_set, on=["dialogue_id", "turn"], how="semi").height
    sets = titles_in_place(redial_workspace)
    assert list(sets) == list(VARIANTS)
    for made in sets.values():
        assert made.mentions + made.left_out.total() == marked
    assert 0 < sets["plain"].left_out[NOT_IN_GRAPH] < 0.05 * marked
    assert sets["plain"].left_out[NOT_WRITTEN_SO] == 0 < sets["with_typo"].left_out[NOT_WRITTEN_SO]


@pytest.mark.slow
@pytest.mark.real_data
def test_messages_without_names_are_300_of_small_talk_alone(redial_workspace: Path) -> None:
    texts = [line["text"] for line in messages_without_names(redial_workspace)]
    assert len(texts) == len(set(texts)) == LEAST_WITHOUT_NAMES
    for text in texts:
        assert set(re.findall(r"[a-z]+(?:'[a-z]+)*", text.replace("’", "'").lower())) <= set(WORDS_THAT_NAME_NOTHING)
        assert not re.search(r"[a-z,] (?!I\b)[A-Z]", text)
    assert texts != [line["text"] for line in messages_without_names(redial_workspace, seed=1)]


def measured(workspace: Path, folder: Path, variant: str) -> LinkingReport:
    made = titles_in_place(workspace)[variant]
    return evaluate_linking(workspace, write_lines(folder / f"{variant}.jsonl", made.lines), resamples=1)


@pytest.mark.slow
@pytest.mark.real_data
def test_titles_as_the_data_set_writes_them_are_found_and_told_apart(redial_workspace: Path, tmp_path: Path) -> None:
    report = measured(redial_workspace, tmp_path, "plain")
    assert report.mentions > 8000
    assert report.span.f1.value >= 0.95
    assert report.right_entity.value >= 0.92


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.parametrize(
    ("variant", "floor"), [("with_year", 0.95), ("quoted", 0.95), ("lower_cased", 0.80), ("with_typo", 0.50)]
)
def test_titles_written_otherwise_are_found(redial_workspace: Path, tmp_path: Path, variant: str, floor: float) -> None:
    assert measured(redial_workspace, tmp_path, variant).span.f1.value >= floor


@pytest.mark.slow
@pytest.mark.real_data
def test_small_talk_is_not_linked_whatever_was_said_before(redial_workspace: Path, tmp_path: Path) -> None:
    lines = messages_without_names(redial_workspace)
    alone = [{**line, "context": []} for line in lines]
    report = evaluate_linking(
        redial_workspace, write_lines(tmp_path / "silent.jsonl", lines + alone), errors=5, resamples=1
    )
    assert report.messages == 2 * LEAST_WITHOUT_NAMES
    assert report.errors == ()


@pytest.mark.slow
@pytest.mark.real_data
def test_messages_annotated_by_hand_are_linked_as_a_person_would(redial_workspace: Path, real_data: Path) -> None:
    report = evaluate_linking(redial_workspace, real_data / "redial" / "linking_gold.dev.jsonl", resamples=1)
    assert report.span_and_entity.f1.value >= 0.80
    assert report.span_and_entity.precision.value >= 0.85
    assert report.falsely_linked <= 8
