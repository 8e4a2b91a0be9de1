"""A live progress bar on a terminal; whole lines elsewhere. Both go to standard error."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pneumoscope.progress import Progress, silent


@contextmanager
def live_progress(*, in_bytes: bool = False) -> Iterator[tuple[Progress, Callable[[str], None]]]:
    """Yield ``progress(what, done, total)`` and ``say(line)``.

    Args:
        in_bytes: whether what is counted is bytes, and not things.
    """
    if not sys.stderr.isatty():
        yield silent, lambda line: print(line, file=sys.stderr, flush=True)  # noqa: T201
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    amount = DownloadColumn() if in_bytes else MofNCompleteColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), amount, TimeRemainingColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("starting", total=None)

        def progress(what: str, done: int, total: int | None) -> None:
            if done <= 1:
                bars.reset(task)
            bars.update(task, description=what, completed=done, total=total)

        yield progress, lambda line: bars.console.print(line, highlight=False)
