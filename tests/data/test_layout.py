import csv
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.data.layout import distinct, fingerprint, is_official_test, load, sha256
from pneumoscope.data.manifest import write_manifest
from pneumoscope.decision.labels import Label, Subtype
from pneumoscope.errors import DataError

NAMES = {
    "NORMAL/IM-0115-0001.jpeg": (None, "normal/IM/115"),
    "NORMAL/IM-0500-0001-0002.jpeg": (None, "normal/IM/500"),
    "NORMAL/NORMAL2-IM-0383-0001.jpeg": (None, "normal/NORMAL2-IM/383"),
    "NORMAL/NORMAL-1234567-0001.jpeg": (None, "normal/NORMAL/1234567"),
    "NORMAL/holiday.png": (None, "normal/holiday"),
    "PNEUMONIA/person78_bacteria_378.jpeg": (Subtype.BACTERIAL, "pneumonia/bacterial/78"),
    "PNEUMONIA/person78_virus_140.jpeg": (Subtype.VIRAL, "pneumonia/viral/78"),
    "PNEUMONIA/BACTERIA-7422-0001.jpeg": (Subtype.BACTERIAL, "pneumonia/BACTERIA/7422"),
    "PNEUMONIA/VIRUS-7422-0002.jpeg": (Subtype.VIRAL, "pneumonia/VIRUS/7422"),
    "PNEUMONIA/ward3.dcm": (None, "pneumonia/ward3"),
}


def _place(root: Path, *names: str) -> list[Path]:
    """Files whose content is their own name, so that no two are alike."""
    paths = [root / name for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.fsencode(path.relative_to(root)))
    return paths


@pytest.mark.parametrize("name", NAMES)
def test_a_name_gives_label_subtype_and_patient(tmp_path: Path, name: str) -> None:
    (path,) = _place(tmp_path, f"train/{name}")
    subtype, patient = NAMES[name]
    label = Label(name.partition("/")[0].lower())
    assert load(tmp_path) == [LabelledRadiograph(path, label, subtype, patient, "train")]


def test_the_two_normal_series_and_the_two_pathogens_number_their_patients_apart(tmp_path: Path) -> None:
    _place(
        tmp_path,
        "NORMAL/IM-0078-0001.jpeg",
        "NORMAL/NORMAL2-IM-0078-0001.jpeg",
        "PNEUMONIA/person78_bacteria_1.jpeg",
        "PNEUMONIA/person78_virus_1.jpeg",
    )
    assert len({film.patient for film in load(tmp_path)}) == 4


def test_films_of_one_patient_share_the_key(tmp_path: Path) -> None:
    _place(tmp_path, "PNEUMONIA/person9_bacteria_38.jpeg", "PNEUMONIA/person9_bacteria_41.jpeg")
    assert {film.patient for film in load(tmp_path)} == {"pneumonia/bacterial/9"}


def test_a_folder_with_any_of_the_three_splits(tmp_path: Path) -> None:
    _place(tmp_path, "val/normal/b.png", "test/Pneumonia/c.PNG", "train/NORMAL/deep/a.tif", "NORMAL/ignored.png")
    assert [(film.path.name, film.split) for film in load(tmp_path)] == [
        ("c.PNG", "test"),
        ("a.tif", "train"),
        ("b.png", "val"),
    ]


def test_a_folder_without_splits(tmp_path: Path) -> None:
    _place(tmp_path, "NORMAL/a.png", "PNEUMONIA/b.png", "PNEUMONIA/notes.txt", "OTHER/c.png")
    assert [(film.path.name, film.split) for film in load(tmp_path)] == [("a.png", "all"), ("b.png", "all")]


def test_a_manifest_reads_back_what_was_written(tmp_path: Path) -> None:
    _place(tmp_path, *(f"{split}/{name}" for name in NAMES for split in ("train", "val", "test")))
    films = load(tmp_path)
    manifest = tmp_path / "films.csv"
    films[0] = replace(films[0], source="a hospital", weight=0.5)
    write_manifest(reversed(films), manifest)
    assert len(films) == 3 * len(NAMES)
    assert load(manifest) == films


def test_a_manifest_needs_two_columns_only(tmp_path: Path) -> None:
    _place(tmp_path, "x/one.png", "x/person3_virus_1.png")
    (tmp_path / "x" / "films.csv").write_text("label,path\n Normal ,one.png\nPNEUMONIA,person3_virus_1.png\n")
    one, two = load(tmp_path / "x" / "films.csv")
    assert one == LabelledRadiograph(tmp_path / "x" / "one.png", Label.NORMAL, None, "normal/one", "all")
    assert (two.subtype, two.patient, two.split) == (Subtype.VIRAL, "pneumonia/viral/3", "all")


