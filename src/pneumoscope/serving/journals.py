"""The journal of the station: one hash-chained file for each month, so that old ones can go whole."""

import threading
from datetime import UTC, datetime
from pathlib import Path

from pneumoscope.assurance.journal import Journal
from pneumoscope.files import make_folder
from pneumoscope.screening.result import ScreeningResult


class Journals:
    """A folder of journals, ``journal-2026-11.jsonl`` and so on.

    Attributes:
        folder: where they lie.
    """

    def __init__(self, folder: Path) -> None:
        """Make the folder, or find it.

        Raises:
            DataError: it cannot be made.
        """
        self.folder = folder
        self._open: dict[Path, Journal] = {}
        self._lock = threading.Lock()
        make_folder(folder)

    def add(self, result: ScreeningResult) -> None:
        """Append a result to the journal of this month.

        Raises:
            AssuranceError: the file was deleted, or its end does not hold together.
            OSError: it cannot be written; then nothing of the entry is in it.
        """
        path = self.folder / f"journal-{datetime.now(UTC):%Y-%m}.jsonl"
        with self._lock:
            if path not in self._open:
                self._close()
                self._open[path] = Journal(path)
            journal = self._open[path]
        journal.add(result)

    def heads(self) -> dict[str, str]:
        """By name of the file, where each journal ends that this process writes; to be kept elsewhere."""
        with self._lock:
            return {path.name: str(journal.head) for path, journal in self._open.items()}

    def close(self) -> None:
        """Close the file; every entry is on the disk already. Safe to repeat."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        for journal in self._open.values():
            journal.close()
        self._open.clear()
