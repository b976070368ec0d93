"""What the record in bundle.json says of a workspace: what is up to date, and what was made from an earlier state.

Notable here: a stage's fingerprint covers its parameters, its inputs and the stages before, so whoever runs a stage or
reads its tables knows what is out of date.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from kgprep import __version__
from kgprep.artifacts import SCHEMA_VERSION, TABLES, Table
from kgprep.commit import finish_commit
from kgprep.errors import KgprepError
from kgprep.record import file_sha256, provenance_path, read_record

STAGES_BEFORE = {"align-reviews": "build-kg", "train": "align-reviews", "evaluate": "train"}


def read_provenance(workspace: Path) -> dict[str, Any]:
    """Return bundle.json as a dict, with no stages where the workspace has none yet.

    Raises:
        KgprepError: errors as in `read_record` and `finish_commit`.
    """
    finish_commit(workspace)
    return read_record(provenance_path(workspace))


def stage_before(name: str) -> str | None:
    """Return the stage that the stage `name` builds on; stages of a run carry its name: ``train/RUN``."""
    stage, slash, run = name.partition("/")
    before = STAGES_BEFORE.get(stage)
    return f"{before}{slash}{run}" if before == "train" else before


def stage_fingerprint(
    name: str,
    parameters: Mapping[str, Any],
    input_sums: Iterable[str],
    stages: Mapping[str, Any],
    version: str = __version__,
) -> str:
    """Return a hash of all that decides what the stage makes.

    Args:
        name: the stage.
        parameters: what it is asked to do, JSON-compatible.
        input_sums: sha256 of each input file, in order.
        stages: the records of bundle.json, for the fingerprint of the stage before.
        version: of the kgprep that runs the stage.
    """
    before = stages.get(stage_before(name) or "", {}).get("fingerprint")
    decisive = [version, SCHEMA_VERSION, name, dict(parameters), list(input_sums), before]
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


def is_current(workspace: Path, name: str, parameters: Mapping[str, Any]) -> bool:
    """Tell whether the stage's outputs stand in `workspace` and nothing that decides them has changed since."""
    stages = read_provenance(workspace)["stages"]
    record = stages.get(name)
    if record is None or record["parameters"] != parameters:
        return False
    paths = [Path(source["path"]) for source in record["inputs"]]
    outputs = [workspace / output for output in record["outputs"]]
    if not all(path.is_file() for path in [*paths, *outputs]):
        return False
    last_writer = {table: stage for stage, other in stages.items() for table in other["tables"]}
    for table, written in record["tables"].items():
        if last_writer[table] == name and file_sha256(workspace / f"{table}.parquet") != written["sha256"]:
            return False
    sums = [file_sha256(path) for path in paths]
    return bool(stage_fingerprint(name, parameters, sums, stages) == record["fingerprint"])


def outdated_stages(workspace: Path) -> list[str]:
    """Return the stages that were run on an earlier result of the stage before them."""
    stages = read_provenance(workspace)["stages"]
    return [name for name, record in stages.items() if record["fingerprint"] != _fingerprint_of(name, record, stages)]


def _fingerprint_of(name: str, record: Mapping[str, Any], stages: Mapping[str, Any]) -> str:
    """Return the fingerprint that the stage would have if the kgprep that ran it ran it again."""
    sums = (source["sha256"] for source in record["inputs"])
    return stage_fingerprint(name, record["parameters"], sums, stages, record["tool"].removeprefix("kgprep "))


def unrecorded_tables(workspace: Path) -> list[Table]:
    """Return the tables in `workspace` that no stage in bundle.json has written."""
    stages = read_provenance(workspace)["stages"]
    recorded = {name for record in stages.values() for name in record["tables"]}
    return [table for name, table in TABLES.items() if name not in recorded and table.path(workspace).exists()]


def refuse_outdated(workspace: Path, run: str | None = None) -> None:
    """Refuse a bundle, and a run if named, that holds results of an earlier state of it.

    A bundle without any record, such as one put together by hand, is taken as it is.

    Args:
        workspace: folder of the bundle.
        run: name of a run that is read too.

    Raises:
        KgprepError: a stage was run on an earlier result of the stage before it, or a table is of no recorded stage.
    """
    read = ("align-reviews", f"train/{run}", f"evaluate/{run}")
    for name in (name for name in outdated_stages(workspace) if name in read):
        raise _older(workspace, name)
    unrecorded = unrecorded_tables(workspace)
    if unrecorded and read_provenance(workspace)["stages"]:
        names = ", ".join(table.name for table in unrecorded)
        raise KgprepError(
            f"{workspace} holds tables that no stage in bundle.json records ({names}):"
            " run the stages again or delete the tables"
        )


def refuse_outdated_table(workspace: Path, table: Table) -> None:
    """Refuse a table that was written on an earlier result of the stage before its own.

    Raises:
        KgprepError: it is such a table.
    """
    stages = read_provenance(workspace)["stages"]
    writers = [name for name, record in stages.items() if table.name in record["tables"]]
    if writers and writers[-1] in outdated_stages(workspace):
        raise _older(workspace, writers[-1])


def _older(workspace: Path, stage: str) -> KgprepError:
    return KgprepError(
        f"{workspace} holds results of {stage} that are older than {stage_before(stage)}:"
        f" run kgprep {stage.partition('/')[0]} again"
    )
