"""A folder whose files are taken as films."""

import logging
from pathlib import Path

from pneumoscope.errors import DataError, PneumoscopeError
from pneumoscope.files import PARTIAL, make_folder
from pneumoscope.serving.background import Background
from pneumoscope.serving.intake import Intake
from pneumoscope.serving.store.films import Origin

REFUSED = "refused"
"""The folder in the watched one that gets what is no film: empty files, and those that are too large."""

_PAUSE = 1.0  # seconds between two looks
_log = logging.getLogger("pneumoscope.station")


class Watcher(Background):
    """A thread that looks into a folder, takes every file that no longer grows, and removes it.

    Names that begin with a dot, or end as files do that are being written, are passed over.
    """

    def __init__(self, folder: Path, intake: Intake) -> None:
        """Make the folder, or find it.

        Raises:
            DataError: it cannot be made.
        """
        super().__init__("watcher")
        self._folder, self._intake = folder, intake
        make_folder(folder / REFUSED)
        self._seen: dict[Path, tuple[int, int]] = {}

    def _run(self) -> None:
        while not self._ended.wait(_PAUSE):
            try:
                self._look()
            except (OSError, PneumoscopeError) as problem:  # a full disk: the files stay where they are
                _log.warning("The watched folder cannot be read now: %s", type(problem).__name__)

    def _look(self) -> None:
        now = {path: self._stamp(path) for path in sorted(self._folder.iterdir()) if _is_film(path)}
        for path, stamp in now.items():
            if self._seen.get(path) == stamp:
                self._take(path)
        self._seen = now

    @staticmethod
    def _stamp(path: Path) -> tuple[int, int]:
        found = path.stat()
        return found.st_size, found.st_mtime_ns

    def _take(self, path: Path) -> None:
        try:
            self._intake.accept(path.read_bytes(), Origin.FOLDER, name=path.name)
        except DataError:
            path.replace(self._folder / REFUSED / path.name)
            return
        path.unlink()


def _is_film(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".") and not path.name.endswith((PARTIAL, ".part", ".tmp"))
