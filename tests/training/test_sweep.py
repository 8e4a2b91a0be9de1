"""Runs side by side on a real, small Ray cluster."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from pneumoscope.cli import main
from pneumoscope.compute.ray_cluster import ray_cluster as start_cluster
from pneumoscope.errors import DataError
from pneumoscope.training.config import RunConfig, Setting
from pneumoscope.training.recipes import RECIPES
from pneumoscope.training.run_folder import load_finished, write_config
from pneumoscope.training.sweep import train_many

pytestmark = pytest.mark.skipif(not find_spec("ray"), reason="Ray is not installed: pip install 'pneumoscope[scale]'")

SMOKE = RECIPES["smoke"]
SHORT = replace(SMOKE, head=None, averaging=None, finetuning=(replace(SMOKE.finetuning[0], epochs=1),))
DIVERGING = replace(SHORT, finetuning=(replace(SHORT.finetuning[0], learning_rate=1e30),))


@pytest.fixture
def ray_cluster() -> Iterator[int]:
    with start_cluster(None, 2) as cpus:
        yield cpus


@pytest.mark.slow
@pytest.mark.usefixtures("ray_cluster")
def test_one_run_stops_no_other_and_what_ended_is_not_run_again(dataset: Path, tmp_path: Path) -> None:
    good, collapsing, empty = (tmp_path / name for name in ("good", "collapsing", "empty"))
    setting = Setting(dataset, SHORT, 0, None, tmp_path / "cache")
    settings = {
        good: setting,
        collapsing: replace(setting, recipe=DIVERGING, seed=1),
        empty: replace(setting, source=tmp_path / "nowhere"),
    }
    outcomes = {outcome.folder: outcome for outcome in train_many(settings, cpus=2)}
    assert {folder: outcome.state for folder, outcome in outcomes.items()} == {
        good: "finished",
        collapsing: "collapsed",
        empty: "failed",
    }
    assert "diverged" in outcomes[collapsing].explanation
    assert "nowhere" in outcomes[empty].explanation
    assert load_finished(good).history[-1] == outcomes[good].last
    started = time.monotonic()
    again = list(train_many({folder: settings[folder] for folder in (good, collapsing)}, cpus=2))
    assert time.monotonic() - started < 1
    assert again == [replace(outcomes[folder], seconds=0.0) for folder in (good, collapsing)]


def _config(source: Path, seed: int) -> RunConfig:
    return RunConfig(SMOKE, seed, str(source.resolve()), None, None, "f", {}, "tensorflow", "float32", {})


def test_a_folder_with_a_run_of_another_setting_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    write_config(tmp_path / "run", replace(_config(tmp_path, 0), state="finished"))
    setting = Setting(tmp_path, SMOKE, 0, None, tmp_path)
    for other, name in ((replace(setting, recipe=SHORT), "recipe"), (replace(setting, source=Path("/")), "source")):
        with pytest.raises(DataError, match=f"holds a run with another {name}; choose a new folder"):
            next(train_many({tmp_path / "run": other}, cpus=1))


@pytest.mark.parametrize(("second", "code"), [("finished", 0), ("collapsed", 4)])
def test_the_command_shows_a_line_and_a_row_for_each_seed(
    second: str, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"val_auc": 0.91234, "val_recall": 0.5, "val_specificity": 0.75}
    for seed, state in enumerate(("finished", second)):
        run, why = tmp_path / f"seed-{seed}", "fell into one class" if state == "collapsed" else ""
        run.mkdir()
        write_config(run, replace(_config(tmp_path, seed), state=state, explanation=why))
        (run / "history.json").write_text(json.dumps([row]))
    assert main(["sweep", "--data", str(tmp_path), "--out", str(tmp_path), "--smoke", "--seeds", "0,1"]) == code
    out, err = capsys.readouterr()
    assert out.count("0.9123") == 2
    assert f"seed-1: {second}" in err
