"""What a person would link and what not, on the sample's graph."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

import kgprep.linking.component as component
from kgprep.linking.linker import EntityLinker

DBR = "http://dbpedia.org/resource/"


@pytest.fixture(scope="module")
def linker(sample_workspace: Path) -> EntityLinker:
    return EntityLinker.from_bundle(sample_workspace)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Have you seen It (2017)?", {"It": "It_(2017_film)"}),
        ('My favourite is "Her".', {"Her": "Her_(film)"}),
        ("it was fun, her too, he looked up", {}),
        ("I watched Inception last night", {"Inception": "Inception"}),
        ("the dark knight is great", {"the dark knight": "The_Dark_Knight_(film)"}),
        ("anything with tom hanks", {"tom hanks": "Tom_Hanks"}),
        ("Hello! Thanks, bye.", {}),
        ("I said @500001 and nothing else", {}),
        ("Halloween (1978) beats Halloween (2018)", {"Halloween": "Halloween_(1978_film)"}),
        ("a family gathering after the war", {}),
    ],
)
def test_names_are_linked_and_words_are_not(linker: EntityLinker, text: str, names: dict[str, str]) -> None:
    links = linker.link([text])
    found = dict(zip(reversed(links["word"].to_list()), reversed(links["iri"].to_list()), strict=True))
    assert found == {word: DBR + name for word, name in names.items()}


@pytest.mark.parametrize(
    ("said", "label"), [("horror films", "Horror"), ("some comedies", "Comedy"), ("sci-fi", "Science")]
)
def test_usual_genre_words_are_linked(linker: EntityLinker, said: str, label: str) -> None:
    (found,) = linker.link([f"I like {said}"])["label"]
    assert found.startswith(label)


def test_the_year_beside_a_title_decides(linker: EntityLinker) -> None:
    links = linker.link(["I mean Halloween (1978)", "I mean Halloween (2018)"])
    assert [iri.removeprefix(DBR) for iri in links["iri"]] == ["Halloween_(1978_film)", "Halloween_(2018_film)"]


def test_what_is_in_play_makes_a_surname_clear(linker: EntityLinker) -> None:
    text = "What else has Nolan made?"
    assert linker.link([text]).is_empty()
    inception = linker.entities.filter(pl.col("iri") == DBR + "Inception")["entity_id"].item()
    context = pl.DataFrame({"text": [0], "entity_id": [inception]})
    assert linker.link([text], context)["iri"].to_list() == [DBR + "Christopher_Nolan"]


words = st.sampled_from(
    ["Inception", "it", "(2017)", "The Dark Knight", "horror", "films", "Tom Hanks", "🎬", "ß", "İ", ".", '"']
)


@settings(max_examples=40, deadline=None)
@given(texts=st.lists(st.lists(words, max_size=8).map(" ".join), max_size=5))
def test_links_are_slices_that_do_not_overlap_with_scores_from_0_to_1(linker: EntityLinker, texts: list[str]) -> None:
    reached = (-1, 0)
    for row, start, end, word, _, _, _, score in linker.link(texts).rows():
        assert texts[row][start:end] == word
        assert 0 <= score <= 1
        assert (row, start) >= reached
        reached = (row, end)


def test_a_spacy_pipeline_gets_spans_with_the_iri(sample_workspace: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("kgprep_linker", config={"workspace": str(sample_workspace)})
    docs = list(nlp.pipe(["I loved Inception and Tom Hanks.", "nothing here"]))
    spans = docs[0].spans[component.SPANS_KEY]
    assert [(span.text, span.kb_id_) for span in spans] == [
        ("Inception", DBR + "Inception"),
        ("Tom Hanks", DBR + "Tom_Hanks"),
    ]
    assert len(docs[1].spans[component.SPANS_KEY]) == 0


def test_a_forked_copy_of_the_component_refuses(sample_workspace: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("kgprep_linker", config={"workspace": str(sample_workspace)})
    with pytest.raises(ValueError, match=r"kgprep_linker works in one process, .*: use n_process=1"):
        list(nlp.pipe(["I loved Inception.", "nothing here"], n_process=2))


def test_spacy_finds_the_component_by_its_name(sample_workspace: Path) -> None:
    program = (
        "import spacy, sys; nlp = spacy.blank('en'); nlp.add_pipe('kgprep_linker', config={'workspace': sys.argv[1]});"
        "doc = nlp('I loved Inception.'); print([span.kb_id_ for span in doc.spans['kg']])"
    )
    said = subprocess.run([sys.executable, "-c", program, sample_workspace], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == str([DBR + "Inception"])


def test_priors_of_zero_give_a_score_that_is_a_number(linker: EntityLinker) -> None:
    entities = linker.entities.head(2).rename({"entity_year": "year"})
    aliases = pl.DataFrame(
        {"alias": ["Zork Blat"] * 2, "entity_id": entities["entity_id"], "source": "label", "prior": [0.0, 0.0]},
        schema_overrides={"prior": pl.Float32},
    )
    links = EntityLinker.from_tables(entities, aliases, linker.neighbours.head(0), threshold=0.1).link(
        ["I saw Zork Blat there"]
    )
    assert links["score"].is_finite().all()
    assert links["score"].is_between(0, 1).all()
    assert links.height == 1


def test_one_genre_has_one_node_even_where_the_graph_has_two(linker: EntityLinker) -> None:
    entities = pl.DataFrame(
        {
            "entity_id": [0, 1],
            "iri": [DBR + "Sci-fi", DBR + "Science_fiction_film"],
            "label": ["Sci-fi", "Science fiction film"],
            "kind": "genre",
            "degree": 1,
            "year": None,
        },
        schema_overrides={"entity_id": pl.Int32, "degree": pl.Int32, "year": pl.Int16},
    )
    aliases = entities.select(
        pl.col("label").alias("alias"), "entity_id", source=pl.lit("label"), prior=pl.lit(1.0, pl.Float32)
    )
    made = EntityLinker.from_tables(entities, aliases, linker.neighbours.head(0))
    assert made.link(["some sci-fi", "some scifi", "some sci fi"])["entity_id"].to_list() == [1, 1, 1]
