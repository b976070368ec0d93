"""Targets read by the libraries that they are written for, where these are installed.

The readers in test_export_libraries.py stand in for them elsewhere: kgprep does not install these libraries.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from kgprep.artifacts import ENTITIES, FEEDBACK, MENTIONS, TABLES, TRIPLES, UTTERANCES, read_table, write_parquet
from kgprep.export import export
from tests.small_bundle import write_bundle

PAGE = Path(__file__).parents[2] / "docs" / "reuse.md"


def library(name: str) -> Any:
    return pytest.importorskip(
        name, reason=f"{name} is not installed, nor does kgprep need it: what it reads is tested where it is"
    )


@pytest.fixture(params=["small", "sample"])
def workspace(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A bundle of a few awkward rows, and that of the embedded sample."""
    if request.param == "small":
        return write_bundle(tmp_path / "ws")
    sample: Path = request.getfixturevalue("sample_workspace")
    return sample


def test_pykeen_trains_on_the_splits(sample_workspace: Path, tmp_path: Path) -> None:
    factory, pipeline = library("pykeen.triples").TriplesFactory, library("pykeen.pipeline").pipeline
    exported = export(sample_workspace, "pykeen", tmp_path / "out")
    training = factory.from_path(exported.folder / "train.tsv")
    ids = {"entity_to_id": training.entity_to_id, "relation_to_id": training.relation_to_id}
    validation, testing = (factory.from_path(exported.folder / f"{split}.tsv", **ids) for split in ("valid", "test"))
    counted = {count.what: count.kept for count in exported.counts}
    assert training.num_triples == counted["train triples"]
    # PyKEEN leaves out, with a warning, what training does not know.
    assert validation.num_triples == counted["valid triples"]
    assert testing.num_triples == counted["test triples"]
    assert training.num_entities == counted["entities with an edge"]
    result = pipeline(
        training=training,
        validation=validation,
        testing=testing,
        model="TransE",
        model_kwargs={"embedding_dim": 8},
        training_kwargs={"num_epochs": 1, "use_tqdm": False},
        evaluation_kwargs={"use_tqdm": False, "batch_size": 32},
        random_seed=0,
        device="cpu",
    )
    assert 0 < result.metric_results.get_metric("both.realistic.inverse_harmonic_mean_rank") <= 1


