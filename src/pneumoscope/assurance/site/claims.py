"""What a site's numbers allow to be claimed: sentences with exact bounds, and what is missing for more."""

import numpy as np
from numpy.typing import NDArray

from pneumoscope.assurance.site.films import UNKNOWN, JudgedFilms, named_groups
from pneumoscope.decision.guarantees import CONFIDENCE, lower_bound, trials_needed, upper_bound
from pneumoscope.decision.operating_point import threshold_text
from pneumoscope.decision.rule import DecisionRule
from pneumoscope.evaluation.bootstrap import Estimate
from pneumoscope.evaluation.report.wording import interval_text, number

WORTH_PROVING = 0.95
"""The recall that the sentence on missing films speaks of."""

_POOR = 0.8  # an AUC below which a rule-out threshold leaves next to no specificity (see ``plan``)
_FEW = 30  # patients of a class, below which nothing is claimed of a group


def claims(films: JudgedFilms, rule: DecisionRule, prevalence: float, auc: Estimate) -> tuple[str, ...]:
    """Say what may be claimed.

    Every bound counts patients, each by its worst film, is exact (Clopper and Pearson 1934), and is one-sided: with
    95% confidence it holds alone, not together with all others.

    Args:
        films: with their answers.
        rule: that gave the answers.
        prevalence: share of pneumonia among the children who are radiographed at the site, within 0..1.
        auc: area under the ROC curve of the films.
    """
    positives, negatives = films.extremes(positive=True), films.extremes(positive=False)
    point = rule.operating_point()
    normal_below = rule.normal_below(point)
    said = [
        _ranking(auc),
        _recall(positives, point.threshold),
        _specificity(negatives, point.threshold),
        _ruled_out(positives, normal_below),
        _thousand(films, point.threshold, normal_below, prevalence),
        _missing(positives, normal_below),
        *_groups(films),
    ]
    return tuple(sentence for sentence in said if sentence)


def share_text(share: float) -> str:
    """A share in percent with one decimal."""
    return f"{100 * share:.1f}%"


def goal_text(share: float) -> str:
    """A share that somebody asked for, in percent as it was asked."""
    return f"{100 * share:.6g}%"


def _ranking(auc: Estimate) -> str:
    if auc.value is None or auc.low is None or auc.high is None:
        return ""
    poor = " That is poor, and no threshold can mend it." if auc.high < _POOR else ""
    return (
        "Telling films apart: of a film with pneumonia and a normal one, the first scores higher "
        f"{number(auc.value, percent=True)} of the time (AUC {number(auc.value)}, {interval_text('auc', auc)}).{poor}"
    )


def _recall(positives: NDArray[np.float64], threshold: float) -> str:
    found, total = int((positives >= threshold).sum()), len(positives)
    return (
        f"Answered “pneumonia”: from a probability of {threshold_text(threshold)} on, {found} of {total} patients with "
        f"pneumonia are found. Recall is at least {share_text(lower_bound(found, total))} (95% confidence)."
    )


def _specificity(negatives: NDArray[np.float64], threshold: float) -> str:
    cleared, total = int((negatives < threshold).sum()), len(negatives)
    return (
        f"False alarms: {total - cleared} of {total} normal patients are called pneumonia. Specificity is at least "
        f"{share_text(lower_bound(cleared, total))} (95% confidence)."
    )


def _ruled_out(positives: NDArray[np.float64], normal_below: float) -> str:
    missed, total = int((positives < normal_below).sum()), len(positives)
    return (
        f"Answered “normal”: {missed} of {total} patients with pneumonia lie below a probability of "
        f"{threshold_text(normal_below)}. At most {share_text(upper_bound(missed, total))} of such patients do (95% "
        "confidence)."
    )


def _thousand(films: JudgedFilms, threshold: float, normal_below: float, prevalence: float) -> str:
    def per_class(mask: NDArray[np.bool_]) -> tuple[float, float]:
        sick = 1000 * prevalence * float(mask[films.positive].mean())
        return sick, 1000 * (1 - prevalence) * float(mask[~films.positive].mean())

    alerts_sick, alerts_well = per_class(films.probability >= threshold)
    missed, cleared = per_class(films.probability < normal_below)
    uncertain = 1000 - alerts_sick - alerts_well - missed - cleared
    middle = f", {uncertain:.0f} are uncertain and need a reader" if uncertain > 0.5 else ""
    return (
        f"Of 1,000 such children at a prevalence of {goal_text(prevalence)}: {alerts_sick + alerts_well:.0f} alerts, "
        f"of which {alerts_sick:.0f} are right{middle}; {missed + cleared:.0f} are answered normal, and {missed:.0f} "
        "of these have pneumonia."
    )


def _missing(positives: NDArray[np.float64], normal_below: float) -> str:
    missed, total = int((positives < normal_below).sum()), len(positives)
    if lower_bound(total - missed, total) >= WORTH_PROVING:
        return f"That at least {WORTH_PROVING:.0%} of the pneumonias are not answered “normal” is shown."
    needed = trials_needed(missed, WORTH_PROVING, CONFIDENCE)
    seen = "these results" if missed == 0 else f"{missed} answered “normal”"
    return (
        f"Not shown: that at least {WORTH_PROVING:.0%} of the pneumonias are not answered “normal”. With {seen}, that "
        f"would take {needed} patients with pneumonia; there are {total}. A lower rule-out threshold may show it: "
        "freezing looks for one."
    )


def _groups(films: JudgedFilms) -> list[str]:
    """Name the groups that are too small for any claim, each in one sentence for its kind."""
    said, missing = [], []
    for kind, members in named_groups(films.assessed).items():
        small = []
        if unknown := len(members.get(UNKNOWN, [])):
            missing.append(f"the {kind} of {unknown} films")
        for name, rows in members.items():
            if name == UNKNOWN:
                continue
            positive = films.positive[rows]
            sick = len(np.unique(films.patients[rows][positive]))
            well = len(np.unique(films.patients[rows][~positive]))
            if min(sick, well) < _FEW:
                small.append(f"{name} ({sick} and {well})")
        if small:
            said.append(
                f"Nothing is claimed of a group with fewer than {_FEW} patients with pneumonia or {_FEW} without, by "
                f"{kind}: {', '.join(small)}."
            )
    if missing:
        said.append(f"Not known, and so not judged: {', '.join(missing)}.")
    return said
