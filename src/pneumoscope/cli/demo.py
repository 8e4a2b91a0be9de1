"""``pneumoscope demo``."""

import argparse
import json
from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING

from pneumoscope.errors import DataError

if TYPE_CHECKING:
    from pneumoscope.screening.screener import Screener

HELP = "Screen the bundled synthetic samples and write a page of the results."

_NOTICE = "Synthetic images made by a program: no patient is shown, and nothing about accuracy follows from them."


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--out", type=Path, default=Path("demo"), metavar="DIR", help="folder for the page (default: %(default)s)"
    )


def run(options: argparse.Namespace) -> int:
    """Screen the samples that are in the package."""
    from pneumoscope.screening.screener import Screener

    with as_file(files("pneumoscope") / "samples") as folder, Screener() as screener:
        demonstrate(screener, folder, options.out)
    return 0


def demonstrate(screener: "Screener", samples: Path, out: Path) -> None:
    """Screen synthetic samples, draw the table of findings and write the page.

    Args:
        screener: the model.
        samples: folder with the samples and ``samples.json``, which tells by file name what each was made as.
        out: folder for ``index.html``; made if missing.

    Raises:
        DataError: when the page cannot be written.
    """
    from pneumoscope.screening.output.page import Page
    from pneumoscope.screening.output.table import Table, terminal

    known = json.loads((samples / "samples.json").read_text())["samples"]
    made_as = {name: str(sample["made_as"]) for name, sample in known.items()}
    console, page_path = terminal(), out / "index.html"
    try:
        out.mkdir(parents=True, exist_ok=True)
        page = Page(page_path, screener.card, _NOTICE, made_as)
    except OSError as problem:
        raise DataError(f"{problem.filename}: cannot be written ({problem.strerror}).") from problem
    table = Table(console, made_as)
    results = screener.screen_many((samples / name for name in made_as), heatmap=True)
    for name, result in zip(made_as, results, strict=True):
        for writer in (table, page):
            writer.add(replace(result, source=name))
    for writer in (table, page):
        writer.close()
    where = f"The films, heatmaps and decisions: {page_path.resolve()}"
    console.print(f"{_NOTICE}\n{where}", highlight=False, markup=False, soft_wrap=True)
