"""Results to an archive by C-STORE: Orthanc, and a node that answers as it is told."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pynetdicom import AE, evt
from pynetdicom.sop_class import Comprehensive3DSRStorage, SecondaryCaptureImageStorage, Verification
from stations import settled
from target_contract import TargetContract, make_outgoing, uids

from pneumoscope.serving.dicom.targets import Outgoing, Target, TargetError, build_target


def target_at(port: int, **more: Any) -> Target:
    return build_target("dicom", {"host": "127.0.0.1", "port": port, "called": "ARCHIVE", "timeout": 10, **more})


class TestDicomTarget(TargetContract):
    @pytest.fixture
    def target(self, orthanc: Any) -> Target:
        return target_at(orthanc.dicom_port)

    @pytest.fixture
    def unreachable(self, unused_port: int) -> Target:
        return target_at(unused_port)

    def test_the_result_lies_in_the_study_of_its_patient(self, target: Target, orthanc: Any) -> None:
        thing = make_outgoing(11)
        target.send([thing, make_outgoing(11, "capture")])
        studies = [orthanc.get(f"/studies/{name}") for name in orthanc.get("/studies")]
        (study,) = (one for one in studies if one["MainDicomTags"]["StudyInstanceUID"] == thing.study)
        assert study["PatientMainDicomTags"]["PatientID"] == "SYN11"
        series = [orthanc.get(f"/series/{name}")["MainDicomTags"]["Modality"] for name in study["Series"]]
        assert sorted(series) == ["OT", "SR"]


@pytest.fixture
def archive() -> Iterator[Callable[..., int]]:
    """Start an archive that answers a C-STORE with a status; gives its port."""
    servers = []

    def start(status: int, classes: tuple[str, ...] = (Comprehensive3DSRStorage,), **settings: Any) -> int:
        entity = AE("ARCHIVE")
        for sop_class in (Verification, *classes):
            entity.add_supported_context(sop_class)
        for name, value in settings.items():
            setattr(entity, name, value)

        def store(event: evt.Event) -> int:
            if status < 0:
                event.assoc.abort()
            return status

        servers.append(entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, store)]))
        return int(servers[-1].server_address[1])

    yield start
    for server in servers:
        server.shutdown()


@pytest.mark.parametrize("status", [0x0000, 0xB000, 0xB006, 0xB007])
def test_what_was_stored_with_a_warning_is_stored(archive: Callable[..., int], status: int) -> None:
    target_at(archive(status)).send([make_outgoing()])


@pytest.mark.parametrize(
    ("status", "permanent"),
    [(0xA700, False), (0xA701, False), (0x0110, False), (0xA900, True), (0xC000, True), (0x0122, True), (0x0111, True)],
)
def test_a_refusal_says_whether_to_try_again(archive: Callable[..., int], status: int, permanent: bool) -> None:
    with pytest.raises(TargetError, match=f"0x{status:04X}") as caught:
        target_at(archive(status)).send([make_outgoing()])
    assert caught.value.permanent is permanent


def test_an_object_that_the_archive_does_not_take_is_refused_for_good(archive: Callable[..., int]) -> None:
    port = archive(0)
    with pytest.raises(TargetError, match="SOP class") as caught:
        target_at(port).send([make_outgoing(1, "report"), make_outgoing(1, "capture")])
    assert caught.value.permanent
    with pytest.raises(TargetError, match="SOP class") as caught:
        target_at(port).send([make_outgoing(1, "capture")])
    assert caught.value.permanent
    target_at(archive(0, (SecondaryCaptureImageStorage,))).send([make_outgoing(1, "capture")])


def test_an_archive_that_does_not_know_us_is_tried_again(archive: Callable[..., int]) -> None:
    port = archive(0, require_calling_aet=["OTHER"])
    with pytest.raises(TargetError, match="AE title PNEUMOSCOPE") as caught:
        target_at(port).test()
    assert not caught.value.permanent
    assert target_at(port, calling="OTHER").test()


def test_an_archive_that_cannot_find_cannot_tell(archive: Callable[..., int]) -> None:
    assert target_at(archive(0)).has(*uids(make_outgoing())) is None


def test_an_archive_that_breaks_off_is_tried_again(archive: Callable[..., int]) -> None:
    before = threading.active_count()
    with pytest.raises(TargetError, match=r"did not answer|broke") as caught:
        target_at(archive(-1)).send([make_outgoing()])
    assert not caught.value.permanent
    assert settled(before + 1)  # the archive's own


def test_json_is_refused_in_words(archive: Callable[..., int]) -> None:
    with pytest.raises(TargetError, match="DICOM objects only") as caught:
        target_at(archive(0)).send([Outgoing("one.json", b"{}", "json")])
    assert caught.value.permanent
