"""The folder of the Large Movie Review Dataset (aclImdb), in its published layout.

Notable here: a review's number in its file name is its row in urls_*.txt, which names the film; its second number is
the rating (0 in unsup: none).
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from kgprep.errors import KgprepError
from kgprep.reviews.records import RAW, ReviewCorpus, finish

_PARTS = tuple((split, label) for split in ("train", "test") for label in ("pos", "neg", "unsup"))


def read_acl_imdb(folder: Path) -> ReviewCorpus:
    """Read the aclImdb folder; errors as in `read_reviews`."""
    root = folder / "aclImdb" if (folder / "aclImdb").is_dir() else folder
    parts = [_read_part(root, split, label) for split, label in _PARTS if (root / split / label).is_dir()]
    if not parts:
        raise KgprepError(f"{folder} holds no folder train/pos or the like: give the unpacked aclImdb folder")
    return finish(pl.concat(parts), 10, folder.name)


def _read_part(root: Path, split: str, label: str) -> pl.DataFrame:
    addresses = root / split / f"urls_{label}.txt"
    if not addresses.is_file():
        raise KgprepError(f"{addresses} does not exist: it names the films of {split}/{label}, unpack aclImdb again")
    # Which film a file speaks of is its number's line; one read a file cannot be avoided in this layout.
    paths = sorted((root / split / label).glob("*_*.txt"))
    texts = pl.DataFrame(
        {"name": [path.stem for path in paths], "text": [path.read_text("utf-8", "replace") for path in paths]},
        schema={"name": pl.String, "text": pl.String},
    )
    films = pl.read_lines(addresses, name="address", row_index_name="row").with_columns(pl.col("row").cast(pl.Int64))
    numbers = pl.col("name").str.split_exact("_", 1).struct
    rating = numbers.field("field_1")
    return (
        texts.with_columns(row=numbers.field("field_0").cast(pl.Int64, strict=False))
        .join(films, on="row", how="left", maintain_order="left")
        .with_columns(
            source=pl.lit("aclImdb"),
            imdb_id=pl.col("address").str.extract(r"(tt\d+)"),
            rating=pl.when(rating != "0").then(rating),
            **{name: pl.lit(None, pl.String) for name in RAW if name not in {"source", "imdb_id", "rating", "text"}},
        )
        .select(*RAW)
    )
