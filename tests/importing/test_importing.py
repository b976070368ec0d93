"""Archives come back as bundles: what was exported returns, real files load, and damage is named."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from kgprep.artifacts import EDGES, ENTITIES, ITEMS, MENTIONS, RELATIONS, UTTERANCES, KgprepError, read_table
from kgprep.cli import main
from kgprep.export import export
from kgprep.importing import FORMS, import_archive
from kgprep.kg.build import KgConfig, build_kg
from tests.small_bundle import write_bundle

UTTERANCE = ["dialogue_id", "turn"]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "ws")


def forward_edges(workspace: Path) -> set[tuple[str, str, str]]:
    names = read_table(workspace, ENTITIES).select("entity_id", "iri")
    relations = read_table(workspace, RELATIONS).filter(pl.col("inverse_of").is_null())
    edges = (
        read_table(workspace, EDGES)
        .join(relations.select("relation_id", relation_iri="iri"), left_on="relation", right_on="relation_id")
        .join(names.rename({"iri": "head_iri"}), left_on="head", right_on="entity_id")
        .join(names.rename({"iri": "tail_iri"}), left_on="tail", right_on="entity_id")
    )
    return set(edges.select("head_iri", "relation_iri", "tail_iri").iter_rows())


def items(workspace: Path) -> set[str]:
    return set(read_table(workspace, ENTITIES).filter("is_item")["iri"])


def targets(workspace: Path, by: list[str]) -> pl.DataFrame:
    """The items that the data set's own marks name, by utterance."""
    entities = read_table(workspace, ENTITIES)
    marked = read_table(workspace, MENTIONS).filter(pl.col("method") == "gold")
    named = marked.join(entities.filter("is_item").select("entity_id", "iri"), on="entity_id")
    return named.sort(*UTTERANCE, "start").select(*by, "iri")


def valid(workspace: Path) -> bool:
    return CliRunner().invoke(main, ["validate", "-w", str(workspace)]).exit_code == 0


@pytest.mark.parametrize("form", FORMS)
def test_what_was_exported_comes_back(sample_workspace: Path, tmp_path: Path, form: str) -> None:
    folder, back = tmp_path / "archive", tmp_path / "back"
    export(sample_workspace, form, folder)
    import_archive(form, folder, back)
    assert valid(back)
    assert items(back) == items(sample_workspace)
    before = forward_edges(sample_workspace)
    assert forward_edges(back) == before
    old, new = read_table(sample_workspace, UTTERANCES), read_table(back, UTTERANCES)
    assert new.height == old.height
    if form != "unicrs":
        assert new.select("split", *UTTERANCE, "role").equals(old.select("split", *UTTERANCE, "role"))
    assert new.group_by("split").len().sort("split").equals(old.group_by("split").len().sort("split"))
    assert targets(back, [])["iri"].sort().equals(targets(sample_workspace, [])["iri"].sort())


@pytest.mark.parametrize("form", ["crslab", "c2crs"])
def test_items_and_their_places_come_back_by_utterance(workspace: Path, tmp_path: Path, form: str) -> None:
    export(workspace, form, tmp_path / "archive")
    import_archive(form, tmp_path / "archive", tmp_path / "back")
    assert targets(tmp_path / "back", UTTERANCE).equals(targets(workspace, UTTERANCE))
    mentions = read_table(tmp_path / "back", MENTIONS).join(read_table(tmp_path / "back", UTTERANCES), on=UTTERANCE)
    spans = mentions.select(pl.col("text").str.slice("start", pl.col("end") - pl.col("start")), "word")
    assert spans["text"].equals(spans["word"].rename("text"))


def test_an_imported_bundle_goes_on_to_links(sample_workspace: Path, tmp_path: Path) -> None:
    export(sample_workspace, "crslab", tmp_path / "archive")
    import_archive("crslab", tmp_path / "archive", tmp_path / "back")
    result = CliRunner().invoke(main, ["link", "I loved Inception", "-w", str(tmp_path / "back"), "--json"])
    assert result.exit_code == 0, result.output
    assert "Inception" in result.output


