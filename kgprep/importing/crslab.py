"""CRSLab's archive of ReDial, and C2-CRS's, which is the same with review sentences beside it.

Notable here:
- texts are the archive's tokens with spaces between them; the original spacing is lost;
- an item is the token it is named by (@111776); which entity it is, C2-CRS's file of item ids tells, else an utterance
  that has as many such tokens as movies, by the order, and most of them decide;
- an entity whose name is a number is an isolated item, a film that the archive's makers found in no graph, and its
  token has that number; any other token stays a word, since texts hold handles and addresses too;
- movies without a token are texts with titles: as many titles in 《》 as movies are these, by the order; others are
  looked for by their names.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from kgprep.artifacts import SPLITS
from kgprep.counts import Count
from kgprep.dialogues.lines import read_bytes
from kgprep.errors import KgprepError
from kgprep.importing.archive import ITEM_SCHEMA, NAMED_SCHEMA, SPAN_SCHEMA, Archive, entity_iri, whole_words
from kgprep.importing.files import find, read_array, read_object
from kgprep.importing.graph import read_graph
from kgprep.kg.names import label_from_iri, parse_label
from kgprep.pickles import parse_pickle

NAME = "crslab"
_ITEM_TOKEN = r"^@\d+$"
_ITEM_IDS = "redial_context_movie_id2crslab_entityId.json"
_UTTERANCE = ["dialogue_id", "turn"]
_TURN_SCHEMA = pl.Schema(
    {
        "split": pl.String(),
        "dialogue_id": pl.String(),
        "turn": pl.Int16(),
        "role": pl.String(),
        "token": pl.List(pl.String),
        "movie": pl.List(pl.String),
        "entity": pl.List(pl.String),
    }
)
_LACKS = (
    "labels, types, IMDb ids and descriptions: labels and years are read from the IRIs",
    "what seekers say of items in their forms",
    "the spacing of texts, which were cut to tokens",
)


def read(folder: Path) -> Archive:
    """Read {split}_data.json, entity2id.json, dbpedia_subkg.json and movie_ids.json; splits may be absent.

    Raises:
        KgprepError: a file is missing or damaged, or there is no split at all.
    """
    graph = read_graph(folder, NAME, "movie_ids.json", padding=0)
    files = {split: path for split in SPLITS if (path := find(folder, f"{split}_data.json"))}
    if not files:
        raise KgprepError(
            f"{folder} holds none of {', '.join(f'{split}_data.json' for split in SPLITS)}: give the folder"
        )
    turns = pl.concat([_turns(split, path) for split, path in files.items()])
    if turns.select("dialogue_id", "turn").is_duplicated().any():
        raise KgprepError(f"two dialogues in {folder} have the same conv_id: give the folder of one data set")
    tokens = _tokens(turns)
    movies = turns.select(*_UTTERANCE, iri="movie").explode("iri", empty_as_null=False)
    listed = pl.concat([graph.items, movies["iri"]]).unique(maintain_order=True)
    item_ids = find(folder, _ITEM_IDS)
    told = None if item_ids is None else _told(item_ids, graph.ids)
    of_item_tokens = tokens.filter(pl.col("token").str.contains(_ITEM_TOKEN))
    entity_of_token = _entities_of_tokens(turns, of_item_tokens, movies, listed, told)
    of_tokens = _mentions(of_item_tokens, entity_of_token)
    in_marks = _in_title_marks(turns, tokens, _unplaced(movies, of_tokens))
    mentions = pl.concat([of_tokens, in_marks])
    entities = turns.select(*_UTTERANCE, iri="entity").explode("iri", empty_as_null=False)
    named = pl.concat(
        [
            _unplaced(movies, mentions).with_columns(method=pl.lit("gold")),
            entities.with_columns(method=pl.lit("link")),
        ]
    )
    missing = [f"{split}_data.json" for split in SPLITS if split not in files]
    unknown = named.filter(~pl.col("iri").is_in(graph.iris.implode()))
    return Archive(
        name=NAME,
        iris=pl.concat([graph.iris, named["iri"]]).unique().sort(),
        edges=graph.edges,
        items=_items(entity_of_token, listed),
        utterances=turns.select("split", *_UTTERANCE, "role", text=pl.col("token").list.join(" ")),
        mentions=mentions,
        named=named.cast(NAMED_SCHEMA).select(NAMED_SCHEMA.names()),
        counts=(
            *graph.counts,
            *(Count(f"dialogues in {split}", turns.filter(split=split)["dialogue_id"].n_unique()) for split in files),
            Count("utterances", turns.height),
            Count("item tokens whose item is known", of_tokens.height, of_item_tokens.height),
            Count("of these, with an entity of the graph", of_tokens.filter(~_is_isolated()).height, of_tokens.height),
            Count("movies of utterances", movies.height),
            Count("movies named by a title in 《》", in_marks.height, movies.height),
            Count("mentions of entities that the graph lacks", unknown.height, named.height),
        ),
        lacks=(*_LACKS, *([f"the splits {', '.join(missing)}"] if missing else [])),
        sources=(*graph.sources, *([] if item_ids is None else [item_ids]), *files.values()),
    )


def read_with_reviews(folder: Path) -> Archive:
    """Read C2-CRS's archive; its pickles are checked and counted, for their sentences are numbers without a text.

    Raises:
        KgprepError: as in `read`, or a pickle holds anything but builtin containers.
    """
    archive = read(folder)
    there = [path for split in SPLITS if (path := find(folder, f"{split}_conv_idx_to_review_info.pkl"))]
    counts = [Count(f"samples with reviews in {path.name}", *_with_reviews(path)) for path in there]
    lack = "review sentences, which the archive keeps as token ids by sample: attach reviews with kgprep align-reviews"
    return replace(
        archive,
        counts=(*archive.counts, *counts),
        lacks=(*archive.lacks, lack),
        sources=(*archive.sources, *there),
    )


def _with_reviews(path: Path) -> tuple[int, int]:
    samples = parse_pickle(read_bytes(path), path)
    if not isinstance(samples, dict):
        raise KgprepError(f"{path} holds no dict of samples: check that it is the archive's file")
    return sum(bool(sample and sample.get("selected_entityIds")) for sample in samples.values()), len(samples)


def _turns(split: str, path: Path) -> pl.DataFrame:
    rows: list[dict[str, Any]] = []
    for number, dialogue in enumerate(read_array(path), start=1):
        try:
            for utterance in dialogue["dialog"]:
                rows.append(
                    {
                        "split": split,
                        "dialogue_id": str(dialogue["conv_id"]),
                        "turn": utterance["utt_id"],
                        "role": utterance["role"].lower(),
                        "token": utterance["text"],
                        "movie": [entity_iri(NAME, name) for name in utterance["movies"]],
                        "entity": [entity_iri(NAME, name) for name in utterance["entity"]],
                    }
                )
        except (KeyError, TypeError, AttributeError) as error:
            raise KgprepError(
                f"{path}, dialogue {number}: conv_id, dialog, utt_id, role, text, movies or entity is missing or of "
                "another kind: check that it is an archive of CRSLab's ReDial"
            ) from error
    try:
        frame = pl.DataFrame(rows, schema=_TURN_SCHEMA)
    except (pl.exceptions.PolarsError, TypeError) as error:
        raise KgprepError(
            f"{path} has values of another kind ({error}): check that it is the archive's file"
        ) from error
    roles = frame.filter(~pl.col("role").is_in(["seeker", "recommender"]))["role"]
    if not roles.is_empty():
        raise KgprepError(f"{path} has the role {roles[0]!r}: only seeker and recommender are known")
    return frame


def _tokens(turns: pl.DataFrame) -> pl.DataFrame:
    """Return one row a token: dialogue_id, turn, token, start and end in the joined text."""
    end = (pl.col("token").str.len_chars().cast(pl.Int32) + 1).cum_sum().over("dialogue_id", "turn") - 1
    return (
        turns.select("dialogue_id", "turn", "token")
        .explode("token", empty_as_null=False)
        .with_columns(end=end.cast(pl.Int32))
        .with_columns(start=pl.col("end") - pl.col("token").str.len_chars().cast(pl.Int32))
    )


def _told(path: Path, ids: pl.DataFrame) -> pl.DataFrame:
    """Return token and iri as C2-CRS's file of item ids tells them; like its loader, take 0 and null for no entity."""
    numbers = {number: entity_id for number, entity_id in read_object(path).items() if entity_id}
    told = pl.DataFrame(
        {"token": [f"@{number}" for number in numbers], "id": list(numbers.values())},
        schema={"token": pl.String, "id": pl.Int64},
        strict=False,
    ).join(ids, on="id", how="left", maintain_order="left")
    if told["iri"].null_count():
        token = told.filter(pl.col("iri").is_null())["token"][0]
        raise KgprepError(f"{path} gives {token} an id that entity2id.json lacks: give files that belong together")
    return told.select("token", "iri")


