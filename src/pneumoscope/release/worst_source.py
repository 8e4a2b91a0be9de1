"""Thresholds that hold at the worst source, and not only on the pooled radiographs.

Pooled over hospitals, a threshold serves the hospital with the most films. Here every group of films, such as the
pneumonias of one hospital or the normals of one view, has a goal of its own, and all of them must be met.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pneumoscope.decision.calibration import Calibration
from pneumoscope.decision.operating_point import OperatingPoint
from pneumoscope.decision.rule import DecisionRule
from pneumoscope.errors import DataError

LEAST = 20
"""Fewest films of a group that may choose a threshold."""

MARGIN = 0.1
"""Most that a threshold lies away from the film that set it, twice."""

GRID = np.arange(-40, 41) / 20
"""Raw scores among which the default threshold is chosen."""

BALANCED, HIGH_SENSITIVITY, HIGH_SPECIFICITY = "balanced", "high-sensitivity", "high-specificity"


@dataclass(frozen=True)
class Group:
    """Held-out radiographs of one class that are alike, such as those of one source.

    Attributes:
        name: for people.
        scores: (N,) raw scores, N at least 1.
        goal: share of them, within 0..1, that must be on the right side of a threshold.
    """

    name: str
    scores: NDArray[np.floating]
    goal: float


@dataclass(frozen=True)
class Chosen:
    """A raw score above which a radiograph is called pneumonia.

    Attributes:
        score: the raw score.
        policy: how it was chosen, for people.
    """

    score: float
    policy: str


def worst_source_rule(
    calibration: Calibration, normals: Sequence[Group], pneumonias: Sequence[Group], default: Chosen
) -> DecisionRule:
    """A rule whose outer two thresholds are set by the worst group.

    Args:
        calibration: from score to probability.
        normals: groups of normals; the goals are those of "high-specificity".
        pneumonias: groups of pneumonias; the goals are those of "high-sensitivity", which is the rule-out threshold.
        default: of :func:`best_pair` or :func:`lowest_clearing`.

    Raises:
        DataError: no group of a class has LEAST films.
    """
    ruled_out = Chosen(rule_out_score(pneumonias), f"the highest that finds {_goals(pneumonias)}")
    chosen = ((BALANCED, default), (HIGH_SENSITIVITY, ruled_out), (HIGH_SPECIFICITY, lowest_clearing(normals)))
    points = tuple(
        OperatingPoint(name, float(calibration.probability(np.array(one.score))), f"{one.policy}, on held-out films")
        for name, one in chosen
    )
    return DecisionRule(calibration, points, BALANCED, points[1].threshold)


def best_pair(
    normals: Sequence[Group], pneumonias: Sequence[Group], found: Sequence[Group], cleared: Sequence[Group] = ()
) -> Chosen:
    """The raw score of GRID that :func:`best_pair_score` takes, with the same arguments and errors."""
    policy = (
        "the best mean of the worst source's specificity and the worst source's sensitivity, "
        f"among raw scores that {_asked(found, cleared)}"
    )
    return Chosen(best_pair_score(normals, pneumonias, found, cleared, GRID), policy)


def lowest_clearing(normals: Sequence[Group]) -> Chosen:
    """The lowest raw score that clears of every group of normals what its goal asks, see :func:`rule_in_score`."""
    return Chosen(rule_in_score(normals), f"the lowest that clears {_goals(normals)}")


def _goals(groups: Sequence[Group]) -> str:
    return ", ".join(f"{100 * group.goal:.3g}% of {group.name}" for group in large_enough(groups))


def rule_out_score(pneumonias: Sequence[Group]) -> float:
    """The highest raw score below which no group has more pneumonias than its goal allows.

    It lies halfway to the next pneumonia below, so that rounding in another runtime moves no film over it.

    Raises:
        DataError: no group has LEAST films.
    """
    groups = large_enough(pneumonias)
    score = min(float(np.sort(group.scores)[_allowed(group)]) for group in groups)
    everything = np.concatenate([group.scores for group in groups])
    return (score + float(np.max(everything[everything < score], initial=score - MARGIN))) / 2


def rule_in_score(normals: Sequence[Group]) -> float:
    """The lowest raw score from which on no group has more normals than its goal allows.

    It lies halfway to the next normal above, so that rounding in another runtime moves no film over it.

    Raises:
        DataError: no group has LEAST films.
    """
    groups = large_enough(normals)
    score = max(float(np.sort(group.scores)[::-1][_allowed(group)]) for group in groups)
    everything = np.concatenate([group.scores for group in groups])
    return (score + float(np.min(everything[everything > score], initial=score + MARGIN))) / 2


def best_pair_score(
    normals: Sequence[Group],
    pneumonias: Sequence[Group],
    found: Sequence[Group],
    cleared: Sequence[Group],
    grid: NDArray[np.floating],
) -> float:
    """The raw score at which the worst specificity and the worst sensitivity have the highest mean.

    Args:
        normals: groups of normals; their goals are not used.
        pneumonias: groups of pneumonias; their goals are not used.
        found: pneumonias of which a share of their goals must be found, whatever that costs.
        cleared: normals of which a share of their goals must be cleared.
        grid: (K,) raw scores that may be chosen, rising. Of several that are as good, the lowest is taken.

    Raises:
        DataError: no group of a class has LEAST films, or no score of the grid does what is asked.
    """
    allowed = [
        float(score)
        for score in grid
        if all(np.mean(group.scores > score) >= group.goal for group in found)
        and all(np.mean(group.scores <= score) >= group.goal for group in cleared)
    ]
    if not allowed:
        raise DataError(f"no threshold does all of this: {_asked(found, cleared)}")
    below, above = large_enough(normals), large_enough(pneumonias)

    def pair(score: float) -> float:
        specificity = min(np.mean(group.scores <= score) for group in below)
        return float(specificity + min(np.mean(group.scores > score) for group in above))

    return max(allowed, key=pair)


def _asked(found: Sequence[Group], cleared: Sequence[Group]) -> str:
    """What a threshold must do, for people."""
    asked = [("find", found), ("clear", cleared)]
    return " and ".join(f"{verb} {_goals(groups)}" for verb, groups in asked if groups)


def large_enough(groups: Sequence[Group]) -> list[Group]:
    """The groups that may choose.

    Raises:
        DataError: there is none.
    """
    if not (found := [group for group in groups if len(group.scores) >= LEAST]):
        raise DataError(f"no source has {LEAST} held-out films of a class; a threshold for the worst needs them")
    return found


def _allowed(group: Group) -> int:
    """How many of a group may be on the wrong side."""
    return min(len(group.scores) - 1, math.floor(len(group.scores) * (1 - group.goal) + 1e-9))
