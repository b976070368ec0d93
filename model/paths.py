"""Paths through the graph from what a dialogue has named to items: of one edge, and of two.

Notable here:
- node vectors learn that an actor and a film belong together only where training asks for it often enough; a path needs
  one weight a relation, which all actors and films share, so it counts for those too that training hardly names;
- a node that leads to many items says little about each: a path counts 1 / log(1 + items that it leads to) of its
  weight (Adamic and Adar, Friends and neighbors on the Web, Social Networks 2003, section 3);
- what they add up to goes through asinh: scores are logarithms of odds, so twice as many paths double an item's odds
  instead of squaring them;
- paths of two edges go from an item through what is none, a person or a genre, and not through hubs.
"""

from __future__ import annotations

import polars as pl
import torch
from torch import Tensor, nn

from model.data import NONE
from model.graph import Graph, places_of

HUB = 100
"""A node that leads to more items than this is no way from one to another."""

TURNS = 8
"""Mentions of so many turns ago, and those before, count alike."""

# Adam moves a weight by about its learning rate a step, and these few have further to go than those of a vector.
_KIND_SCALE = 60.0
_TURN_SCALE = 20.0


class PathScores(nn.Module):
    """Adds up what the paths from the mentions to each item are worth."""

    def __init__(self, graph: Graph, items: Tensor) -> None:
        """Make the scores of a graph.

        Args:
            graph: whose edges are gone along from head to tail, inverse ones too.
            items: int64 [items], entity ids.
        """
        super().__init__()
        self.items = len(items)
        paths = paths_of(graph, items)
        starts = torch.searchsorted(paths["entity"].to_torch(), torch.arange(graph.entities + 1))
        self.register_buffer("starts", starts, persistent=False)
        self.register_buffer("item", paths["item"].to_torch(), persistent=False)
        self.register_buffer("kind", paths["kind"].to_torch(), persistent=False)
        self.register_buffer("strength", paths["strength"].to_torch().float(), persistent=False)
        self.starts: Tensor
        self.item: Tensor
        self.kind: Tensor
        self.strength: Tensor
        self.by_kind = nn.Parameter(torch.zeros(2 * graph.relations))
        self.by_turn = nn.Parameter(torch.zeros(2, TURNS))

    def forward(self, entity: Tensor, ago: Tensor, by_recommender: Tensor) -> Tensor:
        """Return the scores: asinh of what the paths to each item add up to.

        Args:
            entity: int64 [n, E], what was mentioned; NONE: nothing.
            ago: int64 [n, E], how many turns ago.
            by_recommender: bool [n], whether the recommender speaks next.

        Returns:
            float32 [n, items]; zeros where no path leads.
        """
        row, place = (entity != NONE).nonzero(as_tuple=True)
        path, begins = places_of(self.starts, entity[row, place])
        mention = torch.arange(len(row), device=row.device).repeat_interleave(begins.diff())
        turn = by_recommender[row] * TURNS + ago[row, place].clamp(max=TURNS - 1)
        recent = self.by_turn.flatten().index_select(0, turn).mul(_TURN_SCALE).exp()
        weights = self.by_kind.index_select(0, self.kind[path]) * recent.index_select(0, mention)
        worth = _KIND_SCALE * weights * self.strength[path]
        sums = worth.new_zeros(len(entity) * self.items)
        sums = sums.index_add(0, row[mention] * self.items + self.item[path], worth)
        return torch.asinh(sums).view(len(entity), self.items)


def paths_of(graph: Graph, items: Tensor) -> pl.DataFrame:
    """Return the paths from every entity to items.

    Args:
        graph: whose edges are gone along from head to tail.
        items: int64 [items], entity ids.

    Returns:
        entity, item (place in `items`), kind (the relation of a single edge; for two edges the number of relations plus
        that of the first), strength; one row an entity, item and kind, sorted by them. Strength is the sum over the
        nodes that lead to the item (for a single edge the entity itself) of 1 / log(1 + items they lead to).
    """
    is_item = pl.DataFrame({"tail": items.numpy(), "item": range(len(items))}, schema_overrides={"item": pl.Int64})
    edges = _edges(graph)
    to_items = edges.join(is_item, on="tail").select("head", "relation", "item")
    leads = to_items.group_by("head").agg(items=pl.col("item").n_unique())
    strength = 1 / (1 + pl.col("items")).log()
    single = to_items.join(leads, on="head").select(
        pl.col("head").alias("entity"), "item", pl.col("relation").alias("kind"), strength.alias("strength")
    )
    no_items = leads.rename({"head": "tail"}).join(is_item, on="tail", how="anti")
    between = no_items.filter(pl.col("items").is_between(2, HUB))
    onward = to_items.select(pl.col("head").alias("tail"), "item").unique().join(between, on="tail")
    double = (
        edges.join(is_item.rename({"tail": "head", "item": "own"}), on="head")
        .join(onward, on="tail")
        .filter(pl.col("own") != pl.col("item"))
        .group_by(pl.col("head").alias("entity"), "item", kind=pl.col("relation") + graph.relations)
        .agg(strength=strength.sum())
    )
    return pl.concat([single, double]).sort("entity", "item", "kind")


def _edges(graph: Graph) -> pl.DataFrame:
    """Return head, relation, tail of every edge; int64."""
    head = torch.arange(graph.entities).repeat_interleave(graph.pairs.diff())
    sizes = graph.edges.diff()
    columns = {"head": head.repeat_interleave(sizes), "relation": graph.relation.repeat_interleave(sizes)}
    return pl.DataFrame({name: column.numpy() for name, column in (columns | {"tail": graph.tail}).items()})
