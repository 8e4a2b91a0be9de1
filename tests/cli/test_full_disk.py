"""A disk that is full ends a command in one sentence, and takes nothing that was done."""

from pathlib import Path

import pytest
from limits import files_of_at_most
from PIL import Image
from tiny import film

from pneumoscope.cli import main


@pytest.mark.slow
def test_an_evaluation_shows_its_metrics_and_names_the_file_that_was_not_written(
    tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for label, brightest in (("NORMAL", 120), ("PNEUMONIA", 230)):
        (tmp_path / "films" / label).mkdir(parents=True)
        for number in range(6):
            Image.fromarray(film(brightest - number)).save(tmp_path / "films" / label / f"{number}.png")
    out = tmp_path / "report"
    arguments = ["--data", str(tmp_path / "films"), "--bundle", str(tiny_bundle), "--out", str(out)]
    with files_of_at_most(10_000):
        assert main(["evaluate", *arguments]) == 2
    shown, said = capsys.readouterr()
    assert "Balanced accuracy" in shown
    assert said.splitlines()[-1].startswith(f"pneumoscope: {out}")
    assert said.endswith(": File too large\n")
    assert not [path for path in out.rglob("*") if path.suffix == ".partial"]
