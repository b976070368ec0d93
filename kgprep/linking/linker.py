"""The entity linker: texts in, a frame of links out.

Notable here:
- find all forms, keep what is a name, weigh the candidates, keep the longest of what overlaps: four steps over frames;
- a link's score is the chance that the form is a name, times the square root of the chosen entity's share among the
  entities of that name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from kgprep.artifacts import ALIASES, EDGES, ENTITIES, read_table
from kgprep.linking.disambiguate import add_play, weight
from kgprep.linking.folding import spellings
from kgprep.linking.gazetteer import Gazetteer
from kgprep.linking.genres import genre_forms
from kgprep.linking.surface import NO_NAME, describe_surface, surface_score

THRESHOLD = 0.3

CONTEXT = pl.Schema({"text": pl.UInt32, "entity_id": pl.Int32})
LINKS = pl.Schema(
    {
        "text": pl.UInt32,
        "start": pl.Int32,
        "end": pl.Int32,
        "word": pl.String,
        "entity_id": pl.Int32,
        "iri": pl.String,
        "label": pl.String,
        "score": pl.Float32,
    }
)


@dataclass(frozen=True)
class EntityLinker:
    """Links words to entities by name; make one with `from_bundle` or `from_tables`."""

    entities: pl.DataFrame
    edges: pl.DataFrame
    candidates: pl.DataFrame
    gazetteer: Gazetteer
    threshold: float

    @classmethod
    def from_bundle(cls, workspace: Path, threshold: float = THRESHOLD) -> EntityLinker:
        """Make a linker of the graph in `workspace`.

        Args:
            workspace: folder of a bundle that build-kg has made.
            threshold: links of a lower score are left out, in [0, 1].

        Raises:
            KgprepError: the bundle has no graph.
        """
        entities, aliases, edges = (read_table(workspace, table) for table in (ENTITIES, ALIASES, EDGES))
        return cls.from_tables(entities, aliases, edges, threshold)

    @classmethod
    def from_tables(
        cls, entities: pl.DataFrame, aliases: pl.DataFrame, edges: pl.DataFrame, threshold: float = THRESHOLD
    ) -> EntityLinker:
        """Make a linker of the tables kg/entities, kg/aliases and kg/edges."""
        candidates = _candidates(entities, aliases)
        gazetteer = Gazetteer.from_aliases(candidates["form"])
        known = entities.select("entity_id", "iri", "label", "kind", pl.col("year").alias("entity_year"))
        return cls(known, edges.select("head", "tail").unique(), candidates, gazetteer, threshold)

    def link(self, texts: Sequence[str] | pl.Series, context: pl.DataFrame | None = None) -> pl.DataFrame:
        """Link the words of `texts`.

        Args:
            texts: n texts.
            context: text u32 (row number of a text), entity_id i32: entities that are already spoken of there.

        Returns:
            text u32, start i32, end i32 (character offsets), word, entity_id i32, iri, label, score f32 in [0, 1];
            sorted by text and start; spans do not overlap.
        """
        series = pl.Series("text", texts, dtype=pl.String)
        matches = describe_surface(self.gazetteer.find(series), series)
        known = self.entities.with_columns(pl.col("kind").cast(pl.String))
        candidates = matches.join(self.candidates, on="form").join(known, on="entity_id")
        spoken_of = (pl.DataFrame(schema=CONTEXT) if context is None else context).cast(CONTEXT)
        weighed = (
            add_play(candidates, spoken_of, self.edges)
            .with_columns(surface=surface_score(), weight=weight())
            .filter(pl.col("surface") > NO_NAME)
        )
        span = ["text", "start", "end"]
        scored = weighed.with_columns(
            score=pl.col("surface") * (pl.col("weight") / pl.col("weight").sum().over(span)).sqrt()
        )
        chosen = scored.sort([*span, "weight", "entity_id"], descending=[False] * 3 + [True, False]).unique(
            span, keep="first", maintain_order=True
        )
        sure = chosen.filter(pl.col("score") >= self.threshold)
        return _without_overlaps(sure).select(LINKS.names()).cast(LINKS).sort("text", "start")


def _candidates(entities: pl.DataFrame, aliases: pl.DataFrame) -> pl.DataFrame:
    """Return which entities each form may mean: form str (folded), entity_id, prior, and what sort of form it is."""
    named = _folded(aliases).select(
        "form",
        "entity_id",
        "prior",
        is_short_name=pl.col("source").cast(pl.String) == "short_name",
        genre_form=False,
        needs_head_noun=False,
    )
    spoken = genre_forms(entities).select(
        "form",
        "entity_id",
        pl.lit(1.0, pl.Float32).alias("prior"),
        pl.lit(False).alias("is_short_name"),
        pl.lit(True).alias("genre_form"),
        "needs_head_noun",
    )
    best_first = ["form", "entity_id", "genre_form", "is_short_name", "prior"]
    return (
        pl.concat([named, spoken])
        .sort(best_first, descending=[False, False, True, False, True])
        .unique(["form", "entity_id"], keep="first", maintain_order=True)
    )


def _folded(aliases: pl.DataFrame) -> pl.DataFrame:
    """Give each alias its forms, a row each; only aliases beyond ASCII have several and need looking at one by one."""
    beyond_ascii = aliases["alias"].str.contains(r"[^\x00-\x7F]")
    plain = aliases.filter(~beyond_ascii).with_columns(form=pl.col("alias").str.to_lowercase())
    other = aliases.filter(beyond_ascii)
    forms = pl.Series("form", [spellings(alias) for alias in other["alias"]], dtype=pl.List(pl.String))
    return pl.concat([plain, other.with_columns(forms).explode("form")])


def _without_overlaps(links: pl.DataFrame) -> pl.DataFrame:
    """Keep the longest of nested spans, and of spans that cross the first."""
    ordered = links.sort("text", "start", "end", descending=[False, False, True])
    reach = pl.col("end").cum_max().shift(1).over("text")
    kept = ordered.filter((pl.col("end") > reach).fill_null(True))
    while True:
        crosses = (pl.col("start") < pl.col("end").shift(1).over("text")).fill_null(False)
        # Only a span whose predecessor stands is dropped, so that of three in a chain the first and third remain.
        flagged = kept.with_columns(_crosses=crosses)
        dropped = pl.col("_crosses") & ~pl.col("_crosses").shift(1).over("text").fill_null(False)
        remaining = flagged.filter(~dropped).drop("_crosses")
        if remaining.height == kept.height:
            return kept
        kept = remaining
