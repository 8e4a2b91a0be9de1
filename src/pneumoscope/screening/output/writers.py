"""Results to JSON lines, CSV and a table. Each writer is a sink: ``add`` one result, then ``close``."""

import csv
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO

from pneumoscope.screening.result import FIELDS, ModelIdentity, Screening, Status

if TYPE_CHECKING:
    from rich.console import Console

FINDING_STYLE = {"pneumonia": "bold red", "normal": "green", None: "yellow"}


class Sink(Protocol):
    """Takes results one by one, so that nothing is lost when the run is cut short."""

    def add(self, screening: Screening) -> None:
        """Take one result."""

    def close(self) -> None:
        """Finish; safe after any number of results."""


class JsonLines:
    """One JSON object a line, flushed at once."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def add(self, screening: Screening) -> None:
        """Write one line."""
        self._stream.write(json.dumps(screening.record(), allow_nan=False) + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Every line is written already; the stream is the caller's."""


class CsvFile:
    """One row a film, flushed at once."""

    def __init__(self, path: Path) -> None:
        """Create the file and write its header."""
        # a file name that is no UTF-8 goes out as the bytes it came in
        self._file = path.open("w", newline="", encoding="utf-8", errors="surrogateescape")
        self._writer = csv.DictWriter(self._file, FIELDS)
        self._writer.writeheader()

    def add(self, screening: Screening) -> None:
        """Write one row."""
        self._writer.writerow(screening.record())
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Table:
    """A table for people, drawn when all results are in, and a line that sums them up."""

    def __init__(self, console: "Console", notes: dict[str, str] | None = None) -> None:
        """Draw on ``console``; ``notes`` (by path) add a column, such as what a synthetic film was made as."""
        self._console = console
        self._notes = notes
        self._rows: list[list[str]] = []
        self.tally = Tally()

    def add(self, screening: Screening) -> None:
        """Keep what the table needs of one result."""
        self.tally.add(screening)
        finding, style = screening.finding or "not assessed", FINDING_STYLE[screening.finding]
        row = [printable(screening.path or "-"), f"[{style}]{finding}[/]", percent(screening.probability)]
        row += [percent(screening.viral_probability), screening.detail or ""]
        if self._notes is not None:
            row.insert(1, self._notes.get(screening.path or "", ""))
        self._rows.append(row)

    def close(self) -> None:
        """Draw."""
        from rich import box
        from rich.markup import escape
        from rich.table import Table as RichTable

        table = RichTable(box=box.SIMPLE_HEAD)
        table.add_column("film", overflow="fold")
        if self._notes is not None:
            table.add_column("made as")
        table.add_column("finding", no_wrap=True)
        table.add_column("probability", justify="right", no_wrap=True)
        table.add_column("viral", justify="right", no_wrap=True)
        if self.tally.not_assessed:
            table.add_column("why not")
        for row in self._rows:
            cells = [escape(row[0]), *row[1:-1], escape(row[-1])]
            table.add_row(*cells[: len(table.columns)])
        self._console.print(table)
        self._console.print(self.tally.sentence(), highlight=False, markup=False)


class Tally:
    """Counts results as they come."""

    def __init__(self) -> None:
        self.total = self.pneumonia = self.not_assessed = 0
        self._last: Screening | None = None

    def add(self, screening: Screening) -> None:
        """Count one result."""
        self.total += 1
        self.pneumonia += screening.finding == "pneumonia"
        self.not_assessed += screening.status is Status.NOT_ASSESSED
        self._last = screening

    def sentence(self) -> str:
        """Sum up in one line: counts, operating point, model."""
        if self._last is None:
            return "No films."
        judged_by = terms(self._last.model, self._last.operating_point, self._last.threshold)
        return summary(self.total, self.pneumonia, self.not_assessed, judged_by)


def summary(total: int, pneumonia: int, not_assessed: int, judged_by: str) -> str:
    """Sum up in one line; ``judged_by`` is what ``terms`` gives."""
    normal = total - pneumonia - not_assessed
    counts = f"{total} film{'s' * (total != 1)}: {pneumonia} pneumonia, {normal} normal"
    if not_assessed:
        counts += f", {not_assessed} not assessed"
    return f"{counts}. {judged_by}"


def terms(model: ModelIdentity, operating_point: str, threshold: float) -> str:
    """Name what judged: the operating point and the model."""
    return (
        f"Operating point {operating_point} (from {threshold:.1%}). "
        f"Model {model.name} {model.version}, {model.sha256[:12]}."
    )


def terminal() -> "Console":
    """Open standard output for people; without a terminal, lines are wide enough to be searched."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 250)


def percent(value: float | None) -> str:
    """Write a probability for people, never rounding to a certainty."""
    if value is None:
        return "-"
    return f"{min(max(value, 0.001), 0.999):.1%}"


def printable(path: str) -> str:
    """Show a file name without letting it steer the terminal: control characters and odd bytes come out escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in path)
