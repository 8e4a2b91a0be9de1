"""Results as a table for people."""

import sys
from typing import TYPE_CHECKING

from pneumoscope.decision.labels import Finding
from pneumoscope.escaping import printable
from pneumoscope.screening.output.summary import Tally, probability_text
from pneumoscope.screening.result import ScreeningResult

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_STYLES = {Finding.PNEUMONIA: "bold red", Finding.UNCERTAIN: "bold yellow", Finding.NORMAL: "green", None: "yellow"}


class Table:
    """A table that is drawn when all results are in, and a line that sums them up."""

    def __init__(self, console: "Console", notes: dict[str, str] | None = None) -> None:
        """Draw on ``console``; ``notes`` (by source) add a column, such as what a synthetic film was made as."""
        self._console = console
        self._notes = notes
        self._rows: list[tuple[Finding | None, list[str]]] = []
        self._tally = Tally()

    def add(self, result: ScreeningResult) -> None:
        """Keep what the table needs of one result."""
        self._tally.add(result)
        row = [result.source or "-", result.finding or "not assessed", probability_text(result.probability)]
        row += [probability_text(result.viral_probability), result.detail or ""]
        if self._notes is not None:
            row.insert(1, self._notes.get(result.source or "", ""))
        self._rows.append((result.finding, row))

    def close(self, finished: bool = True) -> None:
        """Draw what came."""
        from rich import box
        from rich.table import Table as RichTable

        table = RichTable(box=box.SIMPLE_HEAD)
        table.add_column("film", overflow="fold")
        if self._notes is not None:
            table.add_column("made as")
        table.add_column("finding", no_wrap=True)
        table.add_column("probability", justify="right", no_wrap=True)
        table.add_column("viral", justify="right", no_wrap=True)
        if self._tally.counts.not_assessed:
            table.add_column("why not")
        for finding, row in self._rows:
            cells = [plain(text) for text in row]
            cells[-4].stylize(_STYLES[finding])
            table.add_row(*cells[: len(table.columns)])
        self._console.print(table)
        self._console.print(plain(self._tally.sentence()))


def plain(text: str) -> "Text":
    """What others wrote, for a console: neither its markup nor a command to the terminal."""
    from rich.text import Text

    return Text(printable(text))


def terminal() -> "Console":
    """Open standard output for people; without a terminal, lines are wide enough to be searched."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 250)
