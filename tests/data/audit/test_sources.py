from pathlib import Path

import numpy as np
import pytest

from pneumoscope.data.audit.shortcuts import View
from pneumoscope.data.audit.sources import sources
from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.decision.labels import Label


def _films(*groups: tuple[str, int, int]) -> list[LabelledRadiograph]:
    """Radiographs of each source: so many normals, so many pneumonias, each of a patient of its own."""
    films = []
    for source, normals, sick in groups:
        for number in range(normals + sick):
            label = Label.NORMAL if number < normals else Label.PNEUMONIA
            films.append(
                LabelledRadiograph(Path(f"{source}{number}"), label, None, f"{source}{number}", "train", source)
            )
    return films


def test_one_source_or_one_class_says_nothing() -> None:
    assert sources(_films(("a", 5, 5)), []) is None
    assert sources(_films(("a", 5, 0), ("b", 5, 0)), []) is None


def test_a_source_with_one_class_tells_the_class() -> None:
    found = sources(_films(("a", 30, 0), ("b", 0, 20)), [])
    assert found is not None
    assert (found.class_auc, found.counts, found.chance) == (1.0, {"a": (30, 0), "b": (0, 20)}, 0.5)


def test_equal_shares_tell_no_class() -> None:
    found = sources(_films(("a", 30, 15), ("b", 10, 5)), [])
    assert found is not None
    assert found.class_auc == pytest.approx(0.5)


def test_a_view_that_differs_tells_the_source_and_noise_does_not() -> None:
    films, rng = _films(("a", 60, 60), ("b", 30, 30), ("c", 30, 30)), np.random.default_rng(0)
    place = np.array([ord(film.source) for film in films], dtype=float)[:, None]
    noise = rng.normal(0, 1, (len(films), 2))
    found = sources(films, [View("shows", np.hstack([place, noise])), View("hides", noise)])
    assert found is not None
    assert (found.told["shows"] or 0) > 0.9
    assert 0.15 < (found.told["hides"] or 0) < 0.5


def test_too_few_patients_cannot_be_cross_validated() -> None:
    found = sources(_films(("a", 10, 10), ("b", 1, 2)), [View("any", np.zeros((23, 1)))])
    assert found is not None
    assert found.told == {"any": None}
