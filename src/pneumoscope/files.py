"""Files: written in one step, locked, hashed, and read and written as JSON."""

import glob
import hashlib
import json
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, BinaryIO
from uuid import uuid4

from pneumoscope.errors import DataError

try:
    import fcntl
except ImportError:  # Windows, where nothing is locked
    fcntl = None  # type: ignore[assignment]

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


@contextmanager
def exclusive(path: Path, *, wait: bool = False) -> Iterator[bool]:
    """Hold a lock: no other process is in this context with the same lock file at the same time.

    The system ends a lock with its process, however that ends, so a file that is left behind blocks nobody.

    Args:
        path: the lock file; its folder exists. It goes when the context ends.
        wait: for a process that holds it, and do not refuse.

    Yields:
        Whether it is locked; False where the system or the file system has no locks.

    Raises:
        DataError: another process holds it; the message names it.
        OSError: the file cannot be made.
    """
    while True:
        with path.open("a+", encoding="utf-8") as stream:
            locked = _lock(stream, path, wait)
            if locked and not _is_at(stream, path):
                continue  # whoever held it has removed it since it was opened
            with suppress(OSError):  # a full disk has no room for the name, and is told of by what is written next
                os.ftruncate(stream.fileno(), 0)
                os.write(stream.fileno(), f"process {os.getpid()} on {socket.gethostname()}".encode())
            try:
                yield locked
            finally:
                with suppress(OSError):  # nobody waits for the file itself
                    path.unlink()
            return


def _lock(stream: IO[str], path: Path, wait: bool) -> bool:
    if fcntl is None:
        return False
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError as error:
        stream.seek(0)
        holder = stream.read() or "another process"
        raise DataError(f"{path.parent}: {holder} is at work here; wait for its end, or stop it") from error
    except OSError:  # some network file systems
        return False
    return True


def _is_at(stream: IO[str], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(stream.fileno()), path.stat())
    except FileNotFoundError:
        return False


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file in one step; see :func:`replacing`."""
    with replacing(path) as stream:
        stream.write(content)


def write_text(path: Path, content: str) -> None:
    """Write a text as UTF-8 in one step; see :func:`replacing`. File names in it that are no UTF-8 keep their bytes."""
    write_bytes(path, content.encode(errors="surrogateescape"))


def json_text(content: Any) -> str:
    """JSON for people and programs: indented, in ASCII, with a line end, and without NaN.

    Raises:
        ValueError: a number in it is not finite.
    """
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def write_json(path: Path, content: Any) -> None:
    """Write JSON in one step; see :func:`replacing` and :func:`json_text`."""
    write_text(path, json_text(content))


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
