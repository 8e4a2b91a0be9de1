import os
from pathlib import Path

import pytest

from pneumoscope.errors import DataError
from pneumoscope.screening.sources.discover import discover

DICOM = bytes(128) + b"DICM" + bytes(20)


def test_folders_are_searched_sorted_and_recursively(tmp_path: Path) -> None:
    for name in ("b.PNG", "a/z.jpeg", "a/y.tiff", "notes.txt", "a/.hidden.png", ".trash/x.png", "sheet.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "IM0001").write_bytes(DICOM)
    (tmp_path / "1.2.840.113619").write_bytes(DICOM)
    (tmp_path / "DICOMDIR").write_bytes(DICOM)
    (tmp_path / "Makefile").write_text("all:\n")
    found = [str(path.relative_to(tmp_path)) for path in discover([tmp_path])]
    assert found == ["1.2.840.113619", "IM0001", "a/y.tiff", "a/z.jpeg", "b.PNG"]


def test_named_files_are_taken_whatever_they_are_and_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "film.png").touch()
    named = [tmp_path / "notes.txt", tmp_path / "gone.jpeg", tmp_path]
    assert discover(named) == [*named[:2], tmp_path / "film.png"]


def test_a_folder_without_films_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(DataError, match=str(tmp_path)):
        discover([tmp_path])


def test_links_in_a_circle_end_and_broken_links_are_reported(tmp_path: Path) -> None:
    (tmp_path / "film.png").touch()
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "lost.png").symlink_to(tmp_path / "nowhere.png")
    assert discover([tmp_path]) == [tmp_path / "film.png", tmp_path / "lost.png"]


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "film.png").touch()
    assert discover([tmp_path]) == [tmp_path / "film.png"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root reads every folder")
def test_a_folder_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    (tmp_path / "film.png").touch()
    closed = tmp_path / "closed"
    closed.mkdir()
    closed.chmod(0)
    try:
        assert discover([tmp_path]) == [closed, tmp_path / "film.png"]
    finally:
        closed.chmod(0o700)
