"""The stage from dumps and items to tables: what it holds, that it repeats, and what it says of bad input."""

from __future__ import annotations

import bz2
import hashlib
import json
import random
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner
from pydantic import ValidationError

from kgprep.artifacts import (
    ALIASES,
    DESCRIPTIONS,
    EDGES,
    ENTITIES,
    FEEDBACK,
    ITEMS,
    MENTIONS,
    RELATIONS,
    TABLES,
    UTTERANCES,
    read_table,
)
from kgprep.cli import main
from kgprep.errors import KgprepError
from kgprep.kg.build import KgConfig, build_kg

RESOURCE = "http://dbpedia.org/resource/"
_KG_TABLES = (ENTITIES, RELATIONS, EDGES, ALIASES, DESCRIPTIONS, ITEMS)


@pytest.fixture
def workspace(tmp_path: Path, dumps: tuple[Path, ...], items_file: Path) -> Path:
    folder = tmp_path / "workspace"
    build_kg(folder, KgConfig(items=items_file, dumps=dumps, languages=("en", "zh")))
    return folder


def digests(workspace: Path) -> dict[str, str]:
    return {
        name: hashlib.sha256(table.path(workspace).read_bytes()).hexdigest()
        for name, table in TABLES.items()
        if table.path(workspace).exists()
    }


def counts(workspace: Path) -> dict[str, tuple[int, int | None]]:
    stage = json.loads((workspace / "bundle.json").read_text())["stages"]["build-kg"]
    return {count["what"]: (count["kept"], count["total"]) for count in stage["counts"]}


def named(workspace: Path) -> pl.DataFrame:
    local = pl.col("iri").str.replace(RESOURCE, "", literal=True)
    return read_table(workspace, ENTITIES).with_columns(local.alias("iri"))


def test_items_find_their_entities(workspace: Path) -> None:
    items = read_table(workspace, ITEMS).join(named(workspace), on="entity_id", suffix="_entity")
    assert dict(items.select("item_id", "iri").rows()) == {
        "1": "Heat_(1995_film)",
        "2": "Heat_(1995_film)",
        "3": "Home_Alone",
        "4": "American_Pie_(film)",
        "5": "La_La_Land",
        "6": "Seven_(1995_film)",
        "a/7": "urn:kgprep:items:a%2F7",
    }
    methods = dict(items.select("item_id", "method").rows())
    assert (methods["1"], methods["2"], methods["6"], methods["a/7"]) == (
        "title_year", "imdb_id", "redirect", "isolated",
    )  # fmt: skip
    assert counts(workspace)["items merged into another item's entity"] == (1, 7)
    assert counts(workspace)["items resolved"] == (6, 7)


def test_entities_are_dense_sorted_and_known(workspace: Path) -> None:
    entities = read_table(workspace, ENTITIES)
    assert entities["entity_id"].to_list() == list(range(entities.height))
    assert entities["iri"].is_sorted()
    heat = named(workspace).row(by_predicate=pl.col("iri") == "Heat_(1995_film)", named=True)
    assert (heat["label"], heat["kind"], heat["year"], heat["imdb_id"], heat["is_item"], heat["degree"]) == (
        "Heat (1995 film)", "film", 1995, "tt0113277", True, 4,
    )  # fmt: skip
    kinds = dict(named(workspace).select("iri", "kind").rows())
    assert kinds["Michael_Mann"] == kinds["Al_Pacino"] == kinds["Jason_Biggs"] == "person"
    assert kinds["Crime_film"] == "genre"
    assert kinds["New_York_City"] == "place"
    assert kinds["20th_Century_Fox"] == "organisation"
    assert named(workspace).row(by_predicate=pl.col("iri") == "Home_Alone", named=True)["year"] == 1990
    isolated = entities.row(by_predicate=pl.col("iri").str.starts_with("urn:"), named=True)
    assert (isolated["label"], isolated["year"], isolated["degree"]) == ("Black Panther", 2018, 0)


