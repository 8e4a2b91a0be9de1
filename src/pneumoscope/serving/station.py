"""The station: its parts, put together, started and stopped in order."""

import time
from contextlib import ExitStack
from dataclasses import dataclass

from pneumoscope.compute.cores import usable_cores
from pneumoscope.files import make_folder
from pneumoscope.locks import exclusive
from pneumoscope.screening.screener import Screener
from pneumoscope.serving.dicom.node import DicomNode
from pneumoscope.serving.dicom.objects import load_libraries
from pneumoscope.serving.intake import Intake
from pneumoscope.serving.journals import Journals
from pneumoscope.serving.retention import Janitor
from pneumoscope.serving.sender import Sender
from pneumoscope.serving.settings import Settings
from pneumoscope.serving.spool import Spool
from pneumoscope.serving.store.database import Database
from pneumoscope.serving.store.films import Films, Origin
from pneumoscope.serving.store.log import Log
from pneumoscope.serving.store.outbox import Outbox
from pneumoscope.serving.store.results import Results
from pneumoscope.serving.watcher import Watcher
from pneumoscope.serving.worker import Judge, Workers


@dataclass(frozen=True)
class Part:
    """How one part of the station is.

    Attributes:
        name: of the part.
        well: whether it does its work.
        said: one sentence, without patient data.
        last: when it last did it, seconds since 1970; None where it never did, or nobody counts.
    """

    name: str
    well: bool
    said: str
    last: float | None = None


class Station:
    """Everything behind the web pages and the DICOM node. A process has its folder of state for itself.

    Attributes:
        settings: what the operator chose.
        screener: the one Screener.
        database: all tables.
        spool: films as they were received.
        films: the films of the database.
        results: its results.
        outbox: its targets, and what they are to get.
        log: who called, and who changed what.
        journals: where every result is written down.
        folder: of the results; each has a folder of its own.
        intake: the one way in.
        node: the DICOM node; None where the settings have none.
    """

    def __init__(self, settings: Settings) -> None:
        """Open the state and load the bundle. Nothing runs until :meth:`start`.

        Raises:
            DataError: the state cannot be used, or another process uses it.
            BundleError: the bundle cannot be used.
        """
        self.settings, self.folder = settings, settings.state / "results"
        make_folder(self.folder)
        self._held = ExitStack()
        self._held.enter_context(exclusive(settings.state / "station.lock"))
        threads = settings.workers or usable_cores()
        self.screener = self._held.enter_context(Screener(settings.bundle, workers=threads, site=settings.site))
        self.database = Database(settings.state / "station.sqlite")
        self._held.callback(self.database.close)
        self.spool = Spool(settings.state / "spool", settings.free)
        self.journals = Journals(settings.state / "journal")
        self._held.callback(self.journals.close)
        self._remember()
        self._put_together(threads)

    def _remember(self) -> None:
        site = self.screener.site.sha256 if self.screener.site else ""
        self.films = Films(self.database, self.screener.model.sha256, site)
        self.results, self.outbox, self.log = Results(self.database), Outbox(self.database), Log(self.database)

    def _put_together(self, threads: int) -> None:
        settings, results = self.settings, self.results
        self.sender = Sender(self.outbox, self.folder)
        judge = Judge(self.screener, self.films, results, self.spool, self.folder, self.journals, self.sender.wake)
        self._workers = Workers(judge, threads + 1)  # the network need not wait while a result is written
        self.intake = Intake(self.spool, self.films, self._workers.wake)
        self._janitor = Janitor(self.database, self.spool, self.folder, self.journals.folder, settings.retention)
        self._watcher = Watcher(settings.watch, self.intake) if settings.watch else None
        self.node: DicomNode | None = None
        if settings.dicom:
            self.node = DicomNode(settings.dicom, self._take_dicom, self.log.note_call)

    def start(self) -> None:
        """Take up what was left, then open the doors.

        Raises:
            DataError: a target of the settings cannot be used, or a port is taken.
        """
        load_libraries()
        self.spool.sweep(self.films.spooled())
        self.films.recover()
        self.outbox.recover()
        known = {target.name for target in self.outbox.targets()}
        for target in self.settings.targets:
            if target.name not in known:
                self.outbox.add_target(target)
        for part in (self._workers, self.sender, self._janitor, self._watcher, self.node):
            if part:
                part.start()

    def stop(self) -> None:
        """Close the doors, finish what is begun, and let go of the state. Safe to repeat."""
        for part in (self.node, self._watcher, self._janitor, self._workers, self.sender):
            if part:
                part.stop()
        self._held.close()

    def __enter__(self) -> "Station":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _take_dicom(self, content: bytes, caller: str) -> None:
        self.intake.accept(content, Origin.DICOM, caller=caller)

    def health(self) -> list[Part]:
        """How every part is, without patient data."""
        counts, room = self.films.counts(), self.spool.room()
        waiting = self.outbox.oldest_waiting()
        behind = f"the oldest letter waits for {(time.time() - waiting) / 60:.0f} min" if waiting else "nothing waits"
        parts = [
            Part("model", True, f"{self.screener.model.name} {self.screener.model.version}"),
            Part("disk", room > 0, f"room for {max(0, room) / 2**30:.1f} GiB of films", self.films.last_received()),
            Part("workers", self._workers.alive, f"{counts['waiting'] + counts['working']} films wait",
                 self.results.last_made()),
            Part("failed films", not counts["failed"], f"{counts['failed']} films could not be judged"),
            Part("sender", self.sender.alive, behind),
        ]  # fmt: skip
        failing = [target.name for target in self.outbox.targets() if target.enabled and target.failures]
        parts.append(Part("targets", not failing, f"{len(failing)} targets cannot be reached"))
        if self.node:
            parts.append(Part("dicom", self.node.alive, f"port {self.node.port}"))
        if self._watcher:
            parts.append(Part("folder", self._watcher.alive, "a folder is watched"))
        return parts
