"""Escape sequences in columns of text: N-Triples' backslashes and percent-encoding in IRIs.

Notable here:
- only rows that hold the escape character are touched;
- a row is cut into tokens and each distinct token is decoded once, so Python's work follows the number of different
  escapes, not the number of rows.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote, unquote_to_bytes

import polars as pl

_BACKSLASH_TOKENS = (
    r"\\u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}"
    r"|\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8}|\\.|[^\\]+|\\"
)
_PERCENT_TOKENS = r"(?:%[0-9A-Fa-f]{2})+|[^%]+|%"
_PERCENT_ENCODED_TOKENS = r"[^A-Za-z0-9._~-]|[A-Za-z0-9._~-]+"
_SHORT_ESCAPES = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f", '"': '"', "'": "'", "\\": "\\"}


def decode_backslashes(text: pl.Series) -> pl.Series:
    """Decode N-Triples escapes (RDF 1.1 N-Triples, section 2.4); a row with an impossible escape becomes null.

    Args:
        text: strings, nulls allowed.
    """
    return _decode_rows(text, "\\", _BACKSLASH_TOKENS, _decode_backslash_token)


def decode_percent(text: pl.Series) -> pl.Series:
    """Decode percent-encoding where it spells UTF-8; other sequences stay as they are.

    Args:
        text: strings, nulls allowed.
    """
    return _decode_rows(text, "%", _PERCENT_TOKENS, _decode_percent_token)


def encode_percent(text: pl.Series) -> pl.Series:
    """Percent-encode everything but RFC 3986's unreserved characters.

    Args:
        text: strings, nulls allowed.
    """
    return _decode_rows(text, None, _PERCENT_ENCODED_TOKENS, lambda token: quote(token, safe=""))


def _decode_rows(
    text: pl.Series, marker: str | None, token_pattern: str, decode: Callable[[str], str | None]
) -> pl.Series:
    frame = text.alias("text").to_frame()
    touched = pl.col("text").str.contains(marker, literal=True) if marker else pl.col("text").str.len_bytes() > 0
    rows = frame.with_row_index("row").filter(touched)
    if rows.is_empty():
        return text
    tokens = rows.select("row", token=pl.col("text").str.extract_all(token_pattern)).explode("token")
    distinct = tokens["token"].unique()
    meaning = pl.DataFrame(
        {"token": distinct, "decoded": [decode(token) for token in distinct.to_list()]},
        schema={"token": pl.String, "decoded": pl.String},
    )
    decoded = (
        tokens.join(meaning, on="token", how="left", maintain_order="left")
        .group_by("row", maintain_order=True)
        .agg(pl.col("decoded").str.join("", ignore_nulls=False))
    )
    merged = frame.with_row_index("row").join(
        decoded.with_columns(touched=True), on="row", how="left", maintain_order="left"
    )
    return merged.select(pl.when(pl.col("touched")).then("decoded").otherwise("text").alias(text.name)).to_series()


def _decode_backslash_token(token: str) -> str | None:
    if not token.startswith("\\"):
        return token
    if len(token) == 12:
        return token.encode("ascii").decode("unicode-escape").encode("utf-16", "surrogatepass").decode("utf-16")
    if token[1:2] in ("u", "U") and len(token) > 2:
        point = int(token[2:], 16)
        return chr(point) if point < 0xD800 or 0xE000 <= point < 0x110000 else None
    return _SHORT_ESCAPES.get(token[1:])


def _decode_percent_token(token: str) -> str:
    try:
        return unquote_to_bytes(token).decode("utf-8")
    except UnicodeDecodeError:
        return token
