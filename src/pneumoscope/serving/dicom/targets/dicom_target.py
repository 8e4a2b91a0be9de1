"""Results to a PACS or archive by C-STORE."""

from __future__ import annotations

import io
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pneumoscope.extras import needed
from pneumoscope.serving.dicom.objects import quietly, silence_libraries
from pneumoscope.serving.dicom.targets.contract import Outgoing, TargetError, only_dicom
from pneumoscope.serving.dicom.tls import Tls, client_context

if TYPE_CHECKING:
    from pydicom import Dataset

_VERIFICATION = "1.2.840.10008.1.1"
_FIND = "1.2.840.10008.5.1.4.1.2.2.1"  # Study Root Query/Retrieve Information Model, FIND
_STORED = (0x0000, 0xB000, 0xB006, 0xB007)  # success, and stored with a warning
_DUPLICATE = 0x0111
_LATER = (*range(0xA700, 0xA800), 0x0110)  # out of resources, and a failure of its own


class DicomTarget:
    """A storage SCP, reached by a new association for each call."""

    def __init__(self, host: str, port: int, called: str, calling: str, timeout: float, tls: Tls | None = None) -> None:
        """Name the peer; nothing is sent yet.

        Args:
            host: its name or address.
            port: its TCP port.
            called: its AE title.
            calling: ours.
            timeout: seconds to wait for it at each step.
            tls: the files for TLS; None without TLS.

        Raises:
            DataError: a file for TLS cannot be used.
        """
        self._host, self._port, self._called, self._calling = host, port, called, calling
        self._timeout = timeout
        self._tls: tuple[ssl.SSLContext, str] | None = (client_context(tls), host) if tls else None

    def test(self) -> str:
        """Send a C-ECHO; see ``Target``."""
        with self._association([(_VERIFICATION, ())]) as association:
            status = _status(association.send_c_echo())
        if status != 0:
            raise TargetError(f"The target answered the C-ECHO with the status 0x{status:04X}.", permanent=False)
        return "The target answered a C-ECHO."

    def has(self, study: str, series: str, instance: str) -> bool | None:
        """Ask by C-FIND at the level of images; see ``Target``."""
        from pydicom import Dataset

        asked = Dataset()
        asked.QueryRetrieveLevel = "IMAGE"
        asked.StudyInstanceUID, asked.SeriesInstanceUID, asked.SOPInstanceUID = study, series, instance
        try:
            with self._association([(_FIND, ())]) as association, quietly():
                answers = list(association.send_c_find(asked, _FIND))
        except TargetError:
            return None
        if not answers or _status(answers[-1][0]) != 0:
            return None
        return any(found is not None and found.get("SOPInstanceUID") == instance for _, found in answers)

    def send(self, things: Sequence[Outgoing]) -> None:
        """Send by C-STORE, all on one association; see ``Target``."""
        from pydicom import dcmread

        only_dicom(things)
        if not things:
            return
        with quietly():
            datasets = [dcmread(io.BytesIO(thing.content)) for thing in things]
        contexts = {(dataset.SOPClassUID, dataset.file_meta.TransferSyntaxUID) for dataset in datasets}
        with self._association([(sop_class, (syntax,)) for sop_class, syntax in sorted(contexts)]) as association:
            for thing, dataset in zip(things, datasets, strict=True):
                self._store(association, thing, dataset)

    def _store(self, association: Any, thing: Outgoing, dataset: Dataset) -> None:
        try:
            with quietly():
                status = _status(association.send_c_store(dataset))
        except ValueError as error:  # no accepted presentation context
            raise TargetError("The target takes no objects of this kind (SOP class).", permanent=True) from error
        except RuntimeError as error:  # the association ended before
            raise TargetError("The connection to the target broke.", permanent=False) from error
        if status in _STORED or (status == _DUPLICATE and self._has(thing)):
            return
        said = f"The target refused an object with the status 0x{status:04X}."
        raise TargetError(said, permanent=status not in _LATER)

    def _has(self, thing: Outgoing) -> bool:
        return bool(thing.study and thing.series and thing.instance) and bool(
            self.has(str(thing.study), str(thing.series), str(thing.instance))
        )

    @contextmanager
    def _association(self, contexts: Sequence[tuple[str, Sequence[str]]]) -> Iterator[Any]:
        """Open an association, and end it.

        Raises:
            TargetError: the peer cannot be reached or refuses it.
        """
        with needed("Sending by DICOM", "serve"):
            from pneumoscope.serving.dicom.sockets import CallingEntity
        silence_libraries()
        entity = CallingEntity(self._calling)
        entity.connection_timeout = entity.acse_timeout = entity.dimse_timeout = self._timeout
        entity.network_timeout = self._timeout
        for abstract, transfer in contexts:
            if transfer:
                entity.add_requested_context(abstract, list(transfer))
            else:
                entity.add_requested_context(abstract)
        association = entity.associate(self._host, self._port, ae_title=self._called, tls_args=self._tls)
        if not association.is_established:
            raise self._why_not(association)
        try:
            yield association
        finally:
            if association.is_established:
                association.release()

    def _why_not(self, association: Any) -> TargetError:
        if association.is_rejected:
            said = f"The target refused the association: it may not know the AE title {self._calling}."
        elif association.acceptor.primitive is not None:
            return TargetError("The target takes none of these objects (SOP classes).", permanent=True)
        else:
            said = "The target cannot be reached: check its address, its port and whether it uses TLS."
        return TargetError(said, permanent=False)


def _status(answer: Dataset) -> int:
    """The status of an answer.

    Raises:
        TargetError: there was none.
    """
    if "Status" not in answer:
        raise TargetError("The target did not answer in time, or broke the connection.", permanent=False)
    return int(answer.Status)
