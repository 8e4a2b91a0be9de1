"""The DICOM node and peers that are slow, hostile, gone, or not who they should be."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from associations import associate, connect, request, send
from certificates import make_certificates
from pynetdicom.sop_class import Verification
from pynetdicom.transport import AssociationSocket
from stations import CR, make_film, settled

from pneumoscope.errors import DataError
from pneumoscope.serving.dicom.sockets import MAX_PDU
from pneumoscope.serving.dicom.targets import TargetError
from pneumoscope.serving.dicom.targets.dicom_target import DicomTarget
from pneumoscope.serving.dicom.tls import Tls


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
