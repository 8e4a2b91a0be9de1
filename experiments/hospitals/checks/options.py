"""What the commands that take one bundle ask for."""

import argparse
from pathlib import Path

from experiments.command import output


def parse_bundle(description: str | None) -> argparse.Namespace:
    """``bundle``, ``lungs`` (a folder for copies of cut-out lungs) and ``out`` (the record), from the command line."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--lungs", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--out", type=output, required=True, metavar="RECORD.json")
    return parser.parse_args()