def test_edges_reach_two_hops_and_have_inverses(workspace: Path) -> None:
    entities, relations = named(workspace), read_table(workspace, RELATIONS)
    edges = (
        read_table(workspace, EDGES)
        .join(entities.select(head="entity_id", from_iri="iri"), on="head")
        .join(entities.select(tail="entity_id", to_iri="iri"), on="tail")
        .join(relations.select(relation="relation_id", name="name"), on="relation")
    )
    triples = set(edges.select("from_iri", "name", "to_iri").rows())
    assert ("Heat_(1995_film)", "starring", "Al_Pacino") in triples
    assert ("Al_Pacino", "starring_inverse", "Heat_(1995_film)") in triples
    assert ("Al_Pacino", "birthPlace", "New_York_City") in triples
    assert not {"United_States", "Los_Angeles", "Category:1995_films", "Heat_(1986_film)"} & set(entities["iri"])
    forward = relations.filter(pl.col("inverse_of").is_null())
    assert forward["iri"].is_sorted()
    assert relations["relation_id"].to_list() == list(range(2 * forward.height))
    assert forward["edges"].sum() * 2 == edges.height
    assert edges.filter(pl.col("head") == pl.col("tail")).is_empty()


def test_aliases_name_their_entities(workspace: Path) -> None:
    aliases = read_table(workspace, ALIASES).join(named(workspace).select("entity_id", "iri"), on="entity_id")
    found = {
        (alias, iri): (source, prior)
        for alias, iri, source, prior in aliases.select("alias", "iri", "source", "prior").rows()
    }
    assert found["Heat", "Heat_(1995_film)"][0] == "title"
    assert found["Se7en", "Seven_(1995_film)"][0] == "title"
    assert found["盗火线", "Heat_(1995_film)"][0] == "label"
    assert found["Alfredo James Pacino", "Al_Pacino"][0] == "foaf_name"
    assert found["Michael Mann", "Michael_Mann"][0] == "title"
    assert found["Pacino", "Al_Pacino"][0] == "short_name"
    assert found["Seven film", "Seven_(1995_film)"][0] == "redirect"
    assert found["Pacino", "Al_Pacino"][1] < found["Al Pacino", "Al_Pacino"][1]
    assert aliases["prior"].is_between(0, 1, closed="right").all()


def test_descriptions_come_from_the_source_else_from_the_edges(workspace: Path) -> None:
    texts = read_table(workspace, DESCRIPTIONS).join(named(workspace).select("entity_id", "iri"), on="entity_id")
    found = {(iri, lang): text for iri, lang, text in texts.select("iri", "lang", "text").rows()}
    assert found["Al_Pacino", "en"] == "An actor."
    assert ("Al_Pacino", "fr") not in found
    assert found["Crime_film", "en"] == "A genre of films."
    assert found["Heat_(1995_film)", "en"] == (
        "Heat (1995) is a film directed by Michael Mann, starring Al Pacino, Robert De Niro, of the genre Crime film."
    )
    said_by = dict(texts.filter(lang="en").select("iri", pl.col("source").cast(pl.String)).rows())
    assert {said_by[iri] for iri in ("Al_Pacino", "Crime_film")} <= {"abstract", "comment"}
    assert said_by["Heat_(1995_film)"] == "edges"
    with_edges = named(workspace).filter(pl.col("degree") > 0)
    assert with_edges.join(texts, on="entity_id", how="anti").is_empty()


def test_items_alone_write_no_dialogues(workspace: Path) -> None:
    assert not any(table.path(workspace).exists() for table in (UTTERANCES, MENTIONS, FEEDBACK))


def test_shuffled_files_and_lines_give_the_same_bytes(
    tmp_path: Path, workspace: Path, dumps: tuple[Path, ...], items_file: Path
) -> None:
    shuffled = []
    for number, dump in enumerate(reversed(dumps)):
        lines = dump.read_bytes().splitlines(keepends=True)
        random.Random(number).shuffle(lines)
        path = tmp_path / f"{number}.bz2"
        path.write_bytes(bz2.compress(b"".join(lines)))
        shuffled.append(path)
    again = tmp_path / "again"
    build_kg(again, KgConfig(items=items_file, dumps=tuple(shuffled), languages=("en", "zh")))
    assert digests(again) == digests(workspace)
    assert set(digests(again)) == {table.name for table in _KG_TABLES}


