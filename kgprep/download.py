"""One file over HTTP, resumed where the last attempt stopped.

Notable here:
- bytes go to NAME.part and the server's ETag (else Last-Modified) to NAME.part.version beside it;
- a download is resumed with Range and If-Range, and only when the server answers 206 from the very byte asked for;
  any other answer starts anew, so two versions of a file are never joined;
- bytes are stored as sent: a .gz that a server labels as an encoding stays a .gz.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import requests
from urllib3.exceptions import HTTPError

from kgprep import __version__
from kgprep.errors import KgprepError
from kgprep.progress import ProgressBar, progress

CHUNK_BYTES = 1 << 18
CONNECT_SECONDS, READ_SECONDS = 15, 60
RETRIED_STATUS = frozenset({408, 429, 500, 502, 503, 504})
MEBIBYTE = 2**20


class _Interrupted(Exception):
    """The transfer broke off; what came is kept and another attempt may go on from there."""


def part_path(target: Path) -> Path:
    """Where the bytes of `target` gather until they are complete."""
    return target.with_name(target.name + ".part")


def discard_part(target: Path) -> None:
    """Remove what an unfinished download of `target` left."""
    part_path(target).unlink(missing_ok=True)
    _version_path(target).unlink(missing_ok=True)


def download(url: str, target: Path, attempts: int = 4, pause: float = 2.0) -> Path:
    """Fetch `url` completely into the .part file of `target`, which the caller checks and renames.

    Args:
        url: http or https address.
        target: the file wanted; its folder is made if absent.
        attempts: how often to try, each going on from the last.
        pause: seconds before the second attempt, doubled before each further one.

    Returns:
        The path of the .part file.

    Raises:
        KgprepError: the server has no such file, cannot be reached, or breaks off every time.

    Source: RFC 9110, sections 13.1.5 (If-Range) and 14 (range requests).
    """
    _make_folder(target)
    with requests.Session() as session:
        session.headers.update({"User-Agent": f"kgprep/{__version__}", "Accept-Encoding": "identity"})
        for attempt in range(attempts):
            try:
                _transfer(session, url, target)
            except _Interrupted as error:
                reason = str(error)
                if attempt + 1 < attempts:
                    time.sleep(pause * 2**attempt)
            else:
                _version_path(target).unlink(missing_ok=True)
                return part_path(target)
    kept = f"; {_size(part_path(target)):,} bytes are kept" if part_path(target).exists() else ""
    raise KgprepError(
        f"{url} could not be fetched after {attempts} attempts ({reason}){kept}: run the command again to go on, "
        "or give local copies with --mirror"
    )


def _transfer(session: requests.Session, url: str, target: Path) -> None:
    """Make one attempt, going on from the .part file where its version is known.

    Raises:
        _Interrupted: worth another attempt.
        KgprepError: not worth one.
    """
    is_whole = False
    try:
        while not is_whole:
            is_whole = _transfer_range(session, url, target)
    # An address that no library can read, to which a server has led, is a ValueError.
    except (requests.RequestException, ValueError) as error:
        raise _Interrupted(_reason(error)) from error


def _transfer_range(session: requests.Session, url: str, target: Path) -> bool:
    """Fetch what a server gives at once; return whether that was the rest of the file."""
    start, headers = _resume_headers(target)
    with session.get(url, headers=headers, stream=True, timeout=(CONNECT_SECONDS, READ_SECONDS)) as response:
        _check_status(response, url, target)
        resumed = response.status_code == 206 and _starts_at(response, start)
        if response.status_code == 206 and not resumed:
            discard_part(target)
            raise _Interrupted("the server sent another range than asked for")
        _store(response, target, start if resumed else 0)
        return not resumed or _ends_at_last_byte(response, target, start)


def _ends_at_last_byte(response: requests.Response, target: Path, start: int) -> bool:
    """Tell whether a range led to the end of the file; a server may give less than was asked for."""
    total = response.headers["Content-Range"].rpartition("/")[2]
    size = _size(part_path(target))
    if not total.isdecimal() or size >= int(total):
        return True
    if size == start:
        raise _Interrupted(f"the server sent none of the bytes after {start:,} of {int(total):,}")
    return False


def _resume_headers(target: Path) -> tuple[int, dict[str, str]]:
    """Return the byte to go on from and the headers that ask for it; 0 and none to start anew."""
    part, version = part_path(target), _version_path(target)
    if not part.exists() or not part.stat().st_size or not version.exists():
        return 0, {}
    start = part.stat().st_size
    return start, {"Range": f"bytes={start}-", "If-Range": version.read_text(encoding="utf-8")}


def _check_status(response: requests.Response, url: str, target: Path) -> None:
    status = response.status_code
    if status == 416:
        discard_part(target)
        raise _Interrupted("the server refuses to go on from the kept bytes")
    if status in RETRIED_STATUS:
        raise _Interrupted(f"HTTP {status} {response.reason}")
    if status not in (200, 206):
        raise KgprepError(
            f"{url} answers HTTP {status} {response.reason}: the address in data_manifest.yaml may be out of date; "
            "get the file by hand and give its folder with --mirror"
        )


def _starts_at(response: requests.Response, start: int) -> bool:
    return response.headers.get("Content-Range", "").startswith(f"bytes {start}-")


def _store(response: requests.Response, target: Path, start: int) -> None:
    """Append the body to the .part file from byte `start` on, and remember which version of the file it is."""
    length = response.headers.get("Content-Length")
    end = start + int(length) if length else None
    try:
        if not start:
            _remember_version(response, target)
        total = None if end is None else end / MEBIBYTE
        with part_path(target).open("ab" if start else "wb") as file, progress(target.name, total) as bar:
            bar.advance(start / MEBIBYTE)
            for chunk in _body(response, bar):
                file.write(chunk)
    except OSError as error:
        raise KgprepError(f"cannot write {part_path(target)} ({error.strerror}): free some space") from error
    if end is not None and _size(part_path(target)) != end:
        raise _Interrupted(f"{_size(part_path(target)):,} of {end:,} bytes came")


def _body(response: requests.Response, bar: ProgressBar) -> Iterator[bytes]:
    try:
        for chunk in response.raw.stream(CHUNK_BYTES, decode_content=False):
            bar.advance(len(chunk) / MEBIBYTE)
            yield chunk
    except (HTTPError, ConnectionError, TimeoutError) as error:
        raise _Interrupted(f"the connection broke: {_reason(error)}") from error


def _remember_version(response: requests.Response, target: Path) -> None:
    """Keep the validator that If-Range may carry: a strong ETag, else the date of the last change."""
    tag = response.headers.get("ETag", "")
    validator = tag if tag.startswith('"') else response.headers.get("Last-Modified")
    if validator:
        _version_path(target).write_text(validator, encoding="utf-8")
    else:
        _version_path(target).unlink(missing_ok=True)


def _version_path(target: Path) -> Path:
    return target.with_name(target.name + ".part.version")


def _make_folder(target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise KgprepError(
            f"cannot make the folder {target.parent} ({error.strerror}): set KGPREP_DATA to a writable one"
        ) from error


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _reason(error: BaseException) -> str:
    """Return the innermost cause in its own words, without the layers of the HTTP library."""
    while error.__context__ is not None:
        error = error.__context__
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