def test_what_is_missing_is_said(workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = export(workspace, "crslab", tmp_path / "archive").folder
    (folder / "test_data.json").unlink()
    import_archive("crslab", folder, tmp_path / "back")
    said = capsys.readouterr().err
    assert "the splits test_data.json" in said
    assert set(read_table(tmp_path / "back", UTTERANCES)["split"]) == {"train"}


def rewrite(path: Path, change: Any) -> None:
    path.write_text(json.dumps(change(json.loads(path.read_text(encoding="utf-8")))), encoding="utf-8")


def first_role(dialogues: Any) -> Any:
    dialogues[0]["dialog"][0]["role"] = "Wizard"
    return dialogues


def first_text(dialogues: Any) -> Any:
    dialogues[0]["dialog"][0]["text"] = ["I", "\ud83d", "it"]
    return dialogues


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("entity2id.json", lambda ids: [1], "holds no JSON object"),
        ("entity2id.json", lambda ids: {"<x>": "one"}, "gives <x> no number"),
        ("entity2id.json", lambda ids: dict(list(ids.items())[:1]), "entity2id.json lacks"),
        ("movie_ids.json", lambda ids: [*ids, 999_999], r"movie_ids\.json lists 999999, an id that"),
        ("dbpedia_subkg.json", lambda graph: {"1": "x"}, r"is no list of \[relation, tail\] by head"),
        ("train_data.json", lambda dialogues: [{"dialog": []}, {}], "train_data.json, dialogue 2: conv_id, dialog"),
        (
            "train_data.json",
            first_text,
            r"has the escape '\\ud83d', which is half a character",
        ),
        ("train_data.json", first_role, "has the role 'wizard'"),
        ("train_data.json", lambda dialogues: dialogues * 2, "have the same conv_id"),
    ],
)
def test_damage_is_named(workspace: Path, tmp_path: Path, name: str, change: Any, message: str) -> None:
    folder = export(workspace, "crslab", tmp_path / "archive").folder
    rewrite(folder / name, change)
    with pytest.raises(KgprepError, match=message):
        import_archive("crslab", folder, tmp_path / "back")
    assert not (tmp_path / "back" / "kg").exists() or not list((tmp_path / "back" / "kg").iterdir())


def test_other_mistakes_are_named(workspace: Path, tmp_path: Path) -> None:
    with pytest.raises(KgprepError, match="choose from c2crs, crslab, unicrs"):
        import_archive("kbrd", tmp_path, tmp_path / "back")
    with pytest.raises(KgprepError, match="is no folder"):
        import_archive("crslab", tmp_path / "nowhere", tmp_path / "back")
    with pytest.raises(KgprepError, match=r"holds no entity2id\.json"):
        import_archive("crslab", tmp_path, tmp_path / "back")
    folder = export(workspace, "crslab", tmp_path / "archive").folder
    (folder / "movie_ids.json").write_text("[1,", encoding="utf-8")
    with pytest.raises(KgprepError, match=r"movie_ids\.json is not JSON"):
        import_archive("crslab", folder, tmp_path / "back")


def crslab_archive(folder: Path, *turns: tuple[str, list[str]]) -> Path:
    """CRSLab's archive of one dialogue, whose turns are a text and the films it names."""
    folder.mkdir()
    films = ["<http://x/Heat_(1995_film)>", "<http://x/Her_(film)>", "<urn:kgprep:redial:42>", "<http://x/Ran>"]
    films += [f"<{film}>" for film in WITH_SIGNS]
    said = [
        {"utt_id": number, "role": "Seeker", "text": text.split(), "movies": movies, "entity": []}
        for number, (text, movies) in enumerate(turns)
    ]
    files = {
        "entity2id.json": {"__pad__": 0, **{film: number for number, film in enumerate(films, start=1)}},
        "dbpedia_subkg.json": {"1": [[0, 1]]},
        "movie_ids.json": [*range(1, 1 + len(films))],
        "train_data.json": [{"conv_id": "7", "dialog": said}],
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    return folder


WITH_SIGNS = ["http://x/Crouching_Tiger,_Hidden_Dragon", "http://x/Ocean's_Eleven", "http://x/Spider-Man"]
HEAT, HER, NUMBERED, RAN = "http://x/Heat_(1995_film)", "http://x/Her_(film)", "urn:kgprep:redial:42", "http://x/Ran"


@pytest.mark.parametrize(
    ("text", "movies", "marked"),
    [
        ("Heat , then heat again , or Her ?", [HEAT, HEAT, HER], [("Heat", HEAT), ("heat", HEAT), ("Her", HER)]),
        ("I loved Heat , mail me @5", [HEAT], [("Heat", HEAT)]),
        ("mail me @5 @42", [NUMBERED], [("@42", NUMBERED)]),
        ("@42 and @7", [HER], [("@42", NUMBERED), ("@7", HER)]),
        ("看过 《 盗火 线 》 和 《 她 》 吗", [HEAT, HER], [("盗火 线", HEAT), ("她", HER)]),
        ("看过 《 盗火线 》 和 《 书 》 吗", [HEAT], []),
        ("what a film", [RAN], []),
        ("crouching tiger , hidden dragon", WITH_SIGNS[:1], [("crouching tiger , hidden dragon", WITH_SIGNS[0])]),
        ("it 's Ocean 's Eleven", WITH_SIGNS[1:2], [("Ocean 's Eleven", WITH_SIGNS[1])]),
        ("Spider - Man , Spider-Man", WITH_SIGNS[2:], [("Spider - Man", WITH_SIGNS[2])]),
    ],
)
def test_items_without_a_token_are_found_by_their_titles(
    tmp_path: Path, text: str, movies: list[str], marked: list[tuple[str, str]]
) -> None:
    folder = crslab_archive(tmp_path / "archive", (text, [f"<{movie}>" for movie in movies]))
    counts = {count.what: count for count in import_archive("crslab", folder, tmp_path / "back").counts}
    assert valid(tmp_path / "back")
    mentions = read_table(tmp_path / "back", MENTIONS).join(read_table(tmp_path / "back", ENTITIES), on="entity_id")
    gold = mentions.filter(pl.col("method") == "gold").sort("start")
    assert list(gold.select("word", "iri").iter_rows()) == marked
    assert [text[start:end] for start, end in gold.select("start", "end").iter_rows()] == [word for word, _ in marked]
    assert counts["movies of utterances"].kept == len(movies)
    by_name = counts["items named in an utterance and found there by a name"]
    without_place = len(movies) - sum(iri in movies for _, iri in marked)
    assert by_name.total is not None
    assert by_name.total - by_name.kept == without_place


def test_gold_items_of_chinese_texts_come_back(tmp_path: Path) -> None:
    bundle, back = tmp_path / "ws", tmp_path / "back"
    sample = Path(__file__).parents[2] / "pipelines" / "sample"
    build_kg(bundle, KgConfig(dialogues=f"tgredial:{sample / 'tgredial'}", dumps=(sample / "dbpedia.nt",)))
    export(bundle, "crslab", tmp_path / "archive")
    import_archive("crslab", tmp_path / "archive", back)
    assert targets(back, UTTERANCE).height == 330
    assert targets(back, UTTERANCE).equals(targets(bundle, UTTERANCE))


def test_a_file_of_item_ids_says_which_tokens_are_items(tmp_path: Path) -> None:
    folder = crslab_archive(tmp_path / "archive", ("@5 or @12 , mail me @99", [f"<{HEAT}>", f"<{HER}>", f"<{RAN}>"]))
    item_ids = folder / "redial_context_movie_id2crslab_entityId.json"
    item_ids.write_text(json.dumps({"12": 1, "5": 2, "99": None}), encoding="utf-8")
    import_archive("c2crs", folder, tmp_path / "back")
    assert targets(tmp_path / "back", [])["iri"].to_list() == [HER, HEAT]
    item_ids.write_text(json.dumps({"12": 77}), encoding="utf-8")
    with pytest.raises(KgprepError, match=r"entityId\.json gives @12 an id that entity2id\.json lacks"):
        import_archive("c2crs", folder, tmp_path / "again")


def test_a_pickle_that_could_run_code_is_refused(workspace: Path, tmp_path: Path) -> None:
    folder = export(workspace, "c2crs", tmp_path / "archive").folder
    (folder / "train_conv_idx_to_review_info.pkl").write_bytes(pickle.dumps({"0": os.getcwd}))
    with pytest.raises(KgprepError, match="train_conv_idx_to_review_info"):
        import_archive("c2crs", folder, tmp_path / "back")


def test_a_form_that_is_not_read_says_so(sample_workspace: Path, tmp_path: Path) -> None:
    folder = export(sample_workspace, "crslab-tgredial", tmp_path / "archive").folder
    with pytest.raises(KgprepError, match="holds an archive of TG-ReDial, whose form is not read"):
        import_archive("crslab", folder, tmp_path / "back")


def unicrs_archive(folder: Path, text: str, names: list[str], links: list[str]) -> Path:
    """A data set of UniCRS with one turn that names films."""
    folder.mkdir()
    films = {"<http://x/Her>": 0, "<http://x/It>": 1}
    files = {
        "entity2id.json": films,
        "relation2id.json": {"self_loop": 0},
        "dbpedia_subkg.json": {"0": [[0, 0]]},
        "item_ids.json": [0, 1],
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    turn = {"text": text, "role": "SEEKER", "movie_name": names, "movie_link": links}
    dialogue = json.dumps([{**turn, "entity_name": [], "entity_link": []}])
    (folder / "train_data_dbpedia.jsonl").write_text(dialogue + "\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("text", "names", "spans"),
    [
        ("There is Her, here", ["Her"], [(9, 12)]),
        ("It or it? Wait", ["It", "It"], [(0, 2), (6, 8)]),
        ("Wait", ["It"], []),
        ("\u00bfHer\u2019s? it", ["her", "IT"], [(1, 4), (8, 10)]),
    ],
)
def test_names_are_found_as_whole_words(
    tmp_path: Path, text: str, names: list[str], spans: list[tuple[int, int]]
) -> None:
    iris = {"her": "<http://x/Her>", "it": "<http://x/It>"}
    folder = unicrs_archive(tmp_path / "archive", text, names, [iris[name.lower()] for name in names])
    import_archive("unicrs", folder, tmp_path / "back")
    mentions = read_table(tmp_path / "back", MENTIONS)
    assert list(mentions.select("start", "end").iter_rows()) == spans
    assert mentions["word"].to_list() == [text[start:end] for start, end in spans]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("[{]", "train_data_dbpedia.jsonl:1 is not JSON"),
        ('[{"role": "SEEKER"}]', "dialogue 1: role, text, or names and links of one length are missing"),
    ],
)
def test_damage_in_dialogues_of_unicrs_is_named(tmp_path: Path, line: str, message: str) -> None:
    folder = unicrs_archive(tmp_path / "archive", "x", [], [])
    (folder / "train_data_dbpedia.jsonl").write_text(line + "\n", encoding="utf-8")
    with pytest.raises(KgprepError, match=message):
        import_archive("unicrs", folder, tmp_path / "back")


