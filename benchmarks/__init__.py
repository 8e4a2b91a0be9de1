"""Benchmarks: each command writes one record to ``results/``, from which ``page`` makes the tables."""

import sys
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def data_folder(folder: str) -> Path:
    """A folder of real radiographs; ends the program with 2 where it is not there."""
    from lab import machine
    from pneumoscope.errors import DataError

    try:
        return machine.data(folder)
    except DataError as problem:
        sys.stderr.write(f"{problem}\n")
        raise SystemExit(2) from problem
