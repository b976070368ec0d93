from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import rdflib
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch_geometric.data import Data

from kgprep.artifacts import EDGES, RELATIONS, KgprepError, read_table, write_parquet
from kgprep.export import TARGETS, export
from kgprep.export.words import cut_chinese, words
from tests.small_bundle import DBO, DBR, EDGE_ROWS, ENTITY_ROWS, write_bundle


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "ws")


@pytest.mark.parametrize("target", TARGETS)
def test_a_folder_that_is_there_is_refused(workspace: Path, tmp_path: Path, target: str) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine.txt").write_text("x")
    with pytest.raises(KgprepError, match="exists already"):
        export(workspace, target, out)
    assert [path.name for path in out.iterdir()] == ["mine.txt"]


def test_the_empty_folder_one_stands_in_is_filled(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    export(workspace.resolve(), "kbrd", Path())
    assert (tmp_path / "here" / "README.md").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here", "ws"]


def test_a_link_to_an_empty_folder_is_followed(workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    export(workspace, "kbrd", tmp_path / "link")
    assert (tmp_path / "disk" / "README.md").exists()
    assert (tmp_path / "link").is_symlink()


def test_a_folder_beside_the_place_stays(workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "out.partial").mkdir()
    (tmp_path / "out.partial" / "mine.txt").write_text("x")
    export(workspace, "kbrd", tmp_path / "out")
    assert (tmp_path / "out.partial" / "mine.txt").read_text() == "x"


def test_an_unknown_target_lists_those_there_are(workspace: Path, tmp_path: Path) -> None:
    with pytest.raises(KgprepError, match="choose from c2crs, c2crs-tgredial, crslab"):
        export(workspace, "word2vec", tmp_path / "out")


@pytest.mark.parametrize("target", TARGETS)
def test_a_workspace_without_tables_leaves_nothing(tmp_path: Path, target: str) -> None:
    with pytest.raises(KgprepError, match="run kgprep"):
        export(tmp_path / "nothing", target, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("target", TARGETS)
def test_what_is_lost_is_said_in_the_folder(workspace: Path, tmp_path: Path, target: str) -> None:
    exported = export(workspace, target, tmp_path / "deep" / "out")
    readme = (exported.folder / "README.md").read_text(encoding="utf-8")
    assert exported.lost
    assert all(sentence in readme for sentence in exported.lost)
    assert all(str(count) in readme for count in exported.counts)
    assert [path.name for path in exported.folder.parent.iterdir()] == ["out"]


@pytest.mark.parametrize(
    "target", ["c2crs", "c2crs-tgredial", "crslab", "crslab-tgredial", "kbrd", "kgsf", "rdf", "unicrs"]
)
def test_the_same_bundle_gives_the_same_files(sample_workspace: Path, tmp_path: Path, target: str) -> None:
    one, two = (export(sample_workspace, target, tmp_path / name).folder for name in ("one", "two"))
    assert contents(one) == contents(two)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_pyg_loads_without_trust_and_agrees_with_the_bundle(workspace: Path, tmp_path: Path) -> None:
    export(workspace, "pyg", tmp_path / "out")
    graph = Data.from_dict(torch.load(tmp_path / "out" / "graph.pt", weights_only=True))
    assert graph.validate()
    triples = torch.stack([graph.edge_index[0], graph.edge_type, graph.edge_index[1]], dim=1).tolist()
    assert [tuple(triple) for triple in triples] == EDGE_ROWS
    assert graph.num_nodes == 5
    assert graph.node_iri == [row[1] for row in ENTITY_ROWS]
    assert [graph.kind_names[kind] for kind in graph.node_kind] == [row[3] for row in ENTITY_ROWS]
    assert graph.is_item.tolist() == [False, False, True, True, True]
    assert graph.relation_name == ["director", "genre", "director_inverse", "genre_inverse"]
    assert graph.inverse_of.tolist() == [-1, -1, 0, 1]


def test_rdf_is_read_by_rdflib_and_agrees_with_the_bundle(workspace: Path, tmp_path: Path) -> None:
    export(workspace, "rdf", tmp_path / "out")
    graph = rdflib.Graph().parse(tmp_path / "out" / "graph.nt", format="nt")
    schema, dbr = rdflib.Namespace("https://schema.org/"), rdflib.Namespace(DBR)
    film = dbr["It_(2017_film)"]
    assert graph.value(film, rdflib.RDFS.label) == rdflib.Literal('It "2017" \\ <b>&')
    assert graph.value(film, schema.description) == rdflib.Literal('A "film".\nOf 2017.', lang="en")
    assert graph.value(film, schema.datePublished) == rdflib.Literal("2017", datatype=rdflib.XSD.gYear)
    assert graph.value(film, schema.identifier) == rdflib.Literal("tt1396484")
    assert set(graph.objects(film, rdflib.RDF.type)) == {
        schema.Movie,
        rdflib.URIRef(f"{DBO}Film"),
        rdflib.URIRef(f"{DBO}Work"),
    }
    edges = {(s, p, o) for s, p, o in graph if str(p).startswith(DBO)}
    genre, director = rdflib.URIRef(f"{DBO}genre"), rdflib.URIRef(f"{DBO}director")
    assert edges == {
        (film, director, dbr["Andy_Muschietti"]),
        (film, genre, dbr["Horror_film"]),
        (dbr["Us_(2019_film)"], genre, dbr["Horror_film"]),
    }
    nobody_knows = rdflib.URIRef("urn:kgprep:redial:a%20b")
    assert graph.value(nobody_knows, rdflib.RDFS.label) == rdflib.Literal("A film\nnobody knows")


@pytest.fixture
def archive(workspace: Path, tmp_path: Path) -> Path:
    return export(workspace, "crslab", tmp_path / "out").folder


def load(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text(encoding="utf-8"))


def test_crslab_dialogues_have_the_archives_form(archive: Path) -> None:
    film = f"<{DBR}It_(2017_film)>"
    assert load(archive, "train_data.json") == [
        {
            "conv_id": "7",
            "dialog": [
                {
                    "utt_id": 0,
                    "role": "Seeker",
                    "text": ["I", "have", "n't", "seen", "@1", ",", "it", "'s", "scary"],
                    "movies": [film],
                    "entity": [],
                    "word": [],
                },
                {
                    "utt_id": 1,
                    "role": "Recommender",
                    "text": ["Andy", "Muschietti", "made", "@1", ".", "Us", "too"],
                    "movies": [film],
                    "entity": [f"<{DBR}Andy_Muschietti>", f"<{DBR}Us_(2019_film)>"],
                    "word": [],
                },
            ],
        }
    ]
    assert load(archive, "valid_data.json") == []
    (test,) = load(archive, "test_data.json")
    assert test["dialog"][0]["movies"] == ["<urn:kgprep:redial:a b>", film]
    assert test["dialog"][1]["text"] == ["你好", "，", "看过", "《", "它", "》", "吗"]


def test_crslab_ids_leave_room_for_padding_and_self_loops(archive: Path) -> None:
    entities = load(archive, "entity2id.json")
    assert entities == {f"<{row[1]}>": row[0] + 1 for row in ENTITY_ROWS}
    assert load(archive, "movie_ids.json") == [3, 4, 5]
    assert load(archive, "relation2id.json") == {f"{DBO}director": 0, f"{DBO}genre": 1}
    assert load(archive, "dbpedia_subkg.json") == {
        "3": [[0, 1], [1, 2], [185, 3]],
        "4": [[1, 2], [185, 4]],
        "5": [[185, 5]],
    }


def test_crslab_takes_the_folder_for_its_own_download(archive: Path) -> None:
    """CRSLab compares the second line of .built with the version of its archive; if they differ, it fetches that."""
    assert (archive / ".built").read_text().split("\n")[1] == "0.31"


def test_crslab_tokens_come_from_training_alone(archive: Path) -> None:
    tokens = load(archive, "token2id.json")
    assert list(tokens)[:5] == ["__pad__", "__start__", "__end__", "__unk__", "@1"]
    assert list(tokens)[-1] == "_split_"
    assert sorted(tokens.values()) == list(range(len(tokens)))
    assert "@2" not in tokens


def test_crslab_gives_no_relation_the_number_of_self_loops(workspace: Path, tmp_path: Path) -> None:
    many = pl.DataFrame(
        [(number, f"{DBO}r{number:03}", f"r{number}", None, 1) for number in range(200)],
        schema=RELATIONS.schema,
        orient="row",
    )
    write_parquet(RELATIONS, many, RELATIONS.path(workspace))
    edges = pl.DataFrame([(2, number, 0) for number in range(200)], schema=EDGES.schema, orient="row")
    write_parquet(EDGES, edges, EDGES.path(workspace))
    archive = export(workspace, "crslab", tmp_path / "out").folder
    numbers = load(archive, "relation2id.json")
    assert len(set(numbers.values())) == 200
    assert 185 not in numbers.values()
    assert [pair for pair in load(archive, "dbpedia_subkg.json")["3"] if pair[0] == 185] == [[185, 3]]


def test_crslab_loads_as_its_own_reader_does(archive: Path, workspace: Path) -> None:
    """The steps of CRSLab's ReDial loader that a wrong archive breaks: every name must have an id."""
    ids, tokens = load(archive, "entity2id.json"), load(archive, "token2id.json")
    graph, concepts = load(archive, "dbpedia_subkg.json"), load(archive, "concept2id.json")
    names = {
        name
        for split in ("train", "valid", "test")
        for dialogue in load(archive, f"{split}_data.json")
        for turn in dialogue["dialog"]
        for name in turn["movies"] + turn["entity"]
    }
    assert names <= ids.keys()
    assert max(tokens.values()) + 1 == len(tokens)
    assert max(concepts.values()) == 0
    assert min(ids.values()) == 1
    assert set(load(archive, "movie_ids.json")) <= {int(head) for head in graph}
    forward = read_table(workspace, EDGES).filter(pl.col("relation") < 2)
    assert sum(relation != 185 for pairs in graph.values() for relation, _ in pairs) == forward.height


@given(st.text(max_size=40))
def test_words_lose_nothing_but_space(text: str) -> None:
    (found,) = pl.DataFrame({"text": [text]}).select(words("text")).to_series().to_list()
    assert "".join("".join(found).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Don't you like @111776?", ["Do", "n't", "you", "like", "@111776", "?"]),
        ("She'll say it's Spider-Man...", ["She", "'ll", "say", "it", "'s", "Spider-Man", "..."]),
        ("It's 7.5/10!!", ["It", "'s", "7.5", "/", "10", "!", "!"]),
        ("", []),
    ],
)
def test_words_are_cut_as_in_the_archives(text: str, expected: list[str]) -> None:
    assert pl.DataFrame({"text": [text]}).select(words("text")).to_series().to_list() == [expected]


def test_only_chinese_goes_through_jieba() -> None:
    texts = pl.Series(["don't  touch", "我喜欢科幻电影", ""])
    nothing = pl.Series([], dtype=pl.String)
    assert cut_chinese(texts, nothing).to_list() == ["don't  touch", "我 喜欢 科幻电影", ""]
    assert cut_chinese(pl.Series(["夏洛特烦恼好看"]), pl.Series(["夏洛特烦恼", "Alien"])).to_list() == [
        "夏洛特烦恼 好看"
    ]
