"""Runs that leave a block out, and the mean of their weights."""

import json
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.Image import Resampling
from runs import silent

from pneumoscope.cli import main
from pneumoscope.data.layout import load
from pneumoscope.errors import TrainingError
from pneumoscope.imaging import read, to_input
from pneumoscope.imaging.lung_field import covered
from pneumoscope.network.backend import import_keras
from pneumoscope.release.freeze import OUTLINED
from pneumoscope.screening.screener import Screener
from pneumoscope.training.augment import Augmentation
from pneumoscope.training.average import average, measure_batchnorm
from pneumoscope.training.packing import PackedFilms, class_weights
from pneumoscope.training.recipe import recipe
from pneumoscope.training.run import Setting, load_finished, load_model, scored, train

SMOKE = recipe("smoke")
SMALL = 64
SHORT = replace(
    SMOKE,
    head=replace(SMOKE.head, epochs=1),
    finetune=(replace(SMOKE.finetune[0], epochs=1),),
    ema=0.0,
    batchnorm=True,
    augmentation=Augmentation(lungs_alone=0.75),
    limit=6,
    scored_at=SMALL,
)


@pytest.fixture(scope="module")
def members(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    root = tmp_path_factory.mktemp("members")
    folders = [root / f"fold-{block}" for block in range(2)]
    for block, folder in enumerate(folders):
        train(Setting(dataset, SHORT, block, None, root / "cache", (block, 2)), folder, silent, silent)
    return folders


def test_a_block_that_is_left_out_is_scored_and_not_trained_on(members: list[Path]) -> None:
    left_out = [{film.path for film in scored(folder, "left-out")[0]} for folder in members]
    config = json.loads((members[0] / "config.json").read_text())
    assert not left_out[0] & left_out[1]
    assert len(left_out[0] | left_out[1]) == config["films"]["train"] + config["films"]["left-out"] == 18
    for folder, films in zip(members, left_out, strict=True):
        assert scored(folder, "left-out")[1].shape == (len(films), 3)
        assert not films & {film.path for film in load_finished(folder).films}


def test_both_folds_share_one_pack_and_its_films(members: list[Path]) -> None:
    packs = [path for path in (members[0].parent / "cache").glob("films-*.npy") if "features" not in path.name]
    assert len(packs) == 2


def test_the_statistics_of_the_mean_are_those_of_the_films_and_nothing_else_changes(members: list[Path]) -> None:
    model = load_model(load_finished(members[0]))
    pixels = np.random.default_rng(0).integers(0, 255, (16, SMALL, SMALL)).astype(np.uint8)
    targets = np.eye(3, dtype=np.float32)[[0, 1] * 8]
    films = PackedFilms(pixels, targets, class_weights(targets))
    how = replace(SHORT, augmentation=Augmentation((1.0, 1.0), sharpness=0.0))
    before = {weight.path: np.asarray(weight) for weight in model.weights}
    measure_batchnorm(model, films, how, silent)
    after = {weight.path: np.asarray(weight) for weight in model.weights}
    changed = {path.rsplit("/")[-1] for path in before if (before[path] != after[path]).any()}
    assert changed == {"moving_mean", "moving_variance"}

    inputs = model.get_layer("conv1_bn").input
    found = import_keras().Model(model.input, inputs)
    batches = [x for x, _, _ in films.augmented(SMALL, how.batch, how.augmentation, (0,))]
    assert len(batches) == 2
    seen = np.mean(
        [np.asarray(found.predict_on_batch(x), dtype=np.float32).mean(axis=(0, 1, 2)) for x in batches], axis=0
    )
    assert np.asarray(model.get_layer("conv1_bn").moving_mean) == pytest.approx(seen, rel=1e-3, abs=1e-2)


@pytest.fixture(scope="module")
def mean_folder(members: list[Path]) -> Path:
    out = members[0].parent / "mean"
    average(members, out, members[0].parent / "cache", silent)
    return out


def test_the_mean_of_two_runs_is_a_finished_run(members: list[Path], mean_folder: Path) -> None:
    mean, (first, second) = load_finished(mean_folder), (load_finished(folder) for folder in members)
    assert mean.films == first.films
    assert mean.config["films"] == {"train": 18, "val": 18}
    assert [member["seed"] for member in mean.config["mean_of"]] == [0, 1]
    assert mean.history[-1]["loss"] == pytest.approx((first.history[-1]["loss"] + second.history[-1]["loss"]) / 2)
    assert Counter(film.split for film in load(mean_folder / "split.csv")) == {"train": 18, "val": 18}
    triples = zip(*(load_model(run).weights for run in (mean, first, second)), strict=True)
    anew = set()
    for weights in triples:
        middle, one, other = map(np.asarray, weights)
        if not np.allclose(middle, (one + other) / 2, rtol=1e-3, atol=1e-6):
            anew.add(weights[0].path.rsplit("/")[-1])
    assert anew == {"moving_mean", "moving_variance"}
    assert not np.allclose(mean.logits, first.logits)
    out_of_fold, _ = scored(mean_folder, "left-out")
    assert {film.path for film in out_of_fold} == {film.path for f in members for film in scored(f, "left-out")[0]}


def test_the_head_is_fitted_to_films_as_the_network_reads_them(members: list[Path]) -> None:
    cache = members[0].parent / "cache"
    features = {path.name.partition("-features-")[2] for path in cache.glob("*-features-*.npy")}
    assert features
    assert all(name.startswith(f"{SMALL}-covered-") for name in features)


def test_small_covered_films_are_scored_so_and_the_bundle_reads_them_so(members: list[Path]) -> None:
    run = load_finished(members[0])
    pixels = [
        Image.fromarray(covered(to_input(read(film.path)))).resize((SMALL, SMALL), Resampling.BILINEAR)
        for film in run.films
    ]
    x = np.stack([np.asarray(film, dtype=np.float32)[..., None] for film in pixels])
    np.testing.assert_allclose(load_model(run).predict_on_batch(x), run.logits, atol=1e-3)
    bundle = members[0].parent / "bundle.onnx"
    assert main(["export", str(members[0]), "--out", str(bundle)]) == 0
    assert OUTLINED in Screener(bundle).card.limits
    answers = np.stack(list(Screener(bundle).predict([film.path for film in run.films])))
    whole = np.stack([to_input(read(film.path)) for film in run.films]).astype(np.float32)[..., None]
    far = np.abs(load_model(run).predict_on_batch(whole) - run.logits).max()
    assert np.abs(answers - run.logits).max() < 0.2 * far  # the graph does not round grey to 8 bits, training does


def test_a_run_goes_on_from_the_mean(dataset: Path, mean_folder: Path, tmp_path: Path) -> None:
    finish = replace(SHORT, head=replace(SHORT.head, epochs=0))
    setting = Setting(dataset, finish, 0, None, mean_folder.parent / "cache", start=mean_folder)
    train(setting, tmp_path / "run", silent, silent)
    finished, mean = load_finished(tmp_path / "run"), load_finished(mean_folder)
    assert finished.history[:-1] == mean.history
    assert [member["seed"] for member in finished.config["started_from"]["mean_of"]] == [0, 1]
    np.testing.assert_array_equal(scored(tmp_path / "run", "left-out")[1], scored(mean_folder, "left-out")[1])
    # Two steps at a very low rate: moved, and not far.
    moved = [np.abs(a - b).max() for a, b in zip(*(load_model(r).get_weights() for r in (finished, mean)), strict=True)]
    assert 0 < max(moved) < 0.1


def test_a_run_does_not_start_from_one_that_saw_its_left_out_films(members: list[Path], tmp_path: Path) -> None:
    config = json.loads((members[0] / "config.json").read_text())
    setting = Setting(Path(config["source"]), SHORT, 0, None, members[0].parent / "cache", (1, 2), start=members[0])
    with pytest.raises(TrainingError, match="may have seen what is held out here"):
        train(setting, tmp_path / "run", silent, silent)


def test_a_run_does_not_start_from_one_whose_draw_of_patients_was_another(dataset: Path, tmp_path: Path) -> None:
    shutil.copytree(dataset / "train", tmp_path / "films" / "train")
    setting = Setting(tmp_path / "films", replace(SHORT, limit=None), 0, None, tmp_path / "cache")
    train(setting, tmp_path / "run", silent, silent)
    with pytest.raises(TrainingError, match="may have seen what is held out here"):
        train(replace(setting, seed=1, start=tmp_path / "run"), tmp_path / "on", silent, silent)


def test_runs_of_two_recipes_have_no_mean(members: list[Path], tmp_path: Path) -> None:
    other = Path(shutil.copytree(members[1], tmp_path / "other"))
    config = json.loads((other / "config.json").read_text())
    config["recipe"]["batch"] += 1
    (other / "config.json").write_text(json.dumps(config))
    with pytest.raises(TrainingError, match="differ in recipe: their mean would mean nothing"):
        average([members[0], other], tmp_path / "mean", tmp_path, silent)
    assert not (tmp_path / "mean").exists()


def test_a_single_run_and_a_folder_in_use_are_refused(
    members: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["average", *map(str, members), "--out", str(tmp_path)]) == 4
    assert "exists; choose a new folder" in capsys.readouterr().err
    assert main(["average", str(members[0]), "--out", str(tmp_path / "new")]) == 4
    assert "at least two runs" in capsys.readouterr().err


def test_a_kept_run_has_the_scores_and_not_where_files_lay(
    members: list[Path], mean_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "experiments"))
    import records

    monkeypatch.setattr(records, "RUNS", tmp_path)
    records.keep(members[0], "folds/0")
    records.keep(mean_folder, "mean/0")
    films, logits = scored(members[0], "left-out")
    kept = records.scores("folds/0", "left-out")
    assert kept.films.tolist() == [film.path.name for film in films]
    assert kept.positive.tolist() == [film.positive for film in films]
    np.testing.assert_allclose(kept.logits, logits, atol=1e-4)
    assert len(records.scores("folds/0", "validation").films) == 18
    assert str(members[0].parent) not in "".join(path.read_text() for path in tmp_path.rglob("*.json"))
    assert "left-out" not in (tmp_path / "mean" / "0" / "scores.csv").read_text()
    assert records.kept("folds") == ["folds/0"]


def test_seeds_and_folds_exclude_each_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["train", "--data", str(tmp_path), "--out", str(tmp_path / "runs"), "--seeds", "0-1", "--folds", "2"]
    assert main(line) == 4
    assert "either --seeds or --folds" in capsys.readouterr().err
