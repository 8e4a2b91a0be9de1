"""The DICOM node: a storage SCP that takes films and says so only when they are safe."""

from __future__ import annotations

import io
import logging
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pneumoscope.errors import DataError, system_text
from pneumoscope.extras import needed
from pneumoscope.serving.dicom.objects import quietly, silence_libraries
from pneumoscope.serving.dicom.tls import Tls, server_context
from pneumoscope.serving.dicom.uids import derive_uid
from pneumoscope.serving.spool import SpoolFullError

if TYPE_CHECKING:
    from pynetdicom.ae import ApplicationEntity
    from pynetdicom.dimse_primitives import C_STORE
    from pynetdicom.events import Event

    from pneumoscope.serving.dicom.sockets import GuardedSocket

SUCCESS = 0x0000
OUT_OF_RESOURCES = 0xA700
CANNOT_UNDERSTAND = 0xC000
PROCESSING_FAILURE = 0x0110

IMPLEMENTATION_UID = derive_uid("", "", "", None, "implementation")
"""Implementation Class UID of the node, on the wire and in the files that it makes."""
IMPLEMENTATION_NAME = "PNEUMOSCOPE"

Accept = Callable[[bytes, str], None]
"""Takes a whole DICOM file and the AE title that sent it, and returns when the file is safe."""
NoteCall = Callable[[str, str, bool, str], None]
"""Hears of a call: AE title, host, whether it was accepted, and what was asked for."""

_PDU_SIZE = 2**18
_AE_TITLE = re.compile(r"(?! )[ -\[\]-~]{1,16}(?<! )")
_log = logging.getLogger("pneumoscope")


@dataclass(frozen=True)
class Caller:
    """Who may store.

    Attributes:
        ae_title: its calling AE title, of 1 to 16 characters.
        host: the address that it must call from, as a numeric IP address; None for any.
    """

    ae_title: str
    host: str | None = None


@dataclass(frozen=True)
class DicomSettings:
    """How the node listens.

    Attributes:
        ae_title: its own AE title, of 1 to 16 characters. Callers may call it by another one.
        host: the address to listen on; the loopback address leaves everybody else out.
        port: the TCP port; 0 for a free one.
        callers: who may open an association. Nobody may where it is empty, unless ``any_caller``.
        any_caller: whether anybody may, whatever ``callers`` says.
        max_associations: how many may be open at once.
        acse_timeout: seconds that a peer has to ask for an association, and to end it.
        network_timeout: seconds that an open association may be silent, and that one PDU may take.
        tls: its files; None for DICOM without TLS.
    """

    ae_title: str = "PNEUMOSCOPE"
    host: str = "127.0.0.1"
    port: int = 11112
    callers: tuple[Caller, ...] = ()
    any_caller: bool = False
    max_associations: int = 25
    acse_timeout: float = 15.0
    network_timeout: float = 60.0
    tls: Tls | None = None

    def __post_init__(self) -> None:
        """Check what can be checked before anything listens.

        Raises:
            DataError: a value cannot be used.
        """
        for title in (self.ae_title, *(caller.ae_title for caller in self.callers)):
            if not _AE_TITLE.fullmatch(title):
                raise DataError(f"{title!r} is no AE title: it has 1 to 16 characters, and no backslash")
        if not 0 <= self.port < 2**16:
            raise DataError(f"{self.port} is no TCP port: take 1 to 65535, or 0 for a free one")
        if self.max_associations < 1 or min(self.acse_timeout, self.network_timeout) <= 0:
            raise DataError("the most associations and the timeouts of the DICOM node must be above 0")

    def may_call(self, ae_title: str, host: str) -> bool:
        """Whether a peer may open an association."""
        return self.any_caller or any(
            caller.ae_title == ae_title and caller.host in (None, host) for caller in self.callers
        )


def syntaxes() -> tuple[str, ...]:
    """The transfer syntaxes that the node takes: those that ``pneumoscope.imaging`` decodes.

    Raises:
        MissingExtraError: the extra ``dicom`` is not installed.
    """
    with needed("The DICOM node", "serve"):
        from pneumoscope.imaging.formats import codestream
    from pneumoscope.imaging.formats.dicom_file import DEFLATED, RLE, UNCOMPRESSED

    return (*UNCOMPRESSED, *codestream.SYNTAXES, RLE, DEFLATED)


