"""From the paths a user names to the films that will be screened."""

import os
from collections.abc import Sequence
from pathlib import Path

from pneumoscope.errors import DataError
from pneumoscope.imaging.formats import FORMATS
from pneumoscope.imaging.search import Kind, PassedOver, folder_by_name, radiographs_below


def discover(named: Sequence[Path], passed: PassedOver | None = None) -> list[Path]:
    """Expand folders, recursively and in sorted order; take explicitly named files whatever they are.

    Args:
        named: files and folders.
        passed: counts what is passed over in folders.

    Raises:
        DataError: when a named folder holds no film.
    """
    found: list[Path] = []
    for path in named:
        if not os.path.isdir(path):
            found.append(path)
            continue
        here = PassedOver()
        if folder_by_name(path.name) is Kind.MACOS_FOLDER:  # a shell's pattern named it, and nobody meant it
            here.kinds[Kind.MACOS_FOLDER] += 1
        elif films := sorted(radiographs_below(path, here)):
            found += films
        else:
            raise no_film(str(path), here)
        if passed is not None:
            passed.kinds.update(here.kinds)
    return found


def no_film(folder: str, passed: PassedOver) -> DataError:
    """Say that a folder holds no film, and what is there instead."""
    known = ", ".join(known.name for known in FORMATS)
    instead = f"; {passed.sentence()}" if passed else ""
    return DataError(f"{folder}: no film in this folder; looked for {known}{instead}.")
