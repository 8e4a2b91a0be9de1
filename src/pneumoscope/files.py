"""Files: written in one step, hashed, and read and written as JSON."""

import glob
import hashlib
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

from pneumoscope.errors import DataError
from pneumoscope.escaping import well_formed

PARTIAL = ".partial"
"""How the name of a file ends while it is being written."""


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Write a file in one step: whoever reads ``path`` sees the old file or the new one, whole, also after a power cut.

    The content goes to a file beside it, is forced to the disk, and takes the name of ``path`` when the context ends
    well. When it does not, nothing is left behind. A link is followed, a file that is replaced keeps its permissions,
    and what is no file, such as a device or a pipe, is written to directly.

    Raises:
        OSError: it cannot be written; its ``filename`` is ``path``, whatever the system said.
    """
    path = path.resolve()
    before = path.stat() if path.exists() else None
    try:
        if before and not stat.S_ISREG(before.st_mode):
            with path.open("wb") as stream:
                yield stream
            return
        partial = path.with_name(f".{path.name[:200]}.{uuid4().hex[:8]}{PARTIAL}")
        try:
            with partial.open("wb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            if before:
                partial.chmod(stat.S_IMODE(before.st_mode))
            partial.replace(path)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
    except OSError as error:
        error.filename = os.fspath(path)  # a full disk names no file, and a closed folder the partial one
        raise


def working_path(path: Path) -> Path:
    """Where to write what a kill may cut short: ``path``, or a free name beside it if a file has that name already.

    So an earlier file stays until :func:`take_place` gives its name to the new one.

    Args:
        path: the name that the finished file is to have. A link is followed; what is no file is written to directly.
    """
    path = path.resolve()
    if not path.exists() or not path.is_file():
        return path
    beside = (f".unfinished{f'-{number}' if number > 1 else ''}" for number in count(1))
    names = (path.with_name(f"{path.stem[:200]}{middle}{path.suffix}") for middle in beside)
    return next(name for name in names if not name.exists())


def take_place(working: Path, path: Path) -> None:
    """Give a finished file its name; see :func:`working_path`. A file that it replaces leaves it its permissions."""
    path = path.resolve()
    if working != path:
        with working.open("ab") as stream:
            os.fsync(stream.fileno())
        working.chmod(stat.S_IMODE(path.stat().st_mode))
        working.replace(path)


def remove_partials(path: Path) -> None:
    """Remove what a kill left of :func:`replacing` ``path``; only where nobody can be writing it."""
    for left in path.parent.glob(f".{glob.escape(path.name[:200])}.*{PARTIAL}"):
        left.unlink(missing_ok=True)


def check_room(path: Path, size: int) -> None:
    """Write ``size`` bytes beside a path and remove them: for what is written by a library that fails badly.

    Raises:
        OSError: they cannot be written; its ``filename`` is ``path``.
    """
    probe = path.with_name(f"{path.name}.room")
    try:
        with replacing(probe) as stream:
            stream.write(bytes(size))
        probe.unlink()
    except OSError as error:
        error.filename = os.fspath(path)
        raise


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file in one step; see :func:`replacing`."""
    with replacing(path) as stream:
        stream.write(content)


def write_text(path: Path, content: str) -> None:
    """Write a text as UTF-8 in one step; see :func:`replacing` and ``escaping.well_formed``."""
    write_bytes(path, well_formed(content).encode())


def json_text(content: Any) -> str:
    """JSON for other people and programs: indented, in ASCII, with a line end, without NaN, and well-formed.

    Raises:
        ValueError: a number in it is not finite.
    """
    return _json(well_formed(content))


def write_json(path: Path, content: Any) -> None:
    """Write JSON that we read again in one step; see :func:`replacing`. File names that are no UTF-8 come back whole.

    Raises:
        ValueError: a number in it is not finite.
    """
    write_text(path, _json(content))


def _json(content: Any) -> str:
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def make_folder(path: Path) -> None:
    """Make a folder and those above it, or find it there.

    Raises:
        DataError: it cannot be made, or something else has its name.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{path}: this folder cannot be made ({error.strerror}); choose another one") from error


def sha256(path: Path) -> str:
    """Hex digest of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
