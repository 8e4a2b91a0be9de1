"""A live progress line on a terminal; whole lines elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def live_progress() -> Iterator[tuple[Callable[[str, int, int], None], Callable[[str], None]]]:
    """Yield ``progress(what, done, total)`` and ``say(line)``; both write to standard error."""
    if not sys.stderr.isatty():
        yield (lambda what, done, total: None), (lambda line: print(line, file=sys.stderr, flush=True))  # noqa: T201
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=None)

        def progress(what: str, done: int, total: int) -> None:
            if done <= 1:
                bar.reset(task)
            bar.update(task, description=what, completed=done, total=total)

        yield progress, lambda line: bar.console.print(line, highlight=False)
