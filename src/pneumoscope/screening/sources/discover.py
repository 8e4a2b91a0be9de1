"""From the paths a user names to the films that will be screened."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath

from pneumoscope.errors import DataError
from pneumoscope.imaging.formats import SUFFIXES


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


def by_name(name: str) -> bool | None:
    """Tell from a file's name whether it is a film; None where only its content can tell.

    DICOM files often have no suffix; those named by their UID end on a number that only looks like one.
    """
    if name.startswith(".") or name.upper() == "DICOMDIR":
        return False
    suffix = PurePath(name).suffix.lower()
    return None if not suffix or suffix[1:].isdigit() else suffix in SUFFIXES


def _may_be_film(path: Path) -> bool:
    if path.exists() and not path.is_file():  # a pipe or device would wait for ever
        return False
    told = by_name(path.name)
    return _is_dicom(path) if told is None else told


def _is_dicom(path: Path) -> bool:
    """Look for DICOM's mark."""
    try:
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return False
