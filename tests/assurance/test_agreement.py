"""Identical, within tolerance, or different."""

from typing import Any

import pytest

from pneumoscope.assurance.agreement import Verdict, compare

SCREENED = {
    "status": "screened", "reason": None, "finding": "normal", "score": -1.0, "probability": 0.4,
    "viral_probability": 0.1, "remarks": [],
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, Verdict.IDENTICAL),
        ({"score": -1.009}, Verdict.WITHIN_TOLERANCE),
        ({"score": -1.009, "probability": 0.391, "viral_probability": 0.109}, Verdict.WITHIN_TOLERANCE),
        ({"score": -1.011}, Verdict.DIFFERENT),
        ({"probability": 0.42}, Verdict.DIFFERENT),
        ({"score": -1.001, "finding": "uncertain"}, Verdict.DIFFERENT),
        ({"score": None}, Verdict.DIFFERENT),
        ({"score": float("nan")}, Verdict.DIFFERENT),
        ({"remarks": ["no_window"]}, Verdict.DIFFERENT),
        ({"status": "not_assessed", "reason": "blank_image"}, Verdict.DIFFERENT),
    ],
)
def test_numbers_have_a_tolerance_and_decisions_have_none(change: dict[str, Any], verdict: Verdict) -> None:
    assert compare(SCREENED, SCREENED | change, 0.01) is verdict
    assert compare(SCREENED | change, SCREENED, 0.01) is verdict


def test_only_what_is_expected_is_compared() -> None:
    assert compare({"status": "screened"}, SCREENED, 0.01) is Verdict.IDENTICAL
