"""How metrics are named, explained and written down: one place for the page, the figures and the model card."""

from dataclasses import dataclass

from pneumoscope.decision.operating_point import threshold_text
from pneumoscope.evaluation.answers import ThreeAnswers
from pneumoscope.evaluation.bootstrap import Estimate, Resampling, Unit
from pneumoscope.evaluation.viral import SEPARATED, ViralAnswer


@dataclass(frozen=True)
class Wording:
    """The words for one metric.

    Attributes:
        label: its name.
        meaning: one clause for a clinician.
        undefined: why it is not defined, where it is not.
        percent: whether it is written in percent.
    """

    label: str
    meaning: str
    undefined: str
    percent: bool = True


_ONE_CLASS = "only one class"

WORDING = {
    "accuracy": Wording("Accuracy", "films with the right finding", "no films"),
    "recall": Wording("Recall (sensitivity)", "films with pneumonia that are found", "no pneumonia films"),
    "specificity": Wording("Specificity", "normal films that are called normal", "no normal films"),
    "precision": Wording("Precision", "findings of pneumonia that are right", "nothing was called pneumonia"),
    "balanced_accuracy": Wording("Balanced accuracy", "mean of recall and specificity", _ONE_CLASS),
    "auc": Wording(
        "AUC (ROC)", "chance that a film with pneumonia scores above a normal one", _ONE_CLASS, percent=False
    ),
    "auprc": Wording("AUPRC", "average precision over all recalls", _ONE_CLASS, percent=False),
    "brier": Wording("Brier score", "squared error of the probability; 0 is perfect", "no films", percent=False),
    "calibration_error": Wording(
        "Calibration error (ECE)", "gap between probability and frequency; 0 is perfect", "no films", percent=False
    ),
    "three_class_accuracy": Wording("Three-class accuracy", "films whose most likely class is right", "no subtypes"),
    "recall_bacterial": Wording("Recall, bacterial", "bacterial films that are found", "no bacterial films"),
    "recall_viral": Wording("Recall, viral", "viral films that are found", "no viral films"),
    "auc_bacterial": Wording(
        "AUC, bacterial", "bacterial films against normal ones", "no bacterial or no normal films", percent=False
    ),
    "auc_viral": Wording("AUC, viral", "viral films against normal ones", "no viral or no normal films", percent=False),
    "auc_viral_share": Wording(
        "AUC, viral or bacterial",
        "viral films against bacterial ones, by the viral share",
        "no viral or no bacterial films",
        percent=False,
    ),
    "viral_recall": Wording("Recall of the viral answer", "viral films that are called viral", "no viral films"),
    "viral_precision": Wording(
        "Precision of the viral answer", "films called viral that are viral", "no viral films, or nothing called viral"
    ),
    "viral_auc": Wording(
        "AUC of the viral answer",
        "viral films against all others, by the viral probability",
        "no viral films, or no others",
        percent=False,
    ),
}


def number(value: float, percent: bool = False) -> str:
    """Write a metric of 0..1 with three decimals, or with one in percent; more where these would round to perfection.

    >>> number(0.98426), number(0.98426, percent=True), number(0.99968), number(1.0)
    ('0.984', '98.4%', '0.9997', '1.000')
    """
    scale, digits, unit = (100.0, 1, "%") if percent else (1.0, 3, "")
    while digits < 6 and 0 < value < 1 and round(value * scale, digits) in (0, scale):
        digits += 1
    return f"{value * scale:.{digits}f}{unit}"


def value_text(name: str, estimate: Estimate) -> str:
    """The value of a metric, or why it has none."""
    words = WORDING[name]
    return f"not defined: {words.undefined}" if estimate.value is None else number(estimate.value, words.percent)


def interval_text(name: str, estimate: Estimate) -> str:
    """The interval of a metric, ``low to high``; empty where it has none."""
    if estimate.low is None or estimate.high is None:
        return ""
    low, high = (number(end, WORDING[name].percent) for end in (estimate.low, estimate.high))
    return f"{low.removesuffix('%')} to {high}"


def both_text(name: str, estimate: Estimate) -> str:
    """The value of a metric, with its interval in brackets where it has one."""
    interval = interval_text(name, estimate)
    return value_text(name, estimate) + (f" ({interval})" if interval else "")


def resampling_text(resampling: Resampling) -> str:
    """How intervals were drawn, as a sentence."""
    if resampling.unit is Unit.BLOCK:
        drawn = f"blocks of {resampling.block} films that follow each other in an acquisition series"
        why = "errors come in runs"
    else:
        drawn, why = "patients", "films of one patient are drawn together"
    return (
        f"95% intervals are percentiles of {resampling.count:,} resamples of {drawn} (seed {resampling.seed}): {why}."
    )


def answers_text(answers: ThreeAnswers) -> str:
    """What the three answers are worth, in sentences."""
    sick, well = answers.pneumonias, answers.normals
    of_sick, of_well = (one.normal + one.uncertain + one.pneumonia for one in (sick, well))
    return (
        f"Below {threshold_text(answers.rule_out)} a film is called normal, and from "
        f"{threshold_text(answers.threshold)} on pneumonia. Between them it is uncertain and goes to a person. "
        f"Of {of_sick:,} films with pneumonia {sick.normal} were ruled out (with 95% confidence at most "
        f"{sick.most_wrong:.1%} of such films are), {sick.uncertain} were uncertain. Of {of_well:,} normal films "
        f"{well.pneumonia} were called pneumonia (at most {well.most_wrong:.1%}), {well.uncertain} were uncertain."
    )


def viral_text(viral: ViralAnswer) -> str:
    """What the viral answer is worth, in sentences."""
    if viral.separated is None:
        return "No film here is known to be viral, so the viral answer was not judged."
    wrong = f"{viral.called['normal']} are normal and {viral.called['bacterial']} bacterial"
    counted = (
        f"From a viral probability of {threshold_text(viral.threshold)} on, {sum(viral.called.values())} films are "
        f"called viral: {viral.called['viral']} of them are viral, {wrong}. "
        f"{viral.false_alarms_called_viral} of the {viral.false_alarms} false alarms are called viral. "
    )
    if viral.separated:
        return f"{counted}Recall and precision are both at least {SEPARATED:.0%}, by the lower ends of their intervals."
    return (
        f"{counted}Viral pneumonia is not shown to be separated: read the viral probability as a hint, "
        "and not as a finding. No threshold was ever chosen for it."
    )
