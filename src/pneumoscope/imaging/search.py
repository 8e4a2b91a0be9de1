"""The radiographs below a folder: told by their names, and where a name tells nothing by their first bytes."""

import os
from collections.abc import Iterator
from pathlib import Path, PurePath

from pneumoscope.imaging.formats import SUFFIXES, recognise

BEGINNING = 132
"""How many first bytes of a file tell its format."""


def radiographs_below(top: Path) -> Iterator[Path]:
    """Search a folder and all below it, links included.

    Nothing that may be a radiograph is passed over: a folder or a link that cannot be followed is given too, so that
    reading it says why. Hidden files, DICOMDIR indexes, pipes and devices are no radiographs.

    Args:
        top: the folder.

    Yields:
        Paths, in no order.
    """
    unreadable: list[Path] = []
    seen: set[tuple[int, int]] = set()  # folders by device and inode: links may make a circle
    for folder, inner, names in os.walk(top, onerror=lambda e: unreadable.append(Path(e.filename)), followlinks=True):
        here = os.stat(folder)
        if (here.st_dev, here.st_ino) in seen:
            inner.clear()
            continue
        seen.add((here.st_dev, here.st_ino))
        inner[:] = [name for name in inner if not name.startswith(".")]
        yield from (path for path in (Path(folder, name) for name in names) if _may_be_radiograph(path))
    yield from unreadable


def by_name(name: str) -> bool | None:
    """Tell from a file's name whether it is a radiograph; None where only its content can tell."""
    if name.startswith(".") or name.upper() == "DICOMDIR":
        return False
    return True if PurePath(name).suffix.lower() in SUFFIXES else None


def by_content(beginning: bytes) -> bool:
    """Tell from a file's first :data:`BEGINNING` bytes whether it is of a format that is read."""
    return recognise(beginning) is not None


def _may_be_radiograph(path: Path) -> bool:
    if os.path.exists(path) and not os.path.isfile(path):  # a pipe or device would wait for ever
        return False
    told = by_name(path.name)
    return _looks_like_one(path) if told is None else told


def _looks_like_one(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return by_content(file.read(BEGINNING))
    except OSError:
        return False
