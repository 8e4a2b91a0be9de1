"""What a search of a folder finds: by name, and by content where a name tells nothing."""

import os
from pathlib import Path

import pytest
from PIL import Image

from pneumoscope.imaging.formats.png import HEATMAP_MARK
from pneumoscope.imaging.search import Kind, PassedOver, radiographs_below


@pytest.mark.parametrize("name", ["film.jfif", "film.IMA", "IM0001", "1.2.840.113619", "film.jpeg.bak"])
def test_films_of_any_name_are_found_by_their_content(tmp_path: Path, name: str) -> None:
    Image.new("L", (200, 200), 90).save(tmp_path / name, format="JPEG")
    assert list(radiographs_below(tmp_path)) == [tmp_path / name]


def test_dicom_without_a_preamble_is_found(tmp_path: Path) -> None:
    (tmp_path / "HEADERLESS").write_bytes(b"\x08\0\x05\0CS\x0a\0ISO_IR 100")
    assert list(radiographs_below(tmp_path)) == [tmp_path / "HEADERLESS"]


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("notes.txt", b"Dear colleague\n", Kind.TEXT),
        ("results.csv", "\ufeffpath,label\nM\u00fcller.png,".encode(), Kind.TEXT),
        ("cut.txt", ("x" * 131 + "\u00fc").encode(), Kind.TEXT),
        ("utf16.csv", "path;label".encode("utf-16"), Kind.TEXT),
        ("a.zip", b"PK\x03\x04\0\0", Kind.ARCHIVE),
        ("a.bmp", b"BM\0\0\0\0", Kind.PICTURE),
        ("a.webp", b"RIFF\0\0\0\0WEBPVP8 ", Kind.PICTURE),
        ("a.heic", b"\0\0\0\x18ftypheic", Kind.PICTURE),
        ("._a.png", b"\0\5\x16\7\0\2\0\0Mac OS X", Kind.MACOS),
        ("._a", b"\xff\xd8\xff", Kind.MACOS),
        (".DS_Store", b"\0\0\0\1Bud1", Kind.HIDDEN),
        ("DICOMDIR", bytes(128) + b"DICM", Kind.INDEX),
        ("nothing", b"", Kind.EMPTY),
        ("model.onnx", b"\x08\x09\x12\x07", Kind.OTHER),
        ("heat.png", b"\x89PNG\r\n\x1a\n" + bytes(29) + HEATMAP_MARK, Kind.HEATMAP),
    ],
)
def test_other_files_are_passed_over_and_counted(tmp_path: Path, name: str, content: bytes, kind: Kind) -> None:
    (tmp_path / name).write_bytes(content)
    passed = PassedOver()
    assert list(radiographs_below(tmp_path, passed)) == []
    assert passed.kinds == {kind: 1}


def test_what_macos_and_others_hide_is_no_film_at_any_depth(tmp_path: Path) -> None:
    for folder in ("__MACOSX", "a/__MACOSX/b", ".cache"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "film.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    passed = PassedOver()
    assert list(radiographs_below(tmp_path, passed)) == []
    assert passed.kinds == {Kind.MACOS_FOLDER: 2, Kind.HIDDEN_FOLDER: 1}


def test_pipes_and_files_that_may_not_be_read_are_counted(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "loop").symlink_to("loop")
    passed = PassedOver()
    assert list(radiographs_below(tmp_path, passed)) == []
    assert passed.kinds == {Kind.DEVICE: 1, Kind.LOCKED: 1}


def test_one_line_says_what_was_passed_over() -> None:
    passed = PassedOver(folders=["valid"])
    passed.kinds.update({Kind.HEATMAP: 1, Kind.TEXT: 3, Kind.MACOS: 2})
    assert passed.sentence() == (
        "passed over: 3 text files; 2 macOS resource files; 1 heatmap of Pneumoscope; "
        "folder of no known class or split: valid"
    )
    assert not PassedOver()


def test_a_damaged_film_is_found_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "film.png").write_bytes(b"no picture")
    assert list(radiographs_below(tmp_path)) == [tmp_path / "film.png"]


def test_a_name_that_is_no_text_is_kept(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"M\xfcller.png")
    path.write_bytes(b"")
    assert list(radiographs_below(tmp_path)) == [path]