def test_datasets_loads_every_table_by_name_and_split(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = library("datasets")
    folder = str(export(workspace, "huggingface", tmp_path / "out").folder)
    cache = str(tmp_path / "cache")
    present = [
        table for table in TABLES.values() if table.path(workspace).exists() and read_table(workspace, table).height
    ]
    names = datasets.get_dataset_config_names(folder)
    assert len(names) == len(present)
    for name, table in zip(names, present, strict=True):
        loaded = datasets.load_dataset(folder, name, cache_dir=cache)
        frames = [pl.from_arrow(part.data.table) for part in loaded.values()]
        plain = read_table(workspace, table).with_columns(pl.col(pl.Enum).cast(pl.String))
        together = pl.concat([frame for frame in frames if isinstance(frame, pl.DataFrame)])
        key = list(table.key)
        assert together.select(plain.columns).sort(key).rows() == plain.sort(key).rows()
    splits = dict(read_table(workspace, UTTERANCES).select("dialogue_id", "split").unique().iter_rows())
    for table in {MENTIONS, FEEDBACK} & set(present):
        for split, part in datasets.load_dataset(folder, table.name.replace("/", "_"), cache_dir=cache).items():
            assert {splits[dialogue] for dialogue in part["dialogue_id"]} <= {split.replace("validation", "valid")}
    by_default = datasets.load_dataset(folder, cache_dir=cache)
    assert sum(by_default.num_rows.values()) == read_table(workspace, TRIPLES).height


@pytest.mark.parametrize(
    ("target", "package"),
    [("huggingface", "datasets"), ("pyg", "torch_geometric"), ("pykeen", "pykeen.triples"), ("rdf", "rdflib")],
)
def test_the_lines_in_the_readme_run_where_it_lies(
    sample_workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, package: str
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    library(package)
    exported = export(sample_workspace, target, tmp_path / "any name")
    monkeypatch.chdir(exported.folder)
    read: dict[str, Any] = {}
    exec(compile(exported.usage, "README.md", "exec"), read)
    counted = {count.what: count.kept for count in exported.counts}
    if target == "huggingface":
        in_train = read_table(sample_workspace, TRIPLES).filter(pl.col("split") == "train")
        assert read["triples"].num_rows == in_train.height
    elif target == "pyg":
        edges = counted["edges, inverse ones included"]
        assert (read["graph"].num_edges, read["typed"].num_edges) == (edges, edges)
        assert read["train_edges"].shape[1] == counted["edges of the split train"]
    elif target == "pykeen":
        assert read["testing"].num_triples == counted["test triples"]
    else:
        assert len(read["graph"]) > counted["statements of dialogues.nt"] + counted["statements of edges"]


def recbole_dataset(folder: Path, settings: dict[str, Any]) -> Any:
    columns = {
        "inter": ["user_id", "item_id", "liked", "timestamp"],
        "item": ["item_id", "title", "year"],
        "kg": ["head_id", "relation_id", "tail_id"],
        "link": ["item_id", "entity_id"],
    }
    config = library("recbole.config").Config(
        model="CFKG", dataset="kgprep", config_dict={"data_path": str(folder), "load_col": columns, **settings}
    )
    return library("recbole.data").create_dataset(config)


def test_recbole_keeps_every_interaction_item_and_edge(workspace: Path, tmp_path: Path) -> None:
    items = read_table(workspace, ENTITIES).with_columns(
        label=pl.when(pl.col("is_item")).then(pl.lit('"Half a "quote ') + pl.col("label")).otherwise("label")
    )
    changed = tmp_path / "changed"
    for table in TABLES.values():
        if table.path(workspace).exists():
            write_parquet(table, items if table is ENTITIES else read_table(workspace, table), _made(table, changed))
    exported = export(changed, "recbole", tmp_path / "out")
    counted = {count.what: count for count in exported.counts}
    dataset = recbole_dataset(exported.folder, {})
    assert dataset.inter_num == counted["interactions"].kept
    assert dataset.user_num == counted["dialogues with one"].kept + 1
    named = read_table(changed, MENTIONS).filter(pl.col("method") == "gold")["entity_id"]
    films = items.filter(pl.col("is_item") & pl.col("entity_id").is_in(named.implode()))
    assert {dataset.id2token("item_id", n) for n in range(1, dataset.item_num)} >= {*map(str, films["entity_id"])}
    loops = counted["items without an edge, given one to themselves"].kept
    assert len(dataset.kg_feat) == counted["forward edges"].kept + loops
    splits = recbole_dataset(exported.folder, {"benchmark_filename": ["train", "valid", "test"]}).build()
    assert [len(part) for part in splits] == [
        counted[f"interactions of the split {split}"].kept for split in ("train", "valid", "test")
    ]


def _made(table: Any, workspace: Path) -> Path:
    path: Path = table.path(workspace)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def test_recbole_trains_where_the_readme_says(
    sample_workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = library("recbole.quick_start").run_recbole
    folder = export(sample_workspace, "recbole", tmp_path / "any name").folder
    monkeypatch.chdir(folder)
    settings = {"data_path": ".", "epochs": 1, "show_progress": False}
    result = run(model="CFKG", dataset="kgprep", config_dict=settings, saved=False)
    assert 0 < result["test_result"]["recall@10"] <= 1


@pytest.mark.parametrize(("title", "package"), [("pandas", "pandas"), ("DuckDB", "duckdb"), ("Spark", "pyspark")])
def test_what_the_page_on_reuse_shows_runs(
    sample_workspace: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    title: str,
    package: str,
) -> None:
    library(package)
    (tmp_path / "workspaces").mkdir()
    (tmp_path / "workspaces" / "sample").symlink_to(sample_workspace)
    monkeypatch.chdir(tmp_path)
    shown = re.search(
        rf"^## {title}\n\n```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    assert shown is not None
    exec(compile(shown[1], str(PAGE), "exec"), {})
    printed = capfd.readouterr().out
    expected = {"pandas": "entity_id", "DuckDB": "sentence", "Spark": "|valid|"}
    assert expected[title] in printed
