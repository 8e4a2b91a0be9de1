"""The networks that could have been released, on radiographs that they never saw."""

from functools import cache
from typing import Any

from experiments import campaign, campaigns
from experiments.robustness.page import mean_text
from experiments.words import shown
from lab.markdown import table
from lab.scores import Scores, measured

NETWORKS = {
    "first_release": ("release-1.0.0", "asked-for"),
    "weight_averaging": ("mean-of-four-small-folds", "mean-then-finished"),
    "longer_training": ("longer",),
    "lung_masked_seeds": ("release-1.2.0", "mean-of-four-seeds"),
    "lung_masked_small": ("lungs", "mean-of-the-lungs-folds"),
    "sharpness_untouched": ("lungs-sharpness-alone",),
    "refit": ("lungs-then-covered",),
    "unfrozen": (
        "opened-128",
        "opened-covered-160",
        "opened-covered-224",
        "opened-longer-128",
        "opened-sharpness-alone-160",
    ),
    "steady_rate": ("opened-steady-192",),
    "crops_from_448": ("release-1.3.0", "detail-192", "detail-longer-224"),
    "robust": (
        *(f"robust-{seed}" for seed in range(5)),
        "robust-plain-0",
        "robust-plain-1",
        "robust-mean",
        "robust-distilled",
    ),
    "batchnorm_reestimation": ("robust-mean-anew-224", "robust-distilled-anew", "release-1.4.0"),
}
"""Campaign -> its networks, by their names in the records."""

MEASURES = ("log loss", "AUC", "recall at score 0", "specificity at score 0", "three classes")


def networks(*names: str) -> str:
    """Markdown: networks on the validation radiographs, as they are and stressed; the lowest log loss first.

    Args:
        names: as in the records; all networks where none is named.
    """
    kept = [(folder, name) for folder, inside in NETWORKS.items() for name in inside if not names or name in names]
    columns = ("network", *MEASURES, "stressed: balanced accuracy (recall / specificity)")
    kept.sort(key=lambda one: measured(_unseen(*one))["log_loss"])
    return table(columns, (_line(*one) for one in kept))


def cells(unseen: Scores) -> list[str]:
    """The MEASURES of some scores, as texts."""
    found = measured(unseen)
    shares = (f"{found[name]:.1%}" for name in ("recall", "specificity", "three_classes"))
    return [f"{found['log_loss']:.3f}", f"{found['auc']:.4f}", *shares]


def _unseen(folder: str, name: str) -> Scores:
    return campaign(folder).scores(name, "validation")


def _line(folder: str, name: str) -> list[str]:
    line = cells(_unseen(folder, name))
    if not campaign(folder).content("run", name)["config"]["recipe"].get("subtypes", True):
        line[MEASURES.index("three classes")] = ""
    rows = _stressed().get(name)
    return [shown(name), *line, mean_text([row["zero"] for row in rows]) if rows else ""]


@cache
def _stressed() -> dict[str, list[dict[str, Any]]]:
    """The rows of all doses of all stresses, by the name of the bundle."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for folder in campaigns():
        for name in campaign(folder).names("stress"):
            record = campaign(folder).content("stress", name)
            names = {bundle["sha256"]: bundle["name"] for bundle in record["bundles"]}
            for row in record["rows"]:
                if row["dose"] is not None:
                    rows.setdefault(names[row["bundle"]], []).append(row)
    return rows
