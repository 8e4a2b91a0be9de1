"""What is kept for how long: pixels, results and journals, each by itself."""

import logging
import shutil
import time
from pathlib import Path

from pneumoscope.serving.background import Background
from pneumoscope.serving.faults import describe_fault
from pneumoscope.serving.settings import Retention
from pneumoscope.serving.spool import Spool
from pneumoscope.serving.store.database import Database

_HOUR = 3600.0
_DAY = 86400.0
_log = logging.getLogger("pneumoscope.station")


class Janitor(Background):
    """A thread that removes what is older than it may be, once an hour."""

    def __init__(self, database: Database, spool: Spool, results: Path, journals: Path, kept: Retention) -> None:
        """Take where things are, and how long they are kept."""
        super().__init__("janitor")
        self._database, self._spool, self._results, self._journals, self._kept = (
            database,
            spool,
            results,
            journals,
            kept,
        )

    def clean(self) -> None:
        """Remove what is older than it may be, now. What waits to be judged or sent stays."""
        now = time.time()
        if self._kept.pixels:
            self._remove_pixels(now - _DAY * self._kept.pixels)
        if self._kept.results:
            self._remove_results(now - _DAY * self._kept.results)
        if self._kept.journal:
            self._remove_journals(now - _DAY * self._kept.journal)
        self._sweep(now - _HOUR)

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self.clean()
            except Exception as error:
                _log.error("What is too old could not be removed; it is tried again: %s.", describe_fault(error))
            self._ended.wait(_HOUR)

    def _remove_pixels(self, before: float) -> None:
        old = self._database.all(
            "SELECT id, spool FROM films WHERE spool NOTNULL AND state = 'done' AND received < ?", before
        )
        for film in old:
            with self._database.writing() as write:
                write.execute("UPDATE films SET spool = NULL WHERE id = ?", (film["id"],))
            self._spool.remove(film["spool"])

    def _remove_results(self, before: float) -> None:
        """Films go with their results, so that the same film may come again."""
        with self._database.writing() as write:
            gone = write.execute(
                "DELETE FROM films WHERE state = 'done' AND received < ? AND NOT EXISTS (SELECT 1 FROM results r"
                " JOIN outbox o ON o.result = r.id WHERE r.film = films.id AND o.state IN ('waiting', 'sending'))"
                " RETURNING spool",
                (before,),
            ).fetchall()
        for film in gone:
            if film["spool"]:
                self._spool.remove(film["spool"])

    def _remove_journals(self, before: float) -> None:
        for path in self._journals.glob("journal-*.jsonl*"):
            if path.stat().st_mtime < before:
                path.unlink(missing_ok=True)

    def _sweep(self, before: float) -> None:
        """Remove folders of results that no row knows: a crash left them, or the row is gone."""
        known = {row[0] for row in self._database.all("SELECT id FROM results")}
        for folder in self._results.iterdir():
            if folder.name not in known and folder.stat().st_mtime < before:
                shutil.rmtree(folder, ignore_errors=True)
