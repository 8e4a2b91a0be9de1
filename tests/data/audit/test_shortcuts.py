import sys

import numpy as np
import pytest

from pneumoscope.data.audit.shortcuts import (
    Reference,
    View,
    blurred,
    border,
    laplacian_variance,
    measure,
    views,
)
from pneumoscope.errors import MissingExtraError


def _reference(count: int = 200, test: int = 60) -> Reference:
    rng = np.random.default_rng(5)
    splits = np.arange(count) >= count - test
    return Reference(
        positive=rng.random(count) < 0.6, patients=[f"p{row // 2}" for row in range(count)], train=~splits, test=splits
    )


def _films(reference: Reference, *, frame: float = 0.0, middle: float = 0.0) -> np.ndarray:
    """Noise films; pneumonias are brighter by ``frame`` in the outer 5 pixels and by ``middle`` inside."""
    rng = np.random.default_rng(6)
    count = len(reference.positive)
    inside = np.zeros((64, 64), dtype=bool)
    inside[5:-5, 5:-5] = True
    lift = np.where(inside, middle, frame) * reference.positive[:, None, None]
    return np.clip(rng.normal(100, 25, (count, 64, 64)) + lift, 0, 255).astype(np.uint8)


def _view(name: str, reference: Reference, thumbnails: np.ndarray) -> View:
    count = len(reference.positive)
    seen = views(thumbnails, np.full(count, 9), np.full((count, 2), 224), np.zeros(count))
    return next(view for view in seen if view.name == name)


def test_border_keeps_only_the_frame() -> None:
    film = np.full((1, 64, 64), 7, dtype=np.uint8)

    framed = border(film)[0]

    assert np.array_equal(np.flatnonzero(framed[32]), [0, 1, 2, 3, 4, 59, 60, 61, 62, 63])
    assert (framed[:5] == 7).all()
    assert (film == 7).all(), "the films themselves stay as they are"


def test_blurred_averages_blocks() -> None:
    film = np.zeros((1, 64, 64), dtype=np.uint8)
    film[0, 8:16, 16:20] = 200

    small = blurred(film)[0]

    assert small.shape == (8, 8)
    assert small[1, 2] == 100
    assert small.sum() == 100


def test_sharpness_of_a_known_picture_and_after_blurring() -> None:
    dot = np.zeros((5, 5), dtype=np.uint8)
    dot[2, 2] = 1
    assert laplacian_variance(dot) == pytest.approx(np.var([0, 1, 0, 1, -4, 1, 0, 1, 0]))

    checks = np.indices((32, 32)).sum(axis=0) % 2 * np.uint8(200)
    assert laplacian_variance(checks.astype(np.uint8)) > 100 * laplacian_variance(
        np.full((32, 32), 100, dtype=np.uint8)
    )


def test_a_bright_frame_is_caught_by_the_border_and_a_bright_middle_is_not() -> None:
    reference = _reference()

    caught = measure(_view("border", reference, _films(reference, frame=12)), reference)
    innocent = measure(_view("border", reference, _films(reference, middle=12)), reference)

    assert caught.alarming
    assert caught.train_auc > 0.95
    assert caught.test_auc > 0.95
    assert not innocent.alarming
    assert abs(innocent.train_auc - 0.5) < 0.15


def test_a_coarse_difference_is_caught_by_the_blurred_thumbnail() -> None:
    reference = _reference()
    assert measure(_view("blurred", reference, _films(reference, middle=3)), reference).train_auc > 0.9


def test_a_single_value_is_ranked_in_the_direction_of_the_reference() -> None:
    reference = _reference()
    size = np.where(reference.positive, 1000, 2000).astype(float)
    size[reference.test] = 3000 - size[reference.test]  # the other way round on test

    found = measure(View("file_size", size[:, None]), reference)

    assert (found.train_auc, found.test_auc, found.higher_is) == (1.0, 0.0, "normal")
    assert found.alarming


def test_cross_validation_keeps_a_patient_in_one_fold() -> None:
    """Each patient has a mark of its own, which tells the label only to who has seen another film of that patient."""
    rng = np.random.default_rng(1)
    people, films_each = 40, 5
    marks = rng.normal(size=(people, 200))
    positive = np.repeat(rng.random(people) < 0.5, films_each)
    values = np.repeat(marks, films_each, axis=0) + rng.normal(scale=0.01, size=(people * films_each, 200))
    nobody = np.zeros(len(positive), dtype=bool)
    names = [str(person) for person in np.repeat(np.arange(people), films_each)]

    by_patient = measure(View("border", values), Reference(positive, names, ~nobody, nobody))
    by_film = measure(View("border", values), Reference(positive, [str(i) for i in range(200)], ~nobody, nobody))

    assert by_film.train_auc > 0.99
    assert by_patient.train_auc < 0.75
    assert by_patient.test_auc is None


def test_what_cannot_be_measured_is_none() -> None:
    one_class = Reference(np.ones(9, dtype=bool), list("abcdefghi"), np.ones(9, dtype=bool), np.zeros(9, dtype=bool))
    assert measure(View("file_size", np.arange(9.0)[:, None]), one_class).train_auc is None

    few = Reference(np.arange(9) % 2 == 0, list("aaaabbbbc"), np.ones(9, dtype=bool), np.zeros(9, dtype=bool))
    assert measure(View("blurred", np.random.default_rng(0).normal(size=(9, 4))), few).train_auc is None


def test_dimensions_are_a_view_only_where_they_differ() -> None:
    films, sizes = np.zeros((4, 64, 64), dtype=np.uint8), np.arange(4)
    alike = np.full((4, 2), 224)
    wide = alike.copy()
    wide[1] = (224, 448)

    assert "dimensions" not in {view.name for view in views(films, sizes, alike, sizes.astype(float))}
    seen = {view.name: view.values for view in views(films, sizes, wide, sizes.astype(float))}
    assert seen["dimensions"][1] == pytest.approx([np.log(224), np.log(448), np.log(2)])


def test_missing_scikit_learn_is_named(monkeypatch) -> None:
    for name in [name for name in sys.modules if name == "sklearn" or name.startswith("sklearn.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn", None)

    with pytest.raises(MissingExtraError, match=r"pneumoscope\[evaluate\]"):
        measure(View("file_size", np.arange(200.0)[:, None]), _reference())
