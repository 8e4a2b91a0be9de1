"""Tables that people make: lists of films and manifests, in the many forms of CSV, or as Parquet.

What a form leaves open is not guessed: the header decides what divides the cells, the disk decides which file a path
means, and the rest is refused in one sentence.
"""

import codecs
import csv
import io
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from pneumoscope.errors import DataError
from pneumoscope.extras import needed

_DIVIDERS = {",": "commas", ";": "semicolons", "\t": "tabs"}
_UNDIVIDED = "\uffff"  # no character of any text: where the header is one column, nothing divides the rows
_SPREADSHEETS = (b"PK\x03\x04", bytes.fromhex("d0cf11e0a1b11ae1"))  # zip: xlsx, ods, numbers; OLE: xls
_PARQUET = b"PAR1"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_HINT = re.compile(r'"?sep=([,;|\t])"?\s*\Z')
"""A first line in which Excel says what divides the cells."""

_FILE_URI = re.compile(r"file:(?://(?:localhost)?)?(/.*)", re.IGNORECASE | re.DOTALL)
_SHOWN = 12
"""How many columns a message names."""


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Attributes:
        number: the line of the file that it begins on, from 1; of Parquet, the row.
        cells: one for each column, without spaces round them. A byte that is no UTF-8 is a lone surrogate, as in the
            names of files.
    """

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table that was read.

    Attributes:
        name: of its file.
        columns: their names, without spaces round them; empty where a column has none.
        rows: those that are not blank.
        note: what a person should know of how it was read; else None.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    note: str | None = None

    def find(self, column: str) -> int | None:
        """The place of a column, whatever the case of its letters; None where there is none."""
        folded = [_folded(name) for name in self.columns]
        return folded.index(_folded(column)) if _folded(column) in folded else None

    def need(self, column: str, what: str) -> int:
        """The place of a column that must be there.

        Args:
            column: its name.
            what: it holds; the option ``--WHAT-column`` names another column.

        Raises:
            DataError: there is none. The message names the columns that there are.
        """
        place = self.find(column)
        if place is None:
            named = [repr(_as_text(name)[:40]) for name in self.columns if name]
            found = ", ".join(named[:_SHOWN]) + (f" and {len(named) - _SHOWN} more" if len(named) > _SHOWN else "")
            raise DataError(
                f"{self.name}: columns found: {found or 'none'}; none of them is the {what}, {column!r}. "
                f"The first line must name the columns; name the one of the {what} with --{what}-column."
            )
        return place

    def where(self, row: Row) -> str:
        """File and line of a row, for messages."""
        return f"{self.name}, line {row.number}"

    def cell(self, row: Row, place: int | None) -> str:
        """A cell that is one line; empty where the table has no such column.

        Raises:
            DataError: it spans lines, so it may be all that stands behind a lone quotation mark.
        """
        text = "" if place is None else row.cells[place]
        if "\n" in text or "\r" in text:
            name = self.columns[place or 0]
            raise DataError(f"{self.where(row)}: {name!r} spans lines; a quotation mark in it is not closed")
        return text

    def others(self, row: Row, known: Iterable[int | None]) -> dict[str, str]:
        """The cells whose columns have a name and are not ``known``, by the names of their columns."""
        passed = set(known)
        named = (place for place, name in enumerate(self.columns) if name and place not in passed)
        return {self.columns[place]: _as_text(row.cells[place]) for place in named}


def read_table(content: bytes, name: str, wanted: Sequence[str]) -> Table:
    """Read a table: text that is divided by commas, semicolons or tabs, or Parquet.

    Text is UTF-8, or UTF-16 with its mark. Of any other text, the names of columns and :meth:`Table.others` are read
    as Windows-1252, and ``note`` says so; a path keeps its bytes for :func:`find_file`.

    Args:
        content: the bytes of the file.
        name: of the file, for messages.
        wanted: the columns that are looked for; what divides the header into them divides the rows.

    Raises:
        DataError: it is a spreadsheet or no table, or a row does not fit the header.
        MissingExtraError: it is Parquet, and pyarrow is not installed.
    """
    if content.startswith(_SPREADSHEETS):
        raise DataError(f"{name}: this is a spreadsheet or an archive and no text; save it as CSV and give that file")
    note = None
    if content.startswith(_PARQUET):
        columns, rows = _from_parquet(content, name)
    else:
        text, note = _decoded(content, name)
        columns, rows = _from_text(text, name, wanted)
    _check_columns(columns, name)
    return Table(name, columns, tuple(row for row in rows if any(row.cells)), note)


def read_records(path: Path, columns: Sequence[str], optional: Sequence[str] = ()) -> list[dict[str, str]]:
    """Read the rows of a table whose columns have fixed names.

    Args:
        path: of the file.
        columns: that must be there.
        optional: that may be there; empty where they are not.

    Raises:
        DataError: the file cannot be read, is no table, or lacks a column.
    """
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise DataError(f"{path}: cannot be read ({problem.strerror})") from problem
    table = read_table(content, str(path), columns)
    places = {column: table.find(column) for column in (*columns, *optional)}
    if missing := [column for column in columns if places[column] is None]:
        raise DataError(f"{path}: the first line must name the columns {', '.join(missing)}")
    return [{column: table.cell(row, place) for column, place in places.items()} for row in table.rows]


def find_file(entry: str, folder: str | Path) -> str:
    """Name the file that an entry of a table means.

    An entry is relative to the folder of its table, or absolute, or a ``file:`` URI. It is taken as it stands, unless
    only another reading of it exists on this disk: with the backslashes of Windows turned, or as Windows-1252.
    """
    if uri := _FILE_URI.fullmatch(entry):
        entry = unquote(uri[1], errors="surrogateescape")
    text = _as_text(entry)
    if text == entry and "\\" not in entry:
        return os.path.join(folder, entry)
    readings = (entry, text, entry.replace("\\", "/"), text.replace("\\", "/"))
    names = [os.path.join(folder, reading) for reading in readings]
    return next((name for name in names if os.path.lexists(name)), names[0])


def names_column(beginning: bytes, column: str) -> bool:
    """Whether a text that begins so is a table with this column."""
    try:
        text, _ = _decoded(beginning, "")
        return Table("", _header(text, _divider(text, (column,))), ()).find(column) is not None
    except (DataError, csv.Error):
        return False


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()


def _as_text(value: str) -> str:
    """A cell whose bytes are no UTF-8, as Windows-1252."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode(errors="surrogateescape").decode("cp1252", errors="backslashreplace")
    return value