def _redial(path: Path) -> Path:
    messages = [
        {"messageId": 1, "timeOffset": 0, "senderWorkerId": 0, "text": "I loved @11 and @12!"},
        {"messageId": 2, "timeOffset": 5, "senderWorkerId": 1, "text": "Then try @13."},
    ]
    answers = {"11": {"suggested": 0, "seen": 1, "liked": 1}}
    films = {"11": "Heat (1995)", "12": "Black Panther (2018)", "13": "Home Alone (1990)"}
    dialogue = {
        "conversationId": "7", "messages": messages, "movieMentions": films, "initiatorWorkerId": 0,
        "respondentWorkerId": 1, "initiatorQuestions": answers, "respondentQuestions": answers,
    }  # fmt: skip
    path.write_text(json.dumps(dialogue) + "\n", encoding="utf-8")
    return path


def test_dialogues_give_gold_mentions(tmp_path: Path, dumps: tuple[Path, ...]) -> None:
    path = _redial(tmp_path / "redial.jsonl")
    folder = tmp_path / "workspace"
    summary = build_kg(folder, KgConfig(dialogues=f"redial:{path}", dumps=dumps))
    assert summary.rows["dialogues/utterances"] == 2
    mentions = read_table(folder, MENTIONS).join(named(folder).select("entity_id", "iri"), on="entity_id")
    assert mentions.sort("turn", "start").select("turn", "word", "iri", "method", "score").rows() == [
        (0, "@11", "Heat_(1995_film)", "gold", 1.0),
        (0, "@12", "urn:kgprep:redial:12", "gold", 1.0),
        (1, "@13", "Home_Alone", "gold", 1.0),
    ]
    assert read_table(folder, FEEDBACK)["item_id"].to_list() == ["11"]


