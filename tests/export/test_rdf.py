"""The rdf target, read by rdflib and pyoxigraph and turned back into the bundle's tables."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import polars as pl
import pytest
import rdflib
from polars.testing import assert_frame_equal
from rdflib import DCTERMS, PROV, RDF, RDFS, XSD, Namespace, URIRef

from kgprep.artifacts import (
    ALIASES,
    DESCRIPTIONS,
    EDGES,
    ENTITIES,
    MENTIONS,
    RELATIONS,
    REVIEWS,
    SENTENCE_MENTIONS,
    SENTENCES,
    TRIPLES,
    UTTERANCES,
    Table,
    read_table,
    write_parquet,
)
from kgprep.export import export
from kgprep.export.ntriples import FORBIDDEN_IN_IRI
from kgprep.stage import Stage
from tests.small_bundle import write_bundle

NIF = Namespace("http://persistence.uni-leipzig.org/nlp2rdf/ontologies/nif-core#")
ITS = Namespace("http://www.w3.org/2005/11/its/rdf#")
SCHEMA = Namespace("https://schema.org/")
DQV = Namespace("http://www.w3.org/ns/dqv#")
OA = Namespace("http://www.w3.org/ns/oa#")
BREAKS = "one\ntwo\r\n\x0bthree\x0c\x1c\x85\u2028\u2029\ttab \\n \"quoted\" '你好' 🎬"


@pytest.fixture(scope="module")
def awkward_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small bundle with reviews, texts that break lines, and a dialogue whose id has every reserved character."""
    workspace = write_bundle(tmp_path_factory.mktemp("awkward") / "ws")
    odd = "a%20b: c#d/e?<f>"
    utterances = read_table(workspace, UTTERANCES)
    more = pl.DataFrame([("valid", odd, 0, "seeker", BREAKS + " It")], schema=UTTERANCES.schema, orient="row")
    write_parquet(UTTERANCES, pl.concat([utterances, more]), UTTERANCES.path(workspace))
    end = len(BREAKS) + 3
    mention = pl.DataFrame([(odd, 0, end - 2, end, "It", 2, "link", 1e-7)], schema=MENTIONS.schema, orient="row")
    tables = {MENTIONS: pl.concat([read_table(workspace, MENTIONS), mention]), TRIPLES: read_table(workspace, TRIPLES)}
    reviews = [
        ("imdb:01", "imdb", 2, "en", "Fine", 0.7, 0.5, None, "https://example.org/r/1", "A clown. " + BREAKS),
        ("imdb:02", "imdb", 3, "en", None, None, None, None, None, "Twice."),
    ]
    sentences = [
        (0, "description", None, 2, 0, "A clown <script>alert(1)</script> wakes.", 0.5),
        (1, "review", "imdb:01", 2, 1, BREAKS, 0.3),
        (2, "edges", None, 3, 0, "Us is a horror film.", 0.1),
    ]
    with Stage("align-reviews", workspace, {}) as stage:
        corpus = workspace / 'reviews "1".jsonl'
        corpus.write_text("{}", encoding="utf-8")
        stage.source(corpus, "https://creativecommons.org/licenses/by/4.0/")
        for table, frame in tables.items():
            stage.write(table, frame)
        stage.write(REVIEWS, pl.DataFrame(reviews, schema=REVIEWS.schema, orient="row"))
        stage.write(SENTENCES, pl.DataFrame(sentences, schema=SENTENCES.schema, orient="row"))
        spans = pl.DataFrame([(2, 8, 19, "horror film", 1, 0.9)], schema=SENTENCE_MENTIONS.schema, orient="row")
        stage.write(SENTENCE_MENTIONS, spans)
    return workspace


@pytest.fixture(scope="module", params=["awkward", "sample"])
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Any]:
    """A workspace, its folder of N-Triples, and one graph of all files in it."""
    workspace = request.getfixturevalue(f"{request.param}_workspace")
    folder = export(workspace, "rdf", tmp_path_factory.mktemp("rdf") / "out").folder
    graph = rdflib.Graph()
    for path in sorted(folder.glob("*.nt")):
        graph.parse(path, format="nt")
    return workspace, folder, graph


