"""The word-entity-sentence triples as one file in the form that other code reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from kgprep.artifacts import ENTITIES, TRIPLES, KgprepError, collect_table, scan_table, write_beside
from kgprep.counts import Count
from kgprep.provenance import refuse_outdated

FORMATS = ("parquet", "jsonl", "tsv")


def write_triples(
    workspace: Path, out: Path, form: str | None = None, split: str | None = None, columns: Sequence[str] = ()
) -> tuple[Count, ...]:
    """Write the triples of a bundle to `out`, with the label and IRI of their entities.

    Args:
        workspace: folder of the bundle.
        out: file to write; one that is there is replaced.
        form: one of `FORMATS`, by default the ending of `out`, else parquet; in tsv, white space inside a value becomes
            one space.
        split: train, valid or test; None for all.
        columns: names in the order wanted; all by default.

    Returns:
        How many of how many were written.

    Raises:
        KgprepError: there are no triples, a table is damaged or outdated, there is no such column, one is asked for
            twice, or `out` cannot be written.
    """
    refuse_outdated(workspace)
    every = scan_table(workspace, TRIPLES)
    named = collect_table(
        workspace, ENTITIES, scan_table(workspace, ENTITIES).select("entity_id", "label", "iri")
    ).lazy()
    known = [*every.collect_schema().names(), "label", "iri"]
    wanted = list(columns) or known
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise KgprepError(f"triples have no column {unknown[0]}: choose from {', '.join(known)}")
    repeated = [name for name in wanted if wanted.count(name) > 1]
    if repeated:
        raise KgprepError(f"column {repeated[0]} is asked for twice: name each column once")
    joined = every.join(named, on="entity_id", how="left", maintain_order="left")
    chosen = joined if split is None else joined.filter(pl.col("split").cast(pl.String) == split)
    texts = chosen.select(wanted).with_columns(pl.col(pl.Enum).cast(pl.String))
    found = collect_table(workspace, TRIPLES, texts)
    with write_beside(out) as partial:
        _write(found, partial, form or out.suffix.removeprefix(".").lower())
    return (Count("triples written", found.height, every.select(pl.len()).collect().item()),)


def _write(frame: pl.DataFrame, path: Path, form: str) -> None:
    if form == "jsonl":
        frame.write_ndjson(path)
    elif form == "tsv":
        tidy = frame.with_columns(pl.col(pl.String).str.replace_all(r"\s+", " "))
        tidy.write_csv(path, separator="\t", quote_style="never")
    else:
        frame.write_parquet(path)
