from pathlib import Path

import pytest

from pneumoscope.errors import DataError
from pneumoscope.screening.sources.listing import ListedFilm, list_films

pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed: pip install 'pneumoscope[scale]'")
pq = pytest.importorskip("pyarrow.parquet")

DICOM = bytes(128) + b"DICM" + bytes(20)
NAMES = ["b.PNG", "a/z z#1.jpeg", "a/y.tiff", "notes.txt", "a/.hidden.png", ".trash/x.png", "Makefile", "DICOMDIR"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in NAMES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "IM0001").write_bytes(DICOM)
    (tmp_path / "1.2.840.113619").write_bytes(DICOM)
    return tmp_path


def names(*sources: str, **options: str) -> list[str]:
    """The names of the films that sources name."""
    return [film.name for film in list_films(sources, **options)]


def write(path: Path, entries: list[str | None], column: str = "path") -> Path:
    if path.suffix == ".parquet":
        pq.write_table(pa.table({"study": range(len(entries)), column: entries}), path)
    else:
        path.write_text(
            "\n".join([f"\ufeffstudy,{column}", *(f"{i},{entry or ''}" for i, entry in enumerate(entries))])
        )
    return path


def test_a_folder_by_uri_holds_the_same_films_as_by_path(folder: Path) -> None:
    by_path, by_uri = names(str(folder)), names(folder.as_uri())
    assert by_uri == [Path(film).as_uri() for film in by_path]
    assert len(by_path) == 5
    assert names(folder.as_uri() + "/") == by_uri


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".CSV"])
def test_a_list_is_relative_to_its_folder(tmp_path: Path, suffix: str) -> None:
    entries = ["in here/a.png", "/far/b.png", "s3://bucket/c.png", "../d.png", "in here/a.png"]
    path = write(tmp_path / f"films{suffix}", entries)
    here = str(tmp_path)
    assert names(str(path)) == [
        f"{here}/in here/a.png", "/far/b.png", "s3://bucket/c.png", f"{here}/../d.png", f"{here}/in here/a.png",
    ]  # fmt: skip
    uri = tmp_path.as_uri()
    assert names(path.as_uri()) == [
        f"{uri}/in%20here/a.png", "/far/b.png", "s3://bucket/c.png", f"{uri}/../d.png", f"{uri}/in%20here/a.png",
    ]  # fmt: skip


def test_sources_keep_their_order_and_a_film_need_not_exist(folder: Path) -> None:
    films = names("gone.png", folder.as_uri() + "/gone.jpeg", str(folder / "b.PNG"))
    assert films == ["gone.png", folder.as_uri() + "/gone.jpeg", str(folder / "b.PNG")]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize(("entries", "column"), [([], "path"), (["a.png", None], "path"), (["a.png"], "file")])
def test_a_list_that_names_no_films_is_refused(tmp_path: Path, suffix: str, entries: list[str], column: str) -> None:
    path = write(tmp_path / f"films{suffix}", entries, column)
    with pytest.raises(DataError, match=str(path)):
        list_films([str(path)])


@pytest.mark.parametrize("name", ["gone.csv", "gone.parquet", "cut.parquet", "binary.csv"])
def test_a_list_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "cut.parquet").write_bytes(b"PAR1 and no more")
    (tmp_path / "binary.csv").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    for source in (str(tmp_path / name), (tmp_path / name).as_uri()):
        with pytest.raises(DataError, match=name):
            list_films([source])


@pytest.mark.parametrize("uri", ["gopher://host/films", "s3://key:secret@bucket/films"])
def test_a_uri_that_cannot_be_used_is_refused(uri: str) -> None:
    with pytest.raises(DataError) as refused:
        list_films([uri])
    assert "secret" not in str(refused.value)


def test_a_remote_folder_without_films_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=tmp_path.as_uri()):
        list_films([tmp_path.as_uri()])


def test_an_empty_name_is_refused_and_does_not_mean_the_working_folder(folder: Path, monkeypatch) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(DataError, match="empty name"):
        list_films([""])


def test_a_quotation_mark_that_is_not_closed_is_named(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text('path\n"a.png\nb.png\nc.png"\n')
    with pytest.raises(DataError, match="not closed"):
        list_films([str(tmp_path / "list.csv")])


def test_a_name_that_no_disk_allows_stays_in_the_list(tmp_path: Path) -> None:
    assert list_films([300 * "a"]) == [ListedFilm(300 * "a")]


@pytest.mark.parametrize("name", ["films.csv", "films.TSV", "films.txt"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_other_columns_come_with_the_films(tmp_path: Path, name: str, encoding: str) -> None:
    text = 'Accession;PATH;Report\n 7 ;a.png;"no\ninfiltrate"\n\n8;C:\\b.png;\n'
    (tmp_path / name).write_bytes(text.replace(";", "\t").encode(encoding))
    assert list_films([str(tmp_path / name)]) == [
        ListedFilm(f"{tmp_path}/a.png", {"Accession": "7", "Report": "no\ninfiltrate"}),
        ListedFilm(f"{tmp_path}/C:\\b.png", {"Accession": "8", "Report": ""}),
    ]


def test_a_column_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "films.csv").write_text("Path;Image Index\nx;a.png\n")
    films = list_films([str(tmp_path / "films.csv")], "image  index")
    assert films == [ListedFilm(f"{tmp_path}/a.png", {"Path": "x"})]
    (tmp_path / "film.png").touch()
    with pytest.raises(DataError, match="no source is a list"):
        list_films([str(tmp_path / "film.png")], "image index")


def test_a_text_without_the_column_is_a_film_like_any_other(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Dear colleague,\nthe path is steep.\n")
    assert list_films([str(tmp_path / "notes.txt")]) == [ListedFilm(str(tmp_path / "notes.txt"))]


@pytest.mark.parametrize("name", ["films.xlsx", "films.XLS", "films.ods", "films.numbers", "films.csv"])
def test_a_spreadsheet_is_refused_with_the_way_out(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"PK\x03\x04")
    with pytest.raises(DataError, match=f"{name}: this is a spreadsheet.*save it as CSV"):
        list_films([str(tmp_path / name)])


def test_a_file_uri_in_a_list_is_a_path(tmp_path: Path) -> None:
    (tmp_path / "films.csv").write_text(f"path\n{(tmp_path / 'a b.png').as_uri()}\n")
    assert names(str(tmp_path / "films.csv")) == names((tmp_path / "films.csv").as_uri()) == [f"{tmp_path}/a b.png"]


def test_a_list_that_is_no_utf8_says_so_and_finds_its_films(tmp_path: Path) -> None:
    (tmp_path / "M\u00fcller.png").touch()
    (tmp_path / "films.csv").write_bytes("path;Ma\u00df\nM\u00fcller.png;gro\u00df\n".encode("cp1252"))
    said: list[str] = []
    films = list_films([str(tmp_path / "films.csv")], say=said.append)
    assert films == [ListedFilm(f"{tmp_path}/M\u00fcller.png", {"Ma\u00df": "gro\u00df"})]
    assert len(said) == 1
    assert "Windows-1252" in said[0]


def test_a_folder_by_uri_counts_what_it_passes_over(tmp_path: Path) -> None:
    for place in ("a.png", "._a.png", "__MACOSX/a.png", "notes.txt", ".cache/b.png", "DICOMDIR"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_bytes(b"notes")
    said: list[str] = []
    assert len(list_films([tmp_path.as_uri()], say=said.append)) == 1
    assert said == ["passed over: 2 macOS resource files; 1 text file; 1 hidden file; 1 DICOM index"]
