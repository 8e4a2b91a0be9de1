"""``pneumoscope screen``."""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pneumoscope.cli.arguments import add_bundle, add_path_column, add_runtime, say, whole_number
from pneumoscope.errors import DataError
from pneumoscope.escaping import printable

if TYPE_CHECKING:
    from pneumoscope.screening.output.writers import ResultWriter
    from pneumoscope.screening.result import ScreeningResult
    from pneumoscope.screening.screener import Screener
    from pneumoscope.screening.sources.listing import ListedFilm

HELP = "Screen radiographs: files, folders, lists, DICOM; on a Ray cluster where there are many."

_LOCAL = ("json", "csv", "html", "heatmaps", "journal", "without_selftest")
_RAY = ("out", "ray_address")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "sources",
        nargs="+",
        metavar="SOURCE",
        help="a film; a folder to search; a CSV or Parquet list with a column path; with Ray also a URI of these",
    )
    add_path_column(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object a line instead of the table")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="also write a CSV file")
    parser.add_argument("--html", type=Path, metavar="FILE", help="also write a page with films, heatmaps, decisions")
    parser.add_argument("--heatmaps", type=Path, metavar="DIR", help="also write one picture for each screened film")
    parser.add_argument("--journal", type=Path, metavar="FILE", help="also append every result to a hash-chained log")
    parser.add_argument(
        "--without-selftest", action="store_true", help="screen although a reference film comes out otherwise here"
    )
    parser.add_argument(
        "--operating-point", metavar="NAME", help="a name that `pneumoscope info` lists, or a threshold within 0..1"
    )
    parser.add_argument(
        "--site", type=Path, metavar="FILE", help="a site profile: the thresholds that `pneumoscope site freeze` wrote"
    )
    parser.add_argument(
        "--prevalence",
        type=float,
        metavar="P",
        help="share of pneumonias where the films come from, within 0..1: probabilities are for it, and no finding "
        "changes (default: that of the calibration)",
    )
    add_bundle(parser)
    add_runtime(parser)
    parser.add_argument(
        "--workers", type=whole_number(1), metavar="N", help="films screened at once (default: the usable cores)"
    )
    ray = parser.add_argument_group("many films", "Parquet results; the same command again goes on where it stopped.")
    ray.add_argument("--engine", choices=("local", "ray"), default="local", help="what runs it (default: %(default)s)")
    ray.add_argument("--out", metavar="FOLDER", help="folder or URI for the results, which all workers reach")
    ray.add_argument("--ray-address", metavar="ADDRESS", help="a running Ray cluster (default: one on this machine)")


def run(options: argparse.Namespace) -> int:
    """Screen; 0 when all films were assessed, 3 when some were not."""
    distributed = options.engine == "ray"
    misplaced = [name for name in (_LOCAL if distributed else _RAY) if getattr(options, name)]
    if misplaced:
        flag, engine = misplaced[0].replace("_", "-"), "local" if distributed else "ray"
        raise DataError(f"--{flag} goes with --engine {engine} only.")
    if distributed:
        return _run_on_ray(options)
    outputs = [path for path in (options.csv, options.html, options.heatmaps, options.journal) if path is not None]
    _check(outputs)
    return _run_here(options, outputs)


def _run_here(options: argparse.Namespace, outputs: list[Path]) -> int:
    from pneumoscope.assurance.selftest import screen_checked
    from pneumoscope.screening.screener import Screener
    from pneumoscope.screening.sources.listing import is_uri, list_films

    remote = any(map(is_uri, options.sources))
    named = [] if remote else list_films(options.sources, options.path_column, say)
    if remote or any(is_uri(film.name) for film in named):
        raise DataError("Films named by a URI are read with --engine ray --out FOLDER only.")
    films = _without_pictures(named, options.heatmaps)
    if not films:
        raise DataError("There is no film to screen: all that was named is passed over.")
    inputs = (
        str(path)
        for path in (*(film.name for film in named), *options.sources, options.bundle or "", options.site or "")
    )
    read = {os.path.realpath(path) for path in inputs if "\0" not in path}
    for output in outputs:
        if os.path.realpath(output) in read:
            raise DataError(f"{output} is an input and an output too; name another output.")
    try:
        with Screener(
            options.bundle,
            workers=options.workers,
            runtime=options.runtime,
            site=options.site,
            prevalence=options.prevalence,
        ) as screener:
            heatmap = bool(options.html or options.heatmaps)
            paths = [Path(film.name) for film in films]
            screen = Screener.screen_many if options.without_selftest else screen_checked
            results = screen(screener, paths, options.operating_point, heatmap=heatmap)
            told = (replace(result, listed=film.listed) for result, film in zip(results, films, strict=True))
            complete = _write(told, films, options, screener)
    except BrokenPipeError:  # the reader has seen enough
        raise
    except OSError as problem:
        raise DataError(f"{problem.filename or 'an output'}: cannot be written ({problem.strerror}).") from problem
    for path in outputs:
        sys.stderr.write(f"wrote {printable(str(path))}\n")
    return 0 if complete else 3


def _without_pictures(films: "list[ListedFilm]", heatmaps: Path | None) -> "list[ListedFilm]":
    """The films without the pictures of an earlier run, which this one will write again.

    A search knows the pictures by their mark. This is for pictures of versions that made none.
    """
    if heatmaps is None:
        return films
    from pneumoscope.screening.output.heatmap_picture import name_of

    pictures = {os.path.realpath(heatmaps / name_of(Path(film.name))) for film in films}
    left = [film for film in films if "\0" in film.name or os.path.realpath(film.name) not in pictures]
    if len(left) < len(films):
        say(f"passed over: {len(films) - len(left)} heatmaps of an earlier run")
    return left


def _run_on_ray(options: argparse.Namespace) -> int:
    if not options.out:
        raise DataError("--engine ray needs --out FOLDER for the results.")
    from pneumoscope.extras import needed

    with needed("--engine ray", "scale"):  # pyarrow
        from pneumoscope.screening.batch.distributed import BatchOptions, DistributedScreening
    from pneumoscope.cli.progress import live_progress
    from pneumoscope.screening.output.summary import decision_footer
    from pneumoscope.screening.sources.listing import list_films

    batch = BatchOptions(
        options.out, options.bundle, options.operating_point, options.runtime, options.site, options.prevalence
    )
    screening = DistributedScreening(list_films(options.sources, options.path_column, say), batch)
    job = screening.job
    try:
        with live_progress() as (progress, _):
            for counts in screening.run(options.ray_address, options.workers):
                progress("screening", counts.total, job.films)
    except KeyboardInterrupt:
        sys.stderr.write("pneumoscope: finished parts are kept; the same command goes on from there\n")
        raise
    footer = decision_footer(screening.model, job.operating_point, job.threshold, screening.site)
    sys.stdout.write(f"{counts.sentence()} {footer}\n")
    sys.stderr.write(f"wrote {options.out}\n")
    return 3 if counts.not_assessed else 0


def _write(
    results: "Iterator[ScreeningResult]",
    films: "list[ListedFilm]",
    options: argparse.Namespace,
    screener: "Screener",
) -> bool:
    """Send every result to every output; tell whether all films were assessed."""
    from pneumoscope.screening.result import Status

    complete, done, kept = True, 0, list[Path]()
    try:
        with ExitStack() as stack:
            if options.heatmaps:
                from pneumoscope.screening.output.heatmap_picture import HeatmapFolder

                results = map(HeatmapFolder(options.heatmaps).save, results)
            writers = _writers(options, screener, films, stack)
            for writer in writers:
                stack.push(partial(_close, writer, kept))
            for result in _with_progress(results, len(films), quiet=options.json and sys.stdout.isatty()):
                complete &= result.status is Status.SCREENED
                for writer in writers:
                    writer.add(result)
                done += 1
    except (KeyboardInterrupt, OSError) as stopped:
        if not isinstance(stopped, BrokenPipeError):
            say(
                f"stopped after {done:,} of {len(films):,} films; kept: {', '.join(map(str, kept)) or 'no file'}. "
                "The same command begins anew. A screening with --engine ray --out FOLDER can go on where it stopped."
            )
        raise
    return complete


def _close(writer: "ResultWriter", kept: list[Path], fault: type[BaseException] | None, *_: object) -> None:
    """Close an output, whatever ended the run, so that what came is kept."""
    path = writer.close(finished=fault is None)
    if path:
        kept.append(path)


def _check(outputs: list[Path]) -> None:
    """Refuse outputs that cannot be written, before any work."""
    for path in outputs:
        if not path.absolute().parent.is_dir():
            raise DataError(f"{path}: the folder {path.absolute().parent} does not exist; make it first.")
    if len({path.resolve() for path in outputs}) < len(outputs):
        raise DataError("Two outputs have the same name; give each its own.")


def _writers(
    options: argparse.Namespace, screener: "Screener", films: "list[ListedFilm]", stack: ExitStack
) -> "list[ResultWriter]":
    from pneumoscope.screening.output.table import Table, terminal
    from pneumoscope.screening.output.writers import CsvFile, JsonLines

    writers: list[ResultWriter] = [JsonLines(sys.stdout) if options.json else Table(terminal())]
    if options.journal:
        from pneumoscope.assurance.journal import Journal

        journal = Journal(options.journal)
        stack.callback(lambda: sys.stderr.write(f"head of the journal, to keep elsewhere: {journal.head}\n"))
        writers.insert(0, journal)  # nothing is shown that is not on record
    if options.csv:
        writers.append(CsvFile(options.csv, dict.fromkeys(name for film in films for name in film.listed)))
    if options.html:
        from pneumoscope.screening.output.page import Page

        writers.append(Page(options.html, screener.card, total=len(films)))
    return writers


def _with_progress(results: "Iterator[ScreeningResult]", total: int, quiet: bool) -> "Iterator[ScreeningResult]":
    """Show progress on standard error if that is a terminal, unless lines of results share it."""
    if quiet or total < 2:
        yield from results
        return
    from pneumoscope.cli.progress import live_progress

    with live_progress() as (progress, _):
        for done, result in enumerate(results, 1):
            progress("screening", done, total)
            yield result
