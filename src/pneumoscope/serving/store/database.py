"""One SQLite file, for many threads."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from weakref import WeakSet

from pneumoscope.errors import DataError

VERSION = 1
"""Of schema.sql, kept in the file as ``user_version``."""

_SCHEMA = Path(__file__).with_name("schema.sql")
_PATIENCE = 30.0  # seconds that a writer waits for another one


class _Handle:
    """The connection of one thread; it is closed when the thread ends."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def __del__(self) -> None:
        self.connection.close()


class Database:
    """A SQLite file in WAL mode, in which every committed change survives a power cut.

    Each thread has a connection of its own.

    Attributes:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, or make it.

        Raises:
            DataError: it is no database of a station, or one of another version.
        """
        self.path = path
        self._local = threading.local()
        self._opened: WeakSet[_Handle] = WeakSet()  # threads come and go
        self._lock = threading.Lock()
        try:
            self._prepare()
        except sqlite3.DatabaseError as error:
            self.close()
            raise DataError(f"{path}: this file is no database of a station ({error}).") from error

    def all(self, query: str, *values: Any) -> list[sqlite3.Row]:
        """Rows of a query."""
        return self._connection().execute(query, values).fetchall()

    def one(self, query: str, *values: Any) -> sqlite3.Row | None:
        """The first row of a query; None where there is none."""
        row: sqlite3.Row | None = self._connection().execute(query, values).fetchone()
        return row

    def count(self, query: str, *values: Any) -> int:
        """The number that a query gives."""
        row = self.one(query, *values)
        return int(row[0] or 0) if row else 0

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Change things together: all of them, on the disk, when the context ends well, and none otherwise.

        Raises:
            sqlite3.OperationalError: the disk is full.
        """
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Close all connections; nothing can be asked afterwards. Safe to repeat."""
        with self._lock:
            for handle in self._opened:
                handle.connection.close()
            self._opened.clear()

    def _connection(self) -> sqlite3.Connection:
        if not hasattr(self._local, "handle"):
            # Only its own thread uses a connection; another one closes it at the end.
            made = sqlite3.connect(self.path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
            made.row_factory = sqlite3.Row
            handle = _Handle(made)
            with self._lock:
                self._opened.add(handle)
            made.execute("PRAGMA journal_mode = WAL")
            made.execute("PRAGMA synchronous = FULL")
            made.execute("PRAGMA foreign_keys = ON")
            self._local.handle = handle
        connection: sqlite3.Connection = self._local.handle.connection
        return connection

    def _prepare(self) -> None:
        version = self.count("PRAGMA user_version")
        if version == VERSION:
            return
        if version or self.count("SELECT count(*) FROM sqlite_master"):
            raise DataError(f"{self.path}: the database has version {version}, and this package knows {VERSION}.")
        connection = self._connection()
        script = _SCHEMA.read_text(encoding="utf-8")
        connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {VERSION};\nCOMMIT;")
