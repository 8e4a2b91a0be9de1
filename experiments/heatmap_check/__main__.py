"""Check the heatmaps of a bundle on a balanced sample of held-out radiographs, as they are and moved in five ways.

    python -m experiments.heatmap_check --out RECORD.json

Takes minutes on two cores. The official test is left alone.
"""

import argparse
from pathlib import Path

from experiments.command import output
from experiments.heatmap_check.measure import check, sample
from lab import held_out, machine
from pneumoscope.bundle.card import RELEASED
from pneumoscope.compute.cores import usable_cores
from pneumoscope.errors import PneumoscopeError


def main(arguments: list[str] | None = None) -> None:
    """Draw the sample, measure, write the record."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.heatmap_check", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--bundle", type=Path, default=RELEASED, help="an exported model (default: the released one)")
    parser.add_argument("--data", type=Path, help="labelled radiographs, as for training (default: chest_xray)")
    parser.add_argument("--count", type=int, default=100, help="radiographs of each class (default: %(default)s)")
    parser.add_argument("--out", type=output, required=True, help="the record to write")
    asked = parser.parse_args(arguments)
    try:
        labelled = sample(asked.data or machine.data("chest_xray"), asked.count)
        machine.write_record(asked.out, check(held_out.session(asked.bundle, usable_cores()), labelled, usable_cores()))
    except PneumoscopeError as problem:
        parser.error(str(problem))


if __name__ == "__main__":
    main()