def test_items_alone_take_the_place_of_an_earlier_builds_dialogues(
    tmp_path: Path, dumps: tuple[Path, ...], items_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "workspace"
    build_kg(folder, KgConfig(dialogues=f"redial:{_redial(tmp_path / 'redial.jsonl')}", dumps=dumps))
    with pytest.raises(KgprepError, match="download it again"):
        build_kg(folder, KgConfig(items=items_file, dumps=(*dumps, _truncated(tmp_path / "cut.bz2"))))
    assert UTTERANCES.path(folder).exists()
    capsys.readouterr()
    build_kg(folder, KgConfig(items=items_file, dumps=dumps))
    assert sorted(path.name for path in (folder / "dialogues").iterdir()) == ["items.parquet"]
    said = "removed dialogues/utterances, dialogues/mentions, dialogues/feedback of an earlier run"
    assert said in capsys.readouterr().err
    build_kg(folder, KgConfig(items=items_file, dumps=dumps))
    assert "removed" not in capsys.readouterr().err


def test_relations_no_inverse_and_directions(tmp_path: Path, dumps: tuple[Path, ...], items_file: Path) -> None:
    relations = tmp_path / "relations.txt"
    relations.write_text("# people only\n<http://dbpedia.org/ontology/director>\n\n")
    folder = tmp_path / "directors"
    build_kg(folder, KgConfig(items=items_file, dumps=dumps, relations=relations, inverse=False, direction="both"))
    assert read_table(folder, RELATIONS)["name"].to_list() == ["director"]
    assert read_table(folder, RELATIONS)["inverse_of"].null_count() == 1
    assert "The_Curious_Case_of_Benjamin_Button_(film)" in named(folder)["iri"].to_list()


def test_listed_relations_are_counted_behind_a_byte_order_mark(
    tmp_path: Path, dumps: tuple[Path, ...], items_file: Path
) -> None:
    relations = tmp_path / "relations.txt"
    listed = "http://dbpedia.org/ontology/director\nhttp://dbpedia.org/ontology/Starring\n"
    relations.write_text(listed, encoding="utf-8-sig")
    folder = tmp_path / "workspace"
    build_kg(folder, KgConfig(items=items_file, dumps=dumps, relations=relations, inverse=False))
    assert read_table(folder, RELATIONS)["name"].to_list() == ["director"]
    assert counts(folder)["listed relations that the graph has"] == (1, 2)


def test_relations_that_no_edge_has_are_an_error_that_shows_those_there_are(
    tmp_path: Path, dumps: tuple[Path, ...], items_file: Path
) -> None:
    relations = tmp_path / "relations.txt"
    relations.write_text("director\ndbo:starring\n")
    there = r"relations\.txt lists no relation .* http://dbpedia\.org/ontology/starring"
    with pytest.raises(KgprepError, match=there):
        build_kg(tmp_path / "workspace", KgConfig(items=items_file, dumps=dumps, relations=relations))


def test_languages_may_stand_apart_on_the_command_line(
    tmp_path: Path, dumps: tuple[Path, ...], items_file: Path
) -> None:
    given = [f"--dump={dump}" for dump in dumps]
    command = ["build-kg", "-w", str(tmp_path / "workspace"), f"--items={items_file}", *given]
    assert CliRunner().invoke(main, [*command, "--languages", "fr, ZH"]).exit_code == 0
    assert "盗火线" in read_table(tmp_path / "workspace", ENTITIES)["label"]
    for wrong in ("en,", "", "en;zh"):
        refused = CliRunner().invoke(main, [*command, "--languages", wrong])
        assert refused.exit_code == 1
        assert "is no language tag: write tags such as en or zh" in refused.output


def test_a_graph_of_items_alone_says_how_to_get_dialogues(
    tmp_path: Path, dumps: tuple[Path, ...], items_file: Path
) -> None:
    build_kg(tmp_path, KgConfig(items=items_file, dumps=dumps))
    for command in (["train", "--run", "a"], ["export", "--to", "crslab", "--out", str(tmp_path / "out")]):
        result = CliRunner().invoke(main, [*command, "-w", str(tmp_path)])
        assert result.exit_code == 1
        assert result.output.splitlines()[-1].endswith(
            "a graph of items alone has no dialogues, run kgprep build-kg with --dialogues"
        )


def test_given_iris_are_gold_and_follow_redirects(tmp_path: Path, dumps: tuple[Path, ...]) -> None:
    items = tmp_path / "items.jsonl"
    items.write_text(
        "".join(
            json.dumps({"item_id": str(number), "name": name, "iri": RESOURCE + name}) + "\n"
            for number, name in enumerate(["Se7en", "Home_Alone", "Round"])
        )
    )
    folder = tmp_path / "workspace"
    build_kg(folder, KgConfig(items=items, dumps=dumps))
    resolved = read_table(folder, ITEMS).join(named(folder), on="entity_id", suffix="_entity")
    assert set(resolved["method"]) == {"gold"}
    assert resolved.sort("item_id")["iri"].to_list()[:2] == ["Seven_(1995_film)", "Home_Alone"]


def test_given_iris_are_read_in_dbpedias_usual_spellings(tmp_path: Path, dumps: tuple[Path, ...]) -> None:
    spellings = {
        "a": "https://dbpedia.org/resource/Heat_(1995_film)",
        "b": "http://dbpedia.org/page/Heat_(1995_film)",
        "c": "https://www.dbpedia.org/page/Heat_%281995_film%29",
        "d": "dbr:Heat_(1995_film)",
        "e": "<http://dbpedia.org/resource/Heat_%281995_film%29>",
        "f": "https://dbpedia.org/page/Se7en",
    }
    items = tmp_path / "items.csv"
    items.write_text("item_id,iri\n" + "".join(f'{one},"{iri}"\n' for one, iri in spellings.items()))
    folder = tmp_path / "workspace"
    build_kg(folder, KgConfig(items=items, dumps=dumps))
    found = read_table(folder, ITEMS).join(named(folder), on="entity_id", suffix="_entity").sort("item_id")
    assert found["iri"].to_list() == ["Heat_(1995_film)"] * 5 + ["Seven_(1995_film)"]
    assert set(found["method"]) == {"gold"}
    assert found["name"].to_list() == ["Heat"] * 5 + ["Se7en"]
    assert counts(folder)["items with an IRI that the source knows"] == (6, 6)


def test_given_iris_that_the_source_does_not_know_are_not_believed(tmp_path: Path, dumps: tuple[Path, ...]) -> None:
    items = tmp_path / "items.csv"
    items.write_text(
        "item_id,name,imdb_id,iri\n"
        "a,Heat,tt0113277,http://dbpedia.org/resource/Heat_(film)\n"
        "b,Home Alone,,Home_Alone\n"
        "c,Black Panther,,http://example.org/Black_Panther\n"
        "d,Heat,,http://dbpedia.org/resource/Heat_(1986_film)\n"
    )
    folder = tmp_path / "workspace"
    build_kg(folder, KgConfig(items=items, dumps=dumps))
    found = read_table(folder, ITEMS).join(named(folder), on="entity_id", suffix="_entity").sort("item_id")
    assert found.select("iri", pl.col("method").cast(pl.String)).rows() == [
        ("Heat_(1995_film)", "imdb_id"),
        ("Home_Alone", "title"),
        ("urn:kgprep:items:c", "isolated"),
        ("Heat_(1986_film)", "gold"),
    ]
    assert counts(folder)["items with an IRI that is absolute"] == (3, 4)
    assert counts(folder)["items with an IRI that the source knows"] == (1, 4)


@pytest.mark.parametrize(("content", "message"), [(b"# nothing\n", "names no relation"), (b"\xff\xfe", "not UTF-8")])
def test_a_useless_relations_file_is_named(
    tmp_path: Path, dumps: tuple[Path, ...], items_file: Path, content: bytes, message: str
) -> None:
    relations = tmp_path / "relations.txt"
    relations.write_bytes(content)
    with pytest.raises(KgprepError, match=rf"relations\.txt.*{message}"):
        build_kg(tmp_path / "workspace", KgConfig(items=items_file, dumps=dumps, relations=relations))


def test_a_rare_relation_and_a_hub_are_cut_and_counted(
    tmp_path: Path, dumps: tuple[Path, ...], items_file: Path
) -> None:
    folder = tmp_path / "workspace"
    build_kg(folder, KgConfig(items=items_file, dumps=dumps, min_relation_count=2, max_degree=1))
    assert "genre" not in read_table(folder, RELATIONS)["name"].to_list()
    kept, total = counts(folder)["edges within the cap of 1 for hubs"]
    assert (total or 0) - kept == 1  # New York City is the birth place of two people, none of them an item.
    # The dump has the film's star twice, and the film as its own predecessor.
    kept, total = counts(folder)["edges that are no duplicates"]
    assert (total or 0) - kept == 1
    kept, total = counts(folder)["edges that are no self-loops"]
    assert (total or 0) - kept == 1


def _truncated(path: Path) -> Path:
    path.write_bytes(bz2.compress(b"<a:s> <a:p> <a:o> .\n" * 100)[:-10])
    return path


def test_a_damaged_dump_leaves_the_workspace_as_it_was(
    tmp_path: Path, workspace: Path, dumps: tuple[Path, ...], items_file: Path
) -> None:
    before = digests(workspace)
    with pytest.raises(KgprepError, match="download it again"):
        build_kg(workspace, KgConfig(items=items_file, dumps=(*dumps, _truncated(tmp_path / "cut.bz2"))))
    assert digests(workspace) == before
    assert not list(workspace.rglob("*.partial"))


def test_lines_that_are_not_ntriples_are_counted_and_shown(
    tmp_path: Path, dumps: tuple[Path, ...], items_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    noisy = tmp_path / "noisy.nt"
    noisy.write_text("<a:s> <a:p> <a:o> .\nnot a triple\n")
    folder = tmp_path / "workspace"
    build_kg(folder, KgConfig(items=items_file, dumps=(*dumps, noisy)))
    kept, total = counts(folder)["lines of the dumps that are triples"]
    assert (total or 0) - kept == 1
    assert f"{noisy}:2: not N-Triples: not a triple" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"items": None}, "needs either dialogues or items"),
        ({"dialogues": "redial:x"}, "needs either dialogues or items"),
        ({"dumps": ()}, "needs triples"),
        ({"endpoint": "http://localhost"}, "not both"),
        ({"dumps": (Path("absent.nt"),)}, r"absent\.nt does not exist"),
        ({"items": Path("absent.csv")}, r"absent\.csv"),
        ({"items": None, "dialogues": "train.jsonl"}, "has no form"),
        ({"relations": Path("absent.txt")}, r"absent\.txt does not exist"),
    ],
)
def test_bad_requests_are_one_sentence(
    tmp_path: Path, dumps: tuple[Path, ...], items_file: Path, changes: dict[str, object], message: str
) -> None:
    config = KgConfig.model_validate({"items": items_file, "dumps": dumps, **changes})
    with pytest.raises(KgprepError, match=message) as raised:
        build_kg(tmp_path / "workspace", config)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "workspace" / "bundle.json").exists()


