"""Results to JSON lines and CSV. Each writer takes one result after the other, so that nothing is lost on the way.

To add an output, write a class with ``add`` and ``close`` and name it in ``cli/screen.py``.
"""

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol, TextIO

from pneumoscope.screening.record import FIELDS
from pneumoscope.screening.result import ScreeningResult


def listed_column(name: str) -> str:
    """What a column of a list is called among the results, so that it never takes the name of one of theirs."""
    return f"listed_{name}"


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
    """One row for each radiograph, flushed at once. Remarks are divided by spaces; what is null is empty.

    What a list said of a radiograph stands in the columns ``listed_NAME``.
    """

    def __init__(self, path: Path, listed: Iterable[str] = ()) -> None:
        """Create the file and write its header; ``listed`` are the columns of lists that come through."""
        # a file name that is no UTF-8 goes out as the bytes it came in
        self._file = path.open("w", newline="", encoding="utf-8", errors="surrogateescape")
        columns = (*(name for name in FIELDS if name != "listed"), *map(listed_column, listed))
        self._writer = csv.DictWriter(self._file, columns)
        self._writer.writeheader()

    def add(self, result: ScreeningResult) -> None:
        """Write one row."""
        row = result.to_dict()
        listed = {listed_column(name): value for name, value in row.pop("listed").items()}
        self._writer.writerow(row | listed | {"remarks": " ".join(row["remarks"])})
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
