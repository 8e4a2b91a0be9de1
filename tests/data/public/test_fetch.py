import hashlib
import io
import json
import re
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from archives import COUNTS, make_archive

from pneumoscope.data import layout
from pneumoscope.data.public import fetch
from pneumoscope.data.public.download import FetchError, download, open_url
from pneumoscope.data.public.fetch import MENDELEY, RECORD, from_mendeley
from pneumoscope.errors import DataError


def _nothing(step: str, done: int, total: int | None) -> None:
    pass


@dataclass
class Server:
    """A loopback stand-in for Mendeley Data: the list of files, and the archive, with the faults a test asks for."""

    archive: bytes
    ranges: bool = True
    sha256: str | None = None
    drop_after: int | None = None
    drops: int = 0
    status: int = 200
    listing: bytes | None = None
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    sent: int = 0
    base: str = ""

    def entries(self) -> bytes:
        details = {"download_url": f"{self.base}/archive", "sha256_hash": self.sha256}
        entry = {"filename": "ChestXRay2017.zip", "size": len(self.archive), "content_details": details}
        return json.dumps([{"filename": "OCT2017.tar.gz", "size": 5, "content_details": {}}, entry]).encode()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        state: Server = self.server.state
        asked = self.headers.get("Range")
        state.asked.append((self.path, asked))
        if self.path != "/archive":
            self._answer(state.status, state.listing if state.listing is not None else state.entries())
            return
        start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) if asked and state.ranges else 0
        if start and start >= len(state.archive):
            self._answer(416, b"")
            return
        body = state.archive[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if state.drops:
            state.drops -= 1
            body = body[: state.drop_after]
        self.wfile.write(body)
        state.sent += len(body)

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def serve() -> Iterator[Callable[[Server], Server]]:
    running: list[ThreadingHTTPServer] = []

    def start(state: Server) -> Server:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        server.state = state
        state.base = f"http://127.0.0.1:{server.server_port}"
        running.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return state

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _release(server: Server) -> fetch.Release:
    return replace(MENDELEY, base=server.base, counts=COUNTS)


def test_release_arrives_whole_with_its_record(serve, tmp_path: Path) -> None:
    archive = make_archive()
    server = serve(Server(archive, sha256=_digest(archive)))
    out, steps = tmp_path / "films", []

    fetched = from_mendeley(out, lambda step, done, total: steps.append((step, done, total)), _release(server))

    assert server.asked[0][0] == "/datasets/rscbjbr9sj/files?folder_id=root&version=2"
    assert fetched.films == 7
    assert fetched.archive_sha256 == _digest(archive)
    assert ("downloading", len(archive), len(archive)) in steps
    films = layout.load(out)
    assert {f"{film.split}/{film.path.parent.name}" for film in films} == set(COUNTS)
    assert fetched.fingerprint == layout.fingerprint(layout.sha256(film.path) for film in films)
    assert json.loads((out / RECORD).read_text())["licence"] == "CC BY 4.0"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["films"], "nothing is left beside it"
    assert not [path for path in out.rglob("*") if path.name.startswith(".")]


def test_fetching_again_asks_nobody(serve, tmp_path: Path) -> None:
    server = serve(Server(make_archive()))
    first = from_mendeley(tmp_path / "films", _nothing, _release(server))
    asked = len(server.asked)
    assert from_mendeley(tmp_path / "films", _nothing, _release(server)) == first
    assert len(server.asked) == asked


def test_dropped_connection_is_resumed_where_it_stopped(serve, tmp_path: Path) -> None:
    archive = make_archive()
    server = serve(Server(archive, sha256=_digest(archive), drop_after=1000, drops=2))

    from_mendeley(tmp_path / "films", _nothing, _release(server))

    assert [asked for path, asked in server.asked if path == "/archive"] == [None, "bytes=1000-", "bytes=2000-"]
    assert server.sent == len(archive), "no byte was sent twice"


def test_next_run_goes_on_where_the_last_gave_up(serve, tmp_path: Path) -> None:
    archive = make_archive()
    server = serve(Server(archive, sha256=_digest(archive), drop_after=100, drops=4))
    with pytest.raises(FetchError, match="broke off 4 times, at 400 of"):
        from_mendeley(tmp_path / "films", _nothing, _release(server))
    assert not (tmp_path / "films").exists()

    from_mendeley(tmp_path / "films", _nothing, _release(server))

    assert server.asked[-1] == ("/archive", "bytes=400-")
    assert len(layout.load(tmp_path / "films")) == 7


def test_server_without_ranges_sends_the_whole_file_again(serve, tmp_path: Path) -> None:
    archive = make_archive()
    server = serve(Server(archive, sha256=_digest(archive), ranges=False, drop_after=1000, drops=1))

    from_mendeley(tmp_path / "films", _nothing, _release(server))

    assert server.sent == 1000 + len(archive)
    assert len(layout.load(tmp_path / "films")) == 7


@pytest.mark.parametrize("left", [b"x" * 10, b"x" * 10**6], ids=["wrong beginning", "longer than the file"])
def test_leftovers_of_another_file_never_pass(serve, tmp_path: Path, left: bytes) -> None:
    content = bytes(range(256)) * 20
    server = serve(Server(content))
    target = tmp_path / "file"
    target.with_name("file.part").write_bytes(left)

    if len(left) < len(content):
        with pytest.raises(FetchError, match="checksum"):
            download(f"{server.base}/archive", target, len(content), _digest(content), _nothing)
    download(f"{server.base}/archive", target, len(content), _digest(content), _nothing)

    assert target.read_bytes() == content


def test_server_that_refuses_the_range_is_asked_for_all(serve, tmp_path: Path) -> None:
    content = b"y" * 300
    server = serve(Server(content))
    target = tmp_path / "file"
    target.with_name("file.part").write_bytes(b"z" * 400)
    with pytest.raises(FetchError, match="broke off"):  # the published size is wrong: the file is shorter
        download(f"{server.base}/archive", target, 500, None, _nothing)
    assert server.asked[0][1] == "bytes=400-"
    assert server.asked[1][1] is None


def test_wrong_checksum_leaves_nothing_behind(serve, tmp_path: Path) -> None:
    server = serve(Server(make_archive(), sha256="0" * 64))

    with pytest.raises(FetchError, match="checksum of the download is wrong") as failure:
        from_mendeley(tmp_path / "films", _nothing, _release(server))

    assert MENDELEY.page in str(failure.value), "the manual way is named"
    assert failure.value.exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_without_a_connection_the_manual_way_is_named(serve, tmp_path: Path) -> None:
    server = serve(Server(b""))
    closed = replace(MENDELEY, base="http://127.0.0.1:1")

    with pytest.raises(FetchError) as failure:
        from_mendeley(tmp_path / "films", _nothing, closed)

    message = str(failure.value)
    assert message.startswith("No connection to 127.0.0.1:1 (")
    assert "open https://data.mendeley.com/datasets/rscbjbr9sj/2, download ChestXRay2017.zip" in message
    assert str(tmp_path / "films") in message
    assert failure.value.exit_code == 2
    assert list(tmp_path.iterdir()) == []
    assert server.asked == []


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"status": 503}, "answered 503"),
        ({"listing": b"<html>"}, "something else than a list"),
        ({"listing": b"[]"}, "no longer lists ChestXRay2017.zip"),
        ({"listing": b'{"error": 1}'}, "no longer lists ChestXRay2017.zip"),
    ],
)
def test_odd_answers_are_put_into_words(serve, tmp_path: Path, fault: dict, message: str) -> None:
    server = serve(Server(make_archive(), **fault))
    with pytest.raises(FetchError, match=message):
        from_mendeley(tmp_path / "films", _nothing, _release(server))


