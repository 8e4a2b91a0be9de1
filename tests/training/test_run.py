"""The path from films to findings, as commands, with a kill in its middle; and what is refused."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from limits import files_of_at_most
from runs import SEED, Command, SmokeRun, epochs, numbers, read_json, read_logits

from pneumoscope.cli import main
from pneumoscope.data.layout import load
from pneumoscope.data.manifest import write_manifest
from pneumoscope.errors import DataError
from pneumoscope.files import sha256
from pneumoscope.network.backend import import_keras
from pneumoscope.release.card import describe_preprocessing
from pneumoscope.screening.screener import Screener
from pneumoscope.training.config import Setting
from pneumoscope.training.loop.guard import CollapseError
from pneumoscope.training.loop.listener import Listener
from pneumoscope.training.loop.teacher import Teacher
from pneumoscope.training.loop.validation import predict
from pneumoscope.training.radiographs.packing import pack
from pneumoscope.training.radiographs.table import load_training_table, narrow, take_side
from pneumoscope.training.recipes import RECIPES
from pneumoscope.training.run import RESULT, train
from pneumoscope.training.run_folder import load_finished, load_model

SMOKE = RECIPES["smoke"]
FINISHED = {
    "checksums.json",
    "config.json",
    "history.json",
    "model.weights.h5",
    "split.csv",
    "validation.csv",
    "validation.npz",
}
ROWS = [
    *((0, "frozen", epoch) for epoch in (1, 2, 3)),
    *((member, "unfrozen", epoch) for member in (0, 1, 2) for epoch in (1, 2)),
    (0, RESULT, 1),
]


@pytest.mark.slow
def test_a_run_killed_inside_a_member_is_resumed_to_its_end(smoke: SmokeRun) -> None:
    assert (smoke.killed_at["member"], smoke.killed_at["epoch"]) == (1, 1)
    assert smoke.resumed.returncode == 0, smoke.resumed.stderr
    assert {path.name for path in smoke.folder.iterdir()} == FINISHED
    assert epochs(smoke.folder) == ROWS
    assert np.isfinite(np.concatenate([np.ravel(row) for row in numbers(smoke.folder)])).all()


@pytest.mark.slow
def test_a_run_says_how_long_it_will_take_and_how_it_goes(smoke: SmokeRun) -> None:
    whole, rest = (
        re.search(r"^smoke: about (\d+) (s|min) here$", said, re.MULTILINE)
        for said in (smoke.first, smoke.resumed.stderr)
    )
    assert whole
    assert rest
    assert re.search(r"^unfrozen epoch 2: loss .* AUC .* \| validation loss", smoke.first, re.MULTILINE)
    assert re.search(r"^member 2, unfrozen epoch 2: loss", smoke.resumed.stderr, re.MULTILINE)
    assert re.search(rf"^{RESULT}: validation loss", smoke.resumed.stderr, re.MULTILINE)
    assert f"next: pneumoscope report {smoke.folder}" in smoke.resumed.stderr
    assert smoke.resumed.stdout == ""


@pytest.mark.slow
def test_it_ends_as_a_run_that_was_never_interrupted(smoke: SmokeRun, tmp_path: Path) -> None:
    keras, rows = import_keras(), []
    policy = keras.config.dtype_policy().name
    train(
        Setting(smoke.data, SMOKE, SEED, None, tmp_path / "cache"), tmp_path / "run", Listener(epoch_ended=rows.append)
    )
    assert keras.config.dtype_policy().name == policy
    assert len(rows) == len(ROWS)  # every epoch is told when it ends
    assert epochs(tmp_path / "run") == epochs(smoke.folder)
    for mine, resumed in zip(numbers(tmp_path / "run"), numbers(smoke.folder), strict=True):
        np.testing.assert_allclose(mine, resumed, rtol=1e-3, atol=1e-4)
    logits = read_logits(smoke.folder)
    np.testing.assert_allclose(read_logits(tmp_path / "run"), logits, rtol=1e-3, atol=1e-3 * np.abs(logits).max())


@pytest.mark.slow
def test_a_finished_folder_tells_all(smoke: SmokeRun) -> None:
    config = load_finished(smoke.folder).config
    assert (config.state, config.seed, config.imagenet_sha256, config.recipe) == ("finished", SEED, None, SMOKE)
    assert config.radiographs == {"train": 36, "val": 36}
    assert {"python", "keras", "numpy"} <= set(config.versions)
    assert sorted(labelled.split for labelled in load(smoke.folder / "split.csv")) == ["train"] * 36 + ["val"] * 36
    digests = read_json(smoke.folder / "checksums.json")
    assert digests == {name: sha256(smoke.folder / name) for name in digests}
    assert FINISHED - {"checksums.json", "config.json"} == set(digests)


@pytest.mark.slow
def test_the_kept_logits_are_of_the_kept_weights_at_the_size_of_inference(smoke: SmokeRun, tmp_path: Path) -> None:
    run = load_finished(smoke.folder)
    table = narrow(load_training_table(smoke.data, SEED), SMOKE)
    held_out = take_side(table, "val")
    answers = predict(load_model(run), pack(held_out, tmp_path, Listener().progress), 64, Listener().progress)
    by_path = {labelled.path: logits for labelled, logits in zip(held_out.values(), answers, strict=True)}
    expected = np.stack([by_path[labelled.path] for labelled in run.radiographs])
    np.testing.assert_allclose(run.logits, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


@pytest.mark.slow
def test_the_bundle_answers_as_keras_did(smoke: SmokeRun, bundle: Path) -> None:
    run = load_finished(smoke.folder)
    answers = np.stack(list(Screener(bundle).predict(labelled.path for labelled in run.radiographs)))
    np.testing.assert_allclose(answers, run.logits, rtol=1e-3, atol=1e-3 * np.abs(run.logits).max())


@pytest.mark.slow
def test_the_bundle_tells_where_it_comes_from(smoke: SmokeRun, bundle: Path) -> None:
    card, config = Screener(bundle).card, load_finished(smoke.folder).config
    assert (card.name, card.version) == ("smoke", "0.0.1")
    assert card.training.items() >= config.provenance().items()
    assert card.training.keys() - config.provenance().keys() == {"data", "trial"}
    assert card.preprocessing == describe_preprocessing(SMOKE)
    assert "The network reads it at 64 pixels." in card.preprocessing
    assert str(smoke.data) not in card.to_json()


@pytest.mark.slow
def test_the_bundle_screens_and_is_evaluated_and_reported(
    smoke: SmokeRun, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["screen", str(smoke.data / "test"), "--bundle", str(bundle), "--json"]) == 0
    results = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(results) == 60
    assert len({result["probability"] for result in results}) > 50
    assert all((r["finding"] == "pneumonia") == (r["probability"] >= r["threshold"]) for r in results)

    evaluated = ["--split", "test", "--bundle", str(bundle), "--json", "--out", str(tmp_path / "evaluation")]
    assert main(["evaluate", "--data", str(smoke.data), *evaluated]) == 0
    assert json.loads(capsys.readouterr().out)["bundle_sha256"] == sha256(bundle)

    both = ["--out", str(tmp_path / "both"), "--with", str(tmp_path / "evaluation" / "report.json")]
    assert main(["report", str(smoke.folder), *both]) == 0
    page = Path(capsys.readouterr().out.strip())
    assert page.parent == tmp_path / "both"
    assert "<!doctype html>" in page.read_text()
    history = read_json(page.with_suffix(".json"))["history"]
    assert [row["phase"] for row in history[-3:]] == ["member 2"] * 2 + [RESULT]


def _copy(run: Path, to: Path) -> Path:
    """A copy of a run folder that shares its files; replace one before changing it."""
    return Path(shutil.copytree(run, to, copy_function=os.link))


@pytest.mark.slow
def test_resuming_a_finished_run_says_so_and_leaves_it_alone(
    smoke: SmokeRun, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in smoke.folder.iterdir()}
    assert main(["train", "--resume", str(smoke.folder)]) == 2
    assert "this run is finished" in capsys.readouterr().err
    assert {path.name: path.stat().st_mtime_ns for path in smoke.folder.iterdir()} == before


@pytest.mark.slow
def test_export_and_report_need_no_film(
    smoke: SmokeRun, dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    away = dataset.rename(dataset.with_name("away"))
    try:
        assert main(["export", str(smoke.folder), "--out", str(tmp_path / "model.onnx")]) == 0
        told = capsys.readouterr().err
        assert main(["report", str(smoke.folder), "--out", str(tmp_path / "report")]) == 0
    finally:
        away.rename(dataset)
    assert main(["selftest", "--bundle", str(tmp_path / "model.onnx")]) == 0  # export seals what it writes
    assert "recipe smoke" in told
    assert "the card does not say whom the films show; say it: --population" in told
    assert "the card states no licence of the model; state one: --licence" in told
    assert "film not at hand" in (tmp_path / "report" / "report.html").read_text()
    assert "Whom they show is not stated." in (tmp_path / "report" / "model-card.md").read_text()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for another process, and no locks")
def test_a_run_is_alone_in_its_folder_and_says_how_to_go_on_when_it_is_stopped(
    dataset: Path, environment: dict[str, str], command: Command, tmp_path: Path
) -> None:
    folder = tmp_path / "my run"
    line = [sys.executable, "-m", "pneumoscope", "train", "--data", dataset, "--out", folder, "--smoke"]
    with subprocess.Popen(line, env=environment, stderr=subprocess.PIPE, text=True) as first:
        said = []
        while not said or not said[-1].startswith("frozen epoch 3"):
            said.append(next(first.stderr))
        first.send_signal(signal.SIGSTOP)  # it still holds its folder, however slow the second is
        second = command("train", "--resume", folder)
        first.send_signal(signal.SIGCONT)
        first.send_signal(signal.SIGINT)
        said += first.stderr.readlines()
    assert second.returncode == 2
    assert re.fullmatch(rf"pneumoscope: {folder}: process {first.pid} on .* is at work here.*\n", second.stderr)
    assert first.returncode == 130
    told = [row for row in said if row.startswith(("smoke", "frozen"))]  # a slow machine tells of its progress too
    assert [row.partition(":")[0] for row in told] == ["smoke", *(f"frozen epoch {n}" for n in (1, 2, 3))]
    assert all(re.search(r"\| about \d+ (s|min) left$", row) for row in told[1:])
    assert said[-2] == f"pneumoscope: what is done is kept; go on with: pneumoscope train --resume '{folder}'\n"
    assert said[-1] == "pneumoscope: interrupted\n"
    assert not (folder / "run.lock").exists()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_a_run_on_a_full_disk_ends_in_one_sentence(dataset: Path, environment: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "run"
    line = [sys.executable, "-m", "pneumoscope", "train", "--data", dataset, "--out", folder, "--smoke"]
    with files_of_at_most(20_000_000):  # more than the packed films take, and less than a checkpoint
        ended = subprocess.run(line, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 4
    assert ended.stderr.splitlines()[-1] == (
        f"pneumoscope: {folder / 'checkpoint.npz'}: File too large; free some space or mend the folder. "
        f"What is done is kept; go on then with: pneumoscope train --resume {folder}"
    )
    assert "Traceback" not in ended.stderr
    assert {path.name for path in folder.iterdir()} == {"config.json", "history.json"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["validation.npz", "history.json", "split.csv"])
def test_a_run_that_changed_since_is_refused(smoke: SmokeRun, tmp_path: Path, name: str) -> None:
    folder = _copy(smoke.folder, tmp_path / "run")
    (folder / name).unlink()
    (folder / name).write_text("something else")
    with pytest.raises(DataError, match=f"{name}: changed since the run finished"):
        load_finished(folder)


@pytest.mark.slow
def test_a_run_that_diverges_is_stopped_and_says_so_in_its_folder(dataset: Path, tmp_path: Path) -> None:
    reckless = replace(SMOKE, head=None, finetuning=(replace(SMOKE.finetuning[0], learning_rate=1e8),))
    with pytest.raises(CollapseError) as caught:
        train(Setting(dataset, reckless, SEED, None, tmp_path / "cache"), tmp_path / "run")
    for refuse in (["report", str(tmp_path / "run")], ["train", "--resume", str(tmp_path / "run")]):
        assert main(refuse) == 2
    with pytest.raises(DataError, match="this run is collapsed") as refused:
        load_finished(tmp_path / "run")
    assert str(caught.value) in str(refused.value)


@pytest.mark.slow
def test_the_network_that_a_run_starts_from_teaches_the_source_of_the_recipe(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    films = [
        replace(film, source=("home", "away")[n % 2]) for n, film in enumerate(load(dataset)) if film.split != "test"
    ]
    write_manifest(films, tmp_path / "films.csv")
    taught = []

    class Heard(Teacher):
        def __call__(self, x: np.ndarray, targets: np.ndarray, sources: np.ndarray) -> np.ndarray:
            mixed = super().__call__(x, targets, sources)
            taught.append((self, sources, targets, mixed))
            return mixed

    monkeypatch.setattr("pneumoscope.training.run.Teacher", Heard)
    recipe = replace(SMOKE, head=None, averaging=None, batchnorm=False, distilled="home", limit=None)
    train(Setting(tmp_path / "films.csv", recipe, SEED, None, tmp_path / "cache"), tmp_path / "run")
    sources = np.concatenate([one[1] for one in taught])
    before, after = (np.concatenate([one[place] for one in taught]) for place in (2, 3))
    changed = (before != after).any(axis=1)
    assert set(sources[changed]) == {"home"}
    assert changed[sources == "home"].all()
    np.testing.assert_allclose(after[changed].sum(axis=1), 1, rtol=1e-5)
    trained = load_model(load_finished(tmp_path / "run")).get_layer("head_cam").get_weights()[0]
    assert (taught[0][0].model.get_layer("head_cam").get_weights()[0] != trained).any()


def test_radiographs_of_one_class_cannot_be_trained_on(dataset: Path, tmp_path: Path) -> None:
    for split in ("train", "val"):
        shutil.copytree(dataset / split / "NORMAL", tmp_path / "films" / split / "NORMAL")
    with pytest.raises(DataError, match="needs normal and pneumonia films"):
        train(Setting(tmp_path / "films", SMOKE, SEED, None, tmp_path / "cache"), tmp_path / "run")
    assert not (tmp_path / "run").exists()
