"""The path from films to findings, as commands; a kill in its middle; and what is refused."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from runs import SEED, Command, SmokeRun, silent

from pneumoscope.cli import main
from pneumoscope.data.layout import load, sha256
from pneumoscope.errors import DataError, TrainingError
from pneumoscope.imaging import read, to_input
from pneumoscope.screening.screener import Screener
from pneumoscope.training.guard import CollapseError
from pneumoscope.training.recipe import recipe
from pneumoscope.training.run import Setting, load_finished, load_model, train

FINISHED = {
    "checksums.json",
    "config.json",
    "history.json",
    "model.weights.h5",
    "split.csv",
    "validation.csv",
    "validation.npz",
}


def _json(path: Path) -> Any:
    return json.loads(path.read_text())


def _epochs(folder: Path) -> list[tuple[str, int]]:
    return [(row["phase"], row["epoch"]) for row in _json(folder / "history.json")]


def _numbers(folder: Path) -> list[list[float]]:
    """Every loss, AUC and rate of the history, row by row."""
    rows = _json(folder / "history.json")
    return [[row[key] for key in sorted(row) if key not in ("phase", "epoch", "seconds")] for row in rows]


def test_a_smoke_run_leaves_a_folder_that_tells_all(smoke: SmokeRun) -> None:
    assert {path.name for path in smoke.folder.iterdir()} == FINISHED
    config = _json(smoke.folder / "config.json")
    assert (config["state"], config["seed"], config["imagenet_sha256"]) == ("finished", SEED, None)
    assert config["films"] == {"train": 36, "val": 36}
    assert {"python", "keras", "numpy"} <= set(config["versions"])
    assert len(load(smoke.folder / "split.csv")) == 72
    assert {film.split for film in load(smoke.folder / "split.csv")} == {"train", "val"}
    digests = _json(smoke.folder / "checksums.json")
    assert digests == {name: sha256(smoke.folder / name) for name in digests}
    assert FINISHED - {"checksums.json", "config.json"} == set(digests)


def test_a_smoke_run_has_a_row_for_every_epoch_and_says_it(smoke: SmokeRun) -> None:
    assert _epochs(smoke.folder) == [
        *(("frozen", epoch) for epoch in range(1, 6)),
        ("unfrozen", 1),
        ("unfrozen", 2),
    ]
    assert np.isfinite(_numbers(smoke.folder)).all()
    assert re.search(r"^unfrozen epoch 2: loss .* AUC .* \| validation", smoke.ended.stderr, re.MULTILINE)
    assert f"next: pneumoscope report {smoke.folder}" in smoke.ended.stderr
    assert smoke.ended.stdout == ""


def test_the_kept_logits_are_of_the_kept_weights_on_films_of_full_size(smoke: SmokeRun) -> None:
    run = load_finished(smoke.folder)
    films = np.stack([to_input(read(film.path)) for film in run.films])[..., None].astype(np.float32)
    assert films.shape == (36, 224, 224, 1)
    answers = np.asarray(load_model(run).predict_on_batch(films))
    np.testing.assert_allclose(run.logits, answers, rtol=1e-4, atol=1e-4 * np.abs(answers).max())


def test_the_report_of_a_run(smoke: SmokeRun, command: Command, tmp_path: Path) -> None:
    ended = command("report", smoke.folder, "--out", tmp_path / "report")
    assert ended.returncode == 0, ended.stderr
    page = Path(ended.stdout.strip())
    assert page.parent == tmp_path / "report"
    assert "<!doctype html>" in page.read_text()
    assert any(path.suffix == ".json" for path in page.parent.iterdir())


def test_films_are_screened_by_the_exported_bundle(smoke: SmokeRun, bundle: Path, command: Command) -> None:
    ended = command("screen", smoke.data / "test", "--bundle", bundle, "--json")
    assert ended.returncode == 0, ended.stderr
    results = [json.loads(line) for line in ended.stdout.splitlines()]
    assert len(results) == 60
    assert {result["status"] for result in results} == {"screened"}
    assert {result["finding"] for result in results} <= {"pneumonia", "normal"}
    assert len({result["probability"] for result in results}) > 50
    assert all(0 <= result["viral_probability"] <= result["probability"] <= 1 for result in results)
    assert all((r["finding"] == "pneumonia") == (r["probability"] >= r["threshold"]) for r in results)
    assert sha256(bundle) in ended.stdout.splitlines()[0]


def test_the_bundle_answers_as_keras_did(smoke: SmokeRun, bundle: Path) -> None:
    run = load_finished(smoke.folder)
    answers = np.stack(list(Screener(bundle).predict(film.path for film in run.films)))
    np.testing.assert_allclose(answers, run.logits, rtol=1e-4, atol=1e-4 * np.abs(run.logits).max())


def test_the_bundle_tells_where_it_comes_from(smoke: SmokeRun, bundle: Path) -> None:
    card, config = Screener(bundle).card, _json(smoke.folder / "config.json")
    assert (card.name, card.version) == ("smoke", "0.0.1")
    assert (card.training["fingerprint"], card.training["seed"]) == (config["fingerprint"], SEED)
    assert "source" not in card.training
    assert str(smoke.data) not in card.to_json()
    assert card.default_operating_point in {point["name"] for point in card.operating_points}


def test_the_bundle_is_evaluated(smoke: SmokeRun, bundle: Path, command: Command, tmp_path: Path) -> None:
    out = tmp_path / "evaluation"
    ended = command("evaluate", "--data", smoke.data, "--split", "test", "--bundle", bundle, "--json", "--out", out)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["bundle_sha256"] == sha256(bundle)
    assert (out / "report.html").exists()
    report = command("report", smoke.folder, "--out", tmp_path / "both", "--with", out / "report.json")
    assert report.returncode == 0, report.stderr
    assert (tmp_path / "both" / "report.html").exists()


def test_evaluating_a_split_that_is_not_there_is_refused(
    smoke: SmokeRun, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "--data", str(smoke.data), "--split", "dev", "--bundle", str(bundle)]) == 2
    assert "no film of split 'dev'" in capsys.readouterr().err


def test_a_killed_run_resumes_and_ends_as_if_never_interrupted(
    smoke: SmokeRun, environment: dict[str, str], command: Command, tmp_path: Path
) -> None:
    folder = tmp_path / "killed"
    line = [sys.executable, "-m", "pneumoscope", "train", "--data", str(smoke.data), "--out", str(folder)]
    with subprocess.Popen(
        [*line, "--smoke", "--seed", str(SEED)], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as victim:
        while victim.poll() is None and not _has_finetuned(folder):
            time.sleep(0.01)
        victim.send_signal(signal.SIGKILL)
    assert victim.returncode == -signal.SIGKILL
    assert _json(folder / "config.json")["state"] == "running"
    assert _epochs(folder)[-1] == ("unfrozen", 1)

    ended = command("train", "--resume", folder)
    assert ended.returncode == 0, ended.stderr
    assert {path.name for path in folder.iterdir()} == FINISHED
    assert _epochs(folder) == _epochs(smoke.folder)
    np.testing.assert_allclose(_numbers(folder), _numbers(smoke.folder), rtol=1e-4)
    with np.load(folder / "validation.npz") as resumed, np.load(smoke.folder / "validation.npz") as whole:
        np.testing.assert_allclose(resumed["logits"], whole["logits"], rtol=1e-3, atol=1e-3)


def _has_finetuned(folder: Path) -> bool:
    """Whether the first epoch after the frozen phase is in the history."""
    path = folder / "history.json"
    return path.exists() and any(row["phase"] == "unfrozen" for row in _json(path))


def _linked(run: Path, to: Path) -> Path:
    """A copy of a run folder that shares its files; replace one before changing it."""
    return Path(shutil.copytree(run, to, copy_function=os.link))


def _rewrite(path: Path, content: str) -> None:
    path.unlink()
    path.write_text(content)


def test_resuming_a_finished_run_says_so_and_leaves_it_alone(
    smoke: SmokeRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = _linked(smoke.folder, tmp_path / "run")
    assert main(["train", "--resume", str(folder)]) in (2, 4)
    assert "finished" in capsys.readouterr().err
    assert {path.name: sha256(path) for path in folder.iterdir()} == {
        path.name: sha256(path) for path in smoke.folder.iterdir()
    }


@pytest.mark.parametrize("arguments", [("train", "--resume"), ("report",), ("export", "--out", "b.onnx")], ids=" ".join)
def test_a_folder_without_a_run_is_refused(
    arguments: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, str(tmp_path / "absent")]) == 4
    assert re.search(r"absent: no training run here \(\w+\.json is missing\)", capsys.readouterr().err)


def test_a_run_is_not_written_over_other_files(
    smoke: SmokeRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    assert main(["train", "--data", str(smoke.data), "--out", str(tmp_path), "--smoke"]) == 4
    assert "is not empty; choose a new folder, or go on: --resume" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_run_is_not_written_over_a_file(dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    assert main(["train", "--data", str(dataset), "--out", str(tmp_path / "thesis.txt"), "--smoke"]) == 4
    assert "thesis.txt" in capsys.readouterr().err
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "give --data and --out for a new run, --refit RUN and --out to refit one, or --resume RUN"),
        (["--data", "D"], "give --data and --out"),
        (["--data", "D", "--out", "OUT", "--recipe", "secret", "--weights", "random"], "no recipe 'secret'"),
        (["--data", "D", "--out", "OUT", "--weights", "absent.h5"], "absent.h5: no such weights file"),
        (["--data", "D", "--out", "OUT", "--smoke"], "no such folder or manifest"),
    ],
)
def test_a_new_run_that_cannot_start_is_refused(
    options: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["train", *options]) in (2, 4)
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [(["--weights", "absent.h5"], "no such weights file"), (["--smoke"], "no such folder or manifest")],
    ids=["weights", "data"],
)
def test_a_start_that_was_refused_does_not_block_the_next(
    options: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert main(["train", "--data", "D", "--out", "OUT", *options]) in (2, 4)
        assert message in capsys.readouterr().err


@pytest.mark.parametrize("content", ["", '{"data": "D", "rec'])
def test_a_damaged_configuration_cannot_be_resumed(
    content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.json").write_text(content)
    assert main(["train", "--resume", str(tmp_path)]) == 4
    assert str(tmp_path) in capsys.readouterr().err


def test_an_unfinished_run_has_no_report_and_no_bundle(
    smoke: SmokeRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = _linked(smoke.folder, tmp_path / "run")
    _rewrite(folder / "config.json", json.dumps(_json(smoke.folder / "config.json") | {"state": "running"}))
    for arguments in (["report", str(folder)], ["export", str(folder), "--out", str(tmp_path / "b.onnx")]):
        assert main(arguments) == 4
        assert f"pneumoscope train --resume {folder}" in capsys.readouterr().err
    assert not (tmp_path / "b.onnx").exists()


@pytest.mark.parametrize("name", ["validation.npz", "history.json", "split.csv"])
def test_a_run_that_changed_since_is_refused(smoke: SmokeRun, tmp_path: Path, name: str) -> None:
    folder = _linked(smoke.folder, tmp_path / "run")
    _rewrite(folder / name, "something else")
    with pytest.raises(TrainingError, match=f"{name}: changed since the run finished"):
        load_finished(folder)


def _setting(smoke: SmokeRun, tmp_path: Path) -> Setting:
    return Setting(smoke.data, recipe("smoke"), SEED, None, tmp_path / "cache")


def test_a_folder_does_not_take_a_run_of_another_setting(smoke: SmokeRun, tmp_path: Path) -> None:
    folder = _linked(smoke.folder, tmp_path / "run")
    _rewrite(folder / "config.json", json.dumps(_json(smoke.folder / "config.json") | {"state": "running"}))
    other = replace(_setting(smoke, tmp_path), seed=SEED + 1, recipe=replace(recipe("smoke"), batch=4))
    with pytest.raises(TrainingError, match="holds a run with another recipe, seed; choose a new folder"):
        train(other, folder, silent, silent)
    fewer = tmp_path / "films"
    shutil.copytree(smoke.data, fewer)
    next((fewer / "train" / "NORMAL").iterdir()).unlink()
    with pytest.raises(TrainingError, match="another fingerprint"):
        train(replace(_setting(smoke, tmp_path), source=fewer), folder, silent, silent)


def test_a_run_stopped_while_finishing_goes_on_with_the_same_weights(smoke: SmokeRun, tmp_path: Path) -> None:
    folder, setting = tmp_path / "run", _setting(smoke, tmp_path)

    class PowerCut(Exception):  # noqa: N818
        """Nothing that the run would catch."""

    def cut(what: str, done: int, total: int) -> None:
        if what == "validating" and len(_json(folder / "history.json")) == 7:  # all epochs are done
            raise PowerCut

    with pytest.raises(PowerCut):
        train(setting, folder, cut, silent)
    assert _json(folder / "config.json")["state"] == "running"
    train(setting, folder, silent, silent)
    assert _epochs(folder) == _epochs(smoke.folder)
    resumed, whole = load_finished(folder), load_finished(smoke.folder)
    np.testing.assert_allclose(resumed.logits, whole.logits, rtol=1e-3, atol=1e-3)


def test_a_run_that_diverges_is_stopped_and_says_so_in_its_folder(smoke: SmokeRun, tmp_path: Path) -> None:
    calm = recipe("smoke")
    reckless = replace(
        calm, head=replace(calm.head, epochs=1), finetune=(replace(calm.finetune[0], learning_rate=1e8),)
    )
    with pytest.raises(CollapseError) as caught:
        train(replace(_setting(smoke, tmp_path), recipe=reckless), tmp_path / "run", silent, silent)
    config = _json(tmp_path / "run" / "config.json")
    assert (config["state"], config["explanation"]) == ("collapsed", str(caught.value))
    with pytest.raises(TrainingError, match="this run is collapsed"):
        load_finished(tmp_path / "run")


def test_films_of_one_class_cannot_be_trained_on(smoke: SmokeRun, tmp_path: Path) -> None:
    for split in ("train", "val"):
        shutil.copytree(smoke.data / split / "NORMAL", tmp_path / "films" / split / "NORMAL")
    with pytest.raises(DataError, match="needs normal and pneumonia films"):
        train(replace(_setting(smoke, tmp_path), source=tmp_path / "films"), tmp_path / "run", silent, silent)
