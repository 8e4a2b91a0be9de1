"""A small PACS of the tests' own: it stores, counts what comes, and answers questions for one image."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from pydicom import Dataset
from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom.events import Event
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind, Verification  # type: ignore[attr-defined]


class Pacs:
    """What a peer got.

    Attributes:
        port: that it listens on.
        came: how often each SOP instance UID was sent.
        objects: what came last under each UID.
    """

    def __init__(self) -> None:
        self.port = 0
        self.came: Counter[str] = Counter()
        self.objects: dict[str, Dataset] = {}

    def store(self, event: Event) -> int:
        dataset = event.dataset
        self.came[dataset.SOPInstanceUID] += 1
        self.objects[dataset.SOPInstanceUID] = dataset
        return 0

    def find(self, event: Event) -> Iterator[tuple[int, Dataset | None]]:
        asked = event.identifier.SOPInstanceUID
        if asked in self.objects:
            answer = Dataset()
            answer.QueryRetrieveLevel, answer.SOPInstanceUID = "IMAGE", asked
            yield 0xFF00, answer

    def kinds(self) -> Counter[str]:
        return Counter(str(one.Modality) for one in self.objects.values())

    def wait_for(self, count: int, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while len(self.objects) < count:
            assert time.monotonic() < end, f"{len(self.objects)} of {count} objects came"
            time.sleep(0.05)


@contextmanager
def running(pacs: Pacs) -> Iterator[Pacs]:
    """Let a PACS listen on its port, or on a free one the first time."""
    entity = AE("PACS")
    entity.supported_contexts = AllStoragePresentationContexts
    entity.add_supported_context("1.2.840.10008.5.1.4.1.1.88.34")  # Comprehensive 3D SR
    entity.add_supported_context(Verification)
    entity.add_supported_context(StudyRootQueryRetrieveInformationModelFind)
    handlers = [(evt.EVT_C_STORE, pacs.store), (evt.EVT_C_FIND, pacs.find)]
    server = entity.start_server(("127.0.0.1", pacs.port), block=False, evt_handlers=handlers)
    assert server
    pacs.port = server.socket.getsockname()[1]
    try:
        yield pacs
    finally:
        entity.shutdown()


def send(films: list[Dataset], port: int) -> list[int | None]:
    """Store films at a node; give the status of each, None where there was no answer."""
    entity = AE("MODALITY")
    for sop_class, syntax in sorted({(film.SOPClassUID, film.file_meta.TransferSyntaxUID) for film in films}):
        entity.add_requested_context(sop_class, syntax)
    association = entity.associate("127.0.0.1", port)
    if not association.is_established:
        return [None] * len(films)
    statuses: list[int | None] = []
    for film in films:
        try:
            answer = association.send_c_store(film)
            statuses.append(int(answer.Status) if "Status" in answer else None)
        except RuntimeError:
            statuses.append(None)
    if association.is_established:
        association.release()
    return statuses
