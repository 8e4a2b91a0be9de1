"""Tables in every form that people make are read as the same rows, and anything else is refused in one sentence."""

import codecs
import csv
import io
import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pneumoscope.errors import DataError
from pneumoscope.tables import Table, find_file, names_column, read_table

STEADY = settings(deadline=None, derandomize=True)
ROWS = [("a b.png", "x, y; z"), ("c.png", 'say "ah"\nand breathe')]

letters = st.characters(exclude_categories=("Cs", "Cn"))
cells = st.text(letters, max_size=12)
names = st.text(st.characters(categories=("L", "N", "Zs", "Pd")), max_size=8).filter(str.strip)
columns = st.lists(names, max_size=3, unique_by=lambda name: " ".join(name.split()).casefold()).filter(
    lambda found: "path" not in {" ".join(name.split()).casefold() for name in found}
)


def text_of(rows: list[tuple[str, ...]], divider: str = ",", end: str = "\r\n") -> str:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=divider, lineterminator=end).writerows(rows)
    return stream.getvalue()


def read(content: bytes | str, *wanted: str) -> Table:
    return read_table(content if isinstance(content, bytes) else content.encode(), "list.csv", wanted or ("path",))


@pytest.mark.parametrize("divider", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_form_gives_the_same_rows(divider: str, encoding: str, end: str) -> None:
    mark = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}.get(encoding, b"")
    table = read(mark + text_of([(" Path ", "NOTE"), *ROWS], divider, end).encode(encoding))
    assert table.columns == ("Path", "NOTE")
    assert [row.cells for row in table.rows] == ROWS
    assert (table.find("pATH"), table.find("note"), table.find("gone"), table.note) == (0, 1, None, None)


@STEADY
@given(
    more=columns,
    rows=st.lists(st.lists(cells, min_size=4, max_size=4), max_size=5),
    place=st.integers(0, 3),
    divider=st.sampled_from(",;\t"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    path=st.sampled_from(["path", "PATH", " Path "]),
)
def test_what_csv_writes_is_read_back(more, rows, place, divider, encoding, path) -> None:
    header = [*more[:place], path, *more[place:]]
    written = [tuple(row[: len(header)]) for row in rows]
    table = read(text_of([tuple(header), *written], divider).encode(encoding))
    assert table.columns == tuple(name.strip() for name in header)
    stripped = [tuple(cell.strip() for cell in row) for row in written]
    assert [row.cells for row in table.rows] == [row for row in stripped if any(row)]
    assert table.note is None


@STEADY
@given(st.binary(max_size=300) | st.builds(lambda rest: b"path,label\n" + rest, st.binary(max_size=300)))
def test_any_bytes_are_a_table_or_refused(content: bytes) -> None:
    with suppress(DataError):
        table = read(content, "path", "label")
        assert all(len(row.cells) == len(table.columns) for row in table.rows)
    names_column(content, "path")


@pytest.mark.parametrize(
    ("text", "columns", "rows"),
    [
        ("path\na,b;c.png\n", ("path",), [("a,b;c.png",)]),  # one column: nothing divides
        ("path;1,5\na.png;2,5\n", ("path", "1,5"), [("a.png", "2,5")]),
        ("sep=;\r\npath;n\r\na.png;1\r\n", ("path", "n"), [("a.png", "1")]),
        ("\n  \npath,n\n\n ,\na.png,1\n,,\n", ("path", "n"), [("a.png", "1")]),
        ("path,label,split\na.png,normal\nb.png,normal,val,,\n", ("path", "label", "split"),
         [("a.png", "normal", ""), ("b.png", "normal", "val")]),
        ('path, note\n"a,b.png", "x, y"\n', ("path", "note"), [("a,b.png", "x, y")]),
        (",path\n0,a.png\n", ("", "path"), [("0", "a.png")]),
    ],
)  # fmt: skip
def test_what_the_header_decides(text: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    table = read(text)
    assert (table.columns, [row.cells for row in table.rows]) == (columns, rows)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04 and more", "spreadsheet or an archive.*save it as CSV"),
        (bytes.fromhex("d0cf11e0a1b11ae1"), "spreadsheet"),
        (b"PAR1 cut", "Parquet file cannot be read"),
        ("path,note\na.png,1\n".encode("utf-16-le"), "UTF-16 without its mark"),
        (codecs.BOM_UTF16_LE + b"p", "UTF-16 text is damaged"),
        (b"path,note, Note\n", "two columns are named 'note'"),
        (b"path,note\na.png,1\nb.png,2,3\n", "line 3: 3 cells, but the first line names 2 columns"),
        (b'path,note\na.png,1\n"b.png,2\nc.png,3\n', "line 3: .*a quotation mark not closed"),
        (b'path,note\na.png,"5"6\n', "line 2: not a CSV text file"),
        (b"path;note,path\n", "commas or semicolons may divide its header"),
    ],
)
def test_what_is_no_table_is_refused_with_its_line(content: bytes, message: str) -> None:
    if content.startswith(b"PAR1"):
        pytest.importorskip("pyarrow", reason="pyarrow is not installed: pip install 'pneumoscope[scale]'")
    with pytest.raises(DataError, match=message):
        read(content)


