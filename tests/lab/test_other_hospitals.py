"""Counts by source, age and view; and the page holds the record."""

import json

import pytest

from experiments.other_hospitals.__main__ import PAGE, RECORD, Row, count, filled, measure


def row(positive: bool, called: bool | None, score: float, age: float | None = 30, view: str = "PA") -> Row:
    return Row("hospital", positive, age, view, called, None if called is None else score)


def test_the_page_holds_the_record() -> None:
    page, record = PAGE.read_text(encoding="utf-8"), json.loads(RECORD.read_text(encoding="utf-8"))
    assert filled(page, record) == page, "run: python -m experiments.other_hospitals"


def test_errors_are_counted_by_class_and_what_was_not_assessed_is_left_out() -> None:
    rows = [row(False, True, 2), row(False, False, -1), row(True, False, -2), row(True, True, 3), row(False, None, 0)]
    assert count(rows) == {"normals": 2, "false_alarms": 1, "pneumonias": 2, "missed": 1, "auc": 0.5}
    assert count(rows[:2]) == {"normals": 2, "false_alarms": 1, "pneumonias": 0, "missed": 0, "auc": None}


def test_a_small_group_is_left_out_and_an_unknown_age_is_in_no_group() -> None:
    rows = [row(False, False, -1, age=4) for _ in range(20)] + [row(False, True, 1, age=None, view="AP Supine")] * 19
    measured = {entry["group"]: entry for entry in measure(rows)}
    assert set(measured) == {"all", "under 6 years", "view PA"}
    assert measured["all"]["false_alarms"] == 19
    assert measured["under 6 years"]["normals"] == 20
    with pytest.raises(KeyError):
        _ = measured["view AP"]
