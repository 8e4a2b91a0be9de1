"""From the paths a user names to the films that will be screened."""

import os
from collections.abc import Sequence
from pathlib import Path

from pneumoscope.errors import DataError
from pneumoscope.imaging.formats import FORMATS
from pneumoscope.imaging.search import radiographs_below


def discover(named: Sequence[Path]) -> list[Path]:
    """Expand folders, recursively and in sorted order; take explicitly named files whatever they are.

    Raises:
        DataError: when a named folder holds no film.
    """
    found: list[Path] = []
    for path in named:
        if not os.path.isdir(path):
            found.append(path)
            continue
        films = sorted(radiographs_below(path))
        if not films:
            known = ", ".join(known.name for known in FORMATS)
            raise DataError(f"{path}: no film in this folder; looked for {known}.")
        found += films
    return found
