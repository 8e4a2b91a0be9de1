"""Manifests in the words of a site: columns, labels, and columns of its own."""

import codecs
import csv
import io
import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pneumoscope.data.layout import load
from pneumoscope.data.manifest import WORDS, ManifestForm, read_manifest
from pneumoscope.decision.labels import Label, Subtype
from pneumoscope.errors import DataError

STEADY = settings(deadline=None, derandomize=True)
SPELLINGS = (str.lower, str.upper, str.title)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Müller").mkdir()
    for name in ("a.png", "b.png", "c.png", "Müller/d.png"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    for number in range(4):
        (folder / f"{number}.png").touch()
    return folder


def write(folder: Path, text: str | bytes, encoding: str = "utf-8") -> Path:
    path = folder / "films.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


@pytest.mark.parametrize("label", Label)
@pytest.mark.parametrize("spelled", SPELLINGS)
def test_usual_words_for_a_label_are_understood(folder: Path, label: Label, spelled) -> None:
    rows = "".join(f"a.png, {spelled(word)} \n" for word in WORDS[label])
    films = read_manifest(write(folder, f"path,label\n{rows}"))
    assert [film.label for film in films] == [label] * 5


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_table_of_excel_is_read(folder: Path, encoding: str) -> None:
    text = 'Path;LABEL;Subtype;Patient;Split;Maß\r\na.png;0;;Ann;Train;1,5\r\nMüller\\d.png;1;Viral;Özil;TEST;"2;5"\r\n'
    said: list[str] = []
    one, two = load(write(folder, text, encoding), say=said.append)
    if one.split == "test":
        one, two = two, one
    assert (one.path, one.label, one.patient, one.split) == (folder / "a.png", Label.NORMAL, "Ann", "train")
    assert (two.path, two.subtype, two.split) == (folder / "Müller" / "d.png", Subtype.VIRAL, "test")
    assert (one.listed, two.listed) == ({"Maß": "1,5"}, {"Maß": "2;5"})
    assert len(said) == (encoding == "cp1252")


def test_columns_and_the_word_for_pneumonia_can_be_named(folder: Path) -> None:
    path = write(folder, "path;Bild;Befund;label\nx;a.png;gesund;1\ny;b.png;Krank;0\nz;c.png;Gesund;0\n")
    films = load(path, form=ManifestForm("bild", "BEFUND", "krank"))
    assert [(film.path.name, film.label.value) for film in films] == [
        ("a.png", "normal"), ("b.png", "pneumonia"), ("c.png", "normal"),
    ]  # fmt: skip
    assert films[0].listed == {"path": "x", "label": "1"}


@pytest.mark.parametrize(
    ("labels", "positive", "message"),
    [
        (
            ["sick", "well", "unsure"],
            "sick",
            "beside 'sick' there are 2 labels \\('unsure', 'well'\\); only one can mean",
        ),
        (["sick", "well"], "ill", "no label is 'ill'; there are 'sick', 'well'"),
        (["sick", ""], "sick", "line 3: the label is empty"),
    ],
)
def test_a_word_that_leaves_labels_open_is_refused(
    folder: Path, labels: list[str], positive: str, message: str
) -> None:
    rows = "".join(f"{name}.png,{label}\n" for name, label in zip("abc", labels, strict=False))
    with pytest.raises(DataError, match=message):
        load(write(folder, f"path,label\n{rows}"), form=ManifestForm(positive=positive))


def test_a_folder_has_no_columns_to_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="only a manifest has columns"):
        load(tmp_path, form=ManifestForm(positive="sick"))


def test_one_path_with_two_labels_is_refused(folder: Path) -> None:
    with pytest.raises(DataError, match=r"line 4: .*a\.png has another label in a line above"):
        load(write(folder, f"path,label\na.png,0\nb.png,0\n{folder}/a.png,1\n"))


def test_a_patient_that_spans_lines_is_no_patient(folder: Path) -> None:
    with pytest.raises(DataError, match="line 2: 'patient' spans lines; a quotation mark in it is not closed"):
        load(write(folder, 'path,patient,label\na.png,"P1,normal\nb.png,P2",normal\n'))


def test_a_path_with_backslashes_names_its_patient_as_one_with_slashes(folder: Path) -> None:
    told = [load(write(folder, f"path,label\n{name},1\n"))[0].patient for name in ("Müller/d.png", "Müller\\d.png")]
    assert told == ["pneumonia/Müller/d"] * 2


@pytest.mark.parametrize("name", ["films.xlsx", "films.ods", "films.csv"])
def test_a_spreadsheet_is_refused_with_the_way_out(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"PK\x03\x04")
    with pytest.raises(DataError, match=f"{name}: this is a spreadsheet.*save it as CSV"):
        load(tmp_path / name)


@STEADY
@given(
    rows=st.lists(st.tuples(st.sampled_from(Label), st.integers(0, 9), st.integers(0, 2)), min_size=1, max_size=4),
    divider=st.sampled_from(",;\t"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    case=st.sampled_from(SPELLINGS),
    order=st.permutations(["path", "label", "patient", "Maß"]),
)
def test_any_form_gives_the_same_radiographs(films: Path, rows, divider, encoding, case, order) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=divider)
    writer.writerow([f" {case(name)} " for name in order])
    for number, (label, word, note) in enumerate(rows):
        words = WORDS[label]
        told = {"path": f"{number}.png", "label": case(words[word % len(words)]), "patient": f"Å{number}"}
        writer.writerow([(told | {"Maß": ("", "1,5;\t", "ß\nß")[note]})[name] for name in order])
    path = films / "films.csv"
    path.write_bytes(text.getvalue().encode(encoding))
    read = read_manifest(path)
    assert [film.label for film in read] == [label for label, *_ in rows]
    assert [film.path for film in read] == [films / f"{number}.png" for number in range(len(rows))]
    assert [list(film.listed.values()) for film in read] == [[("", "1,5;", "ß\nß")[note]] for *_, note in rows]


@STEADY
@given(
    st.binary(max_size=200)
    | st.builds(lambda mark, rest: mark + rest, st.sampled_from([codecs.BOM_UTF16_LE, b"PAR1", b"PK"]), st.binary())
    | st.text('path,label;\t"\r\n01 .\\/normal', max_size=200).map(lambda text: f"path,label\n{text}".encode())
)
def test_any_bytes_are_read_or_refused(films: Path, content: bytes) -> None:
    path = films / "any.csv"
    path.write_bytes(content)
    with suppress(DataError):
        read_manifest(path, moved=True)


def test_a_name_that_is_no_utf8_is_found_as_it_stands(tmp_path: Path) -> None:
    name = os.fsdecode(b"M\xfcller.png")
    (tmp_path / name).touch()
    (film,) = load(write(tmp_path, b"path,label\nM\xfcller.png,0\n"))
    assert film.path == tmp_path / name
