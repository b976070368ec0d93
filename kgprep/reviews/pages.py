"""A folder of saved pages, HTML or JSON, as a corpus.

Notable here: the site is told from the page itself; a page that does not name its film may be called after it
(``tt0133093.html``, of Douban ``1291843.html``, or lie in a folder of that name); a page of unknown layout is counted
and shown.
"""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from kgprep.counts import PLACES_SHOWN, Count
from kgprep.errors import KgprepError
from kgprep.reviews.records import RAW, ReviewCorpus, finish
from kgprep.reviews.sites import douban, imdb

SUFFIXES = (".html", ".htm", ".json")


def read_pages(folder: Path) -> ReviewCorpus:
    """Read every page of `folder` and its subfolders; errors as in `corpora.read_batches`."""
    paths = page_files(folder)
    if not paths:
        raise KgprepError(f"{folder} holds no page ({', '.join(SUFFIXES)}): give a folder of saved pages")
    frames: list[pl.DataFrame] = []
    refused: list[str] = []
    for path in paths:
        try:
            frames.append(_named_by_path(parse_saved_page(path), path))
        except KgprepError as error:
            refused.append(f"{path}: skipped, {error}")
    if not frames:
        raise KgprepError(f"{folder} holds no page of a known layout ({refused[0]})")
    corpus = finish(pl.concat(frames), 10, folder.name)
    counts = (Count(f"pages read from {folder.name}", len(frames), len(paths)), *corpus.counts)
    return ReviewCorpus(corpus.frame, counts, tuple(refused[:PLACES_SHOWN]))


def page_files(folder: Path) -> tuple[Path, ...]:
    """Return the pages of `folder` and its subfolders, sorted."""
    return tuple(sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES))


def parse_saved_page(path: Path) -> pl.DataFrame:
    """Parse one saved page by the site it comes from.

    Raises:
        KgprepError: the site or the layout is unknown, or the file cannot be read.
    """
    try:
        page = path.read_bytes()
    except OSError as error:
        raise KgprepError(f"{path} cannot be read ({error.strerror}): check the file") from error
    sites = ((imdb.is_page, imdb.parse_reviews), (douban.is_page, douban.parse_reviews))
    refusals: list[KgprepError] = []
    for parse in (parse for is_page, parse in sites if is_page(page)):
        try:
            return parse(page)
        except KgprepError as error:  # a page may speak of the other site
            refusals.append(error)
    raise refusals[0] if refusals else KgprepError("no mark of imdb.com or douban.com was found in it")


def _named_by_path(records: pl.DataFrame, path: Path) -> pl.DataFrame:
    title = re.search(r"(?<![a-z\d])(tt\d{7,9})(?!\d)", f"{path.parent.name}/{path.stem}")
    # Only a whole name counts, and only for Douban's pages: other numbers are dates of saving, and other sites' ids.
    subjects = [name for name in (path.stem, path.parent.name) if re.fullmatch(r"[0-9]{7,9}", name)]
    subject = subjects[0] if subjects and not title else None
    return records.with_columns(
        imdb_id=pl.coalesce("imdb_id", pl.lit(title.group(1) if title else None, pl.String)),
        douban_id=pl.coalesce("douban_id", pl.when(pl.col("source") == "douban.com").then(pl.lit(subject, pl.String))),
    ).select(*RAW)
