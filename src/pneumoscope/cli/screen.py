"""``pneumoscope screen``."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from pneumoscope.errors import DataError

if TYPE_CHECKING:
    from pneumoscope.screening.result import Screening
    from pneumoscope.screening.screener import Screener
    from pneumoscope.screening.writers import Sink

HELP = "Screen radiographs: files, folders, DICOM."


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a file, or a folder to search for films")
    parser.add_argument("--json", action="store_true", help="one JSON object a line instead of the table")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="also write a CSV file")
    parser.add_argument("--html", type=Path, metavar="FILE", help="also write a page with films, heatmaps, decisions")
    parser.add_argument("--heatmaps", type=Path, metavar="DIR", help="also write one picture for each screened film")
    parser.add_argument(
        "--operating-point", metavar="NAME", help="a name that `pneumoscope info` lists, or a threshold within 0..1"
    )
    parser.add_argument("--bundle", type=Path, metavar="FILE", help="another model bundle than the one installed")


def run(options: argparse.Namespace) -> int:
    """Screen; 0 when all films were assessed, 3 when some were not."""
    outputs = [path for path in (options.csv, options.html, options.heatmaps) if path is not None]
    _check(outputs)
    from pneumoscope.screening.discover import discover
    from pneumoscope.screening.screener import Screener

    films = discover(options.paths)
    overwritten = {path.resolve() for path in films}.intersection(path.resolve() for path in outputs)
    if overwritten:
        raise DataError(f"{overwritten.pop()} is a film to screen and an output too; name another output.")
    screener = Screener(options.bundle)
    results = screener.screen_many(films, options.operating_point)
    try:
        complete = _write(results, len(films), options, screener)
    except BrokenPipeError:  # the reader has seen enough
        raise
    except OSError as problem:
        raise DataError(f"{problem.filename or 'an output'}: cannot be written ({problem.strerror}).") from problem
    for path in outputs:
        sys.stderr.write(f"wrote {path}\n")
    return 0 if complete else 3


def _write(results: "Iterator[Screening]", total: int, options: argparse.Namespace, screener: "Screener") -> bool:
    """Send every result to every output; tell whether all films were assessed."""
    from pneumoscope.screening.result import Status

    complete = True
    with ExitStack() as stack:  # closes every output on Ctrl-C too, so that what was written stays usable
        sinks = _sinks(options, screener, stack)
        for result in _with_progress(results, total, quiet=options.json and sys.stdout.isatty()):
            complete &= result.status is Status.SCREENED
            for sink in sinks:
                sink.add(result)
    return complete


def _check(outputs: list[Path]) -> None:
    """Refuse outputs that cannot be written, before any work."""
    for path in outputs:
        if not path.absolute().parent.is_dir():
            raise DataError(f"{path}: the folder {path.absolute().parent} does not exist; make it first.")
    if len({path.resolve() for path in outputs}) < len(outputs):
        raise DataError("Two outputs have the same name; give each its own.")


def _sinks(options: argparse.Namespace, screener: "Screener", stack: ExitStack) -> "list[Sink]":
    from pneumoscope.screening.writers import CsvFile, JsonLines, Table, terminal

    sinks: list[Sink] = [JsonLines(sys.stdout) if options.json else Table(terminal())]
    if options.csv:
        sinks.append(CsvFile(options.csv))
    if options.html:
        from pneumoscope.screening.page import Page

        sinks.append(Page(options.html, screener.card))
    if options.heatmaps:
        from pneumoscope.screening.heatmap import HeatmapFolder

        sinks.append(HeatmapFolder(options.heatmaps))
    for sink in sinks:
        stack.callback(sink.close)
    return sinks


def _with_progress(results: "Iterator[Screening]", total: int, quiet: bool) -> "Iterator[Screening]":
    """Show progress on standard error if that is a terminal, unless lines of results share it."""
    if quiet or total < 2:
        yield from results
        return
    from pneumoscope.cli.progress import live_progress

    with live_progress() as (progress, _):
        for done, result in enumerate(results, 1):
            progress("screening", done, total)
            yield result