def test_a_missing_column_is_named_beside_those_found() -> None:
    table = read("Datei;Befund\na.png;0\n")
    with pytest.raises(
        DataError, match=r"columns found: 'Datei', 'Befund'; none of them is the path, 'path'.*--path-c"
    ):
        table.need("path", "path")
    assert table.need("DATEI", "path") == 0
    many = read(",".join(f"c{number}" for number in range(40)))
    with pytest.raises(DataError, match="'c11' and 28 more; none"):
        many.need("path", "path")


def test_lines_are_counted_as_an_editor_does() -> None:
    table = read('sep=;\npath;note\na.png;"two\nlines"\n\nb.png;\n')
    assert [table.where(row) for row in table.rows] == ["list.csv, line 3", "list.csv, line 6"]
    with pytest.raises(DataError, match="line 3: 'note' spans lines; a quotation mark"):
        table.cell(table.rows[0], 1)
    assert (table.cell(table.rows[0], 0), table.cell(table.rows[0], None)) == ("a.png", "")


def test_other_columns_are_told_by_name() -> None:
    table = read(",path,Ward,,Report\n7,a.png,W1,x,fine\n")
    assert table.others(table.rows[0], [1, None]) == {"Ward": "W1", "Report": "fine"}


def test_text_that_is_no_utf8_is_windows_1252_and_says_so() -> None:
    table = read("path;Größe\nMüller.png;groß\n".encode("cp1252"))
    assert table.columns == ("path", "Größe")
    assert table.rows[0].cells[0] == os.fsdecode(b"M\xfcller.png")
    assert table.others(table.rows[0], [0]) == {"Größe": "groß"}
    assert (
        table.note
        == "list.csv: not UTF-8, so it was read as Windows-1252; save it as CSV UTF-8 to be sure of every letter"
    )


@pytest.mark.parametrize(
    ("there", "entry", "found"),
    [
        ("Müller.png", os.fsdecode(b"M\xfcller.png"), "Müller.png"),
        (os.fsdecode(b"M\xfcller.png"), os.fsdecode(b"M\xfcller.png"), os.fsdecode(b"M\xfcller.png")),
        ("a/b.png", "a\\b.png", "a/b.png"),
        ("a\\b.png", "a\\b.png", "a\\b.png"),
        ("Jörg/b.png", os.fsdecode(b"J\xf6rg\\b.png"), "Jörg/b.png"),
        ("b.png", "a\\gone.png", "a\\gone.png"),
    ],
)
def test_the_disk_decides_what_a_path_means(tmp_path: Path, there: str, entry: str, found: str) -> None:
    (tmp_path / there).parent.mkdir(exist_ok=True)
    (tmp_path / there).touch()
    assert find_file(entry, tmp_path) == f"{tmp_path}/{found}"


@pytest.mark.parametrize("form", ["file://{}", "file://localhost{}", "FILE:{}"])
def test_a_file_uri_is_a_path(form: str) -> None:
    assert find_file(form.format("/far%20off/a%23b.png"), "here") == "/far off/a#b.png"
    assert find_file("file://server/share/a.png", "here") == "//server/share/a.png"


def test_a_parquet_table_is_text_too(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed: pip install 'pneumoscope[scale]'")
    import pyarrow.parquet

    columns = {
        " Path": pa.array([b"a.png", b"M\xfc.png"]),
        "n": pa.array([1, None]),
        "told": pa.array([True, False]),
        "when": pa.array([1, 1_000_000_001], pa.timestamp("ns")),
        "views": pa.array([["PA"], None]),
        "sex": pa.array(["F", "F"]).dictionary_encode(),
    }
    pyarrow.parquet.write_table(pa.table(columns), tmp_path / "list.parquet")
    table = read((tmp_path / "list.parquet").read_bytes())
    assert table.columns == ("Path", "n", "told", "when", "views", "sex")
    assert [row.cells for row in table.rows] == [
        ("a.png", "1", "true", "1970-01-01 00:00:00.000000001", "['PA']", "F"),
        (os.fsdecode(b"M\xfc.png"), "", "false", "1970-01-01 00:00:01.000000001", "", "F"),
    ]


@pytest.mark.parametrize(("text", "told"), [("n;PATH\n", True), ("Dear colleague, the path is\n", False), ("", False)])
def test_a_header_tells_a_list(text: str, told: bool) -> None:
    assert names_column(text.encode(), "path") is told
    assert names_column(text.encode("utf-16"), "path") is told
