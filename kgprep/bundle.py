"""A bundle's tables for notebooks and other code: `kgprep.load(WS).triples`."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from kgprep.artifacts import TABLES, TRIPLES, KgprepError, scan_table


class Bundle:
    """The tables of one workspace as lazy polars frames, in the columns of docs/artifacts.md."""

    def __init__(self, workspace: Path | str) -> None:
        """Open the bundle in `workspace`.

        Raises:
            KgprepError: there is no bundle.
        """
        self.workspace = Path(workspace)
        if not any(table.path(self.workspace).exists() for table in TABLES.values()):
            raise KgprepError(f"{self.workspace} holds no bundle: make one with kgprep build-kg -w {self.workspace}")

    @property
    def triples(self) -> pl.LazyFrame:
        """The word-entity-sentence triples; errors as in `table`."""
        return self.table(TRIPLES.name)

    def table(self, name: str) -> pl.LazyFrame:
        """Return a table by its full name, such as ``kg/entities``.

        Raises:
            KgprepError: no table is called so, this bundle lacks it, or it is older than what it was made from.
        """
        from kgprep.provenance import refuse_outdated_table

        if name not in TABLES:
            raise KgprepError(f"there is no table {name}: choose one of {', '.join(TABLES)}")
        refuse_outdated_table(self.workspace, TABLES[name])
        return scan_table(self.workspace, TABLES[name])
