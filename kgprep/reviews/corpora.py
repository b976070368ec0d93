"""Review corpora: one reader a form, one shape for all of them (see `records`).

Notable here: `read_reviews` is the whole surface; a form is a function of a path.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kgprep.errors import KgprepError
from kgprep.reviews.acl_imdb import read_acl_imdb
from kgprep.reviews.json_lines import films_beside, read_douban, read_imdb
from kgprep.reviews.pages import page_files, read_pages
from kgprep.reviews.records import ReviewCorpus

__all__ = ["FORMS", "ReviewCorpus", "corpus_files", "read_reviews", "split_form"]

FORMS: dict[str, Callable[[Path], ReviewCorpus]] = {
    "imdb": read_imdb,
    "aclimdb": read_acl_imdb,
    "douban": read_douban,
    "pages": read_pages,
}


def split_form(spec: str) -> tuple[str, Path]:
    """Split ``FORM:PATH``.

    Raises:
        KgprepError: there is no such form, or no path.
    """
    form, _, path = spec.partition(":")
    if form not in FORMS or not path:
        raise KgprepError(f"--reviews {spec}: write FORM:PATH with FORM one of {', '.join(FORMS)}")
    return form, Path(path)


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
        return tuple(sorted(path.rglob("urls_*.txt")))
    films = films_beside(path) if form == "douban" else None
    return (path, films) if films else (path,)


def read_reviews(form: str, path: Path) -> ReviewCorpus:
    """Read a corpus of reviews.

    Args:
        form: one of `FORMS`.
        path: the corpus; a folder for aclimdb and pages, else a file of JSON Lines, gzipped or not.

    Returns:
        source str, imdb_id str?, douban_id str?, film_title str?, film_year i16?, lang str, title str?,
        rating f32? in (0, 1], helpful f32? in [0, 1], date?, url str?, text str; in the order of the source.

    Raises:
        KgprepError: the form is unknown, the path is missing or unreadable, or nothing in it is usable.
    """
    if form not in FORMS:
        raise KgprepError(f"there is no form {form} of reviews: choose one of {', '.join(FORMS)}")
    if not path.exists():
        raise KgprepError(f"{path} does not exist: check the path given to --reviews")
    return FORMS[form](path)
