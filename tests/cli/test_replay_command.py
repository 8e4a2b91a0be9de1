"""``pneumoscope replay``."""

import json
from pathlib import Path

import pytest

from pneumoscope.cli import main


@pytest.fixture
def results(tiny_bundle: Path, films: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    path = tmp_path / "results.jsonl"
    assert main(["screen", *map(str, films[:3]), "--json", "--bundle", str(tiny_bundle)]) == 0
    path.write_text(capsys.readouterr().out)
    return path


def test_identical_is_0(
    results: Path, tiny_bundle: Path, films: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(results), "--films", str(films[0].parent), "--bundle", str(tiny_bundle)]) == 0
    assert "3 results: 3 identical." in capsys.readouterr().out


def test_a_difference_is_5_and_a_changed_film_is_3(
    results: Path, tiny_bundle: Path, films: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["replay", str(results), "--films", str(films[0].parent), "--bundle", str(tiny_bundle)]
    films[0].write_bytes(films[0].read_bytes()[:-1] + b"\0")
    assert main(command) == 3
    out = capsys.readouterr().out
    assert "3 results: 2 identical, 1 not replayed." in out
    assert "No file has the bytes that were screened" in out
    first, *others = results.read_text().splitlines()
    second = json.dumps(json.loads(others[0]) | {"finding": "pneumonia"})
    results.write_text("\n".join([first, second, others[1]]))
    assert main(command) == 5
    assert "finding pneumonia is now normal" in capsys.readouterr().out


def test_what_is_no_result_is_2(films: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(films[0]), "--films", str(films[0].parent)]) == 2
    assert "result" in capsys.readouterr().err
