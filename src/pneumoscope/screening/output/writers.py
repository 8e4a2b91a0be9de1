"""Results to JSON lines and CSV. Each writer takes one result after the other, so that nothing is lost on the way.

To add an output, write a class with ``add`` and ``close`` and name it in ``cli/screen.py``.
"""

import csv
import json
from pathlib import Path
from typing import Protocol, TextIO

from pneumoscope.screening.record import FIELDS
from pneumoscope.screening.result import ScreeningResult


class ResultWriter(Protocol):
    """Takes results one by one, so that nothing is lost when the run is cut short."""

    def add(self, result: ScreeningResult) -> None:
        """Take one result."""

    def close(self) -> None:
        """Finish; safe after any number of results."""


class JsonLines:
    """One JSON object a line, flushed at once."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def add(self, result: ScreeningResult) -> None:
        """Write one line."""
        self._stream.write(json.dumps(result.to_dict(), allow_nan=False) + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Every line is written already; the stream is the caller's."""


class CsvFile:
    """One row for each radiograph, flushed at once. Remarks are divided by spaces; what is null is empty."""

    def __init__(self, path: Path) -> None:
        """Create the file and write its header."""
        # a file name that is no UTF-8 goes out as the bytes it came in
        self._file = path.open("w", newline="", encoding="utf-8", errors="surrogateescape")
        self._writer = csv.DictWriter(self._file, FIELDS)
        self._writer.writeheader()

    def add(self, result: ScreeningResult) -> None:
        """Write one row."""
        row = result.to_dict()
        self._writer.writerow(row | {"remarks": " ".join(row["remarks"])})
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
