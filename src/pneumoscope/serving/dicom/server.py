"""The listening side of DICOM associations, so guarded that no peer can hold threads or memory for long."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from typing import Any, cast

from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association
from pynetdicom.fsm import StateMachine
from pynetdicom.transport import RequestHandler, ThreadedAssociationServer

from pneumoscope.serving.dicom.sockets import GuardedSocket

_IDLE = "Sta1"
_log = logging.getLogger("pneumoscope")


class GuardedMachine(StateMachine):
    """Ends what pynetdicom would keep: associations whose peer left before it asked, or speaks out of order."""

    def do_action(self, event: str) -> None:
        """Go on to the next state, or end the connection; see PS3.8, 9.2."""
        association = self.dul.assoc
        try:
            super().do_action(event)
        except Exception as error:  # InvalidEventError, and what damaged PDUs lead to
            _log.info("A DICOM connection was ended: %s.", type(error).__name__)
            cast("GuardedSocket", self.dul.socket).close()
            association.is_aborted, association.is_established = True, False
            association._kill = True
            self.dul.kill_dul()
        if self.current_state == _IDLE and association.requestor.primitive is None:
            self.dul.to_user_queue.put(None)  # the association waits for a request; None is that none came


class GuardedHandler(RequestHandler):
    """Starts the association of one connection."""

    def _create_association(self) -> Association:
        association = super()._create_association()
        association.dul.event_queue.get_nowait()  # of the socket that is replaced: each tells of its connection
        association.dul.socket = GuardedSocket(association, client_socket=self.request)
        association.dul.state_machine = GuardedMachine(association.dul)
        return association


class GuardedServer(ThreadedAssociationServer):
    """A server that accepts connections at once, whatever its peers do, and only so many of them.

    The handshake of TLS runs on the connection's own thread. Beyond ``2 * maximum_associations`` connections, further
    ones are closed at once; between the two, an association is rejected as the standard says.
    """

    daemon_threads = True

    def __init__(self, ae: ApplicationEntity, *arguments: Any, **options: Any) -> None:
        """Listen; see ``pynetdicom.transport.AssociationServer``."""
        self._starting = 0
        self._lock = threading.Lock()
        options["request_handler"] = GuardedHandler
        super().__init__(ae, *arguments, **options)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection, without a word to its peer."""
        connection, address = cast("socket.socket", self.socket).accept()
        connection.settimeout(self.ae.acse_timeout)
        return connection, address

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether there is room for one more connection."""
        with self._lock:
            open_now = len(self.active_associations) + self._starting
            if open_now >= 2 * self.ae.maximum_associations:
                _log.warning("A DICOM connection was closed: too many are open.")
                return False
            self._starting += 1
            return True

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Start the association, after TLS where it is used; a failure ends this connection only."""
        try:
            if self.ssl_context:
                request = self.ssl_context.wrap_socket(request, server_side=True)
            request.settimeout(self.ae.network_timeout)
            self.finish_request(request, client_address)
        except Exception as error:
            _log.info("A DICOM connection did not start: %s.", type(error).__name__)
            self.shutdown_request(request)
        finally:
            with self._lock:
                self._starting -= 1

    @property
    def ssl_context(self) -> ssl.SSLContext | None:
        """The context of TLS; None without TLS."""
        return self._ssl_context

    @ssl_context.setter
    def ssl_context(self, context: ssl.SSLContext | None) -> None:
        self._ssl_context = context
