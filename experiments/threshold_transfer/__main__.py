"""How well does a threshold that was chosen on some number blocks carry over to others?

    python -m experiments.threshold_transfer --out RECORD.json

Every network of the campaign "number_blocks" saw neither its own block nor the validation blocks. A threshold is chosen
on one of these sets, or on the out-of-fold scores of all other blocks, and applied to another. Takes minutes and needs
no radiograph. The official test is left alone.
"""

import argparse

from experiments.command import output
from experiments.threshold_transfer.measure import record
from lab import machine


def main(arguments: list[str] | None = None) -> None:
    """Study every way of choosing on every transfer and write the record."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.threshold_transfer", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--out", type=output, required=True, help="the record to write")
    machine.write_record(parser.parse_args(arguments).out, record())


if __name__ == "__main__":
    main()
