"""Associations with a DICOM node, whole and half."""

import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pydicom
from stations import CR

from pneumoscope.serving.dicom.sockets import CallingEntity


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
