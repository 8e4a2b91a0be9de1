"""``pneumoscope sweep``."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pneumoscope.cli.arguments import whole_number
from pneumoscope.cli.train import configure_recipe, make_setting

if TYPE_CHECKING:
    from pneumoscope.training.sweep import Outcome

HELP = "Train with several seeds side by side on Ray; the same command again goes on where it stopped."


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--data", type=Path, required=True, help="folder with train/{NORMAL,PNEUMONIA}, or a manifest")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the runs, DIR/seed-N")
    parser.add_argument("--seeds", type=_read_seeds, required=True, metavar="LIST", help="such as 0-4 or 1,3,7-9")
    configure_recipe(parser)
    parser.add_argument(
        "--cpus-per-run", type=whole_number(1), default=1, metavar="N", help="cores for each run (default: %(default)s)"
    )
    parser.add_argument("--ray-address", metavar="ADDRESS", help="a running cluster (default: one on this machine)")


def run(options: argparse.Namespace) -> int:
    """Train; 4 when a run did not finish."""
    from pneumoscope.cli.progress import live_progress
    from pneumoscope.compute.cores import usable_cores
    from pneumoscope.errors import TrainingError
    from pneumoscope.training.sweep import Outcome, train_many

    settings = {options.out / f"seed-{seed}": make_setting(options, seed) for seed in options.seeds}
    outcomes: dict[Path, Outcome] = {}
    try:
        with live_progress() as (progress, say):
            progress("training runs", 0, len(settings))
            for outcome in train_many(settings, usable_cores(), options.cpus_per_run, options.ray_address):
                outcomes[outcome.folder] = outcome
                say(f"{outcome.folder}: {outcome.state} {outcome.explanation}".rstrip())
                progress("training runs", len(outcomes), len(settings))
    except KeyboardInterrupt:
        sys.stderr.write("pneumoscope: what is done is kept; the same command goes on from there\n")
        raise
    _show([outcomes[folder] for folder in settings])
    return 0 if all(outcome.state == "finished" for outcome in outcomes.values()) else TrainingError.exit_code


def _show(outcomes: "list[Outcome]") -> None:
    from rich import box
    from rich.table import Table

    from pneumoscope.screening.output.table import terminal

    table = Table("run", "state", "AUC", "recall", "specificity", "time", box=box.SIMPLE_HEAD)
    for outcome in outcomes:
        last, names = outcome.last, ("val_auc", "val_recall", "val_specificity")
        numbers = [f"{last[name]:.4f}" for name in names if name in last]
        time = f"{outcome.seconds:.0f} s" if outcome.seconds else "before"
        table.add_row(str(outcome.folder), outcome.state, *(numbers or ["-"] * 3), time)
    terminal().print(table)


def _read_seeds(text: str) -> list[int]:
    """Read a list of whole numbers and ranges, such as 0-4 or 1,3,7-9."""
    seeds: dict[int, None] = {}
    for item in text.split(","):
        first, _, last = item.partition("-")
        seeds |= dict.fromkeys(range(int(first), int(last or first) + 1))
    if not seeds:
        raise ValueError(text)
    return list(seeds)