def _entities_of_tokens(
    turns: pl.DataFrame,
    of_item_tokens: pl.DataFrame,
    movies: pl.DataFrame,
    listed: pl.Series,
    told: pl.DataFrame | None,
) -> pl.DataFrame:
    """Return token and iri: of an item of that number, as the archive tells, else by what utterances explain."""
    own = (
        listed.to_frame("iri")
        .select(token=pl.lit("@") + pl.col("iri").str.extract(r"^urn:kgprep:[^:]+:(\d+)$"), iri="iri")
        .drop_nulls()
        .unique("token", keep="first", maintain_order=True)
    )
    known = own if told is None else pl.concat([told, own]).unique("token", keep="first", maintain_order=True)
    known = known.join(of_item_tokens, on="token", how="semi")
    if told is not None:
        return known.sort("token")
    rest = of_item_tokens.join(known, on="token", how="anti", maintain_order="left")
    explained = _explained(turns, rest, movies.join(known, on="iri", how="anti", maintain_order="left"))
    return pl.concat([known, explained]).sort("token")


def _explained(turns: pl.DataFrame, of_item_tokens: pl.DataFrame, movies: pl.DataFrame) -> pl.DataFrame:
    """Return token and iri by most of the utterances that have as many item tokens as movies, and no movie's title."""
    texts = turns.select(*_UTTERANCE, text=pl.col("token").list.join(" "))
    titles = parse_label("label").struct.field("title")
    by_title = (
        movies.with_columns(label=label_from_iri(movies["iri"]))
        .join(texts, on=_UTTERANCE)
        .filter(whole_words(pl.col("text")).str.contains(whole_words(titles), literal=True))
    )
    alike = (
        of_item_tokens.group_by(_UTTERANCE, maintain_order=True)
        .agg("token")
        .join(movies.group_by(_UTTERANCE, maintain_order=True).agg("iri"), on=_UTTERANCE)
        .filter(pl.col("token").list.len() == pl.col("iri").list.len())
        .join(by_title, on=_UTTERANCE, how="anti")
    )
    return (
        alike.explode("token", "iri")
        .group_by("token", "iri")
        .len()
        .sort("token", "len", "iri", descending=[False, True, False])
        .unique("token", keep="first", maintain_order=True)
        .select("token", "iri")
    )


