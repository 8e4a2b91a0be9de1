"""The radiographs below a folder, and what is passed over there: told by content, where a name does not tell."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path, PurePath

from pneumoscope.imaging.formats import SUFFIXES, recognise
from pneumoscope.imaging.formats.png import HEATMAP_MARK

BEGINNING = 132
"""How many first bytes of a file tell its format."""

_MACOS = "__MACOSX"
_ARCHIVES = (b"PK\x03\x04", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")
_PICTURES = (b"BM", b"GIF8", b"8BPS", b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51", b"\0\0\1\0")
_BOXED = (b"WEBP", b"ftyp")  # of WebP, HEIC, AVIF and videos: not quite at the begin
_WHITE = frozenset("\t\n\v\f\r")


class Kind(Enum):
    """What a search passes over; the value is one of it and several of it, as a person reads it."""

    TEXT = "text file", "text files"
    HEATMAP = "heatmap of Pneumoscope", "heatmaps of Pneumoscope"
    MACOS = "macOS resource file", "macOS resource files"
    MACOS_FOLDER = "macOS resource folder", "macOS resource folders"
    HIDDEN = "hidden file", "hidden files"
    HIDDEN_FOLDER = "hidden folder", "hidden folders"
    INDEX = "DICOM index", "DICOM indexes"
    ARCHIVE = "archive, not unpacked", "archives, not unpacked"
    PICTURE = "picture or video in a format that is not read", "pictures or videos in formats that are not read"
    EMPTY = "empty file", "empty files"
    DEVICE = "pipe or device", "pipes or devices"
    LOCKED = "file that may not be read", "files that may not be read"
    STRAY = "film outside the class folders", "films outside the class folders"
    OTHER = "other file", "other files"


@dataclass
class PassedOver:
    """Counts what searches pass over.

    Attributes:
        kinds: how many of each kind.
        folders: names of folders that were not searched, because nothing says what their films are.
    """

    kinds: Counter[Kind] = field(default_factory=Counter)
    folders: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.kinds or self.folders)

    def sentence(self) -> str:
        """Say it in one line."""
        counts = sorted(self.kinds.items(), key=lambda item: (-item[1], list(Kind).index(item[0])))
        said = [f"{count} {kind.value[count > 1]}" for kind, count in counts]
        if self.folders:
            said.append(f"folder{'s' * (len(self.folders) > 1)} of no known class or split: {', '.join(self.folders)}")
        return f"passed over: {'; '.join(said)}"


def radiographs_below(top: Path, passed: PassedOver | None = None) -> Iterator[Path]:
    """Search a folder and all below it, links included.

    Nothing that may be a radiograph is passed over: a folder or a link that cannot be followed is given too, so that
    reading it says why.

    Args:
        top: the folder.
        passed: counts what is passed over.

    Yields:
        Paths, in no order.
    """
    counts = PassedOver() if passed is None else passed
    unreadable: list[Path] = []
    seen: set[tuple[int, int]] = set()  # folders by device and inode: links may make a circle
    for folder, inner, names in os.walk(top, onerror=lambda e: unreadable.append(Path(e.filename)), followlinks=True):
        here = os.stat(folder)
        if (here.st_dev, here.st_ino) in seen:
            inner.clear()
            continue
        seen.add((here.st_dev, here.st_ino))
        left_out = {name: kind for name in inner if (kind := folder_by_name(name))}
        counts.kinds.update(left_out.values())
        inner[:] = [name for name in inner if name not in left_out]
        for path in (Path(folder, name) for name in names):
            if kind := kind_of(path):
                counts.kinds[kind] += 1
            else:
                yield path
    yield from unreadable


def kind_of(path: Path) -> Kind | None:
    """Say as what a file is passed over; None where it may be a radiograph."""
    if os.path.exists(path) and not os.path.isfile(path):  # a pipe or device would wait for ever
        return Kind.DEVICE
    if kind := file_by_name(path.name):
        return kind
    named = is_named_as_one(path.name)
    if named and path.suffix.lower() != ".png":  # only PNG files may be heatmaps
        return None
    try:
        with path.open("rb") as file:
            beginning = file.read(BEGINNING)
    except OSError:
        return None if named else Kind.LOCKED
    kind = by_content(beginning)
    return kind if kind is Kind.HEATMAP or not named else None


def folder_by_name(name: str) -> Kind | None:
    """Say by a folder's name as what it is passed over, with all below it; None where it is searched."""
    if name == _MACOS:
        return Kind.MACOS_FOLDER
    return Kind.HIDDEN_FOLDER if name.startswith(".") else None


def file_by_name(name: str) -> Kind | None:
    """Say by a file's name alone as what it is passed over; None where the name does not tell."""
    if name.startswith("."):
        return Kind.MACOS if name.startswith("._") else Kind.HIDDEN
    return Kind.INDEX if name.upper() == "DICOMDIR" else None


def is_named_as_one(name: str) -> bool:
    """Whether a file is named as a radiograph: then it is taken for one, and reading it says what is wrong with it."""
    return PurePath(name).suffix.lower() in SUFFIXES


def by_content(beginning: bytes) -> Kind | None:
    """Say by a file's first :data:`BEGINNING` bytes as what it is passed over; None where they are a radiograph's."""
    if recognise(beginning):
        return Kind.HEATMAP if HEATMAP_MARK in beginning else None
    if not beginning:
        return Kind.EMPTY
    if beginning.startswith(_ARCHIVES):
        return Kind.ARCHIVE
    if beginning.startswith(_PICTURES) or any(mark in beginning[4:12] for mark in _BOXED):
        return Kind.PICTURE
    return Kind.TEXT if _is_text(beginning) else Kind.OTHER


def _is_text(beginning: bytes) -> bool:
    utf16 = beginning.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = beginning.decode("utf-16" if utf16 else "utf-8-sig", errors="ignore")  # the last character may be cut
    lost = 0 if utf16 else len(beginning.removeprefix(b"\xef\xbb\xbf")) - len(text.encode())
    return lost < 4 and all(c.isprintable() or c in _WHITE for c in text)
