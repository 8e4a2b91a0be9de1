"""What the commands of this folder share."""

import argparse
import sys
from pathlib import Path


def output(text: str) -> Path:
    """A file to write, for argparse: it is refused before the work where its folder is missing."""
    path = Path(text)
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"{path.parent} is no folder")
    return path


def told(what: str, done: int, total: int | None) -> None:
    """Progress, a line each, on standard error."""
    sys.stderr.write(f"{done}/{total} {what}\n" if total else f"{done} {what}\n")
    sys.stderr.flush()
