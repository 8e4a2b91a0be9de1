"""From what a user names to the films' names: files, folders, lists of films, and all of these by URI."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, urlsplit

from pneumoscope.errors import DataError
from pneumoscope.extras import needed
from pneumoscope.imaging.search import PassedOver
from pneumoscope.screening.sources.discover import discover
from pneumoscope.tables import find_file, names_column, read_table

PATH = "path"
"""The column of a list that names the films, unless another is named."""

LISTS = (".csv", ".tsv", ".parquet", ".xlsx", ".xlsm", ".xls", ".ods", ".numbers")
"""Suffixes of files that list films; spreadsheets are among them, so that they are refused with the way out."""

_TEXT, _HEADER = ".txt", 65536
"""A text is a list if its first bytes, this many, name the column of the films."""


@dataclass(frozen=True)
class ListedFilm:
    """A film that a user named, or a list.

    Attributes:
        name: path or URI.
        listed: what its list says of it in other columns, by their names; empty where no list named it.
    """

    name: str
    listed: dict[str, str] = field(default_factory=dict)


def list_films(
    sources: Sequence[str], path_column: str | None = None, say: Callable[[str], None] = lambda _: None
) -> list[ListedFilm]:
    """Expand folders and lists; take everything else as a film's name, in the order given.

    Args:
        sources: paths and URIs of films, folders and lists.
        path_column: which column of a list names the films; None for ``path``.
        say: hears what a person should know: how a list was read, and what was passed over in folders.

    Returns:
        The films. They need not exist: screening reports the ones that do not.

    Raises:
        DataError: a folder holds no film, a list cannot be read, or a column was named and no source is a list.
        MissingExtraError: a URI or a Parquet list was named and pyarrow is not installed.
    """
    if path_column is not None and not any(_is_list(source, path_column) for source in sources):
        raise DataError(f"A column {path_column!r} was named, but no source is a list that has columns.")
    passed = PassedOver()
    column = PATH if path_column is None else path_column
    films = [film for source in sources for film in _films(source, column, say, passed)]
    if passed:
        say(passed.sentence())
    return films


def is_uri(name: str) -> bool:
    """Whether this is a URI and not a local path."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", name) is not None


def _films(source: str, column: str, say: Callable[[str], None], passed: PassedOver) -> Iterator[ListedFilm]:
    if not source:
        raise DataError("A source has an empty name; check the variable that it comes from.")
    if _is_list(source, column):
        yield from _from_list(source, column, say)
    elif is_uri(source):
        _need_pyarrow()
        from pneumoscope.screening.sources.remote import search

        yield from map(ListedFilm, search(source, passed))
    else:
        yield from (ListedFilm(str(path)) for path in discover([Path(source)], passed))


def _is_list(source: str, column: str) -> bool:
    if is_uri(source):
        return urlsplit(source).path.lower().endswith(LISTS)
    if os.path.isfile(source) and source.lower().endswith(_TEXT):
        return names_column(_content(source, _HEADER), column)
    return source.lower().endswith(LISTS) and not os.path.isdir(source)


def _from_list(source: str, column: str, say: Callable[[str], None]) -> Iterator[ListedFilm]:
    table = read_table(_content(source), source, (column,))
    place = table.need(column, "path")
    if table.note:
        say(table.note)
    if not table.rows:
        raise DataError(f"{source}: this list names no film.")
    for row in table.rows:
        entry = table.cell(row, place)
        if not entry:
            raise DataError(f"{table.where(row)}: this row names no film; its cell of {column!r} is empty.")
        yield ListedFilm(_beside(source, entry), table.others(row, (place,)))


def _beside(source: str, entry: str) -> str:
    """Name a film as its list means it."""
    here = entry.lower().startswith("file:")
    if is_uri(entry) and not here:
        return entry
    if here or not is_uri(source):
        return str(Path(find_file(entry, os.path.dirname(source))))
    if os.path.isabs(entry):
        return entry
    address = urlsplit(source)
    return address._replace(path=f"{address.path.rpartition('/')[0]}/{quote(entry)}").geturl()


def _content(source: str, most: int = -1) -> bytes:
    """The bytes of a list, or its first ones."""
    try:
        with _opened(source) as stream:
            return bytes(stream.read(most) if most >= 0 else stream.read())
    except (OSError, ValueError) as problem:
        raise DataError(f"{source}: this list of films cannot be read ({problem}).") from problem


def _opened(source: str) -> BinaryIO:
    if not is_uri(source):
        return open(source, "rb")
    _need_pyarrow()
    from pneumoscope.screening.sources.remote import locate

    files, path = locate(source)
    stream: BinaryIO = files.open_input_file(path)
    return stream


def _need_pyarrow() -> None:
    with needed("A URI", "scale"):
        import pyarrow  # noqa: F401
