from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from sites import judged_film, make_films

from pneumoscope.assurance.site.films import (
    UNKNOWN,
    JudgedFilms,
    judged,
    named_groups,
    read_predictions,
    write_predictions,
)
from pneumoscope.data.labelled import LabelledRadiograph
from pneumoscope.decision.labels import Label
from pneumoscope.errors import DataError
from pneumoscope.imaging import Header, Reason
from pneumoscope.screening.result import ModelIdentity, ScreeningResult, Status


def test_predictions_come_back_to_the_last_bit(tmp_path: Path) -> None:
    films = make_films(20, 20)
    refused = judged_film(99, Label.NORMAL, None, reason=Reason.TRUNCATED, age_years=4.5, view="AP", device="room, 1")
    films = JudgedFilms((*films.films, refused))
    path = tmp_path / "predictions.csv"
    path.write_text(write_predictions(films))
    assert read_predictions(path) == films
    path.write_text("source,label\nx,perhaps\n")
    with pytest.raises(DataError, match="validate the films again"):
        read_predictions(path)


def test_spare_copies_count_once_and_contradictions_not_at_all() -> None:
    first = judged_film(1, Label.NORMAL, -1.0)
    copy = replace(first, source="/clinic/copy.png")
    films = JudgedFilms.of([first, copy, judged_film(2, Label.PNEUMONIA, 2.0)])
    assert (len(films.films), films.copies) == (2, 1)
    with pytest.raises(DataError, match="same file with different labels"):
        JudgedFilms.of([first, replace(copy, label=Label.PNEUMONIA)])
    with pytest.raises(DataError, match="nothing to measure"):
        JudgedFilms.of([judged_film(1, Label.NORMAL, None, reason=Reason.EMPTY)])


def test_a_patient_counts_by_its_worst_film() -> None:
    sick = [
        judged_film(n, Label.PNEUMONIA, score, patient=who)
        for n, (score, who) in enumerate([(3.0, "a"), (-1.0, "a"), (2.0, "b")])
    ]
    well = [judged_film(9 + n, Label.NORMAL, score, patient="c") for n, score in enumerate([-3.0, 0.5])]
    films = JudgedFilms.of([*sick, *well])
    expected = 1 / (1 + np.exp([1.0, -2.0]))
    np.testing.assert_allclose(films.extremes(positive=True), expected)
    np.testing.assert_allclose(films.extremes(positive=False), 1 / (1 + np.exp([-0.5])))


def test_the_list_goes_before_the_header(tmp_path: Path) -> None:
    header = Header(age_years=4.0, view="PA", device="device-0")
    model = ModelIdentity("tiny", "1", "0" * 64, "onnxruntime")
    result = ScreeningResult(None, None, Status.NOT_ASSESSED, model, "a", 0.5, 0.5, datetime.now(UTC), header)
    labelled = LabelledRadiograph(tmp_path, Label.NORMAL, None, "p", "all")
    plain = judged(labelled, result)
    assert (plain.age_years, plain.view, plain.device) == (4.0, "PA", "device-0")
    told = judged(replace(labelled, listed={" Age": "0.5", "VIEW": "ap", "device": "Room  1"}), result)
    assert (told.age_years, told.view, told.device) == (0.5, "AP", "Room 1")
    for wrong in ("four", "-1", "nan", "1990"):
        with pytest.raises(DataError, match="must be in years"):
            judged(replace(labelled, listed={"age": wrong}), result)


def test_groups_in_a_sensible_order() -> None:
    ages = [70, 0.5, None, 5.9, 6, 17]
    films = [judged_film(n, Label.NORMAL, 0.0, age_years=age, view=None if n else "PA") for n, age in enumerate(ages)]
    groups = named_groups(films)
    assert list(groups["age"]) == [
        "under 1 year", "1 to 5 years", "6 to 12 years", "13 to 17 years", "18 years and over", UNKNOWN,
    ]  # fmt: skip
    assert groups["view"] == {"PA": [0], UNKNOWN: [1, 2, 3, 4, 5]}
    assert groups["device"] == {UNKNOWN: list(range(6))}
