"""Reviews collected from a site that permits it, written as a corpus that align-reviews reads.

Notable here:
- local corpora are the first-class source; the sites known here forbid automated access without their consent, so the
  user must say that it was given;
- an item's pages follow from one another: each names the next, until the limit is reached;
- pages are kept as they come, so a run that was stopped goes on without fetching anything twice;
- what was collected before a stop, by the site, Ctrl-C or SIGTERM, is written, unless the file there holds more.
"""

from __future__ import annotations

import re
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from kgprep.artifacts import ITEMS, read_table, write_beside
from kgprep.commit import finish_commit
from kgprep.counts import Count
from kgprep.errors import KgprepError
from kgprep.progress import console, progress
from kgprep.reviews.polite import Clock, HostStoppedError, PoliteSession
from kgprep.reviews.records import RAW
from kgprep.reviews.refusal import forbids_automation
from kgprep.reviews.sites.site import SITES, Site

LOCAL_CORPORA = (
    "use a local corpus instead: kgprep align-reviews --reviews FORM:PATH with FORM one of imdb, spoiler, aclimdb,"
    " douban, dmsc, table or pages"
)
_CONTACT = re.compile(r"(?:mailto:)?[\x21-\x7e]+@[\x21-\x7e]+\.[\x21-\x7e]+|https?://[\x21-\x7e]+")
_OUTCOMES_FIRST = ("fetched", "from cache", "retried", "forbidden by robots")
_REFUSALS_SHOWN = 3


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
    timeout: float = Field(default=60.0, gt=0)
    """Seconds to wait for an answer."""


@dataclass(frozen=True)
class CollectSummary:
    """The corpus written, and how often each outcome came."""

    out: Path
    counts: tuple[Count, ...]


@dataclass
class _Collection:
    """What a run has collected so far."""

    site: Site
    session: PoliteSession
    limit: int
    base_url: str | None
    frames: list[pl.DataFrame] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    refusals: list[str] = field(default_factory=list)

    @property
    def reviews(self) -> int:
        """How many reviews were collected."""
        return sum(frame.height for frame in self.frames)

    @property
    def is_vain(self) -> bool:
        """Whether no review could be read, though there were pages."""
        return bool(self.refusals) and not self.reviews

    def collect(self, item: str) -> None:
        """Collect the reviews of one item; a page whose layout is unknown ends it and is remembered."""
        before = self.reviews
        try:
            for records in self._new_records(item):
                self.frames.append(records)
        except HostStoppedError:
            raise
        except KgprepError as error:
            self.outcomes["of unknown layout"] += 1
            self.refusals.append(str(error))
            if len(self.refusals) <= _REFUSALS_SHOWN:
                console.print(f"  {error}", markup=False)
        finally:
            self.outcomes["items with reviews"] += self.reviews > before

    def _new_records(self, item: str) -> Iterator[pl.DataFrame]:
        """Yield, page by page, the records that no earlier page of the item has, up to the limit."""
        seen = pl.DataFrame(schema=RAW)
        stated = textless = 0
        for records, total in self._pages(item):
            stated = max(stated, total or 0)
            written = records.filter(pl.col("text").is_not_null())
            textless += records.height - written.height
            fresh = _unseen(_named_alike(written, seen), seen).head(self.limit - seen.height)
            yield fresh
            seen = pl.concat([seen, fresh])
            # A page with nothing new would lead round in a circle; one of comments without words may lead on.
            is_wordless = records.height > 0 and not written.height
            if seen.height >= self.limit or not (fresh.height or is_wordless):
                break
        self.outcomes["reviews without a text left out"] += textless
        self.outcomes["items with fewer reviews than their site speaks of"] += seen.height + textless < min(
            self.limit, stated
        )

    def _pages(self, item: str) -> Iterator[tuple[pl.DataFrame, int | None]]:
        """Yield the records of an item's pages, and how many reviews the page says there are."""
        address: str | None = self.site.first_page(item)
        visited: set[str] = set()
        while address is not None and address not in visited:
            visited.add(address)
            page = self.session.fetch(_at(self.base_url, address), self.site.has_reviews)
            if page is None:
                return
            yield self.site.parse(page, address), self.site.stated_total(page)
            address = self.site.next_page(page, address)


