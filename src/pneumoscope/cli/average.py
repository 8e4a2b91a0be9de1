"""``pneumoscope average``."""

import argparse
import sys
from pathlib import Path

HELP = "Average the weights of several finished runs into one network, a finished run of its own."


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("runs", metavar="RUN", type=Path, nargs="+", help="finished runs of one recipe, as of --folds")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="new folder for the averaged run")


def run(options: argparse.Namespace) -> int:
    """Average, and score the validation films."""
    from pneumoscope.cli.progress import live_progress
    from pneumoscope.cli.train import cache
    from pneumoscope.training.average import average

    with live_progress() as (progress, _):
        average(options.runs, options.out, cache(), progress)
    sys.stdout.write(f"{options.out}\n")
    return 0
