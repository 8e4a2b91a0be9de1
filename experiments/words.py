"""The names that networks and policies have on the pages, where the sealed records have older ones."""

from lab.markdown import table

NAMES = {
    "asked-for": "baseline",
    "longer": "longer-training",
    "mean-of-four-small-folds": "average-of-four-short-folds",
    "mean-then-finished": "average-then-fine-tuned",
    "lungs": "lung-masked-small",
    "mean-of-the-lungs-folds": "average-of-five-folds",
    "lungs-then-covered": "lung-masked-small-then-160",
    "lungs-sharpness-alone": "lung-masked-small-sharpness-untouched",
    "mean-of-four-seeds": "average-of-four-seeds",
    "opened-128": "unfrozen-128",
    "opened-covered-160": "unfrozen-lung-masked-160",
    "opened-covered-224": "unfrozen-lung-masked-224",
    "opened-longer-128": "unfrozen-longer-128",
    "opened-sharpness-alone-160": "unfrozen-sharpness-untouched-160",
    "opened-steady-192": "unfrozen-steady-rate-192",
    "detail-192": "crops-from-448-192",
    "detail-longer-224": "crops-from-448-longer-224",
    "robust-mean": "robust-average",
    "robust-mean-anew-224": "robust-average-reestimated-224",
    "robust-distilled-anew": "robust-distilled-reestimated",
    "the network's own .5": "score 0",
    "calibrated .700": "calibrated 0.700",
    "prior-corrected .5": "prior-corrected 0.500",
    "logits of all, averaged": "ensemble of all (mean of the logits)",
}
"""Name in the records -> name on the pages."""


def shown(name: str) -> str:
    """What a page calls it."""
    return NAMES.get(name, name)


def former_names() -> str:
    """Markdown: every name with the older one, which the ledger and the history of the repository use."""
    return table(
        ("name on the pages", "name in the records, the ledger and the history"),
        ((new, old) for old, new in NAMES.items()),
    )
