"""From a film in the spool to a result that is kept, written down in the journal, and put into the outbox."""

import errno
import logging
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import uuid4

from pneumoscope.screening.screener import Screener
from pneumoscope.serving.deliverables import describe, write_deliverables
from pneumoscope.serving.faults import describe_fault
from pneumoscope.serving.journals import Journals
from pneumoscope.serving.spool import Spool
from pneumoscope.serving.store.films import MOST_ATTEMPTS, Film, Films
from pneumoscope.serving.store.results import Made, Results

LEASE = 60.0
"""Seconds for which a film is leased. A heartbeat renews the lease while the film is judged."""

_FULL = (errno.ENOSPC, errno.EDQUOT)  # that is no fault of a film, however often it is tried
_IDLE = 1.0  # seconds after which a worker looks for films by itself
_log = logging.getLogger("pneumoscope.station")


@dataclass(frozen=True)
class Judge:
    """Judges one film after the other.

    Attributes:
        screener: that all workers share.
        films: of the station.
        results: of the station.
        spool: where films lie.
        folder: for the results.
        journals: where every result is written down.
        finished: hears of every result.
        owed: films that found the disk full, and too full to note it.
    """

    screener: Screener
    films: Films
    results: Results
    spool: Spool
    folder: Path
    journals: Journals
    finished: Callable[[], None]
    owed: list[Film] = field(default_factory=list, init=False)

    def next(self, hold: Callable[[Film], None]) -> bool:
        """Judge the film that waits longest.

        Args:
            hold: is told of the film, to keep its lease alive.

        Returns:
            Whether there was one.

        Raises:
            OSError: something cannot be written; the film is tried again.
            sqlite3.OperationalError: so with the database.
        """
        self._give_back()
        film = self.films.lease(LEASE)
        if film is None:
            return False
        if film.attempts > MOST_ATTEMPTS or film.spool is None:
            _log.error("Film %s could not be judged in %d attempts; it is set aside.", film.id, MOST_ATTEMPTS)
            self.films.fail(film)
            return True
        hold(film)
        identity = uuid4().hex
        try:
            self._judge(film, self.spool.path(film.spool), identity)
        except Exception as error:
            shutil.rmtree(self.folder / identity, ignore_errors=True)
            if isinstance(error, OSError) and error.errno in _FULL:
                self.owed.append(film)
                self._give_back()
            raise
        return True

    def _give_back(self) -> None:
        """Let the films wait again that found the disk full. It may be too full even for that, and then they wait."""
        for film in tuple(self.owed):  # to give one back twice changes nothing
            self.films.give_back(film)
            with suppress(ValueError):  # another thread was as quick
                self.owed.remove(film)

    def _judge(self, film: Film, place: Path, identity: str) -> None:
        """The journal comes first. A film that a crash made us judge twice has two entries there, and one result."""
        result = replace(self.screener.screen(place, heatmap=True), source=film.name or None)
        kinds = write_deliverables(self.folder / identity, result, place, dicom=bool(film.sop_uid))
        self.journals.add(result)
        extra = describe(result)
        site, made = result.site_profile_sha256 or "", result.time.timestamp()
        kept = Made(identity, result.model.sha256, site, made, result.to_dict(), extra, kinds)
        if self.results.finish(film, kept):
            _log.info("Film %s: %s.", film.id, result.finding or result.reason)
            self.finished()


class Workers:
    """Threads that judge films, and one that keeps their leases alive."""

    def __init__(self, judge: Judge, threads: int) -> None:
        """Take what judges, and how many films it may judge at once."""
        self._judge, self._films = judge, judge.films
        self._wake, self._ended = threading.Condition(), threading.Event()
        self._held: dict[int, Film] = {}
        self._threads = [threading.Thread(target=self._work, name=f"worker-{n}", daemon=True) for n in range(threads)]
        self._heart = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Begin."""
        for thread in (*self._threads, self._heart):
            thread.start()

    def wake(self) -> None:
        """There is a film."""
        with self._wake:
            self._wake.notify()

    def stop(self) -> None:
        """Finish what is begun, and end. Safe to repeat."""
        self._ended.set()
        with self._wake:
            self._wake.notify_all()
        for thread in (*self._threads, self._heart):
            if thread.is_alive():
                thread.join()

    @property
    def alive(self) -> bool:
        """Whether all of them are at work."""
        return all(thread.is_alive() for thread in self._threads)

    def _work(self) -> None:
        me = threading.get_ident()
        while not self._ended.is_set():
            try:
                if self._judge.next(lambda film: self._held.update({me: film})):
                    continue
            except Exception as error:  # a full disk, above all: the film is still there, and there may be room later
                _log.error("A film could not be judged; it is tried again: %s.", describe_fault(error))
            finally:
                self._held.pop(me, None)
            with self._wake:
                if not self._ended.is_set():
                    self._wake.wait(_IDLE)

    def _beat(self) -> None:
        while not self._ended.wait(LEASE / 3):
            for film in list(self._held.values()):
                self._films.renew(film, LEASE)
