"""A run trained again on all of its films, and what must not be made of it."""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from runs import Command, SmokeRun, silent

from pneumoscope.cli import main
from pneumoscope.data.layout import load
from pneumoscope.errors import TrainingError
from pneumoscope.release.freeze import BORROWED, REFITTED, VALIDATION
from pneumoscope.screening.screener import Screener
from pneumoscope.training.average import average
from pneumoscope.training.run import Setting, load_finished, refitting, resumed, scored, train

sys.path.append(str(Path(__file__).parents[2] / "experiments"))

import held_out
import records


@pytest.fixture(scope="module")
def refit(smoke: SmokeRun, command: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("refit") / "all"
    ended = command("train", "--refit", smoke.folder, "--out", folder, "--seed", 5)
    assert ended.returncode == 0, ended.stderr
    assert "unfrozen epoch 2: loss" in ended.stderr
    assert "validation loss" not in ended.stderr, "films that are trained on are no validation"
    return folder


def test_it_trains_on_every_film_and_says_whose_run_it_stands_for(smoke: SmokeRun, refit: Path) -> None:
    run, before = load_finished(refit), load_finished(smoke.folder)
    assert run.refit
    assert not before.refit
    assert (run.config["films"], run.config["seed"]) == ({"train": 72}, 5)
    assert {film.split for film in load(refit / "split.csv")} == {"train"}
    weights = json.loads((smoke.folder / "checksums.json").read_text())["model.weights.h5"]
    assert run.config["refit_of"]["weights_sha256"] == weights
    assert json.loads((refit / "checksums.json").read_text())["model.weights.h5"] != weights
    assert len(run.history) == len(before.history)
    assert not any(key.startswith("val_") for row in run.history for key in row)


def test_its_thresholds_are_those_of_the_run_that_had_not_seen_the_validation_films(
    smoke: SmokeRun, refit: Path, bundle: Path, command: Command, tmp_path: Path
) -> None:
    np.testing.assert_array_equal(scored(refit, "validation")[1], scored(smoke.folder, "validation")[1])
    ended = command("export", refit, "--out", tmp_path / "refit.onnx")
    assert ended.returncode == 0, ended.stderr
    card, before = Screener(tmp_path / "refit.onnx").card, Screener(bundle).card
    assert card.operating_points == before.operating_points
    assert (card.validation["title"], before.validation["title"]) == (REFITTED, VALIDATION)
    assert (BORROWED in card.limits, BORROWED in before.limits) == (True, False)
    assert "refit" not in card.training
    assert str(smoke.folder) not in card.to_json()
    ended = command("report", refit, "--out", tmp_path / "report")
    assert ended.returncode == 0, ended.stderr
    assert REFITTED in (tmp_path / "report" / "report.html").read_text()


def test_its_network_is_not_the_one_whose_scores_it_keeps(refit: Path, tmp_path: Path) -> None:
    run = load_finished(refit)
    assert main(["export", str(refit), "--out", str(tmp_path / "refit.onnx")]) == 0
    answers = np.stack(list(Screener(tmp_path / "refit.onnx").predict(film.path for film in run.films)))
    assert np.abs(answers - run.logits).max() > 0.01


def test_an_interrupted_refit_goes_on_as_one(smoke: SmokeRun, tmp_path: Path) -> None:
    setting = refitting(smoke.folder, 5, tmp_path / "cache")

    class PowerCut(Exception):  # noqa: N818
        """Nothing that the run would catch."""

    def cut(history: list[dict[str, object]]) -> None:
        if history[-1]["phase"] == "unfrozen":
            raise PowerCut

    with pytest.raises(PowerCut):
        train(setting, tmp_path / "run", silent, cut)
    again = resumed(tmp_path / "run", tmp_path / "cache")
    assert (again.refit, again.seed) == (smoke.folder, 5)
    train(again, tmp_path / "run", silent, silent)
    assert load_finished(tmp_path / "run").config["films"] == {"train": 72}


def test_nothing_goes_on_from_it_that_would_be_validated_on_its_films(
    smoke: SmokeRun, refit: Path, tmp_path: Path
) -> None:
    setting = refitting(smoke.folder, 0, tmp_path / "cache")
    with pytest.raises(TrainingError, match="may have seen what is held out here"):
        train(replace(setting, refit=None, start=refit), tmp_path / "on", silent, silent)
    with pytest.raises(TrainingError, match="cannot be refitted so, for its refit_of"):
        train(replace(setting, refit=refit), tmp_path / "twice", silent, silent)
    with pytest.raises(TrainingError, match="was trained on the validation films too"):
        average([refit, smoke.folder], tmp_path / "mean", tmp_path / "cache", silent)
    assert not any((tmp_path / name).exists() for name in ("on", "twice", "mean"))


def test_a_run_that_went_on_is_refitted_from_the_refit_of_its_start(
    smoke: SmokeRun, refit: Path, tmp_path: Path
) -> None:
    on, cache = tmp_path / "on", tmp_path / "cache"
    first = refitting(smoke.folder, 0, cache)
    further = replace(first.recipe, head=replace(first.recipe.head, epochs=0))
    train(replace(first, refit=None, recipe=further, start=smoke.folder), on, silent, silent)
    for start in (None, smoke.folder):
        with pytest.raises(TrainingError, match="cannot be refitted so, for its start"):
            train(refitting(on, 0, cache, start), tmp_path / "all", silent, silent)
    with pytest.raises(TrainingError, match="cannot be refitted so, for its start"):
        train(refitting(smoke.folder, 0, cache, refit), tmp_path / "all", silent, silent)
    assert main(["train", "--refit", str(on), "--start", str(refit), "--out", str(tmp_path / "all")]) == 0
    run = load_finished(tmp_path / "all")
    assert (run.refit, run.config["films"]) == (True, {"train": 72})
    assert run.config["started_from"]["seed"] == 5
    np.testing.assert_array_equal(run.logits, load_finished(on).logits)
    assert len(run.history) == len(load_finished(on).history)


def test_a_run_on_other_films_or_by_another_recipe_does_not_stand_for_it(smoke: SmokeRun, tmp_path: Path) -> None:
    setting = refitting(smoke.folder, 0, tmp_path / "cache")
    other = replace(setting, recipe=replace(setting.recipe, batch=4))
    with pytest.raises(TrainingError, match="cannot be refitted so, for its recipe"):
        train(other, tmp_path / "run", silent, silent)
    fewer = Path(shutil.copytree(smoke.data, tmp_path / "films"))
    next((fewer / "val" / "NORMAL").iterdir()).unlink()
    with pytest.raises(TrainingError, match="cannot be refitted so, for its fingerprint"):
        train(replace(setting, source=fewer), tmp_path / "run", silent, silent)
    folds = Setting(setting.source, setting.recipe, 0, None, setting.cache, left_out=(0, 2), refit=smoke.folder)
    with pytest.raises(TrainingError, match="cannot be refitted so, for its left_out"):
        train(folds, tmp_path / "run", silent, silent)


@pytest.mark.parametrize("also", [["--data", "D"], ["--recipe", "lungs"], ["--weights", "random"], ["--smoke"]])
def test_films_and_recipe_are_not_given_twice(
    also: list[str], smoke: SmokeRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "--refit", str(smoke.folder), "--out", str(tmp_path / "run"), *also]) == 4
    assert "--refit takes films, recipe and weights from the run" in capsys.readouterr().err


