"""A model for a trial is marked wherever it speaks."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny import film

from pneumoscope.cli import main
from pneumoscope.screening.output.heatmap_picture import picture
from pneumoscope.screening.screener import Screener

WHY = "It was trained for a trial [x] <i>only</i>: do not use it."


@pytest.fixture(scope="module")
def trial(make_bundle: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("bundle") / "trial.onnx", {"training": {"trial": WHY}})


def test_every_output_of_a_screening_says_so(
    trial: Path, films: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, table = tmp_path / "page.html", tmp_path / "results.csv"
    outputs = ["--html", str(page), "--csv", str(table), "--bundle", str(trial)]
    assert main(["screen", str(films[0]), str(films[-1]), *outputs]) == 0
    assert WHY in capsys.readouterr().out
    assert "trial [x] &lt;i&gt;only&lt;/i&gt;: do not use it." in page.read_text()
    assert page.read_text().count("The model was trained for a trial only: do not use its answer.") == 2
    assert table.read_text().count("trial_model") == 2
    assert main(["screen", str(films[0]), "--json", "--bundle", str(trial)]) == 0
    assert json.loads(capsys.readouterr().out)["remarks"] == ["trial_model"]


def test_a_model_that_was_trained_in_earnest_is_not_marked(screener: Screener) -> None:
    assert screener.screen(film(200)).remarks == ()
    assert screener.model.trial is None


def test_info_says_so(trial: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "--bundle", str(trial)]) == 0
    assert WHY in capsys.readouterr().out


def test_the_heatmap_says_so_below_the_picture(trial: Path) -> None:
    with Screener(trial) as screener:
        result = screener.screen(film(200), heatmap=True)
    earnest = replace(result, model=replace(result.model, trial=None))
    differ = np.asarray(picture(result)) != np.asarray(picture(earnest))
    assert differ[-34:].any()
    assert not differ[:-34].any()


@pytest.mark.slow
def test_an_evaluation_says_so(trial: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for label, brightest in (("NORMAL", 120), ("PNEUMONIA", 230)):
        (tmp_path / "films" / label).mkdir(parents=True)
        for number in range(6):
            Image.fromarray(film(brightest - number)).save(tmp_path / "films" / label / f"{number}.png")
    arguments = ["--data", str(tmp_path / "films"), "--bundle", str(trial), "--out", str(tmp_path / "report")]
    assert main(["evaluate", *arguments]) == 0
    assert f"pneumoscope: {WHY}" in capsys.readouterr().err
    assert "trial [x] &lt;i&gt;only&lt;/i&gt;" in (tmp_path / "report" / "report.html").read_text()
    assert f"**{WHY}**" in (tmp_path / "report" / "model-card.md").read_text()
