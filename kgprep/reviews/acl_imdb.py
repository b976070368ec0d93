"""The folder of the Large Movie Review Dataset (aclImdb), in its published layout.

Notable here: a review's number in its file name is its row in urls_*.txt, which names the film; its second number is
the rating (0 in unsup: none).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from kgprep.errors import KgprepError
from kgprep.reviews.records import RAW, Tally

_PARTS = tuple((split, label) for split in ("train", "test") for label in ("pos", "neg", "unsup"))
_FILES_A_BATCH = 4096


def acl_imdb_root(folder: Path) -> Path:
    """Return the folder that holds train and test: `folder`, or aclImdb in it."""
    return folder / "aclImdb" if (folder / "aclImdb").is_dir() else folder


def is_acl_imdb(folder: Path) -> bool:
    """Tell whether a folder has a part of aclImdb."""
    return bool(_parts(folder))


def read_acl_imdb(folder: Path, tally: Tally) -> Iterator[pl.DataFrame]:
    """Read the aclImdb folder as `RAW` records, in batches; errors as in `corpora.read_batches`."""
    parts = _parts(folder)
    if not parts:
        raise KgprepError(f"{folder} holds no folder train/pos or the like: give the unpacked aclImdb folder")
    for split, label in parts:
        yield from _read_part(acl_imdb_root(folder), split, label, tally)


def _parts(folder: Path) -> list[tuple[str, str]]:
    root = acl_imdb_root(folder)
    return [(split, label) for split, label in _PARTS if (root / split / label).is_dir()]


def _read_part(root: Path, split: str, label: str, tally: Tally) -> Iterator[pl.DataFrame]:
    addresses = root / split / f"urls_{label}.txt"
    if not addresses.is_file():
        raise KgprepError(f"{addresses} does not exist: it names the films of {split}/{label}, unpack aclImdb again")
    lines = pl.read_lines(addresses, glob=False, name="address", row_index_name="row")
    films = lines.with_columns(pl.col("row").cast(pl.Int64))
    paths = sorted((root / split / label).glob("*_*.txt"))
    for start in range(0, len(paths), _FILES_A_BATCH):
        batch = paths[start : start + _FILES_A_BATCH]
        tally.read += len(batch)
        yield _records(batch, films)


def _records(paths: list[Path], films: pl.DataFrame) -> pl.DataFrame:
    # Which film a file speaks of is its number's line; one read a file cannot be avoided in this layout.
    texts = pl.DataFrame(
        {"name": [path.stem for path in paths], "text": [path.read_text("utf-8", "replace") for path in paths]},
        schema={"name": pl.String, "text": pl.String},
    )
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
