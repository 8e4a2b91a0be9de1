"""What the three answers, normal, uncertain and pneumonia, are worth on labelled radiographs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pneumoscope.decision.guarantees import upper_bound
from pneumoscope.decision.labels import Finding
from pneumoscope.decision.rule import DecisionRule


@dataclass(frozen=True)
class Answers:
    """The answers to the radiographs of one label.

    Attributes:
        normal: how many were called normal.
        uncertain: how many go to a person.
        pneumonia: how many were called pneumonia.
        wrong: of a normal label those called pneumonia, of a pneumonia those called normal.
        most_wrong: with 95% confidence no larger share is wrong, of such radiographs; 0..1.
    """

    normal: int
    uncertain: int
    pneumonia: int
    wrong: int
    most_wrong: float


@dataclass(frozen=True)
class ThreeAnswers:
    """The three answers at the default operating point, label by label.

    Attributes:
        rule_out: below it a probability is called normal.
        threshold: from it on a probability is called pneumonia.
        normals: answers to the normal radiographs.
        pneumonias: answers to the pneumonias.
    """

    rule_out: float
    threshold: float
    normals: Answers
    pneumonias: Answers


def three_answers(
    rule: DecisionRule, probability: NDArray[np.floating], positive: NDArray[np.bool_]
) -> ThreeAnswers | None:
    """Count the three answers.

    The bounds are class-conditional: one pooled over both labels could hide that most of its errors are pneumonias.
    That of a label is Clopper and Pearson's (1934), one-sided. Where the radiographs are those that a threshold was
    chosen on, it is what split conformal prediction states of it, given these radiographs (Vovk 2012, "Conditional
    validity of inductive conformal predictors", proposition 2b): wrong of n below an order statistic.

    Args:
        rule: the decision rule.
        probability: (N,), 0..1.
        positive: (N,) labels.

    Returns:
        The counts; None where the rule knows two answers only.
    """
    if rule.rule_out is None:
        return None
    point = rule.operating_point()
    found = np.array([rule.finding(float(value), point) for value in probability])
    return ThreeAnswers(
        rule.normal_below(point),
        point.threshold,
        _answers(found[~positive], Finding.PNEUMONIA),
        _answers(found[positive], Finding.NORMAL),
    )


def _answers(found: NDArray[np.str_], wrong: Finding) -> Answers:
    counts = {finding: int((found == finding).sum()) for finding in Finding}
    most = upper_bound(counts[wrong], len(found))
    return Answers(counts[Finding.NORMAL], counts[Finding.UNCERTAIN], counts[Finding.PNEUMONIA], counts[wrong], most)
