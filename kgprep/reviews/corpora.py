"""Review corpora: one reader a form, one shape for all of them (see `records`).

Notable here:
- a form is an entry of `FORMS`; without a name it is told from the folder's or the first line's look;
- a reader yields batches, so `read_batches` works in the memory of one; `gathered.gather_reviews` drops duplicates;
- a table needs a column map, and a column map makes a file that is named without a form a table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl

from kgprep.compression import bare_suffix
from kgprep.dialogues.lines import JSON_LINES
from kgprep.errors import KgprepError
from kgprep.reviews.acl_imdb import acl_imdb_root, is_acl_imdb, read_acl_imdb
from kgprep.reviews.column_map import ColumnMap, parse_column_map
from kgprep.reviews.json_lines import (
    IMDB_KEYS,
    films_beside,
    first_keys,
    read_douban,
    read_imdb,
    read_spoiler,
)
from kgprep.reviews.pages import page_files, read_pages
from kgprep.reviews.records import Tally, clean_records
from kgprep.reviews.tables import DMSC_COLUMNS, columns_of, read_dmsc, read_mapped

__all__ = [
    "FORMS",
    "CorpusSpec",
    "corpus_files",
    "corpus_spec",
    "corpus_specs",
    "read_batches",
    "recognise",
    "split_form",
]

Reader = Callable[[Path, Tally], Iterator[pl.DataFrame]]


@dataclass(frozen=True)
class Form:
    """How a form is read: its reader of `RAW` batches, its highest rating and its usual language."""

    read: Reader
    best_rating: float
    usual_language: str


def _no_map(path: Path, tally: Tally) -> Iterator[pl.DataFrame]:
    raise KgprepError(f"{path}: {_MAP_WANTED}, its columns are {', '.join(columns_of(path))}")


_MAP_WANTED = "tell which column holds what with --map, such as --map text=review,imdb_id=tt,rating=stars/10"
FORMS: dict[str, Form | None] = {
    "imdb": Form(read_imdb, 10, "en"),
    "spoiler": Form(read_spoiler, 10, "en"),
    "aclimdb": Form(read_acl_imdb, 10, "en"),
    "douban": Form(read_douban, 5, "zh"),
    "dmsc": Form(read_dmsc, 5, "zh"),
    "table": Form(_no_map, 10, "en"),
    "pages": None,
}
"""Forms by name; saved pages are few and have a reader of their own shape."""

_FOLDER_FORMS = ("aclimdb", "pages")
_SPOILER_KEYS = {"is_spoiler", "review_text", "movie_id"}
_DOUBAN_KEYS = {"douban_id", "subject_id"}
_FILM_KEYS = {name.lower() for column in ("imdb_id", "film_title") for name in IMDB_KEYS[column]}
_TEXT_KEYS = set(IMDB_KEYS["text"])


@dataclass(frozen=True)
class CorpusSpec:
    """A corpus to read: its form, its path, and the column map of a table."""

    form: str
    path: Path
    column_map: ColumnMap | None = None


def split_form(spec: str) -> tuple[str, Path]:
    """Split ``FORM:PATH``; of a path alone the form is told by its look.

    Raises:
        KgprepError: there is no such form, no path, or the look tells no form.
    """
    form, colon, path = spec.partition(":")
    if colon and form in FORMS and path:
        return form, Path(path)
    if spec and form not in FORMS and Path(spec).exists():
        return recognise(Path(spec)), Path(spec)
    raise KgprepError(
        f"--reviews {spec}: write FORM:PATH with FORM one of {', '.join(FORMS)}, or the path of a corpus that exists"
    )


def corpus_specs(specs: Sequence[str], maps: Sequence[str]) -> list[CorpusSpec]:
    """Read what a user wrote, and give each table its column map: the only one there is, or its own.

    Raises:
        KgprepError: as in `corpus_spec`; or there are neither one map nor as many as tables.
    """
    tables = [spec for spec in specs if split_form(spec)[0] == "table"]
    if maps and not tables:
        tables = [spec for spec in specs if Path(spec).is_file()]
    if len(maps) not in ({0, 1, len(tables)} if tables else {0}):
        raise KgprepError(
            f"--map is given {len(maps)} times for {len(tables)} tables: give it once, or once for each table"
            " (write --reviews table:FILE where a file is to be read as one)"
        )
    of_tables = iter([*maps] * len(tables) if len(maps) == 1 else maps)
    return [corpus_spec(spec, next(of_tables, None) if spec in tables else None) for spec in specs]


def corpus_spec(spec: str, column_map: str | None = None) -> CorpusSpec:
    """Read what a user wrote: ``FORM:PATH`` or a path, and a column map, which makes a file a table.

    Raises:
        KgprepError: as in `split_form` and `parse_column_map`; or a column map is given to a form that needs none; or
            nothing is at the path.
    """
    given = parse_column_map(column_map) if column_map else None
    form, path = ("table", Path(spec)) if given and Path(spec).is_file() else split_form(spec)
    if given and form != "table":
        raise KgprepError(f"--map {given} is for tables, and {form}:{path} is none: write table:{path}")
    if not path.exists():
        raise KgprepError(f"{path} does not exist: check the path given to --reviews")
    return CorpusSpec(form, path, given)


def recognise(path: Path) -> str:
    """Tell the form of a corpus from what lies at `path`.

    Raises:
        KgprepError: nothing is there, or its look tells no form.
    """
    if not path.exists():
        raise KgprepError(f"{path} does not exist: check the path given to --reviews")
    if path.is_dir():
        return _recognise_folder(path)
    if bare_suffix(path) not in JSON_LINES:
        return "dmsc" if set(columns_of(path)) >= set(DMSC_COLUMNS.values()) else "table"
    keys = {key.strip().lower() for key in first_keys(path)}
    if keys >= _SPOILER_KEYS:
        return "spoiler"
    if keys & _TEXT_KEYS and keys & _DOUBAN_KEYS:
        return "douban"
    return "imdb" if keys & _TEXT_KEYS and keys & _FILM_KEYS else "table"


def _recognise_folder(folder: Path) -> str:
    if is_acl_imdb(folder):
        return "aclimdb"
    if page_files(folder):
        return "pages"
    raise KgprepError(f"{folder} is neither the aclImdb folder nor one of saved pages: name a file or write FORM:PATH")


def collected_corpus(workspace: Path, site: str) -> Path:
    """Where a recipe keeps what it has collected from a site."""
    return workspace / "collected" / f"{site}.jsonl"


def corpus_size(corpus: CorpusSpec) -> int:
    """Return how many bytes a corpus takes on disk, packed or not; 0 where there is none."""
    files = corpus.path.rglob("*") if corpus.form in _FOLDER_FORMS else [corpus.path]
    return sum(file.stat().st_size for file in files if file.is_file())


def corpus_files(form: str, path: Path) -> tuple[Path, ...]:
    """Return the files that reading `path` as `form` depends on, sorted; of aclImdb only the lists of its films.

    Raises:
        KgprepError: `path` does not exist.
    """
    if not path.exists():
        raise KgprepError(f"{path} does not exist: check the path given to --reviews")
    if form == "pages":
        return page_files(path)
    if form == "aclimdb":
        return tuple(sorted(acl_imdb_root(path).rglob("urls_*.txt")))
    films = films_beside(path) if form == "douban" else None
    return (path, films) if films else (path,)


def read_batches(spec: CorpusSpec, tally: Tally) -> Iterator[pl.DataFrame]:
    """Read a corpus in batches of the columns of `CLEAN`, in the order of the source.

    Args:
        spec: what to read.
        tally: what was read, kept and left out is added to it, batch by batch.

    Raises:
        KgprepError: the path is missing or unreadable, or nothing in it is usable.
    """
    if not spec.path.exists():
        raise KgprepError(f"{spec.path} does not exist: check the path given to --reviews")
    form = FORMS[spec.form]
    if form is None:
        yield _read_pages(spec.path, tally)
        return
    read, best_rating = form.read, form.best_rating
    if spec.column_map:
        read, best_rating = partial(_read_mapped, spec.column_map), spec.column_map.best_rating
    for raw in read(spec.path, tally):
        cleaned = clean_records(raw, best_rating, form.usual_language, tally)
        if cleaned.height:
            yield cleaned


def _read_mapped(column_map: ColumnMap, path: Path, tally: Tally) -> Iterator[pl.DataFrame]:
    return read_mapped(path, column_map, tally)


def _read_pages(path: Path, tally: Tally) -> pl.DataFrame:
    corpus = read_pages(path)
    tally.before.extend(corpus.counts)
    tally.notes.extend(corpus.notes)
    return corpus.frame
