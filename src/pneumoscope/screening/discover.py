"""From the paths a user names to the films that will be screened."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from pneumoscope.errors import DataError

SUFFIXES = frozenset({".jpeg", ".jpg", ".png", ".tif", ".tiff", ".dcm", ".dicom"})
"""What a folder is searched for, in lower case; beside these, DICOM files that carry no suffix of theirs."""


def discover(named: Sequence[Path]) -> list[Path]:
    """Expand folders, recursively and in sorted order; take explicitly named files whatever they are.

    Nothing that may be a film is passed over: a folder or a link that cannot be followed stays in the list, so that
    screening reports it. Hidden files and DICOMDIR indexes are no films.

    Raises:
        DataError: when a named folder holds no film.
    """
    found: list[Path] = []
    for path in named:
        if not path.is_dir():
            found.append(path)
            continue
        films = sorted(_films(path))
        if not films:
            known = ", ".join(sorted(SUFFIXES))
            raise DataError(f"{path}: no film in this folder; looked for {known} and DICOM files.")
        found += films
    return found


def _films(top: Path) -> Iterator[Path]:
    unreadable: list[Path] = []
    seen: set[tuple[int, int]] = set()  # folders by device and inode: links may make a circle
    for folder, inner, names in os.walk(top, onerror=lambda e: unreadable.append(Path(e.filename)), followlinks=True):
        here = os.stat(folder)
        if (here.st_dev, here.st_ino) in seen:
            inner.clear()
            continue
        seen.add((here.st_dev, here.st_ino))
        inner[:] = [name for name in inner if not name.startswith(".")]
        yield from (path for path in (Path(folder, name) for name in names) if _may_be_film(path))
    yield from unreadable


def _may_be_film(path: Path) -> bool:
    if path.name.startswith(".") or path.name.upper() == "DICOMDIR":
        return False
    if path.exists() and not path.is_file():  # a pipe or device would wait for ever
        return False
    suffix = path.suffix.lower()
    bare = not suffix or suffix[1:].isdigit()
    return suffix in SUFFIXES or (bare and _is_dicom(path))


def _is_dicom(path: Path) -> bool:
    """Look for DICOM's mark; files named by their UID end on a number that only looks like a suffix."""
    try:
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return False
