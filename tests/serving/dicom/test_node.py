"""The DICOM node, asked by pynetdicom and by DCMTK."""

import io
import logging
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pydicom
import pytest
from certificates import make_certificates
from pynetdicom.sop_class import CTImageStorage, Verification
from pynetdicom.transport import AssociationSocket
from stations import CR, DX, encode, make_film, no_proxy, settled

from pneumoscope.errors import DataError
from pneumoscope.imaging.formats.dicom import RADIOGRAPH_CLASSES
from pneumoscope.imaging.reading import read
from pneumoscope.serving.dicom.node import Caller, DicomNode, DicomSettings, syntaxes
from pneumoscope.serving.dicom.sockets import MAX_PDU, CallingEntity
from pneumoscope.serving.dicom.targets import TargetError
from pneumoscope.serving.dicom.targets.dicom_target import DicomTarget
from pneumoscope.serving.dicom.tls import Tls
from pneumoscope.serving.spool import SpoolFullError


def dcmtk(program: str, port: int, *more: str, caller: str = "MODALITY") -> subprocess.CompletedProcess[str]:
    found = shutil.which(program, path="/usr/bin:/usr/local/bin:/opt/homebrew/bin")  # pynetdicom has one of that name
    if found is None:
        pytest.skip(f"DCMTK's {program} is not installed: run scripts/install_servers.sh")
    command = [found, "-v", "-aet", caller, "-aec", "ANY", *more[:-1], "127.0.0.1", str(port), *more[-1:]]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=no_proxy())


def associate(port: int, sop_class: str = CR, syntax: str | None = None, caller: str = "MODALITY", **more: Any) -> Any:
    entity = CallingEntity(caller)  # pynetdicom's own leaves some sockets to the garbage collector
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 10
    entity.add_requested_context(sop_class, *([syntax] if syntax else []))
    return entity.associate("127.0.0.1", port, **more)


