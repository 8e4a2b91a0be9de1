"""Runs side by side on a real, small Ray cluster."""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from pneumoscope.cli import main
from pneumoscope.cli.train import _seeds
from pneumoscope.compute.ray_cluster import cluster
from pneumoscope.errors import TrainingError
from pneumoscope.training.recipe import recipe
from pneumoscope.training.run import Setting, load_finished
from pneumoscope.training.sweep import train_many

pytestmark = pytest.mark.skipif(not find_spec("ray"), reason="Ray is not installed: pip install 'pneumoscope[scale]'")

SMOKE = recipe("smoke")
SHORT = replace(SMOKE, head=replace(SMOKE.head, epochs=1), finetune=(replace(SMOKE.finetune[0], epochs=1),))
DIVERGING = replace(SHORT, finetune=(replace(SHORT.finetune[0], learning_rate=1e30),), ema=0.0)


@pytest.fixture(scope="module")
def ray_cluster() -> Iterator[int]:
    with cluster(None, 2) as cpus:
        yield cpus


@pytest.fixture(scope="module")
def settings(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Setting]:
    """Three runs: one that trains, one that collapses, one whose films are not there."""
    root = tmp_path_factory.mktemp("many")
    good = Setting(dataset, SHORT, 0, None, root / "cache")
    return {
        root / "good": good,
        root / "collapsing": replace(good, recipe=DIVERGING, seed=1),
        root / "empty": replace(good, source=root / "nowhere"),
    }


def test_one_run_stops_no_other_and_what_ended_is_not_run_again(
    ray_cluster: int, settings: dict[Path, Setting]
) -> None:
    good, collapsing, empty = settings
    outcomes = {outcome.folder: outcome for outcome in train_many(settings, cpus=2)}
    assert {folder: outcome.state for folder, outcome in outcomes.items()} == {
        good: "finished", collapsing: "collapsed", empty: "failed",
    }  # fmt: skip
    assert "diverged" in outcomes[collapsing].explanation
    assert "nowhere" in outcomes[empty].explanation
    assert load_finished(good).history[-1] == outcomes[good].last
    started = time.monotonic()
    again = list(train_many({folder: settings[folder] for folder in (good, collapsing)}, cpus=2))
    assert time.monotonic() - started < 1
    assert again == [replace(outcomes[folder], seconds=0.0) for folder in (good, collapsing)]


def test_a_folder_with_a_run_of_another_setting_is_refused(settings: dict[Path, Setting], tmp_path: Path) -> None:
    good, *_ = settings
    (tmp_path / "run").mkdir()
    config = {"state": "finished", "recipe": {}, "seed": 0, "source": str(settings[good].source.resolve())}
    (tmp_path / "run" / "config.json").write_text(json.dumps(config))
    with pytest.raises(TrainingError, match="another recipe"):
        next(train_many({tmp_path / "run": settings[good]}, cpus=1))


@pytest.mark.parametrize(("second", "code"), [("finished", 0), ("collapsed", 4)])
def test_the_command_shows_a_line_and_a_row_for_each_seed(
    second: str, code: int, dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"val_auc": 0.91234, "val_recall": 0.5, "val_specificity": 0.75}
    for seed, state in enumerate(("finished", second)):
        run = tmp_path / f"seed-{seed}"
        run.mkdir()
        config = {"recipe": asdict(SMOKE), "seed": seed, "source": str(dataset.resolve()), "state": state}
        (run / "config.json").write_text(json.dumps(config | {"explanation": "fell into one class"}))
        (run / "history.json").write_text(json.dumps([row]))
    command = ["train", "--data", str(dataset), "--out", str(tmp_path), "--smoke", "--seeds", "0,1"]
    assert main(command) == code
    out, err = capsys.readouterr()
    assert out.count("0.9123") == 2
    assert f"seed-1: {second}" in err


def test_a_list_of_seeds_is_read() -> None:
    assert _seeds("0-4") == [0, 1, 2, 3, 4]
    assert _seeds("3,1,7-8,1") == [3, 1, 7, 8]


@pytest.mark.parametrize("given", ["4-0", "", "a", "1,,2"])
def test_a_list_that_is_none_is_a_usage_error(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["train", "--data", "x", "--out", "y", "--seeds", given])
    assert stopped.value.code == 2
    assert "--seeds" in capsys.readouterr().err


def test_seeds_do_not_go_with_resume(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--resume", "x", "--seeds", "0-1"]) == 4
    assert "either --seeds or --folds, with --data and --out" in capsys.readouterr().err
