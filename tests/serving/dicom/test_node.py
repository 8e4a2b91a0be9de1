"""The DICOM node, asked by pynetdicom and by DCMTK."""

import io
import logging
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pydicom
import pytest
from associations import associate, send
from pynetdicom.sop_class import CTImageStorage, Verification
from stations import DX, encode, make_film, no_proxy, settled

from pneumoscope.errors import DataError
from pneumoscope.imaging.formats.dicom import RADIOGRAPH_CLASSES
from pneumoscope.imaging.reading import read
from pneumoscope.serving.dicom.node import Caller, DicomNode, DicomSettings, syntaxes
from pneumoscope.serving.dicom.sockets import CallingEntity
from pneumoscope.serving.spool import SpoolFullError


def dcmtk(program: str, port: int, *more: str, caller: str = "MODALITY") -> subprocess.CompletedProcess[str]:
    found = shutil.which(program, path="/usr/bin:/usr/local/bin:/opt/homebrew/bin")  # pynetdicom has one of that name
    if found is None:
        pytest.skip(f"DCMTK's {program} is not installed: run scripts/install_servers.sh")
    command = [found, "-v", "-aet", caller, "-aec", "ANY", *more[:-1], "127.0.0.1", str(port), *more[-1:]]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=no_proxy())


def test_dcmtk_hears_an_echo(start_node: Callable[..., Any]) -> None:
    running = start_node()
    ended = dcmtk("echoscu", running.node.port)
    assert ended.returncode == 0, ended.stderr
    assert running.calls == [("MODALITY", "127.0.0.1", True, "association"), ("MODALITY", "127.0.0.1", True, "echo")]


@pytest.mark.parametrize("proposed", ["-xi", "-xe", "-xb", "-xd"])
def test_dcmtk_stores_a_film_that_is_read(start_node: Callable[..., Any], tmp_path: Path, proposed: str) -> None:
    running, path = start_node(), tmp_path / "film.dcm"
    path.write_bytes(encode(make_film()))
    ended = dcmtk("storescu", running.node.port, proposed, str(path))
    assert ended.returncode == 0, ended.stderr
    ((content, caller),) = running.films
    assert caller == "MODALITY"
    assert read(content).header.sop_instance_uid == make_film().SOPInstanceUID
    assert ("MODALITY", "127.0.0.1", True, "store") in running.calls


def test_the_same_film_is_the_same_bytes(start_node: Callable[..., Any]) -> None:
    running = start_node(any_caller=True)
    for caller in ("ONE", "OTHER"):
        assert send(running.node.port, make_film(), caller=caller) == 0
    (first, one), (second, other) = running.films
    assert first == second
    assert (one, other) == ("ONE", "OTHER")


def test_a_film_is_a_whole_dicom_file(start_node: Callable[..., Any]) -> None:
    running, film = start_node(), make_film()
    send(running.node.port, film)
    kept = pydicom.dcmread(io.BytesIO(running.films[0][0]))
    assert kept.file_meta.MediaStorageSOPInstanceUID == film.SOPInstanceUID
    assert kept.file_meta.TransferSyntaxUID == film.file_meta.TransferSyntaxUID
    assert sorted(kept.keys()) == sorted(film.keys())
    assert kept.PixelData == film.PixelData


def test_every_class_and_syntax_that_is_decoded_is_taken(start_node: Callable[..., Any]) -> None:
    port = start_node().node.port
    for sop_class in RADIOGRAPH_CLASSES:
        entity = CallingEntity("MODALITY")
        for syntax in syntaxes():
            entity.add_requested_context(sop_class, syntax)
        association = entity.associate("127.0.0.1", port)
        taken = {context.transfer_syntax[0] for context in association.accepted_contexts}
        association.release()
        assert taken == set(syntaxes()), sop_class
    assert len(syntaxes()) == 13
    assert not associate(port, CTImageStorage).is_established


@pytest.mark.parametrize("syntax", ["JPEGLSLossless", "JPEG2000Lossless", "RLELossless"])
def test_a_compressed_film_is_kept_as_it_came(start_node: Callable[..., Any], syntax: str) -> None:
    running, film = start_node(), make_film(SOPClassUID=DX, Modality="DX")
    if syntax == "RLELossless":
        film.compress(pydicom.uid.RLELossless, generate_instance_uid=False)
    else:
        import imagecodecs

        encoder = imagecodecs.jpegls_encode if syntax == "JPEGLSLossless" else imagecodecs.jpeg2k_encode
        options = {} if syntax == "JPEGLSLossless" else {"codecformat": "J2K", "reversible": True}
        film.PixelData = pydicom.encaps.encapsulate([encoder(make_film().pixel_array, **options)])
        film["PixelData"].VR = "OB"
        film.file_meta.TransferSyntaxUID = getattr(pydicom.uid, syntax)
    assert send(running.node.port, film) == 0
    assert (read(running.films[0][0]).pixels == make_film().pixel_array).all()