Parsed = tuple[Path, Path, Any]


def parts(name: Any) -> list[str]:
    """Take a name under urn:kgprep: apart."""
    whole, _, _ = str(name).partition("#")
    return [unquote(part) for part in whole.removeprefix("urn:kgprep:").split(":")]


def entity_ids(workspace: Path) -> dict[Any, int]:
    table = str.maketrans(FORBIDDEN_IN_IRI)
    rows = read_table(workspace, ENTITIES).select("iri", "entity_id").iter_rows()
    return {URIRef(iri.translate(table)): number for iri, number in rows}


def assert_equal(rows: list[Any], workspace: Path, table: Table) -> None:
    rebuilt = pl.DataFrame(rows, schema=table.schema, orient="row").sort(table.key)
    assert_frame_equal(rebuilt, read_table(workspace, table).sort(table.key), check_exact=True)
    assert rebuilt.height > 0


def test_every_file_is_valid_and_every_statement_one_line(exported: Parsed) -> None:
    oxigraph = pytest.importorskip("pyoxigraph", reason="a strict parser beside rdflib's")
    _, folder, graph = exported
    read = 0
    for path in folder.glob("*.nt"):
        statements = list(oxigraph.parse(path.read_bytes(), format=oxigraph.RdfFormat.N_TRIPLES))
        assert len(path.read_text(encoding="utf-8").splitlines()) == len(statements)
        assert len(set(statements)) == len(statements)
        read += len(statements)
    assert read == len(graph)


def test_messages_are_the_utterances(exported: Parsed) -> None:
    workspace, _, graph = exported
    rows = []
    for message in graph.subjects(RDF.type, SCHEMA.Message):
        dialogue = graph.value(message, SCHEMA.isPartOf)
        assert (message, RDF.type, NIF.Context) in graph
        assert (dialogue, RDF.type, SCHEMA.Conversation) in graph
        text = str(graph.value(message, NIF.isString))
        assert int(graph.value(message, NIF.endIndex)) == len(text)
        (_, split), (_, role) = (
            parts(graph.value(dialogue, SCHEMA.isPartOf)),
            parts(graph.value(message, SCHEMA.sender)),
        )
        rows.append(
            (
                split,
                str(graph.value(dialogue, SCHEMA.identifier)),
                int(graph.value(message, SCHEMA.position)),
                role,
                text,
            )
        )
    assert_equal(rows, workspace, UTTERANCES)


def test_mentions_are_phrases_of_their_messages(exported: Parsed) -> None:
    workspace, _, graph = exported
    ids = entity_ids(workspace)
    in_messages, in_sentences = [], []
    for phrase, context in graph.subject_objects(NIF.referenceContext):
        start, end = int(graph.value(phrase, NIF.beginIndex)), int(graph.value(phrase, NIF.endIndex))
        word = str(graph.value(phrase, NIF.anchorOf))
        assert str(graph.value(context, NIF.isString))[start:end] == word
        entity = ids[graph.value(phrase, ITS.taIdentRef)]
        score = float(graph.value(phrase, ITS.taConfidence))
        kind, *place = parts(context)
        if kind == "message":
            method = parts(graph.value(phrase, ITS.taAnnotatorsRef))[1]
            in_messages.append((place[0], int(place[1]), start, end, word, entity, method, score))
        else:
            in_sentences.append((int(place[0]), start, end, word, entity, score))
    assert_equal(in_messages, workspace, MENTIONS)
    assert_equal(in_sentences, workspace, SENTENCE_MENTIONS)


