"""A dialogue set in our own terms, whatever form it came in.

Notable here:
- every loader ends in `assemble`, so splits, titles and counts are the same for all forms;
- a mention or answer about an item that nothing names is counted, not kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from kgprep.artifacts import FEEDBACK, SPLITS, UTTERANCES, conform
from kgprep.counts import Count
from kgprep.dialogues.items import read_item_attributes
from kgprep.dialogues.lines import Skips
from kgprep.dialogues.rows import DialogueRows
from kgprep.dialogues.splits import SplitPlan, assign_splits
from kgprep.dialogues.titles import split_titles, vote_titles
from kgprep.errors import KgprepError
from kgprep.kg.names import label_from_iri


@dataclass(frozen=True)
class DialogueSet:
    """Dialogues, the items they speak of, and what was left out on the way.

    Args:
        name: of the form, such as "redial"; part of an isolated item's IRI.
        language: tag of the language spoken, such as "en".
        items: item_id · name (without year) · year i16? · imdb_id? · iri?, sorted by item_id.
        utterances: as `artifacts.UTTERANCES`, sorted by dialogue_id and turn.
        item_mentions: dialogue_id · turn i16 · start i32 · end i32 · word · item_id, sorted; word is text[start:end].
        feedback: as `artifacts.FEEDBACK`, sorted by dialogue_id and item_id.
        descriptions: item_id · lang · text, where the set has plots.
        counts: of every filter and skip.
        notes: the first few skipped places.
        sources: the files that were read.
    """

    name: str
    language: str
    items: pl.DataFrame
    utterances: pl.DataFrame
    item_mentions: pl.DataFrame
    feedback: pl.DataFrame
    descriptions: pl.DataFrame
    counts: tuple[Count, ...]
    notes: tuple[str, ...]
    sources: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Origin:
    """Where a set comes from: the form's name, the language, the files read, and the side file of items among them."""

    name: str
    language: str
    sources: tuple[Path, ...]
    films: Path | None = None


def assemble(origin: Origin, rows: DialogueRows, plan: SplitPlan) -> DialogueSet:
    """Make the set from what a loader read.

    Args:
        origin: name, language and files; the side file of items is read here.
        rows: what the loader collected.
        plan: how to divide the dialogues.

    Raises:
        KgprepError: there is no dialogue at all, or none is left by the plan, or the side file cannot be used.
    """
    dialogues = rows.dialogues
    if dialogues.is_empty():
        raise _nothing_usable(origin, rows.skips)
    splits = assign_splits(dialogues, rows.utterances, plan)
    if splits.is_empty():
        raise KgprepError(f"no dialogue of {origin.sources[0]} is in the lists of the split file: check its ids")
    attributes = _attributes(origin, rows)
    named = rows.titles
    items = _items(split_titles(named), attributes)
    in_split = splits.select("dialogue_id")
    mentions = rows.mentions.join(in_split, on="dialogue_id", how="semi")
    answers = rows.answers.join(in_split, on="dialogue_id", how="semi")
    known_mentions = mentions.join(items, on="item_id", how="semi").sort("dialogue_id", "turn", "start", "end")
    known_answers = answers.join(items, on="item_id", how="semi").sort("dialogue_id", "item_id")
    utterances = rows.utterances.join(splits, on="dialogue_id").sort("dialogue_id", "turn")
    counts = (
        Count("dialogues with usable messages", dialogues.height, dialogues.height + rows.skips.total),
        *_split_counts(dialogues, splits, plan),
        Count("utterances", utterances.height, rows.utterances.height),
        *_item_counts(origin, items, named, attributes),
        Count("mentions of a known item", known_mentions.height, mentions.height),
        Count("answers about a known item", known_answers.height, answers.height),
    )
    return DialogueSet(
        name=origin.name,
        language=origin.language,
        items=items,
        utterances=conform(UTTERANCES, utterances),
        item_mentions=known_mentions,
        feedback=conform(FEEDBACK, known_answers),
        descriptions=_descriptions(attributes, origin.language),
        counts=(*counts, *rows.skips.counts, *rows.lesser_skips.counts),
        notes=(*rows.skips.notes, *rows.lesser_skips.notes),
        sources=(*origin.sources, *([origin.films] if origin.films else [])),
    )


