"""Tables of cells that commas or tabs separate, scanned by polars; where it refuses one, what is wrong and where.

Notable here:
- where tabs separate and every line has as many cells as the header, quotation marks are text: most writers of such
  files quote nothing, and a text may begin with one; a cell that is quoted as a whole is freed all the same;
- in all other tables they quote: such cells may hold separators and line ends;
- a table is read in blocks, so memory does not grow with it; what is wrong is looked for only where polars refuses it;
- bzip2 and such zstd as polars does not read are unpacked in memory.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from kgprep.compression import compression_of
from kgprep.errors import KgprepError
from kgprep.utf8 import utf8_blocks

TAB = "\t"
SEPARATORS = {".csv": ",", ".tsv": TAB, ".tab": TAB}
"""By the suffixes of files."""
_BLOCK_BYTES = 8 * 2**20
_START_BYTES = 2**16
_UNPACKED_BY_POLARS = (None, "gzip", "zstd")
_QUOTED = r'^"(?:[^"]|"")*"$'
_LONGEST_CELL = 2**24
"""Characters; a longer cell begins with a quotation mark that nothing closes."""


@dataclass(frozen=True)
class SeparatedTable:
    """A file of separated cells, plain or compressed, of which it is known whether quotation marks quote."""

    path: Path
    separator: str
    quote: str | None
    content: bytes | None
    """What the file holds, where polars cannot unpack it."""

    @property
    def advice(self) -> str:
        """What mends a row that has more cells than the header."""
        return f"quote cells that hold {'tabs' if self.separator == TAB else 'commas'}"

    def scan(self) -> pl.LazyFrame:
        """Return all cells as strings, lazily; what a row has beyond the header is cut off."""
        return self._scan(truncate=True)

    def rows_too_long(self) -> dict[int, int]:
        """Return the rows that have more cells than the header, empty ones aside, from 0, and the line of each."""
        if self.quote is None:
            return {}
        try:
            # Only a scan of all columns finds such rows.
            self._scan(truncate=False).select(pl.all().null_count()).collect(engine="streaming")
        except pl.exceptions.ComputeError as error:
            if "more fields" not in str(error):
                raise
        else:
            return {}
        # Polars tells that there is one, not which.
        rows = _rows(self, 2**31 - 1)
        width = next(len(row) for _, row in rows if row)
        return {number: line for number, (line, row) in enumerate(rows) if any(row[width:])}

    def refused(self, error: Exception) -> KgprepError:
        """Return the sentence that says why polars cannot read the table, and in which line where that can be told."""
        if isinstance(error, pl.exceptions.NoDataError):
            return KgprepError(f"{self.path} is empty: give it a header and one row a line")
        _check_encoding(self.path)
        line = _misquoted_line(self)
        if line is None:
            return unreadable(self.path, error)
        return KgprepError(
            f"{self.path}:{line}: the row has a quotation mark too many or too few: "
            "quote the whole cell, and double the quotation marks inside it"
        )

    def _scan(self, truncate: bool) -> pl.LazyFrame:
        return _scan(self.path if self.content is None else self.content, self.separator, self.quote, truncate)


def unreadable(path: Path, error: Exception) -> KgprepError:
    """Return the sentence for a table that a library cannot read."""
    reason = str(error).splitlines()[0].rstrip(".:") if str(error) else "it is damaged"
    return KgprepError(f"{path} cannot be read as a table ({reason}): check or fetch it again")


def open_separated(path: Path, separator: str) -> SeparatedTable:
    """Find out whether the quotation marks of a file that exists quote.

    Args:
        path: of the file, plain or compressed with gzip, bzip2 or zstd.
        separator: between cells.

    Raises:
        KgprepError: the file cannot be read, is cut short, damaged, or not UTF-8.
    """
    # A table in another encoding has no separators that could be looked for.
    next(utf8_blocks(path, _START_BYTES), None)
    content = None if compression_of(path) in _UNPACKED_BY_POLARS else b"".join(_blocks(path))
    quote = _quote_mark(_blocks(path) if content is None else [content], separator)
    return SeparatedTable(path, separator, quote, content)


def column_names(path: Path, separator: str) -> tuple[str, ...]:
    """Return the names in the header of a file that exists; arguments and errors as in `open_separated`.

    Raises:
        KgprepError: the file cannot be read, is empty, or not UTF-8.
    """
    _, start = next(utf8_blocks(path, _START_BYTES), (1, b""))
    quote = _quote_mark([start], separator)
    try:
        return tuple(_scan(start, separator, quote, truncate=True).collect_schema().names())
    except pl.exceptions.PolarsError as error:
        raise SeparatedTable(path, separator, quote, start).refused(error) from error


def _blocks(path: Path) -> Iterator[bytes]:
    return (block for _, block in utf8_blocks(path, _BLOCK_BYTES))


def _check_encoding(path: Path) -> None:
    for _ in _blocks(path):
        pass


def _quote_mark(blocks: Iterable[bytes], separator: str) -> str | None:
    """Return the quotation mark of a table; None where it is text."""
    if separator != TAB:
        return '"'
    widths: set[int] = set()
    for block in blocks:
        widths.update(_widths(block))
        if len(widths) > 1:
            return '"'
    return None


def _widths(block: bytes) -> pl.Series:
    """Return the distinct numbers of tabs in the lines that are not blank."""
    line = pl.col("line")
    lines = pl.read_lines(block, glob=False).filter(line.str.strip_chars("\r") != "")
    return lines.select(line.str.count_matches(TAB, literal=True)).to_series().unique()


def _scan(source: Path | bytes, separator: str, quote: str | None, truncate: bool) -> pl.LazyFrame:
    if quote is not None:
        return pl.scan_csv(source, glob=False, separator=separator, infer_schema=False, truncate_ragged_lines=truncate)
    as_written = pl.scan_csv(
        source,
        glob=False,
        separator=separator,
        quote_char=None,
        infer_schema=False,
        with_column_names=_freed_names,
    )
    return as_written.with_columns(_freed(pl.all()))


def _freed(cell: pl.Expr) -> pl.Expr:
    """Return a cell without the quotation marks around it, those inside it once, if it is quoted as a whole."""
    inner = cell.str.strip_prefix('"').str.strip_suffix('"').str.replace_all('""', '"', literal=True)
    return pl.when(cell.str.contains(_QUOTED)).then(inner).otherwise(cell)


def _freed_names(names: list[str]) -> list[str]:
    """Free the names of a header, unless two would be one."""
    freed = pl.DataFrame({"name": names}).select(_freed(pl.col("name"))).to_series()
    return names if freed.is_duplicated().any() else freed.to_list()


def _rows(table: SeparatedTable, longest_cell: int, strict: bool = False) -> Iterator[tuple[int, list[str]]]:
    """Yield the line where a row ends, from 1, and its cells."""
    blocks = _blocks(table.path) if table.content is None else [table.content]
    lines = (line.decode().replace("\r", "") for block in blocks for line in io.BytesIO(block))
    csv.field_size_limit(longest_cell)
    rows = csv.reader(lines, delimiter=table.separator, strict=strict)
    yield from ((rows.line_num, row) for row in rows)


def _misquoted_line(table: SeparatedTable) -> int | None:
    """Return the line where the first row begins whose quotation marks do not fit."""
    if table.quote is None:
        return None
    beginning = 1
    try:
        for line, _ in _rows(table, _LONGEST_CELL, strict=True):
            beginning = line + 1
    except csv.Error:
        return beginning
    return None
