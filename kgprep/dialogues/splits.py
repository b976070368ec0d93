"""Which part of the data set a dialogue belongs to.

Notable here:
- a choice depends on nothing but the seed and the dialogue's id (the smallest hashes are taken), so neither the order
  of the rows nor the number of threads changes it;
- dialogues of the same words go by the smallest of their ids, so that none is trained on and tested with;
- exactly `round(share * n)` of the `n` different dialogues are chosen;
- a JSON file of ids overrides the parts that the data set itself comes in.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from kgprep.artifacts import SPLITS, SplitEnum
from kgprep.dialogues.lines import read_bytes
from kgprep.dialogues.values import as_id
from kgprep.errors import KgprepError

DIALOGUES = pl.Schema({"dialogue_id": pl.String(), "part": SplitEnum, "drawable": pl.Boolean()})


@dataclass(frozen=True)
class SplitPlan:
    """How dialogues are divided: by lists of ids where `train_ids` is given, else by file and by seed.

    Args:
        train_ids: ids for train; None without a list.
        valid_ids: ids for valid; None without a list.
        test_ids: ids for test; None keeps the part that came as test.
        seed: for the random choices.
        valid_share: share of train that becomes valid where the set has none.
        test_share: share that becomes test, where the set comes in one undivided file.
    """

    train_ids: frozenset[str] | None = None
    valid_ids: frozenset[str] | None = None
    test_ids: frozenset[str] | None = None
    seed: int = 0
    valid_share: float = 0.1
    test_share: float = 0.1

    @property
    def listed_ids(self) -> frozenset[str]:
        """All ids in the lists."""
        return frozenset().union(*(ids for ids in (self.train_ids, self.valid_ids, self.test_ids) if ids))


def read_split_plan(path: Path | None, seed: int) -> SplitPlan:
    """Read the lists of dialogue ids at `path`: ``{"train": [...], "valid": [...], "test": [...]}``, test optional.

    Raises:
        KgprepError: the file is missing, is no such JSON, or names one id in two lists.
    """
    if path is None:
        return SplitPlan(seed=seed)
    try:
        lists = json.loads(read_bytes(path))
    except (ValueError, RecursionError) as error:
        raise KgprepError(f"{path} is not JSON ({error}): give lists of ids under train, valid and test") from error
    if not isinstance(lists, dict) or not {"train", "valid"} <= set(lists) <= set(SPLITS):
        raise KgprepError(f"{path} lacks lists of dialogue ids under train and valid (test is optional): add them")
    ids = {split: _id_set(path, split, listed) for split, listed in lists.items()}
    common = (ids["train"] & ids["valid"]) | (ids["train"] | ids["valid"]) & ids.get("test", frozenset())
    if common:
        raise KgprepError(f"{path} names dialogue {min(common)} in two lists: keep it in one")
    return SplitPlan(ids["train"], ids["valid"], ids.get("test"), seed=seed)


def _id_set(path: Path, split: str, listed: object) -> frozenset[str]:
    ids = [as_id(entry) for entry in listed] if isinstance(listed, list) else [None]
    if None in ids:
        raise KgprepError(f"{path}: {split} is not a list of dialogue ids: make it one")
    return frozenset(one for one in ids if one is not None)


def assign_splits(dialogues: pl.DataFrame, utterances: pl.DataFrame, plan: SplitPlan) -> pl.DataFrame:
    """Give every dialogue its split; those in no list of the plan are left out.

    Args:
        dialogues: dialogue_id · part (train, valid or test as the set came; null: undivided) · drawable (whether
            it may be drawn for valid or test).
        utterances: dialogue_id · role · text, in the order in which they were said.
        plan: lists of ids, or the seed.

    Returns:
        dialogue_id · split, sorted by dialogue_id.
    """
    dialogues = dialogues.sort("dialogue_id")
    divided = _by_list(dialogues, plan) if plan.train_ids is not None else _by_file(dialogues, utterances, plan)
    return divided.select("dialogue_id", pl.col("split").cast(SplitEnum)).drop_nulls()


def _by_list(dialogues: pl.DataFrame, plan: SplitPlan) -> pl.DataFrame:
    listed = pl.lit(None, pl.String)
    for split, ids in (("train", plan.train_ids), ("valid", plan.valid_ids), ("test", plan.test_ids)):
        in_list = pl.col("dialogue_id").is_in(sorted(ids or ()))
        listed = pl.when(in_list).then(pl.lit(split)).otherwise(listed)
    came_as_test = pl.col("part").cast(pl.String).eq_missing("test")
    if plan.test_ids is None:
        return dialogues.with_columns(split=pl.when(came_as_test).then(pl.lit("test")).otherwise(listed))
    return dialogues.with_columns(split=pl.when(came_as_test & (listed != "test")).then(None).otherwise(listed))


def _by_file(dialogues: pl.DataFrame, utterances: pl.DataFrame, plan: SplitPlan) -> pl.DataFrame:
    parts = set(dialogues["part"].unique())
    if None not in parts and "valid" in parts:
        return dialogues.with_columns(split="part")
    with_test = None in parts and "test" not in parts
    return _divide(dialogues.join(_equals(utterances), on="dialogue_id"), plan, with_test)


def _equals(utterances: pl.DataFrame) -> pl.DataFrame:
    """Return dialogue_id and first_equal, the smallest id of the dialogues of the same words."""
    told = utterances.group_by("dialogue_id", maintain_order=True).agg(pl.struct("role", "text").alias("said"))
    equals = told.group_by("said").agg("dialogue_id", pl.col("dialogue_id").min().alias("first_equal"))
    return equals.select("dialogue_id", "first_equal").explode("dialogue_id")


def _divide(dialogues: pl.DataFrame, plan: SplitPlan, with_test: bool) -> pl.DataFrame:
    """Draw valid, and test if wanted, from the drawable dialogues that are not set aside as valid or test already.

    An undivided dialogue that equals one of a part belongs to that part.
    """
    part = pl.col("part").cast(pl.String)
    part_of_equal = part.drop_nulls().first().over("first_equal")
    divided = dialogues.with_columns(split=pl.coalesce(part, part_of_equal, pl.lit("train")))
    free = (pl.col("drawable") & (pl.col("split") == "train")).all().over("first_equal")
    drawable = divided.filter(free)["first_equal"].to_list()
    test_ids = chosen_ids(drawable, plan.test_share, plan.seed, "test") if with_test else []
    valid_ids = chosen_ids(drawable, plan.valid_share, plan.seed, "valid", without=test_ids)
    if "valid" in divided["split"]:
        valid_ids = []
    first_equal = pl.col("first_equal")
    return divided.with_columns(
        split=pl.when(first_equal.is_in(test_ids))
        .then(pl.lit("test"))
        .when(first_equal.is_in(valid_ids))
        .then(pl.lit("valid"))
        .otherwise("split")
    )


def chosen_ids(ids: Iterable[str], share: float, seed: int, purpose: str, without: Iterable[str] = ()) -> list[str]:
    """Choose `round(share * n)` of `n` ids, by the smallest hashes of seed, purpose and id."""
    all_ids = set(ids)
    candidates = sorted(all_ids - set(without), key=lambda one: (_hash(seed, purpose, one), one))
    return sorted(candidates[: round(share * len(all_ids))])


def _hash(seed: int, purpose: str, dialogue_id: str) -> bytes:
    return hashlib.sha256(f"{seed}\t{purpose}\t{dialogue_id}".encode()).digest()
