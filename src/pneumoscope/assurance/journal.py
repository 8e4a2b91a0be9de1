"""The journal: an append-only log of results in which every line proves the ones before it.

A line is ``{"hash":"H","entry":E}`` in ASCII, where H is the hex SHA-256 of two things: the hash of the line before (64
zeros before the first), and the bytes of E. So no line can be changed, taken out, put in or moved without breaking the
chain there. A chain alone cannot tell that its tail was cut off, or that it was made anew from some line on. The head
can: how many entries there are and the last hash, which whoever relies on the journal keeps elsewhere.

An entry is a start, a result without identity (no path, no UID, no text), or the note that a line was found incomplete.
"""

import json
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import uuid4

from pneumoscope._version import __version__
from pneumoscope.errors import AssuranceError, DataError
from pneumoscope.files import write_bytes
from pneumoscope.locks import held
from pneumoscope.screening.record import FIELDS
from pneumoscope.screening.result import ScreeningResult

IDENTITY = {
    "source", "sop_instance_uid", "series_instance_uid", "study_instance_uid", "detail", "heatmap_file", "listed"
}  # fmt: skip
"""The keys of a result that an entry does not have: they lead to the patient, or are text."""

KEPT = tuple(name for name in FIELDS if name not in IDENTITY)

_LINE = re.compile(rb'\{"hash":"([0-9a-f]{64})","entry":(\{.*\})\}\n')
_BEGIN = b'{"hash":"'
_FIRST = b"0" * 64
_HEAD = re.compile(r"([1-9][0-9]*):([0-9a-f]{64})")


@dataclass(frozen=True)
class Head:
    """Where a journal ends; whoever keeps it can tell later that nothing up to here was changed or cut off.

    Attributes:
        entries: how many there are, the start included.
        hash: of the last one, hex.
    """

    entries: int
    hash: str

    def __str__(self) -> str:
        return f"{self.entries}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> "Head":
        """Read what ``str`` wrote.

        Raises:
            DataError: it is no head.
        """
        if not (match := _HEAD.fullmatch(text)):
            raise DataError(f"{text[:80]!r} is no head of a journal; give it as it was printed, such as 12:3fa9...")
        return cls(int(match[1]), match[2])


@dataclass(frozen=True)
class Line:
    """One line of a journal: the hash that it states, and its entry as bytes."""

    hash: bytes
    entry: bytes

    @classmethod
    def parse(cls, line: bytes) -> "Line | None":
        """Read a line with its line end; None where it is none, to the byte."""
        match = _LINE.fullmatch(line)
        return cls(match[1], match[2]) if match else None

    def follows(self, before: bytes) -> bool:
        """Whether its hash is that of its entry after a line with the hash ``before``."""
        return self.hash == _hash(before, self.entry)

    def values(self) -> dict[str, Any]:
        """Its entry as JSON values; empty where it is no JSON object."""
        try:
            values = json.loads(self.entry)
        except (ValueError, RecursionError):
            return {}
        return values if isinstance(values, dict) else {}