def _nothing_usable(origin: Origin, skips: Skips) -> KgprepError:
    files = ", ".join(str(path) for path in origin.sources)
    first = f" ({skips.notes[0]})" if skips.notes else ""
    return KgprepError(f"{files} holds no usable dialogue{first}: check that it is in the {origin.name} form")


def _attributes(origin: Origin, rows: DialogueRows) -> pl.DataFrame:
    """Unite the side file's attributes with those in the dialogues; the side file's come first."""
    of_dialogues = rows.attributes
    of_file = read_item_attributes(origin.films, rows.lesser_skips) if origin.films else of_dialogues.clear()
    first_known = pl.all().drop_nulls().first()
    return pl.concat([of_file, of_dialogues]).group_by("item_id", maintain_order=True).agg(first_known).sort("item_id")


def _items(titles: pl.DataFrame, attributes: pl.DataFrame) -> pl.DataFrame:
    """Join what the dialogues call the items with what the side file knows of them."""
    votes = pl.concat([titles.select("item_id", "name", "year"), attributes.select("item_id", "name", "year")])
    known = attributes.select("item_id", "imdb_id", "iri", known_year="year")
    return (
        vote_titles(votes)
        .join(known, on="item_id", how="left")
        .select("item_id", "name", pl.coalesce("year", "known_year").alias("year"), "imdb_id", "iri")
        .sort("item_id")
    )


def _descriptions(attributes: pl.DataFrame, language: str) -> pl.DataFrame:
    return attributes.drop_nulls("plot").select("item_id", lang=pl.lit(language), text="plot").sort("item_id")


def _split_counts(dialogues: pl.DataFrame, splits: pl.DataFrame, plan: SplitPlan) -> list[Count]:
    drawable = dialogues.filter("drawable").height
    counts = []
    if drawable < dialogues.height:
        counts.append(Count("dialogues that may be drawn for valid or test", drawable, dialogues.height))
    if plan.listed_ids:
        listed = splits.filter(pl.col("dialogue_id").is_in(sorted(plan.listed_ids))).height
        counts.append(Count("ids of the split file that the set holds", listed, len(plan.listed_ids)))
    counts.append(Count("dialogues in a split", splits.height, dialogues.height))
    per_split = dict(splits.group_by("split").len().iter_rows())
    return [*counts, *(Count(f"dialogues in {name}", per_split.get(name, 0), splits.height) for name in SPLITS)]


def _item_counts(origin: Origin, items: pl.DataFrame, named: pl.DataFrame, attributes: pl.DataFrame) -> list[Count]:
    """Count the items that a dialogue names, those of the side file, and those that nothing gives a name."""
    mentioned = named.select("item_id").unique()
    nameless = pl.concat([mentioned, attributes.select("item_id")]).unique().join(items, on="item_id", how="anti")
    in_dialogues = items.join(mentioned, on="item_id", how="semi").height
    counts = [
        Count("items with a name", items.height, items.height + nameless.height),
        Count("items that a dialogue names", in_dialogues, items.height),
    ]
    if origin.films:
        counts.append(Count(f"items in the side file {origin.films.name} or described in dialogues", attributes.height))
    return counts


def items_only(name: str, path: Path) -> DialogueSet:
    """Make a set that has the items of a table and no dialogues.

    An item without a name is called by the last part of its IRI, else by its IMDb id, else by its own id.

    Args:
        name: of the set.
        path: as in `read_item_attributes`, whose errors it raises.
    """
    skips, cell_skips = Skips(), Skips()
    attributes = read_item_attributes(path, skips, cell_skips)
    # "https://dbpedia.org/page/Heat_%281995_film%29" and "dbr:Heat_(1995_film)" -> "Heat"
    local_name = label_from_iri(attributes["iri"].str.replace(r"^dbr:|^.*/page/", "")).str.replace(r" \([^()]*\)$", "")
    items = attributes.select(
        "item_id", pl.coalesce("name", local_name, "imdb_id", "item_id").alias("name"), "year", "imdb_id", "iri"
    )
    empty = DialogueRows()
    return DialogueSet(
        name=name,
        language="en",
        items=items,
        utterances=pl.DataFrame(schema=UTTERANCES.schema),
        item_mentions=empty.mentions,
        feedback=empty.answers,
        descriptions=_descriptions(attributes, "en"),
        counts=(Count("items", items.height, items.height + skips.total), *skips.counts, *cell_skips.counts),
        notes=(*skips.notes, *cell_skips.notes),
        sources=(path,),
    )
