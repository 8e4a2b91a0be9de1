"""Results as files in a folder."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pneumoscope.errors import DataError
from pneumoscope.files import check_room, make_folder, write_bytes
from pneumoscope.serving.dicom.targets.contract import Outgoing, TargetError


class FolderTarget:
    """A folder, such as a share that another program watches. Every file appears whole, in one step.

    A DICOM object is named by its SOP Instance UID, anything else by its own name.
    """

    def __init__(self, folder: Path) -> None:
        """Name the folder; it is made when it is first used."""
        self._folder = folder

    def test(self) -> str:
        """Write a small file and remove it; see ``Target``."""
        with _told():
            make_folder(self._folder)
            check_room(self._folder / "pneumoscope", 1024)
        return "A file could be written to the folder."

    def has(self, study: str, series: str, instance: str) -> bool | None:
        """Whether the file is there; see ``Target``."""
        return (self._folder / f"{instance}.dcm").exists() if self._folder.is_dir() else None

    def send(self, things: Sequence[Outgoing]) -> None:
        """Write the files; see ``Target``."""
        with _told():
            make_folder(self._folder)
            for thing in things:
                write_bytes(self._folder / _name(thing), thing.content)


@contextmanager
def _told() -> Iterator[None]:
    """Say of a file that cannot be written why, without its name."""
    try:
        yield
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else type(error).__name__
        raise TargetError(f"The folder cannot be written to: {why}.", permanent=False) from error
    except DataError as error:
        raise TargetError("The folder cannot be made.", permanent=False) from error


def _name(thing: Outgoing) -> str:
    name = f"{thing.instance}.dcm" if thing.media == "dicom" and thing.instance else thing.name
    if not name or name in (".", "..") or {"/", "\\", "\0"} & set(name):
        raise TargetError("The name of a file holds a folder.", permanent=True)
    return name
