"""Pages that were fetched, in a SQLite file (requests-cache), so that nothing is fetched twice.

Notable here:
- each page is committed, and synchronised with the disk, before the next is asked for;
- kept are whole pages, redirects, and the answers that a page is refused or gone; never a challenge or a passing error;
- bodies are kept as JSON text: reading the file runs no code of whoever wrote it;
- how long a host asked to be left alone is kept too, and holds for the next run.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests
from requests_cache.backends.sqlite import SQLiteCache, SQLiteDict
from requests_cache.models.response import CachedResponse

from kgprep.errors import KgprepError

_FOR_EVER = (200,)
_FOR_A_DAY = (301, 302, 303, 307, 308, 403, 404, 410)
_DAY = timedelta(days=1)


class PageStore:
    """The pages of one collection.

    Args:
        path: SQLite file, made where it is not there.

    Raises:
        KgprepError: it cannot be written, or is another kind of file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._one_sentence():
            path.parent.mkdir(parents=True, exist_ok=True)
            # requests-cache would wait for ever for a file that cannot be written.
            path.open("ab").close()
            self._open = ExitStack()
            self._cache = self._open.enter_context(closing(SQLiteCache(str(path), serializer="json")))
            self._rests = self._open.enter_context(closing(SQLiteDict(str(path), table_name="rests", serializer=None)))

    def close(self) -> None:
        """Close the file."""
        self._open.close()

    def get(self, url: str) -> CachedResponse | None:
        """Return the answer kept for an address."""
        with self._one_sentence():
            answer = self._cache.get_response(self._key(url))
        return None if answer is None or answer.is_expired else answer

    def keep(self, url: str, answer: CachedResponse, longest: timedelta | None = None) -> None:
        """Keep an answer if its status says that it will not change soon.

        Args:
            url: that was asked for.
            answer: to keep.
            longest: how long at most.
        """
        if answer.status_code not in (*_FOR_EVER, *_FOR_A_DAY):
            return
        lasts = longest or (_DAY if answer.status_code in _FOR_A_DAY else None)
        answer.expires = datetime.now(UTC) + lasts if lasts else None
        with self._one_sentence():
            self._cache.responses[self._key(url)] = answer
            if self._key(url) not in self._cache.responses:
                raise OSError(f"{self.path} did not take a page")

    def rest_until(self, host: str, when: float) -> None:
        """Remember that a host is to be left alone until `when` (seconds since 1970)."""
        with self._one_sentence():
            self._rests[host] = str(when)

    def seconds_of_rest(self, host: str) -> float:
        """Return for how many seconds a host is still to be left alone."""
        with self._one_sentence():
            return max(0.0, float(self._rests.get(host, 0.0)) - time.time())

    def _key(self, url: str) -> str:
        return str(self._cache.create_key(requests.Request("GET", url)))

    @contextmanager
    def _one_sentence(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise KgprepError(
                f"the fetched pages cannot be kept in {self.path} ({error}): free some space, choose another --out, "
                "or delete that file"
            ) from error
