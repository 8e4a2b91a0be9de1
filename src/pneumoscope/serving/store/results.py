"""Results: one for each film, bundle and site profile."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pneumoscope.serving.store.database import Database
from pneumoscope.serving.store.films import Film, FilmState, read_film

URGENT = "urgent"
NEWEST = "newest"
ORDERS = {
    NEWEST: "f.received DESC, f.rowid DESC",
    URGENT: "CASE WHEN f.state != 'done' THEN 1 WHEN r.finding = 'pneumonia' THEN 0 WHEN r.finding = 'uncertain' THEN 2"
    " WHEN r.finding IS NULL THEN 3 ELSE 4 END, r.probability DESC, f.received DESC, f.rowid DESC",
}
"""How a list may be ordered. Urgent: pneumonias, films still to be judged, uncertain, not assessed, normal."""


@dataclass(frozen=True)
class StoredResult:
    """A result as the station keeps it.

    Attributes:
        id: random; its folder has this name.
        film: id of the film.
        made: seconds since 1970.
        record: the published result, as ``ScreeningResult.to_dict`` gives it.
        extra: what pages show beside it, see ``serving.worker``.
    """

    id: str
    film: str
    made: float
    record: dict[str, Any]
    extra: dict[str, Any]


@dataclass(frozen=True)
class Made:
    """A result that is to be kept.

    Attributes:
        id: of the result, hex.
        bundle_sha256: of the bundle.
        site_sha256: of the site profile; empty without one.
        made: seconds since 1970.
        record: the published result.
        extra: what pages show beside it.
        kinds: which of "sr", "sc" and "json" there are to be sent.
    """

    id: str
    bundle_sha256: str
    site_sha256: str
    made: float
    record: dict[str, Any]
    extra: dict[str, Any]
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Filters:
    """What a list is narrowed to; None and empty leave it wide.

    Attributes:
        finding: normal, uncertain, pneumonia, or not_assessed.
        reason: a coded reason.
        device: code of a device.
        since: received at or after, seconds since 1970.
        until: received before, seconds since 1970.
        batch: films that came together.
        text: part of the file's name, or a whole UID of the image, its series or its study.
    """

    finding: str | None = None
    reason: str | None = None
    device: str | None = None
    since: float | None = None
    until: float | None = None
    batch: str | None = None
    text: str | None = None


class Results:
    """The results of a station."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def finish(self, film: Film, made: Made) -> bool:
        """Keep a result, its rows of the outbox, and that the film is done: all of them or none.

        Returns:
            Whether it was kept. A second result of the same film, bundle and profile is not, and nothing is sent twice.
        """
        with self._database.writing() as write:
            kept = write.execute(
                "INSERT INTO results VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id",
                _row(film, made),
            ).fetchone()
            write.execute(
                "UPDATE films SET state = 'done', result = coalesce(?, result) WHERE id = ?",
                (made.id if kept else None, film.id),
            )
            if kept:
                self._enqueue(write, made)
        return bool(kept)

    def _enqueue(self, write: sqlite3.Connection, made: Made) -> None:
        for target in write.execute("SELECT id, sends FROM targets WHERE enabled").fetchall():
            if set(json.loads(target["sends"])) & set(made.kinds):
                write.execute(
                    "INSERT INTO outbox (id, result, target, state, created, due)"
                    " VALUES (lower(hex(randomblob(16))), ?, ?, 'waiting', ?, ?)",
                    (made.id, target["id"], made.made, made.made),
                )

    def get(self, identity: str) -> StoredResult | None:
        """Find a result."""
        row = self._database.one("SELECT * FROM results WHERE id = ?", identity)
        return _stored(row) if row else None

    def of_film(self, film: Film) -> StoredResult | None:
        """The newest result of a film; None while there is none."""
        return self.get(film.result) if film.result else None

    def page(
        self, filters: Filters, order: str = NEWEST, *, limit: int = 50, offset: int = 0
    ) -> tuple[list[tuple[Film, StoredResult | None]], int]:
        """A page of films with their newest results.

        Args:
            filters: what is asked for.
            order: one of ORDERS.
            limit: most films.
            offset: films to leave out at the begin.

        Returns:
            The page, and how many films there are in all.
        """
        where, values = _where(filters)
        both = f"FROM films f LEFT JOIN results r ON r.id = f.result WHERE {where}"
        total = self._database.count(f"SELECT count(*) {both}", *values)
        rows = self._database.all(
            f"SELECT f.*, r.id AS result_id, r.film, r.made, r.record, r.extra {both}"
            f" ORDER BY {ORDERS[order]} LIMIT ? OFFSET ?",
            *values,
            limit,
            offset,
        )
        return [(read_film(row), _stored(row, "result_id") if row["record"] else None) for row in rows], total

    def between(self, since: float, until: float) -> list[tuple[Film, StoredResult]]:
        """All films received within a time that have a result, oldest first; for exports and the site's watch."""
        rows, _ = self.page(Filters(since=since, until=until), limit=-1)
        return [(film, result) for film, result in reversed(rows) if result]

    def devices(self) -> list[str]:
        """The codes of all devices."""
        return [row[0] for row in self._database.all("SELECT DISTINCT device FROM results WHERE device NOTNULL")]

    def counts(self) -> Mapping[str, int]:
        """How many newest results have each finding, and how many are not assessed."""
        rows = self._database.all(
            "SELECT coalesce(r.finding, 'not_assessed'), count(*) FROM films f JOIN results r ON r.id = f.result"
            " GROUP BY 1"
        )
        return {row[0]: row[1] for row in rows}

    def last_made(self) -> float | None:
        """When the newest result was made."""
        row = self._database.one("SELECT max(made) FROM results")
        return row[0] if row else None


def _row(film: Film, made: Made) -> tuple[Any, ...]:
    said = [made.record[name] for name in ("status", "finding", "reason", "probability", "device")]
    identity = (made.id, film.id, made.bundle_sha256, made.site_sha256, made.made)
    return (*identity, *said, json.dumps(made.record), json.dumps(made.extra))


def _where(filters: Filters) -> tuple[str, Sequence[Any]]:
    found: list[tuple[str, tuple[Any, ...]]] = [("1", ())]
    if filters.finding == FilmState.FAILED:
        found.append(("f.state = 'failed'", ()))
    elif filters.finding == "not_assessed":
        found.append(("r.status = 'not_assessed'", ()))
    elif filters.finding:
        found.append(("r.finding = ?", (filters.finding,)))
    if filters.text:
        uids = ("sop_instance_uid", "series_instance_uid", "study_instance_uid")
        named = " OR ".join(f"json_extract(r.record, '$.{uid}') = ?" for uid in uids)
        found.append((f"(instr(lower(f.name), lower(?)) OR f.sop_uid = ? OR {named})", (filters.text,) * 5))
    exact = (("r.reason = ?", filters.reason), ("r.device = ?", filters.device), ("f.batch = ?", filters.batch))
    times = (("f.received >= ?", filters.since), ("f.received < ?", filters.until))
    found += [(condition, (value,)) for condition, value in (*exact, *times) if value is not None]
    return " AND ".join(part for part, _ in found), [value for _, values in found for value in values]


def _stored(row: sqlite3.Row, identity: str = "id") -> StoredResult:
    return StoredResult(row[identity], row["film"], row["made"], json.loads(row["record"]), json.loads(row["extra"]))
