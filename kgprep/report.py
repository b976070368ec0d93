"""A bundle, and a run if named, as one self-contained HTML page.

Notable here:
- the page asks for nothing from outside: no script, no font, no picture, one inline style;
- every value is escaped where it enters the page, so a review's text is text;
- a table that a stage has not written yet is left out, not an error.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import polars as pl

from kgprep import __version__
from kgprep.artifacts import ENTITIES, RELATIONS, TABLES, TRIPLES, Table, collect_table, scan_table, write_beside
from kgprep.counts import Count
from kgprep.errors import KgprepError
from kgprep.progress import console
from kgprep.provenance import read_provenance, refuse_outdated

TOP_RELATIONS = 20
SAMPLE_TRIPLES = 20
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; background: #fff; max-width: 70rem; margin: 2rem auto;
  padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; border-bottom: 1px solid #ccc; }
h3 { font-size: 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: .8rem 0; }
caption { text-align: left; font-weight: 600; padding-bottom: .3rem; }
th, td { text-align: left; vertical-align: top; padding: .25rem .7rem; border-bottom: 1px solid #e4e4e4; }
th { background: #f5f5f5; } td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
code { font-size: .9em; } ul { margin: .3rem 0; } .muted { color: #666; }
"""


def write_report(workspace: Path, out: Path, run: str | None = None) -> Path:
    """Write the page to `out` and return its path.

    Args:
        workspace: folder of the bundle.
        out: the HTML file; replaced if it is there.
        run: name of a run whose metrics are shown too.

    Raises:
        KgprepError: there is no bundle, a table is damaged, a table or the run is outdated, the run has no metrics, or
            `out` cannot be written.
    """
    stages = read_provenance(workspace)["stages"]
    if not stages:
        raise KgprepError(f"{workspace} holds no bundle: run kgprep build-kg on it first")
    refuse_outdated(workspace, run)
    title = f"{workspace.resolve().name}, run {run}" if run else workspace.resolve().name
    sections = [
        _tables(workspace),
        _graph(workspace),
        _triples(workspace),
        *([_run(workspace, run)] if run else []),
        _stages(stages),
        _inputs(stages),
    ]
    with write_beside(out) as partial:
        partial.write_text(_page(title, sections), encoding="utf-8")
    console.print(f"report written to {out}", markup=False)
    return out


def _page(title: str, sections: Iterable[str]) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{escape(title)}</h1>\n"
        f'<p class="muted">Word-entity-sentence triples and what they come from. Written by kgprep {__version__}.</p>\n'
        + "\n".join(section for section in sections if section)
        + "\n</body>\n</html>\n"
    )


def _tables(workspace: Path) -> str:
    rows = [
        (name, _rows(workspace, table), table.description)
        for name, table in TABLES.items()
        if table.path(workspace).exists()
    ]
    return _section("Tables", _table(("table", "rows", "what it holds"), rows))


def _graph(workspace: Path) -> str:
    parts = []
    if ENTITIES.path(workspace).exists():
        kinds = (
            scan_table(workspace, ENTITIES)
            .group_by(pl.col("kind").cast(pl.String))
            .agg(pl.len(), items=pl.col("is_item").sum())
            .sort("len", "kind", descending=[True, False])
        )
        rows = collect_table(workspace, ENTITIES, kinds).rows()
        parts.append(_table(("kind", "entities", "of them items"), rows, "Kinds of entities"))
    if RELATIONS.path(workspace).exists():
        forward = scan_table(workspace, RELATIONS).filter(pl.col("inverse_of").is_null())
        top = forward.sort("edges", "iri", descending=[True, False]).head(TOP_RELATIONS)
        rows = collect_table(workspace, RELATIONS, top.select("name", "edges", "iri")).rows()
        parts.append(_table(("relation", "edges", "IRI"), rows, f"The {len(rows)} largest relations"))
    return _section("Graph", *parts) if parts else ""