@pytest.mark.parametrize(
    ("settings", "caller", "accepted"),
    [
        ({}, "MODALITY", True),
        ({}, "STRANGER", False),
        ({}, "modality", False),
        ({"callers": ()}, "MODALITY", False),
        ({"callers": (), "any_caller": True}, "MODALITY", True),
        ({"callers": (Caller("MODALITY", "127.0.0.1"),)}, "MODALITY", True),
        ({"callers": (Caller("MODALITY", "192.0.2.1"),)}, "MODALITY", False),
    ],
)
def test_only_listed_callers_may_call(
    start_node: Callable[..., Any], settings: Any, caller: str, accepted: bool
) -> None:
    running = start_node(**settings)
    association = associate(running.node.port, Verification, caller=caller)
    assert association.is_established is accepted
    if accepted:
        association.release()
    else:
        refused = association.acceptor.primitive
        assert (refused.result, refused.result_source, refused.diagnostic) == (1, 1, 3)
    assert running.calls[0] == (caller, "127.0.0.1", accepted, "association")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SpoolFullError("full"), 0xA700),
        (OSError(28, "No space left"), 0xA700),
        (DataError("no film"), 0xC000),
        (RuntimeError("Synthetic^Film"), 0x0110),
    ],
)
def test_a_film_that_is_not_safe_is_not_acknowledged(
    start_node: Callable[..., Any], caplog: pytest.LogCaptureFixture, error: Exception, status: int
) -> None:
    def accept(content: bytes, caller: str) -> None:
        raise error

    running = start_node(accept)
    with caplog.at_level(logging.DEBUG):
        assert send(running.node.port, make_film()) == status
    assert running.calls[-1] == ("MODALITY", "127.0.0.1", False, "store")
    assert "Synthetic" not in caplog.text
    assert make_film().SOPInstanceUID not in caplog.text


def test_a_note_that_fails_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def note(*call: object) -> None:
        raise RuntimeError("Synthetic^Film")

    node = DicomNode(DicomSettings(port=0, any_caller=True), lambda content, caller: None, note)
    node.start()
    try:
        assert send(node.port, make_film()) == 0
    finally:
        node.stop()
    assert "RuntimeError" in caplog.text
    assert "Synthetic" not in caplog.text


def test_films_come_on_many_associations_at_once(start_node: Callable[..., Any]) -> None:
    before = threading.active_count()
    running = start_node()
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda number: send(running.node.port, make_film(number)), range(24)))
    assert statuses == [0] * 24
    assert len({content for content, _ in running.films}) == 24
    running.node.stop()
    assert settled(before)


def test_more_associations_than_there_may_be_are_refused_for_now(start_node: Callable[..., Any]) -> None:
    running = start_node(max_associations=2)
    held = [associate(running.node.port) for _ in range(2)]
    refused = associate(running.node.port)
    assert refused.is_rejected
    primitive = refused.acceptor.primitive
    assert (primitive.result, primitive.result_source, primitive.diagnostic) == (2, 3, 2)
    for association in held:
        association.release()
    assert settled_associations(running) == 0
    assert send(running.node.port, make_film()) == 0


def settled_associations(running: Any) -> int:
    end = time.monotonic() + 8
    while running.node._server.active_associations and time.monotonic() < end:
        time.sleep(0.05)
    return len(running.node._server.active_associations)


def test_the_port_can_be_used_again_after_a_stop(start_node: Callable[..., Any]) -> None:
    running = start_node()
    port = running.node.port
    with pytest.raises(DataError, match="cannot listen"):
        start_node(port=port)
    running.node.stop()
    running.node.stop()
    with pytest.raises(RuntimeError, match="not started"):
        _ = running.node.port
    start_node(port=port)


def test_a_stop_ends_open_associations(start_node: Callable[..., Any]) -> None:
    before = threading.active_count()
    running = start_node()
    association = associate(running.node.port)
    started = time.monotonic()
    running.node.stop()
    assert time.monotonic() - started < 5
    assert settled(before)
    assert not association.is_established


@pytest.mark.parametrize(
    "wrong",
    [
        {"ae_title": ""},
        {"ae_title": "SEVENTEEN_LETTERS"},
        {"callers": (Caller("A\\B"),)},
        {"port": 70_000},
        {"max_associations": 0},
        {"network_timeout": 0.0},
    ],
)
def test_settings_of_no_use_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        DicomSettings(**wrong)