def test_what_is_not_there_is_named(smoke: SmokeRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    for run in ("absent", "file"):
        assert main(["train", "--refit", str(tmp_path / run), "--out", str(tmp_path / "run")]) == 4
        assert f"{tmp_path / run}: no training run here" in capsys.readouterr().err
    assert main(["train", "--refit", str(smoke.folder), "--resume", str(tmp_path / "run")]) == 4
    assert "goes on with --resume alone" in capsys.readouterr().err
    moved = replace(refitting(smoke.folder, 0, tmp_path / "cache"), imagenet=tmp_path / "moved.h5")
    with pytest.raises(TrainingError, match=r"moved\.h5: the ImageNet weights that the run needs are not there"):
        train(moved, tmp_path / "run", silent, silent)


def test_nothing_measures_it_on_films_that_it_was_trained_on(
    refit: Path, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["export", str(refit), "--out", str(tmp_path / "refit.onnx")]) == 0
    assert held_out.session(bundle, 1).card.name == "smoke"
    with pytest.raises(TrainingError, match="measure the bundle of the run that it refits"):
        held_out.session(tmp_path / "refit.onnx", 1)
    monkeypatch.setattr(records, "RUNS", tmp_path / "records")
    assert {path.name for path in records.keep(refit, "refit").iterdir()} == {"config.json", "history.json"}