def test_a_workspace_below_a_file_is_one_sentence(tmp_path: Path, dumps: tuple[Path, ...], items_file: Path) -> None:
    with pytest.raises(KgprepError, match=r"items\.csv is a file, so there can be no folder .*x/y: give another"):
        build_kg(items_file / "x" / "y", KgConfig(items=items_file, dumps=dumps))
    result = CliRunner().invoke(
        main, ["build-kg", "-w", f"{items_file}/x", f"--items={items_file}", f"--dump={dumps[0]}"]
    )
    assert (result.exit_code, "is a file" in result.output) == (1, True)


def test_items_that_nothing_knows_make_a_graph_without_edges(tmp_path: Path, dumps: tuple[Path, ...]) -> None:
    path = tmp_path / "items.csv"
    path.write_text("item_id,name\n1,Zzz\n")
    summary = build_kg(tmp_path / "workspace", KgConfig(items=path, dumps=dumps, hops=0))
    assert (summary.rows["kg/entities"], summary.rows["kg/edges"], summary.rows["kg/relations"]) == (1, 0, 0)
    assert read_table(tmp_path / "workspace", ITEMS)["method"].to_list() == ["isolated"]


def test_empty_items_are_refused(tmp_path: Path, dumps: tuple[Path, ...]) -> None:
    path = tmp_path / "items.csv"
    path.write_text("item_id,name\n")
    with pytest.raises(KgprepError, match=r"items\.csv"):
        build_kg(tmp_path / "workspace", KgConfig(items=path, dumps=dumps))


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(ValidationError, match="hop_count"):
        KgConfig.model_validate({"hop_count": 3})