class DicomNode:
    """A storage SCP for radiographs that answers C-ECHO and C-STORE.

    Its handlers only hand over: a film is acknowledged when ``accept`` has returned, and refused when it raises.
    """

    def __init__(self, settings: DicomSettings, accept: Accept, note_call: NoteCall) -> None:
        """Make a node that does not listen yet.

        Args:
            settings: how it listens.
            accept: spools a film durably. SpoolFullError and OSError refuse it with 0xA700, so that the sender tries
                again; DataError refuses it with 0xC000.
            note_call: hears of every call; what it raises changes nothing. All threads of associations call both.
        """
        self._settings = settings
        self._accept = accept
        self._note_call = note_call
        self._server: Any = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The TCP port that it listens on.

        Raises:
            RuntimeError: it is not started.
        """
        if self._server is None:
            raise RuntimeError("the DICOM node is not started")
        return int(self._server.server_address[1])

    @property
    def alive(self) -> bool:
        """Whether it listens."""
        return self._thread is not None and self._thread.is_alive() and self._server is not None

    def start(self) -> None:
        """Listen, on threads of its own.

        Raises:
            DataError: the address cannot be listened on, or a file for TLS cannot be used.
            MissingExtraError: the extra ``serve`` is not installed.
        """
        settings = self._settings
        with needed("The DICOM node", "serve"):
            from pneumoscope.serving.dicom.server import GuardedServer
        silence_libraries()
        try:
            self._server = self._entity().make_server(
                (settings.host, settings.port),
                ssl_context=server_context(settings.tls) if settings.tls else None,
                evt_handlers=list(self._handlers()),
                server_class=GuardedServer,
            )
        except OSError as error:
            place = f"{settings.host}:{settings.port}"
            raise DataError(f"{system_text(error, place)}; the DICOM node cannot listen there") from error
        self._server.ae._servers.append(self._server)
        self._thread = threading.Thread(target=self._server.serve_forever, name="dicom-node", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and end open associations. Safe to repeat.

        What was not acknowledged is sent again by its sender.
        """
        if self._server is None or self._thread is None:
            return
        server, self._server = self._server, None
        open_now = server.active_associations
        server.shutdown()
        self._thread.join()
        for association in open_now:
            association.abort(block=False)
        for association in open_now:
            association.join(self._settings.acse_timeout)

    def _entity(self) -> ApplicationEntity:
        from pynetdicom.ae import ApplicationEntity
        from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]

        from pneumoscope.imaging.formats.dicom import RADIOGRAPH_CLASSES

        entity = ApplicationEntity(self._settings.ae_title)
        entity.implementation_class_uid = IMPLEMENTATION_UID
        entity.implementation_version_name = IMPLEMENTATION_NAME
        entity.maximum_associations = self._settings.max_associations
        entity.maximum_pdu_size = _PDU_SIZE
        entity.acse_timeout = self._settings.acse_timeout
        entity.network_timeout = entity.dimse_timeout = self._settings.network_timeout
        entity.add_supported_context(Verification)
        for sop_class in RADIOGRAPH_CLASSES:
            entity.add_supported_context(sop_class, list(syntaxes()))
        return entity

    def _handlers(self) -> Iterator[tuple[Any, Callable[[Event], Any]]]:
        from pynetdicom import evt

        yield evt.EVT_REQUESTED, self._on_request
        yield evt.EVT_DIMSE_RECV, _count_anew
        yield evt.EVT_C_ECHO, self._on_echo
        yield evt.EVT_C_STORE, self._on_store

    def _on_request(self, event: Event) -> None:
        title, host = _caller_of(event)
        accepted = self._settings.may_call(title, host)
        self._note(title, host, accepted, "association")
        if not accepted:
            event.assoc.acse.send_reject(0x01, 0x01, 0x03)  # permanent, user, calling AE title not recognised
            event.assoc.kill()

    def _on_echo(self, event: Event) -> int:
        self._note(*_caller_of(event), True, "echo")
        return SUCCESS

    def _on_store(self, event: Event) -> int:
        title, host = _caller_of(event)
        status = self._store(event, title)
        self._note(title, host, status == SUCCESS, "store")
        return status

    def _store(self, event: Event, title: str) -> int:
        try:
            self._accept(_file_of(event), title)
        except (SpoolFullError, OSError) as error:
            _log.error("A film was refused, so that its sender tries again: %s.", type(error).__name__)
            return OUT_OF_RESOURCES
        except DataError:
            return CANNOT_UNDERSTAND
        except Exception as error:  # whatever it is, the film is not safe, and its text may name a patient
            _log.error("A film was refused, because of a fault: %s.", type(error).__name__)
            return PROCESSING_FAILURE
        return SUCCESS

    def _note(self, title: str, host: str, accepted: bool, what: str) -> None:
        try:
            self._note_call(title, host, accepted, what)
        except Exception as error:
            _log.error("A DICOM call was not noted: %s.", type(error).__name__)


def _count_anew(event: Event) -> None:
    cast("GuardedSocket", event.assoc.dul.socket).received = 0


def _caller_of(event: Event) -> tuple[str, str]:
    """AE title and host of a peer; the title as printable text."""
    requestor = event.assoc.requestor
    asked = requestor.primitive.calling_ae_title if requestor.primitive else requestor.ae_title
    title = "".join(letter if letter.isprintable() else "?" for letter in str(asked)).strip()
    return title[:16], str(requestor.address)


def _file_of(event: Event) -> bytes:
    """The film as a DICOM file: the data set as it came, and file meta information of nothing but the request.

    It is the same for the same film, whoever sends it and whatever version of a library receives it.
    """
    from pydicom.dataset import FileMetaDataset
    from pydicom.filewriter import write_file_meta_info

    request, file = cast("C_STORE", event.request), io.BytesIO()
    if request.DataSet is None:
        raise DataError("the message holds no data set")
    with quietly():
        meta = FileMetaDataset()
        meta.FileMetaInformationVersion = b"\x00\x01"
        meta.MediaStorageSOPClassUID = request.AffectedSOPClassUID
        meta.MediaStorageSOPInstanceUID = request.AffectedSOPInstanceUID
        meta.TransferSyntaxUID = event.context.transfer_syntax
        meta.ImplementationClassUID = IMPLEMENTATION_UID
        meta.ImplementationVersionName = IMPLEMENTATION_NAME
        file.write(bytes(128) + b"DICM")
        write_file_meta_info(file, meta, enforce_standard=True)
    file.write(request.DataSet.getvalue())
    return file.getvalue()
