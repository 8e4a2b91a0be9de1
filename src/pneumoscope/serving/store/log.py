"""Who called, and who changed what."""

import time
from dataclasses import dataclass

from pneumoscope.serving.store.database import Database


@dataclass(frozen=True)
class Call:
    """A system that called the DICOM node.

    Attributes:
        ae_title: as it calls itself.
        host: its address.
        accepted: whether it may.
        what: what it asked for last.
        last: when, seconds since 1970.
        count: how often.
    """

    ae_title: str
    host: str
    accepted: bool
    what: str
    last: float
    count: int


class Log:
    """What an operator looks up when something does not work."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note_call(self, ae_title: str, host: str, accepted: bool, what: str) -> None:
        """Note that a system called."""
        with self._database.writing() as write:
            write.execute(
                "INSERT INTO callers VALUES (?, ?, ?, ?, ?, 1) ON CONFLICT DO UPDATE SET"
                " what = excluded.what, last = excluded.last, count = count + 1",
                (ae_title, host, int(accepted), what, time.time()),
            )

    def calls(self, limit: int = 100) -> list[Call]:
        """Who called, the latest first."""
        rows = self._database.all("SELECT * FROM callers ORDER BY last DESC LIMIT ?", limit)
        return [Call(row[0], row[1], bool(row[2]), row[3], row[4], row[5]) for row in rows]

    def note_event(self, who: str, what: str) -> None:
        """Note a change of the station, as a sentence without patient data."""
        with self._database.writing() as write:
            write.execute("INSERT INTO events (made, who, what) VALUES (?, ?, ?)", (time.time(), who, what))

    def events(self, limit: int = 100) -> list[tuple[float, str, str]]:
        """Changes, the latest first: when, who, what."""
        return [
            tuple(row)
            for row in self._database.all("SELECT made, who, what FROM events ORDER BY id DESC LIMIT ?", limit)
        ]