def _triples(workspace: Path) -> str:
    if not TRIPLES.path(workspace).exists() or not ENTITIES.path(workspace).exists():
        return ""
    labels = collect_table(workspace, ENTITIES, scan_table(workspace, ENTITIES).select("entity_id", "label"))
    step = max(1, _rows(workspace, TRIPLES) // SAMPLE_TRIPLES)
    sample = (
        scan_table(workspace, TRIPLES)
        .gather_every(step)
        .head(SAMPLE_TRIPLES)
        .join(labels.lazy(), on="entity_id", how="left", maintain_order="left")
        .select(pl.col("split").cast(pl.String), "word", "label", "sentence", "score")
    )
    rows = collect_table(workspace, TRIPLES, sample).rows()
    headings = ("split", "word", "entity", "sentence", "score")
    return _section("Triples", _table(headings, rows, f"{len(rows)} triples, evenly spread"))


def _run(workspace: Path, run: str) -> str:
    metrics = dict(_read_metrics(workspace, run))
    recommendation = metrics.pop("recommendation", {})
    parts = [
        _recall(f"{split}: {view}", {name: views[view] for name, views in systems.items() if view in views})
        for split, systems in recommendation.items()
        for view in next(iter(systems.values()), {})
    ]
    others = list(_flatten(metrics))
    if others:
        parts.append(_table(("figure", "value"), others, "Other figures"))
    return _section(f"Run {run}", *parts)


def _read_metrics(workspace: Path, run: str) -> Mapping[str, Any]:
    path = workspace / "runs" / run / "metrics.json"
    if not path.is_file():
        raise KgprepError(f"{path} does not exist: run kgprep evaluate -w {workspace} --run {run} first")
    try:
        metrics = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise KgprepError(f"{path} is not JSON ({error}): run kgprep evaluate again") from error
    if not isinstance(metrics, dict):
        raise KgprepError(f"{path} holds no metrics: run kgprep evaluate again")
    return metrics


def _recall(caption: str, systems: Mapping[str, Mapping[str, Any]]) -> str:
    """One table of a split and a way of counting targets: a row a system, a column a metric."""
    names = list(dict.fromkeys(name for row in systems.values() for name in row if name != "samples"))
    samples = next((row.get("samples", 0) for row in systems.values()), 0)
    rows = [(system, *(_estimate(row.get(name)) for name in names)) for system, row in systems.items()]
    return _table(("system", *names), rows, f"{caption}, {samples:,} samples (95 % interval)")


def _estimate(estimate: Mapping[str, float | None] | None) -> str:
    if not estimate or estimate.get("value") is None:
        return "-"
    return f"{estimate['value']:.4f} ({estimate['low']:.4f} to {estimate['high']:.4f})"


def _flatten(value: Any, path: str = "") -> Iterable[tuple[str, Any]]:
    """Yield the figures of a nested dict with their dotted paths."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flatten(inner, f"{path}.{name}" if path else str(name))
    else:
        yield path, value


def _stages(stages: Mapping[str, Any]) -> str:
    return _section("Stages", *(_stage(name, record) for name, record in stages.items()))


def _stage(name: str, record: Mapping[str, Any]) -> str:
    memory = record["peak_memory_bytes"] / 2**20
    facts = f"{record['tool']}, finished {record['finished']}, {record['seconds']:,.1f} s, peak memory {memory:,.0f} MB"
    counts = "".join(f"<li>{escape(str(Count(**count)))}</li>" for count in record["counts"])
    parameters = escape(json.dumps(record["parameters"], ensure_ascii=False))
    return (
        f"<h3>{escape(name)}</h3>\n<p>{escape(facts)}</p>\n"
        f"<ul>{counts}</ul>\n<details><summary>parameters</summary><code>{parameters}</code></details>"
    )


def _inputs(stages: Mapping[str, Any]) -> str:
    rows = [
        (
            stage,
            Path(source["path"]).name,
            source["bytes"],
            source["licence"] or "not recorded",
            source["citation"] or "not recorded",
            source["sha256"][:16],
        )
        for stage, record in stages.items()
        for source in record["inputs"]
    ]
    headings = ("stage", "file", "bytes", "licence", "citation", "sha256 begins")
    return _section("Inputs", _table(headings, rows)) if rows else ""


def _rows(workspace: Path, table: Table) -> int:
    return int(scan_table(workspace, table).select(pl.len()).collect().item())


def _section(title: str, *parts: str) -> str:
    return f"<section>\n<h2>{escape(title)}</h2>\n" + "\n".join(parts) + "\n</section>"


def _table(headings: Sequence[str], rows: Iterable[Sequence[Any]], caption: str = "") -> str:
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    body = "\n".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f'<div class="wide"><table>{title}<thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>'


def _cell(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"<td>{escape(str(value))}</td>"
    return f'<td class="number">{value:,}</td>' if isinstance(value, int) else f'<td class="number">{value:.4f}</td>'
