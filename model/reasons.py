"""Why an item is recommended, as the graph tells it: over which relations a mentioned entity leads to it.

Notable here: one step is better than two, and of two steps those over the least connected entity, since everything is
joined by a country.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from kgprep.artifacts import EDGES, ENTITIES, RELATIONS, read_table


class Reasons:
    """Paths of one or two steps in a bundle's graph."""

    def __init__(self, workspace: Path) -> None:
        """Read the graph of the bundle in `workspace`."""
        names = read_table(workspace, RELATIONS).select(relation="relation_id", name="name")
        self._edges = read_table(workspace, EDGES).join(names, on="relation").select("head", "name", "tail")
        self._entities = read_table(workspace, ENTITIES).select("entity_id", "label", "degree")

    def between(self, mentioned: pl.Series, items: pl.Series) -> dict[int, str]:
        """Return the best path from a mentioned entity to each item that has one, in words.

        Args:
            mentioned: int, entity ids.
            items: int, entity ids.
        """
        begins = self._edges.filter(pl.col("head").is_in(mentioned.implode()))
        ends = self._edges.filter(pl.col("tail").is_in(items.implode()))
        one = begins.filter(pl.col("tail").is_in(items.implode())).select(
            "head", item="tail", first="name", middle=pl.lit(None, pl.Int32), second=pl.lit(None, pl.String)
        )
        two = begins.join(ends, left_on="tail", right_on="head", suffix="_end").select(
            "head", item="tail_end", first="name", middle="tail", second="name_end"
        )
        paths = (
            pl.concat([one, two])
            .filter(pl.col("head") != pl.col("item"))
            .join(self._called("middle"), on="middle", how="left", nulls_equal=True)
            .join(self._called("head"), on="head", how="left")
            .sort(pl.col("middle").is_not_null(), "middle_degree", "head", "first", "second", nulls_last=False)
            .unique("item", keep="first", maintain_order=True)
        )
        return {path["item"]: _told(path) for path in paths.iter_rows(named=True)}

    def _called(self, what: str) -> pl.DataFrame:
        return self._entities.rename({"entity_id": what, "label": f"{what}_label", "degree": f"{what}_degree"})


def _told(path: dict[str, str | None]) -> str:
    """Return one path in words; a dialogue's reply has ten at most."""
    if path["middle"] is None:
        return f"{path['head_label']} - {path['first']}"
    return f"{path['head_label']} - {path['first']} - {path['middle_label']} - {path['second']}"