def data() -> Path:
    folder = os.environ.get("KGPREP_DATA")
    if not folder:
        pytest.skip("KGPREP_DATA is not set: the real archives are not there")
    return Path(folder)


@pytest.mark.slow
def test_crslab_s_own_archive_loads(tmp_path: Path) -> None:
    folder = data() / "crslab"
    import_archive("crslab", folder, tmp_path / "ws")
    assert valid(tmp_path / "ws")
    found = read_table(tmp_path / "ws", ITEMS)
    # The makers of the archive found 6,112 of ReDial's 6,924 films; the others stand in it as numbers.
    assert dict(found.group_by("method").len().iter_rows()) == {"gold": 6_112, "isolated": 812}
    utterances = read_table(tmp_path / "ws", UTTERANCES)
    assert utterances.height == 16_387
    export(tmp_path / "ws", "crslab", tmp_path / "again")
    before = {dialogue["conv_id"]: dialogue for dialogue in read_gzipped(folder / "valid_data.json.gz")}
    after = json.loads((tmp_path / "again" / "valid_data.json").read_text(encoding="utf-8"))
    assert {dialogue["conv_id"] for dialogue in after} == set(before)
    pairs = [
        (old, new)
        for dialogue in after
        for old, new in zip(before[dialogue["conv_id"]]["dialog"], dialogue["dialog"], strict=True)
    ]
    assert all(old["role"] == new["role"] for old, new in pairs)
    same_movies = sum(
        [name for name in new["movies"] if not name.startswith("<urn:")] == old["movies"] for old, new in pairs
    )
    assert same_movies / len(pairs) > 0.99


@pytest.mark.slow
def test_unicrs_s_graph_with_inspired_s_dialogues_loads(tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    folder.mkdir()
    for path in [*(data() / "unicrs").glob("*.json.gz"), *(data() / "inspired").glob("*_dbpedia.jsonl.gz")]:
        (folder / path.name).symlink_to(path)
    import_archive("unicrs", folder, tmp_path / "ws")
    assert valid(tmp_path / "ws")
    export(tmp_path / "ws", "unicrs", tmp_path / "again")
    ids = read_gzipped(folder / "entity2id.json.gz")
    again = json.loads((tmp_path / "again" / "entity2id.json").read_text(encoding="utf-8"))
    assert set(ids) <= set(again)
    relations = read_gzipped(folder / "relation2id.json.gz")
    again_relations = json.loads((tmp_path / "again" / "relation2id.json").read_text(encoding="utf-8"))
    assert edges_of(read_gzipped(folder / "dbpedia_subkg.json.gz"), ids, relations) == edges_of(
        json.loads((tmp_path / "again" / "dbpedia_subkg.json").read_text(encoding="utf-8")), again, again_relations
    )


def edges_of(graph: Any, entities: dict[str, int], relations: dict[str, int]) -> set[tuple[str, str, str]]:
    names = {number: name for name, number in entities.items()}
    relation_names = {number: name for name, number in relations.items()}
    return {
        (names[int(head)], relation_names.get(relation, ""), names[tail])
        for head, pairs in graph.items()
        for relation, tail in pairs
        if int(head) != tail
    }


def read_gzipped(path: Path) -> Any:
    import gzip

    return json.loads(gzip.decompress(path.read_bytes()).decode("utf-8"))