def collect_reviews(site: str, config: CollectConfig, clock: Clock | None = None) -> CollectSummary:
    """Collect reviews of items from a site and write them to `config.out`.

    Args:
        site: a key of `SITES`.
        config: the items, the output, the contact.
        clock: for tests.

    Raises:
        KgprepError: the permission or the contact is missing, there are no items, the output is a folder, no page could
            be read, or the site, Ctrl-C or SIGTERM stopped the collection; what was collected until then is
            written, unless `config.out` holds more.
    """
    if site not in SITES:
        raise KgprepError(f"there is no site {site}: choose one of {', '.join(SITES)}")
    if config.out.is_dir():
        raise KgprepError(f"cannot write {config.out}: it is a folder, give the name of a file to --out")
    chosen = SITES[site]
    base_url = _checked(config.base_url)
    contact = _permitted_contact(chosen, base_url or chosen.host, config)
    items = _items(site, chosen, config)
    _announce(chosen, base_url or chosen.host, items, config)
    session = PoliteSession(
        contact,
        pages_kept(config.out),
        config.pause,
        config.timeout,
        chosen.language,
        config.i_have_permission,
        clock or Clock(),
    )
    with session, _sigterm_as_ctrl_c():
        collection = _Collection(chosen, session, config.limit, base_url)
        stopped: HostStoppedError | KeyboardInterrupt | None = None
        succeeded = False
        try:
            with progress(f"collecting from {urlsplit(base_url or chosen.host).netloc}", len(items)) as bar:
                for item in items:
                    collection.collect(item)
                    bar.advance()
            succeeded = not collection.is_vain
        except (HostStoppedError, KeyboardInterrupt) as error:
            stopped = error
        finally:
            summary = _write(collection, len(items), config.out, succeeded)
    _raise_if_vain(collection, stopped, config.out)
    return summary


@contextmanager
def _sigterm_as_ctrl_c() -> Iterator[None]:
    """Let SIGTERM stop the block as Ctrl-C does, where it is in the main thread: no other may set handlers."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _interrupt_once)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt_once(number: int, frame: FrameType | None) -> None:
    # `timeout` sends two: the second must not disturb the writing of what was collected.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def pages_kept(out: Path) -> Path:
    """Where the pages are kept that a corpus is collected from; they hold the names of reviewers."""
    return out.with_name(out.name + ".pages.sqlite")


def _checked(base_url: str | None) -> str | None:
    if base_url is None:
        return None
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise KgprepError(f"--base-url {base_url} is no web address: write it as http://HOST or https://HOST")
    return base_url.rstrip("/")


def _permitted_contact(site: Site, base_url: str, config: CollectConfig) -> str:
    if forbids_automation(base_url) and not config.i_have_permission:
        raise KgprepError(
            f"{site.host} forbids automated access without its permission (see {site.terms}): "
            f"{LOCAL_CORPORA}; if you have its permission, give --i-have-permission"
        )
    if not config.contact:
        raise KgprepError("a site must be able to reach whoever collects from it: give --contact ADDRESS")
    if not _CONTACT.fullmatch(config.contact):
        raise KgprepError(f"--contact {config.contact!r} reaches nobody: give a mail address or a web address")
    return config.contact


def _items(name: str, site: Site, config: CollectConfig) -> list[str]:
    if (config.items is None) == (config.workspace is None):
        raise KgprepError("collect-reviews needs either --items FILE or -w WS: give one of them")
    if config.workspace is not None:
        column = "imdb_id" if name == "imdb" else "item_id"
        finish_commit(config.workspace)
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
    try:
        return pl.Series(path.read_text(encoding="utf-8-sig").split(), dtype=pl.String)
    except OSError as error:
        raise KgprepError(f"{path} cannot be read ({error.strerror}): check the path given to --items") from error
    except UnicodeDecodeError as error:
        raise KgprepError(f"{path} is no text in UTF-8: give a file of ids, one a line, to --items") from error


def _announce(site: Site, base_url: str, items: list[str], config: CollectConfig) -> None:
    """Name the site's terms, and how long the collection takes at least, before the first request."""
    consent = " (--i-have-permission says that you have it)" if config.i_have_permission else ""
    console.print(
        f"  {site.name}: its terms, {site.terms}, forbid automated access without its consent{consent}", markup=False
    )
    least = len(items) * config.pause / 60
    console.print(
        f"  asking {urlsplit(base_url).netloc} for {len(items):,} items, one request every {config.pause:g} s or more: "
        f"at least {least:,.0f} minutes",
        markup=False,
    )