@pytest.mark.slow
@pytest.mark.real_data
def test_redial_on_dbpedia(tmp_path: Path, real_data: Path) -> None:
    config = KgConfig(
        dialogues=f"redial:{real_data / 'redial' / 'train_valid.jsonl.gz'}",
        dialogues_test=real_data / "redial" / "test.jsonl.gz",
        dumps=tuple(sorted((real_data / "dbpedia").iterdir())),
    )
    summary = build_kg(tmp_path, config)
    items = read_table(tmp_path, ITEMS).join(named(tmp_path), on="entity_id", suffix="_entity")
    assert items.height == 6924
    assert items.filter(pl.col("method") != "isolated").height >= 6600
    works = items.filter(
        pl.col("iri").str.contains(r"\((?:.*(?:game|album|novel|book|song|soundtrack|comics|band))\)$")
    )
    assert works.is_empty()
    chosen = dict(items.select("item_id", "iri").rows())
    peers = pl.read_csv(real_data / "redial" / "peer_movie_links.tsv", separator="\t", quote_char=None)
    agree = peers.drop_nulls().filter(
        pl.col("movie_id").cast(pl.String).replace_strict(chosen, default=None)
        == pl.col("dbpedia_iri").str.replace(RESOURCE, "", literal=True)
    )
    assert agree.height > 5500
    edges = read_table(tmp_path, EDGES)
    assert edges.height == edges.unique().height > 150_000
    assert summary.rows["dialogues/mentions"] == 49_211


@pytest.mark.parametrize("option", ["films", "split", "dialogues_test"])
def test_an_option_of_dialogues_is_refused_beside_items(
    tmp_path: Path, dumps: tuple[Path, ...], items_file: Path, option: str
) -> None:
    config = KgConfig.model_validate({"items": items_file, "dumps": dumps, option: items_file})
    sentence = f"--{option.replace('_', '-')} belongs to dialogues, and --items goes without: leave it out"
    with pytest.raises(KgprepError, match=sentence):
        build_kg(tmp_path / "ws", config)


def test_strict_is_refused_beside_an_endpoint(tmp_path: Path, items_file: Path) -> None:
    config = KgConfig(items=items_file, endpoint="http://127.0.0.1:9/sparql", strict=True)
    with pytest.raises(KgprepError, match="--strict is about the lines of dumps, and an endpoint has none"):
        build_kg(tmp_path / "ws", config)
