import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.robustness import page
from experiments.robustness.__main__ import main
from experiments.robustness.measure import measure, sample
from lab.stress import STRESSES
from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.data.splits import LEAST_VALIDATION
from pneumoscope.decision.calibration import Calibration
from pneumoscope.decision.labels import Label, Subtype
from pneumoscope.errors import DataError
from pneumoscope.evaluation.report import style
from tests.lab.conftest import rule

COUNT = 8


@pytest.fixture(scope="module")
def arguments(source: Path, bundles: list[Path]) -> list[str]:
    asked = {"--bundle": bundles[0], "--beside": bundles[1], "--data": source, "--count": COUNT, "--workers": 1}
    return [str(word) for pair in asked.items() for word in pair]


@pytest.fixture(scope="module")
def path(arguments: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The record of a whole run."""
    path = tmp_path_factory.mktemp("records") / "robustness.json"
    main([*arguments, "--out", str(path)])
    return path


@pytest.fixture(scope="module")
def record(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def find(record: dict[str, Any], stress: str, strength: str, bundle: int = 0) -> dict[str, Any]:
    sha256 = record["bundles"][bundle]["sha256"]
    (row,) = [r for r in record["rows"] if (r["stress"], r["strength"], r["bundle"]) == (stress, strength, sha256)]
    return dict(row)


def test_the_sample_is_balanced_held_out_and_in_proportion(source: Path) -> None:
    films = sample(source, COUNT)
    assert {film.split for film in films.values()} == {"val"}
    labels = [film.label for film in films.values()]
    assert (labels.count(Label.NORMAL), labels.count(Label.PNEUMONIA)) == (COUNT, COUNT)
    viral = sum(film.subtype is Subtype.VIRAL for film in films.values())
    assert viral / COUNT == pytest.approx(2 / 3, abs=1 / COUNT)
    assert list(films) == list(sample(source, COUNT))


def test_all_held_out_films_can_be_asked_for_and_no_more(source: Path) -> None:
    assert len(sample(source, LEAST_VALIDATION)) == 2 * LEAST_VALIDATION
    with pytest.raises(DataError, match=f"--count {LEAST_VALIDATION}"):
        sample(source, LEAST_VALIDATION + 1)


def test_both_thresholds_are_measured() -> None:
    films = [
        LabelledRadiograph(Path(f"{i}.png"), label, None, f"p{i}", "val") for i, label in enumerate([*Label, *Label])
    ]
    scores = np.array([-1.0, -0.1, 0.1, 3.0])  # normal, pneumonia, normal, pneumonia
    logits = np.stack([np.zeros(4), scores, np.full(4, -50)], axis=1).astype(np.float32)
    result = measure(logits, films, replace(rule(), calibration=Calibration(1, 0.2)))
    values = {point: {name: value["value"] for name, value in result[point].items()} for point in ("default", "zero")}
    assert result["auc"]["value"] == 0.75
    assert values["zero"] == {"recall": 0.5, "specificity": 0.5, "balanced_accuracy": 0.5}
    assert values["default"] == {"recall": 1.0, "specificity": 0.5, "balanced_accuracy": 0.75}
    assert result["default"]["recall"]["low"] < 1 == result["default"]["recall"]["high"]


def test_the_record_holds_every_condition_for_both_bundles(record: dict[str, Any]) -> None:
    checks = 6
    assert len(record["rows"]) == 2 * (1 + sum(len(stress.doses) for stress in STRESSES) + checks)
    assert record["sample"]["by_class"][0] == sum(record["sample"]["by_class"][1:]) == COUNT
    assert {"machine", "commit"} <= set(record)


def test_stresses_do_to_the_score_what_they_must(record: dict[str, Any]) -> None:
    plain = find(record, "none", "as they are")
    assert plain["auc"]["value"] == plain["default"]["balanced_accuracy"]["value"] == 1
    brighter = find(record, "brightness", "much brighter")
    assert (brighter["auc"]["value"], brighter["default"]["specificity"]["value"]) == (1, 0)  # ranking stays
    assert find(record, "brightness", "much darker")["zero"]["recall"]["value"] < 1
    assert find(record, "blur", "extreme")["auc"]["value"] == 1  # brightness alone counts here
    lower = find(record, "none", "as they are", bundle=1)["default"]["specificity"]["value"]
    assert lower < plain["default"]["specificity"]["value"]


def test_equal_sharpness_takes_the_shortcut_away(record: dict[str, Any]) -> None:
    assert record["sharpness"]["auc_before"]["value"] == 1
    assert 0.15 < record["sharpness"]["auc_after"]["value"] < 0.85  # rounding's chance on sixteen films


def test_a_run_goes_on_where_it_stopped(path: Path, arguments: list[str], tmp_path: Path) -> None:
    whole = json.loads(path.read_text())
    halted = tmp_path / "halted.json"
    kept = [row | {"auc": {"value": 0.123, "low": None, "high": None}} for row in whole["rows"][:70]]
    halted.write_text(json.dumps(whole | {"rows": kept}))
    main([*arguments, "--out", str(halted)])
    assert json.loads(halted.read_text())["rows"] == kept + whole["rows"][70:]


def test_a_finished_record_is_left_as_it_is(path: Path, arguments: list[str]) -> None:
    before = path.read_bytes()
    main([*arguments, "--out", str(path)])
    assert path.read_bytes() == before


def test_a_record_of_other_radiographs_is_refused(
    path: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--count", str(COUNT - 1), "--out", str(path)])
    assert ended.value.code == 2
    assert "other radiographs" in capsys.readouterr().err


@pytest.mark.parametrize("point", ["default", "zero"])
def test_the_figure_shows_the_record(record: dict[str, Any], point: str) -> None:
    drawn = page.figure(record, point)
    for axes, stress in zip(drawn.axes, STRESSES, strict=False):
        for line, bundle in zip(axes.get_lines(), (0, 1), strict=False):
            shown = dict(zip([tick.get_text() for tick in axes.get_xticklabels()], line.get_ydata(), strict=True))
            for strength, dose in stress.doses.items():
                row = find(record, stress.name, strength, bundle)
                assert shown[f"{dose:g}"] == row[point]["balanced_accuracy"]["value"]


def test_an_unfinished_record_can_be_drawn_and_tabulated(record: dict[str, Any]) -> None:
    started = record | {"rows": record["rows"][:9]}
    assert style.png(page.figure(started))
    assert "much darker" in page.tables(started)


def test_the_tables_show_the_record(record: dict[str, Any]) -> None:
    text = page.tables(record)
    lines = text.splitlines()
    assert sum(line.startswith("| brightness | much darker | -80 grey levels added | 1.000") for line in lines) == 2
    (check,) = [line for line in lines if line.startswith("| all but the lungs blurred")]
    assert check.count("|") == 2 + 2 * 4
    assert f"After it is made equal, AUC is {record['sharpness']['auc_after']['value']:.3f} (" in text
