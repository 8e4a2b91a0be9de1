"""Files are written whole or not at all."""

import hashlib
import json
import os

import pytest

from pneumoscope.files import json_text, replacing, sha256, write_json, write_text


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
