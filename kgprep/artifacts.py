"""The bundle's tables: their schemas, and how they are written and read.

Notable here:
- one `Table` constant per table is the single source for schema, docs and validation;
- a table is written beside its place and renamed, so a reader never meets half a table;
- schema version, producer and column descriptions travel in the Parquet metadata;
- reading checks that metadata and names the command that rebuilds an outdated table.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import polars as pl

from kgprep import __version__
from kgprep.errors import KgprepError as KgprepError

SCHEMA_VERSION = 1
_ROW_GROUP = 20_000

ENTITY_KINDS = ("film", "series", "person", "genre", "organisation", "place", "work", "other")
ALIAS_SOURCES = ("label", "redirect", "title", "short_name", "foaf_name")
RESOLUTION_METHODS = ("imdb_id", "title_year", "title", "redirect", "gold", "isolated")
SPLITS = ("train", "valid", "test")
ROLES = ("seeker", "recommender")
MENTION_METHODS = ("gold", "link")
DESCRIPTION_SOURCES = ("abstract", "comment", "plot", "edges")
SENTENCE_SOURCES = ("review", "description", "edges")

KindEnum = pl.Enum(ENTITY_KINDS)
AliasSourceEnum = pl.Enum(ALIAS_SOURCES)
ResolutionMethodEnum = pl.Enum(RESOLUTION_METHODS)
SplitEnum = pl.Enum(SPLITS)
RoleEnum = pl.Enum(ROLES)
MentionMethodEnum = pl.Enum(MENTION_METHODS)
DescriptionSourceEnum = pl.Enum(DESCRIPTION_SOURCES)
SentenceSourceEnum = pl.Enum(SENTENCE_SOURCES)


@dataclass(frozen=True)
class Column:
    """One column of a table: `nullable` columns may hold nulls, all others never do."""

    name: str
    dtype: pl.DataType | type[pl.DataType]
    description: str
    nullable: bool = False


@dataclass(frozen=True)
class Reference:
    """Every non-null value of `columns` must stand in the columns `target_columns` of the table named `target`."""

    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """The public contract of one Parquet table; `name` is its path in the workspace without ``.parquet``."""

    name: str
    stage: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()

    @property
    def schema(self) -> pl.Schema:
        """Column names and polars types, in order."""
        return pl.Schema({column.name: column.dtype for column in self.columns})

    def path(self, workspace: Path) -> Path:
        """Where the table lies in `workspace`."""
        return workspace / f"{self.name}.parquet"


def _to_entity(column: str) -> Reference:
    return Reference((column,), "kg/entities", ("entity_id",))


_TO_UTTERANCE = Reference(("dialogue_id", "turn"), "dialogues/utterances", ("dialogue_id", "turn"))

ENTITIES = Table(
    "kg/entities",
    "build-kg",
    "The nodes of the graph: items and what is at most the given number of hops away; ids are dense and sorted by IRI.",
    (
        Column("entity_id", pl.Int32, "dense id from 0, in the order of the IRIs"),
        Column("iri", pl.String, "IRI in the source graph, or urn:kgprep:<data set>:<item id> for an isolated item"),
        Column("label", pl.String, "name in the data set's language, else in any language, else from the IRI"),
        Column("kind", KindEnum, "what sort of thing it is, from its types and qualifiers"),
        Column("types", pl.List(pl.String), "IRIs of rdf:type, sorted"),
        Column("year", pl.Int16, "year of first release, for works", nullable=True),
        Column("imdb_id", pl.String, "IMDb title id with its tt", nullable=True),
        Column("is_item", pl.Boolean, "whether it can be recommended"),
        Column("degree", pl.Int32, "number of edges at this entity, without inverses"),
    ),
    key=("entity_id",),
)
RELATIONS = Table(
    "kg/relations",
    "build-kg",
    "The kinds of edges; an inverse relation has a row of its own.",
    (
        Column("relation_id", pl.Int16, "dense id from 0: relations by IRI first, then their inverses"),
        Column("iri", pl.String, "IRI of the predicate; an inverse has that of its forward relation"),
        Column("name", pl.String, "local name of the predicate; an inverse ends in _inverse"),
        Column("inverse_of", pl.Int16, "the forward relation's id, for an inverse", nullable=True),
        Column("edges", pl.Int32, "number of edges of this relation"),
    ),
    key=("relation_id",),
)
EDGES = Table(
    "kg/edges",
    "build-kg",
    "Edges, inverse ones included; self-loops are never stored.",
    (
        Column("head", pl.Int32, "entity the edge leaves"),
        Column("relation", pl.Int16, "relation of the edge"),
        Column("tail", pl.Int32, "entity the edge enters"),
    ),
    key=("head", "relation", "tail"),
    references=(_to_entity("head"), _to_entity("tail"), Reference(("relation",), "kg/relations", ("relation_id",))),
)
ALIASES = Table(
    "kg/aliases",
    "build-kg",
    "Surface forms under which an entity is mentioned.",
    (
        Column("alias", pl.String, "the surface form, as written"),
        Column("entity_id", pl.Int32, "entity it names"),
        Column("source", AliasSourceEnum, "where the form comes from"),
        Column("prior", pl.Float32, "how likely the form means this entity before any context, in (0, 1]"),
    ),
    key=("alias", "entity_id"),
    references=(_to_entity("entity_id"),),
)
DESCRIPTIONS = Table(
    "kg/descriptions",
    "build-kg",
    "One text an entity and language: abstract, comment or plot, else a sentence made of its edges.",
    (
        Column("entity_id", pl.Int32, "entity described"),
        Column("lang", pl.String, "language tag of the text"),
        Column("text", pl.String, "the description"),
        Column("source", DescriptionSourceEnum, "abstract or comment of the graph, plot of the data set, or its edges"),
    ),
    key=("entity_id", "lang"),
    references=(_to_entity("entity_id"),),
)
ITEMS = Table(
    "dialogues/items",
    "build-kg",
    "The data set's items and the entity each was resolved to; several items may share one entity.",
    (
        Column("item_id", pl.String, "the data set's own id"),
        Column("name", pl.String, "title without the year"),
        Column("year", pl.Int16, "year of release", nullable=True),
        Column("imdb_id", pl.String, "IMDb title id with its tt", nullable=True),
        Column("entity_id", pl.Int32, "entity it was resolved to"),
        Column("method", ResolutionMethodEnum, "how it was resolved; isolated items are known to no source"),
        Column("score", pl.Float32, "confidence of the resolution, in [0, 1]; 0 for isolated"),
    ),
    key=("item_id",),
    references=(_to_entity("entity_id"),),
)
UTTERANCES = Table(
    "dialogues/utterances",
    "build-kg",
    "What was said, one message a row, in order.",
    (
        Column("split", SplitEnum, "part of the data set; a dialogue lies in one only"),
        Column("dialogue_id", pl.String, "the data set's own id"),
        Column("turn", pl.Int16, "position in the dialogue, from 0"),
        Column("role", RoleEnum, "who speaks"),
        Column("text", pl.String, "the message; items stand in it as the data set wrote them (@id, a title)"),
    ),
    key=("dialogue_id", "turn"),
)
MENTIONS = Table(
    "dialogues/mentions",
    "build-kg",
    "Spans of utterances that name an entity: gold ones written by build-kg, linked ones added by align-reviews.",
    (
        Column("dialogue_id", pl.String, "dialogue of the utterance"),
        Column("turn", pl.Int16, "turn of the utterance"),
        Column("start", pl.Int32, "first character, from 0"),
        Column("end", pl.Int32, "one past the last character"),
        Column("word", pl.String, "text[start:end]"),
        Column("entity_id", pl.Int32, "entity named"),
        Column("method", MentionMethodEnum, "gold: annotated in the data set; link: found by the linker"),
        Column("score", pl.Float32, "confidence in [0, 1]; 1 for gold"),
    ),
    key=("dialogue_id", "turn", "start", "end"),
    references=(_to_entity("entity_id"), _TO_UTTERANCE),
)
FEEDBACK = Table(
    "dialogues/feedback",
    "build-kg",
    "What the seeker said of an item in the data set's form, where it has one.",
    (
        Column("dialogue_id", pl.String, "dialogue"),
        Column("item_id", pl.String, "item"),
        Column("suggested", pl.Int8, "1: the recommender suggested it, 0: the seeker mentioned it", nullable=True),
        Column("seen", pl.Int8, "1: seen, 0: not seen, 2: not said", nullable=True),
        Column("liked", pl.Int8, "1: liked, 0: not liked, 2: not said", nullable=True),
    ),
    key=("dialogue_id", "item_id"),
    references=(Reference(("item_id",), "dialogues/items", ("item_id",)),),
)
REVIEWS = Table(
    "reviews/reviews",
    "align-reviews",
    "Reviews attached to an entity; no author is kept.",
    (
        Column("review_id", pl.String, "<source>:<hash of film and text>"),
        Column("source", pl.String, "name of the corpus or site"),
        Column("entity_id", pl.Int32, "entity reviewed"),
        Column("lang", pl.String, "language tag of the text"),
        Column("title", pl.String, "headline", nullable=True),
        Column("rating", pl.Float32, "rating brought to [0, 1]", nullable=True),
        Column("helpful", pl.Float32, "share or number of helpful votes brought to [0, 1]", nullable=True),
        Column("date", pl.Date, "day of publication", nullable=True),
        Column("url", pl.String, "permalink", nullable=True),
        Column("text", pl.String, "the review, without mark-up"),
    ),
    key=("review_id",),
    references=(_to_entity("entity_id"),),
)
SENTENCES = Table(
    "reviews/sentences",
    "align-reviews",
    "Sentences of reviews and of descriptions, scored by how much they say about their entity; the best one first, then"
    " those that score high and are unlike the ones before.",
    (
        Column("sentence_id", pl.Int64, "dense id from 0"),
        Column("source", SentenceSourceEnum, "a review, a description, or words put together from the entity's edges"),
        Column("review_id", pl.String, "review it stands in; null where the source is no review", nullable=True),
        Column("entity_id", pl.Int32, "entity it speaks of"),
        Column("position", pl.Int16, "position in the review or description, from 0"),
        Column("text", pl.String, "the sentence"),
        Column("score", pl.Float32, "fitness as the entity's sentence, in [0, 1]"),
    ),
    key=("sentence_id",),
    references=(_to_entity("entity_id"), Reference(("review_id",), "reviews/reviews", ("review_id",))),
)
SENTENCE_MENTIONS = Table(
    "reviews/mentions",
    "align-reviews",
    "Spans of sentences that name an entity.",
    (
        Column("sentence_id", pl.Int64, "sentence"),
        Column("start", pl.Int32, "first character, from 0"),
        Column("end", pl.Int32, "one past the last character"),
        Column("word", pl.String, "text[start:end]"),
        Column("entity_id", pl.Int32, "entity named"),
        Column("score", pl.Float32, "confidence in [0, 1]"),
    ),
    key=("sentence_id", "start", "end"),
    references=(_to_entity("entity_id"), Reference(("sentence_id",), "reviews/sentences", ("sentence_id",))),
)
TRIPLES = Table(
    "triples/triples",
    "align-reviews",
    "Word-entity-sentence triples: a mention in a dialogue, its entity, and the entity's best sentence.",
    (
        Column("split", SplitEnum, "part of the data set the dialogue lies in"),
        Column("dialogue_id", pl.String, "dialogue of the mention"),
        Column("turn", pl.Int16, "turn of the mention"),
        Column("start", pl.Int32, "first character of the word, from 0"),
        Column("end", pl.Int32, "one past the last character of the word"),
        Column("word", pl.String, "the words that name the entity"),
        Column("entity_id", pl.Int32, "entity named"),
        Column("sentence_id", pl.Int64, "sentence chosen for the entity"),
        Column("sentence", pl.String, "its text"),
        Column("score", pl.Float32, "the mention's score times the sentence's"),
    ),
    key=("dialogue_id", "turn", "start", "end"),
    references=(
        _to_entity("entity_id"),
        _TO_UTTERANCE,
        Reference(("sentence_id",), "reviews/sentences", ("sentence_id",)),
    ),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        ENTITIES,
        RELATIONS,
        EDGES,
        ALIASES,
        DESCRIPTIONS,
        ITEMS,
        UTTERANCES,
        MENTIONS,
        FEEDBACK,
        REVIEWS,
        SENTENCES,
        SENTENCE_MENTIONS,
        TRIPLES,
    )
}


def conform(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """Bring `frame` to the columns, order and types of `table`.

    Raises:
        ValueError: a column is missing, or a non-nullable one holds nulls; that is a defect of the stage.
    """
    missing = [column.name for column in table.columns if column.name not in frame.columns]
    if missing:
        raise ValueError(f"{table.name}: the frame lacks {', '.join(missing)}")
    conformed = frame.select(pl.col(column.name).cast(column.dtype) for column in table.columns)
    for column in table.columns:
        if not column.nullable and conformed[column.name].null_count():
            raise ValueError(f"{table.name}: {column.name} holds nulls")
    return conformed


@contextmanager
def write_beside(path: Path) -> Iterator[Path]:
    """Yield a path to write to, renamed to `path` when the block ends well and removed when it does not.

    Raises:
        KgprepError: the disk is full, or `path` is a folder or cannot be written.
    """
    with _renamed(path, ".partial") as partial:
        yield partial


@contextmanager
def write_among_others(path: Path) -> Iterator[Path]:
    """Yield a path that nobody else writes to, else as `write_beside`; of several that write `path` the last one stays.

    Raises:
        KgprepError: the disk is full, or `path` is a folder or cannot be written.
    """
    with _renamed(path, f".{uuid4().hex}.partial") as partial:
        yield partial


@contextmanager
def _renamed(path: Path, ending: str) -> Iterator[Path]:
    # A path such as "." has no name to lengthen.
    if path.is_dir():
        raise KgprepError(f"cannot write {path}: it is a folder, give the name of a file")
    partial = path.with_name(path.name + ending)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        partial.replace(path)
    except (OSError, pl.exceptions.ComputeError) as error:
        raise not_written(path, error) from error
    finally:
        with suppress(FileNotFoundError, NotADirectoryError):
            partial.unlink()


def not_written(path: Path, error: Exception) -> KgprepError:
    """Return the sentence for a place that takes no more, with the system's own words."""
    # polars wraps an OSError's text in several layers of its own.
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    reason = text.rpartition("error: ")[2].strip()
    return KgprepError(f"cannot write {path} ({reason}): free some space or choose another place")