def test_sentences_keep_their_entity_review_and_score(exported: Parsed) -> None:
    workspace, _, graph = exported
    ids = entity_ids(workspace)
    made_from = {"reviews/reviews": "review", "kg/descriptions": "description", "kg/edges": "edges"}
    rows = []
    for sentence, entity in graph.subject_objects(SCHEMA.about):
        review = graph.value(sentence, SCHEMA.isPartOf)
        assert review is None or (review, RDF.type, SCHEMA.Review) in graph
        measured = graph.value(sentence, DQV.hasQualityMeasurement)
        table = graph.value(sentence, PROV.wasDerivedFrom)
        assert (table, RDF.type, PROV.Entity) in graph
        rows.append(
            (
                int(parts(sentence)[1]),
                made_from[parts(table)[1]],
                None if review is None else str(graph.value(review, SCHEMA.identifier)),
                ids[entity],
                int(graph.value(sentence, SCHEMA.position)),
                str(graph.value(sentence, NIF.isString)),
                float(graph.value(measured, DQV.value)),
            )
        )
    assert_equal(rows, workspace, SENTENCES)


def test_reviews_keep_all_but_helpfulness(exported: Parsed) -> None:
    workspace, _, graph = exported
    ids = entity_ids(workspace)
    rows = []
    for review in graph.subjects(RDF.type, SCHEMA.Review):
        rating = graph.value(review, SCHEMA.reviewRating)
        date, title, url = (graph.value(review, SCHEMA[name]) for name in ("datePublished", "name", "url"))
        rows.append(
            (
                str(graph.value(review, SCHEMA.identifier)),
                parts(graph.value(review, SCHEMA.isPartOf))[1],
                ids[graph.value(review, SCHEMA.itemReviewed)],
                str(graph.value(review, SCHEMA.inLanguage)),
                None if title is None else str(title),
                None if rating is None else float(graph.value(rating, SCHEMA.ratingValue)),
                None if date is None else date.toPython(),
                None if url is None else str(url),
                str(graph.value(review, SCHEMA.reviewBody)),
            )
        )
    table = read_table(workspace, REVIEWS).drop("helpful").sort("review_id")
    rebuilt = pl.DataFrame(rows, schema=table.schema, orient="row").sort("review_id")
    assert_frame_equal(rebuilt, table, check_exact=True)
    assert rebuilt.height > 0


def test_edges_and_triples_are_the_bundles(exported: Parsed) -> None:
    workspace, _, graph = exported
    ids = entity_ids(workspace)
    relations = read_table(workspace, RELATIONS).filter(pl.col("inverse_of").is_null())
    number = {URIRef(iri): relation for iri, relation in relations.select("iri", "relation_id").iter_rows()}
    edges = {(ids[head], number[name], ids[tail]) for head, name, tail in graph if name in number and head in ids}
    forward = read_table(workspace, EDGES).filter(pl.col("relation").is_in(relations["relation_id"].implode()))
    assert edges == set(forward.iter_rows())
    annotations = {
        (
            parts(target)[1],
            int(parts(target)[2]),
            int(graph.value(target, NIF.beginIndex)),
            int(parts(graph.value(annotation, OA.hasBody))[1]),
        )
        for annotation, target in graph.subject_objects(OA.hasTarget)
    }
    triples = read_table(workspace, TRIPLES).select("dialogue_id", "turn", "start", "sentence_id")
    assert annotations == set(triples.iter_rows())


def test_aliases_items_and_descriptions_are_the_bundles(exported: Parsed) -> None:
    workspace, _, graph = exported
    ids = entity_ids(workspace)
    aliases = {(str(name), ids[entity]) for entity, name in graph.subject_objects(SCHEMA.alternateName)}
    assert aliases == set(read_table(workspace, ALIASES).select("alias", "entity_id").iter_rows())
    items = {ids[entity] for entity in graph.objects(URIRef("urn:kgprep:items"), SCHEMA.itemListElement)}
    assert items == set(read_table(workspace, ENTITIES).filter("is_item")["entity_id"])
    described = {(ids[entity], text.language, str(text)) for entity, text in graph.subject_objects(SCHEMA.description)}
    assert described == set(read_table(workspace, DESCRIPTIONS).select("entity_id", "lang", "text").iter_rows())


