"""Finds the weights of evidence again: ``python -m tests.linking.fit_evidence -w WORKSPACE_OF_REDIAL``.

ReDial's training dialogues with their titles put back, two messages of three as they are and one in lower case: a form
that stands exactly where a title does is a name, one that touches none is not. Workers were told to tag all films, so
few of the latter are names after all. How often the training dialogues speak of a film does not count the mention in
question. The weights in `kgprep.linking.evidence` are these, rounded.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from kgprep.artifacts import MENTIONS, UTTERANCES, read_table
from kgprep.linking.disambiguate import add_play
from kgprep.linking.evidence import EVIDENCE, FITTED, says_nothing
from kgprep.linking.linker import EntityLinker, as_play
from tests.linking.gold_from_redial import TURN, titles_in_place

_SPAN = ("text", "start", "end")
_RIDGE = 0.1
_STEPS = 30

Floats = npt.NDArray[np.float64]


def messages(workspace: Path) -> list[dict[str, Any]]:
    """Return the training messages with titles put back, and those that tag none."""
    made = titles_in_place(workspace, split="train")
    pairs = zip(made["plain"].lines, made["lower_cased"].lines, strict=True)
    tagged = read_table(workspace, MENTIONS).filter(pl.col("method") == "gold").select(TURN)
    silent = read_table(workspace, UTTERANCES).filter(pl.col("split") == "train").join(tagged, on=TURN, how="anti")
    spoken = [small if number % 3 == 0 else plain for number, (plain, small) in enumerate(pairs)]
    return [*spoken, *({"text": text, "mentions": [], "context": []} for text in silent["text"])]


def judged_forms(linker: EntityLinker, texts: list[dict[str, Any]]) -> pl.DataFrame:
    """Return a row for each form of a work that may be a name, with is_name."""
    ids = dict(linker.entities.select("iri", "entity_id").rows())
    spans = [
        (row, span["start"], span["end"], ids[span["iris"][0]])
        for row, message in enumerate(texts)
        for span in message["mentions"]
    ]
    gold = pl.DataFrame(
        spans, schema={"text": pl.UInt32, "start": pl.Int32, "end": pl.Int32, "gold": pl.Int32}, orient="row"
    )
    spoken_of = [(row, ids[iri]) for row, message in enumerate(texts) for iri in message["context"]]
    context = pl.DataFrame(spoken_of, schema={"text": pl.UInt32, "entity_id": pl.Int32}, orient="row")
    found = linker.candidates([message["text"] for message in texts])
    works = add_play(found, as_play(context), linker.neighbours).filter(
        pl.col("kind").is_in(["film", "series", "work"]), pl.col("sort") == "name"
    )
    placed = works.with_columns(start="whole_start", end="whole_end").join(gold, on=_SPAN, how="left")
    is_it = (pl.col("gold") == pl.col("entity_id")).fill_null(False)
    touching = placed.join(gold.select("text", since="start", until="end"), on="text").filter(
        pl.col("gold").is_null(), pl.col("start") < pl.col("until"), pl.col("since") < pl.col("end")
    )
    clear = placed.join(touching.select(_SPAN).unique(), on=_SPAN, how="anti")
    one = clear.with_columns(is_it=is_it, is_name=pl.col("gold").is_not_null()).sort(
        [*_SPAN, "is_it", "prior", "entity_id"], descending=[False, False, False, True, True, False]
    )
    others = pl.col("said").cast(pl.Int64) - pl.col("is_name").cast(pl.Int64)
    return one.unique(_SPAN, keep="first", maintain_order=True).with_columns(said=others).filter(~says_nothing())


def fit(forms: pl.DataFrame) -> Floats:
    """Return the weights of `FITTED` of a logistic regression, the others as they are, by Newton's method."""
    values = {each.name: forms.select(each.value.cast(pl.Float64)).to_series().to_numpy() for each in EVIDENCE}
    given = sum(each.weight * values[each.name] for each in EVIDENCE if each.name not in FITTED)
    columns = [np.broadcast_to(values[name], forms.height) for name in FITTED]
    evidence, names = np.stack(columns, axis=1), forms["is_name"].to_numpy().astype(np.float64)
    weights = np.zeros(len(FITTED))
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-evidence @ weights - given))
        slope = evidence.T @ (names - chance) - _RIDGE * weights
        curve = (evidence * (chance * (1 - chance))[:, None]).T @ evidence + _RIDGE * np.eye(len(FITTED))
        weights += np.linalg.solve(curve, slope)
    return weights


def main() -> None:
    """Print the weights beside those in use."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-w", "--workspace", type=Path, required=True, help="bundle of ReDial")
    linker = EntityLinker.from_bundle(workspace := parser.parse_args().workspace)
    forms = judged_forms(linker, messages(workspace))
    in_use = {each.name: each.weight for each in EVIDENCE}
    print(f"{forms.height:,} forms, {forms['is_name'].sum() / forms.height:.1%} names")
    for name, weight in zip(FITTED, fit(forms).tolist(), strict=True):
        print(f"{name:20s}{weight:8.2f}   in use {in_use[name]:.2f}")


if __name__ == "__main__":
    main()