def send(port: int, film: pydicom.Dataset, **more: Any) -> int:
    association = associate(port, film.SOPClassUID, film.file_meta.TransferSyntaxUID, **more)
    assert association.is_established
    status = association.send_c_store(film)
    association.release()
    return int(status.Status)


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


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def request() -> bytes:
    """An A-ASSOCIATE-RQ as pynetdicom sends it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        entity = CallingEntity("MODALITY")
        entity.acse_timeout = entity.connection_timeout = 5
        entity.add_requested_context(CR)
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(entity.associate, "127.0.0.1", listener.getsockname()[1])
            peer, _ = listener.accept()
            with peer:
                content = peer.recv(65536)
            asked.result()
    return content


def hostile(kind: str) -> bytes:
    """What a peer says that is no good."""
    asked = request()
    data = b"\x04\x00" + (2**16).to_bytes(4, "big")
    return {
        "nothing": b"",
        "half a header": asked[:3],
        "half a request": asked[: len(asked) // 2],
        "garbage": bytes(range(256)) * 20,
        "http": b"GET / HTTP/1.1\r\nHost: station\r\n\r\n",
        "a request of zeros": asked[:6] + bytes(len(asked) - 6),
        "a huge PDU": b"\x01\x00\xff\xff\xff\xff" + b"x" * 4096,
        "data before a request": data,
        "half a data PDU": asked + data + b"x" * 100,
        "data of nonsense": asked + b"\x04\x00\x00\x00\x00\x0a" + b"\xff" * 10,
        "a huge data PDU": asked + b"\x04\x00" + (MAX_PDU + 1).to_bytes(4, "big") + b"x" * 4096,
        "two requests": asked + asked,
    }[kind]


KINDS = ("nothing", "half a header", "half a request", "garbage", "http", "a request of zeros", "a huge PDU")
KINDS += ("data before a request", "half a data PDU", "data of nonsense", "a huge data PDU", "two requests")


@pytest.mark.parametrize("ends", ["closes", "waits"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_hostile_peer_leaves_nothing_behind(start_node: Callable[..., Any], kind: str, ends: str) -> None:
    said = hostile(kind)
    running = start_node(acse_timeout=1.0, network_timeout=1.0)
    before = threading.active_count()
    peers = [connect(running.node.port) for _ in range(5)]
    for peer in peers:
        peer.sendall(said)
        if ends == "closes":
            peer.close()
    assert settled(before)
    for peer in peers:
        peer.close()
    assert not running.films
    assert send(running.node.port, make_film()) == 0


def test_a_peer_that_leaves_before_it_asks_is_forgotten_at_once(start_node: Callable[..., Any]) -> None:
    running = start_node(acse_timeout=60.0, max_associations=2)
    before = threading.active_count()
    for _ in range(20):  # as the health check of a load balancer
        connect(running.node.port).close()
        assert settled(before)
    time.sleep(1)  # the listener may not have seen the last ones when it has settled; their timeout is a minute
    assert settled(before)
    assert send(running.node.port, make_film()) == 0


def test_a_slow_sender_is_cut_off(start_node: Callable[..., Any]) -> None:
    said = request()
    running = start_node(acse_timeout=1.0, network_timeout=1.0)
    before = threading.active_count()
    with connect(running.node.port) as peer:
        started = time.monotonic()
        try:
            for byte in said:
                peer.sendall(bytes([byte]))
                time.sleep(0.2)
        except OSError:
            pass
        assert time.monotonic() - started < 6
    assert settled(before)


def test_a_message_without_an_end_is_cut_off(start_node: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pneumoscope.serving.dicom.sockets.MAX_MESSAGE", 300_000)
    running = start_node()
    before = threading.active_count()
    film = make_film(PixelData=bytes(2**20))
    association = associate(running.node.port, CR, film.file_meta.TransferSyntaxUID)
    status = association.send_c_store(film)
    assert "Status" not in status
    assert settled(before)
    assert not running.films
    assert send(running.node.port, make_film(PixelData=bytes(1000))) == 0


def test_an_abort_in_the_middle_of_a_film_leaves_nothing_behind(
    start_node: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    running = start_node()
    before = threading.active_count()
    whole = AssociationSocket.send
    sent = []

    def cut(self: AssociationSocket, content: bytes) -> None:
        sent.append(content)
        if len(sent) == 4:  # request, command, data, and now more data
            self.close()
        else:
            whole(self, content)

    association = associate(running.node.port, CR, make_film().file_meta.TransferSyntaxUID)
    sent.append(b"request")
    monkeypatch.setattr(AssociationSocket, "send", cut)
    association.send_c_store(make_film(PixelData=bytes(500_000)))
    monkeypatch.undo()
    assert settled(before)
    assert not running.films
    assert send(running.node.port, make_film()) == 0


def test_many_bare_connections_are_bounded(start_node: Callable[..., Any]) -> None:
    running = start_node(max_associations=3, acse_timeout=1.0)
    before = threading.active_count()
    peers = [connect(running.node.port) for _ in range(40)]
    time.sleep(0.5)
    assert threading.active_count() - before <= 2 * 2 * 3
    assert settled(before)
    for peer in peers:
        peer.close()


@pytest.mark.slow
def test_threads_stay_flat_over_many_associations(start_node: Callable[..., Any]) -> None:
    running = start_node()
    before = threading.active_count()
    for _ in range(150):
        association = associate(running.node.port, Verification)
        assert association.is_established
        association.release()
    assert settled(before)


class TestTls:
    """TLS on both sides, with certificates made for the test."""

    def test_an_echo_goes_over_tls(self, start_node: Callable[..., Any], tmp_path: Path) -> None:
        files = make_certificates(tmp_path)
        running = start_node(tls=Tls(files.certificate, files.key, files.authority))
        ours = Tls(files.certificate, files.key, files.authority)
        target = DicomTarget("localhost", running.node.port, "ANY", "MODALITY", 10, ours)
        assert target.test() == "The target answered a C-ECHO."
        assert running.calls[-1][3] == "echo"

    @pytest.mark.parametrize("peer", ["plain", "without a certificate", "silent"])
    def test_others_are_left_out(self, start_node: Callable[..., Any], tmp_path: Path, peer: str) -> None:
        files = make_certificates(tmp_path)
        tls = Tls(files.certificate, files.key, files.authority)
        running = start_node(tls=tls, acse_timeout=1.0, network_timeout=1.0)
        before = threading.active_count()
        if peer == "silent":
            with connect(running.node.port):
                assert DicomTarget("localhost", running.node.port, "ANY", "MODALITY", 10, tls).test()
                assert settled(before)
            return
        ours = Tls(authorities=files.authority) if peer == "without a certificate" else None
        target = DicomTarget("localhost", running.node.port, "ANY", "MODALITY", 5, ours)
        with pytest.raises(TargetError, match=r"cannot be reached|did not answer|refused"):
            target.test()
        assert settled(before)
        assert not running.calls

    def test_files_of_no_use_are_refused_in_words(self, start_node: Callable[..., Any], tmp_path: Path) -> None:
        empty = tmp_path / "empty.pem"
        empty.touch()
        for tls in (Tls(), Tls(empty, empty), Tls(tmp_path / "none.pem")):
            with pytest.raises(DataError, match="TLS"):
                start_node(tls=tls)
