"""Where build-kg's choice of films' entities differs from the peers': the sample that docs/resolution.md judges.

Notable here: a row is drawn by the hash of its seed and item, so a changed choice changes its own row of the sample and
hardly another.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl

RESOURCE = "http://dbpedia.org/resource/"
NONE = "none"
SEED = 20
SIZE = 60


def read_peers(path: Path) -> pl.DataFrame:
    """Read the peers' links: item_id, peer (IRI), for the films that they linked."""
    links = pl.read_csv(path, separator="\t", quote_char=None, schema_overrides={"movie_id": pl.String})
    return links.select(item_id="movie_id", peer="dbpedia_iri").drop_nulls()


def differences(items: pl.DataFrame, peers: pl.DataFrame) -> pl.DataFrame:
    """List the films that the peers linked and for which we chose another entity or none.

    Args:
        items: item_id, name, year?, iri?.
        peers: item_id, peer.

    Returns:
        item_id, film (name with year), ours, theirs (local names, `NONE` for no entity), sorted by item_id.
    """
    film = pl.when(pl.col("year").is_null()).then("name").otherwise(pl.format("{} ({})", "name", "year"))
    return (
        items.join(peers, on="item_id")
        .filter(pl.col("iri").fill_null("") != pl.col("peer"))
        .sort("item_id")
        .select(
            "item_id",
            film.alias("film"),
            pl.col("iri").str.strip_prefix(RESOURCE).fill_null(NONE).alias("ours"),
            pl.col("peer").str.strip_prefix(RESOURCE).alias("theirs"),
        )
    )


def draw(rows: pl.DataFrame, size: int = SIZE, seed: int = SEED) -> pl.DataFrame:
    """Draw rows without replacement, the same ones for the same rows and seed, and sort them by film."""
    lots = [hashlib.sha256(f"{seed}:{item}".encode()).hexdigest() for item in rows["item_id"]]
    drawn = rows.with_columns(lot=pl.Series(lots, dtype=pl.String)).sort("lot").head(size)
    return drawn.drop("lot").sort("film", "item_id")