def write_parquet(table: Table, frame: pl.DataFrame, path: Path) -> None:
    """Write `frame` to `path` as `table`, with the schema's description in the Parquet metadata."""
    # The chunks of a frame follow the number of threads and would show in the bytes.
    conform(table, frame).rechunk().write_parquet(path, compression="zstd", metadata=_metadata(table))


def write_parquet_parts(table: Table, frames: Iterable[pl.DataFrame], path: Path) -> int:
    """Write frames one after the other to `path` as one `table` in the memory of one frame; returns the rows."""
    with TemporaryDirectory(prefix=f"{path.name}.", dir=path.parent) as folder:
        parts = [Path(folder) / "000000.parquet"]
        pl.DataFrame(schema=table.schema).write_parquet(parts[0])
        rows = 0
        for number, frame in enumerate(frames, start=1):
            parts.append(Path(folder) / f"{number:06}.parquet")
            conform(table, frame).write_parquet(parts[-1], compression="uncompressed", statistics=False)
            rows += frame.height
        # A fixed size of row groups, so that the bytes do not follow the number of threads.
        pl.scan_parquet(parts, glob=False).sink_parquet(
            path, compression="zstd", row_group_size=_ROW_GROUP, metadata=_metadata(table), maintain_order=True
        )
    return rows


