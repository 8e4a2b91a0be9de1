"""Find doubtful labels in the out-of-fold scores of the campaign "number_blocks".

    python -m experiments.label_quality --out RECORD.json [--sheet FILE.png --data DIR]

The record counts the confident joint (Northcutt et al. 2021, arXiv:1911.00068) and lists the most doubtful labels. A
doubtful label is a radiograph to look at again, not a wrong label: what no network can tell, such as bacterial from
viral, looks doubtful too. Nothing is relabelled. The sheet shows patients and belongs in no repository. Takes seconds;
needs the extra [research].
"""

import argparse
from pathlib import Path

from experiments.command import output
from experiments.label_quality.measure import VIEWS, measure, out_of_fold
from experiments.label_quality.page import sheet
from lab import machine
from pneumoscope.errors import PneumoscopeError


def main(arguments: list[str] | None = None) -> None:
    """Measure, write the record, and the sheet where one is asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m experiments.label_quality", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--out", type=output, required=True, help="the record to write")
    parser.add_argument("--sheet", type=output, help="also draw the radiographs; patients are on it, never commit it")
    parser.add_argument("--view", choices=tuple(VIEWS), default=next(iter(VIEWS)), help="of the sheet")
    parser.add_argument("--data", type=Path, help="of the sheet (default: chest_xray)")
    asked = parser.parse_args(arguments)
    try:
        found = measure(out_of_fold())
        machine.write_record(asked.out, found)
        if asked.sheet:
            sheet(found["views"][asked.view]["doubtful"], asked.data or machine.data("chest_xray")).save(asked.sheet)
    except PneumoscopeError as problem:
        parser.error(str(problem))


if __name__ == "__main__":
    main()
