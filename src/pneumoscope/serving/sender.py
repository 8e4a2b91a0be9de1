"""From the outbox to the targets."""

import logging
import threading
from collections.abc import Sequence
from pathlib import Path

from pneumoscope.errors import DataError
from pneumoscope.serving.background import Background
from pneumoscope.serving.deliverables import FILES
from pneumoscope.serving.dicom.targets import Outgoing, TargetError, build_target
from pneumoscope.serving.dicom.targets import Target as ServiceTarget
from pneumoscope.serving.faults import describe_fault
from pneumoscope.serving.store.outbox import Letter, Outbox, Target

_IDLE = 1.0  # seconds after which the sender looks for letters by itself
_log = logging.getLogger("pneumoscope.station")


class Sender(Background):
    """A thread that sends what is due, one letter after the other."""

    def __init__(self, outbox: Outbox, folder: Path) -> None:
        """Take the outbox, and the folder of all results."""
        super().__init__("sender")
        self._outbox, self._folder = outbox, folder
        self._wake = threading.Event()

    def wake(self) -> None:
        """There is something to be sent."""
        self._wake.set()

    def stop(self) -> None:
        """Finish what is begun, and end. Safe to repeat."""
        self._ended.set()
        self._wake.set()
        super().stop()

    def _run(self) -> None:
        while not self._ended.is_set():
            self._wake.clear()
            try:
                if taken := self._outbox.take():
                    self._deliver(*taken)
                    continue
            except Exception as error:  # the database, above all: nothing is lost
                _log.error("The sender could not go on; it tries again: %s.", describe_fault(error))
            self._wake.wait(_IDLE)

    def _deliver(self, letter: Letter, target: Target, tried: bool) -> None:
        """Send a letter. What was tried before may have arrived: then the target is asked first."""
        try:
            there = build_target(target.kind, target.config)
            things = outgoing(self._folder / letter.result, target.sends)
            if tried:
                things = [thing for thing in things if not _has(there, thing)]
            if things:
                there.send(things)
        except (TargetError, DataError) as error:
            if isinstance(error, TargetError) and not error.permanent:
                _log.warning("Target %s: %s", target.name, error)
                self._outbox.failed(letter, target, str(error))
            else:
                _log.error("Target %s refused a result: %s", target.name, error)
                self._outbox.refused(letter, str(error))
        else:
            self._outbox.sent(letter)


def outgoing(folder: Path, sends: Sequence[str]) -> list[Outgoing]:
    """What of the folder of a result is sent to a target that takes some kinds.

    Raises:
        DataError: the folder is gone.
    """
    if not folder.is_dir():
        raise DataError("The result is no longer kept, so it cannot be sent.")
    return [_outgoing(folder / FILES[kind]) for kind in sends if (folder / FILES[kind]).exists()]


def _outgoing(path: Path) -> Outgoing:
    content = path.read_bytes()
    if path.suffix != ".dcm":
        return Outgoing(f"{path.parent.name}{path.suffix}", content, "json")
    import pydicom

    tags = ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"]
    read = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=tags)
    return Outgoing(path.name, content, "dicom", *(str(read[tag].value) for tag in tags))


def _has(target: ServiceTarget, thing: Outgoing) -> bool:
    uids = (thing.study, thing.series, thing.instance)
    return all(uids) and bool(target.has(*map(str, uids)))