def test_a_manifest_overrides_what_the_name_says(tmp_path: Path) -> None:
    _place(tmp_path, "person3_virus_1.png")
    (tmp_path / "films.csv").write_text(
        "\ufeffpath,label,subtype,patient,split\nperson3_virus_1.png,pneumonia,Bacterial,Ann,Val\n", encoding="utf-8"
    )
    (film,) = load(tmp_path / "films.csv")
    assert (film.subtype, film.patient, film.split) == (Subtype.BACTERIAL, "Ann", "val")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "columns found: none"),
        (
            "file,label\na.png,normal\n",
            "columns found: 'file', 'label'; none of them is the path, 'path'.*--path-column",
        ),
        ("path,sick\na.png,normal\n", "none of them is the label, 'label'.*--label-column"),
        ("path,label\n", "no labelled film found"),
        ("path,label\na.png,sick\n", r"line 2: label must be normal or pneumonia .* not 'sick'; .*--positive"),
        ("path,label\na.png,normal\na.png\n", "line 3: label must be"),
        ("path,label,subtype\na.png,pneumonia,fungal\n", "line 2: subtype must be bacterial, viral or empty"),
        ("path,label,split\na.png,normal,training\n", "line 2: split must be one of train, val, test or empty"),
        ("path,label,weight\na.png,normal,0\n", "line 2: weight must be a number above 0 or empty, not '0'"),
        ("path,label,weight\na.png,normal,much\n", "line 2: weight must be a number above 0 or empty, not 'much'"),
        ("path,label,weight\na.png,normal,inf\n", "line 2: weight must be a number above 0 or empty, not 'inf'"),
        ("path,label\nb.png,normal\n", "line 2: .*b.png does not exist"),
        ("path,label\n,normal\n", "line 2: the path is empty"),
        (f"path,label\n{'a' * 200_000},normal\n", "not a CSV text file"),
    ],
)
def test_a_manifest_that_cannot_be_understood_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    _place(tmp_path, "a.png")
    manifest = tmp_path / "films.csv"
    manifest.write_text(text)
    with pytest.raises(DataError, match=message) as caught:
        load(manifest)
    assert str(manifest) in str(caught.value)


def test_a_quotation_mark_that_is_not_closed_is_refused(tmp_path: Path) -> None:
    manifest = tmp_path / "films.csv"
    manifest.write_text('path,label\n"a.png,normal\n' + 400 * "b.png,normal\n" + '",normal\n')
    with pytest.raises(DataError, match="quotation mark"):
        load(manifest)


def test_films_are_found_by_content_and_hidden_files_are_none(tmp_path: Path) -> None:
    _place(tmp_path, "NORMAL/a.png", "NORMAL/._a.png", "PNEUMONIA/notes.txt")
    (tmp_path / "PNEUMONIA" / "IM0001").write_bytes(bytes(128) + b"DICM" + bytes(20))
    assert [film.path.name for film in load(tmp_path)] == ["a.png", "IM0001"]


def test_names_that_are_no_text_are_no_official_test(tmp_path: Path) -> None:
    _place(tmp_path, f"NORMAL/{os.fsdecode(b'M' + bytes([0xFC]) + b'ller.png')}", "PNEUMONIA/a.png")
    films = load(tmp_path)
    assert not is_official_test(films)
    write_manifest(films, tmp_path / "films.csv")
    assert b"M\xfcller.png" in (tmp_path / "films.csv").read_bytes()
    assert {film.path for film in load(tmp_path / "films.csv")} == {film.path for film in films}
    films[0].path.unlink()
    films[1].path.unlink()
    with pytest.raises(DataError, match="is the manifest saved as UTF-8"):
        load(tmp_path / "films.csv")
    assert len(load(tmp_path / "films.csv", moved=True)) == 2


def test_one_person_in_two_spellings_is_refused(tmp_path: Path) -> None:
    _place(tmp_path, "a.png", "b.png")
    manifest = tmp_path / "films.csv"
    manifest.write_text("path,label,patient\na.png,normal, P  1 \nb.png,normal,P 1\n")
    assert {film.patient for film in load(manifest)} == {"P 1"}
    manifest.write_text("path,label,patient\na.png,normal,P1\nb.png,normal,p1\n")
    with pytest.raises(DataError, match="'P1' and 'p1' differ in capitals only"):
        load(manifest)


def test_films_of_one_name_in_other_folders_are_of_other_patients(tmp_path: Path) -> None:
    _place(tmp_path, "NORMAL/P1/1.jpeg", "NORMAL/P2/1.jpeg", "PNEUMONIA/1.jpeg")
    assert [film.patient for film in load(tmp_path)] == ["normal/P1/1", "normal/P2/1", "pneumonia/1"]
    (tmp_path / "films.csv").write_text("path,label\nNORMAL/P1/1.jpeg,normal\nNORMAL/P2/1.jpeg,normal\n")
    assert len({film.patient for film in load(tmp_path / "films.csv")}) == 2