def _decoded(content: bytes, name: str) -> tuple[str, str | None]:
    if content.startswith(_UTF16):
        try:
            return content.decode("utf-16"), None
        except UnicodeDecodeError as problem:
            raise DataError(f"{name}: this UTF-16 text is damaged; save it as CSV UTF-8") from problem
    try:
        return content.decode("utf-8-sig"), None
    except UnicodeDecodeError:
        note = f"{name}: not UTF-8, so it was read as Windows-1252; save it as CSV UTF-8 to be sure of every letter"
        return content.decode("utf-8-sig", errors="surrogateescape"), note


def _lines(text: str) -> tuple[io.StringIO, str | None]:
    """The lines of a text behind Excel's hint, and the hint."""
    stream = io.StringIO(text, newline="")
    if hint := _HINT.match(stream.readline()):
        return stream, hint[1]
    stream.seek(0)
    return stream, None


def _header(text: str, divider: str) -> tuple[str, ...]:
    rows = csv.reader(_lines(text)[0], delimiter=divider, skipinitialspace=True)
    stripped = (tuple(_as_text(cell).strip() for cell in cells) for cells in rows)
    return next(filter(any, stripped), ())


def _divider(text: str, wanted: Sequence[str]) -> str:
    """What divides the header into the most of the wanted columns, or else into the most columns.

    Raises:
        DataError: two do alike.
        csv.Error: this is no CSV.
    """
    if hint := _lines(text)[1]:
        return hint
    headers = {divider: _header(text, divider) for divider in _DIVIDERS}
    names = {_folded(column) for column in wanted}
    found = {divider: len(names & set(map(_folded, header))) for divider, header in headers.items() if len(header) > 1}
    best = [divider for divider in found if found[divider] == max(found.values())]
    if len(best) > 1 and found[best[0]]:
        raise DataError(f"{' or '.join(_DIVIDERS[divider] for divider in best)} may divide its header; keep to one")
    return max(best, key=lambda divider: len(headers[divider]), default=_UNDIVIDED)


def _from_text(text: str, name: str, wanted: Sequence[str]) -> tuple[tuple[str, ...], Iterator[Row]]:
    try:
        divider = _divider(text, wanted)
        columns = _header(text, divider)
    except (DataError, csv.Error) as problem:
        raise DataError(f"{name}: not a CSV text file ({problem})") from problem
    return columns, _rows(text, divider, name, len(columns))


def _rows(text: str, divider: str, name: str, width: int) -> Iterator[Row]:
    stream, hint = _lines(text)
    reader = csv.reader(stream, delimiter=divider, skipinitialspace=True, strict=True)
    before, begun = int(hint is not None), 1
    try:
        filled = 0
        for raw in reader:
            cells = [cell.strip() for cell in raw]
            number, begun = begun + before, reader.line_num + 1
            if not any(cells):
                continue
            filled += 1
            if filled == 1:
                continue  # the header
            if any(cells[width:]):
                raise DataError(
                    f"{name}, line {number}: {len(cells)} cells, but the first line names {width} columns; "
                    "put quotation marks round a cell that has a divider in it"
                )
            yield Row(number, tuple(cells[:width] + [""] * (width - len(cells))))
    except csv.Error as problem:
        raise DataError(
            f"{name}, line {begun + before}: not a CSV text file ({problem}); is a quotation mark not closed?"
        ) from problem


def _check_columns(columns: Sequence[str], name: str) -> None:
    if any("\0" in column for column in columns):
        raise DataError(f"{name}: no text, or UTF-16 without its mark; save it as CSV UTF-8")
    folded = [_folded(column) for column in columns if column]
    if len(set(folded)) < len(folded):
        twice = next(column for column in columns if folded.count(_folded(column)) > 1)
        raise DataError(f"{name}: two columns are named {twice!r}; give each a name of its own")


def _from_parquet(content: bytes, name: str) -> tuple[tuple[str, ...], Iterator[Row]]:
    with needed("A Parquet list", "scale"):
        import pyarrow as pa
        import pyarrow.parquet
    try:
        table = pyarrow.parquet.read_table(pa.BufferReader(content))
        columns = [_texts(column) for column in table.columns]
    except (OSError, ValueError, pa.ArrowException) as problem:
        raise DataError(f"{name}: this Parquet file cannot be read ({problem})") from problem
    rows = (Row(number, cells) for number, cells in enumerate(zip(*columns, strict=True), 1))
    return tuple(column.strip() for column in table.column_names), rows


def _texts(column: Any) -> list[str]:
    """The values of a column of Parquet as text: as Arrow writes them, or of what it cannot write, as Python does."""
    import pyarrow as pa

    try:
        values = column.cast(pa.string()).to_pylist()
    except pa.ArrowException:
        values = column.to_pylist()
    texts = (os.fsdecode(value) if isinstance(value, bytes) else value for value in values)
    return ["" if text is None else str(text).strip() for text in texts]