def _metadata(table: Table) -> dict[str, str]:
    return {
        "kgprep.table": table.name,
        "kgprep.schema_version": str(SCHEMA_VERSION),
        "kgprep.producer": f"kgprep {__version__}",
        "kgprep.columns": json.dumps({column.name: column.description for column in table.columns}),
    }


def check_schema(table: Table, path: Path) -> None:
    """Raise a `KgprepError` unless the file at `path` is `table` at the present schema version."""
    if not path.exists():
        raise KgprepError(f"{path} does not exist: {_how_to_make(table, path)}")
    try:
        metadata = pl.read_parquet_metadata(path)
        schema = pl.scan_parquet(path, glob=False).collect_schema()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise KgprepError(f"{path} is not a readable Parquet file: run kgprep {table.stage} again") from error
    version = metadata.get("kgprep.schema_version")
    if version != str(SCHEMA_VERSION):
        raise KgprepError(
            f"{path} has schema version {version or 'none'}, this kgprep reads {SCHEMA_VERSION}: "
            f"run kgprep {table.stage} again"
        )
    if dict(schema) != dict(table.schema):
        wrong = sorted({name for name, _ in set(schema.items()) ^ set(table.schema.items())})
        raise KgprepError(f"{path} differs from its schema in {', '.join(wrong)}: run kgprep {table.stage} again")


