"""The decision rule: what it holds, what it finds, and its numbers against a second way to compute them."""

import math
from dataclasses import replace

import numpy as np
import pytest

from pneumoscope.decision.calibration import Calibration
from pneumoscope.decision.labels import Finding
from pneumoscope.decision.operating_point import OperatingPoint, threshold_text
from pneumoscope.decision.prevalence import at_prevalence
from pneumoscope.decision.rule import CUSTOM, DecisionRule
from pneumoscope.errors import DataError

BALANCED, SENSITIVE = OperatingPoint("balanced", 0.5, "score 0"), OperatingPoint("sensitive", 0.2, "recall")
RULE = DecisionRule(Calibration(0.7, 1.5), (BALANCED, SENSITIVE), "balanced")
LOGITS = np.array([[0.0, 1.0, -1.0], [3.0, -2.0, 0.5], [-800.0, 900.0, 10.0]], np.float32)


def test_the_default_is_used_where_none_is_asked_for() -> None:
    assert RULE.operating_point() is BALANCED
    assert RULE.operating_point("sensitive") is SENSITIVE


@pytest.mark.parametrize("asked", [0.3, "0.3", "3e-1"])
def test_a_number_is_a_threshold_of_its_own(asked: str | float) -> None:
    assert RULE.operating_point(asked) == OperatingPoint(CUSTOM, 0.3, "asked for at screening")


@pytest.mark.parametrize("asked", ["sensitve", "", "0", 1.0, "1.5", "nan", float("inf"), -1.0])
def test_what_is_neither_is_refused_and_the_known_are_named(asked: str | float) -> None:
    with pytest.raises(DataError, match="balanced, sensitive; or a threshold between 0 and 1"):
        RULE.operating_point(asked)


def test_the_probabilities_follow_from_the_logits() -> None:
    for logits, probability, viral in zip(
        LOGITS[:2], RULE.probability(LOGITS), RULE.viral_probability(LOGITS), strict=False
    ):
        normal, bacterial, of_virus = (math.exp(value) for value in logits)
        score = math.log((bacterial + of_virus) / normal)
        expected = 1 / (1 + math.exp(-(0.7 * score + 1.5)))
        assert probability == pytest.approx(expected, rel=1e-6)
        assert viral == pytest.approx(expected * of_virus / (bacterial + of_virus), rel=1e-6)


def test_the_log_odds_stay_finite_where_the_probability_rounds_to_1() -> None:
    assert RULE.probability(LOGITS)[2] == 1.0
    assert RULE.log_odds(LOGITS)[2] == pytest.approx(0.7 * 1700 + 1.5)


def test_a_probability_at_the_threshold_is_pneumonia() -> None:
    assert RULE.finding(0.5, BALANCED) is Finding.PNEUMONIA
    assert RULE.finding(math.nextafter(0.5, 0), BALANCED) is Finding.NORMAL


@pytest.mark.parametrize("point", [BALANCED, SENSITIVE, *(OperatingPoint(CUSTOM, at, "") for at in (0.01, 0.99))])
def test_between_rule_out_and_the_threshold_a_finding_is_uncertain(point: OperatingPoint) -> None:
    rule = replace(RULE, rule_out=0.2)
    below = min(0.2, point.threshold)
    assert rule.normal_below(point) == below
    for probability in (0.0, math.nextafter(below, 0), below, math.nextafter(point.threshold, 0), point.threshold, 1.0):
        called, cleared = probability >= point.threshold, probability < below
        expected = Finding.PNEUMONIA if called else Finding.NORMAL if cleared else Finding.UNCERTAIN
        assert rule.finding(probability, point) is expected


@pytest.mark.parametrize("rule_out", [0.0, 1.0, -0.5, float("nan")])
def test_a_rule_out_threshold_out_of_range_is_refused(rule_out: float) -> None:
    with pytest.raises(ValueError, match=r"'rule-out' is .* between 0 and 1"):
        replace(RULE, rule_out=rule_out)


@pytest.mark.parametrize("threshold", [0.0, 1.0, 2.0, -0.1, float("nan")])
def test_a_threshold_out_of_range_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        OperatingPoint("odd", threshold, "")


@pytest.mark.parametrize(
    ("slope", "intercept"), [(0, 0), (-1, 0), (float("nan"), 0), (float("inf"), 0), (1, float("nan"))]
)
def test_a_calibration_out_of_range_is_refused(slope: float, intercept: float) -> None:
    with pytest.raises(ValueError, match=r"of the calibration is"):
        Calibration(slope, intercept)


def test_names_are_there_once() -> None:
    with pytest.raises(ValueError, match="the same name"):
        DecisionRule(Calibration(1, 0), (BALANCED, BALANCED), "balanced")
    with pytest.raises(ValueError, match="is called 'other'"):
        DecisionRule(Calibration(1, 0), (BALANCED,), "other")


def test_a_threshold_is_written_as_a_fraction_with_three_decimals() -> None:
    assert [threshold_text(value) for value in (0.8128622, 0.7, 0.0004)] == ["0.813", "0.700", "0.000"]


@pytest.mark.parametrize("stated", [0.02, 0.3, 0.9])
def test_another_prevalence_moves_probabilities_and_no_finding(stated: float) -> None:
    rule = replace(RULE, rule_out=0.2)
    moved = rule.at_prevalence(0.6, stated)
    logits = np.random.default_rng(0).normal(0, 3, (200, 3))
    expected = at_prevalence(rule.log_odds(logits), 0.6, stated)
    np.testing.assert_allclose(moved.probability(logits), expected, rtol=1e-9)
    assert moved.calibration.prevalence == stated
    for name in ("balanced", "sensitive"):
        before = [rule.finding(p, rule.operating_point(name)) for p in rule.probability(logits)]
        assert [moved.finding(p, moved.operating_point(name)) for p in moved.probability(logits)] == before


def test_a_prevalence_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="prevalence is 1"):
        RULE.at_prevalence(0.6, 1)
