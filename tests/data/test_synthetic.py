"""Synthetic films: reproducible, equally sharp in every class, and with a signal that a simple model finds."""

import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from sklearn.linear_model import LogisticRegression

from pneumoscope.data import synthetic
from pneumoscope.data.layout import load
from pneumoscope.decision.labels import CLASSES

SAMPLES = Path(str(files("pneumoscope") / "samples"))


@pytest.fixture(scope="module")
def drawn() -> dict[str, NDArray[np.uint8]]:
    rng = np.random.default_rng(11)
    return {kind: np.stack([synthetic.draw(kind, rng) for _ in range(60)]) for kind in CLASSES}


def sharpness(film: NDArray[np.uint8]) -> float:
    """Mean absolute second difference: what a blurred film has little of."""
    return float(np.abs(np.diff(film.astype(float), n=2, axis=0)).mean())


@pytest.mark.parametrize("kind", CLASSES)
def test_the_seed_decides_the_film(kind: str) -> None:
    film, again, other = (synthetic.draw(kind, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert film.shape == (224, 224)
    assert film.dtype == np.uint8
    np.testing.assert_array_equal(film, again)
    assert np.abs(film.astype(int) - other).mean() > 5


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="normal, bacterial, viral"):
        synthetic.draw("fungal", np.random.default_rng(0))


def test_a_film_has_the_greys_of_a_chest(drawn: dict[str, NDArray[np.uint8]]) -> None:
    mean = drawn["normal"].mean(axis=0)
    spine, right_lung, left_lung = mean[60:120, 105:118], mean[60:120, 55:75], mean[60:120, 155:175]
    assert spine.mean() > right_lung.mean() + 30
    assert spine.mean() > left_lung.mean() + 30


def test_every_film_says_that_it_is_synthetic(drawn: dict[str, NDArray[np.uint8]]) -> None:
    films = np.concatenate(list(drawn.values()))
    corner = films[:, 212:221, 161:221]
    assert (corner == corner[0]).all()
    assert (corner[0] > 200).sum() > 50
    assert (corner[0] == 0).sum() > 200


def test_sharpness_does_not_give_the_class_away(drawn: dict[str, NDArray[np.uint8]]) -> None:
    means = [np.mean([sharpness(film) for film in films]) for films in drawn.values()]
    assert max(means) / min(means) < 1.2


def test_a_simple_model_tells_the_classes_apart(drawn: dict[str, NDArray[np.uint8]]) -> None:
    thumbnails = np.array(
        [
            np.asarray(Image.fromarray(film).reduce(14), float).ravel() / 255
            for films in drawn.values()
            for film in films
        ]
    )
    classes = np.repeat(np.arange(3), 60)
    fitting = np.arange(180) % 2 == 0
    model = LogisticRegression(C=0.1, max_iter=500).fit(thumbnails[fitting], classes[fitting])
    found = model.predict(thumbnails[~fitting])
    truth = classes[~fitting]
    assert np.mean((found > 0) == (truth > 0)) > 0.8
    assert np.mean(found == truth) > 0.55


def test_the_dataset_reads_like_the_public_release(tmp_path: Path) -> None:
    synthetic.write_dataset(tmp_path, per_class=2, seed=5)
    films = load(tmp_path)
    assert len(films) == 18
    for split in ("train", "val", "test"):
        kinds = [CLASSES[film.classes.index(True)] for film in films if film.split == split]
        assert sorted(kinds) == sorted(CLASSES * 2)
    assert len({film.patient for film in films}) == 18
    assert {film.patient.rpartition("/")[0] for film in films} == {
        "normal/IM", "normal/NORMAL2-IM", "pneumonia/bacterial", "pneumonia/viral",
    }  # fmt: skip


def test_the_same_seed_writes_the_same_dataset(tmp_path: Path) -> None:
    for name in ("one", "two"):
        synthetic.write_dataset(tmp_path / name, per_class=1, seed=9)
    one, two = ({path.name: path.read_bytes() for path in (tmp_path / name).rglob("*.png")} for name in ("one", "two"))
    assert one == two


def test_the_stored_model_is_small() -> None:
    assert synthetic.MODEL.stat().st_size < 1.5e6


def test_the_bundled_samples_are_the_ones_written_down() -> None:
    report = json.loads((SAMPLES / "samples.json").read_text())
    assert set(report["samples"]) == {path.name for path in SAMPLES.glob("*.png")}
    assert "no patient" in report["notice"]
    for name, sample in report["samples"].items():
        assert sample["made_as"] in CLASSES
        assert (SAMPLES / name).stat().st_size < 60_000


def test_no_bundled_sample_is_a_real_film() -> None:
    """No sample comes as close to a real film as the closest twentieth of real films to another patient's."""
    report = json.loads((SAMPLES / "samples.json").read_text())
    between = report["train_films"]["between_patients"]
    assert set(between) == {"whole", "detail"}
    for sample in report["samples"].values():
        assert all(sample["nearest_train_film"][measure] < between[measure]["p95"] for measure in between)
