"""Texts to link and what is spoken of before each, as people give them: two files, a line a text."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from kgprep.errors import KgprepError, no_file


def read_texts(path: Path) -> list[str]:
    """Read a file of texts, a line each.

    Raises:
        KgprepError: the file is missing or not UTF-8.
    """
    if not path.is_file():
        raise no_file(path, "check the path of the file of texts or context")
    try:
        # Unlike `str.splitlines`, a file is not cut at the rarer line ends that texts may hold, such as U+2028.
        with path.open(encoding="utf-8-sig") as file:
            return [line.rstrip("\n") for line in file]
    except UnicodeDecodeError as error:
        raise KgprepError(f"{path} is not UTF-8 text ({error.reason}): save it as UTF-8") from error


def read_context(path: Path, texts: int, entities: pl.DataFrame) -> pl.DataFrame:
    """Read the context of texts.

    Args:
        path: UTF-8 text, a line a text: IRIs separated by white space, or nothing.
        texts: how many texts there are.
        entities: entity_id, iri of the bundle.

    Returns:
        text u32, entity_id i32.

    Raises:
        KgprepError: the file is missing, has more lines than there are texts, or names what the bundle does not have.
    """
    lines = read_texts(path)
    if len(lines) > texts:
        raise KgprepError(f"{path} has {len(lines):,} lines for {texts:,} texts: give one line for each text")
    named = (
        pl.DataFrame({"iri": lines}, schema={"iri": pl.String})
        .with_row_index("text")
        .with_columns(pl.col("iri").str.extract_all(r"\S+"))
        .explode("iri")
        .drop_nulls("iri")
    )
    known = named.join(entities.select("iri", "entity_id"), on="iri", how="left", maintain_order="left")
    unknown = known.filter(pl.col("entity_id").is_null())
    if not unknown.is_empty():
        row, iri = unknown.select("text", "iri").row(0)
        raise KgprepError(f"{path}, line {row + 1}: the bundle has no entity {iri}: check the IRI")
    return known.select("text", "entity_id")
