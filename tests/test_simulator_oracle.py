"""The oracles of the simulator: who knows more finds more, and nobody misses what is not left out."""

from __future__ import annotations

from kgprep.simulate import SimulateConfig, load_films
from kgprep.simulate.films import SAMPLE_FOLDER
from kgprep.simulate.oracle import oracle_recall

FILMS = load_films(SAMPLE_FOLDER / "films.jsonl", "en")
CONFIG = SimulateConfig(dialogues=400, test_share=0.5)


def test_who_knows_the_whole_taste_finds_more_than_who_listens_and_both_more_than_chance() -> None:
    figures = oracle_recall(FILMS, CONFIG)
    assert figures.samples > 400
    assert 10 / len(FILMS) < figures.listening < figures.knowing < 1


def test_with_as_many_films_as_are_looked_at_nothing_is_missed() -> None:
    figures = oracle_recall(FILMS, CONFIG, cut_off=len(FILMS))
    assert figures.knowing == figures.listening == 1


def test_more_of_the_test_part_changes_the_samples_not_the_dialogues() -> None:
    half, whole = (oracle_recall(FILMS, CONFIG.model_copy(update={"test_share": share})) for share in (0.5, 1.0))
    assert half.samples < whole.samples


def test_no_dialogue_in_the_test_part_gives_no_sample() -> None:
    none = oracle_recall(FILMS, CONFIG.model_copy(update={"test_share": 0.0}))
    assert (none.samples, none.knowing) == (0, 0.0)
