"""What readers say of results: whether they agree, and what they see."""

import csv
import io
import json
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from pneumoscope.errors import DataError
from pneumoscope.escaping import csv_cell
from pneumoscope.serving.store.database import Database


class Opinion(StrEnum):
    """Whether a reader follows a result."""

    AGREE = "agree"
    DISAGREE = "disagree"
    AMEND = "amend"


class Seen(StrEnum):
    """What a reader sees on a film."""

    NORMAL = "normal"
    PNEUMONIA = "pneumonia"
    OTHER = "other"


@dataclass(frozen=True)
class Verdict:
    """What one reader says of one result.

    Attributes:
        result: id of the result.
        reader: name of the account.
        made: seconds since 1970.
        opinion: of the result.
        seen: what the reader sees; None where that was not said.
        comment: in the reader's words.
    """

    result: str
    reader: str
    made: float
    opinion: Opinion
    seen: Seen | None
    comment: str


COLUMNS = ("source_sha256", "sop_instance_uid", "label", "seen", "verdict", "finding", "reader", "made", "comment")
"""Of the export. ``pneumoscope site shadow --reports`` reads the first three."""


class Verdicts:
    """The verdicts of a station. All are kept, and the newest of each reader counts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, result: str, reader: str, opinion: Opinion, seen: Seen | None, comment: str) -> None:
        """Keep a verdict.

        Raises:
            DataError: whoever does not agree has to say what they see; or the comment is too long.
        """
        if opinion is not Opinion.AGREE and seen is None:
            raise DataError("Say what you see: normal, pneumonia or something else.")
        if len(comment) > 2000:
            raise DataError("A comment has at most 2,000 characters.")
        with self._database.writing() as write:
            write.execute(
                "INSERT INTO verdicts (result, reader, made, verdict, finding, comment) VALUES (?, ?, ?, ?, ?, ?)",
                (result, reader, time.time(), opinion, seen, comment),
            )

    def of_result(self, result: str) -> list[Verdict]:
        """The newest verdict of each reader, the latest first."""
        rows = self._database.all(
            "SELECT * FROM verdicts WHERE result = ? AND id IN (SELECT max(id) FROM verdicts GROUP BY result, reader)"
            " ORDER BY id DESC",
            result,
        )
        return [_verdict(row) for row in rows]

    def of_results(self, results: Iterable[str]) -> dict[str, Opinion]:
        """By id of the result, the latest opinion; results without one are left out."""
        rows = self._database.all(
            "SELECT result, verdict FROM verdicts WHERE result IN (SELECT value FROM json_each(?)) ORDER BY id",
            json.dumps(list(results)),
        )
        return {row["result"]: Opinion(row["verdict"]) for row in rows}

    def export(self) -> str:
        """The newest verdict of each reader on each result as CSV, the oldest first.

        Who agrees and does not say what they see, sees the finding; "uncertain" gives no label, and neither does
        "other", because a film with another disease is neither normal nor a pneumonia.
        """
        rows = self._database.all(
            "SELECT v.*, r.finding AS answer, json_extract(r.record, '$.source_sha256') AS sha256, f.sop_uid"
            " FROM verdicts v JOIN results r ON r.id = v.result JOIN films f ON f.id = r.film"
            " WHERE v.id IN (SELECT max(id) FROM verdicts GROUP BY result, reader) ORDER BY v.id"
        )
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(COLUMNS)
        writer.writerows([csv_cell(value) for value in _exported(row)] for row in rows)
        return text.getvalue()


def _exported(row: sqlite3.Row) -> tuple[str | None, ...]:
    from datetime import UTC, datetime

    seen = row["finding"] or (row["answer"] if row["verdict"] == Opinion.AGREE else None)
    label = seen if seen in (Seen.NORMAL, Seen.PNEUMONIA) else ""
    made = datetime.fromtimestamp(row["made"], UTC).isoformat(timespec="seconds")
    names = (row["sha256"], row["sop_uid"], label, row["finding"], row["verdict"], row["answer"])
    return (*names, row["reader"], made, row["comment"])


def _verdict(row: sqlite3.Row) -> Verdict:
    seen = Seen(row["finding"]) if row["finding"] else None
    return Verdict(row["result"], row["reader"], row["made"], Opinion(row["verdict"]), seen, row["comment"])
