"""Utterances as tokens, and the tokens' ids.

Notable here:
- ids are those of training tokens, the most frequent first, between the special ones; any other token is `__unk__`;
- a token's vector is the one given for it, else for its lower case, else drawn at random from a fixed seed.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import polars as pl

from kgprep.errors import KgprepError
from kgprep.export.words import cut_chinese, words

if TYPE_CHECKING:
    import numpy as np

PAD, START, END, UNKNOWN = "__pad__", "__start__", "__end__", "__unk__"
SPECIAL_TOKENS = (PAD, START, END, UNKNOWN)
SPLIT_TOKEN = "_split_"
VECTOR_SIZE = 300
_SEED = 0


def tokenised(utterances: pl.DataFrame, names: pl.Series) -> pl.DataFrame:
    """Return the utterances in order, with `text` as list[str].

    Args:
        utterances: with dialogue_id, turn and text.
        names: of the bundle's entities, for cutting Chinese.
    """
    ordered = utterances.sort("dialogue_id", "turn")
    return ordered.with_columns(cut_chinese(ordered["text"], names)).with_columns(text=words("text"))


def with_joined(turns: pl.DataFrame) -> pl.DataFrame:
    """Return `turns`, in order, with `joined`: the number of each in its dialogue once those of one role are joined."""
    changes = (pl.col("role") != pl.col("role").shift(1)).fill_null(False)
    return turns.with_columns(joined=changes.cast(pl.Int64).cum_sum().over("dialogue_id"))


def vocabulary(turns: pl.DataFrame) -> dict[str, int]:
    """Return the ids of the training tokens in `turns`, most frequent first, between the special ones."""
    counted = (
        turns.filter(pl.col("split") == "train")
        .select(token=pl.col("text").list.explode(empty_as_null=False))
        .filter(~pl.col("token").is_in([*SPECIAL_TOKENS, SPLIT_TOKEN]))
        .group_by("token")
        .len()
        .sort("len", "token", descending=[True, False])
    )
    tokens = [*SPECIAL_TOKENS, *counted["token"], SPLIT_TOKEN]
    return {token: index for index, token in enumerate(tokens)}


def token_ids(tokens: pl.Series, ids: Mapping[str, int]) -> pl.Series:
    """Return `tokens`, list[str], as list[i64], unknown ones as the id of `__unk__`."""
    known = pl.DataFrame({"token": list(ids), "id": list(ids.values())}, schema={"token": pl.String, "id": pl.Int64})
    flat = (
        pl.DataFrame({"row": pl.int_range(tokens.len(), eager=True), "token": tokens})
        .explode("token", empty_as_null=False)
        .join(known, on="token", how="left", maintain_order="left")
        .with_columns(pl.col("id").fill_null(ids[UNKNOWN]))
    )
    grouped = flat.group_by("row", maintain_order=True).agg("id")
    rows = pl.DataFrame({"row": pl.int_range(tokens.len(), eager=True)})
    nothing = pl.lit([], dtype=pl.List(pl.Int64))
    return (
        rows.join(grouped, on="row", how="left", maintain_order="left")["id"]
        .to_frame()
        .select(pl.col("id").fill_null(nothing))["id"]
    )


def token_vectors(tokens: Mapping[str, int], rows: int, path: Path | None) -> tuple[np.ndarray, int]:
    """Return one vector a token id, in the order of the ids, and how many tokens the file gave one.

    The special tokens have zeros.

    Args:
        tokens: ids of tokens.
        rows: how many ids there are.
        path: vectors in word2vec's text form; without it all are drawn, `VECTOR_SIZE` long.

    Raises:
        KgprepError: the file cannot be read, or is not in that form.
    """
    import numpy as np

    plain = {token: index for token, index in tokens.items() if token not in (*SPECIAL_TOKENS, SPLIT_TOKEN)}
    found = _read_vectors(path, {*plain, *(token.lower() for token in plain)}) if path else {}
    size = next(iter(found.values())).size if found else VECTOR_SIZE
    spread = float(np.std(np.stack(list(found.values())))) if found else VECTOR_SIZE**-0.5
    drawn = np.random.default_rng(_SEED).normal(0.0, spread, (rows, size)).astype(np.float32)
    vectors = np.zeros_like(drawn)
    vectors[list(plain.values())] = drawn[list(plain.values())]
    known = {token: found.get(token, found.get(token.lower())) for token in plain}
    given = {plain[token]: vector for token, vector in known.items() if vector is not None}
    for index, vector in given.items():
        vectors[index] = vector
    return vectors, len(given)


def _read_vectors(path: Path, wanted: set[str]) -> dict[str, np.ndarray]:
    """Return the vectors of the wanted words; a first line of two numbers is word2vec's header."""
    import numpy as np

    keys = {word.encode() for word in wanted}
    vectors: dict[str, np.ndarray] = {}
    size = 0
    with _reading(path) as file:
        for number, line in enumerate(file, start=1):
            word, _, rest = line.rstrip().partition(b" ")
            if number == 1 and word.isdigit() and rest.isdigit():
                continue
            if not size:
                size = len(rest.split())
            if word not in keys:
                continue
            try:
                vector = np.array(rest.split(), dtype=np.float32)
            except ValueError as error:
                raise _no_vectors(path, number) from error
            if not size or vector.size != size:
                raise _no_vectors(path, number)
            vectors.setdefault(word.decode(), vector)
    if not vectors:
        raise KgprepError(f"{path} has a vector for no token of the dialogues: check that it is of their language")
    return vectors


def _no_vectors(path: Path, number: int) -> KgprepError:
    return KgprepError(
        f"line {number} of {path} is no word with its vector: give word vectors in word2vec's text form, "
        "one word a line and all vectors of one length"
    )


@contextmanager
def _reading(path: Path) -> Iterator[BinaryIO]:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            yield cast(BinaryIO, file)
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or error
        raise KgprepError(f"cannot read the word vectors {path} ({reason}): check the path") from error
