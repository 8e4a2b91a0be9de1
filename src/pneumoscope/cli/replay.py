"""``pneumoscope replay``."""

import argparse
from pathlib import Path

from pneumoscope.cli.arguments import add_bundle

HELP = "Screen the films of earlier results again, and say whether anything came out otherwise."


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "results", type=Path, metavar="RESULTS", help="JSON lines or CSV of `pneumoscope screen`, or a journal"
    )
    parser.add_argument("--films", type=Path, required=True, metavar="DIR", help="folder that holds the films")
    add_bundle(parser)


def run(options: argparse.Namespace) -> int:
    """Replay; 0 when all agree, 5 when one differs, 3 when some could not be replayed."""
    from collections import Counter

    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from pneumoscope.assurance.agreement import Verdict
    from pneumoscope.assurance.replay import read_recorded, replay
    from pneumoscope.escaping import printable
    from pneumoscope.screening.output.table import terminal

    table, counts = Table("film", "verdict", "what differs, or why not", box=box.SIMPLE_HEAD), Counter[Verdict]()
    for one in replay(read_recorded(options.results), options.films, options.bundle):
        counts[one.verdict] += 1
        name = one.film or one.recorded.source or one.recorded.source_sha256 or "-"
        table.add_row(escape(printable(str(name))), one.verdict, escape(one.detail))
    console = terminal()
    console.print(table)
    said = ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict])
    console.print(f"{counts.total()} results: {said}.", highlight=False, markup=False)
    if counts[Verdict.DIFFERENT]:
        return 5
    return 3 if counts[Verdict.NOT_REPLAYED] else 0
