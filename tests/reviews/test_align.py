"""The stage align-reviews on a small world: what is attached, chosen, linked and fused, and that it can be repeated."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from kgprep.artifacts import (
    DESCRIPTIONS,
    ENTITIES,
    MENTIONS,
    REVIEWS,
    SENTENCE_MENTIONS,
    SENTENCES,
    TRIPLES,
    KgprepError,
    read_table,
)
from kgprep.kg.build import KgConfig, build_kg
from kgprep.record import file_sha256
from kgprep.reviews.align import AlignConfig, align_reviews
from kgprep.stage import StageSummary
from kgprep.validate import validate
from tests.reviews.conftest import write_json_lines

MADE = (REVIEWS, SENTENCES, SENTENCE_MENTIONS, MENTIONS, TRIPLES)


def counted(summary: StageSummary, what: str) -> tuple[int, int | None]:
    (found,) = [count for count in summary.counts if count.what == what]
    return found.kept, found.total


def entity(workspace: Path, label: str) -> int:
    return int(read_table(workspace, ENTITIES).filter(pl.col("label") == label)["entity_id"].item())


def best(workspace: Path, label: str) -> dict[str, object]:
    of_entity = read_table(workspace, SENTENCES).filter(pl.col("entity_id") == entity(workspace, label))
    return of_entity.sort("score", "sentence_id", descending=[True, False]).row(0, named=True)


def test_reviews_sentences_links_and_triples_are_made(workspace: Path, reviews_file: Path) -> None:
    summary = align_reviews(workspace, AlignConfig(reviews=(f"imdb:{reviews_file}",)))
    assert counted(summary, "reviews that are no exact duplicates") == (4, 5)
    assert counted(summary, "reviews attached") == (3, 4)
    assert validate(workspace).problems == ()
    heat = best(workspace, "Heat (1995 film)")
    assert heat["text"] == "Al Pacino and Robert De Niro finally share a scene in a quiet diner."
    assert heat["review_id"] is not None
    assert heat["position"] == 1
    assert best(workspace, "Spirited Away")["text"] == "A girl enters a bath house."
    assert best(workspace, "Spirited Away")["review_id"] is None


def test_a_person_takes_a_sentence_from_a_review_of_a_film_with_that_person(
    workspace: Path, reviews_file: Path
) -> None:
    align_reviews(workspace, AlignConfig(reviews=(f"imdb:{reviews_file}",)))
    assert best(workspace, "Robert De Niro")["review_id"] is not None
    assert "Robert De Niro" in str(best(workspace, "Robert De Niro")["text"])
    assert best(workspace, "Hayao Miyazaki")["review_id"] is None


def test_links_are_added_to_gold_mentions_and_never_overlap_them(workspace: Path, reviews_file: Path) -> None:
    gold = read_table(workspace, MENTIONS)
    align_reviews(workspace, AlignConfig(reviews=(f"imdb:{reviews_file}",)))
    mentions = read_table(workspace, MENTIONS)
    assert mentions.filter(pl.col("method") == "gold").equals(gold.sort("dialogue_id", "turn", "start"))
    linked = mentions.filter(pl.col("method") == "link")
    assert {"Al Pacino", "Michael Mann", "Robert De Niro"} <= set(linked["word"])
    spans = linked.join(gold, on=("dialogue_id", "turn"), suffix="_gold")
    assert spans.filter((pl.col("start") < pl.col("end_gold")) & (pl.col("start_gold") < pl.col("end"))).is_empty()
    triples = read_table(workspace, TRIPLES)
    assert triples.height == mentions.height
    assert set(triples["split"]) == {"train", "valid", "test"}


def test_running_it_again_gives_the_same_bytes(workspace: Path, reviews_file: Path) -> None:
    config = AlignConfig(reviews=(f"imdb:{reviews_file}",))
    align_reviews(workspace, config)
    first = {table.name: file_sha256(table.path(workspace)) for table in MADE}
    align_reviews(workspace, config)
    assert {table.name: file_sha256(table.path(workspace)) for table in MADE} == first


def test_without_reviews_descriptions_are_the_only_sentences(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    align_reviews(workspace, AlignConfig())
    assert "no --reviews were given" in capsys.readouterr().err
    assert read_table(workspace, REVIEWS).is_empty()
    assert read_table(workspace, SENTENCES)["review_id"].null_count() == read_table(workspace, SENTENCES).height > 0
    assert best(workspace, "Heat (1995 film)")["text"] == "A cop hunts a thief."
    assert read_table(workspace, TRIPLES).height > 0
    assert validate(workspace).problems == ()


def test_a_film_whose_reviews_say_too_little_falls_back_to_its_description(workspace: Path, reviews_file: Path) -> None:
    align_reviews(workspace, AlignConfig(reviews=(f"imdb:{reviews_file}",)))
    assert best(workspace, "The Insider (film)")["text"] == "A man speaks up."


def test_at_most_the_given_number_of_sentences_is_kept(workspace: Path, reviews_file: Path) -> None:
    align_reviews(workspace, AlignConfig(reviews=(f"imdb:{reviews_file}",), sentences_per_entity=1))
    kept = read_table(workspace, SENTENCES).filter(pl.col("entity_id") == entity(workspace, "Heat (1995 film)"))
    assert kept.height == 1


def test_a_bundle_without_dialogues_gets_sentences_and_no_triples(tmp_path: Path, workspace: Path) -> None:
    items = tmp_path / "items.csv"
    items.write_text("item_id,name,year\n1,Heat,1995\n", encoding="utf-8")
    build_kg(tmp_path / "alone", KgConfig(items=items, dumps=(tmp_path / "dump.nt",)))
    align_reviews(tmp_path / "alone", AlignConfig())
    assert read_table(tmp_path / "alone", TRIPLES).is_empty()
    assert not read_table(tmp_path / "alone", SENTENCES).is_empty()


def test_a_film_of_a_blank_plot_has_no_description(tmp_path: Path, workspace: Path) -> None:
    item = {"item_id": "i1", "name": "Qwxyz", "plot": " ", "iri": ""}
    row = {"dialogue_id": "d1", "messages": [{"role": "seeker", "text": "Is Heat good?"}], "items": [item]}
    dialogues = write_json_lines(tmp_path / "own.jsonl", [row])
    build_kg(tmp_path / "own", KgConfig(dialogues=f"jsonl:{dialogues}", dumps=(tmp_path / "dump.nt",)))
    assert read_table(tmp_path / "own", DESCRIPTIONS).filter(pl.col("text").str.strip_chars() == "").is_empty()
    align_reviews(tmp_path / "own", AlignConfig())
    assert validate(tmp_path / "own").problems == ()


def test_reviews_of_which_none_is_attached_say_what_they_are_matched_by(workspace: Path, tmp_path: Path) -> None:
    file = write_json_lines(tmp_path / "short.jsonl", [{"douban_id": "1", "content": "很好看的电影。"}])
    with pytest.raises(KgprepError, match=r"none of the 1 reviews is of a film .* by IMDb id, else by title and year"):
        align_reviews(workspace, AlignConfig(reviews=(str(file),)))


def test_a_path_that_is_mistyped_is_told_before_anything_is_read(workspace: Path, reviews_file: Path) -> None:
    damaged = reviews_file.with_name("damaged.jsonl")
    damaged.write_bytes(b"\x1f\x8b damaged")
    with pytest.raises(KgprepError, match=r"absent\.jsonl does not exist"):
        align_reviews(workspace, AlignConfig(reviews=(f"imdb:{damaged}", f"imdb:{damaged.with_name('absent.jsonl')}")))


def test_a_workspace_without_a_graph_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(KgprepError, match="build-kg"):
        align_reviews(tmp_path, AlignConfig())


def test_a_failing_corpus_leaves_the_tables_as_they_were(workspace: Path, tmp_path: Path) -> None:
    align_reviews(workspace, AlignConfig())
    before = {table.name: file_sha256(table.path(workspace)) for table in MADE}
    with pytest.raises(KgprepError, match="does not exist"):
        align_reviews(workspace, AlignConfig(reviews=(f"imdb:{tmp_path / 'absent.jsonl'}",)))
    assert {table.name: file_sha256(table.path(workspace)) for table in MADE} == before
    assert not list(workspace.rglob("*.partial"))


def test_a_sentence_in_the_language_of_the_dialogues_comes_first(workspace: Path, tmp_path: Path) -> None:
    rows = [
        {"imdb_id": "tt0113277", "rating": 10, "review": "帕西诺和德尼罗终于在安静的餐馆里同场演出。"},
        {"imdb_id": "tt0113277", "rating": 5, "review": "The heist downtown ends in gunfire."},
    ]
    file = tmp_path / "mixed.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    align_reviews(workspace, AlignConfig(reviews=(f"imdb:{file}",)))
    heat = read_table(workspace, SENTENCES).filter(pl.col("entity_id") == entity(workspace, "Heat (1995 film)"))
    of_reviews = heat.filter(pl.col("source") == "review").sort("sentence_id")
    assert of_reviews["text"].to_list() == [rows[1]["review"], rows[0]["review"]]
