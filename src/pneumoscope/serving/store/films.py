"""Films: received once, judged once."""

import sqlite3
import time
from dataclasses import astuple, dataclass, fields
from enum import StrEnum
from uuid import uuid4

from pneumoscope.serving.store.database import Database

MOST_ATTEMPTS = 3
"""A film that ended the process so often is set aside; a person may have it tried again."""


class Origin(StrEnum):
    """How a film came."""

    DICOM = "dicom"
    REST = "rest"
    STOW = "stow"
    PAGE = "page"
    FOLDER = "folder"


class FilmState(StrEnum):
    """Where a film stands."""

    WAITING = "waiting"
    WORKING = "working"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Arrival:
    """A film that lies in the spool and is not yet known.

    Attributes:
        sop_uid: SOP instance UID; empty where it is no DICOM.
        sha256: hex digest of its content.
        spool: its name in the spool.
        size: in bytes.
        origin: how it came.
        name: of its file; empty where there is none.
        caller: who sent it; empty where nobody is known.
        batch: what it came with; empty where it came alone.
    """

    sop_uid: str
    sha256: str
    spool: str
    size: int
    origin: Origin
    name: str = ""
    caller: str = ""
    batch: str = ""


@dataclass(frozen=True)
class Film:
    """A film as the station knows it; the columns are explained in schema.sql."""

    id: str
    sop_uid: str
    sha256: str
    spool: str | None
    size: int
    name: str
    origin: str
    caller: str
    batch: str
    received: float
    resent: int
    conflict: int
    state: str
    attempts: int
    leased_until: float
    result: str | None


class Films:
    """The films of a station."""

    def __init__(self, database: Database, bundle_sha256: str, site_sha256: str) -> None:
        """Take the identity of what judges them: films are judged once by each."""
        self._database = database
        self._judge = (bundle_sha256, site_sha256)

    def add(self, arrival: Arrival) -> tuple[Film, bool]:
        """Note a film, durably.

        The same content with the same UID is the same film. It is judged again only where its result is of another
        bundle or site profile. The same UID with another content is another film, marked as a conflict.

        Returns:
            The film, and whether it is new. Of one that is not, the spooled content is used only if its own is gone.
        """
        with self._database.writing() as write:
            known = write.execute(
                "SELECT * FROM films WHERE sop_uid = ? AND sha256 = ?", (arrival.sop_uid, arrival.sha256)
            ).fetchone()
            if known:
                return self._again(write, read_film(known), arrival), False
            return self._insert(write, arrival), True

    def _insert(self, write: sqlite3.Connection, new: Arrival) -> Film:
        other = write.execute("SELECT 1 FROM films WHERE sop_uid = ? AND sop_uid != ''", (new.sop_uid,)).fetchone()
        row = write.execute(
            "INSERT INTO films (id, sop_uid, sha256, spool, size, origin, name, caller, batch, received, conflict,"
            " state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'waiting') RETURNING *",
            (uuid4().hex, *astuple(new), time.time(), bool(other)),
        ).fetchone()
        return read_film(row)

    def _again(self, write: sqlite3.Connection, film: Film, new: Arrival) -> Film:
        judged = write.execute(
            "SELECT 1 FROM results WHERE film = ? AND bundle_sha256 = ? AND site_sha256 = ?", (film.id, *self._judge)
        ).fetchone()
        retry = film.state == FilmState.FAILED or (film.state == FilmState.DONE and not judged)
        row = write.execute(
            "UPDATE films SET resent = resent + 1, spool = coalesce(spool, ?), batch = ?,"
            " state = CASE WHEN ? THEN 'waiting' ELSE state END, attempts = CASE WHEN ? THEN 0 ELSE attempts END"
            " WHERE id = ? RETURNING *",
            (new.spool, new.batch or film.batch, retry, retry, film.id),
        ).fetchone()
        return read_film(row)

    def lease(self, seconds: float) -> Film | None:
        """Take the oldest film that waits, or whose lease ran out, for some seconds; None where there is none."""
        now = time.time()
        with self._database.writing() as write:
            row = write.execute(
                "UPDATE films SET state = 'working', attempts = attempts + 1, leased_until = ? WHERE id = ("
                " SELECT id FROM films WHERE state = 'waiting' OR (state = 'working' AND leased_until < ?)"
                " ORDER BY received LIMIT 1) RETURNING *",
                (now + seconds, now),
            ).fetchone()
        return read_film(row) if row else None

    def renew(self, film: Film, seconds: float) -> None:
        """Keep a lease: the heartbeat of whoever works on the film."""
        with self._database.writing() as write:
            write.execute(
                "UPDATE films SET leased_until = ? WHERE id = ? AND state = 'working'", (time.time() + seconds, film.id)
            )

    def give_back(self, film: Film) -> None:
        """Let a film wait again, as if nobody had tried it. One that was leased again since then stays as it is."""
        with self._database.writing() as write:
            write.execute(
                "UPDATE films SET state = 'waiting', attempts = attempts - 1"
                " WHERE id = ? AND state = 'working' AND attempts = ?",
                (film.id, film.attempts),
            )

    def fail(self, film: Film) -> None:
        """Set a film aside that could not be judged, through no fault of its own that we know."""
        with self._database.writing() as write:
            write.execute("UPDATE films SET state = 'failed' WHERE id = ?", (film.id,))

    def retry(self, identity: str) -> None:
        """Let a film that was set aside be tried again."""
        with self._database.writing() as write:
            write.execute(
                "UPDATE films SET state = 'waiting', attempts = 0 WHERE id = ? AND state = 'failed' AND spool NOTNULL",
                (identity,),
            )

    def recover(self) -> None:
        """Give back what was leased when the station ended. Only at the start, when nobody works."""
        with self._database.writing() as write:
            write.execute(
                "UPDATE films SET state = CASE WHEN attempts >= ? THEN 'failed' ELSE 'waiting' END"
                " WHERE state = 'working'",
                (MOST_ATTEMPTS,),
            )

    def get(self, identity: str) -> Film | None:
        """Find a film."""
        row = self._database.one("SELECT * FROM films WHERE id = ?", identity)
        return read_film(row) if row else None

    def neighbours(self, film: Film) -> tuple[str | None, str | None]:
        """The ids of the films that came next before and next after a film; None where there is none."""
        place = (film.received, film.id)
        earlier = self._database.one(
            "SELECT id FROM films WHERE (received, id) < (?, ?) ORDER BY received DESC, id DESC LIMIT 1", *place
        )
        later = self._database.one(
            "SELECT id FROM films WHERE (received, id) > (?, ?) ORDER BY received, id LIMIT 1", *place
        )
        return earlier["id"] if earlier else None, later["id"] if later else None

    def spooled(self) -> set[str]:
        """The names of all films that lie in the spool."""
        return {row[0] for row in self._database.all("SELECT spool FROM films WHERE spool NOTNULL")}

    def counts(self) -> dict[str, int]:
        """How many films are in each state."""
        found = self._database.all("SELECT state, count(*) FROM films GROUP BY state")
        return {str(state): 0 for state in FilmState} | {row[0]: row[1] for row in found}

    def last_received(self) -> float | None:
        """When the newest film came."""
        row = self._database.one("SELECT max(received) FROM films")
        return row[0] if row else None


_NAMES = tuple(field.name for field in fields(Film))


def read_film(row: sqlite3.Row) -> Film:
    """A film of a row that has its columns."""
    return Film(**{name: row[name] for name in _NAMES})