def _items(entity_of_token: pl.DataFrame, listed: pl.Series) -> pl.DataFrame:
    """Return the items: those that tokens name, and those that are listed and never named."""
    named = entity_of_token.select("iri", item_id=pl.col("token").str.strip_prefix("@"))
    own_id = pl.col("iri").str.strip_prefix(f"urn:kgprep:{NAME}:")
    rest = listed.unique().to_frame("iri").select("iri", item_id=own_id).join(named, on="iri", how="anti")
    items = pl.concat([named, rest])
    parsed = parse_label("label")
    return (
        items.with_columns(label=label_from_iri(items["iri"]))
        .with_columns(title=parsed.struct.field("title"), year=parsed.struct.field("year"))
        .with_columns(name=pl.when(_is_isolated()).then(pl.lit("@") + pl.col("item_id")).otherwise("title"))
        .select(ITEM_SCHEMA.names())
        .cast(ITEM_SCHEMA)
    )


def _mentions(of_item_tokens: pl.DataFrame, entity_of_token: pl.DataFrame) -> pl.DataFrame:
    return (
        of_item_tokens.join(entity_of_token, on="token", maintain_order="left")
        .with_columns(word="token", method=pl.lit("gold"))
        .select(SPAN_SCHEMA.names())
        .cast(SPAN_SCHEMA)
    )


def _unplaced(movies: pl.DataFrame, mentions: pl.DataFrame) -> pl.DataFrame:
    """Return the movies of utterances that no mention is for; one named twice needs two."""
    place = [*_UTTERANCE, "iri"]
    nth = pl.int_range(pl.len()).over(place)
    placed = mentions.select(*place, nth=nth)
    return movies.with_columns(nth=nth).join(placed, on=[*place, "nth"], how="anti", maintain_order="left").drop("nth")


def _in_title_marks(turns: pl.DataFrame, tokens: pl.DataFrame, movies: pl.DataFrame) -> pl.DataFrame:
    """Return mentions of the movies of utterances that have as many titles in 《》 as movies, by the order."""
    nth = pl.int_range(pl.len()).over(_UTTERANCE)
    opening = tokens.filter(pl.col("token") == "《").select(*_UTTERANCE, start=pl.col("end") + 1, nth=nth)
    closing = tokens.filter(pl.col("token") == "》").select(*_UTTERANCE, end=pl.col("start") - 1, nth=nth)
    titles = (
        opening.join(closing, on=[*_UTTERANCE, "nth"], maintain_order="left")
        .join(turns.select(*_UTTERANCE, text=pl.col("token").list.join(" ")), on=_UTTERANCE, maintain_order="left")
        .with_columns(word=pl.col("text").str.slice("start", pl.col("end") - pl.col("start")))
        .filter(pl.col("start") < pl.col("end"), ~pl.col("word").str.contains(_ITEM_TOKEN))
    )
    number = pl.len().over(_UTTERANCE)
    return (
        titles.with_columns(nth=nth, number=number)
        .join(movies.with_columns(nth=nth, number=number), on=[*_UTTERANCE, "nth", "number"], maintain_order="left")
        .with_columns(method=pl.lit("gold"))
        .select(SPAN_SCHEMA.names())
        .cast(SPAN_SCHEMA)
    )


def _is_isolated() -> pl.Expr:
    return pl.col("iri").str.starts_with("urn:kgprep:")
