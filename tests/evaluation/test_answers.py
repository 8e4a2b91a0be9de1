"""The three answers, counted; and their bounds against the binomial distribution itself."""

import numpy as np
import pytest
from scipy.stats import binom

from pneumoscope.decision.calibration import Calibration
from pneumoscope.decision.operating_point import OperatingPoint
from pneumoscope.decision.rule import DecisionRule
from pneumoscope.evaluation.answers import three_answers
from pneumoscope.evaluation.report.wording import answers_text

RULE = DecisionRule(Calibration(1, 0), (OperatingPoint("balanced", 0.8, ""),), "balanced", 0.2)


def test_answers_are_counted_by_label() -> None:
    probability = np.array([0.1, 0.2, 0.79, 0.8, 0.1, 0.1, 0.5, 0.9])
    answers = three_answers(RULE, probability, np.array([True] * 4 + [False] * 4))
    assert answers is not None
    assert (answers.rule_out, answers.threshold) == (0.2, 0.8)
    sick, well = answers.pneumonias, answers.normals
    assert (sick.normal, sick.uncertain, sick.pneumonia, sick.wrong) == (1, 2, 1, 1)
    assert (well.normal, well.uncertain, well.pneumonia, well.wrong) == (2, 1, 1, 1)
    assert "Of 4 films with pneumonia 1 were ruled out" in answers_text(answers)


@pytest.mark.parametrize(("missed", "of"), [(0, 59), (3, 443), (7, 50)])
def test_the_bound_is_the_largest_share_that_so_few_errors_still_fit(missed: int, of: int) -> None:
    probability = np.where(np.arange(of) < missed, 0.1, 0.9)
    answers = three_answers(RULE, probability, np.ones(of, bool))
    assert answers is not None
    bound = answers.pneumonias.most_wrong
    assert binom.cdf(missed, of, bound) == pytest.approx(0.05, abs=1e-9)
    assert answers.normals.most_wrong == 1.0  # no normal film, so nothing is known


def test_a_rule_of_two_answers_has_none() -> None:
    two = DecisionRule(Calibration(1, 0), RULE.operating_points, "balanced")
    assert three_answers(two, np.array([0.5]), np.array([True])) is None
