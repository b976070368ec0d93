"""The bundle as a data set of KGSF: the dialogues and pickles in data/, words and concepts beside it.

Notable here:
- KGSF takes the number of entity names for "no entity" and makes a vector of `--n_entity` places, so that must be one
  more than there are names;
- a word's id is the row of its vector; ids begin at 4, and that of `_split_` is the last;
- stopwords.txt is empty: no concept is left out of the edges.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from kgprep.artifacts import ALIASES, read_table
from kgprep.counts import Count
from kgprep.export.concepts import Concepts, read_concepts
from kgprep.export.exported import Exported, ExportOptions
from kgprep.export.files import write_json
from kgprep.export.redial_form import write_redial_form
from kgprep.export.tokens import SPECIAL_TOKENS, token_vectors, tokenised, vocabulary

USAGE = """import json, pickle

ids = pickle.load(open("data/entity2entityId.pkl", "rb"))
words = json.load(open("word2index_redial.json", encoding="utf-8"))
# or lay what is in this folder at the root of KGSF, and run
# python run.py --n_entity {entities} --n_concept {concepts} --embedding_size {size}"""


def write(workspace: Path, folder: Path, options: ExportOptions) -> Exported:
    """Write the splits and pickles, word2index, key2index, the concepts' edges, masks and vectors of words.

    Raises:
        KgprepError: the workspace lacks a table, or a file of the options cannot be used.
    """
    (folder / "data").mkdir()
    form = write_redial_form(workspace, folder / "data")
    said = tokenised(form.utterances, read_table(workspace, ALIASES)["alias"])
    concepts = read_concepts(options.concepts, said)
    tokens = vocabulary(said)
    rows = len(tokens)
    words = {token: number for token, number in tokens.items() if token not in SPECIAL_TOKENS}
    vectors, given = token_vectors(words, rows, options.vectors)
    write_json(folder / "word2index_redial.json", words)
    np.save(folder / "word2vec_redial.npy", vectors)
    _write_concepts(folder, concepts)
    _write_masks(folder, words, rows, concepts)
    counts = (
        *form.counts,
        Count("words in word2index", len(words)),
        *concepts.counts,
        Count("words with a given vector, the others drawn", given, len(words)),
    )
    usage = USAGE.format(entities=form.entity_ids + 1, concepts=len(concepts.ids), size=vectors.shape[1])
    return Exported(counts, _lost(form.lost, concepts, options), usage)


def _lost(lost: tuple[str, ...], concepts: Concepts, options: ExportOptions) -> tuple[str, ...]:
    without_concepts = (
        () if concepts.ids else ("words of ConceptNet, without --concepts: key2index and its edges are empty",)
    )
    without_vectors = () if options.vectors else ("vectors of words, without --vectors: all are drawn at random",)
    return (
        *lost,
        *without_concepts,
        *without_vectors,
        "the tokens themselves: KGSF cuts the texts once more, with NLTK",
    )


def _write_concepts(folder: Path, concepts: Concepts) -> None:
    write_json(folder / "key2index_3rd.json", concepts.ids)
    concepts.edges.write_csv(
        folder / "conceptnet_edges2nd.txt", separator="\t", include_header=False, quote_style="never"
    )
    (folder / "stopwords.txt").write_text("", encoding="utf-8")


def _write_masks(folder: Path, words: dict[str, int], rows: int, concepts: Concepts) -> None:
    """Write for each word's id whether it names a concept, and whether it is an item's token."""
    frame = pl.DataFrame({"word": list(words), "id": list(words.values())}, schema={"word": pl.String, "id": pl.Int64})
    known = pl.Series(list(concepts.ids), dtype=pl.String).implode()
    chosen = {
        "mask4key": pl.col("word").str.to_lowercase().is_in(known),
        "mask4movie": pl.col("word").str.contains(r"^@\d+$"),
    }
    for name, condition in chosen.items():
        mask = np.zeros(rows)
        mask[frame.filter(condition)["id"].to_numpy()] = 1.0
        np.save(folder / f"{name}.npy", mask)