def test_what_the_page_on_reuse_asks_is_answered(
    sample_workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "reuse.md").read_text(encoding="utf-8")
    shown = re.search(r"^## RDF\n.*?```python\n(.*?)```", page, re.DOTALL | re.MULTILINE)
    assert shown is not None
    export(sample_workspace, "rdf", tmp_path / "workspaces" / "rdf")
    monkeypatch.chdir(tmp_path)
    exec(compile(shown[1], "docs/reuse.md", "exec"), {})
    said = {tuple(line.split("\t", 1)) for line in capsys.readouterr().out.splitlines()}
    films = read_table(sample_workspace, ENTITIES).filter(pl.col("kind") == "film")
    expected = read_table(sample_workspace, TRIPLES).join(films, on="entity_id", how="semi")
    assert len(said) == 5
    assert said <= set(expected.select("word", "sentence").iter_rows())


def test_provenance_names_sources_stages_and_tables_but_no_place(awkward_workspace: Path, tmp_path: Path) -> None:
    folder = export(awkward_workspace, "rdf", tmp_path / "out").folder
    assert str(awkward_workspace) not in (folder / "provenance.nt").read_text(encoding="utf-8")
    graph: Any = rdflib.Graph().parse(folder / "provenance.nt", format="nt")
    sentences, entities = (URIRef(f"urn:kgprep:table:{name}") for name in ("reviews/sentences", "kg/entities"))
    named = {str(graph.value(file, RDFS.label)): file for file in graph.objects(sentences, PROV.wasDerivedFrom)}
    assert set(named) == {"dump <1>.nt", 'reviews "1".jsonl'}
    assert set(graph.objects(entities, PROV.wasDerivedFrom)) == {named["dump <1>.nt"]}
    source = named['reviews "1".jsonl']
    sha256 = hashlib.sha256(b"{}").hexdigest()
    assert graph.value(source, SCHEMA.sha256) == rdflib.Literal(sha256)
    assert set(graph.objects(source, DCTERMS.license)) == {URIRef("https://creativecommons.org/licenses/by/4.0/")}
    stage = graph.value(sentences, PROV.wasGeneratedBy)
    assert (stage, RDF.type, PROV.Activity) in graph
    assert (stage, PROV.used, source) in graph
    assert graph.value(stage, PROV.wasInformedBy) == graph.value(entities, PROV.wasGeneratedBy)
    assert graph.value(stage, PROV.endedAtTime).datatype == XSD.dateTime
    assert {parts(table)[1] for table in graph.subjects(PROV.wasGeneratedBy)} >= {"kg/edges", "reviews/sentences"}


def test_a_licence_in_words_and_a_citation_are_kept(tmp_path: Path) -> None:
    folder = export(write_bundle(tmp_path / "ws"), "rdf", tmp_path / "out").folder
    graph: Any = rdflib.Graph().parse(folder / "provenance.nt", format="nt")
    assert set(graph.objects(None, DCTERMS.rights)) == {rdflib.Literal("CC BY-SA 3.0")}
    assert set(graph.objects(None, DCTERMS.bibliographicCitation)) == {rdflib.Literal("Lehmann & al. 2015")}


def test_a_graph_alone_is_written_and_the_rest_is_said_to_be_absent(tmp_path: Path) -> None:
    workspace = write_bundle(tmp_path / "ws")
    for table in (SENTENCES, TRIPLES, MENTIONS):
        table.path(workspace).unlink()
    exported = export(workspace, "rdf", tmp_path / "out")
    assert {path.name for path in exported.folder.glob("*.nt")} == {"graph.nt", "provenance.nt"}
    absent = [sentence for sentence in exported.lost if "has no" in sentence]
    assert [sentence.split(" yet")[0] for sentence in absent] == [
        "the bundle has no dialogues/mentions",
        "the bundle has no reviews/sentences",
        "the bundle has no triples/triples",
    ]
