"""The step of a recipe that collects reviews from a site, or from saved pages that play the site on loopback.

Notable here: the pages that collection keeps are deleted once all of them are read, because they hold whole pages with
reviewers' names; a run that was stopped finds them and goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from kgprep.reviews.collect import CollectConfig, collect_reviews, pages_kept
from kgprep.reviews.corpora import collected_corpus
from kgprep.reviews.pages import page_files
from kgprep.reviews.served_pages import serve_pages
from kgprep.stage import Stage


class CollectStep(BaseModel):
    """Where a recipe collects reviews, of which items, and as whom."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    site: str
    """imdb, douban or douban-mobile."""
    items: Path
    """Text file of title or subject ids, one a line."""
    pages: Path | None = None
    """Folder of saved pages that play the site; without it the site itself is asked."""
    limit: int = Field(default=25, ge=1)
    """Reviews an item at most."""
    contact: str | None = None
    """Mail or web address, sent with each request so that the site can complain."""
    i_have_permission: bool = False
    """Whether the site's consent to automated access was given."""


def collect_run(workspace: Path, step: CollectStep) -> None:
    """Collect the reviews that a recipe asks for, write them to `workspace` and record that in bundle.json.

    Raises:
        KgprepError: as in `collect_reviews`.
    """
    with Stage("collect-reviews", workspace, step.model_dump(mode="json")) as stage, _host(stage, step) as base_url:
        config = CollectConfig(
            items=stage.source(step.items),
            out=collected_corpus(workspace, step.site),
            limit=step.limit,
            contact=step.contact,
            i_have_permission=step.i_have_permission,
            base_url=base_url,
        )
        stage.counts += collect_reviews(step.site, config).counts
        stage.output(config.out)
        pages_kept(config.out).unlink()


@contextmanager
def _host(stage: Stage, step: CollectStep) -> Iterator[str | None]:
    if step.pages is None:
        yield None
        return
    for page in page_files(step.pages):
        stage.source(page)
    with serve_pages(step.pages) as base_url:
        yield base_url
