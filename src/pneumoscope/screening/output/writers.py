"""Results to JSON lines and CSV. Each writer takes one result after the other, so that nothing is lost on the way.

To add an output, write a class with ``add`` and ``close`` and name it in ``cli/screen.py``.
"""

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol, TextIO

from pneumoscope.escaping import csv_cell
from pneumoscope.files import take_place, working_path
from pneumoscope.screening.record import FIELDS
from pneumoscope.screening.result import ScreeningResult


def listed_column(name: str) -> str:
    """What a column of a list is called among the results, so that it never takes the name of one of theirs."""
    return f"listed_{name}"


class ResultWriter(Protocol):
    """Takes results one by one, so that nothing is lost when the run is cut short."""

    def add(self, result: ScreeningResult) -> None:
        """Take one result."""

    def close(self, finished: bool = True) -> Path | None:
        """Finish, after any number of results.

        Args:
            finished: whether all results came. Else a file of an earlier run keeps its place.

        Returns:
            The file that holds what came; None where there is none.
        """


class JsonLines:
    """One JSON object a line, flushed at once."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def add(self, result: ScreeningResult) -> None:
        """Write one line."""
        self._stream.write(json.dumps(result.to_dict(), allow_nan=False) + "\n")
        self._stream.flush()

    def close(self, finished: bool = True) -> None:
        """Every line is written already; the stream is the caller's."""


class CsvFile:
    """One row for each radiograph, flushed at once. Remarks are divided by spaces; what is null is empty.

    What a list said of a radiograph stands in the columns ``listed_NAME``. No cell is a formula
    (``escaping.csv_cell``). A file that is there already is replaced when all rows are written, and not before.
    """

    def __init__(self, path: Path, listed: Iterable[str] = ()) -> None:
        """Create the file and write its header; ``listed`` are the columns of lists that come through."""
        self._path, self._working = path, working_path(path)
        self._file = self._working.open("w", newline="", encoding="utf-8")
        columns = (*(name for name in FIELDS if name != "listed"), *map(listed_column, listed))
        self._writer = csv.DictWriter(self._file, columns)
        self._write({name: name for name in columns})

    def add(self, result: ScreeningResult) -> None:
        """Write one row."""
        row = result.to_dict()
        listed = {listed_column(name): value for name, value in row.pop("listed").items()}
        self._write(row | listed | {"remarks": " ".join(row["remarks"])})

    def close(self, finished: bool = True) -> Path:
        """Close the file; see :class:`ResultWriter`."""
        self._file.close()
        if finished:
            take_place(self._working, self._path)
            return self._path
        return self._working

    def _write(self, row: dict[str, object]) -> None:
        self._writer.writerow({name: csv_cell(value) for name, value in row.items()})
        self._file.flush()
