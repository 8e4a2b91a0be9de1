"""Locks between processes. The system ends a lock with its process, however that ends."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import IO, BinaryIO

from pneumoscope.errors import DataError


@contextmanager
def held(stream: BinaryIO | FileIO) -> Iterator[None]:
    """Hold an open file alone among all processes that ask for it this way; wait until the others let go.

    Two threads that share the stream are not kept apart.
    """
    _lock(stream, wait=True)
    try:
        yield
    finally:
        _unlock(stream)


@contextmanager
def exclusive(path: Path, *, wait: bool = False) -> Iterator[bool]:
    """Hold a lock file: no other process is in this context with the same one at the same time.

    Args:
        path: the lock file; its folder exists. It goes when the context ends, and one that is left blocks nobody.
        wait: for a process that holds it, and do not refuse.

    Yields:
        Whether it is locked; False where the file system has no locks.

    Raises:
        DataError: another process holds it; the message names it.
        OSError: the file cannot be made.
    """
    while True:
        with path.open("a+", encoding="utf-8") as stream:
            locked = _locked(stream, path, wait)
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


def _locked(stream: IO[str], path: Path, wait: bool) -> bool:
    try:
        _lock(stream, wait)
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


if sys.platform == "win32":
    import msvcrt

    _BEYOND = 1 << 40  # a lock keeps others from reading too: take it where nobody reads

    def _lock(stream: IO[str] | BinaryIO | FileIO, wait: bool) -> None:
        while True:
            os.lseek(stream.fileno(), _BEYOND, os.SEEK_SET)
            try:
                msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK if not wait else msvcrt.LK_LOCK, 1)
                return
            except OSError as error:
                if not wait:
                    raise BlockingIOError from error

    def _unlock(stream: IO[str] | BinaryIO | FileIO) -> None:
        os.lseek(stream.fileno(), _BEYOND, os.SEEK_SET)
        msvcrt.locking(stream.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(stream: IO[str] | BinaryIO | FileIO, wait: bool) -> None:
        """Take the lock of an open file; without ``wait``, raise BlockingIOError where another process has it."""
        fcntl.flock(stream.fileno(), fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))

    def _unlock(stream: IO[str] | BinaryIO | FileIO) -> None:
        fcntl.flock(stream.fileno(), fcntl.LOCK_UN)
