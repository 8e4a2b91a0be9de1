import hashlib
import io
import json
import re
import stat
import sys
import threading
import types
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pneumoscope.data import layout
from pneumoscope.data.public import fetch
from pneumoscope.data.public.download import FetchError, download, open_url
from pneumoscope.data.public.fetch import KAGGLE, MENDELEY, RECORD, from_kaggle, from_mendeley
from pneumoscope.data.public.unpacking import unpack
from pneumoscope.errors import DataError, MissingExtraError

COUNTS = {"train/NORMAL": 2, "train/PNEUMONIA": 3, "test/NORMAL": 1, "test/PNEUMONIA": 1}


def _nothing(step: str, done: int, total: int | None) -> None:
    pass


def _archive(extra: dict[str, bytes] | None = None, counts: dict[str, int] = COUNTS) -> bytes:
    """A small release: films of random bytes, among the system files that the public archive holds too."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as content:
        for place, count in counts.items():
            content.writestr(f"chest_xray/{place}/.DS_Store", b"system")
            for number in range(count):
                name = f"IM-{number:04d}.jpeg" if place.endswith("NORMAL") else f"person{number}_virus_{number}.jpeg"
                content.writestr(
                    f"chest_xray/{place}/{name}", hashlib.sha512(f"{place}{number}".encode()).digest() * 500
                )
                content.writestr(f"__MACOSX/chest_xray/{place}/._{name}", b"system")
        for name, value in (extra or {}).items():
            content.writestr(name, value)
    return buffer.getvalue()


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
    archive = _archive()
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
    server = serve(Server(_archive()))
    first = from_mendeley(tmp_path / "films", _nothing, _release(server))
    asked = len(server.asked)
    assert from_mendeley(tmp_path / "films", _nothing, _release(server)) == first
    assert len(server.asked) == asked


def test_dropped_connection_is_resumed_where_it_stopped(serve, tmp_path: Path) -> None:
    archive = _archive()
    server = serve(Server(archive, sha256=_digest(archive), drop_after=1000, drops=2))

    from_mendeley(tmp_path / "films", _nothing, _release(server))

    assert [asked for path, asked in server.asked if path == "/archive"] == [None, "bytes=1000-", "bytes=2000-"]
    assert server.sent == len(archive), "no byte was sent twice"


def test_next_run_goes_on_where_the_last_gave_up(serve, tmp_path: Path) -> None:
    archive = _archive()
    server = serve(Server(archive, sha256=_digest(archive), drop_after=100, drops=4))
    with pytest.raises(FetchError, match="broke off 4 times, at 400 of"):
        from_mendeley(tmp_path / "films", _nothing, _release(server))
    assert not (tmp_path / "films").exists()

    from_mendeley(tmp_path / "films", _nothing, _release(server))

    assert server.asked[-1] == ("/archive", "bytes=400-")
    assert len(layout.load(tmp_path / "films")) == 7


def test_server_without_ranges_sends_the_whole_file_again(serve, tmp_path: Path) -> None:
    archive = _archive()
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
    server = serve(Server(_archive(), sha256="0" * 64))

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
    server = serve(Server(_archive(), **fault))
    with pytest.raises(FetchError, match=message):
        from_mendeley(tmp_path / "films", _nothing, _release(server))


def test_another_release_than_expected_is_refused(serve, tmp_path: Path) -> None:
    server = serve(Server(_archive(counts=COUNTS | {"test/NORMAL": 2})))
    with pytest.raises(FetchError, match="not the release asked for"):
        from_mendeley(tmp_path / "films", _nothing, _release(server))
    assert not (tmp_path / "films").exists()


def test_a_folder_with_something_in_it_is_left_alone(serve, tmp_path: Path) -> None:
    server = serve(Server(_archive()))
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(DataError, match="not an empty folder"):
        from_mendeley(tmp_path, _nothing, _release(server))
    assert server.asked == []
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_empty_folder_is_filled(serve, tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    from_mendeley(tmp_path / "films", _nothing, _release(serve(Server(_archive()))))
    assert len(layout.load(tmp_path / "films")) == 7


def test_only_the_web_is_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    with pytest.raises(FetchError, match="only http and https"):
        open_url(secret.as_uri())


@pytest.mark.parametrize(
    "name",
    ["../train/NORMAL/a.jpeg", "/train/NORMAL/a.jpeg", "x/../../train/NORMAL/a.jpeg", "..\\train\\NORMAL\\a.jpeg"],
)
def test_archive_that_points_outside_itself_is_refused(tmp_path: Path, name: str) -> None:
    archive = tmp_path / "a.zip"
    archive.write_bytes(_archive({name: b"evil"}))
    with pytest.raises(FetchError, match="outside itself"):
        unpack(archive, tmp_path / "inner" / "films")
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_archive_with_a_link_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    link = zipfile.ZipInfo("chest_xray/train/NORMAL/link.jpeg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(archive, "w") as content:
        content.writestr(link, "/etc/passwd")
    with pytest.raises(FetchError, match="link"):
        unpack(archive, tmp_path / "films")


def test_archive_that_swells_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    archive.write_bytes(_archive({"chest_xray/train/NORMAL/big.jpeg": bytes(10**6)}))
    assert archive.stat().st_size < 100_000
    with pytest.raises(FetchError, match="more than the 500,000 allowed"):
        unpack(archive, tmp_path / "films", limit=500_000)
    assert not (tmp_path / "films").exists()


@pytest.mark.parametrize("spoil", [lambda content: content[: len(content) // 2], lambda content: b"no zip at all"])
def test_damaged_archive_is_told_and_removed(serve, tmp_path: Path, spoil) -> None:
    server = serve(Server(spoil(_archive())))
    with pytest.raises(FetchError, match="damaged"):
        from_mendeley(tmp_path / "films", _nothing, _release(server))
    assert list(tmp_path.rglob("*.zip")) == []


@pytest.mark.parametrize("where", [0.0, 0.9], ids=["in the codes", "in the data"])
def test_flipped_bit_is_found_without_a_published_checksum(serve, tmp_path: Path, where: float) -> None:
    archive = bytearray(_archive())
    with zipfile.ZipFile(io.BytesIO(archive)) as content:
        film = next(info for info in content.infolist() if info.filename.endswith("/IM-0000.jpeg"))
    archive[film.header_offset + 30 + len(film.filename) + int(where * film.compress_size)] ^= 4
    with pytest.raises(FetchError, match="damaged"):
        from_mendeley(tmp_path / "films", _nothing, _release(serve(Server(bytes(archive)))))


def _kagglehub(monkeypatch: pytest.MonkeyPatch, download: Callable[[str], str]) -> None:
    """Stand in for the network that kagglehub needs; nothing of our own is replaced."""
    monkeypatch.setitem(sys.modules, "kagglehub", types.SimpleNamespace(dataset_download=download))


def test_kaggle_download_is_taken_out_of_its_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    counts = {**COUNTS, "val/NORMAL": 1, "val/PNEUMONIA": 1}

    def give(handle: str) -> str:
        assert handle == "paultimothymooney/chest-xray-pneumonia"
        root = Path(os.environ["KAGGLEHUB_CACHE"]) / "datasets" / "1"
        with zipfile.ZipFile(io.BytesIO(_archive(counts=counts))) as content:
            content.extractall(root)
            content.extractall(root / "chest_xray")  # Kaggle's archive holds everything twice
        return str(root)

    _kagglehub(monkeypatch, give)
    monkeypatch.setenv("KAGGLEHUB_CACHE", "/elsewhere")

    fetched = from_kaggle(tmp_path / "films", replace(KAGGLE, counts=counts))

    assert fetched.films == 9
    assert len(layout.load(tmp_path / "films")) == 9
    assert [path.name for path in tmp_path.iterdir()] == ["films"]
    assert os.environ["KAGGLEHUB_CACHE"] == "/elsewhere"


def test_kaggle_without_a_connection_names_the_manual_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(handle: str) -> str:
        raise ConnectionError("no route")

    _kagglehub(monkeypatch, refuse)
    with pytest.raises(FetchError) as failure:
        from_kaggle(tmp_path / "films")
    assert "kaggle.com/datasets/paultimothymooney/chest-xray-pneumonia" in str(failure.value)
    assert failure.value.exit_code == 2


def test_missing_kagglehub_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    with pytest.raises(MissingExtraError, match=r"pneumoscope\[fetch\]"):
        from_kaggle(tmp_path / "films")
