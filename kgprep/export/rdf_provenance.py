"""Where the bundle comes from, as statements in PROV-O: sources, stages and tables.

Notable here:
- a source has its name, sha256, size, licence and citation, and never the place it lay in;
- a table is derived from the sources of the stage that wrote it and of the stages before;
- a licence that is an address is one in RDF too; another is its text.

Source: PROV-O; DCMI Metadata Terms; schema.org.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl

from kgprep.artifacts import MENTION_METHODS, TABLES
from kgprep.counts import Count
from kgprep.export.ntriples import StatementsFile, iri, literal, own_name, term
from kgprep.export.sources import SourceFile, source_files
from kgprep.provenance import read_provenance, stage_before

FILE_NAME = "provenance.nt"
ANNOTATORS = {"gold": "the data set's own annotation", "link": "kgprep's linker"}
"""Who found a mention, by its method."""


def write_provenance(workspace: Path, folder: Path) -> tuple[Count, ...]:
    """Write the sources, stages and tables that bundle.json records, and who annotated mentions."""
    stages: Mapping[str, Any] = read_provenance(workspace)["stages"]
    file = StatementsFile(folder / FILE_NAME)
    used = source_files(stages.values())
    sources = _write_sources(file, used)
    _write_stages(file, stages)
    tables = _write_tables(file, stages)
    _write_agents(file)
    return (
        Count("sources", sources),
        Count("sources with a known licence", sum(bool(source.licence) for source in used), sources),
        Count("stages", len(stages)),
        Count("tables", tables),
    )


def _up_to(stages: Mapping[str, Any], name: str | None) -> list[Any]:
    """Return the record of a stage after those of the stages before it."""
    return [*_up_to(stages, stage_before(name)), stages[name]] if name is not None and name in stages else []


def _write_sources(file: StatementsFile, sources: list[SourceFile]) -> int:
    is_address = pl.col("licence").str.contains(r"^https?://\S+$")
    text = pl.String
    schema = {"name": text, "sha256": text, "bytes": pl.Int64, "licence": text, "citation": text}
    return file.add(
        pl.DataFrame([asdict(source) for source in sources], schema=schema),
        own_name("source", "sha256"),
        [
            ("rdf:type", term("prov:Entity")),
            ("rdfs:label", literal("name")),
            ("schema:sha256", literal("sha256")),
            ("schema:contentSize", literal("bytes")),
            ("dcterms:license", pl.when(is_address).then(iri("licence"))),
            ("dcterms:rights", pl.when(~is_address).then(literal("licence"))),
            ("dcterms:bibliographicCitation", literal("citation")),
        ],
    )


def _write_stages(file: StatementsFile, stages: Mapping[str, Any]) -> None:
    rows = [
        {"name": name, "tool": stage["tool"], "finished": stage["finished"], "before": stage_before(name)}
        for name, stage in stages.items()
    ]
    text = pl.String
    frame = pl.DataFrame(rows, schema={"name": text, "tool": text, "finished": text, "before": text})
    file.add(
        frame,
        own_name("stage", "name"),
        [
            ("rdf:type", term("prov:Activity")),
            ("rdfs:label", literal("name")),
            ("prov:endedAtTime", literal("finished", "xsd:dateTime")),
            ("prov:wasAssociatedWith", own_name("tool", "tool")),
            ("prov:wasInformedBy", pl.when(pl.col("before").is_in(list(stages))).then(own_name("stage", "before"))),
        ],
    )
    used = [(name, source["sha256"]) for name, stage in stages.items() for source in stage["inputs"]]
    inputs = pl.DataFrame(used, schema={"name": text, "sha256": text}, orient="row").unique(maintain_order=True)
    file.add(inputs, own_name("stage", "name"), [("prov:used", own_name("source", "sha256"))])
    tools = frame.select("tool").unique(maintain_order=True)
    file.add(
        tools, own_name("tool", "tool"), [("rdf:type", term("prov:SoftwareAgent")), ("rdfs:label", literal("tool"))]
    )


def _write_tables(file: StatementsFile, stages: Mapping[str, Any]) -> int:
    # A table that two stages write is the later one's.
    writers = {table: stage for stage, record in stages.items() for table in record["tables"]}
    rows = [
        (table, stage, stages[stage]["tables"][table]["sha256"], TABLES[table].description if table in TABLES else None)
        for table, stage in writers.items()
    ]
    schema = dict.fromkeys(("table", "stage", "sha256", "description"), pl.String)
    written = file.add(
        pl.DataFrame(rows, schema=schema, orient="row"),
        own_name("table", "table"),
        [
            ("rdf:type", term("prov:Entity")),
            ("rdfs:label", literal("table")),
            ("rdfs:comment", literal("description")),
            ("schema:sha256", literal("sha256")),
            ("prov:wasGeneratedBy", own_name("stage", "stage")),
        ],
    )
    pairs = [
        (table, source.sha256) for table, stage in writers.items() for source in source_files(_up_to(stages, stage))
    ]
    derived = pl.DataFrame(pairs, schema={"table": pl.String, "sha256": pl.String}, orient="row")
    file.add(
        derived.unique(maintain_order=True),
        own_name("table", "table"),
        [("prov:wasDerivedFrom", own_name("source", "sha256"))],
    )
    return written


def _write_agents(file: StatementsFile) -> None:
    agents = pl.DataFrame({"method": MENTION_METHODS, "label": [ANNOTATORS[method] for method in MENTION_METHODS]})
    file.add(
        agents, own_name("annotator", "method"), [("rdf:type", term("prov:Agent")), ("rdfs:label", literal("label"))]
    )
    metric = pl.DataFrame({"text": ["how much a sentence says of its entity, from 0 to 1"]})
    file.add(
        metric,
        term("kgprep:metric:fitness"),
        [("rdf:type", term("dqv:Metric")), ("rdfs:comment", literal("text"))],
    )
