"""Files are written whole or not at all."""

import hashlib
import json
import os
import stat

import pytest

from pneumoscope.errors import DataError
from pneumoscope.files import json_text, make_folder, replacing, sha256, write_json, write_text


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
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    make_folder(tmp_path / "new" / "folder")
    write_text(tmp_path / "file", "")
    with pytest.raises(DataError, match="file: this folder cannot be made"):
        make_folder(tmp_path / "file")
