"""What the tests of the DICOM room share: a node, and Orthanc as somebody else's archive."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

pytest.importorskip("pynetdicom", reason="the extra 'serve' is not installed")
pytest.importorskip("highdicom", reason="the extra 'serve' is not installed")

from lab.orthanc import PROGRAM, Orthanc, running
from pneumoscope.serving.dicom.node import Caller, DicomNode, DicomSettings


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


@pytest.fixture(scope="session")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    """Orthanc with its own ports and folder; with DICOMweb where Debian's plug-in is installed."""
    if PROGRAM is None:
        pytest.skip("Orthanc is not installed: run scripts/install_servers.sh")
    with running(tmp_path_factory.mktemp("orthanc")) as server:
        yield server
