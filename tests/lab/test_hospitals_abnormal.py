"""Films that are abnormal and no pneumonia, beside the many hospitals."""

from pathlib import Path

import numpy as np
import pytest

from experiments.hospitals.checks import abnormal
from experiments.hospitals.checks.abnormal import abnormal_films, taught, told_apart
from experiments.hospitals.sources import Film
from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.decision.labels import Label

HEADER = "path,label,subtype,age,sex,view,patient,source,licence,note\n"


def test_they_bear_the_label_of_no_pneumonia_and_a_fifth_is_held_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [f"rsna_lungs/{n}.png,other_abnormal,,40,F,PA,p{n},rsna_lungs,free,\n" for n in range(200)]
    rows += ["rsna_lungs/a.png,normal,,40,F,PA,pa,rsna_lungs,free,\n", "nih/b.png,other_abnormal,,4,F,PA,b,nih,free,\n"]
    (tmp_path / "manifest.csv").write_text(HEADER + "".join(rows))
    monkeypatch.setattr(abnormal, "data", lambda folder: tmp_path)
    films = abnormal_films()
    assert len(films) == 200
    assert not any(film.labelled.positive for film in films)
    assert 25 <= sum(film.labelled.split == "val" for film in films) <= 55
    assert [film.labelled.split for film in abnormal_films()] == [film.labelled.split for film in films]


def _film(number: int, label: Label) -> Film:
    one = LabelledRadiograph(Path(f"{number}.png"), label, None, f"p{number}", "train", "nih_lungs")
    return Film(one, "rsna_lungs", "", None, False)


def test_a_head_that_is_taught_them_calls_fewer_of_them() -> None:
    rng = np.random.default_rng(0)
    films = [_film(n, (Label.NORMAL, Label.PNEUMONIA)[n % 2]) for n in range(200)]
    also = [_film(200 + n, Label.NORMAL) for n in range(100)]
    positive = np.array([film.labelled.positive for film in films])
    # Column 0 tells what is abnormal, column 1 what is a pneumonia, more faintly.
    features = np.column_stack([np.where(positive, 2, -2), np.where(positive, 1, -1)]) + rng.normal(0, 1, (200, 2))
    others = np.array([2, -1]) + rng.normal(0, 1, (100, 2))
    heads = taught(features, films, others, also, 0.001)
    called = {name: float((head.scores(others) > 0).mean()) for name, head in heads.items()}
    assert called["not"] > 0.6
    assert called["as no pneumonia"] < called["not"] - 0.2
    assert called["as a class of its own"] < called["not"] - 0.2
    assert heads["as a class of its own"].kernel.shape == (2, 4)
    found = {name: (head.scores(features[positive]) > 0).mean() for name, head in heads.items()}
    assert min(found.values()) > 0.7


def test_the_auc_is_of_pneumonias_against_the_others() -> None:
    found = told_apart(np.array([1.0, 2.0, 3.0]), np.array([0.0, 2.5]))
    assert found["value"] == pytest.approx(4 / 6)
