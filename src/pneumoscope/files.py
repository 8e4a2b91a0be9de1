"""Files: written in one step, hashed, and read and written as JSON."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

PARTIAL = ".partial"
"""How the name of a file ends while it is being written."""


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Write a file in one step: whoever reads ``path`` sees the old file or the new one, whole, also after a power cut.

    The content goes to a file beside it, is forced to the disk, and takes the name of ``path`` when the context ends
    well. When it does not, nothing is left behind.

    Raises:
        OSError: it cannot be written.
    """
    partial = path.with_name(f".{path.name[:200]}.{uuid4().hex[:8]}{PARTIAL}")
    try:
        with partial.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file in one step; see :func:`replacing`."""
    with replacing(path) as stream:
        stream.write(content)


def write_text(path: Path, content: str) -> None:
    """Write a text as UTF-8 in one step; see :func:`replacing`."""
    write_bytes(path, content.encode())


def json_text(content: Any) -> str:
    """JSON for people and programs: indented, in ASCII, with a line end, and without NaN.

    Raises:
        ValueError: a number in it is not finite.
    """
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def write_json(path: Path, content: Any) -> None:
    """Write JSON in one step; see :func:`replacing` and :func:`json_text`."""
    write_text(path, json_text(content))


def sha256(path: Path) -> str:
    """Hex digest of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
