"""The outbox: what is to be sent to which target, and how that went."""

import json
import random
import sqlite3
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from pneumoscope.errors import DataError
from pneumoscope.serving.settings import TargetSettings
from pneumoscope.serving.store.database import Database

FIRST_PAUSE = 2.0
LONGEST_PAUSE = 600.0
"""Seconds between tries at a target that fails: doubled each time, half of it by chance."""

KEPT_TRYING = 7 * 86400.0
"""Seconds after which something that could not be sent is set aside, as a dead letter."""


@dataclass(frozen=True)
class Target:
    """Where results are sent; the columns are explained in schema.sql."""

    id: str
    name: str
    kind: str
    sends: tuple[str, ...]
    config: dict[str, Any]
    enabled: bool
    failures: int
    paused_until: float
    said: str


@dataclass(frozen=True)
class Letter:
    """One result for one target.

    Attributes:
        id: of the row.
        result: id of the result.
        target: id of the target.
        state: waiting, sending, sent, or dead.
        created: seconds since 1970.
        attempts: how often it was tried.
        sent: seconds since 1970; None where it is not sent.
        said: what the last failure said.
    """

    id: str
    result: str
    target: str
    state: str
    created: float
    attempts: int
    sent: float | None
    said: str


class Outbox:
    """The targets of a station and what they are still to get."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_target(self, wanted: TargetSettings) -> Target:
        """Add a target, or change the one of that name.

        Raises:
            DataError: it sends nothing, or something that is not known.
        """
        if not wanted.sends or set(wanted.sends) - {"sr", "sc", "json"}:
            raise DataError(f"target {wanted.name}: it sends one or more of sr, sc and json.")
        with self._database.writing() as write:
            row = write.execute(
                "INSERT INTO targets (id, name, kind, sends, config) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, sends = excluded.sends,"
                " config = excluded.config, failures = 0, paused_until = 0, said = '' RETURNING *",
                (uuid4().hex, wanted.name, wanted.kind, json.dumps(wanted.sends), json.dumps(wanted.config)),
            ).fetchone()
        return _target(row)

    def targets(self) -> list[Target]:
        """All targets, by name."""
        return [_target(row) for row in self._database.all("SELECT * FROM targets ORDER BY name")]

    def target(self, identity: str) -> Target | None:
        """Find a target."""
        row = self._database.one("SELECT * FROM targets WHERE id = ?", identity)
        return _target(row) if row else None

    def enable(self, identity: str, enabled: bool) -> None:
        """Switch a target on or off. What waits for it stays."""
        self._change("UPDATE targets SET enabled = ?, failures = 0, paused_until = 0 WHERE id = ?", enabled, identity)

    def remove_target(self, identity: str) -> None:
        """Forget a target and all that waits for it."""
        self._change("DELETE FROM targets WHERE id = ?", identity)

    def note_test(self, identity: str, said: str) -> None:
        """Keep what a test said, and let what waits go at once."""
        self._change("UPDATE targets SET said = ?, paused_until = 0 WHERE id = ?", said, identity)

    def take(self) -> tuple[Letter, Target, bool] | None:
        """Take what is due next; None where there is nothing.

        Returns:
            The letter, its target, and whether it was tried before, so that the target may have it already.
        """
        now = time.time()
        with self._database.writing() as write:
            row = write.execute(
                "UPDATE outbox SET state = 'sending', attempts = attempts + 1 WHERE id = ("
                " SELECT o.id FROM outbox o JOIN targets t ON t.id = o.target WHERE o.state = 'waiting'"
                " AND o.due <= ? AND t.enabled AND t.paused_until <= ? ORDER BY o.due, o.rowid LIMIT 1) RETURNING *",
                (now, now),
            ).fetchone()
        target = self.target(row["target"]) if row else None
        return (_letter(row), target, row["attempts"] > 1) if row and target else None

    def sent(self, letter: Letter) -> None:
        """The target has it."""
        with self._database.writing() as write:
            write.execute(
                "UPDATE outbox SET state = 'sent', sent = ?, said = '' WHERE id = ?", (time.time(), letter.id)
            )
            write.execute("UPDATE targets SET failures = 0, paused_until = 0, said = '' WHERE id = ?", (letter.target,))

    def refused(self, letter: Letter, said: str) -> None:
        """The target will never take it: set it aside."""
        self._change("UPDATE outbox SET state = 'dead', said = ? WHERE id = ?", said, letter.id)

    def failed(self, letter: Letter, target: Target, said: str) -> None:
        """It could not be sent now: try again later, and leave the target alone until then."""
        now = time.time()
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(target.failures, 20)) * random.uniform(0.5, 1)  # noqa: S311
        state = "dead" if now - letter.created > KEPT_TRYING else "waiting"
        with self._database.writing() as write:
            write.execute(
                "UPDATE outbox SET state = ?, due = ?, said = ? WHERE id = ?", (state, now + pause, said, letter.id)
            )
            write.execute(
                "UPDATE targets SET failures = failures + 1, paused_until = ?, said = ? WHERE id = ?",
                (now + pause, said, target.id),
            )

    def recover(self) -> None:
        """Give back what was being sent when the station ended. Only at the start."""
        self._change("UPDATE outbox SET state = 'waiting' WHERE state = 'sending'")

    def send_again(self, letter: str) -> None:
        """Let a dead letter be tried again, as if it were new."""
        self._change(
            "UPDATE outbox SET state = 'waiting', created = ?, due = 0 WHERE id = ? AND state = 'dead'",
            time.time(),
            letter,
        )

    def letters(self, target: str, state: str = "dead", limit: int = 200) -> list[Letter]:
        """What a target is to get or got, the oldest first."""
        rows = self._database.all(
            "SELECT * FROM outbox WHERE target = ? AND state = ? ORDER BY created LIMIT ?", target, state, limit
        )
        return [_letter(row) for row in rows]

    def of_result(self, result: str) -> Iterator[tuple[Letter, Target]]:
        """What became of one result at each target."""
        for row in self._database.all("SELECT * FROM outbox WHERE result = ?", result):
            if target := self.target(row["target"]):
                yield _letter(row), target

    def counts(self) -> Mapping[str, Mapping[str, int]]:
        """By target, how many letters are in each state."""
        found: dict[str, dict[str, int]] = {}
        for row in self._database.all("SELECT target, state, count(*) FROM outbox GROUP BY 1, 2"):
            found.setdefault(row[0], {})[row[1]] = row[2]
        return found

    def oldest_waiting(self) -> float | None:
        """When the oldest letter that still waits was made."""
        row = self._database.one("SELECT min(created) FROM outbox WHERE state IN ('waiting', 'sending')")
        return row[0] if row else None

    def _change(self, query: str, *values: Any) -> None:
        with self._database.writing() as write:
            write.execute(query, values)


def _target(row: sqlite3.Row) -> Target:
    sends, config = tuple(json.loads(row["sends"])), json.loads(row["config"])
    state = (bool(row["enabled"]), row["failures"], row["paused_until"], row["said"])
    return Target(row["id"], row["name"], row["kind"], sends, config, *state)


def _letter(row: sqlite3.Row) -> Letter:
    names = ("id", "result", "target", "state", "created", "attempts", "sent", "said")
    return Letter(**{name: row[name] for name in names})
