"""Connections of DICOM associations, both those that come in and those that go out, that no peer can hold for long."""

from __future__ import annotations

import socket
import time
from typing import Any, cast

from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association
from pynetdicom.transport import AssociationSocket

from pneumoscope.imaging.limits import MAX_BYTES

MAX_PDU = 2**20
"""Most bytes of one PDU. We ask for 64 KiB; a request for an association takes a few."""

MAX_MESSAGE = MAX_BYTES + 2**22
"""Most bytes of one message: the largest file that is read, and what carries it."""


class GuardedSocket(AssociationSocket):
    """A connection whose every PDU must come whole within the network timeout, and whose messages are bounded.

    Attributes:
        received: bytes since the last whole message.
    """

    received = 0

    def recv(self, nr_bytes: int) -> bytearray:
        """Read so many bytes, or fewer where the peer closed.

        Raises:
            OSError: it takes too long, or is too much; pynetdicom then closes the connection.
        """
        self.received += nr_bytes
        if nr_bytes > MAX_PDU or self.received > MAX_MESSAGE:
            raise ConnectionError("the peer sends more than is taken")
        timeout = self.assoc.network_timeout
        end = None if timeout is None else time.monotonic() + timeout
        connection, content = cast("socket.socket", self.socket), bytearray()
        while len(content) < nr_bytes:
            if end is not None:
                connection.settimeout(max(end - time.monotonic(), 0.001))
            part = connection.recv(nr_bytes - len(content))
            if not part:
                break
            content += part
        connection.settimeout(timeout)
        return content

    def _shutdown_socket(self) -> None:
        """Close the connection, also where its peer has closed it before: pynetdicom leaves that to chance."""
        connection = self.socket
        super()._shutdown_socket()
        if connection is not None:
            connection.close()


class CallingEntity(ApplicationEntity):
    """An application entity that calls over guarded connections."""

    def _create_socket(self, assoc: Association, address: Any, tls_args: Any) -> AssociationSocket:
        made = GuardedSocket(assoc, address=address)
        made.tls_args = tls_args
        return made
