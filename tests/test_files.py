"""Files are written whole or not at all."""

import hashlib
import json
import os

import pytest
from limits import files_of_at_most

from pneumoscope.errors import DataError
from pneumoscope.files import (
    PARTIAL,
    check_room,
    json_text,
    make_folder,
    remove_partials,
    replacing,
    sha256,
    write_bytes,
    write_json,
    write_text,
)


def test_a_reader_sees_the_old_file_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "file.txt"
    write_text(path, "old")
    with replacing(path) as stream:
        stream.write(b"new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["file.txt"]


def test_what_fails_halfway_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "file.txt"
    write_text(path, "old")
    with pytest.raises(TypeError), replacing(path) as stream:
        stream.writelines([b"half", None])
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file.txt"]


def test_a_long_name_can_be_written(tmp_path):
    write_text(tmp_path / ("x" * 250), "content")
    assert os.listdir(tmp_path) == ["x" * 250]


def test_the_digest_is_of_the_bytes(tmp_path):
    write_text(tmp_path / "file", "Müller")
    assert sha256(tmp_path / "file") == hashlib.sha256("Müller".encode()).hexdigest()


def test_json_is_plain_and_refuses_what_is_no_number(tmp_path):
    write_json(tmp_path / "file.json", {"name": "Müller \udcff", "value": 1.5})
    assert json.loads((tmp_path / "file.json").read_bytes()) == {"name": "Müller \udcff", "value": 1.5}
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text({"value": float("nan")})


def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path):
    path = tmp_path / "private.html"
    write_text(path, "old")
    path.chmod(0o600)
    write_text(path, "new")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_link_is_followed(tmp_path):
    (tmp_path / "real").mkdir()
    write_text(tmp_path / "real" / "file.txt", "old")
    (tmp_path / "link.txt").symlink_to(tmp_path / "real" / "file.txt")
    write_text(tmp_path / "link.txt", "new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real" / "file.txt").read_text() == "new"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes by name")
def test_what_is_no_file_is_written_to_and_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with open(os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK), "rb") as reader:
        write_text(tmp_path / "pipe", "content")
        assert reader.read() == b"content"
    assert (tmp_path / "pipe").is_fifo()


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    make_folder(tmp_path / "new" / "folder")
    write_text(tmp_path / "file", "")
    with pytest.raises(DataError, match="file: this folder cannot be made"):
        make_folder(tmp_path / "file")


def test_what_does_not_fit_leaves_the_old_file_and_the_error_names_it(tmp_path):
    path = tmp_path / "file"
    write_bytes(path, b"old")
    with files_of_at_most(1000), pytest.raises(OSError, match="File too large") as caught:
        write_bytes(path, bytes(2000))
    assert caught.value.filename == str(path)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_a_full_device_is_named_too(tmp_path):
    (tmp_path / "full").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left on device: '/dev/full'"):
        write_bytes(tmp_path / "full", b"content")


def test_a_folder_that_is_none_is_named_by_the_file_that_was_wanted(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        write_bytes(tmp_path / "absent" / "file", b"")
    assert caught.value.filename == str(tmp_path / "absent" / "file")


def test_room_is_checked_and_nothing_is_left(tmp_path):
    check_room(tmp_path / "file", 900)
    with files_of_at_most(1000), pytest.raises(OSError, match="File too large") as caught:
        check_room(tmp_path / "file", 2000)
    assert caught.value.filename == str(tmp_path / "file")
    assert os.listdir(tmp_path) == []


def test_only_what_a_kill_left_of_this_file_is_removed(tmp_path):
    for name in (f".a[1].npy.0{PARTIAL}", f".a1.npy.0{PARTIAL}", "a[1].npy"):
        (tmp_path / name).touch()
    remove_partials(tmp_path / "a[1].npy")
    assert sorted(os.listdir(tmp_path)) == [f".a1.npy.0{PARTIAL}", "a[1].npy"]
