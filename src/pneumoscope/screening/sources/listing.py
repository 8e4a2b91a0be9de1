"""From what a user names to the films' names: files, folders, lists of films, and all of these by URI."""

import csv
import io
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, urlsplit

from pneumoscope.errors import DataError
from pneumoscope.extras import needed
from pneumoscope.screening.sources.discover import discover

LISTS = (".csv", ".parquet")
"""Suffixes of files that list films in a column ``path``; an entry is relative to its list's own folder."""


def list_films(sources: Sequence[str]) -> list[str]:
    """Expand folders and lists; take everything else as a film's name, in the order given.

    Args:
        sources: paths and URIs of films, folders and lists.

    Returns:
        The films' paths and URIs. They need not exist: screening reports the ones that do not.

    Raises:
        DataError: a folder holds no film, or a list cannot be read.
        MissingExtraError: a URI or a Parquet list was named and pyarrow is not installed.
    """
    return [film for source in sources for film in _films(source)]


def is_uri(name: str) -> bool:
    """Whether this is a URI and not a local path."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", name) is not None


def _films(source: str) -> list[str]:
    if not source:
        raise DataError("A source has an empty name; check the variable that it comes from.")
    folder = not is_uri(source) and os.path.isdir(source)
    place = urlsplit(source).path if is_uri(source) else source
    if place.lower().endswith(LISTS) and not folder:
        return [_beside(source, entry) for entry in _entries(source, place)]
    if is_uri(source):
        _need_pyarrow()
        from pneumoscope.screening.sources.remote import search

        return search(source)
    return [str(path) for path in discover([Path(source)])]


def _beside(source: str, entry: str) -> str:
    """Name a film as its list means it."""
    if is_uri(entry) or os.path.isabs(entry):
        return entry
    if not is_uri(source):
        return str(Path(source).parent / entry)
    address = urlsplit(source)
    return address._replace(path=f"{address.path.rpartition('/')[0]}/{quote(entry)}").geturl()


def _entries(source: str, place: str) -> list[str]:
    try:
        with _opened(source) as stream:
            entries = _from_parquet(stream) if place.lower().endswith(".parquet") else list(_from_csv(stream))
    except (OSError, ValueError, KeyError, csv.Error) as problem:
        raise DataError(
            f"{source}: this list of films cannot be read ({problem}); it needs a column named path."
        ) from problem
    if any(len(entry.splitlines()) > 1 for entry in entries if entry):
        raise DataError(f"{source}: a path in this list spans lines; a quotation mark in it is not closed.")
    if not entries or not all(entries):
        raise DataError(f"{source}: this list names no film, or has a row without a path.")
    return entries


def _opened(source: str) -> BinaryIO:
    if not is_uri(source):
        return open(source, "rb")
    _need_pyarrow()
    from pneumoscope.screening.sources.remote import locate

    files, path = locate(source)
    stream: BinaryIO = files.open_input_file(path)
    return stream


def _from_csv(stream: BinaryIO) -> Iterator[str]:
    with io.TextIOWrapper(stream, encoding="utf-8-sig", newline="") as text:
        for row in csv.DictReader(text):
            yield row["path"]


def _from_parquet(stream: BinaryIO) -> list[str]:
    _need_pyarrow()
    import pyarrow.parquet

    entries: list[str] = pyarrow.parquet.read_table(stream, columns=["path"]).column("path").to_pylist()
    return entries


def _need_pyarrow() -> None:
    with needed("A URI or a Parquet list", "scale"):
        import pyarrow  # noqa: F401
