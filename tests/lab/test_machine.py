import json
from argparse import ArgumentTypeError
from pathlib import Path

import pytest

from experiments.command import output
from lab import machine
from pneumoscope.errors import DataError


def test_a_record_says_which_machine_and_which_commit_made_it(tmp_path: Path) -> None:
    machine.write_record(tmp_path / "record.json", {"rows": [1]})
    record = json.loads((tmp_path / "record.json").read_text())
    assert record["rows"] == [1]
    assert record["machine"]["cores"] >= 1
    assert record["machine"]["versions"]["pneumoscope"]
    assert record["commit"] == machine.commit()


def test_missing_radiographs_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "DATA", tmp_path)
    with pytest.raises(DataError, match="set PNEUMOSCOPE_DATA"):
        machine.data("chest_xray")
    (tmp_path / "chest_xray").mkdir()
    assert machine.data("chest_xray") == tmp_path / "chest_xray"


def test_an_output_in_a_missing_folder_is_refused_before_the_work(tmp_path: Path) -> None:
    assert output(str(tmp_path / "record.json")) == tmp_path / "record.json"
    with pytest.raises(ArgumentTypeError, match="is no folder"):
        output(str(tmp_path / "missing" / "record.json"))
