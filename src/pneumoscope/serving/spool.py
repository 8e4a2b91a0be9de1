"""The spool: films as they were received, on the disk before they are acknowledged."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from uuid import uuid4

from pneumoscope.errors import PneumoscopeError
from pneumoscope.files import make_folder, write_bytes

CANNOT_WRITE = "The station cannot write to its disk: no film is taken until it can again."


class SpoolFullError(PneumoscopeError):
    """The disk has too little room for another film; what was received before is safe."""


class Spool:
    """A folder of films, each under a name of its own that says nothing.

    Attributes:
        folder: where they lie.
        free: bytes of the disk that stay free.
    """

    def __init__(self, folder: Path, free: int) -> None:
        """Make the folder, or find it.

        Raises:
            DataError: it cannot be made.
        """
        self.folder, self.free = folder, free
        make_folder(folder)

    def room(self) -> int:
        """Bytes that may still be taken; 0 or less when the spool is full."""
        return shutil.disk_usage(self.folder).free - self.free

    def add(self, content: bytes) -> str:
        """Write a film to the disk; when this returns, a power cut does not lose it.

        Returns:
            Its name in the spool.

        Raises:
            SpoolFullError: there is too little room. Nothing is left behind.
        """
        if self.room() < len(content):
            raise SpoolFullError("The disk of the station is nearly full: no film is taken until there is room again.")
        name = uuid4().hex
        try:
            write_bytes(self.path(name), content)
            self._sync()
        except OSError as error:
            raise SpoolFullError(CANNOT_WRITE) from error
        return name

    def path(self, name: str) -> Path:
        """Where a film lies."""
        return self.folder / name

    def remove(self, name: str) -> None:
        """Forget a film. Safe to repeat."""
        self.path(name).unlink(missing_ok=True)

    def sweep(self, known: Iterable[str]) -> int:
        """Remove what no row knows: it was never acknowledged. Only at the start, before anything comes in.

        Returns:
            How many files went.
        """
        kept = set(known)
        strangers = [path for path in self.folder.iterdir() if path.name not in kept]
        for path in strangers:
            path.unlink(missing_ok=True)
        return len(strangers)

    def _sync(self) -> None:
        """Force the folder's own entries to the disk, where a system can."""
        if os.name == "nt":
            return
        handle = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
