"""The entity linker: texts in, a frame of links out.

Notable here:
- find all forms, keep what is a name, weigh the candidates, keep the longest of what overlaps: four steps over frames;
- a link's score is the chance that the form is a name, times the chosen entity's share among the entities of that name;
- links are chosen twice: what is sure the first time is in play the second time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from kgprep.artifacts import ALIASES, EDGES, ENTITIES, MENTIONS, UTTERANCES, read_table
from kgprep.commit import finish_commit
from kgprep.linking.disambiguate import PLAY, add_play, both_ways, weight
from kgprep.linking.evidence import NO_NAME, name_score
from kgprep.linking.folding import as_texts
from kgprep.linking.forms import FormTables, form_tables
from kgprep.linking.gazetteer import Gazetteer
from kgprep.linking.misspelt import find_misspelt
from kgprep.linking.saved import fingerprint, load_tables, save_tables
from kgprep.linking.surface import add_genre_company, describe_surface, found_words

THRESHOLD = 0.4
SURE = 0.6
"""The score from which a link is in play for the words around it."""

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
_SPAN = ("text", "start", "end")


@dataclass(frozen=True)
class EntityLinker:
    """Links words to entities by name; make one with `from_bundle` or `from_tables`."""

    entities: pl.DataFrame
    neighbours: pl.DataFrame
    tables: FormTables
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
        finish_commit(workspace)
        entities, edges = read_table(workspace, ENTITIES), read_table(workspace, EDGES)
        made_of = fingerprint(workspace)
        made = load_tables(workspace, made_of)
        if made is None:
            tables = form_tables(entities, read_table(workspace, ALIASES))
            made = tables, Gazetteer.from_forms(tables.forms["form"])
            save_tables(workspace, made_of, *made)
        return cls._of(entities, edges, *made, threshold, _said_in_training(workspace))

    @classmethod
    def from_tables(
        cls,
        entities: pl.DataFrame,
        aliases: pl.DataFrame,
        edges: pl.DataFrame,
        threshold: float = THRESHOLD,
        said: pl.DataFrame | None = None,
    ) -> EntityLinker:
        """Make a linker of the tables kg/entities, kg/aliases and kg/edges.

        Args:
            said: entity_id i32, said u32: how often people speak of an entity, where that is known.
        """
        tables = form_tables(entities, aliases)
        return cls._of(entities, edges, tables, Gazetteer.from_forms(tables.forms["form"]), threshold, said)

    @classmethod
    def _of(
        cls,
        entities: pl.DataFrame,
        edges: pl.DataFrame,
        tables: FormTables,
        gazetteer: Gazetteer,
        threshold: float,
        said: pl.DataFrame | None,
    ) -> EntityLinker:
        known = entities.select(
            "entity_id", "iri", "label", pl.col("kind").cast(pl.String), "degree", pl.col("year").alias("entity_year")
        )
        if said is None:
            known = known.with_columns(said=pl.lit(None, pl.UInt32))
        else:
            known = known.join(said, on="entity_id", how="left", maintain_order="left").with_columns(
                pl.col("said").fill_null(0)
            )
        return cls(known, both_ways(edges), tables, gazetteer, threshold)

    def link(
        self, texts: Sequence[str] | pl.Series, context: pl.DataFrame | None = None, titles: float = 0.0
    ) -> pl.DataFrame:
        """Link the words of `texts`.

        Args:
            texts: n texts.
            context: text u32 (row number of a text), entity_id i32 and, if some say less than others, weight f32 in
                (0, 1]: entities that are already spoken of there.
            titles: as of `choose`.

        Returns:
            text u32, start i32, end i32 (character offsets), word, entity_id i32, iri, label, score f32 in [0, 1];
            sorted by text and start; spans do not overlap.
        """
        candidates = self.candidates(texts)
        said = as_play(context)
        first = self.choose(candidates, said, titles)
        return self.choose(candidates, pl.concat([said, sure_play(first)]), titles)

    def link_one(self, text: str, spoken_of: Sequence[int] = ()) -> pl.DataFrame:
        """Link the words of one text of a conversation in which some entities were spoken of: rows as of `link`."""
        entities = pl.Series("entity_id", spoken_of, dtype=pl.Int32)
        context = entities.to_frame().select(pl.lit(0, pl.UInt32).alias("text"), "entity_id")
        return self.link([text], context)

    def candidates(self, texts: Sequence[str] | pl.Series) -> pl.DataFrame:
        """Find all that may be named in `texts`: a row for each form found and entity that it may mean."""
        series = as_texts(texts)
        exact = self.gazetteer.find(series).with_columns(misspelt=False)
        misspelt = find_misspelt(series, self.gazetteer, self.tables.shortened).with_columns(misspelt=True)
        words = found_words(pl.concat([exact, misspelt]), series, self.tables.forms)
        described = add_genre_company(describe_surface(words, series), series)
        candidates = described.join(self.tables.candidates, on="form").join(self.entities, on="entity_id")
        return _with_signs(candidates, series)

    def choose(self, candidates: pl.DataFrame, play: pl.DataFrame, titles: float = 0.0) -> pl.DataFrame:
        """Choose the links among what `candidates` found.

        Args:
            candidates: what `candidates` returned.
            play: `kgprep.linking.disambiguate.PLAY`, what is spoken of in each text.
            titles: log odds added to the evidence for works, such as `kgprep.linking.evidence.UNMARKED_TITLES`.

        Returns:
            As of `link`.
        """
        named = (
            add_play(candidates, play, self.neighbours)
            .with_columns(name=name_score(titles), weight=weight())
            .filter(pl.col("name") > NO_NAME)
        )
        scored = named.with_columns(score=pl.col("name") * pl.col("weight") / pl.col("weight").sum().over(_SPAN))
        chosen = scored.sort([*_SPAN, "score", "entity_id"], descending=[False] * 3 + [True, False]).unique(
            _SPAN, keep="first", maintain_order=True
        )
        whole = chosen.with_columns(start="whole_start", end="whole_end", word="whole_word")
        sure = whole.filter(pl.col("score") >= self.threshold)
        return _without_overlaps(sure).select(LINKS.names()).cast(LINKS).sort("text", "start")


def _said_in_training(workspace: Path) -> pl.DataFrame | None:
    """Count the gold mentions in the training dialogues of a bundle, if it has dialogues."""
    if not all(table.path(workspace).exists() for table in (MENTIONS, UTTERANCES)):
        return None
    train = read_table(workspace, UTTERANCES).filter(pl.col("split") == "train").select("dialogue_id", "turn")
    gold = read_table(workspace, MENTIONS).filter(pl.col("method") == "gold")
    return gold.join(train, on=["dialogue_id", "turn"], how="semi")["entity_id"].value_counts(name="said")


def as_play(context: pl.DataFrame | None) -> pl.DataFrame:
    """Bring what is spoken of before each text to `PLAY`."""
    if context is None:
        return pl.DataFrame(schema=PLAY)
    weight = pl.col("weight") if "weight" in context.columns else pl.lit(1.0)
    return context.select("text", "entity_id", weight.alias("weight"), pl.lit(-1).alias("start")).cast(PLAY)


def sure_play(links: pl.DataFrame) -> pl.DataFrame:
    """Return what sure links bring into play in their own texts (`PLAY`)."""
    sure = links.filter(pl.col("score") >= SURE)
    return sure.select("text", "entity_id", pl.lit(1.0).alias("weight"), "start").cast(PLAY)


def _with_signs(candidates: pl.DataFrame, texts: pl.Series) -> pl.DataFrame:
    """Add where a name ends with the signs of its alias, such as the mark of "Airplane!", where they are there."""
    whole = texts.gather(candidates["text"])
    before, after = candidates["lead"].str.len_chars(), candidates["tail"].str.len_chars()
    begin = (candidates["start"] - before.cast(pl.Int32)).clip(0)
    leads = whole.str.slice(begin, candidates["start"] - begin) == candidates["lead"]
    tails = whole.str.slice(candidates["end"], after) == candidates["tail"]
    start = begin.zip_with(leads, candidates["start"])
    end = (candidates["end"] + after.cast(pl.Int32)).zip_with(tails, candidates["end"])
    return candidates.with_columns(
        whole_start=start, whole_end=end, whole_word=whole.str.slice(start, (end - start).cast(pl.UInt32))
    )


def _without_overlaps(links: pl.DataFrame) -> pl.DataFrame:
    """Keep of links that overlap the longest, of equally long ones the surest, then the first."""
    kept = [links.clear()]
    while not links.is_empty():
        ordered = links.sort("text", "start", "end")
        reach = pl.col("end").cum_max().shift(1).over("text")
        grouped = ordered.with_columns(_group=(pl.col("start") >= reach).fill_null(True).cum_sum())
        length = pl.col("end") - pl.col("start")
        best = grouped.sort("_group", -length, -pl.col("score"), "start").unique(
            "_group", keep="first", maintain_order=True
        )
        kept.append(best.drop("_group"))
        spans = best.select("_group", best_start="start", best_end="end")
        apart = (pl.col("start") >= pl.col("best_end")) | (pl.col("end") <= pl.col("best_start"))
        links = grouped.join(spans, on="_group").filter(apart).select(links.columns)
    return pl.concat(kept)
