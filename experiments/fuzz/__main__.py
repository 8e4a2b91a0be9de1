"""Damage radiographs as files of every kind, screen them, and see that none is judged as something else.

    python -m experiments.fuzz --rows ROWS.jsonl --out RECORD.json

Every mutant is written to ROWS.jsonl as soon as it is done, so the same command goes on where it stopped. Two idle
cores need half an hour. The official test is left alone.
"""

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TextIO

import msgspec

from experiments.command import output, told
from experiments.fuzz.mutants import films
from experiments.fuzz.record import summary, tables
from experiments.fuzz.worker import Row, screened
from lab import machine
from pneumoscope.bundle.card import RELEASED
from pneumoscope.compute.cores import usable_cores
from pneumoscope.errors import PneumoscopeError
from pneumoscope.files import sha256, write_bytes

EVERY = 200
"""Mutants between two lines of progress."""


def main(arguments: list[str] | None = None) -> int:
    """Screen what is missing, then write the record and print its tables; 1 where the rule does not hold."""
    parser = argparse.ArgumentParser(prog="python -m experiments.fuzz", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--count", type=int, default=20_000, help="mutants (default: %(default)s)")
    parser.add_argument("--synthetic", action="store_true", help="damage the drawn films of the package, no real ones")
    parser.add_argument("--bundle", type=Path, default=RELEASED, help="an exported model (default: the released one)")
    parser.add_argument("--workers", type=int, default=usable_cores(), help="processes (default: all cores)")
    parser.add_argument("--rows", type=output, required=True, help="one line a mutant, to begin or to go on with")
    parser.add_argument("--out", type=output, help="the record to write")
    asked = parser.parse_args(arguments)
    try:
        rows = run(asked.count, films(asked.synthetic), asked.bundle, asked.rows, asked.workers)
    except PneumoscopeError as problem:
        parser.error(str(problem))
    record = {"bundle": sha256(asked.bundle), "synthetic": asked.synthetic} | summary(rows)
    sys.stdout.write("\n\n".join(tables(record).values()) + f"\n\npassed: {'yes' if record['passed'] else 'NO'}\n")
    if asked.out:
        machine.write_record(asked.out, record)
    return 0 if record["passed"] else 1


def run(count: int, of: tuple[Path, ...], bundle: Path, path: Path, workers: int) -> list[Row]:
    """Screen the mutants from 0 to ``count`` that have no row at ``path`` yet.

    Returns:
        One row a mutant, in their order.
    """
    done = _done(path)
    rows = {row.number: row for row in done if row.number < count}
    write_bytes(path, b"".join(msgspec.json.encode(row) + b"\n" for row in done))  # without a last line that is half
    missing = [number for number in range(count) if number not in rows]
    with path.open("a", encoding="utf-8") as stream, ThreadPoolExecutor(workers) as pool:
        share = partial(_share, films=of, bundle=bundle, stream=stream, rows=rows, count=count)
        list(pool.map(share, [missing[first::workers] for first in range(workers)]))
    return [rows[number] for number in range(count)]


def _done(path: Path) -> list[Row]:
    """The rows of an earlier run; its last line may be half."""
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    return [msgspec.json.decode(line, type=Row) for line in lines if line.endswith(b"\n")]


def _share(
    numbers: list[int], *, films: tuple[Path, ...], bundle: Path, stream: TextIO, rows: dict[int, Row], count: int
) -> None:
    for row in screened(numbers, films, bundle):
        stream.write(msgspec.json.encode(row).decode() + "\n")
        stream.flush()
        rows[row.number] = row
        if len(rows) % EVERY == 0:
            told("mutants", len(rows), count)


if __name__ == "__main__":
    sys.exit(main())