def test_a_film_is_no_manifest(tmp_path: Path) -> None:
    film = tmp_path / "film.png"
    film.write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(DataError, match="first line must name the columns"):
        load(film)


def test_a_missing_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder or manifest"):
        load(tmp_path / "absent")


def test_a_folder_without_films_is_refused(tmp_path: Path) -> None:
    _place(tmp_path, "NORMAL/readme.txt", "CATS/a.png")
    with pytest.raises(DataError, match=f"{re.escape(str(tmp_path))}: no labelled film found"):
        load(tmp_path)


def test_distinct_drops_spare_copies_and_keeps_the_first(tmp_path: Path) -> None:
    first, second, copy = _place(tmp_path, "NORMAL/a.png", "NORMAL/b.png", "NORMAL/c.png")
    copy.write_bytes(first.read_bytes())
    kept = distinct(load(tmp_path))
    assert [film.path for film in kept.values()] == [first, second]
    assert list(kept) == [sha256(first), sha256(second)]


def test_one_file_under_two_labels_is_refused(tmp_path: Path) -> None:
    sick, well = _place(tmp_path, "PNEUMONIA/a.png", "NORMAL/a.png")
    well.write_bytes(sick.read_bytes())
    with pytest.raises(DataError, match="same file with different labels") as caught:
        distinct(load(tmp_path))
    assert str(sick) in str(caught.value)
    assert str(well) in str(caught.value)


def test_a_set_of_films_has_one_fingerprint_whatever_its_order_and_place(tmp_path: Path) -> None:
    for place, names in {"here": "abc", "there": "bca", "other": "abd"}.items():
        _place(tmp_path / place, *(f"NORMAL/{name}.png" for name in names))
        for path in (tmp_path / place).rglob("*.png"):
            path.rename(path.with_name(f"{place}-{path.name}"))
    here, there, other = (distinct(load(tmp_path / place)) for place in ("here", "there", "other"))
    assert fingerprint(here) == fingerprint(reversed(list(here))) == fingerprint(there)
    assert fingerprint(here) != fingerprint(other)


def test_the_official_test_is_recognised_by_labels_and_names(real_films: Path, tmp_path: Path) -> None:
    films = [film for film in load(real_films) if film.split == "test"]
    assert len(films) == 624
    assert is_official_test(reversed(films))
    assert not is_official_test(films[1:])
    write_manifest(films, tmp_path / "films.csv")
    rows = list(csv.reader((tmp_path / "films.csv").read_text().splitlines()))
    assert is_official_test(load(tmp_path / "films.csv"))
    rows[1][1] = "pneumonia" if rows[1][1] == "normal" else "normal"
    with (tmp_path / "films.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    assert not is_official_test(load(tmp_path / "films.csv"))


def test_other_films_are_not_the_official_test(tmp_path: Path) -> None:
    _place(tmp_path, *(f"test/{name}" for name in NAMES))
    assert not is_official_test(load(tmp_path))
    assert not is_official_test([])


def test_a_manifest_keeps_the_names_of_links_so_that_their_order_stays(tmp_path):
    for number in range(4):
        (tmp_path / f"real{3 - number}.png").write_bytes(bytes([number]))
        (tmp_path / "NORMAL").mkdir(exist_ok=True)
        (tmp_path / "NORMAL" / f"{number}.png").symlink_to(tmp_path / f"real{3 - number}.png")
    films = load(tmp_path)
    write_manifest(films, tmp_path / "manifest.csv")
    assert [film.path.name for film in load(tmp_path / "manifest.csv")] == [film.path.name for film in films]


def test_what_a_labelled_folder_holds_beside_the_classes_is_named(tmp_path: Path) -> None:
    for place in (
        "Train/NORMAL/a.png",
        "Train/PNEUMONIA/b.png",
        "Train/VIRAL/c.png",
        "valid/NORMAL/d.png",
        "__MACOSX/NORMAL/e.png",
        "Train/NORMAL/._a.png",
        "Train/stray.png",
        "README.txt",
    ):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_bytes(b"\x89PNG\r\n\x1a\n" if place.endswith(".png") else b"films")
    said: list[str] = []
    assert [film.path.name for film in load(tmp_path, say=said.append)] == ["a.png", "b.png"]
    [line] = said
    assert line.endswith(f"folders of no known class or split: valid, Train{os.sep}VIRAL")
    for part in ("1 text file", "1 macOS resource folder", "1 macOS resource file", "1 film outside the class folders"):
        assert part in line


def test_a_folder_without_known_names_says_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "valid" / "NORMAL").mkdir(parents=True)
    with pytest.raises(DataError, match=r"no labelled film found.*folder of no known class or split: valid"):
        load(tmp_path)
