"""How many labelled films a guarantee needs, before anybody collects one."""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from pneumoscope.assurance.site.claims import goal_text
from pneumoscope.decision.guarantees import CONFIDENCE, interval, misses_allowed, trials_needed

RECALLS = (0.90, 0.95, 0.98)
MISSES = (0, 1, 2, 5)
POSITIVES = (60, 100, 200, 300)
AUCS = (0.99, 0.95, 0.90)
SPECIFICITIES = (0.80, 0.90, 0.95)
WIDTHS = (0.05, 0.03)
_STEPS = 4000


@dataclass(frozen=True)
class Plan:
    """What a site needs to know before it collects films. Shares are 0..1.

    Attributes:
        recall: the share of pneumonias that must not be answered "normal".
        confidence: of the guarantee.
        prevalence: of pneumonia among the children who are radiographed; None where it is not stated.
        positives: patients with pneumonia that prove it without a miss.
        consecutive: children to radiograph, so that with 95% chance so many of them have pneumonia; None without a
            prevalence.
        needed: by recall, the patients with pneumonia that prove it with 0, 1, 2 and 5 misses (MISSES).
        left: rows of (patients with pneumonia, recall, misses allowed, specificity left for each of AUCS); None where
            so few patients prove nothing.
        best: for each of AUCS, the specificity that a threshold with exactly this recall would leave.
        normals: by half width of the 95% interval, the normal patients for a specificity near each of SPECIFICITIES.
    """

    recall: float
    confidence: float
    prevalence: float | None
    positives: int
    consecutive: int | None
    needed: dict[str, tuple[int, ...]]
    left: tuple[tuple[int, float, int | None, tuple[float, ...] | None], ...]
    best: tuple[float, ...]
    normals: dict[str, tuple[int, ...]]


def plan(recall: float = 0.95, confidence: float = CONFIDENCE, prevalence: float | None = None) -> Plan:
    """Count the films that guarantees need.

    Args:
        recall: the share of pneumonias that must not be answered "normal", within 0..1.
        confidence: of the guarantee, within 0..1.
        prevalence: of pneumonia among the children who are radiographed, within 0..1; None where it is not known.
    """
    positives = trials_needed(0, recall, confidence)
    recalls = sorted({*RECALLS, recall})
    return Plan(
        recall=recall,
        confidence=confidence,
        prevalence=prevalence,
        positives=positives,
        consecutive=None if prevalence is None else consecutive_needed(positives, prevalence),
        needed={
            f"{least:g}": tuple(trials_needed(misses, least, confidence) for misses in MISSES) for least in recalls
        },
        left=tuple(_left(count, recall, confidence) for count in sorted({*POSITIVES, positives})),
        best=tuple(_best(auc, recall) for auc in AUCS),
        normals={
            f"{width:g}": tuple(normals_needed(expected, width) for expected in SPECIFICITIES) for width in WIDTHS
        },
    )


def consecutive_needed(positives: int, prevalence: float, chance: float = 0.95) -> int:
    """Children to radiograph, so that at least ``positives`` of them have pneumonia with a given chance.

    Args:
        positives: 1 or more.
        prevalence: within 0..1.
        chance: within 0..1.
    """
    return trials_needed(positives - 1, 1 - prevalence, chance)


def normals_needed(expected: float, width: float) -> int:
    """Normal patients for a specificity whose exact 95% interval is at most twice ``width`` wide.

    Args:
        expected: specificity, within 0..1.
        width: half width of the interval, within 0..1.
    """

    def reach(total: int) -> float:
        hits = round(expected * total)
        low, high = interval(hits, total)
        return (high - low) / 2

    total = math.ceil(1.96**2 * expected * (1 - expected) / width**2)  # the usual formula is a little too small
    while reach(total) > width:
        total += 1
    return total


def specificity_left(positives: int, misses: int, auc: float) -> float:
    """Mean specificity at the threshold that an order statistic of the positives gives.

    Scores are taken as binormal with equal spread: normals N(0, 1), pneumonias N(d, 1), d = sqrt(2) * probit(AUC). The
    threshold is the (misses + 1)-th lowest of the positives. The share of pneumonias below it is distributed as
    Beta(misses + 1, positives - misses) (David and Nagaraja, Order Statistics, 2.3), over which the specificity is
    averaged.

    Args:
        positives: patients with pneumonia.
        misses: of them below the threshold, fewer than ``positives``.
        auc: within 0.5..1.
    """
    first, second = misses + 1, positives - misses
    below = (np.arange(_STEPS) + 0.5) / _STEPS
    weight = np.exp((first - 1) * np.log(below) + (second - 1) * np.log1p(-below))
    normal, distance = NormalDist(), math.sqrt(2) * NormalDist().inv_cdf(auc)
    specificity = np.array([normal.cdf(distance + normal.inv_cdf(share)) for share in below.tolist()])
    return float((weight * specificity).sum() / weight.sum())


def _best(auc: float, recall: float) -> float:
    normal = NormalDist()
    return normal.cdf(math.sqrt(2) * normal.inv_cdf(auc) + normal.inv_cdf(1 - recall))


def _left(positives: int, recall: float, confidence: float) -> tuple[int, float, int | None, tuple[float, ...] | None]:
    misses = misses_allowed(positives, recall, confidence)
    left = None if misses is None else tuple(specificity_left(positives, misses, auc) for auc in AUCS)
    return positives, recall, misses, left


def sentences(made: Plan) -> list[str]:
    """The plan in words."""
    twice = made.needed[f"{made.recall:g}"]
    said = [
        f"To promise with {goal_text(made.confidence)} confidence that at least {goal_text(made.recall)} of the "
        f"pneumonias are not answered “normal”, collect {made.positives} patients with pneumonia and miss none.",
        f"If 1 of them may be missed, collect {twice[1]}; if 2, {twice[2]}; if 5, {twice[3]}. More patients leave a "
        "higher threshold, and so more specificity.",
    ]
    if made.consecutive is not None and made.prevalence is not None:
        said.append(
            f"At a prevalence of {goal_text(made.prevalence)}, radiograph {made.consecutive:,} children in a row to "
            f"have these {made.positives} with 95% chance. Otherwise take pneumonias from the archive by their reports."
        )
    said += [
        "Take patients as they come, of all ages, views and devices that will be screened. A patient counts once, by "
        "its worst film.",
        "Have the labels read by people who have not seen the answers. Decide before how doubtful films are labelled.",
        "Keep other films for the check afterwards: a threshold looks better on the films it was chosen on.",
    ]
    return said
