"""Orthanc as somebody else's archive: a real one, in a process of its own, on free ports of this machine."""

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAM = shutil.which("Orthanc")
"""None where it is not installed: scripts/install_servers.sh does that."""

DICOMWEB = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
TITLE = "ARCHIVE"


@dataclass(frozen=True)
class Orthanc:
    """A running Orthanc.

    Attributes:
        dicom_port: its DICOM port.
        http_port: its port for REST and DICOMweb.
    """

    dicom_port: int
    http_port: int

    @property
    def url(self) -> str:
        """Where its REST interface is."""
        return f"http://127.0.0.1:{self.http_port}"

    def get(self, path: str) -> Any:
        """JSON of its REST interface."""
        return self._ask(urllib.request.Request(f"{self.url}{path}"))  # noqa: S310  this machine

    def post(self, path: str, content: Any) -> Any:
        """Send bytes as they are and all else as JSON; give the JSON of the answer."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        return self._ask(urllib.request.Request(f"{self.url}{path}", body))  # noqa: S310

    @staticmethod
    def _ask(request: urllib.request.Request) -> Any:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=600) as answer:
            return json.loads(answer.read())


def free_port() -> int:
    """A TCP port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def running(folder: Path, modalities: Mapping[str, tuple[str, str, int]] | None = None) -> Iterator[Orthanc]:
    """Run Orthanc with a folder of its own; with DICOMweb where Debian's plug-in is installed.

    Args:
        folder: for all it keeps.
        modalities: what it may send to: by name, AE title, host and port.

    Raises:
        RuntimeError: it is not installed, or does not start within 30 seconds.
    """
    if PROGRAM is None:
        raise RuntimeError("Orthanc is not installed: run scripts/install_servers.sh")
    server = Orthanc(free_port(), free_port())
    settings = {
        "Name": "archive",
        "StorageDirectory": str(folder),
        "IndexDirectory": str(folder),
        "DicomAet": TITLE,
        "DicomPort": server.dicom_port,
        "HttpPort": server.http_port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomAlwaysAllowFind": True,
        "DicomModalities": {name: list(where) for name, where in (modalities or {}).items()},
        "Plugins": [str(DICOMWEB)] if DICOMWEB.exists() else [],
    }
    (folder / "orthanc.json").write_text(json.dumps(settings))
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen([PROGRAM, str(folder / "orthanc.json")], stdout=log, stderr=log)
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
            if process.poll() is not None:
                break
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("Orthanc did not start")
