"""Tables are written whole or not at all, and read only when they are what they claim to be."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from kgprep.artifacts import (
    EDGES,
    SCHEMA_VERSION,
    TABLES,
    KgprepError,
    conform,
    read_table,
    write_beside,
    write_parquet,
    write_parquet_parts,
)
from tests.small_bundle import damage_pages

EDGE_FRAME = pl.DataFrame({"head": [0], "relation": [0], "tail": [1]})


def test_a_table_comes_back_as_it_was_written_with_its_description_in_the_metadata(tmp_path: Path) -> None:
    path = EDGES.path(tmp_path)
    path.parent.mkdir()
    write_parquet(EDGES, EDGE_FRAME, path)
    assert read_table(tmp_path, EDGES).rows() == [(0, 0, 1)]
    assert read_table(tmp_path, EDGES).schema == EDGES.schema
    metadata = pl.read_parquet_metadata(path)
    assert metadata["kgprep.schema_version"] == str(SCHEMA_VERSION)
    assert "entity the edge leaves" in metadata["kgprep.columns"]


def test_a_stage_cannot_write_a_frame_that_breaks_the_schema() -> None:
    with pytest.raises(ValueError, match="lacks tail"):
        conform(EDGES, EDGE_FRAME.drop("tail"))
    with pytest.raises(ValueError, match="tail holds nulls"):
        conform(EDGES, EDGE_FRAME.with_columns(tail=pl.lit(None)))


def test_a_missing_table_names_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(KgprepError, match="run kgprep build-kg"):
        read_table(tmp_path, EDGES)


def test_an_older_schema_version_is_refused(tmp_path: Path) -> None:
    path = EDGES.path(tmp_path)
    path.parent.mkdir()
    frame = conform(EDGES, EDGE_FRAME)
    frame.write_parquet(path, metadata={"kgprep.schema_version": "0"})
    with pytest.raises(KgprepError, match="schema version 0, this kgprep reads 1: run kgprep build-kg again"):
        read_table(tmp_path, EDGES)
    frame.with_columns(pl.col("head").cast(pl.Int64)).write_parquet(path, metadata={"kgprep.schema_version": "1"})
    with pytest.raises(KgprepError, match="differs from its schema in head"):
        read_table(tmp_path, EDGES)


def test_a_file_that_is_not_parquet_is_refused(tmp_path: Path) -> None:
    path = EDGES.path(tmp_path)
    path.parent.mkdir()
    path.write_bytes(b"PAR1 and then nothing")
    with pytest.raises(KgprepError, match="not a readable Parquet file"):
        read_table(tmp_path, EDGES)


def test_a_file_whose_pages_are_damaged_is_refused(tmp_path: Path) -> None:
    path = EDGES.path(tmp_path)
    path.parent.mkdir()
    write_parquet(EDGES, EDGE_FRAME, path)
    damage_pages(path)
    with pytest.raises(KgprepError, match=r"edges\.parquet is damaged: run kgprep build-kg again"):
        read_table(tmp_path, EDGES)


def test_an_interrupted_write_leaves_the_old_file_and_no_rest(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), write_beside(path) as partial:
        partial.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


FULL_DISK = f"""
import resource, sys
from pathlib import Path
import polars as pl
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, {resource.RLIM_INFINITY}))
from kgprep.artifacts import EDGES, KgprepError, write_beside, write_parquet
n = 400_000
frame = pl.DataFrame({{"head": pl.Series(range(n)).hash() % 2**31, "relation": [0] * n, "tail": range(n)}})
try:
    with write_beside(Path(sys.argv[1])) as partial:
        write_parquet(EDGES, frame, partial)
except KgprepError as error:
    print(error)
"""


def test_a_full_disk_in_mid_write_is_one_sentence_and_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "edges.parquet"
    command = [sys.executable, "-c", FULL_DISK, str(path)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert output.startswith(f"cannot write {path} (")
    assert output.rstrip().endswith("free some space or choose another place")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", TABLES)
def test_every_reference_and_key_names_columns_that_exist(name: str) -> None:
    table = TABLES[name]
    assert set(table.key) <= set(table.schema)
    for reference in table.references:
        assert set(reference.columns) <= set(table.schema)
        assert set(reference.target_columns) <= set(TABLES[reference.target].schema)


WRITE_PARTS = """
import sys
from pathlib import Path
import polars as pl
from kgprep.artifacts import EDGES, write_parquet_parts
rows = range(120_000)
frames = (pl.DataFrame({"head": rows, "relation": [part] * len(rows), "tail": rows}) for part in range(3))
print(write_parquet_parts(EDGES, frames, Path(sys.argv[1])))
"""


def test_a_table_in_parts_has_the_same_bytes_whatever_the_number_of_threads(tmp_path: Path) -> None:
    written = []
    for threads in ("1", "4"):
        path = tmp_path / f"{threads}.parquet"
        environment = {**os.environ, "POLARS_MAX_THREADS": threads}
        command = [sys.executable, "-c", WRITE_PARTS, str(path)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert done.stdout == "360000\n"
        written.append(path.read_bytes())
    assert written[0] == written[1]
    frame = pl.read_parquet(tmp_path / "4.parquet")
    assert frame.schema == EDGES.schema
    assert frame.equals(frame.sort("relation", "head"))
    assert sorted(tmp_path.iterdir()) == [tmp_path / "1.parquet", tmp_path / "4.parquet"]


def test_no_parts_give_an_empty_table(tmp_path: Path) -> None:
    assert write_parquet_parts(EDGES, [], tmp_path / "none.parquet") == 0
    assert pl.read_parquet(tmp_path / "none.parquet").schema == EDGES.schema
