"""Measure bundles on held-out radiographs, stressed in doses and with evidence taken away.

    python -m experiments.robustness --bundle A.onnx --beside B.onnx --out RECORD.json

The record keeps every condition that is done, so the same command goes on where it stopped: a quarter of an hour a
bundle on two cores. The official test is left alone.
"""

import argparse
from pathlib import Path

from experiments.command import output, told
from experiments.robustness.measure import run, sample
from lab import held_out, machine
from pneumoscope.compute.cores import usable_cores
from pneumoscope.errors import PneumoscopeError


def main(arguments: list[str] | None = None) -> None:
    """Take the sample, open the bundles, measure."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.robustness", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--bundle", type=Path, required=True, help="an exported model")
    parser.add_argument("--beside", type=Path, nargs="+", default=[], help="others, to compare with")
    parser.add_argument("--data", type=Path, help="labelled radiographs, as for training (default: chest_xray)")
    parser.add_argument("--count", type=int, default=100, help="radiographs of each label (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=usable_cores(), help="threads (default: all cores)")
    parser.add_argument("--out", type=output, required=True, help="the record to begin or to go on with")
    asked = parser.parse_args(arguments)
    try:
        labelled = sample(asked.data or machine.data("chest_xray"), asked.count)
        sessions = [held_out.session(bundle, asked.workers) for bundle in (asked.bundle, *asked.beside)]
        run(sessions, labelled, asked.out, asked.workers, told)
    except PneumoscopeError as problem:
        parser.error(str(problem))


if __name__ == "__main__":
    main()
