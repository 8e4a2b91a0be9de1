"""Numbers never round to a perfection that was not reached."""

import pytest

from pneumoscope.evaluation.bootstrap import Estimate
from pneumoscope.evaluation.report.wording import both_text, interval_text, number, value_text


@pytest.mark.parametrize(
    ("value", "percent", "text"),
    [
        (0.98426, False, "0.984"),
        (0.98426, True, "98.4%"),
        (0.99968, False, "0.9997"),
        (0.99968, True, "99.97%"),
        (0.0001, True, "0.01%"),
        (1.0, True, "100.0%"),
        (0.0, False, "0.000"),
    ],
)
def test_number(value, percent, text):
    assert number(value, percent) == text


def test_texts():
    assert both_text("recall", Estimate(0.931, 0.9, 0.96)) == "93.1% (90.0 to 96.0%)"
    assert both_text("auc", Estimate(1.0, None, None)) == "1.000"
    assert value_text("auc", Estimate(None, None, None)) == "not defined: only one class"
    assert interval_text("auc", Estimate(None, None, None)) == ""
