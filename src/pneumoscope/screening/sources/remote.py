"""Films that are named by a URI, wherever pyarrow's filesystems reach: s3://, gs://, abfs://, hdfs://, file://."""

from functools import lru_cache
from pathlib import PurePosixPath
from urllib.parse import quote, unquote, urlsplit

import pyarrow as pa
from pyarrow.fs import FileInfo, FileSelector, FileSystem, FileType

from pneumoscope.compute.pool import WorkerPool
from pneumoscope.errors import DataError
from pneumoscope.imaging import Reason
from pneumoscope.imaging.limits import check_bytes
from pneumoscope.imaging.refusal import refuse
from pneumoscope.imaging.search import (
    BEGINNING,
    Kind,
    PassedOver,
    by_content,
    file_by_name,
    folder_by_name,
    is_named_as_one,
)
from pneumoscope.screening.sources.discover import no_film

_PEEKERS = 16
"""How many files whose names tell nothing are looked into at once; each look waits for the store."""


def locate(uri: str) -> tuple[FileSystem, str]:
    """Find the filesystem that a URI names, and the path in it.

    Raises:
        DataError: when pyarrow knows no such filesystem or cannot reach it, or the URI holds a password.
    """
    parts = urlsplit(uri)
    if parts.password:
        raise DataError("A URI must not hold a password, which would end up in results; use the environment instead.")
    files, root = _filesystem(parts._replace(path="/").geturl())
    return files, root.rstrip("/") + unquote(parts.path)


@lru_cache
def _filesystem(root: str) -> tuple[FileSystem, str]:
    try:
        files, path = FileSystem.from_uri(root)
    except (OSError, ValueError, NotImplementedError, ImportError) as problem:
        raise DataError(f"{root}: cannot be reached ({problem}).") from problem
    return files, path


def fetch(uri: str) -> bytes:
    """Read one file.

    Raises:
        NotAssessedError: when it is missing, empty, larger than the limits allow, or cannot be read.
    """
    try:
        files, path = locate(uri)
        info = files.get_file_info(path)
        if info.type == FileType.NotFound:
            raise refuse(Reason.NOT_FOUND, "There is no such file; check the path.")
        if not info.is_file:
            raise refuse(Reason.UNREADABLE, "This is not a file; name the films in it instead.")
        if info.size:  # an empty file is fetched, so that its digest is known
            check_bytes(info.size)
        with files.open_input_stream(path) as stream:
            return bytes(stream.read())
    except (OSError, ValueError, DataError) as problem:  # their text may hold the path
        raise refuse(Reason.UNREADABLE, f"The file cannot be read ({type(problem).__name__}).") from None


def search(uri: str, passed: PassedOver | None = None) -> list[str]:
    """List the films of a remote folder, as ``discover`` does a local one; any other URI is taken as a film's.

    A file is looked into only where its name tells nothing, because each look waits for the store.

    Args:
        uri: of a folder or a film.
        passed: counts what is passed over.

    Raises:
        DataError: when the folder cannot be listed or holds no film.
    """
    files, path = locate(uri)
    here = PassedOver()
    try:
        if files.get_file_info(path).type != FileType.Directory:
            return [uri]
        listed = [info for info in files.get_file_info(FileSelector(path, recursive=True)) if info.is_file]
        visible = [info for info in listed if not _hidden(info.path, path, here)]
        with WorkerPool(_PEEKERS) as peekers:
            kinds = list(peekers.map(lambda info: _kind(files, info), visible))
    except (OSError, pa.ArrowException) as problem:
        raise DataError(f"{uri}: cannot be listed ({problem}).") from problem
    here.kinds.update(filter(None, kinds))
    films = [info.path for info, kind in zip(visible, kinds, strict=True) if kind is None]
    if not films:
        raise no_film(uri, here)
    if passed is not None:
        passed.kinds.update(here.kinds)
    inner = [film.removeprefix(path.rstrip("/")) for film in sorted(films, key=PurePosixPath)]
    folder = urlsplit(uri)
    return [folder._replace(path=folder.path.rstrip("/") + quote(name)).geturl() for name in inner]


def _hidden(path: str, root: str, passed: PassedOver) -> bool:
    """Whether a file lies in a folder that is passed over; the files are counted, as a store has no folders."""
    for name in PurePosixPath(path.removeprefix(root)).parts[:-1]:
        if kind := folder_by_name(name):
            passed.kinds[Kind.MACOS if kind is Kind.MACOS_FOLDER else Kind.HIDDEN] += 1
            return True
    return False


def _kind(files: FileSystem, info: FileInfo) -> Kind | None:
    if (kind := file_by_name(info.base_name)) or is_named_as_one(info.base_name):
        return kind
    with files.open_input_stream(info.path) as stream:
        return by_content(bytes(stream.read(BEGINNING)))