def _at(base_url: str | None, address: str) -> str:
    """Return an address of the site on the host that plays it."""
    if base_url is None:
        return address
    parts = urlsplit(address)
    return f"{base_url}{parts.path}{'?' + parts.query if parts.query else ''}"


def _named_alike(records: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """Let an item's first page name the film on pages that do not: only Douban's subject page has the IMDb id."""
    if not seen.height:
        return records
    first = seen.row(0, named=True)
    return records.with_columns(
        pl.coalesce(name, pl.lit(first[name], pl.String)).alias(name)
        for name in ("imdb_id", "douban_id", "film_title", "film_year")
    )


def _unseen(records: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    key = pl.coalesce("url", "text").alias("key")
    distinct = records.with_columns(key).unique("key", keep="first", maintain_order=True)
    return distinct.join(seen.select(key), on="key", how="anti", maintain_order="left").drop("key")


def _held(out: Path) -> int:
    """Return how many reviews, one a line, there are in a file."""
    if not out.is_file():
        return 0
    with out.open("rb") as lines:
        return sum(1 for _ in lines)


def _write(collection: _Collection, items: int, out: Path, succeeded: bool) -> CollectSummary:
    records = pl.concat([pl.DataFrame(schema=RAW), *collection.frames])
    held = 0 if succeeded else _held(out)
    if records.height < held:
        console.print(
            f"  {out} is left as it was, with {held:,} reviews: {records.height:,} were collected", markup=False
        )
    else:
        with write_beside(out) as partial:
            records.write_ndjson(partial)
    outcomes = collection.session.outcomes.copy()
    outcomes["of unknown layout"] = collection.outcomes["of unknown layout"]
    order = [*_OUTCOMES_FIRST, *sorted(outcomes.keys() - set(_OUTCOMES_FIRST))]
    counts = [Count(f"pages {outcome}", outcomes[outcome]) for outcome in order if outcomes[outcome]]
    line = ", ".join(f"{count.what.removeprefix('pages ')} {count.kept:,}" for count in counts)
    console.print(f"  pages: {line or 'none'}", markup=False)
    counts.append(Count("items with reviews", collection.outcomes["items with reviews"], items))
    counts.append(Count("reviews collected", records.height))
    others = ("items with fewer reviews than their site speaks of", "reviews without a text left out")
    counts += [Count(other, collection.outcomes[other]) for other in others if collection.outcomes[other]]
    for count in counts:
        if not count.what.startswith("pages "):
            console.print(f"  {count}", markup=False)
    return CollectSummary(out, tuple(counts))


def _raise_if_vain(collection: _Collection, stopped: HostStoppedError | KeyboardInterrupt | None, out: Path) -> None:
    there = f"{_held(out):,} reviews are in {out}, and the same command goes on"
    if isinstance(stopped, KeyboardInterrupt):
        raise KgprepError(f"the collection was stopped: {there}") from stopped
    if stopped is not None:
        raise KgprepError(f"{stopped}: the collection stops here, {there}; {LOCAL_CORPORA}") from stopped
    if collection.is_vain:
        raise KgprepError(f"no review could be read, {collection.refusals[0]}; {LOCAL_CORPORA}")