class Journal:
    """Appends results to a journal. Many threads and processes may write to one file at once.

    Each entry is on the disk when ``add`` returns. A line that a crash left incomplete is moved to a file beside the
    journal, ``NAME.torn-HASH``, and the journal notes it. It is an output like those of ``screening.output.writers``.

    Attributes:
        path: of the file.
        head: where the journal ended after the last entry of this object.
    """

    def __init__(self, path: Path) -> None:
        """Begin a journal, or find that the file is one that can go on.

        Raises:
            DataError: the file is something else.
            AssuranceError: its end does not hold together.
            OSError: it cannot be opened or written.
        """
        if path.exists() and not path.is_file():
            raise DataError(f"{path}: no regular file, so no journal can lie there; name another file.")
        self.path = path
        flags = os.O_CREAT | os.O_RDWR | getattr(os, "O_BINARY", 0)
        self._file = open(os.open(path, flags, 0o600), "r+b", buffering=0)  # noqa: SIM115  until close
        self._threads = threading.Lock()
        try:
            with self._whole() as end:
                self.head = end
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(self, result: ScreeningResult) -> None:
        """Append one result.

        Raises:
            AssuranceError: the file was deleted, or its end does not hold together.
            OSError: it cannot be written; then nothing of the entry is in it.
        """
        said = result.to_dict()
        with self._whole() as end:
            self.head = self._append(end, {"kind": "result"} | {key: said[key] for key in KEPT})

    def close(self, finished: bool = True) -> Path:
        """Close the file: every entry is on the disk already, whether all results came or not. Safe to repeat."""
        self._file.close()
        return self.path

    @contextmanager
    def _whole(self) -> Iterator[Head]:
        """Hold the file alone, whole and with a start; give where it ends."""
        with self._threads, held(self._file):
            if os.fstat(self._file.fileno()).st_nlink == 0:
                raise AssuranceError(f"{self.path}: the journal was deleted while it was written; restore it.")
            self._file.seek(0)
            begin = self._file.read(len(_BEGIN))
            if not _BEGIN.startswith(begin):
                raise DataError(f"{self.path}: this file is no journal; nothing was written to it. Name another file.")
            torn = self._set_aside()
            end = self._end() or self._append(None, {"kind": "start", "journal": 1, "id": uuid4().hex} | _now())
            yield self._append(end, {"kind": "torn"} | torn | _now()) if torn else end

    def _set_aside(self) -> dict[str, Any]:
        """Move an incomplete last line to a file beside the journal; give what the journal is to say of it."""
        size = self._file.seek(0, 2)
        start = size - len(self._tail(1))
        self._file.seek(start)
        torn = self._file.read()
        if not torn:
            return {}
        digest = sha256(torn).hexdigest()
        write_bytes(self.path.with_name(f"{self.path.name}.torn-{digest[:12]}"), torn)
        self._file.truncate(start)
        return {"bytes": len(torn), "sha256": digest}

    def _end(self) -> Head | None:
        """Where the journal ends; None of an empty file."""
        lines = [Line.parse(line + b"\n") for line in self._tail(3).split(b"\n")[:-1]]
        if not lines:
            return None
        last = lines[-1]
        before = lines[-2].hash if len(lines) > 1 and lines[-2] else _FIRST
        number = last.values().get("n") if last else None
        if last is None or not last.follows(before) or not isinstance(number, int):
            raise AssuranceError(
                f"{self.path}: the end of the journal was changed; keep the file, find the place with "
                "`pneumoscope journal verify`, and name another file for new results."
            )
        return Head(number + 1, last.hash.decode())

    def _tail(self, parts: int) -> bytes:
        """The last ``parts`` parts of the file between line ends; the last one is what follows the last line end."""
        size = start = self._file.seek(0, 2)
        tail, block = b"", 4096
        while start > 0 and tail.count(b"\n") < parts:
            start, block = max(0, size - block), 2 * block
            self._file.seek(start)
            tail = self._file.read(size - start)
        return b"\n".join(tail.split(b"\n")[-parts:])

    def _append(self, end: Head | None, entry: dict[str, Any]) -> Head:
        before, number = (end.hash.encode(), end.entries) if end else (_FIRST, 0)
        written = json.dumps({"n": number} | entry, allow_nan=False, separators=(",", ":")).encode()
        stated = _hash(before, written)
        size = self._file.seek(0, 2)
        rest = memoryview(b'{"hash":"%b","entry":%b}\n' % (stated, written))
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
            os.fsync(self._file.fileno())
        except OSError as problem:
            self._file.truncate(size)
            raise OSError(problem.errno, problem.strerror, str(self.path)) from problem
        return Head(number + 1, stated.decode())


def _hash(before: bytes, entry: bytes) -> bytes:
    return sha256(before + entry).hexdigest().encode()


def _now() -> dict[str, str]:
    return {"time": datetime.now(UTC).isoformat(), "package_version": __version__}
