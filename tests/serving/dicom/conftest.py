"""What the tests of the DICOM room share: a node, and Orthanc as somebody else's archive."""

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pynetdicom", reason="the extra 'serve' is not installed")
pytest.importorskip("highdicom", reason="the extra 'serve' is not installed")

from pneumoscope.serving.dicom.node import Caller, DicomNode, DicomSettings

DICOMWEB = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


@dataclass
class Running:
    """A node, and what it was given."""

    node: DicomNode
    films: list[tuple[bytes, str]] = field(default_factory=list)
    calls: list[tuple[str, str, bool, str]] = field(default_factory=list)


@pytest.fixture
def start_node() -> Iterator[Callable[..., Running]]:
    """Start a node that keeps films in memory; ``accept`` takes the place of that."""
    started: list[DicomNode] = []

    def start(accept: Callable[[bytes, str], None] | None = None, **settings: Any) -> Running:
        usual: dict[str, Any] = {"port": 0, "callers": (Caller("MODALITY"),)}
        running = Running(None)  # type: ignore[arg-type]
        keep = accept or (lambda content, caller: running.films.append((content, caller)))
        note = lambda *call: running.calls.append(call)  # noqa: E731
        running.node = DicomNode(DicomSettings(**(usual | settings)), keep, note)
        running.node.start()
        started.append(running.node)
        return running

    yield start
    for node in started:
        node.stop()


@dataclass(frozen=True)
class Orthanc:
    """A running Orthanc."""

    dicom_port: int
    http_port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    def get(self, path: str) -> Any:
        with _opener().open(f"{self.url}{path}", timeout=10) as answer:
            return json.loads(answer.read())


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def free_port() -> int:
    """A TCP port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture(scope="session")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    """Orthanc with its own ports and folder; with DICOMweb where Debian's plug-in is installed."""
    program = shutil.which("Orthanc")
    if program is None:
        pytest.skip("Orthanc is not installed: run scripts/install_servers.sh")
    folder = tmp_path_factory.mktemp("orthanc")
    server = Orthanc(free_port(), free_port())
    settings = {
        "Name": "archive",
        "StorageDirectory": str(folder),
        "IndexDirectory": str(folder),
        "DicomAet": "ARCHIVE",
        "DicomPort": server.dicom_port,
        "HttpPort": server.http_port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomAlwaysAllowFind": True,
        "Plugins": [str(DICOMWEB)] if DICOMWEB.exists() else [],
    }
    (folder / "orthanc.json").write_text(json.dumps(settings))
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen([program, str(folder / "orthanc.json")], stdout=log, stderr=log)
    try:
        _wait_for(server, process)
        yield server
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(server: Orthanc, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        try:
            server.get("/system")
        except (urllib.error.URLError, OSError):
            assert process.poll() is None, "Orthanc ended at its start"
            time.sleep(0.1)
        else:
            return
    pytest.fail("Orthanc did not start in 30 seconds")