def _how_to_make(table: Table, path: Path) -> str:
    workspace = path.parents[1]
    is_graph_alone = ENTITIES.path(workspace).exists() and not UTTERANCES.path(workspace).exists()
    if is_graph_alone and table in (UTTERANCES, MENTIONS, FEEDBACK):
        return "a graph of items alone has no dialogues, run kgprep build-kg with --dialogues"
    return f"run kgprep {table.stage} on this workspace first"


def scan_table(workspace: Path, table: Table) -> pl.LazyFrame:
    """Open one table of the bundle lazily; damage inside it shows only when `collect_table` reads it.

    Raises:
        KgprepError: the table is absent, unreadable or of another schema version.
    """
    path = table.path(workspace)
    check_schema(table, path)
    return pl.scan_parquet(path, glob=False)


def read_table(workspace: Path, table: Table) -> pl.DataFrame:
    """Read one table of the bundle; errors as in `scan_table` and `collect_table`."""
    return collect_table(workspace, table, scan_table(workspace, table))


def collect_table(workspace: Path, table: Table, frame: pl.LazyFrame) -> pl.DataFrame:
    """Read what `frame` asks of one table that `scan_table` opened.

    Raises:
        KgprepError: the table's pages are damaged.
    """
    try:
        return frame.collect()
    except pl.exceptions.ComputeError as error:
        raise KgprepError(f"{table.path(workspace)} is damaged: run kgprep {table.stage} again") from error
