"""The one way in: to the spool, then to a row, and only then acknowledged."""

import hashlib
import logging
import sqlite3
from collections.abc import Callable
from dataclasses import replace

from pneumoscope.errors import DataError
from pneumoscope.imaging.limits import MAX_BYTES
from pneumoscope.serving.dicom.objects import made_here, peek
from pneumoscope.serving.spool import CANNOT_WRITE, Spool, SpoolFullError
from pneumoscope.serving.store.films import Arrival, Film, Films, Origin

_log = logging.getLogger("pneumoscope.station")
_UID_LENGTH = 64


class Intake:
    """Takes films. Many threads may use it at once."""

    def __init__(self, spool: Spool, films: Films, wake: Callable[[], None]) -> None:
        """Take where films go, and whom to tell that there is one."""
        self._spool, self._films, self._wake = spool, films, wake

    def accept(
        self, content: bytes, origin: Origin, *, name: str = "", caller: str = "", batch: str = ""
    ) -> tuple[Film, bool]:
        """Take a film. When this returns, it is not lost, whatever happens to the process or the power.

        Args:
            content: of the file.
            origin: how it came.
            name: of the file.
            caller: who sent it.
            batch: what it came with.

        Returns:
            The film, and whether it is new; the same content again is the same film.

        Raises:
            DataError: it is empty, larger than any film, or a result of this station that a PACS sends back.
            SpoolFullError: the disk has no room, or cannot be written to.
        """
        if not content:
            raise DataError("The file is empty; copy or export it again.")
        if len(content) > MAX_BYTES:
            raise DataError(f"The file holds more than {MAX_BYTES // 2**20} MiB; export one film per file.")
        uid = sop_uid(content)
        spooled = self._spool.add(content)
        try:
            arrival = Arrival(uid, hashlib.sha256(content).hexdigest(), spooled, len(content), origin)
            film, new = self._films.add(_described(arrival, name, caller, batch))
        except BaseException as error:
            self._spool.remove(spooled)
            if isinstance(error, sqlite3.OperationalError):  # the database lies on the same disk
                raise SpoolFullError(CANNOT_WRITE) from error
            raise
        if film.spool != spooled:
            self._spool.remove(spooled)
        if new and film.conflict:
            _log.warning("Film %s has the UID of an earlier one and another content; both are kept.", film.id)
        self._wake()
        return film, new


def _described(arrival: Arrival, name: str, caller: str, batch: str) -> Arrival:
    return replace(arrival, name=name[-200:], caller=caller[:64], batch=batch[:64])


def sop_uid(content: bytes) -> str:
    """The SOP instance UID of a DICOM file; empty where it is none, or has none that can be read.

    Raises:
        DataError: it is a result that this station made, which a PACS may send back.
    """
    read = peek(content, "SOPInstanceUID", "Manufacturer")
    if read is None:
        return ""
    if made_here(read):
        raise DataError("The object is a result of this program and no film.")
    return str(read.get("SOPInstanceUID") or "")[:_UID_LENGTH]
