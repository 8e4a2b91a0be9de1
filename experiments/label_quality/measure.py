"""Which labels are doubtful? Confident learning on out-of-fold logits, by cleanlab."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import softmax

from experiments import campaign
from lab.scores import Scores
from pneumoscope.decision.labels import CLASSES
from pneumoscope.extras import needed

LISTED = 40
"""How many of the most doubtful labels a view lists."""

VIEWS = {"normal or pneumonia": (("normal",), ("bacterial", "viral")), "three classes": tuple((c,) for c in CLASSES)}
"""How the three classes are put together. The first is what screening decides."""


def doubts(scores: Scores, groups: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Find the doubtful labels in one view.

    Args:
        scores: the out-of-fold logits.
        groups: the classes of CLASSES that count as one, for each class of the view.

    Returns:
        "classes": their names. "confident_joint": counts of radiographs by given label and confidently suggested one.
        "issues": how many labels cleanlab would prune. "doubtful": the LISTED ones that the model believes least, worst
        first, each with film (its file name), given, suggested, score (the probability of the given label) and issue
        (whether it would be pruned).

    Raises:
        MissingExtraError: cleanlab is not installed.
    """
    with needed("label quality", "research"):
        from cleanlab.count import compute_confident_joint
        from cleanlab.filter import find_label_issues
        from cleanlab.rank import get_label_quality_scores
    names = [group[0] if len(group) == 1 else "pneumonia" for group in groups]
    members = np.array([[name in group for group in groups] for name in CLASSES])
    labels, probabilities = members[scores.classes].argmax(axis=1), softmax(scores.logits, axis=1) @ members
    issues = find_label_issues(labels, probabilities, n_jobs=1)
    qualities = get_label_quality_scores(labels, probabilities, method="self_confidence")
    suggested = probabilities.argmax(axis=1)
    rows = [
        {
            "film": str(scores.names[i]),
            "given": names[labels[i]],
            "suggested": names[suggested[i]],
            "score": round(float(qualities[i]), 6),
            "issue": bool(issues[i]),
        }
        for i in np.argsort(qualities, kind="stable")[:LISTED]
    ]
    joint = compute_confident_joint(labels, probabilities, calibrate=False)
    return {"classes": names, "confident_joint": joint.tolist(), "issues": int(issues.sum()), "doubtful": rows}


def measure(scores: Scores) -> dict[str, Any]:
    """Give the record's numbers: the radiographs by class, and every view's doubts."""
    counts = np.bincount(scores.classes, minlength=len(CLASSES))
    by_class = {name: int(count) for name, count in zip(CLASSES, counts, strict=True)}
    return {"by_class": by_class, "views": {name: doubts(scores, groups) for name, groups in VIEWS.items()}}


def out_of_fold() -> Scores:
    """Every radiograph that one of the five networks of "number_blocks" left out, as that network scored it."""
    folds = campaign("number_blocks")
    parts = [folds.scores(name, "left-out") for name in folds.names()]
    return sum(parts[1:], parts[0])
