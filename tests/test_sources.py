from __future__ import annotations

import hashlib
import io
import json
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from kgprep.artifacts import KgprepError
from kgprep.sources import (
    DataSource,
    Manifest,
    RemoteFile,
    Terms,
    data_folder,
    describe_sources,
    fetch,
    licence_of,
    locate,
    read_manifest,
)

BODY = bytes(range(256)) * 4000
FILE = "dump.bz2"


@dataclass
class Site:
    """A server on the loopback: what it serves, how it misbehaves, and what it was asked."""

    body: bytes = BODY
    etag: str | None = '"v1"'
    honours_ranges: bool = True
    lies_about_ranges: bool = False
    status: int | None = None
    most_at_once: int | None = None
    leads_to: str | None = None
    cuts: list[int] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/{FILE}"


class Handler(BaseHTTPRequestHandler):
    site: Site

    def do_GET(self) -> None:
        site = self.site
        site.asked.append(dict(self.headers))
        if site.status:
            self.send_error(site.status)
            return
        if site.leads_to:
            self.send_response(302)
            self.send_header("Location", site.leads_to)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start = self.start_byte()
        body = site.body[start:]
        if start and site.most_at_once:
            body = body[: site.most_at_once]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        if start:
            shown = 0 if site.lies_about_ranges else start
            self.send_header("Content-Range", f"bytes {shown}-{start + len(body) - 1}/{len(site.body)}")
        if site.etag:
            self.send_header("ETag", site.etag)
        self.end_headers()
        self.wfile.write(body[: site.cuts.pop(0)] if site.cuts else body)

    def start_byte(self) -> int:
        wanted = self.headers.get("Range")
        fresh = self.headers.get("If-Range") == self.site.etag
        return int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and fresh and self.site.honours_ranges else 0

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test's output free of the server's log."""


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    site = Site()
    handler = type("SiteHandler", (Handler,), {"site": site})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    site.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()


def manifest_of(
    url: str | None, sha256: str | None = None, path: str = FILE, unpack: bool = False, size: int | None = None
) -> Manifest:
    source = DataSource(
        name="dumps",
        folder="dumps",
        description="dumps of a test",
        page="http://127.0.0.1/",
        licence="CC0",
        citation="nobody",
        files=(RemoteFile(path=path, url=url, sha256=sha256, size=size, unpack=unpack),),
        roles={"objects": ("restored.gz", path)},
        obtain="ask for it",
    )
    return Manifest(sources=(source,))


def sha(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "dumps").iterdir() if path.name != FILE)


def test_a_file_is_downloaded_and_its_sum_recorded(site: Site, tmp_path: Path) -> None:
    (found,) = fetch(["dumps"], tmp_path, manifest=manifest_of(site.url))
    assert found.path == tmp_path / "dumps" / FILE
    assert found.path.read_bytes() == BODY
    assert (found.how, found.size, found.sha256) == ("downloaded", len(BODY), sha(BODY))
    lock = json.loads((tmp_path / "data_manifest.lock").read_text())
    assert lock[f"dumps/{FILE}"] == {"sha256": sha(BODY), "size": len(BODY)}
    assert leftovers(tmp_path) == []


def test_a_second_fetch_asks_nobody(site: Site, tmp_path: Path) -> None:
    fetch(["dumps"], tmp_path, manifest=manifest_of(site.url))
    (found,) = fetch(["dumps"], tmp_path, manifest=manifest_of(site.url))
    assert found.how == "present"
    assert len(site.asked) == 1


def test_a_cut_connection_is_resumed_from_where_it_broke(site: Site, tmp_path: Path) -> None:
    site.cuts = [600_000]
    (found,) = fetch(["dumps"], tmp_path, manifest=manifest_of(site.url, sha(BODY)), pause=0)
    assert found.path.read_bytes() == BODY
    assert [request.get("Range") for request in site.asked] == [None, "bytes=600000-"]
    assert site.asked[1]["If-Range"] == '"v1"'


def test_a_later_run_resumes_what_an_earlier_one_left(site: Site, tmp_path: Path) -> None:
    site.cuts = [100_000, 50_000]
    with pytest.raises(KgprepError, match=r"after 2 attempts.*150,000 bytes are kept"):
        fetch(["dumps"], tmp_path, manifest=manifest_of(site.url), attempts=2, pause=0)
    assert not (tmp_path / "dumps" / FILE).exists()
    (found,) = fetch(["dumps"], tmp_path, manifest=manifest_of(site.url))
    assert found.path.read_bytes() == BODY
    assert site.asked[-1]["Range"] == "bytes=150000-"
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("honours_ranges", [True, False])
def test_a_file_that_changed_meanwhile_is_not_joined(site: Site, tmp_path: Path, honours_ranges: bool) -> None:
    site.cuts, site.honours_ranges = [100_000], honours_ranges
    with pytest.raises(KgprepError):
        fetch(["dumps"], tmp_path, manifest=manifest_of(site.url), attempts=1)
    site.body, site.etag = BODY[::-1], '"v2"'
    (found,) = fetch(["dumps"], tmp_path, manifest=manifest_of(site.url))
    assert found.path.read_bytes() == BODY[::-1]


def test_a_server_that_ignores_ranges_starts_anew(site: Site, tmp_path: Path) -> None:
    site.cuts, site.honours_ranges = [100_000], False
    (found,) = fetch(["dumps"], tmp_path, manifest=manifest_of(site.url), pause=0)
    assert found.path.read_bytes() == BODY
    assert site.asked[1]["Range"] == "bytes=100000-"


def test_without_a_version_nothing_is_resumed(site: Site, tmp_path: Path) -> None:
    site.cuts, site.etag = [100_000], None
    (found,) = fetch(["dumps"], tmp_path, manifest=manifest_of(site.url), pause=0)
    assert found.path.read_bytes() == BODY
    assert [request.get("Range") for request in site.asked] == [None, None]


def test_another_range_than_asked_for_is_not_joined(site: Site, tmp_path: Path) -> None:
    site.cuts, site.lies_about_ranges = [100_000], True
    (found,) = fetch(["dumps"], tmp_path, manifest=manifest_of(site.url), pause=0)
    assert found.path.read_bytes() == BODY
    assert [request.get("Range") for request in site.asked] == [None, "bytes=100000-", None]


def test_a_server_that_gives_less_than_asked_for_is_asked_for_the_rest(site: Site, tmp_path: Path) -> None:
    site.cuts, site.most_at_once = [100_000], 60_000
    (found,) = fetch(["dumps"], tmp_path, manifest=manifest_of(site.url), attempts=2, pause=0)
    assert found.path.read_bytes() == BODY
    ranges = [request.get("Range") for request in site.asked]
    assert ranges == [None, *(f"bytes={start}-" for start in range(100_000, len(BODY), 60_000))]


def test_an_address_that_nobody_can_read_is_one_sentence(site: Site, tmp_path: Path) -> None:
    site.leads_to = "http://[bad"
    with pytest.raises(KgprepError, match="could not be fetched after 2 attempts"):
        fetch(["dumps"], tmp_path, manifest=manifest_of(site.url), attempts=2, pause=0)


def test_a_wrong_sum_is_refused_and_removed(site: Site, tmp_path: Path) -> None:
    with pytest.raises(KgprepError, match=r"expected 0{64}; what came was removed"):
        fetch(["dumps"], tmp_path, manifest=manifest_of(site.url, "0" * 64))
    assert list((tmp_path / "dumps").iterdir()) == []


def test_a_wrong_size_is_refused_and_removed(site: Site, tmp_path: Path) -> None:
    with pytest.raises(KgprepError, match="has 1,024,000 bytes, expected 7"):
        fetch(["dumps"], tmp_path, manifest=manifest_of(site.url, size=7))
    assert list((tmp_path / "dumps").iterdir()) == []


def test_the_recorded_sum_is_enforced_later(site: Site, tmp_path: Path) -> None:
    (found,) = fetch(["dumps"], tmp_path, manifest=manifest_of(site.url))
    found.path.unlink()
    site.body = b"something else"
    with pytest.raises(KgprepError, match=f"expected {sha(BODY)}"):
        fetch(["dumps"], tmp_path, manifest=manifest_of(site.url))
    assert not found.path.exists()


def test_a_damaged_local_file_is_named_and_kept(site: Site, tmp_path: Path) -> None:
    (found,) = fetch(["dumps"], tmp_path, manifest=manifest_of(site.url))
    found.path.write_bytes(b"damaged")
    with pytest.raises(KgprepError, match="delete it and fetch it again"):
        fetch(["dumps"], tmp_path, manifest=manifest_of(site.url))
    assert found.path.read_bytes() == b"damaged"


def test_a_missing_page_is_said_at_once(site: Site, tmp_path: Path) -> None:
    site.status = 404
    with pytest.raises(KgprepError, match="HTTP 404"):
        fetch(["dumps"], tmp_path, manifest=manifest_of(site.url), pause=0)
    assert len(site.asked) == 1


def test_an_overloaded_server_is_tried_again(site: Site, tmp_path: Path) -> None:
    site.status = 503
    with pytest.raises(KgprepError, match=r"after 3 attempts \(HTTP 503"):
        fetch(["dumps"], tmp_path, manifest=manifest_of(site.url), attempts=3, pause=0)
    assert len(site.asked) == 3


def test_nobody_listening_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(KgprepError, match=r"could not be fetched after 1 attempts \([^()]*refused[^()]*\)"):
        fetch(["dumps"], tmp_path, manifest=manifest_of("http://127.0.0.1:9/x"), attempts=1)


@pytest.mark.parametrize("place", [f"dumps/{FILE}", FILE, "remote_name.bz2"])
def test_a_mirror_serves_its_copy(tmp_path: Path, place: str) -> None:
    mirror, folder = tmp_path / "mirror", tmp_path / "data"
    (mirror / place).parent.mkdir(parents=True)
    (mirror / place).write_bytes(BODY)
    manifest = manifest_of("http://127.0.0.1:9/remote_name.bz2", sha(BODY))
    (found,) = fetch(["dumps"], folder, mirror, manifest)
    assert (found.how, found.path.read_bytes()) == ("copied", BODY)


def test_a_mirror_is_verified_too(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"other")
    with pytest.raises(KgprepError, match="what came was removed"):
        fetch(["dumps"], tmp_path / "data", tmp_path, manifest_of(None, sha(BODY)))
    assert list((tmp_path / "data" / "dumps").iterdir()) == []


def test_a_mirror_without_the_file_says_what_it_looked_for(tmp_path: Path) -> None:
    with pytest.raises(KgprepError, match=f"holds none of dumps/{FILE}, {FILE}"):
        fetch(["dumps"], tmp_path / "data", tmp_path, manifest_of(None))


def test_a_file_without_address_says_how_to_come_by_it(tmp_path: Path) -> None:
    with pytest.raises(KgprepError, match=r"cannot be fetched by a program.*ask for it"):
        fetch(["dumps"], tmp_path, manifest=manifest_of(None))
    assert fetch([], tmp_path, manifest=manifest_of(None)) == ()


def test_an_unknown_source_lists_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(KgprepError, match=r"no source 'dump'.*choose from dumps"):
        fetch(["dump"], tmp_path, manifest=manifest_of(None))


def zip_of(members: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def tar_of(members: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


@pytest.mark.parametrize(("name", "pack"), [("set.zip", zip_of), ("set.tar.gz", tar_of)])
def test_an_archive_is_unpacked_once(tmp_path: Path, name: str, pack: type) -> None:
    (tmp_path / name).write_bytes(pack({"train.jsonl": "{}", "sub/test.jsonl": "[]"}))
    manifest, folder = manifest_of(None, path=name, unpack=True), tmp_path / "data"
    fetch(["dumps"], folder, tmp_path, manifest)
    train = locate("dumps", "train.jsonl", folder, manifest)
    assert train.read_text() == "{}"
    assert locate("dumps", "sub/test.jsonl", folder, manifest).read_text() == "[]"

    train.write_text("changed by hand")
    fetch(["dumps"], folder, manifest=manifest)
    assert train.read_text() == "changed by hand"
    train.unlink()
    fetch(["dumps"], folder, manifest=manifest)
    assert train.read_text() == "{}"


@pytest.mark.parametrize(
    ("name", "pack", "evil"),
    [
        ("set.zip", zip_of, "../evil"),
        ("set.zip", zip_of, "/evil-of-kgprep"),
        ("set.zip", zip_of, "..\\evil"),
        ("set.tar.gz", tar_of, "../evil"),
        ("set.tar.gz", tar_of, "good/../../../evil"),
    ],
)
def test_an_archive_that_leads_out_of_its_folder_is_refused(tmp_path: Path, name: str, pack: type, evil: str) -> None:
    (tmp_path / name).write_bytes(pack({"good.txt": "x", evil: "y"}))
    with pytest.raises(KgprepError, match="out"):
        fetch(["dumps"], tmp_path / "data", tmp_path, manifest_of(None, path=name, unpack=True))
    assert [path.name for path in (tmp_path / "data" / "dumps").iterdir()] == [name]
    assert not (tmp_path / "evil").exists()


def test_a_truncated_archive_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "set.tar.gz").write_bytes(tar_of({"a": "x" * 10_000})[:60])
    with pytest.raises(KgprepError, match="cannot be unpacked"):
        fetch(["dumps"], tmp_path / "data", tmp_path, manifest_of(None, path="set.tar.gz", unpack=True))


def test_what_is_no_archive_is_fetched_anew_once_it_is_deleted(site: Site, tmp_path: Path) -> None:
    manifest = manifest_of(site.url, unpack=True)
    site.body = b"<html>Please log in.</html>"
    with pytest.raises(KgprepError, match=rf"^{tmp_path / 'dumps' / FILE} cannot be unpacked [^\n]*$"):
        fetch(["dumps"], tmp_path, manifest=manifest, pause=0)
    (tmp_path / "dumps" / FILE).unlink()
    site.body = zip_of({"a.txt": "A"})
    fetch(["dumps"], tmp_path, manifest=manifest, pause=0)
    assert (tmp_path / "dumps" / "a.txt").read_text() == "A"


def test_a_folder_where_a_file_is_wanted_is_named(tmp_path: Path) -> None:
    (tmp_path / "dumps" / FILE).mkdir(parents=True)
    with pytest.raises(KgprepError, match=r"is a folder where a file is wanted"):
        fetch(["dumps"], tmp_path, manifest=manifest_of(None))


def test_locate_takes_the_first_known_name_that_exists(tmp_path: Path) -> None:
    manifest = manifest_of(None)
    (tmp_path / "dumps").mkdir()
    with pytest.raises(KgprepError, match=f"holds no restored.gz or {FILE}"):
        locate("dumps", "objects", tmp_path, manifest)
    (tmp_path / "dumps" / FILE).touch()
    assert locate("dumps", "objects", tmp_path, manifest).name == FILE
    assert locate("dumps", "restored.gz", tmp_path, manifest).name == FILE
    (tmp_path / "dumps" / "restored.gz").touch()
    assert locate("dumps", "objects", tmp_path, manifest).name == "restored.gz"
    with pytest.raises(KgprepError, match="no such role: objects"):
        locate("dumps", "subjects", tmp_path, manifest)


def test_the_data_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KGPREP_DATA", str(tmp_path))
    assert data_folder() == tmp_path
    monkeypatch.delenv("KGPREP_DATA")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    assert data_folder() == tmp_path / "xdg" / "kgprep"
    monkeypatch.delenv("XDG_DATA_HOME")
    assert data_folder() == Path.home() / ".local" / "share" / "kgprep"


def test_the_terms_follow_the_folder(tmp_path: Path) -> None:
    (tmp_path / "dumps" / "sub").mkdir(parents=True)
    assert licence_of(tmp_path / "dumps" / "sub" / "x", tmp_path, manifest_of(None)) == Terms("CC0", "nobody")
    assert licence_of(tmp_path / "dumps2" / "x", tmp_path, manifest_of(None)) == (None, None)


def test_the_manifest_names_the_sources_with_their_terms() -> None:
    sources = {source.name: source for source in read_manifest().sources}
    assert {"dbpedia", "redial", "tgredial", "inspired", "opendialkg", "aclimdb"} <= set(sources)
    assert all(source.licence and source.citation and source.roles for source in sources.values())
    assert all(source.fetchable or source.obtain for source in sources.values())
    assert sources["aclimdb"].size == 84_125_825
    assert sources["dbpedia"].size is None
    named = [file.url for source in sources.values() for file in source.files if file.url]
    assert len(named) == len(set(named))


def test_the_listing_shows_terms_and_sizes_before_anything_is_fetched() -> None:
    text = describe_sources(["aclimdb", "tgredial"])
    assert "Maas et al. 2011" in text
    assert "aclimdb/aclImdb_v1.tar.gz  80.2 MB" in text
    assert "Google Drive" in text
    assert "dbpedia" not in text
    assert "CC BY-SA" in describe_sources()
    with pytest.raises(KgprepError, match="no source 'imdb'"):
        describe_sources(["imdb"])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("sources: [", "is not YAML"), ("sources: [{name: x}]", r"sources\.0\.folder"), ("[]", "the document")],
)
def test_a_broken_manifest_is_one_sentence(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "manifest.yaml"
    path.write_text(text)
    with pytest.raises(KgprepError, match=complaint) as caught:
        read_manifest(path)
    assert "\n" not in str(caught.value)


def test_a_broken_lock_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "data_manifest.lock").write_text("{")
    with pytest.raises(KgprepError, match=r"data_manifest\.lock is not JSON"):
        fetch(["dumps"], tmp_path, manifest=manifest_of(None))


@pytest.mark.real_data
def test_the_shared_layout_is_found(real_data: Path) -> None:
    assert locate("redial", "train", real_data).name == "train_valid.jsonl.gz"
    assert locate("redial", "test_data.jsonl", real_data).name == "test.jsonl.gz"
    for role in ("objects", "literals", "types", "labels"):
        assert locate("dbpedia", role, real_data).is_file()
    assert locate("inspired", "train", real_data).is_file()
    assert licence_of(locate("redial", "films", real_data), real_data).licence == "CC BY 4.0"
    with pytest.raises(KgprepError, match="Google Drive"):
        locate("tgredial", "train", real_data)
