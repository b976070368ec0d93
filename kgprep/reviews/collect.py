"""Reviews collected from a site that permits it, written as a corpus that align-reviews reads.

Notable here:
- local corpora are the first-class source; the sites known here forbid automated access without their consent, so the
  user must say that it was given;
- a site is a page address per item, a parser and a host, and the host can be another one (tests use a loopback server);
- pages are cached as they come, so a run that was stopped goes on without fetching anything twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from kgprep.artifacts import ITEMS, read_table, write_beside
from kgprep.errors import KgprepError
from kgprep.provenance import Count, console, progress
from kgprep.reviews.polite import HostStoppedError, PoliteSession
from kgprep.reviews.records import RAW
from kgprep.reviews.sites import douban, imdb

LOCAL_CORPORA = (
    "use a local corpus instead: kgprep align-reviews --reviews imdb:FILE, aclimdb:FOLDER, douban:FILE or pages:FOLDER"
)


@dataclass(frozen=True)
class Site:
    """A site: its host, its terms, the pattern of its ids, the path of an item's n-th page, and its parser."""

    host: str
    terms: str
    id_pattern: str
    path: Callable[[str, int], str]
    parse: Callable[[bytes, str], pl.DataFrame]
    page_size: int | None


SITES = {
    "imdb": Site(
        imdb.HOST,
        "https://www.imdb.com/conditions",
        r"^tt\d{7,9}$",
        lambda item, page: f"/title/{item}/reviews/",
        imdb.parse_reviews,
        None,
    ),
    "douban": Site(
        douban.HOST,
        "https://www.douban.com/about/agreement",
        r"^\d{5,9}$",
        lambda item, page: f"/subject/{item}/comments?start={20 * page}&limit=20&status=P&sort=new_score",
        douban.parse_reviews,
        20,
    ),
}


FORBIDDING = (".imdb.com", ".douban.com")
"""Domains whose terms forbid automated access, under any of their names."""


class CollectConfig(BaseModel):
    """What to collect, and as whom."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    items: Path | None = None
    """Text file of title or subject ids, one a line."""
    workspace: Path | None = None
    """Take the ids of this bundle's items instead."""
    out: Path
    """JSON Lines to write."""
    limit: int = Field(default=25, ge=1)
    """Reviews an item at most."""
    contact: str | None = None
    """Mail or web address, sent with each request so that the site can complain."""
    i_have_permission: bool = False
    """Whether the site's consent to automated access was given."""
    base_url: str | None = None
    """Another host that plays the site, such as a mirror or a test server."""
    pause: float = Field(default=1.0, ge=1.0)
    """Seconds between two requests, at least; robots.txt may ask for more."""


@dataclass(frozen=True)
class CollectSummary:
    """The corpus written, and how often each outcome came."""

    out: Path
    counts: tuple[Count, ...]


def collect_reviews(site: str, config: CollectConfig) -> CollectSummary:
    """Collect reviews of items from a site and write them to `config.out`.

    Args:
        site: a key of `SITES`.
        config: the items, the output, the contact.

    Raises:
        KgprepError: the permission or the contact is missing, there are no items, or the site stopped the collection;
            what was collected until then is written.
    """
    if site not in SITES:
        raise KgprepError(f"there is no site {site}: choose one of {', '.join(SITES)}")
    chosen = SITES[site]
    base_url = config.base_url or chosen.host
    contact = _permitted_contact(chosen, base_url, config)
    items = _items(site, chosen, config)
    session = PoliteSession(base_url, contact, config.out.with_name(config.out.name + ".pages.sqlite"), config.pause)
    frames = [pl.DataFrame(schema=RAW)]
    stopped: HostStoppedError | None = None
    try:
        with progress(f"collecting from {urlsplit(base_url).netloc}", len(items)) as bar:
            for item in items:
                frames.append(_collect_item(chosen, session, item, config.limit))
                bar.advance()
    except HostStoppedError as error:
        stopped = error
    finally:
        session.close()
    return _finish(pl.concat(frames), session, stopped, config.out)


def _permitted_contact(site: Site, base_url: str, config: CollectConfig) -> str:
    host = "." + (urlsplit(base_url).hostname or "").rstrip(".")
    if host.endswith(FORBIDDING) and not config.i_have_permission:
        raise KgprepError(
            f"{site.host} forbids automated access without its permission (see {site.terms}): "
            f"{LOCAL_CORPORA}; if you have its permission, give --i-have-permission"
        )
    if not config.contact:
        raise KgprepError("a site must be able to reach whoever collects from it: give --contact ADDRESS")
    return config.contact


def _items(name: str, site: Site, config: CollectConfig) -> list[str]:
    if (config.items is None) == (config.workspace is None):
        raise KgprepError("collect-reviews needs either --items FILE or -w WS: give one of them")
    if config.workspace is not None:
        column = "imdb_id" if name == "imdb" else "item_id"
        known = read_table(config.workspace, ITEMS)[column]
        where = str(config.workspace)
    else:
        assert config.items is not None
        known = _lines(config.items)
        where = str(config.items)
    ids = known.drop_nulls().str.strip_chars().unique(maintain_order=True)
    usable = ids.filter(ids.str.contains(site.id_pattern))
    if not usable.len():
        raise KgprepError(f"{where} names no item of {name}: give ids that match {site.id_pattern}, one a line")
    if usable.len() < ids.len():
        console.print(f"  {Count(f'items with an id of {name}', usable.len(), ids.len())}", markup=False)
    return usable.to_list()


def _lines(path: Path) -> pl.Series:
    if not path.is_file():
        raise KgprepError(f"{path} does not exist: check the path given to --items")
    return pl.Series(path.read_text(encoding="utf-8").split(), dtype=pl.String)


def _collect_item(site: Site, session: PoliteSession, item: str, limit: int) -> pl.DataFrame:
    pages: list[pl.DataFrame] = []
    while sum(page.height for page in pages) < limit:
        path = site.path(item, len(pages))
        content = session.fetch(path)
        if content is None:
            break
        try:
            records = site.parse(content, f"{site.host}{path}")
        except KgprepError as error:
            session.outcomes["of unknown layout"] += 1
            console.print(f"  {error}", markup=False)
            break
        pages.append(records)
        if site.page_size is None or records.height < site.page_size:
            break
    return pl.concat(pages).head(limit) if pages else pl.DataFrame(schema=RAW)


def _finish(
    records: pl.DataFrame, session: PoliteSession, stopped: HostStoppedError | None, out: Path
) -> CollectSummary:
    with write_beside(out) as partial:
        records.write_ndjson(partial)
    outcomes = [Count(f"pages {outcome}", number) for outcome, number in sorted(session.outcomes.items()) if number]
    counts = (*outcomes, Count("reviews collected", records.height))
    for count in counts:
        console.print(f"  {count}", markup=False)
    if stopped is not None:
        raise KgprepError(
            f"{stopped}: the collection stops here, {records.height} reviews are in {out}; {LOCAL_CORPORA}"
        ) from stopped
    return CollectSummary(out, counts)
