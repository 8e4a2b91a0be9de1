"""What a search of a folder finds: by name, and by content where a name tells nothing."""

import os
from pathlib import Path

import pytest
from PIL import Image

from pneumoscope.imaging.search import radiographs_below


@pytest.mark.parametrize("name", ["film.jfif", "film.IMA", "IM0001", "1.2.840.113619", "film.jpeg.bak"])
def test_films_of_any_name_are_found_by_their_content(tmp_path: Path, name: str) -> None:
    Image.new("L", (200, 200), 90).save(tmp_path / name, format="JPEG")
    assert list(radiographs_below(tmp_path)) == [tmp_path / name]


def test_dicom_without_a_preamble_is_found(tmp_path: Path) -> None:
    (tmp_path / "HEADERLESS").write_bytes(b"\x08\0\x05\0CS\x0a\0ISO_IR 100")
    assert list(radiographs_below(tmp_path)) == [tmp_path / "HEADERLESS"]


@pytest.mark.parametrize("name", ["notes.txt", "results.csv", "Makefile", "a.zip", "._a.png", ".DS_Store", "DICOMDIR"])
def test_other_files_are_passed_over(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"PK\x03\x04 path,label\n")
    assert list(radiographs_below(tmp_path)) == []


def test_a_damaged_film_is_found_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "film.png").write_bytes(b"no picture")
    assert list(radiographs_below(tmp_path)) == [tmp_path / "film.png"]


def test_a_name_that_is_no_text_is_kept(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"M\xfcller.png")
    path.write_bytes(b"")
    assert list(radiographs_below(tmp_path)) == [path]
