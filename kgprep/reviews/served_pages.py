"""A folder of saved pages served on loopback under the addresses of their sites, so that collection can be shown.

Notable here:
- it answers as a site does: a robots.txt that allows everything, a page where one is saved, 404 for all else;
- a page is found by the id of its film in its name; pages of comments have ``comments`` in theirs.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from kgprep.reviews.pages import page_files

_ITEM = re.compile(r"/(?:title|subject|movie)/(tt\d+|\d+)(/comments)?(?:/|$)")
_ROBOTS = b"User-agent: *\nAllow: /\n"


@contextmanager
def serve_pages(folder: Path, port: int = 0) -> Iterator[str]:
    """Serve the saved pages of `folder` while the block runs, and yield the address of their host.

    Args:
        folder: saved pages, as `read_pages` reads them.
        port: of loopback; 0 for any that is free.
    """
    server = ThreadingHTTPServer(("127.0.0.1", port), _handler(page_files(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def find_page(pages: tuple[Path, ...], address: str) -> Path | None:
    """Return the saved page that a site has at an address; only the first page of a list of reviews is saved."""
    parts = urlsplit(address)
    item = _ITEM.search(parts.path)
    if item is None or re.search(r"start=[1-9]|paginationKey=", parts.query):
        return None
    named = [page for page in pages if re.search(rf"(?<![a-z\d]){item[1]}(?!\d)", page.stem)]
    return next((page for page in named if ("comments" in page.stem) == bool(item[2])), None)


def _handler(pages: tuple[Path, ...]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = find_page(pages, self.path)
            body = _ROBOTS if self.path == "/robots.txt" else page.read_bytes() if page else b""
            self.send_response(200 if body else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler
