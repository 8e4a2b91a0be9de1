"""Results to an archive by STOW-RS: Orthanc, and a server that answers as it is told."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from certificates import make_certificates
from target_contract import TargetContract, make_outgoing, uids

from pneumoscope.serving.dicom.targets import Outgoing, Target, TargetError, build_target

SECRET = "sesame"  # noqa: S105  of no door
DICOMWEB = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


def target_at(url: str, **more: Any) -> Target:
    return build_target("stow", {"url": url, "timeout": 10, **more})


class TestStowTarget(TargetContract):
    @pytest.fixture
    def target(self, orthanc: Any) -> Target:
        if not DICOMWEB.exists():
            pytest.skip("Orthanc's DICOMweb is not installed: run scripts/install_servers.sh")
        return target_at(f"{orthanc.url}/dicom-web", user="reader", password=SECRET)

    @pytest.fixture
    def unreachable(self, unused_port: int) -> Target:
        return target_at(f"http://127.0.0.1:{unused_port}/dicom-web")


class Archive:
    """A DICOMweb service that answers as it is told, and remembers what it was asked."""

    def __init__(self, store: int, found: list[str], login: str | None = None) -> None:
        self.store, self.found, self.login = store, found, login
        self.asked: list[str] = []

    def handler(self) -> type[BaseHTTPRequestHandler]:
        archive = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                archive.asked.append(self.path)
                values = [{"00080018": {"vr": "UI", "Value": [uid]}} for uid in archive.found]
                self.reply(200 if self.allowed() else 401, json.dumps(values).encode())

            def do_POST(self) -> None:
                archive.asked.append(self.path)
                if self.headers.get("Transfer-Encoding") == "chunked":
                    while size := int(self.rfile.readline(), 16):
                        self.rfile.read(size + 2)
                    self.rfile.readline()
                else:
                    self.rfile.read(int(self.headers["Content-Length"]))
                self.reply(archive.store if self.allowed() else 401, b"{}")

            def allowed(self) -> bool:
                return archive.login in (None, self.headers.get("Authorization"))

            def reply(self, code: int, content: bytes) -> None:
                self.send_response(code)
                self.send_header("Content-Type", "application/dicom+json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        return Handler


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Start an archive; gives its URL."""
    servers = []

    def start(archive: Archive, tls: Any = None) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), archive.handler())
        server.daemon_threads = True
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"{'https' if tls else 'http'}://localhost:{server.server_address[1]}/web"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_after_a_conflict_it_is_done_only_if_ours_is_there(serve: Callable[..., str]) -> None:
    thing = make_outgoing()
    there = Archive(409, [str(thing.instance)])
    target_at(serve(there)).send([thing])
    assert any("instances" in path and str(thing.instance) in path for path in there.asked)
    with pytest.raises(TargetError, match="409") as caught:
        target_at(serve(Archive(409, []))).send([thing])
    assert caught.value.permanent
    with pytest.raises(TargetError, match="409"):
        target_at(serve(Archive(409, ["1.2.3"]))).send([thing])


def test_an_answer_that_names_nothing_counts_only_if_ours_is_there(serve: Callable[..., str]) -> None:
    thing = make_outgoing()
    target_at(serve(Archive(200, [str(thing.instance)]))).send([thing])
    with pytest.raises(TargetError, match="did not say") as caught:
        target_at(serve(Archive(200, []))).send([thing])
    assert not caught.value.permanent


@pytest.mark.parametrize(
    ("code", "permanent"), [(400, True), (401, True), (413, True), (429, False), (500, False), (503, False)]
)
def test_a_refusal_says_whether_to_try_again(serve: Callable[..., str], code: int, permanent: bool) -> None:
    archive = Archive(code, [])
    with pytest.raises(TargetError, match=str(code)) as caught:
        target_at(serve(archive)).send([make_outgoing()])
    assert caught.value.permanent is permanent
    assert len(archive.asked) == 1, "the outbox tries again, not the target"


def test_it_logs_in(serve: Callable[..., str]) -> None:
    basic = "Basic " + base64.b64encode(f"reader:{SECRET}".encode()).decode()
    url = serve(Archive(200, [], basic))
    assert target_at(url, user="reader", password=SECRET).test()
    with pytest.raises(TargetError, match="login"):
        target_at(url, user="reader", password=SECRET[1:]).test()
    assert target_at(serve(Archive(200, [], f"Bearer {SECRET}")), token=SECRET).test()


def test_it_speaks_tls(serve: Callable[..., str], tmp_path: Path) -> None:
    from pneumoscope.serving.dicom.tls import Tls, server_context

    files = make_certificates(tmp_path)
    url = serve(Archive(200, []), server_context(Tls(files.certificate, files.key)))
    assert target_at(url, tls={"authorities": str(files.authority)}).test()
    with pytest.raises(TargetError, match="TLS"):
        target_at(url).test()


def test_what_is_no_dicomweb_is_said_so(serve: Callable[..., str]) -> None:
    class Wrong(Archive):
        def handler(self) -> type[BaseHTTPRequestHandler]:
            base = super().handler()

            class Handler(base):  # type: ignore[misc, valid-type]
                def do_GET(self) -> None:  # noqa: N802
                    self.reply(200, b"<html>")

            return Handler

    with pytest.raises(TargetError, match="no DICOMweb"):
        target_at(serve(Wrong(200, []))).test()
    assert target_at(serve(Wrong(200, []))).has(*uids(make_outgoing())) is None


def test_json_is_refused_in_words(serve: Callable[..., str]) -> None:
    with pytest.raises(TargetError, match="DICOM objects only"):
        target_at(serve(Archive(200, []))).send([Outgoing("one.json", b"{}", "json")])
