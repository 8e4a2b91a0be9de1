"""``pneumoscope selftest``, and the screening that it guards."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from pneumoscope.assurance.selftest import FILMS, write_selftest
from pneumoscope.bundle.seal import read_sealed, seal
from pneumoscope.cli import main


@pytest.fixture
def sealed(tiny_bundle: Path, tmp_path: Path) -> Path:
    pytest.importorskip("pydicom")
    path = tmp_path / "sealed.onnx"
    shutil.copy(tiny_bundle, path)
    write_selftest(path)
    return path


@pytest.fixture
def failing(sealed: Path) -> Path:
    """A bundle that says of one film another score than it gives."""
    _, record = read_sealed(sealed)
    assert record
    first, *others = record.films
    assert first.score is not None
    seal(sealed, replace(record, films=(replace(first, score=first.score + 0.1), *others)))
    return sealed


def test_it_passes_with_a_table(sealed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["selftest", "--bundle", str(sealed)]) == 0
    out = capsys.readouterr().out
    assert out.count("identical") == 8
    assert "tiny 0.0.1 on onnxruntime: passed." in out


def test_it_fails_loudly(failing: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["selftest", "--bundle", str(failing)]) == 5
    out = capsys.readouterr().out
    assert (out.count("identical"), out.count("different")) == (7, 1)
    assert "FAILED on 1 of 8 films; do not rely on results." in out


def test_a_bundle_without_one_is_told(tiny_bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["selftest", "--bundle", str(tiny_bundle)]) == 2
    assert "has no self-test" in capsys.readouterr().err


def test_a_bundle_with_a_changed_byte_is_told(sealed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = bytearray(sealed.read_bytes())
    content[-20] ^= 1
    sealed.write_bytes(content)
    for command in (["selftest"], ["screen", str(FILMS)], ["info"]):
        assert main([*command, "--bundle", str(sealed)]) == 2
        assert "was changed after it was made" in capsys.readouterr().err


def test_screen_refuses_until_told_otherwise(
    failing: Path, films: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["screen", str(films[0]), "--json", "--bundle", str(failing)]
    assert main(command) == 5
    out, err = capsys.readouterr()
    assert out == ""
    assert "The self-test failed" in err
    assert main([*command, "--without-selftest"]) == 0
    assert capsys.readouterr().out.count("\n") == 1


def test_a_guarded_screening_shows_the_films_alone(
    sealed: Path, films: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["screen", *map(str, films[:3]), "--json", "--bundle", str(sealed)]) == 0
    out = capsys.readouterr().out.splitlines()
    assert len(out) == 3
    assert all("1-jpeg.jpeg" not in line for line in out)