def test_another_release_than_expected_is_refused(serve, tmp_path: Path) -> None:
    server = serve(Server(make_archive(counts=COUNTS | {"test/NORMAL": 2})))
    with pytest.raises(FetchError, match="not the release asked for"):
        from_mendeley(tmp_path / "films", _nothing, _release(server))
    assert not (tmp_path / "films").exists()


def test_a_folder_with_something_in_it_is_left_alone(serve, tmp_path: Path) -> None:
    server = serve(Server(make_archive()))
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(DataError, match="not an empty folder"):
        from_mendeley(tmp_path, _nothing, _release(server))
    assert server.asked == []
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_empty_folder_is_filled(serve, tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    from_mendeley(tmp_path / "films", _nothing, _release(serve(Server(make_archive()))))
    assert len(layout.load(tmp_path / "films")) == 7


def test_only_the_web_is_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    with pytest.raises(FetchError, match="only http and https"):
        open_url(secret.as_uri())


@pytest.mark.parametrize("spoil", [lambda content: content[: len(content) // 2], lambda content: b"no zip at all"])
def test_damaged_archive_is_told_and_removed(serve, tmp_path: Path, spoil) -> None:
    server = serve(Server(spoil(make_archive())))
    with pytest.raises(FetchError, match="damaged"):
        from_mendeley(tmp_path / "films", _nothing, _release(server))
    assert list(tmp_path.rglob("*.zip")) == []


@pytest.mark.parametrize("where", [0.0, 0.9], ids=["in the codes", "in the data"])
def test_flipped_bit_is_found_without_a_published_checksum(serve, tmp_path: Path, where: float) -> None:
    archive = bytearray(make_archive())
    with zipfile.ZipFile(io.BytesIO(archive)) as content:
        film = next(info for info in content.infolist() if info.filename.endswith("/IM-0000.jpeg"))
    archive[film.header_offset + 30 + len(film.filename) + int(where * film.compress_size)] ^= 4
    with pytest.raises(FetchError, match="damaged"):
        from_mendeley(tmp_path / "films", _nothing, _release(serve(Server(bytes(archive)))))
