"""A live progress bar on a terminal; whole lines, a few a minute, elsewhere. Both go to standard error."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pneumoscope.progress import Progress, duration_text

EVERY = 30.0
"""Seconds between two lines where there is no terminal, and before the first."""


@contextmanager
def live_progress(*, in_bytes: bool = False) -> Iterator[tuple[Progress, Callable[[str], None]]]:
    """Yield ``progress(what, done, total)`` and ``say(line)``.

    Args:
        in_bytes: whether what is counted is bytes, and not things.
    """
    if not sys.stderr.isatty():
        yield _Lines(in_bytes), _print
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    amount = DownloadColumn() if in_bytes else MofNCompleteColumn()
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), amount, TimeRemainingColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task, begins = bars.add_task("starting", total=None), _Begins()

        def progress(what: str, done: int, total: int | None) -> None:
            if begins(done, total):
                bars.reset(task)
            bars.update(task, description=what, completed=done, total=total)

        yield progress, lambda line: bars.console.print(line, highlight=False, markup=False, soft_wrap=True)


def _print(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201


class _Begins:
    """Tells whether a new task has begun: its first report counts one, or less than the last, or to another total."""

    def __init__(self) -> None:
        self._last: tuple[int, int | None] = (0, None)

    def __call__(self, done: int, total: int | None) -> bool:
        (before, whole), self._last = self._last, (done, total)
        return done <= 1 or done < before or total != whole


class _Lines:
    """Progress for a log file: what is done, of how much, and the time that is left."""

    def __init__(self, in_bytes: bool) -> None:
        self._scale, self._unit = (1e6, " MB") if in_bytes else (1.0, "")
        self._said = self._began = time.monotonic()
        self._first, self._begins = 0, _Begins()

    def __call__(self, what: str, done: int, total: int | None) -> None:
        now = time.monotonic()
        if self._begins(done, total):
            self._began, self._first = now, done
        if now - self._said < EVERY:
            return
        self._said = now
        line = f"{what}: {done / self._scale:,.0f}"
        if total:
            line += f" of {total / self._scale:,.0f}"
        line += self._unit
        if total and done > self._first:
            line += f", {duration_text((now - self._began) / (done - self._first) * (total - done))} left"
        _print(line)
